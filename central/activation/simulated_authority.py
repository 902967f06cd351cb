"""A population register for simulation: people from a JSON file, who may be not visible yet.

    {"default": "match",
     "people": [{"number": "990001…", "name": "张三", "answer": "match",
                 "visible_after_s": 20, "unavailable_for_s": 0, "delay_s": 0}]}

Seconds count from the first time somebody asks for that number; a restart or new people begin anew.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import Field, ValidationError

from central.activation.authority import MatchResult
from central.protocol.messages import Message


class SimulatedPerson(Message):
    """A person whom the simulated register knows."""

    number: str
    name: str | None = None  # None: any name agrees
    answer: MatchResult = MatchResult.MATCH
    visible_after_s: float = Field(default=0.0, ge=0)  # until then: not_found
    unavailable_for_s: float = Field(default=0.0, ge=0)  # until then: unavailable
    delay_s: float = Field(default=0.0, ge=0, le=60)  # how long the register takes to answer


class People(Message):
    """Content of the register; `default`: the answer for a person who is not listed."""

    default: MatchResult = MatchResult.MATCH
    people: tuple[SimulatedPerson, ...] = ()


class SimulatedAuthority:
    """Register that reads `path` at start, if it exists. Raises ValueError if it has another form."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._first_asked: dict[str, float] = {}
        try:
            self._people = People.model_validate_json(path.read_bytes()) if path.exists() else People()
        except ValidationError as error:
            raise ValueError(f"{path}: {error.errors(include_input=False)[0]['msg']}") from None

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        """Answer as the file says; the picture is not looked at."""
        with self._lock:
            people, now = self._people, self._clock()
            since_s = now - self._first_asked.setdefault(number, now)
        person = next((p for p in people.people if p.number == number), None)
        if person is None:
            return people.default
        self._sleep(person.delay_s)
        if since_s < person.unavailable_for_s:
            return MatchResult.UNAVAILABLE
        if since_s < person.visible_after_s:
            return MatchResult.NOT_FOUND
        if person.name is not None and person.name != name:
            return MatchResult.MISMATCH
        return person.answer

    def replace(self, people: People) -> None:
        """Know these people from now on, also after a restart."""
        with self._lock:
            new = self._path.with_suffix(".new")
            new.write_text(people.model_dump_json(indent=1), encoding="utf-8")
            os.replace(new, self._path)
            self._people = people
            self._first_asked.clear()

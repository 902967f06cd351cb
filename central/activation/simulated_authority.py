"""A population register for simulation: people from a JSON file, who may be not visible yet.

    {"default": "match",
     "people": [{"number": "990001…", "name": "张三", "answer": "match",
                 "visible_after_s": 20, "unavailable_for_s": 0, "delay_s": 0, "photo": "/9j/4AAQ…"}]}

`photo`: JPEG in base64, which may show no usable face; without it none is on file.

Seconds count from the first time somebody asks for that number; new people begin anew. Processes that share
the data folder share the register: each reads the file again when another has replaced it, and when a number
was first asked for is in a second file, which also serves as the lock.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from pydantic import Base64Bytes, Field, ValidationError

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
    photo: Base64Bytes | None = None


class People(Message):
    """Content of the register; `default`: the answer for a person who is not listed."""

    default: MatchResult = MatchResult.MATCH
    people: tuple[SimulatedPerson, ...] = ()


class SimulatedAuthority:
    """Register that reads `path`, if it exists. Raises ValueError if it has another form at the start."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = path
        self._clock = clock
        self._sleep = sleep
        self._read: tuple[tuple[int, int] | None, People] = (None, People())
        self._people()

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        """Answer as the file says; the picture is not looked at."""
        people = self._people()
        person = next((p for p in people.people if p.number == number), None)
        if person is None:
            return people.default
        changes = person.unavailable_for_s or person.visible_after_s
        since_s = self._since_first_asked(number) if changes else 0.0
        self._sleep(person.delay_s)
        if since_s < person.unavailable_for_s:
            return MatchResult.UNAVAILABLE
        if since_s < person.visible_after_s:
            return MatchResult.NOT_FOUND
        if person.name is not None and person.name != name:
            return MatchResult.MISMATCH
        return person.answer

    def reference(self, name: str, number: str) -> bytes | None:
        """Return the photo of a visible person. Raises ConnectionError while the register is silent."""
        match self.check(name, number, None):
            case MatchResult.UNAVAILABLE:
                raise ConnectionError("the simulated register is silent")
            case MatchResult.NOT_FOUND | MatchResult.MISMATCH:
                return None
        person = next((p for p in self._people().people if p.number == number), None)
        return None if person is None else person.photo

    def replace(self, people: People) -> None:
        """Know these people from now on, in every process, also after a restart."""
        with self._first_asked() as file:
            new = self._path.with_suffix(".new")
            new.write_text(people.model_dump_json(indent=1), encoding="utf-8")
            os.replace(new, self._path)
            file.truncate(0)

    def _people(self) -> People:
        """Return the content of the file, read again if another one has taken its place."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return People()
        version = (found.st_ino, found.st_mtime_ns)
        read, people = self._read
        if read != version:
            try:
                people = People.model_validate_json(self._path.read_bytes())
            except ValidationError as error:
                text = error.errors(include_input=False)[0]["msg"]
                raise ValueError(f"{self._path}: {text}") from None
            self._read = (version, people)
        return people

    def _since_first_asked(self, number: str) -> float:
        now = self._clock()
        with self._first_asked() as file:
            times: dict[str, float] = json.loads(file.read() or "{}")
            if number not in times:
                times[number] = now
                file.seek(0)
                file.truncate()
                json.dump(times, file)
        return now - times[number]

    @contextmanager
    def _first_asked(self) -> Iterator[TextIOWrapper]:
        with open(self._path.with_suffix(".asked"), "a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            yield file

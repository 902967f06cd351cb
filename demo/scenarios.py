"""Scenarios of the demo, read from `resources/demo/scenarios.toml`."""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.model import Decision, Outcome, ReviewReason
from kiosk.paths import RESOURCES
from kiosk.simulators.customer import CustomerBehaviour

SCENARIOS = RESOURCES / "demo" / "scenarios.toml"


class Register(Struct, frozen=True, forbid_unknown_fields=True):
    """How the simulated population register answers for this scenario's person."""

    answer: str = "match"
    visible_after_s: float = 0.0


class Clerk(Struct, frozen=True, forbid_unknown_fields=True):
    """The clerk who is signed in, and what they decide when asked; a supervisor signs where one is needed."""

    decision: Decision = Decision.APPROVE
    reason: ReviewReason = ReviewReason.SAME_PERSON
    alone: bool = False  # signs for the supervisor too, which is refused


class Scenario(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One customer's visit and what must come of it."""

    name: str
    title: str
    expected: Outcome
    code: Code
    credentials: int
    customer: CustomerBehaviour = CustomerBehaviour()
    line: Literal["up", "down", "lose-answer"] = "up"
    register: Register = Register()
    kill: bool = False
    clerk: Clerk | None = None  # None: nobody is signed in
    phone_code: bool = False  # the mobile number is proved with a code: the terminal is started so
    short: bool = False  # belongs to the short demo
    same_as: str = ""  # the person of that scenario comes again


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    scenario: tuple[Scenario, ...]


def load(path: Path = SCENARIOS) -> tuple[Scenario, ...]:
    """Return every scenario, each with a made-up person of its own or, with `same_as`, an earlier one.

    Raises msgspec.ValidationError.
    """
    file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    seeds = {s.name: 100 + i for i, s in enumerate(file.scenario)}
    return tuple(
        replace(s, customer=replace(s.customer, seed=seeds[s.same_as or s.name])) for s in file.scenario
    )

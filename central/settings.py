"""Frozen settings: defaults here, overridden by an optional `central.toml`, then by the command line.

Units are in the names. Unknown keys are refused. Secrets are files in the data folder, never settings;
`DATABASE_URL` comes from the environment because it may hold a password.
"""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class SettingsError(Exception):
    """The settings cannot be used; the text names file and key."""


class Section(BaseModel):
    """A table of the settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Enrolment(Section):
    """Enrolment of terminals."""

    code_valid_s: float = 24 * 3600.0


class Challenges(Section):
    """Digits to be read aloud."""

    valid_s: float = 7 * 24 * 3600.0  # how long a terminal may be without a line and still serve
    # Six digits, of which five must be right: a random guess succeeds once in about 18 000 tries, so with
    # three tries about 1.7 visits in 10 000 pass by luck.
    length: int = Field(default=6, ge=4, le=8)
    gap_min_s: float = Field(default=0.9, ge=0.5, le=10.0)
    gap_max_s: float = Field(default=1.5, ge=0.5, le=10.0)

    @model_validator(mode="after")
    def _rising(self) -> "Challenges":
        if self.gap_min_s > self.gap_max_s:
            raise ValueError("gap_min_s is greater than gap_max_s")
        return self


class Clerks(Section):
    """Rosters of clerks."""

    roster_valid_s: float = Field(default=7 * 24 * 3600.0, gt=0)  # how long staff can sign in without a line


class Requests(Section):
    """Limits of requests."""

    token_max_s: float = 120.0  # the longest life of a request's signature
    clock_slack_s: float = 60.0  # how far a terminal's clock may be off
    max_bytes: int = 512 * 1024
    per_s: float = 20.0  # each terminal, on average …
    burst: int = 200  # … and at once
    strangers_per_s: float = 0.5  # each address, where no signature is needed
    strangers_burst: int = 60
    lease_s: float = 30.0  # how long a request is "in flight" before it counts as orphaned


class WayPolicy(Section):
    """What a request of one way must bring."""

    required: tuple[str, ...]  # checks that must pass
    attended: tuple[str, ...] = ()  # checks that must be there, and pass or be reviewable
    reviewed: str = ""  # the code that a clerk must have signed for on this way; "": none


class Overruling(Section):
    """A code that a clerk may overrule, and for which check."""

    check: str = ""  # "": no check of a rule, but the way's own review
    second: bool = True  # a supervisor must have signed too


class MinimumThreshold(Section):
    """Bounds for a threshold that a terminal names in its verdicts."""

    least: float | None = None
    most: float | None = None


_SEEN = ("card", "phone", "face", "continuity")
_FILMED = ("liveness", "stream")


class Evidence(Section):
    """What an activation must bring; see `central.activation.evidence`. Ways not named here are refused."""

    ways: dict[str, WayPolicy] = {
        "voice": WayPolicy(required=(*_SEEN, "digits"), attended=(*_FILMED, "lips")),
        "head": WayPolicy(required=(*_SEEN, "head"), attended=_FILMED),
        "touch": WayPolicy(required=(*_SEEN, "touch"), attended=_FILMED, reviewed="way.attest"),
        "clerk": WayPolicy(required=("card", "phone"), reviewed="way.clerk"),
    }
    overruling: dict[str, Overruling] = {
        "face.uncertain": Overruling(check="face", second=False),
        "face.not_live": Overruling(check="liveness"),
        "card.portrait_photographed": Overruling(check="face"),
        "card.under_age": Overruling(check="card", second=False),
        "card.child": Overruling(check="card", second=False),  # left out: no children here
        "way.attest": Overruling(second=False),
        "way.clerk": Overruling(),
    }
    # Check → number in `required` → its bounds. The same as the terminal's in production.
    floors: dict[str, dict[str, MinimumThreshold]] = {
        "card": {"min_age": MinimumThreshold(least=18), "min_age_guarded": MinimumThreshold(least=14)},
        "face": {"accept": MinimumThreshold(least=0.40), "min_frames": MinimumThreshold(least=3)},
        "liveness": {"min_live": MinimumThreshold(least=0.05)},
        "continuity": {"max_gap_s": MinimumThreshold(most=2), "compared": MinimumThreshold(least=1)},
        "lips": {"moved": MinimumThreshold(least=2), "rise": MinimumThreshold(least=0.02)},
        "stream": {"max_repeats": MinimumThreshold(most=10)},
        "head": {"right": MinimumThreshold(least=4), "early_s": MinimumThreshold(least=0.1)},
        "touch": {"right": MinimumThreshold(least=4)},
    }
    digits_guess: float = Field(default=2e-4, gt=0, le=1e-3)  # greatest chance that a guess passes
    # Where REVIEW is enough: some findings of the stream are evidence only.
    reviewable: frozenset[str] = frozenset({"stream"})
    reviewable_in_simulation: frozenset[str] = frozenset({"stream", "lips", "liveness"})
    # Component → versions central knows, as shell patterns. Components that are named here must come.
    versions: dict[str, tuple[str, ...]] = {"kiosk": ("0.*",)}
    began_slack_s: float = 300.0  # how far in the future a visit may seem to begin


class Recheck(Section):
    """When to ask the register again; `after_s`: pause before the 2nd, 3rd, … time."""

    after_s: tuple[float, ...] = (60, 300, 1200, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
    after_in_simulation_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30)
    give_up_unavailable_s: float = 7 * 24 * 3600.0  # refuse when the register was silent this long
    poll_s: float = 1.0
    poll_in_simulation_s: float = 0.2


class Retention(Section):
    """Days; once a day a job erases what is older, and signs a receipt for it."""

    evidence_days: float = Field(default=365.0, gt=0)  # measures and codes, after the decision
    ended_days: float = Field(default=180.0, gt=0)  # phone, password and person of an ended credential
    challenges_days: float = Field(default=90.0, ge=30)  # after their end: late visits may still bring one


class Authority(Section):
    """The population register."""

    driver: str = ""  # an entry point of group "central.authority"; "": none, or the simulator in simulation
    options: dict[str, Any] = {}


class Settings(Section):
    """All settings of central."""

    data: Path
    simulation: bool = False
    database_url: str = ""  # "": SQLite in the data folder
    enrolment: Enrolment = Enrolment()
    challenges: Challenges = Challenges()
    clerks: Clerks = Clerks()
    requests: Requests = Requests()
    evidence: Evidence = Evidence()
    recheck: Recheck = Recheck()
    retention: Retention = Retention()
    authority: Authority = Authority()
    prune_s: float = Field(default=3600.0, gt=0)  # how often stale tokens and challenges are cleared away

    @property
    def database(self) -> str:
        """Return the URL of the database."""
        return self.database_url or f"sqlite:///{self.data / 'central.sqlite3'}"

    @property
    def reviewable(self) -> frozenset[str]:
        """Return the checks for which a verdict of REVIEW suffices."""
        return self.evidence.reviewable_in_simulation if self.simulation else self.evidence.reviewable

    @property
    def recheck_after_s(self) -> tuple[float, ...]:
        """Return the pauses before the register is asked again."""
        return self.recheck.after_in_simulation_s if self.simulation else self.recheck.after_s

    @property
    def poll_s(self) -> float:
        """Return the pause between two queries for due requests."""
        return self.recheck.poll_in_simulation_s if self.simulation else self.recheck.poll_s


def load(data: Path, database_url: str = "", simulation: bool = False) -> Settings:
    """Return the defaults, overridden by `data/central.toml` if it exists. Raises SettingsError."""
    path = data / "central.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: {error}") from None
    fixed = {"data": data, "database_url": database_url, "simulation": simulation}
    if clash := sorted(tables.keys() & fixed.keys()):
        raise SettingsError(f"{path}: {clash[0]}: given on the command line or in the environment only")
    try:
        return Settings.model_validate(tables | fixed)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise SettingsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None

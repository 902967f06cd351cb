"""Frozen settings: defaults here, overridden by an optional `central.toml`, then by the command line.

Units are in the names. Unknown keys are refused. Secrets are files in the data folder, never settings;
`DATABASE_URL` comes from the environment because it may hold a password.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from central.text_files import read_text

TextKind = Annotated[str, StringConstraints(pattern=r"^(face|clerk|guardian|kept_picture)$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


SQLITE = "central.sqlite3"
"""The database in the data folder, where no other is named."""


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
    # Of one terminal: issued, neither used nor expired. A stock of 50 (at most 200), and a week's visits that
    # ended without a request: at most three challenges each.
    outstanding: int = Field(default=1000, ge=1)
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
    # A decision may arrive so long after its signer was disabled, moved or got a new PIN; later it is held.
    late_s: float = Field(default=7 * 24 * 3600.0, ge=0)


class Requests(Section):
    """Limits of requests."""

    token_max_s: float = 120.0  # the longest life of a request's signature
    clock_slack_s: float = 60.0  # how far a terminal's clock may be off
    max_bytes: int = 512 * 1024
    per_s: float = 20.0  # each terminal, on average …
    burst: int = 200  # … and at once
    strangers_per_s: float = 0.5  # each address, where no signature is needed
    strangers_burst: int = 60
    parties_per_s: float = (
        50.0  # each address, at the routes of relying parties: all their users come from it
    )
    parties_burst: int = 500
    people_per_s: float = 30.0  # each address, at the authentication page: many share that of a carrier
    people_burst: int = 1500
    forgeries_per_s: float = 20.0  # bad signatures from each address, unless their terminal is known there
    forgeries_burst: int = 400
    lease_s: float = 30.0  # how long a request is "in flight" before it counts as orphaned


class Http(Section):
    """Connections; see docs/scale.md."""

    # Longer than the pause between two heartbeats, so that a terminal keeps one connection.
    keep_alive_s: int = Field(default=90, ge=1)
    header_s: float = Field(
        default=10.0, gt=0
    )  # from the first byte of a request to the end of its headers …
    body_s: float = Field(default=20.0, gt=0)  # … and for the body after them
    # Addresses or networks of proxies whose X-Forwarded-For is believed. No others': anybody can send it.
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()


class Overload(Section):
    """How much one process takes on at once; what is beyond is answered 503. See docs/scale.md."""

    activations: int = Field(default=64, ge=1)  # requests in work; most of their time is the register's
    activations_waiting: int = Field(default=200, ge=0)
    others: int = Field(default=32, ge=1)  # no more than there are connections to the database
    others_waiting: int = Field(default=500, ge=0)
    prompts: int = Field(default=500, ge=1)  # people on the phone who wait for the next digit
    # A terminal gives up a heartbeat after 3 s: what would wait for longer is refused instead.
    wait_s: float = Field(default=2.0, gt=0)


class Sealing(Section):
    """Keys to which terminals seal personal data."""

    # So long a new key lies in the data folder before terminals get it: copy it to all other machines.
    new_key_after_s: float = Field(default=600.0, ge=0)


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
        "voice": WayPolicy(required=(*_SEEN, "digits"), attended=(*_FILMED, "lips", "light")),
        "head": WayPolicy(required=(*_SEEN, "head"), attended=(*_FILMED, "light")),
        "touch": WayPolicy(required=(*_SEEN, "touch"), attended=(*_FILMED, "light"), reviewed="way.attest"),
        "clerk": WayPolicy(required=("card", "phone"), reviewed="way.clerk"),
    }
    overruling: dict[str, Overruling] = {
        "face.uncertain": Overruling(check="face", second=False),
        "face.not_live": Overruling(check="liveness"),
        "card.portrait_photographed": Overruling(check="face"),
        "card.number_irregular": Overruling(check="card"),
        "card.under_age": Overruling(check="card", second=False),
        "card.child": Overruling(check="card"),  # left out: no children here
        "light.unclear": Overruling(check="light"),
        "light.unseen": Overruling(check="light"),
        "light.declined": Overruling(check="light"),
        "way.attest": Overruling(),
        "way.clerk": Overruling(),
    }
    # Check → number in `required` → its bounds. The same as the terminal's in production.
    floors: dict[str, dict[str, MinimumThreshold]] = {
        "card": {"min_age": MinimumThreshold(least=18), "min_age_guarded": MinimumThreshold(least=14)},
        "guardian": {"min_age": MinimumThreshold(least=18)},
        "face": {
            "accept": MinimumThreshold(least=0.40),
            "review": MinimumThreshold(least=0.363),
            "min_frames": MinimumThreshold(least=3),
        },
        "liveness": {"min_live": MinimumThreshold(least=0.05)},
        "continuity": {"max_gap_s": MinimumThreshold(most=2), "compared": MinimumThreshold(least=1)},
        "digits": {"early_s": MinimumThreshold(most=0.3), "late_s": MinimumThreshold(most=1.5)},
        "lips": {
            "moved": MinimumThreshold(least=2),
            "rise": MinimumThreshold(least=0.02),
            "chance": MinimumThreshold(most=0.2),
            "before_s": MinimumThreshold(most=0.6),
            "after_s": MinimumThreshold(most=0.6),
        },
        "light": {
            "gain": MinimumThreshold(least=0.02),
            "fit": MinimumThreshold(least=0.7),
            "steps": MinimumThreshold(least=5),
            "beaten": MinimumThreshold(least=1),
        },
        "stream": {
            "max_repeats": MinimumThreshold(most=10),
            "min_noise": MinimumThreshold(least=0.1),
            "max_still_s": MinimumThreshold(most=10),
            "max_fps": MinimumThreshold(most=240),
            "min_jitter_ms": MinimumThreshold(least=0.001),
        },
        "head": {
            "right": MinimumThreshold(least=4),
            "early_s": MinimumThreshold(least=0.1),
            "window_s": MinimumThreshold(most=6),
            "turn_deg": MinimumThreshold(least=10),
            "nod_deg": MinimumThreshold(least=8),
            "rest_deg": MinimumThreshold(most=7),
        },
        "touch": {"right": MinimumThreshold(least=4)},
    }

    @field_validator("floors")
    @classmethod
    def _over_the_defaults(cls, floors: dict[str, dict[str, MinimumThreshold]]) -> Any:
        """Keep the minimums that `central.toml` does not name: one that is changed drops no other."""
        defaults = cls.model_fields["floors"].default
        return {check: defaults.get(check, {}) | floors.get(check, {}) for check in defaults.keys() | floors}

    digits_guess: float = Field(default=2e-4, gt=0, le=1e-3)  # greatest chance that a guess passes
    # Where REVIEW is enough: some findings of the stream are evidence only.
    reviewable: frozenset[str] = frozenset({"stream"})
    # … but not these: a stream that is fed in, or was not measured, is never evidence for anything.
    unreviewable_codes: frozenset[str] = frozenset({"stream.unknown", "stream.repeated"})
    reviewable_in_simulation: frozenset[str] = frozenset({"stream", "lips", "light", "liveness"})
    # Component → versions central knows, as shell patterns. Components that are named here must come.
    versions: dict[str, tuple[str, ...]] = {"kiosk": ("0.*",)}
    # Kind of text → hex SHA-256 of texts beside those in `central/protocol/consents.toml`: a site's own, and
    # those of earlier releases whose requests may still come.
    more_consents: dict[TextKind, frozenset[Sha256]] = {}
    began_slack_s: float = 300.0  # how far in the future a visit may seem to begin


class Plausibility(Section):
    """What visits of people can be. Beyond it requests wait until an operator has accepted the alarm.

    The visits' own times count, not those of arrival: a terminal without a line hands in a day at once.
    """

    # A terminal serves one person at a time; a clock that is set may make two of its visits seem to overlap.
    overlap_slack_s: float = Field(default=10.0, ge=0)
    # Way → from the first touch to the request. Eleven digits, a password twice and six digits read aloud, at
    # 0.9 s each, take longer.
    shortest_s: dict[str, float] = {"voice": 20.0, "head": 20.0, "touch": 20.0, "clerk": 15.0}
    typing_s: float = Field(default=10.0, ge=0)  # so much less for a purpose without number and password
    visits_an_hour: int = Field(default=60, ge=1)  # of one terminal, in any sixty minutes
    # Different people whose credential has the same mobile number: grandparents give that of a grandchild.
    people_a_phone: int = Field(default=3, ge=1)
    phone_days: float = Field(default=90.0, gt=0)  # … within this time


class Recheck(Section):
    """When to ask the register again; `after_s`: pause before the 2nd, 3rd, … time."""

    after_s: tuple[float, ...] = (60, 300, 1200, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
    after_in_simulation_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30)
    give_up_unavailable_s: float = 7 * 24 * 3600.0  # refuse when the register was silent this long
    # Of each process: requests that are looked at again at the same time, beside those of terminals.
    calls: int = Field(default=4, ge=1, le=256)
    poll_s: float = 1.0
    poll_in_simulation_s: float = 0.2


class Retention(Section):
    """Days; once a day a job erases what is older, and signs a receipt for it."""

    # The consent texts and the slip promise these two and the last: shorter is allowed, longer is not.
    evidence_days: float = Field(default=365.0, gt=0, le=365)  # measures and codes, after the decision
    ended_days: float = Field(default=180.0, gt=0, le=180)  # phone, password, person of an ended credential
    challenges_days: float = Field(default=90.0, ge=30)  # after their end: late visits may still bring one
    phone_codes_days: float = Field(default=1.0, ge=1)  # so long they count against the limits
    phone_proofs_days: float = Field(default=30.0, gt=0)  # … that a late request may still name
    # Who ended a credential: until no challenge is left with which an older request could still come.
    endings_days: float = Field(default=120.0, gt=0, le=120.0)


class Authority(Section):
    """The population register."""

    driver: str = ""  # an entry point of group "central.authority"; "": none, or the simulator in simulation
    options: dict[str, Any] = {}
    # Of each process: requests of terminals that are at the register at the same time.
    calls: int = Field(default=16, ge=1, le=256)
    wait_s: float = Field(default=2.5, gt=0, le=10)  # a terminal waits so long; then the request is pending
    # Then the register counts as unavailable; less than `requests.lease_s`, or two processes ask at once.
    timeout_s: float = Field(default=20.0, gt=0)


class FaceCheck(Section):
    """Face and digits on the person's own phone."""

    digits: int = Field(default=4, ge=4, le=8)  # all must be right: no clerk is there
    run_up_s: float = Field(default=1.0, ge=0.5, le=5)  # recorders of phones lose or delay their first sounds
    gap_min_s: float = Field(default=1.6, ge=1.0, le=5)  # between two digits; the light changes half-way, and
    gap_max_s: float = Field(default=2.4, ge=1.0, le=5)  # … at most three times a second (WCAG 2.3.1)
    tries: int = Field(default=3, ge=1, le=5)
    # From the first prompt to the last chunk: 12 s of recording, and a line that is lost for a while.
    recording_s: float = Field(default=120.0, ge=30, le=120)
    chunk_bytes: int = Field(default=256 * 1024, ge=16 * 1024, le=512 * 1024)
    clip_bytes: int = Field(default=12 * 1024 * 1024, ge=1024 * 1024)
    waiting_s: float = Field(default=7200.0, gt=0, le=86_400)  # for a credential to be opened at a terminal
    # Recordings of one person, and for one relying party.
    a_person_an_hour: int = Field(default=10, ge=1)
    a_person_a_day: int = Field(default=20, ge=1)
    a_party_a_minute: int = Field(default=300, ge=1)

    @model_validator(mode="after")
    def _rising(self) -> "FaceCheck":
        if self.gap_min_s > self.gap_max_s:
            raise ValueError("gap_min_s is greater than gap_max_s")
        return self


class Authentication(Section):
    """Online authentication by OpenID Connect."""

    issuer: str = ""  # the public address, https://…; "": off
    face: FaceCheck = FaceCheck()
    # A clip that would wait longer for a worker is not taken, and the person shall come back later.
    verdict_wait_s: float = Field(default=60.0, gt=0, le=300)

    @field_validator("issuer")
    @classmethod
    def _https(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        whole = parts.scheme == "https" and parts.netloc and not (parts.path or parts.query or parts.fragment)
        if issuer and not whole:
            raise ValueError("not https://host or https://host:port")
        return issuer


class PhoneCodes(Section):
    """One-time codes that prove a mobile number."""

    driver: str = ""  # an entry point of group "central.messages"; "": none, or the simulator in simulation
    options: dict[str, Any] = {}
    # "required": an activation whose number was not proved in its visit is refused, also without a line.
    policy: Literal["recorded", "required"] = "recorded"
    valid_s: float = Field(default=300.0, ge=60, le=900)
    tries: int = Field(default=5, ge=1, le=5)  # for each code
    again_s: float = Field(default=60.0, ge=0)  # between two codes to one number
    # Each message costs money and disturbs somebody; a code that the provider did not take counts, too.
    a_visit: int = Field(default=3, ge=1, le=5)
    a_phone_an_hour: int = Field(default=5, ge=1)
    a_phone_a_day: int = Field(default=10, ge=1)
    a_terminal_an_hour: int = Field(default=60, ge=1)
    an_hour: int = Field(default=2000, ge=1)  # of all terminals


class Observability(Section):
    """What central tells about itself; see docs/scale.md."""

    # Where metrics are served, without TLS, and never to terminals. No port: nowhere; 0: any free one.
    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65535)
    refresh_s: float = Field(default=15.0, ge=0)  # figures from the database are at most so old
    terminal_seen_s: float = Field(default=300.0, gt=0)  # a terminal is alive so long after a heartbeat
    # `/readyz` reports as failed: a re-check that is overdue, a sealing key that is older, a certificate that
    # ends sooner.
    queue_s: float = Field(default=600.0, gt=0)
    key_days: float = Field(default=400.0, gt=0)
    certificate_days: float = Field(default=21.0, ge=0)


class Stopping(Section):
    """How central stops; together less than a supervisor waits before it kills."""

    drain_s: float = Field(default=0.0, ge=0)  # `/readyz` says 503 for so long before connections are refused
    finish_s: float = Field(default=15.0, gt=0)  # … then requests that have begun may take so long


class Settings(Section):
    """All settings of central."""

    data: Path
    simulation: bool = False
    database_url: str = ""  # "": SQLite in the data folder
    enrolment: Enrolment = Enrolment()
    challenges: Challenges = Challenges()
    clerks: Clerks = Clerks()
    http: Http = Http()
    requests: Requests = Requests()
    overload: Overload = Overload()
    sealing: Sealing = Sealing()
    evidence: Evidence = Evidence()
    plausibility: Plausibility = Plausibility()
    recheck: Recheck = Recheck()
    retention: Retention = Retention()
    authority: Authority = Authority()
    phone_codes: PhoneCodes = PhoneCodes()
    observability: Observability = Observability()
    stopping: Stopping = Stopping()
    authentication: Authentication = Authentication()
    prune_s: float = Field(default=3600.0, gt=0)  # how often stale tokens and challenges are cleared away

    @model_validator(mode="after")
    def _endings_outlive_challenges(self) -> "Settings":
        """Refuse terms with which an older, late request could undo an erasure."""
        least = self.retention.challenges_days + self.challenges.valid_s / 86_400.0
        if self.retention.endings_days < least:
            raise ValueError(f"retention.endings_days is less than {least:g}, the life of a challenge")
        return self

    @property
    def database(self) -> str:
        """Return the URL of the database."""
        return self.database_url or f"sqlite:///{self.data / SQLITE}"

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
        tables = tomllib.loads(read_text(path)) if path.exists() else {}
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

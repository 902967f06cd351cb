"""Activation requests of made-up people, as the terminal of the benchmark's environment would send them."""

import secrets
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from kiosk.activation import identity
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity
from kiosk.activation.messages import RequestOrigin, personal_bytes, request_body
from kiosk.activation.passwords import stretch
from kiosk.audit.log import AuditLog, audit_log_path
from kiosk.audit.record import RecordKind
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.events import Agreed, Evidence
from kiosk.model import Challenge, Check, IdCard, Measures, Verdict, VerdictAnswer
from kiosk.phrases import load
from kiosk.settings import Settings
from kiosk.simulators.people import Person
from kiosk.visit.rules import light
from kiosk.visit_number import new_visit_number

PICTURE = b"\xff\xd8\xff\xe0" + bytes(30_000) + b"\xff\xd9"
"""As large as the sealed picture of a real visit; central only looks at how it begins and ends."""
FIRST_BIRTHDAY = date(1941, 1, 1)
PEOPLE_A_DAY = 1000
CHALLENGES = 25
COLOURS = 13
NUMBERS: dict[Check, tuple[Measures, Measures]] = {
    Check.CARD: ({}, {"min_age": 18, "min_age_guarded": 14}),
    Check.PHONE: ({}, {}),
    Check.FACE: (
        {"likeness_mean": 0.6, "frames_good": 9},
        {"accept": 0.45, "review": 0.363, "min_frames": 5},
    ),
    Check.LIVENESS: ({"live_median": 0.9}, {"min_live": 0.1, "required": True}),
    Check.DIGITS: (
        {"right": 6, "of": 6, "llr": 12.0},
        {"right": 5, "llr": 8.517, "early_s": 0.1, "late_s": 0.6},
    ),
    Check.LIPS: (
        {"moved": 5, "chance": 0.01},
        {"moved": 3, "rise": 0.04, "chance": 0.05, "before_s": 0.35, "after_s": 0.35},
    ),
    Check.LIGHT: (
        {"gain": 0.09, "fit": 0.94, "steps": 12, "beaten": 1.0},
        {"gain": 0.03, "fit": 0.8, "steps": 6, "beaten": 1.0},
    ),
    Check.CONTINUITY: ({"longest_gap_s": 0.2, "compared": 6}, {"max_gap_s": 1.0, "compared": 1}),
    Check.STREAM: (
        {"repeated": 0},
        {"max_repeats": 2, "min_noise": 0.15, "max_still_s": 4, "max_fps": 130, "min_jitter_ms": 0.005},
    ),
}
"""What central wants to see of a pass."""


class Sender:
    """The enrolled terminal of `settings`, without its window. For one thread; `close` it."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        """`scratch`: a file for the pool of challenges."""
        central = settings.central
        self.who: Identity = identity.load(settings.path(settings.terminal.identity))
        wire = HttpClient(central.url, settings.path(central.ca), central.connect_s, central.answer_s)
        self._audit = AuditLog(audit_log_path(settings))
        self.gateway = Gateway(
            wire, self.who, TerminalClock(), heartbeat_s=central.answer_s, audit_head=self.audit_head
        )
        self._password = stretch("31415926")
        self._database = Database(scratch)
        self._pool = ChallengePool(
            self._database, self.who.challenge_key, self.who.terminal, self.who.store.secret
        )

    def requests(self, count: int, first: int) -> Iterator[tuple[str, bytes]]:
        """Visit numbers and bodies; people from number `first` on, whom central does not know yet."""
        origin = RequestOrigin(self.who.terminal, True, {"kiosk": "0.1.0"})
        for i in range(first, first + count):
            visit, now = new_visit_number(), time.time()
            card = _card(i)
            said = _evidence(card, self._challenge(), now)
            sealed = self.who.sealer.seal(
                personal_bytes(card, said, PICTURE, self._password), visit, self.who.terminal
            )
            yield visit, request_body(visit, said, origin=origin, sealed=sealed, at_unix=now)

    def audit_head(self) -> str:
        """The head of the terminal's own log, with a record more."""
        self._audit.append(RecordKind.SERVICE_IN)
        head = self._audit.head
        return f"{head.seq}:{head.hash}"

    def close(self) -> None:
        self.gateway.close()
        self._database.close()

    def _challenge(self) -> Challenge:
        found = self._pool.take(time.time())
        if found is None:
            self._pool.add(self.gateway.challenges(CHALLENGES), time.time())
            found = self._pool.take(time.time())
        if found is None:
            raise RuntimeError("central gave no challenges")
        return found


def _card(number: int) -> IdCard:
    born = FIRST_BIRTHDAY + timedelta(days=number // PEOPLE_A_DAY)
    return Person(number % PEOPLE_A_DAY, b"", born).card()


def passed_checks(challenge: str) -> tuple[Verdict, ...]:
    """Return what central wants to see of a visit of the way `voice` in which every check passed."""
    return tuple(_passed(check, challenge) for check in NUMBERS)


def _passed(check: Check, challenge: str) -> Verdict:
    measured, required = NUMBERS[check]
    tail = secrets.randbelow(10**9) * 1e-15  # no two visits measure exactly the same
    measured = {name: v + tail if isinstance(v, float) else v for name, v in measured.items()}
    if check is Check.LIGHT:
        measured["colours"] = light.colours(challenge, COLOURS)
    return Verdict(check=check, answer=VerdictAnswer.PASS, code=Code.OK, measured=measured, required=required)


def _evidence(card: IdCard, challenge: Challenge, now: float) -> Evidence:
    return Evidence(
        card=card,
        phone="19900000000",
        consent=Agreed("zh-Hans", load("zh-Hans").consent_sha256(), picture=True),
        challenge=challenge.id,
        verdicts=passed_checks(challenge.id),
        began_unix=now - 60,
    )

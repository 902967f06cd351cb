"""The terminal's activation room, put together for tests, with a list of everything it said."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.delivery import DeliveryWorker
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity
from kiosk.activation.lost_requests import Reconciliation
from kiosk.activation.messages import Heartbeat, RequestOrigin, StretchedPassword
from kiosk.activation.outbox import Outbox
from kiosk.activation.service import ActivationService
from kiosk.activation.submission import Submission
from kiosk.audit.log import AuditLog
from kiosk.audit.recorder import AuditRecorder
from kiosk.clock import TerminalClock
from kiosk.codes import Code
from kiosk.events import (
    Agreed,
    ChallengeTaken,
    DeviceFailed,
    DeviceReady,
    Event,
    Evidence,
    ReceiptArrived,
    Stored,
    StoreFailed,
    StretchPassword,
    Submit,
)
from kiosk.model import ActivationReceipt, Check, Device, IdCard, Purpose, Verdict, VerdictAnswer
from kiosk.phrases import load as load_phrases
from kiosk.settings import CentralSettings, Settings, load
from kiosk.simulators.card_reader import READER
from kiosk.visit_number import new_visit_number
from tests.support.protocol_terminal import CHECKS, NUMBERS, light_colours, never_again, person, stretched

CARD = IdCard(
    number="990001199003070017",
    name="测试甲",
    sex="男",
    nation="汉",
    birth=date(1990, 3, 7),
    address="某市某区某路一号",
    issuer="某市公安局",
    valid_from=date(2020, 1, 1),
    valid_to=date(2040, 1, 1),
    portrait=b"\x00" * 1024,
)
PASSWORD = msgspec.convert(stretched("27182818"), StretchedPassword)
SETTINGS = CentralSettings(
    url="",
    public_url="",
    ca="",
    connect_s=1.0,
    answer_s=2.0,
    pool_target=8,
    pool_refill=4,
    backoff_first_s=0.1,
    backoff_max_s=0.4,
    backoff_jitter=0.5,
    probe_s=0.2,
    contact_s=5.0,
    sealing="HPKE-X25519-SHA256-AES256GCM",
)


def passed(challenge: str) -> tuple[Verdict, ...]:
    """What a good visit's checks said, with the numbers that central wants to see."""
    made = []
    for check in CHECKS:
        measured, required = NUMBERS[check]
        if "colours" in measured:
            measured = measured | {"colours": light_colours(challenge)}
        made.append(
            Verdict(
                check=Check(check),
                answer=VerdictAnswer.PASS,
                code=Code.OK,
                measured=never_again(measured),
                required=required,
            )
        )
    return tuple(made)


def order(visit: str, card: IdCard | None = CARD, picture: bool = False) -> Submit:
    evidence = Evidence(
        card=card,
        phone="13900000000",
        consent=Agreed("zh-Hans", load_phrases("zh-Hans").consent_sha256(), picture),
        challenge="c-1",
        verdicts=(Verdict(check=Check.FACE, answer=VerdictAnswer.PASS, measured={"likeness": 0.61}),),
        began_unix=time.time() - 60,
        reader=READER,
    )
    return Submit(visit, evidence)


def submit(service: ActivationService, wanted: Submit, picture: bytes | None = None) -> Stored | StoreFailed:
    """Do as the engine does with a visit in which a password was typed."""
    service.passwords.begin(StretchPassword(wanted.visit, "27182818"))
    return service.submit(wanted, picture)


def wanting(evidence: Evidence, purpose: Purpose) -> Evidence:
    """The same visit, had it been begun for `purpose`."""
    text = load_phrases("zh-Hans").consent_sha256(purpose)
    return replace(
        evidence,
        purpose=purpose,
        consent=Agreed("zh-Hans", text, evidence.consent.picture and purpose.has_password),
        phone=evidence.phone if purpose.has_phone else None,
    )


def order_with_every_check(take_challenge: Callable[[], Event], picture: bool = False) -> Submit:
    """Return a submission of a person never seen before, with a challenge of central's and every verdict."""
    taken = take_challenge()
    assert isinstance(taken, ChallengeTaken)
    made = order(new_visit_number(), card=replace(CARD, number=person()["number"]), picture=picture)
    evidence = replace(
        made.evidence,
        challenge=taken.challenge.id,
        verdicts=passed(taken.challenge.id),
        began_unix=time.time() - 5,
    )
    return replace(made, evidence=evidence)


def settings_of_terminal(folder: Path, terminal: str, url: str) -> Settings:
    """Return a terminal's settings, read from a file in `folder` as in the field."""
    file = folder / "settings.toml"
    file.write_text(
        f'mode = "simulation"\n[terminal]\nid = "{terminal}"\n[central]\nurl = "{url}"\nanswer_s = 2\n'
    )
    return load(file)


class ActivationTerminal:
    def __init__(
        self,
        file: Path,
        who: Identity,
        url: str,
        ca: Path,
        settings=SETTINGS,
        audit_head: Callable[[], str] | None = None,
        terminal_clock: TerminalClock | None = None,
    ) -> None:
        """`audit_head`: of another log than the terminal's own."""
        self.events: list[Event] = []
        self.settings = settings
        self.database = Database(file)
        self.outbox = Outbox(self.database)
        self.pool = ChallengePool(self.database, who.challenge_key, who.terminal, who.store.secret)
        self.audit = AuditLog(audit_of(file))
        self.recorder = AuditRecorder(self.audit)
        self.reconciliation = Reconciliation(
            self.audit, self.outbox, self.pool, keep_s=86_400.0, clock_unix=time.time
        )
        self.terminal_clock = terminal_clock or TerminalClock()
        self.gateway = Gateway(
            HttpClient(url, ca, self.settings.connect_s, self.settings.answer_s),
            who,
            self.terminal_clock,
            heartbeat_s=2.0,
            simulated=True,
            audit_head=audit_head or self.audit_head,
            make_heartbeat=lambda: Heartbeat(lost=tuple(self.outbox.lost_ids(include_given_up=True))),
        )
        self.delivery = DeliveryWorker(
            self.outbox,
            self.pool,
            self.gateway,
            post=self._hear,
            settings=self.settings,
            clock_off_then=self.terminal_clock.off_then,
        )
        self.submission = Submission(
            self.outbox,
            self.pool,
            sealer=lambda: who.sealer,
            password=lambda _: PASSWORD,
            origin=RequestOrigin(who.terminal, True, {"kiosk": "0.1.0"}),
            clock=self.terminal_clock,
            wake=self.delivery.wake,
            fetch_fresh=self.delivery.fetch_fresh,
            recheck_disk=self.delivery.recheck_disk,
        )

    def audit_head(self) -> str:
        """As `ActivationService` does."""
        head = self.audit.head
        return f"{head.seq}:{head.hash}"

    def submit(self, wanted: Submit) -> Stored | StoreFailed:
        """As the engine does: the row, then its record, and only then could a screen promise."""
        done = self.submission.submit(wanted, None)
        self.recorder.record_event(wanted.visit, done)
        return done

    def _hear(self, event: Event) -> None:
        self.recorder.record_settled(event)
        self.events.append(event)

    def close(self) -> None:
        self.gateway.close()
        self.database.close()

    def rounds(self, seconds: float) -> None:
        """Do rounds for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, max(0.0, self.delivery.round())))

    def until(self, done, seconds: float = 60.0) -> float:
        """Do rounds until `done()`; fail if that takes longer than `seconds`.

        Returns the seconds that the rounds asked to wait in between, independent of the machine's load.
        """
        began, waited = time.monotonic(), 0.0
        while not done():
            assert time.monotonic() - began < seconds, f"not in time; {self.events}"
            pause = min(0.05, self.delivery.round())
            time.sleep(pause)
            waited += pause
        return waited

    @property
    def receipts(self) -> list[ActivationReceipt]:
        return [event.receipt for event in self.events if isinstance(event, ReceiptArrived)]

    def told(self, device: Device) -> list[DeviceReady | DeviceFailed]:
        return [e for e in self.events if isinstance(e, DeviceReady | DeviceFailed) and e.device is device]


def audit_of(file: Path) -> Path:
    """The audit log beside a terminal's database."""
    return file.parent / f"{file.stem}-audit" / "audit.log"

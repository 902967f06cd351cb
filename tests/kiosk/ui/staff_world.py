"""Staff service with made-up staff, visits and requests for tests of the panel; only the network is faked."""

import time
from pathlib import Path

from msgspec.structs import replace

from kiosk import settings as kiosk_settings
from kiosk.activation.database import Database
from kiosk.activation.messages import VisitState, VisitStatus
from kiosk.activation.outbox import Outbox
from kiosk.activation.service import ImportResult
from kiosk.audit.log import AuditLog
from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.model import ActivationReceipt, Device, Outcome, Purpose, RequestStatus, Stage
from kiosk.staff.actions import ActionLog, StaffAction
from kiosk.staff.daybook import Daybook, VisitRow
from kiosk.staff.roster import Roster
from kiosk.staff.roster_memory import RosterMemory
from kiosk.staff.service import StaffService
from kiosk.training import TrainingSession
from tests.support.roster_signer import BOSS, CLERK, RosterSigner, staff

VISITS = (
    ("7K2M-9QXD-04RT-V5BH", Outcome.ACTIVATED, Code.OK, Stage.OUTCOME, "voice"),
    ("2Q8B-11ZC-WX4E-0M7T", Outcome.REFUSED, Code.CARD_EXPIRED, Stage.CARD, "voice"),
    ("M3VD-70KJ-R5AA-92HG", Outcome.ACTIVATED, Code.OK, Stage.OUTCOME, "head"),
    ("90TE-FB2C-Q6ZN-HM41", Outcome.ABANDONED, Code.VISIT_TIMEOUT, Stage.PHONE, "voice"),
    ("C8RS-4W1N-77GP-XD0K", Outcome.REFERRED, Code.CONSENT_REFUSED, Stage.CONSENT, "clerk"),
    ("5JHA-ZQ93-B0MV-T6E2", Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE, Stage.OUTCOME, "voice"),
)
WAITING, WEDGED, DELIVERED = VISITS[5][0], VISITS[2][0], VISITS[0][0]
DEVICES = dict.fromkeys(Device, Code.OK) | {
    Device.PRINTER: Code.PRINTER_PAPER,
    Device.CENTRAL: Code.CENTRAL_UNREACHABLE,
}


class Desk:
    """Activation service with a real outbox; `stick`: the error of the USB stick, or None."""

    clock_off_s = 0.4
    contact_unix = 1_790_000_000.0

    def __init__(self, folder: Path) -> None:
        self.outbox = Outbox(Database(folder / "outbox.sqlite3"))
        self.stick = StaffError(Code.STICK_MISSING)
        self.found = VisitState(id="", status=VisitStatus.ACTIVATED, code="ok", purpose=Purpose.OPEN)
        now = time.time()
        for id, age in ((WAITING, 3 * 3600), (WEDGED, 2 * 86_400), (DELIVERED, 7200)):
            self.outbox.put(id, b"sealed", now - age)
        self.outbox.wedge(WEDGED, Code.REQUEST_MALFORMED, now)
        self.outbox.record_failure(WAITING, Code.CENTRAL_UNREACHABLE)
        receipt = ActivationReceipt(
            id=DELIVERED, status=RequestStatus.ACTIVATED, credential="N3F7-0Q8K-W2XD", at_unix=now
        )
        self.outbox.settle(DELIVERED, receipt, now, now)

    def requests(self):
        return self.outbox.list()

    def find(self, number):
        """What central says; `found`: an error, None, or the state of any number."""
        if isinstance(self.found, Exception):
            raise self.found
        return replace(self.found, id=number) if self.found is not None else None

    def retry(self, request):
        return self.outbox.retry(request, time.time())

    def give_up(self, request):
        return self.outbox.give_up(request)

    def export(self, stick, *, mounted_only):
        return self._stick(len(self.outbox.undelivered()))

    def import_answers(self, stick, *, mounted_only):
        return self._stick(ImportResult(receipts=2, known=0, altered=0, challenges=100, roster=True))

    def _stick(self, good):
        if isinstance(self.stick, StaffError):
            raise self.stick
        return self.stick or good


class World:
    """The staff service, and a record of everything that it did to the terminal."""

    def __init__(self, folder: Path, members=None, **settings) -> None:
        self.folder = folder
        made = kiosk_settings.load()
        self.settings = replace(
            made,
            mode="simulation",
            terminal=replace(made.terminal, id="GZ-009", place="广州市海珠区富全街1号之一"),
            storage=replace(made.storage, folder=str(folder)),
            staff=replace(made.staff, stick=str(folder / "stick"), **settings),
        )
        self.office, self.serving, self.did = RosterSigner(), False, []
        self.printed = Code.OK  # what comes of a document
        self.played = Code.OK  # what comes of a prompt
        self.microphone_dbfs = None
        self.devices = dict(DEVICES)
        self.audit = AuditLog(folder / "audit.log")
        self.book = Daybook(folder / "staff")
        self.acts = ActionLog(self.audit, self.book)
        self.events = []
        self.roster = Roster(
            folder / "staff",
            self.settings.staff,
            lambda: replace(self.office.trust(), terminal="GZ-009"),
            RosterMemory(self.audit),
            post=self.events.append,
            record=self.acts.record,
        )
        if members != []:
            self.roster.accept(self.office.roster(members or staff(), at=time.time(), aud="GZ-009"))
        self.desk = Desk(folder)
        self.service = StaffService(
            self.settings,
            self.roster,
            self.acts,
            activation=self.desk,
            engine=self,
            versions={"kiosk": "0.1.0", "yunet": "2023mar", "sface": "2021dec", "embedded": "1"},
            open_devices=lambda: self.did.append(("look", True)),
            close_devices=lambda: self.did.append(("look", False)),
            say=self._say,
            print_document=self._print,
            make_training=self.make_training,
        )

    def _say(self, prompt, language, done):
        self.did.append(("say", prompt, language))
        done(self.played)

    def _print(self, document, done):
        self.did.append(("print", document))
        done(self.printed)

    def make_training(self, clerk):
        """Return a training whose devices are records of this world."""
        return TrainingSession(
            self.settings,
            clerk,
            say=lambda prompt, language: self.did.append(("say", prompt, language)),
            spoken_handlers={},
            chime=lambda: self.did.append(("chime",)),
            print_slip=lambda slip: self.did.append(("print", slip)),
            open_devices=lambda: self.did.append(("look", True)),
            close_devices=lambda: self.did.append(("look", False)),
        )

    def visits(self):
        """Record the visits and staff actions of a morning, and return this."""
        for visit in VISITS:
            number, outcome, code, stage, way = visit
            self.book.write(VisitRow(visit=number, outcome=outcome, code=code, stage=stage, way=way))
        self.acts.record(StaffAction.SIGN_IN, CLERK, Code.STAFF_REFUSED)
        self.acts.record(StaffAction.SIGN_IN, CLERK)
        self.acts.record(StaffAction.SIGN_OUT, CLERK, Code.STAFF_IDLE)
        self.acts.record(StaffAction.SIGN_IN, BOSS)
        return self

    def has_printer(self, path="/dev/usb/lp0"):
        """Connect a printer, or let slips go to a file or folder at `path`."""
        printer = replace(self.settings.printer, driver="file", options={"path": path})
        self.service._settings = replace(self.settings, printer=printer)

"""Both ends together: central makes a clerk's key, the terminal signs with the PIN, central verifies."""

import threading
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.activation import evidence
from central.activation.evidence import ChallengeFacts
from central.codes import Code
from central.fleet import clerk_keys, clerks
from central.protocol.messages import ActivationRequest
from central.settings import Settings
from central.storage.database import Database, migrate
from central.storage.tables import Terminal
from kiosk import events as e
from kiosk.activation.messages import RequestOrigin, Sealed, request_body
from kiosk.audit.log import AuditLog
from kiosk.model import Decision, Language, ReviewReason, Role, Way
from kiosk.phrases import load as load_phrases
from kiosk.staff.attestation import Attestation
from kiosk.staff.roster import Roster, RosterIssuer
from kiosk.staff.roster_memory import RosterMemory
from tests.kiosk.visit.review_drive import StaffedVisitDriver
from tests.support.roster_signer import SETTINGS
from tests.support.visit_driver import NUMBER, challenge

T0 = 1_800_000_000.0
TERMINAL = "GZ-0001"
TIMEOUT_S = 60.0
CENTRAL = Settings(data=Path())


class BothEnds:
    """Central's database of clerks, and a terminal's roster and attestation; one clock for both."""

    def __init__(self, folder, monkeypatch):
        monkeypatch.setattr(clerk_keys, "COST", clerk_keys.Argon2Cost(memory_kib=8, passes=1, lanes=1))
        self.now = T0
        self.database = Database(f"sqlite:///{folder / 'central.sqlite3'}")
        migrate(self.database.engine)
        with self.database.write() as session:
            session.add(Terminal(id=TERMINAL))
        self.key = Ed25519PrivateKey.generate()
        issuer = RosterIssuer(self.key.public_key(), TERMINAL)
        memory = RosterMemory(AuditLog(folder / "audit.log", lambda: self.now))
        self.roster = Roster(folder, SETTINGS, lambda: issuer, memory, clock_unix=lambda: self.now)
        self.posted = []
        self.came = threading.Event()
        self.attestation = Attestation(self.roster, self._post, lambda: self.now)

    def _post(self, event):
        self.posted.append(event)
        self.came.set()

    def change(self, change, *arguments):
        """Let `change` of `central.fleet.clerks` happen now, and return what it returns."""
        with self.database.write() as session:
            return change(session, *arguments, self.now)

    def deliver_roster(self):
        with self.database.read() as session:
            token = clerks.roster(session, self.key, TERMINAL, self.now, 7 * 86_400.0)
        assert self.roster.accept(token)

    def attest(self, order):
        self.came.clear()
        self.attestation.attest(order)
        assert self.came.wait(TIMEOUT_S)
        return self.posted[-1]

    def fault(self, raw, after_s=1.0):
        request = ActivationRequest.model_validate_json(raw)
        facts = ChallengeFacts(
            terminal=TERMINAL, used_by=request.id, issued_unix=T0 - 60, expires_unix=T0 + 6e5
        )
        with self.database.read() as session:
            staff = clerks.staff_periods(session, TERMINAL)
        return evidence.refusal(request, facts, self.now + after_s, CENTRAL, staff)


class SigningVisit(StaffedVisitDriver):
    """A visit on the clerk's way, whose orders are carried out by the real attestation."""

    def __init__(self, ends):
        super().__init__()
        self.ends = ends
        self.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=ends.now, way=Way.CLERK))
        self.agree_and_type(load_phrases(Language.ZH_HANS).clerk_consent_sha256())
        self.feed(e.ChallengeTaken(challenge()))

    def signature(self):
        return self.ends.attestation.sign(self.all(e.SignReview)[-1])

    def sign_with(self, number, pin):
        (order,) = [o for o in self.feed(e.Signs(number, pin)) if isinstance(o, e.Attest)]
        self.feed(self.ends.attest(order))

    def request(self):
        """The request's body, as the terminal sends it."""
        (submit,) = self.all(e.Submit)
        return request_body(
            NUMBER,
            submit.evidence,
            origin=RequestOrigin(TERMINAL, False, {"kiosk": "0.1.0"}),
            sealed=Sealed("k", "HPKE", "AAAA"),
            at_unix=self.ends.now,
        )


@pytest.fixture
def ends(tmp_path, monkeypatch):
    made = BothEnds(tmp_path, monkeypatch)
    yield made
    made.database.close()


@pytest.fixture
def staff(ends):
    """Number and PIN of a clerk and of a supervisor, on the terminal's roster."""
    made = [ends.change(clerks.add, [TERMINAL], role) for role in ("clerk", "supervisor")]
    ends.deliver_roster()
    return made


def visit(ends, first, second):
    drive = SigningVisit(ends)
    drive.sign_with(*first)
    drive.decide(Decision.APPROVE, ReviewReason.OWN_WISH)
    drive.sign_with(*second)
    return drive


def test_what_two_pins_signed_at_the_terminal_central_accepts(ends, staff):
    assert ends.fault(visit(ends, *staff).request()) is None


@pytest.mark.parametrize("change", [{"reason": "same_person"}, {"challenge": "another"}])
def test_a_changed_decision_is_refused(ends, staff, change):
    body = msgspec.json.decode(visit(ends, *staff).request())
    body["reviews"][0].update(change)
    assert ends.fault(msgspec.json.encode(body)) is Code.EVIDENCE_SIGNATURE


def test_a_signature_moved_to_another_visit_is_refused(ends, staff):
    body = msgspec.json.decode(visit(ends, *staff).request()) | {"id": "7K2M-Q4XR-09TB-HC5E"}
    assert ends.fault(msgspec.json.encode(body)) is Code.EVIDENCE_SIGNATURE


def test_a_wrong_pin_sends_nothing(ends, staff):
    (number, _), _ = staff
    drive = SigningVisit(ends)
    drive.sign_with(number, "000000")
    drive.decide(Decision.APPROVE, ReviewReason.OWN_WISH)
    assert not drive.all(e.SignReview)
    assert not drive.all(e.Submit)


def test_a_second_clerk_is_no_supervisor(ends, staff):
    other = ends.change(clerks.add, [TERMINAL], "clerk")
    ends.deliver_roster()
    drive = visit(ends, staff[0], other)
    assert drive.all(e.AskSignature)[-1].role is Role.SUPERVISOR
    assert not drive.all(e.Submit)


def test_offline_the_old_pin_signs_for_its_period_and_no_longer(ends, staff):
    """The terminal has no line: it does not learn of the new PIN."""
    before = visit(ends, *staff).request()
    (number, _), supervisor = staff
    ends.now += 3600.0
    new = ends.change(clerks.reset_pin, number)
    assert ends.fault(before) is None, "it was signed before"
    ends.now += 3600.0
    after = visit(ends, *staff).request()
    assert ends.fault(after) is Code.EVIDENCE_SIGNATURE
    ends.deliver_roster()
    assert ends.fault(visit(ends, (number, new), supervisor).request()) is None


def test_offline_a_disabled_clerk_signs_nothing_that_counts(ends, staff):
    before = visit(ends, *staff).request()
    ends.now += 3600.0
    ends.change(clerks.disable, staff[0][0])
    assert ends.fault(before) is None
    assert ends.fault(visit(ends, *staff).request()) is None, "clocks may differ by a minute"
    ends.now += 120.0
    assert ends.fault(visit(ends, *staff).request()) is Code.EVIDENCE_REVIEW

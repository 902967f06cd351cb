"""A PIN unwraps its clerk's key, and the key signs one decision: no other, and no second one."""

import threading

import pytest
from cryptography.exceptions import InvalidSignature
from msgspec import convert, to_builtins
from msgspec.structs import replace

from kiosk import events as e
from kiosk.audit.log import AuditLog
from kiosk.codes import Code
from kiosk.model import Clerk, Decision, ReviewReason, Role
from kiosk.staff import review_key
from kiosk.staff.attestation import Attestation
from kiosk.staff.review_key import ReviewKey, WrappedKey, unwrap
from kiosk.staff.roster import Roster
from kiosk.staff.roster_memory import RosterMemory
from tests.support.review_signer import key_of, signed_text, wrapped
from tests.support.roster_signer import (
    BOSS,
    BOSS_PIN,
    CLERK,
    CLERK_PIN,
    NOW,
    SETTINGS,
    TERMINAL,
    RosterSigner,
)

ORDER = e.SignReview(
    visit="7K2M-Q4XR-09TB-HC5D",
    challenge=None,
    persons=("5a" * 32,),
    code=Code.FACE_UNCERTAIN,
    decision=Decision.APPROVE,
    reason=ReviewReason.SAME_PERSON,
    overruled=(Code.FACE_UNCERTAIN,),
    second=False,
)
SECOND = replace(ORDER, second=True)
TIMEOUT_S = 60.0


class Counter:
    """The attestation of a terminal, with what it posts."""

    def __init__(self, folder):
        signer = RosterSigner()
        self.notes = []
        self.roster = Roster(
            folder,
            SETTINGS,
            signer.trust,
            RosterMemory(AuditLog(folder / "audit.log", lambda: NOW)),
            record=lambda *note: self.notes.append(note),
            clock_unix=lambda: NOW,
        )
        self.roster.accept(signer.roster())
        self.posted, self.came = [], threading.Event()
        self.attestation = Attestation(self.roster, self.post, lambda: NOW + 0.12345)

    def post(self, event):
        self.posted.append(event)
        self.came.set()

    def attest(self, number=CLERK, pin=CLERK_PIN, role=Role.CLERK):
        self.came.clear()
        self.attestation.attest(e.Attest(number, pin, role))
        assert self.came.wait(TIMEOUT_S)
        return self.posted[-1]


@pytest.fixture
def counter(tmp_path):
    return Counter(tmp_path)


def verify(signature, order, clerk):
    """Raises InvalidSignature unless this clerk signed that order, as the protocol's README says."""
    review = to_builtins(order) | {
        place: {"clerk": clerk, "role": signature.role, "at_unix": signature.at_unix}
        for place in ("first", "second")
    }
    text = signed_text(review, "second" if order.second else "first", order.visit, TERMINAL)
    raw = review_key.from_base64url(signature.signature)
    key_of(clerk).public_key().verify(raw, text.encode())


def test_the_right_pin_signs_the_decision(counter):
    assert counter.attest() == e.Attested(CLERK, Role.CLERK, NOW + 0.12345)
    signature = counter.attestation.sign(ORDER).signature
    assert (signature.clerk, signature.role, signature.at_unix) == (CLERK, Role.CLERK, NOW + 0.123)
    verify(signature, ORDER, CLERK)
    for other in (
        replace(ORDER, visit="7K2M-Q4XR-09TB-HC5E"),
        replace(ORDER, decision=Decision.REFUSE),
        replace(ORDER, reason=ReviewReason.LIGHT),
        replace(ORDER, challenge="c"),
        SECOND,
    ):
        with pytest.raises(InvalidSignature):
            verify(signature, other, CLERK)
    with pytest.raises(InvalidSignature):
        verify(signature, ORDER, BOSS)


def test_a_wrong_pin_signs_nothing(counter):
    assert counter.attest(pin="730519") == e.NotAttested(Code.STAFF_REFUSED)
    assert counter.attestation.sign(ORDER) == e.NotAttested(Code.STAFF_REFUSED)


def test_a_pin_signs_once(counter):
    counter.attest()
    counter.attestation.sign(ORDER)
    assert counter.attestation.sign(ORDER) == e.NotAttested(Code.STAFF_REFUSED)


def test_a_wrong_pin_after_the_right_one_leaves_no_key(counter):
    counter.attest()
    counter.attest(pin="730519")
    assert counter.attestation.sign(ORDER) == e.NotAttested(Code.STAFF_REFUSED)


def test_a_supervisor_signs_beside_the_clerk(counter):
    counter.attest()
    verify(counter.attestation.sign(ORDER).signature, ORDER, CLERK)
    counter.attest(BOSS, BOSS_PIN, Role.SUPERVISOR)
    verify(counter.attestation.sign(SECOND).signature, SECOND, BOSS)
    assert counter.roster.signed_in == Clerk(CLERK, Role.CLERK)


def test_a_clerk_whose_pin_is_right_is_no_supervisor(counter):
    counter.attest(BOSS, BOSS_PIN)
    assert counter.attest(CLERK, CLERK_PIN, Role.SUPERVISOR) == e.NotAttested(Code.STAFF_ROLE)
    assert counter.attestation.sign(SECOND) == e.NotAttested(Code.STAFF_REFUSED)


def test_a_dropped_key_signs_nothing(counter):
    counter.attest()
    counter.attestation.drop_key()
    assert counter.attestation.sign(ORDER) == e.NotAttested(Code.STAFF_REFUSED)


def test_a_key_that_comes_after_it_was_dropped_is_not_kept(counter, monkeypatch):
    """The visit ends while the PIN is being checked."""
    began, go_on = threading.Event(), threading.Event()
    right = review_key.unwrap

    def slow(*arguments):
        began.set()
        assert go_on.wait(TIMEOUT_S)
        return right(*arguments)

    monkeypatch.setattr(review_key, "unwrap", slow)
    counter.attestation.attest(e.Attest(CLERK, CLERK_PIN, Role.CLERK))
    assert began.wait(TIMEOUT_S)
    counter.attestation.drop_key()
    go_on.set()
    assert counter.came.wait(TIMEOUT_S)
    assert counter.attestation.sign(ORDER) == e.NotAttested(Code.STAFF_REFUSED)


def test_a_sign_in_at_the_panel_leaves_no_key(counter, monkeypatch):
    keys = []
    monkeypatch.setattr(ReviewKey, "drop", lambda key: keys.append(key))
    counter.roster.sign_in(CLERK, CLERK_PIN)
    assert len(keys) == 1
    assert counter.attestation.sign(ORDER) == e.NotAttested(Code.STAFF_REFUSED)


# ── the wrapped key ──────────────────────────────────────────────────────────────────────────────


def key(**other):
    return convert(wrapped(CLERK, CLERK_PIN) | other, WrappedKey)


def test_a_pin_unwraps_its_own_clerks_key_only():
    assert unwrap(CLERK_PIN, CLERK, key()).private_bytes_raw() == key_of(CLERK).private_bytes_raw()
    assert unwrap("000000", CLERK, key()) is None
    assert unwrap(CLERK_PIN, BOSS, key()) is None, "it is bound to the number …"
    assert unwrap(CLERK_PIN, CLERK, key(public="A" * 43)) is None, "… and to the public key"


@pytest.mark.parametrize("change", [{"memory_kib": 9}, {"passes": 2}, {"salt": "A" * 22}, {"lanes": 16}])
def test_another_cost_or_salt_unwraps_nothing(change):
    assert unwrap(CLERK_PIN, CLERK, key(**change)) is None


def test_neither_key_nor_pin_is_in_a_repr(counter):
    assert key().wrapped not in f"{key()!r}{counter.roster._read().members!r}"

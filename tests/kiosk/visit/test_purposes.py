"""What a visit was begun for: it changes no check, and is in everything that the visit leaves."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import ActivationReceipt, Check, ErasureNote, Outcome, Purpose, RequestStatus, Stage
from kiosk.visit import replay
from tests.support.visit_driver import LIMITS, NUMBER, VisitDriver, policy


class With(VisitDriver):
    """Every event as in the usual visit, but for what it was begun for."""

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.purpose = purpose

    def feed(self, event: e.Event, after: float = 0.1) -> list[e.Order]:
        if isinstance(event, e.Began):
            event = replace(event, purpose=self.purpose)
        return super().feed(event, after)

    def to_face(self) -> VisitDriver:
        if self.purpose.has_password:
            return super().to_face()
        number = e.Typed(phone="19900000000", password=None)
        self.to_phone().feed(number if self.purpose.has_phone else e.Confirmed())
        return self


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_purpose_is_in_request_slip_and_summary(purpose):
    drive = With(purpose).to_submit()
    [submit] = drive.all(e.Submit)
    evidence = submit.evidence
    assert evidence.purpose is purpose
    assert (evidence.phone is not None, bool(drive.all(e.StretchPassword))) == (
        purpose.has_phone,
        purpose.has_password,
    )
    assert {show.purpose for show in drive.all(e.Show)} == {purpose}
    drive.receipt(RequestStatus.ACTIVATED)
    assert drive.slip.purpose is purpose
    drive.feed(e.Dismissed())
    assert drive.all(e.Finished)[-1].purpose is purpose


@pytest.mark.parametrize("purpose", list(Purpose))
def test_no_purpose_spares_a_check(purpose):
    """Where no number is typed, the person confirms in its place what they want."""
    usual, drive = With(Purpose.OPEN).to_submit(), With(purpose).to_submit()
    asked = Stage.PHONE if purpose.has_phone else Stage.CONFIRM
    stages = [asked if show.stage is Stage.PHONE else show.stage for show in usual.all(e.Show)]
    assert [show.stage for show in drive.all(e.Show)] == stages
    verdicts = usual.all(e.Submit)[0].evidence.verdicts
    kept = tuple(v for v in verdicts if purpose.has_phone or v.check is not Check.PHONE)
    assert drive.all(e.Submit)[0].evidence.verdicts == kept


@pytest.mark.parametrize("purpose", [Purpose.END, Purpose.ERASE])
def test_nothing_goes_on_without_a_confirmation(purpose):
    drive = With(purpose).to_phone()
    assert said(drive)[-1] == f"confirm.{purpose.value}"
    drive.feed(e.Typed(phone="19900000000", password="31415926"))
    assert drive.visit.stage is Stage.CONFIRM
    drive.feed(e.Cancelled())
    assert (drive.slip.outcome, drive.all(e.Submit)) == (Outcome.ABANDONED, [])


def test_a_number_alone_suffices_only_where_no_password_is_chosen():
    for purpose in (Purpose.OPEN, Purpose.NEW_PHONE):
        drive = With(purpose).to_phone()
        drive.feed(e.Typed(phone="19900000000", password="31415926"))
        assert (drive.visit.stage is not Stage.PHONE) == purpose.has_password
        drive = With(purpose).to_phone()
        drive.feed(e.Typed(phone="19900000000", password=None))
        assert (drive.visit.stage is not Stage.PHONE) != purpose.has_password


def test_what_was_erased_is_on_the_slip():
    note = ErasureNote(
        receipt=7, credentials=1, requests=2, evidence_until_unix=1.8e9, guard_until_unix=1.7e9
    )
    drive = With(Purpose.ERASE).to_submit()
    receipt = ActivationReceipt(id=NUMBER, status=RequestStatus.ACTIVATED, erasure=note)
    drive.feed(e.ReceiptArrived(receipt))
    assert (drive.slip.outcome, drive.slip.credential, drive.slip.erasure) == (Outcome.ACTIVATED, None, note)
    assert said(drive)[-1] == "activated.erased"


def test_a_log_of_before_there_were_purposes_can_be_read():
    raw = replay.encode_event(1.0, e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
    old = raw.replace(b',"purpose":"open"', b"")
    assert old != raw
    _, [fed] = replay.read([replay.encode_policy(policy()), old])
    assert fed.event == e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0)


def said(drive) -> list[str]:
    return [order.prompt for order in drive.all(e.Say)]


@pytest.mark.parametrize(
    ("purpose", "status", "code", "prompt"),
    [
        (Purpose.OPEN, RequestStatus.ACTIVATED, Code.OK, "activated"),
        (Purpose.RENEW, RequestStatus.ACTIVATED, Code.OK, "activated.renewed"),
        (Purpose.NEW_PASSWORD, RequestStatus.ACTIVATED, Code.OK, "activated.password_set"),
        (Purpose.NEW_PHONE, RequestStatus.ACTIVATED, Code.OK, "activated.phone_set"),
        (Purpose.END, RequestStatus.ACTIVATED, Code.OK, "activated.ended"),
        (Purpose.END, RequestStatus.REFUSED, Code.PERSON_NOT_OPEN, "refused.change_refused"),
        (Purpose.OPEN, RequestStatus.REFUSED, Code.PERSON_ALREADY_OPEN, "refused.already_open"),
        (Purpose.OPEN, RequestStatus.REFUSED, Code.PERSON_MISMATCH, "refused"),
        (Purpose.RENEW, RequestStatus.REFUSED, Code.PERSON_NOT_OPEN, "refused.change_refused"),
        (Purpose.RENEW, RequestStatus.PENDING, Code.PERSON_NOT_YET_VISIBLE, "pending"),
    ],
)
def test_what_is_said_at_the_end_is_about_what_was_wanted(purpose, status, code, prompt):
    drive = With(purpose).to_submit()
    assert said(drive)[-1] == ("submit" if purpose is Purpose.OPEN else "submit.change")
    drive.receipt(status, code)
    assert said(drive)[-1] == prompt


def test_a_queued_renewal_is_told_as_one():
    drive = With(Purpose.RENEW).to_submit()
    drive.feed(e.Stored(NUMBER))
    drive.time_out()
    assert said(drive)[-1] == "accepted.change_accepted"


def test_the_last_screen_stays_longer_where_there_is_something_to_choose():
    stays = []
    for code in (Code.PERSON_MISMATCH, Code.PERSON_ALREADY_OPEN):
        drive = With(Purpose.OPEN).to_submit()
        drive.receipt(RequestStatus.REFUSED, code)
        stays.append(drive.visit.deadline - drive.at)
    assert stays == pytest.approx([LIMITS.outcome_s, 3 * LIMITS.outcome_s])


def test_the_visit_does_not_keep_the_password():
    drive = VisitDriver().to_face()
    (order,) = drive.all(e.StretchPassword)
    assert (order.visit, order.password) == (NUMBER, "31415926")
    assert drive.visit.typed is not None
    assert drive.visit.typed.password is None

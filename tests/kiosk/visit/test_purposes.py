"""What a visit was begun for: it changes no check, and is in everything that the visit leaves."""

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Purpose, RequestStatus, Stage
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


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_purpose_is_in_request_slip_and_summary(purpose):
    drive = With(purpose).to_submit()
    [submit] = drive.all(e.Submit)
    assert submit.evidence.purpose is purpose
    drive.receipt(RequestStatus.ACTIVATED)
    assert drive.slip.purpose is purpose
    drive.feed(e.Dismissed())
    assert drive.all(e.Finished)[-1].purpose is purpose


def test_no_purpose_spares_a_check():
    drives = [With(purpose).to_submit() for purpose in Purpose]
    stages = [[order.stage for order in drive.all(e.Show)] for drive in drives]
    assert stages[0] == stages[1] == stages[2]
    assert stages[0][0] is Stage.CONSENT
    verdicts = [drive.all(e.Submit)[0].evidence.verdicts for drive in drives]
    assert verdicts[0] == verdicts[1] == verdicts[2]


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

"""Stage PHONE_CODE: the mobile number is proved, or the visit goes on or ends without."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    Check,
    ClerkCallState,
    Outcome,
    PhoneCodeStatus,
    PhoneProofStatus,
    Role,
    Stage,
    VerdictAnswer,
    Way,
)
from kiosk.settings import ReviewSettings
from kiosk.visit import replay
from kiosk.visit.visit import Visit
from tests.kiosk.visit.test_properties import anything
from tests.support.visit_driver import GOOD_CARD, LIMITS, NUMBER, VisitDriver, changed, policy, shown_stages

PHONE = "19900000000"
WANTED = changed(LIMITS, phone_code={"use": "when_online"})
REQUIRED = changed(LIMITS, phone_code={"use": "required"})


def asked(limits=WANTED) -> VisitDriver:
    """A visit that has just asked for a code."""
    drive = VisitDriver(limits)
    drive.to_face()  # types number and password
    assert drive.visit.stage is Stage.PHONE_CODE
    return drive


def answer(drive: VisitDriver, status=PhoneCodeStatus.SENT, again_s=60.0, required=False) -> list[e.Order]:
    request = drive.all(e.SendPhoneCode)[-1].request
    return drive.feed(e.PhoneCodeAnswered(request=request, status=status, again_s=again_s, required=required))


def result(drive: VisitDriver, status: PhoneProofStatus, tries_left=0) -> list[e.Order]:
    request = drive.all(e.ProvePhone)[-1].request
    return drive.feed(e.PhoneProofAnswered(request=request, status=status, tries_left=tries_left))


def proof(drive: VisitDriver) -> dict:
    verdict = [v for v in drive.visit.verdicts if v.check is Check.PHONE][-1]
    assert verdict.answer is VerdictAnswer.PASS
    return dict(verdict.measured)


def test_without_the_setting_nobody_is_asked():
    drive = VisitDriver().to_face()
    assert drive.visit.stage is Stage.FACE
    assert not drive.all(e.SendPhoneCode)
    assert proof(drive) == {}


def test_the_right_code_proves_the_number():
    drive = asked()
    [order] = drive.all(e.SendPhoneCode)
    assert (order.visit, order.phone) == (NUMBER, PHONE)
    answer(drive)
    [page] = drive.all(e.ShowPhoneCode)
    assert (page.phone_end, page.may_skip) == ("0000", True)
    assert page.again_at == pytest.approx(drive.at + 60)
    drive.feed(e.PhoneCodeTyped("204861"))
    [order] = drive.all(e.ProvePhone)
    assert (order.visit, order.phone, order.code) == (NUMBER, PHONE, "204861")
    result(drive, PhoneProofStatus.PROVED)
    assert drive.visit.stage is Stage.FACE
    assert proof(drive) == {"proved": True, "proof": "proved"}


def test_a_wrong_code_is_typed_again_with_the_tries_that_are_left():
    drive = asked()
    answer(drive)
    drive.feed(e.PhoneCodeTyped("204861"))
    result(drive, PhoneProofStatus.WRONG, tries_left=3)
    shown = drive.all(e.Show)[-1]
    assert (shown.stage, shown.code, shown.tries_left) == (Stage.PHONE_CODE, Code.PHONE_CODE_WRONG, 3)
    drive.feed(e.PhoneCodeTyped("204862"))
    result(drive, PhoneProofStatus.WRONG, tries_left=0)
    assert drive.all(e.Show)[-1].code is Code.PHONE_CODE_EXPIRED
    assert drive.visit.stage is Stage.PHONE_CODE


def test_another_code_is_sent_when_its_time_has_come_and_not_before():
    drive = asked()
    answer(drive)
    assert drive.feed(e.PhoneCodeWanted(), after=30) == []
    drive.feed(e.PhoneCodeWanted(), after=31)
    assert len(drive.all(e.SendPhoneCode)) == 2
    answer(drive, PhoneCodeStatus.TOO_OFTEN, again_s=None)
    assert drive.all(e.Show)[-1].code is Code.PHONE_TOO_OFTEN
    assert drive.feed(e.PhoneCodeWanted(), after=120) == []
    drive.feed(e.PhoneCodeTyped("204861"))  # the first one is still valid
    result(drive, PhoneProofStatus.PROVED)
    assert proof(drive)["proved"] is True


def test_who_gets_no_message_goes_on_unproved_or_changes_the_number():
    drive = asked()
    answer(drive, PhoneCodeStatus.UNSENT)
    assert drive.all(e.Show)[-1].code is Code.PHONE_CODE_UNSENT
    drive.feed(e.PhoneChangeWanted())
    assert drive.visit.stage is Stage.PHONE
    assert not drive.all(e.Show)[-1].wants_password
    drive.feed(e.Typed(phone="19900000001", password="31415926"))
    assert drive.all(e.Show)[-1].code is Code.PASSWORD_MALFORMED, "the first one stays"
    drive.feed(e.Typed(phone="19900000001", password=None))
    assert len(drive.all(e.StretchPassword)) == 1
    assert drive.all(e.SendPhoneCode)[-1].phone == "19900000001"
    answer(drive)
    drive.feed(e.PhoneCodeSkipped())
    assert drive.visit.stage is Stage.FACE
    assert proof(drive) == {"proved": False, "proof": "skipped"}


@pytest.mark.parametrize(
    ("status", "why"), [(PhoneCodeStatus.OFF, "off"), (PhoneCodeStatus.UNREACHABLE, "offline")]
)
def test_without_central_the_visit_goes_on_and_says_so(status, why):
    drive = asked()
    answer(drive, status)
    assert drive.visit.stage is Stage.FACE
    assert proof(drive) == {"proved": False, "proof": why}


@pytest.mark.parametrize("typed", [False, True])
def test_a_slow_line_holds_nobody_up(typed):
    """Central's answer is awaited for `wait_s`; one that comes later changes nothing."""
    drive = asked()
    began = drive.at
    if typed:
        answer(drive)
        drive.feed(e.PhoneCodeTyped("204861"))
        began = drive.at
    assert drive.visit.deadline == pytest.approx(began + WANTED.phone_code.wait_s)
    drive.time_out()
    assert drive.visit.stage is Stage.FACE
    assert proof(drive) == {"proved": False, "proof": "offline"}
    late = result(drive, PhoneProofStatus.PROVED) if typed else answer(drive)
    assert late == []
    assert proof(drive)["proved"] is False


def test_an_answer_about_another_number_changes_nothing():
    drive = asked()
    first = drive.all(e.SendPhoneCode)[-1].request
    answer(drive)
    drive.feed(e.PhoneChangeWanted())
    drive.feed(e.Typed(phone="19900000001", password=None))
    stale = e.PhoneCodeAnswered(request=first, status=PhoneCodeStatus.OFF)
    assert drive.feed(stale) == []
    assert drive.visit.stage is Stage.PHONE_CODE


def test_nothing_is_taken_while_central_is_asked():
    drive = asked()
    events = [e.PhoneCodeTyped("204861"), e.PhoneCodeWanted(), e.PhoneCodeSkipped(), e.PhoneChangeWanted()]
    assert [drive.feed(event) for event in events] == [[]] * 4
    answer(drive)
    assert [drive.feed(e.PhoneCodeTyped(code)) for code in ("", "20486", "2048611", "20486a")] == [[]] * 4


@pytest.mark.parametrize("limits", [REQUIRED, WANTED])
@pytest.mark.parametrize("status", list(PhoneCodeStatus))
def test_a_required_proof_lets_nobody_through(limits, status):
    """Required by the site, or by central, which says so with every answer."""
    drive = asked(limits)
    answer(drive, status, required=True)
    if status in (PhoneCodeStatus.OFF, PhoneCodeStatus.UNREACHABLE):
        assert (drive.visit.outcome, drive.visit.code) == (Outcome.REFERRED, Code.PHONE_UNPROVED)
        return
    assert drive.all(e.ShowPhoneCode)[-1].may_skip is False
    assert drive.feed(e.PhoneCodeSkipped()) == []
    drive.feed(e.PhoneCodeTyped("204861"))
    drive.time_out()
    assert (drive.visit.outcome, drive.visit.code) == (Outcome.REFERRED, Code.PHONE_UNPROVED)


def test_who_does_not_type_loses_the_visit_like_on_every_page():
    drive = asked()
    answer(drive)
    drive.time_out()
    assert (drive.visit.outcome, drive.visit.code) == (Outcome.ABANDONED, Code.VISIT_TIMEOUT)


def test_on_the_clerks_way_the_number_is_proved_too():
    drive = VisitDriver(WANTED)
    drive.visit = Visit(policy(WANTED, ReviewSettings(may_overrule=(Code.WAY_CLERK,))))
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1.0, way=Way.CLERK))
    drive.feed(e.Agreed("zh-Hans", "00", picture=False))
    drive.feed(e.ClerkPresent("700124", Role.CLERK, 1.0))
    drive.feed(e.CardRead(GOOD_CARD))
    drive.feed(e.Typed(phone=PHONE, password="31415926"))
    answer(drive)
    drive.feed(e.PhoneCodeTyped("204861"))
    result(drive, PhoneProofStatus.PROVED)
    assert drive.visit.stage is Stage.REVIEW


@pytest.mark.parametrize("during", ["sending", "checking"])
def test_an_answer_that_comes_while_the_clerk_is_awaited_is_kept(during):
    drive = asked()
    if during == "checking":
        answer(drive)
        drive.feed(e.PhoneCodeTyped("204861"))
    drive.feed(e.HelpWanted())
    drive.feed(e.ClerkCallChanged(ClerkCallState.CALLED, False))
    if during == "sending":
        answer(drive)
    else:
        result(drive, PhoneProofStatus.PROVED)
    assert drive.visit.stage is Stage.PHONE_CODE
    drive.feed(e.HelpEnded())
    if during == "sending":
        assert drive.all(e.ShowPhoneCode)
        assert drive.visit.stage is Stage.PHONE_CODE
    else:
        assert drive.visit.stage is Stage.FACE


def test_help_gives_back_the_page_as_it_was():
    drive = asked()
    answer(drive)
    drive.feed(e.HelpWanted())
    drive.feed(e.HelpEnded())
    assert isinstance(drive.orders[-1], e.TimeLeft | e.EndClerkCall)
    assert drive.visit.ends == pytest.approx(drive.at + WANTED.phone_code.limit_s)
    drive.feed(e.PhoneCodeTyped("204861"))
    assert drive.all(e.ProvePhone)


@given(st.lists(anything, max_size=40), st.sampled_from([WANTED, REQUIRED]))
@settings(max_examples=200, deadline=None)
def test_no_order_of_events_breaks_a_visit_that_asks_for_codes(events, limits):
    drive = asked(limits)
    for event in events:
        drive.feed(event, 0.5)
        assert drive.visit.over or drive.visit.stage is Stage.IDLE or drive.visit.deadline is not None
        past = drive.visit.stage in (Stage.FACE, Stage.DIGITS, Stage.SUBMIT)
        assert not past or limits is WANTED or proof(drive)["proved"]


def test_the_log_has_neither_number_nor_code_and_replays_the_visit():
    drive = asked()
    answer(drive)
    drive.feed(e.PhoneCodeTyped("204861"))
    result(drive, PhoneProofStatus.PROVED)
    lines = [
        replay.encode_policy(policy(WANTED)),
        *(replay.encode_event(at, event) for at, event in drive.log),
    ]
    assert not any(secret in line for line in lines for secret in (b"204861", PHONE.encode()))
    for order in drive.orders:
        assert PHONE not in repr(order)
        assert "204861" not in repr(order)
    again, orders = replay.replay(lines)
    assert again.stage is Stage.FACE
    assert [s.stage for s in shown_stages(orders)] == [s.stage for s in drive.all(e.Show)]

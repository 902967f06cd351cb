"""What must hold for every visit, whatever comes in whatever order."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import (
    ActivationReceipt,
    Check,
    ClerkCallState,
    Device,
    DigitHeard,
    FaceSeen,
    PhoneCodeStatus,
    PhoneProofStatus,
    RequestStatus,
    Stage,
    VerdictAnswer,
)
from kiosk.visit import replay
from kiosk.visit.handlers import HANDLERS
from kiosk.visit.transitions import TRANSITIONS
from tests.support.visit_driver import GOOD_CARD, NUMBER, VisitDriver, challenge, policy, scores, shown_stages

small = st.floats(0, 1)
faces = st.builds(
    FaceSeen,
    at=small,
    seq=st.integers(0, 9),
    faces=st.integers(0, 2),
    good=st.booleans(),
    frames_good=st.integers(0, 20),
    track=st.integers(0, 2),
    likeness_mean=st.none() | small,
    likeness_first=st.none() | small,
    live_median=st.none() | small,
    mouth=st.none() | small,
    hint=st.sampled_from([Code.OK, Code.FACE_NONE]),
)
digits = st.builds(
    DigitHeard,
    at=small,
    window=st.integers(0, 6),
    scores=st.builds(scores, st.none() | st.integers(0, 9)),
    began=st.none() | st.floats(100, 130),
    ended=st.none() | st.floats(100, 130),
    audio_lost=st.booleans(),
)
anything = st.one_of(
    st.just(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0)),
    st.just(e.Agreed("zh-Hans", "00", picture=True)),
    st.just(e.Declined()),
    st.just(e.CardRead(GOOD_CARD)),
    st.builds(e.CardFailed, st.sampled_from([Code.CARD_MOVED])),
    st.just(e.Typed(phone="19900000000", password="31415926")),
    st.builds(
        e.PhoneCodeAnswered,
        request=st.integers(0, 3),
        status=st.sampled_from(PhoneCodeStatus),
        again_s=st.none() | st.just(1.0),
        required=st.booleans(),
    ),
    st.builds(
        e.PhoneProofAnswered,
        request=st.integers(0, 3),
        status=st.sampled_from(PhoneProofStatus),
        tries_left=st.integers(0, 1),
    ),
    st.just(e.PhoneCodeTyped("204861")),
    st.just(e.PhoneCodeWanted()),
    st.just(e.PhoneCodeSkipped()),
    st.just(e.PhoneChangeWanted()),
    st.just(e.ReferenceReady()),
    st.builds(e.ReferenceFailed, st.just(Code.CARD_PORTRAIT_NO_FACE)),
    faces,
    digits,
    st.builds(e.ChallengeTaken, st.just(challenge())),
    st.just(e.ChallengeMissing()),
    st.builds(e.PromptEnded, st.sampled_from(["digits", "face"]), small),
    st.builds(e.DigitShown, st.integers(0, 6), st.floats(100, 130)),
    st.just(e.Stored(NUMBER)),
    st.just(e.StoreFailed(Code.OUTBOX_FULL)),
    st.builds(
        e.ReceiptArrived,
        st.builds(ActivationReceipt, id=st.just(NUMBER), status=st.sampled_from(RequestStatus)),
    ),
    st.just(e.RequestWedged(NUMBER, Code.REQUEST_MALFORMED)),
    st.just(e.Cancelled()),
    st.just(e.HelpWanted()),
    st.just(e.Touched()),
    st.just(e.HelpEnded()),
    st.just(e.ReviewWanted()),
    st.builds(e.ClerkCallChanged, st.sampled_from(ClerkCallState), st.booleans()),
    st.just(e.Dismissed()),
    st.builds(e.DeviceFailed, st.sampled_from(Device), st.just(Code.CAMERA_LOST)),
    st.just(e.TimePassed()),
)


@given(st.sampled_from(["", "to_card", "to_face", "to_digits", "to_submit"]), st.lists(anything, max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_order_of_events_breaks_a_visit(start, events):
    drive = VisitDriver()
    if start:
        getattr(drive, start)()
    for event in events:
        drive.feed(event, 0.5)
        assert drive.visit.over or drive.visit.stage is Stage.IDLE or drive.visit.deadline is not None
    for submit in drive.all(e.Submit):
        last = {v.check: v.answer for v in submit.evidence.verdicts}
        needed = {Check.CARD, Check.PHONE, Check.FACE, Check.DIGITS, Check.LIPS, Check.CONTINUITY}
        assert all(last.get(check) is VerdictAnswer.PASS for check in needed)
        assert last[Check.LIVENESS] in (VerdictAnswer.PASS, VerdictAnswer.REVIEW)
    promised = any(isinstance(x, e.Stored) for _, x in drive.log)
    for slip in (p.slip for p in drive.all(e.Print)):
        assert slip.outcome != "accepted" or promised


@given(st.lists(anything, max_size=30))
@settings(max_examples=100, deadline=None)
def test_a_log_fed_back_is_the_same_visit(events):
    drive = VisitDriver().to_digits()
    for event in events:
        drive.feed(event, 0.5)
    lines = [replay.encode_policy(policy()), *(replay.encode_event(at, event) for at, event in drive.log)]
    again, orders = replay.replay(lines)
    assert [s.stage for s in shown_stages(orders)] == [s.stage for s in drive.all(e.Show)]
    assert (again.outcome, again.code, again.stage) == (
        drive.visit.outcome,
        drive.visit.code,
        drive.visit.stage,
    )


def test_logs_hold_nothing_personal():
    secret = e.Typed(phone="19912345678", password="27182818")
    assert b"19912345678" not in replay.encode_event(0.0, secret)
    assert b"27182818" not in replay.encode_event(0.0, secret)
    for personal in (secret, e.CardRead(GOOD_CARD), e.Watch(b"x")):
        assert "199" not in repr(personal)


def test_every_stage_of_a_visit_has_handlers_and_transitions():
    stages = set(Stage) - {Stage.OUT_OF_SERVICE}  # the engine shows it while there is no visit
    assert set(HANDLERS) == stages
    assert set(TRANSITIONS) == stages


def test_every_answer_of_the_table_exists_and_every_stage_can_be_left():
    for stage, answers in HANDLERS.items():
        assert all(callable(answer) for answer in answers.values()), stage
        assert TRANSITIONS[stage]


def test_a_damaged_log_is_an_error():
    try:
        replay.replay([replay.encode_policy(policy()), b"{not json\n"])
    except msgspec.DecodeError:
        return
    raise AssertionError("a damaged log was replayed")

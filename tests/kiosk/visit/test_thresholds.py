"""Each threshold of the rules decides by itself: just reached it passes, just missed it does not.

All else is as good as it can be, so that no other condition can refuse in its place.
"""

import math

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import CardFacts, Challenge, DigitHeard, FaceSeen, HeadMove, StreamSeen, VerdictAnswer
from kiosk.settings import load
from kiosk.visit.head_turns import HeadTurns, direction, is_at_rest
from kiosk.visit.rules.card import judge_card, judge_guardian_card
from kiosk.visit.rules.continuity import find_break, judge_continuity
from kiosk.visit.rules.digits import judge_digits
from kiosk.visit.rules.face import judge_face, judge_liveness
from kiosk.visit.rules.light import judge_light
from kiosk.visit.rules.lips import judge_lips
from kiosk.visit.rules.stream import judge_stream
from tests.kiosk.visit.test_light import CHALLENGE, REQUIRED, face, own, shown
from tests.support.visit_driver import DIGITS, LIMITS, THRESHOLDS, VisitDriver, challenge, scores

PASS, RETRY, REVIEW, REFUSE = (
    VerdictAnswer.PASS,
    VerdictAnswer.RETRY,
    VerdictAnswer.REVIEW,
    VerdictAnswer.REFUSE,
)
STRICT = replace(load().visit.lips, max_chance=1.0)


# ── card ─────────────────────────────────────────────────────────────────────────────────────────

GOOD = CardFacts(number_valid=True, birth_agrees=True, days_valid=0, days_since_issue=0, age=18)


@pytest.mark.parametrize(
    ("changes", "answer", "code"),
    [
        ({}, PASS, Code.OK),  # its first and its last day
        ({"days_valid": None}, PASS, Code.OK),
        ({"days_valid": -1}, REFUSE, Code.CARD_EXPIRED),
        ({"days_since_issue": -1}, REFUSE, Code.CARD_NOT_YET_VALID),
        ({"number_valid": False}, REFUSE, Code.CARD_NUMBER_INVALID),
        ({"birth_agrees": False}, REFUSE, Code.CARD_NUMBER_INVALID),
        ({"number_valid": False, "number_formed": True}, REVIEW, Code.CARD_NUMBER_IRREGULAR),
        ({"birth_agrees": False, "number_formed": True}, REVIEW, Code.CARD_NUMBER_IRREGULAR),
        ({"number_valid": False, "number_formed": True, "age": 17}, REVIEW, Code.CARD_NUMBER_IRREGULAR),
        ({"number_valid": False, "number_formed": True, "days_valid": -1}, REFUSE, Code.CARD_EXPIRED),
        ({"age": 17}, REVIEW, Code.CARD_UNDER_AGE),
        ({"age": 14}, REVIEW, Code.CARD_UNDER_AGE),
        ({"age": 13}, REVIEW, Code.CARD_CHILD),
        ({"age": 13, "days_valid": -1}, REFUSE, Code.CARD_EXPIRED),
    ],
)
def test_card(changes, answer, code):
    verdict = judge_card(replace(GOOD, **changes), LIMITS.card)
    assert (verdict.answer, verdict.code) == (answer, code)
    guardian = judge_guardian_card(replace(GOOD, **changes), LIMITS.card)
    expected = REVIEW if code is Code.CARD_NUMBER_IRREGULAR and changes.get("age") is None else RETRY
    assert guardian.answer is (PASS if answer is PASS else expected)


# ── face ─────────────────────────────────────────────────────────────────────────────────────────

FACE = FaceSeen(at=1.0, seq=1, faces=1, track=1, frames_good=12, likeness_mean=0.5, live_median=0.5)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"likeness_mean": THRESHOLDS.accept, "frames_good": LIMITS.face.min_frames}, PASS),
        ({"likeness_mean": THRESHOLDS.accept, "frames_good": LIMITS.face.min_frames - 1}, RETRY),
        ({"likeness_mean": THRESHOLDS.accept - 1e-9}, REVIEW),
        ({"likeness_mean": THRESHOLDS.review}, REVIEW),
        ({"likeness_mean": THRESHOLDS.review - 1e-9}, REFUSE),
        ({"likeness_mean": THRESHOLDS.review - 1e-9, "frames_good": LIMITS.face.decide_frames - 1}, RETRY),
        ({"likeness_mean": THRESHOLDS.review, "frames_good": LIMITS.face.decide_frames - 1}, RETRY),
        ({"likeness_mean": None}, RETRY),
        ({"likeness_mean": math.nan}, REFUSE),
    ],
)
def test_face(changes, answer):
    assert judge_face(replace(FACE, **changes), LIMITS.face, THRESHOLDS).answer is answer


@pytest.mark.parametrize(
    ("likeness", "frames", "answer"),
    [
        (THRESHOLDS.accept_photographed, 12, REVIEW),
        (THRESHOLDS.accept_photographed, LIMITS.face.min_frames, REVIEW),
        (THRESHOLDS.accept_photographed, LIMITS.face.min_frames - 1, RETRY),
        (THRESHOLDS.accept_photographed - 1e-9, LIMITS.face.decide_frames, REFUSE),
        (THRESHOLDS.accept_photographed - 1e-9, LIMITS.face.decide_frames - 1, RETRY),
        (None, 12, RETRY),
    ],
)
def test_photographed_face(likeness, frames, answer):
    seen = replace(FACE, likeness_mean=likeness, frames_good=frames)
    verdict = judge_face(seen, LIMITS.face, THRESHOLDS, photographed=True)
    assert verdict.answer is answer
    assert verdict.measured["photographed"] is True


@pytest.mark.parametrize(("accept", "photographed"), [(0.6, 0.5), (0.5, 0.6)])
def test_a_photographed_portrait_is_never_judged_more_mildly(accept, photographed):
    lax = replace(THRESHOLDS, accept=accept, accept_photographed=photographed)
    below = judge_face(replace(FACE, likeness_mean=0.59), LIMITS.face, lax, photographed=True)
    reached = judge_face(replace(FACE, likeness_mean=0.6), LIMITS.face, lax, photographed=True)
    assert (below.answer, reached.answer) == (REFUSE, REVIEW)


@pytest.mark.parametrize(
    ("median", "answer"),
    [(LIMITS.liveness.min_live, PASS), (LIMITS.liveness.min_live - 1e-9, RETRY), (math.nan, RETRY)],
)
@pytest.mark.parametrize("required", [True, False])
def test_liveness(median, answer, required):
    limits = replace(LIMITS.liveness, required=required)
    verdict = judge_liveness(replace(FACE, live_median=median), limits)
    assert verdict.answer is answer
    unknown = judge_liveness(replace(FACE, live_median=None), limits)
    assert unknown.answer is (REFUSE if required else REVIEW)


# ── digits ───────────────────────────────────────────────────────────────────────────────────────

SHOWN = [10.0 + 2.0 * i for i in range(len(DIGITS))]


def reading(i: int, **changes):
    """All digits clear and in time, but for what is changed of digit `i`; the faults that were found."""
    heard = [
        DigitHeard(at=s + 1.2, window=w, scores=scores(DIGITS[w]), began=s + 0.4, ended=s + 0.7,
                   level_dbfs=-25.0, snr_db=25.0)
        for w, s in enumerate(SHOWN)
    ]  # fmt: skip
    heard[i] = replace(heard[i], **changes)
    return judge_digits(challenge(), SHOWN, heard, LIMITS.digits, LIMITS.sound)


@pytest.mark.parametrize(
    ("after_s", "faults"),
    [
        (0.05, ""),
        (0.0, ""),
        (-LIMITS.digits.early_s + 1e-6, ""),  # the screen's clock may be off by so much
        (-LIMITS.digits.early_s - 1e-6, "3:speech.too_early"),
        (2.0 + LIMITS.digits.late_s - 1e-6, ""),  # the next digit has just been painted
        (2.0 + LIMITS.digits.late_s + 1e-6, "3:speech.too_late"),
        (math.nan, "3:speech.too_early"),
    ],
)
def test_a_digit_has_its_time(after_s, faults):
    verdict = reading(2, began=SHOWN[2] + after_s)
    assert verdict.measured["faults"] == faults
    assert verdict.measured["right"] == (5 if faults else 6)


def test_the_last_digit_is_never_too_late():
    """Its window closes by itself; there is no next digit that it could answer."""
    assert reading(5, began=SHOWN[5] + 9.0).measured["right"] == 6


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"audio_lost": True}, "speech.audio_lost"),
        ({"fault": Code.SPEECH_ENGINE_FAILED}, "speech.engine_failed"),
        ({"began": None}, "speech.missing_digits"),
        ({"scores": scores(9)}, "speech.wrong_digits"),
        ({"scores": scores(None)}, "speech.unknown"),
        ({"scores": scores(9), "level_dbfs": LIMITS.sound.min_level_dbfs - 0.1}, "speech.too_quiet"),
        ({"scores": scores(9), "level_dbfs": LIMITS.sound.min_level_dbfs}, "speech.wrong_digits"),
        ({"scores": scores(9), "clipped": LIMITS.sound.max_clipped + 0.001}, "speech.clipped"),
        ({"scores": scores(9), "clipped": LIMITS.sound.max_clipped}, "speech.wrong_digits"),
        ({"scores": scores(9), "snr_db": LIMITS.sound.min_snr_db - 0.1}, "speech.noisy"),
        ({"scores": scores(9), "snr_db": LIMITS.sound.min_snr_db}, "speech.wrong_digits"),
        ({"scores": scores(9), "extra": 2}, "speech.extra"),
        ({"scores": scores(9), "extra": 1}, "speech.wrong_digits"),
        ({"scores": (0.0,) * 11}, "speech.unknown"),
    ],
)
def test_why_a_digit_does_not_count(changes, fault):
    assert reading(0, **changes).measured["faults"] == f"1:{fault}"


TORN = tuple({3: 0.0, 8: 0.01}.get(digit, -9.0) for digit in range(11))
"""The right digit (3) is nearly as likely as another."""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, True),
        ({"level_dbfs": -80.0}, True),
        ({"snr_db": 0.0}, True),
        ({"clipped": 1.0}, True),
        ({"extra": 2}, True),
        ({"began": SHOWN[0] - 1.0}, False),  # too early
        ({"began": SHOWN[1] + 1.0}, False),  # too late
        ({"audio_lost": True}, False),
        ({"fault": Code.SPEECH_ENGINE_FAILED}, False),
        ({"began": None}, False),
    ],
)
def test_only_a_voice_in_its_time_adds_to_the_ratio(changes, said):
    """Torn between two digits it counts half; not in its time it counts as not said, which is a slip."""
    ratio = reading(0, **{"scores": TORN} | changes).measured["llr"]
    others = sum(math.log(0.98 * 9 / (1 + 9 * math.exp(-3.0)) + 0.02) for _ in range(5))
    own = math.log(0.98 * 9 * 0.4975 + 0.02) if said else math.log(0.02)
    assert ratio == pytest.approx(others + own, abs=0.01)


def test_times_go_along_as_seconds_after_the_display():
    measured = reading(1, began=SHOWN[1] - 0.05, ended=SHOWN[1] + 0.33).measured
    assert measured["began_s"].split()[:2] == ["0.40", "-0.05"]
    assert measured["ended_s"].split()[:2] == ["0.70", "0.33"]


# ── lips ─────────────────────────────────────────────────────────────────────────────────────────


def mouth_opens(offset_s: float, length_s: float = 0.3, rise: float = 0.3, rest: float = 0.02):
    """Six voices of 0.3 s; each time the mouth opens `offset_s` after the onset."""
    onsets = [10.0, 11.9, 14.0, 15.7, 17.9, 19.6]
    heard = [DigitHeard(at=t + 1, window=i, began=t, ended=t + 0.3) for i, t in enumerate(onsets)]
    seen = []
    for n in range(160):
        at = 8.5 + n * 0.08
        opened = any(t + offset_s <= at <= t + offset_s + length_s for t in onsets)
        seen.append(FaceSeen(at=at, seq=n, faces=1, mouth=rest + (rise if opened else 0.0)))
    return heard, seen


@pytest.mark.parametrize(
    ("offset_s", "moved"), [(-0.15, True), (0.0, True), (0.4, True), (0.8, False), (-0.9, False)]
)
def test_lips_move_with_the_voice_and_not_at_another_time(offset_s, moved):
    verdict = judge_lips(*mouth_opens(offset_s), STRICT)
    assert verdict.code is (Code.OK if moved else Code.LIPS_STILL)
    assert verdict.measured["moved"] == (6 if moved else 0)


@pytest.mark.parametrize(("closed_s", "moved"), [(1.0, 1), (1.2, 0)])
def test_the_rest_of_the_lips_is_looked_for_a_second_before_the_voice(closed_s, moved):
    """Open from then on, as of a person who draws breath; three times `before_s` in all, 1.05 s."""
    limits = replace(STRICT, min_moved=1, before_s=0.35)
    seen = [
        FaceSeen(at=0.05 * n, seq=n, faces=1, mouth=0.02 if 0.05 * n <= 5.0 - closed_s + 1e-9 else 0.4)
        for n in range(150)
    ]
    verdict = judge_lips([DigitHeard(at=6.0, window=0, began=5.0, ended=5.3)], seen, limits)
    assert verdict.measured["moved"] == moved


def test_a_mouth_that_is_always_open_moves_with_nothing():
    heard, seen = mouth_opens(0.0)
    gaping = [replace(s, mouth=0.4) for s in seen]
    assert judge_lips(heard, gaping, STRICT).code is Code.LIPS_STILL


@pytest.mark.parametrize("rise", [LIMITS.lips.min_rise + 1e-6, LIMITS.lips.min_rise - 1e-6])
def test_lips_must_open_so_far(rise):
    verdict = judge_lips(*mouth_opens(0.0, rise=rise), STRICT)
    assert verdict.code is (Code.OK if rise > LIMITS.lips.min_rise else Code.LIPS_STILL)


@pytest.mark.parametrize("count", [LIMITS.lips.min_moved, LIMITS.lips.min_moved - 1])
def test_lips_must_move_so_often(count):
    heard, seen = mouth_opens(0.0)
    still = [replace(s, mouth=0.02) if s.at > heard[count - 1].began + 1 else s for s in seen]
    verdict = judge_lips(heard, still, STRICT)
    assert verdict.measured["moved"] == count
    assert verdict.code is (Code.OK if count == LIMITS.lips.min_moved else Code.LIPS_STILL)


def test_lips_that_nobody_saw():
    heard, seen = mouth_opens(0.0)
    few = [s for s in seen if s.at < heard[1].began + 1]  # two voices of which the mouth was seen
    assert judge_lips(heard, few, STRICT).code is Code.LIPS_UNSEEN
    unmeasured = [replace(s, mouth=None) for s in seen]
    assert judge_lips(heard, unmeasured, STRICT).answer is RETRY
    assert judge_lips([], seen, STRICT).answer is RETRY


@pytest.mark.parametrize(("max_chance", "code"), [(1.0, Code.OK), (0.99, Code.LIPS_UNSEEN)])
def test_too_few_frames_to_tell_chance_are_enough_only_where_chance_is_evidence(max_chance, code):
    limits = replace(STRICT, min_moved=1, max_chance=max_chance)
    seen = [FaceSeen(at=9.5 + 0.2 * n, seq=n, faces=1, mouth=0.02 if n < 3 else 0.4) for n in range(6)]
    verdict = judge_lips([DigitHeard(at=11.0, window=0, began=10.2, ended=10.5)], seen, limits)
    assert (verdict.measured["chance"], verdict.code) == (None, code)


def test_lips_that_are_not_asked_for_never_pass():
    evidence = replace(STRICT, min_moved=0)
    assert judge_lips(*mouth_opens(0.0), evidence).answer is REVIEW
    assert judge_lips([], [], evidence).answer is REVIEW


@pytest.mark.parametrize("offset_s", [-0.1, 0.2])
def test_when_the_lips_opened_goes_along(offset_s):
    onsets = judge_lips(*mouth_opens(offset_s), STRICT).measured["onsets_s"].split()
    assert all(float(onset) == pytest.approx(offset_s + 0.04, abs=0.05) for onset in onsets)


# ── head ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("yaw", "pitch", "found"),
    [
        (12.0, 0.0, HeadMove.LEFT),  # `turn_deg`, to the picture's right
        (11.9, 0.0, None),
        (-12.0, 0.0, HeadMove.RIGHT),
        (0.0, 9.0, HeadMove.UP),  # `nod_deg`
        (0.0, 8.9, None),
        (0.0, -9.0, HeadMove.DOWN),
        (15.0, 9.0, HeadMove.LEFT),  # 1.25 thresholds against 1: a fifth more is clear
        (14.0, 9.0, None),
        (12.0, 11.0, HeadMove.UP),
        (12.0, -10.0, None),
        (-24.0, -18.0, None),  # far, but as far down as to the side
    ],
)
def test_where_a_head_points(yaw, pitch, found):
    limits = replace(LIMITS.head, turn_deg=12.0, nod_deg=9.0)
    assert direction((yaw, pitch), (0.0, 0.0), limits) is found
    assert direction((yaw + 5.0, pitch - 3.0), (5.0, -3.0), limits) is found  # seen from its rest


@pytest.mark.parametrize(("pose", "rests"), [((6.0, -6.0), True), ((6.1, 0.0), False), ((0.0, -6.1), False)])
def test_when_a_head_is_back_at_rest(pose, rests):
    assert is_at_rest(pose, (0.0, 0.0), replace(LIMITS.head, rest_deg=6.0)) is rests


def turned(after_s: float = 0.5, answer=lambda move: move, back: bool = True) -> HeadTurns:
    """Follow every arrow `after_s` after it was painted, and go back to rest; `back`: also at the end."""
    made = HeadTurns(challenge(), LIMITS.head, LIMITS.pace, unhurried=False)
    poses = {HeadMove.LEFT: (20, 0), HeadMove.RIGHT: (-20, 0), HeadMove.UP: (0, 20), HeadMove.DOWN: (0, -20)}
    at, seq = 100.0, 0

    def look(at, yaw=0.0, pitch=0.0):
        return made.take(FaceSeen(at=at, seq=seq, faces=1, track=1, yaw=float(yaw), pitch=float(pitch)))

    while made.fault is None and not made.complete():
        order = made.next_move()
        for before in (0.6, 0.4, 0.2):
            look(at - before)
        made.painted(e.HeadMoveShown(order.step, at))
        look(at + after_s, *poses[answer(order.move)])
        if len(made.reached) == made.count and not back:
            break
        look(at + after_s + 0.5)
        at += 3.0
    return made


def test_a_head_that_followed_passes_and_tells_how_fast():
    made = turned()
    verdict = made.verdict()
    assert (verdict.answer, made.complete(), made.fault) == (PASS, True, None)
    assert verdict.measured == {"right": LIMITS.head.steps, "of": LIMITS.head.steps, "after_s_median": 0.5}
    assert made.span() == (100.0, 100.0 + 3.0 * (LIMITS.head.steps - 1) + 1.0)


@pytest.mark.parametrize(
    ("after_s", "code"),
    [(LIMITS.head.early_s + 0.001, Code.OK), (LIMITS.head.early_s - 0.001, Code.HEAD_TOO_EARLY)],
)
def test_nobody_answers_an_arrow_at_once(after_s, code):
    assert turned(after_s).verdict().code is code


@pytest.mark.parametrize(("unhurried", "longest_s"), [(False, 35.0), (True, 56.0)])
def test_the_longest_time_that_a_head_challenge_can_take(unhurried, longest_s):
    """Five times a pause of a second, and three seconds there and back each; unhurried 1.6 times that."""
    made = HeadTurns(challenge(), LIMITS.head, LIMITS.pace, unhurried=unhurried)
    assert made.longest_s() == pytest.approx(longest_s)


def test_a_challenge_is_complete_when_the_head_is_back():
    made = turned(back=False)
    assert (len(made.reached), made.complete(), made.verdict().answer) == (LIMITS.head.steps, False, RETRY)


def test_a_head_that_was_judged_too_soon_or_made_a_mistake_does_not_pass():
    """The stage judges only when all is done or something failed; the rule does not rely on it."""
    unfinished = HeadTurns(challenge(), LIMITS.head, LIMITS.pace, unhurried=False)
    assert (unfinished.verdict().answer, unfinished.verdict().code) == (RETRY, Code.HEAD_STILL)
    late = turned()
    late.too_late()
    assert (late.verdict().answer, late.verdict().code) == (RETRY, Code.HEAD_STILL)
    wrong = turned(answer=lambda move: HeadMove.UP if move is not HeadMove.UP else HeadMove.DOWN)
    assert (wrong.verdict().answer, wrong.verdict().code) == (RETRY, Code.HEAD_WRONG)
    assert wrong.verdict().measured["right"] == 0


# ── light ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("limit", "measure"), [("min_gain", "gain"), ("min_fit", "fit"), ("min_steps", "steps")]
)
def test_each_limit_of_the_light_counts(limit, measure):
    """The same frames pass at the value that was measured, and fail a little above it."""
    frames = face(own(), 0.2, noise=0.01)
    low = replace(REQUIRED.light, min_gain=1e-6, min_fit=1e-6, min_steps=4)
    measured = judge_light(CHALLENGE, shown(), frames, low).measured[measure]
    step = 1 if measure == "steps" else 0.0002
    reached = replace(low, **{limit: type(measured)(measured - step) if step != 1 else int(measured)})
    missed = replace(low, **{limit: measured + step if step != 1 else int(measured) + 1})
    assert judge_light(CHALLENGE, shown(), frames, reached).answer is PASS
    verdict = judge_light(CHALLENGE, shown(), frames, missed)
    assert (verdict.answer, verdict.code is Code.OK) == (RETRY, False)


def test_a_light_that_fits_another_sequence_as_well_does_not_pass():
    """Every other limit at its lowest: being better than all rivals counts by itself."""
    low = replace(REQUIRED.light, min_gain=1e-6, min_fit=1e-6, min_steps=4)
    noisy = [judge_light(CHALLENGE, shown(), face(own(), 0.04, noise=0.3, seed=s), low) for s in range(30)]
    beaten = [v.measured["beaten"] for v in noisy]
    assert 1.0 in beaten
    assert min(beaten) < 1.0
    for verdict in noisy:
        reached = verdict.measured["beaten"] == 1.0 and verdict.measured["fit"] > 1e-6
        assert (verdict.answer is PASS) == (reached and verdict.measured["gain"] > 1e-6)


@pytest.mark.parametrize(("errors", "code"), [(1.5, Code.LIGHT_UNCLEAR), (2.5, Code.LIGHT_ABSENT)])
def test_no_answer_is_told_from_an_unclear_one_by_two_standard_errors(errors, code):
    """Only the first is final: where the measurement allows for an answer, it is tried again."""
    tried = (face(own(), 0.02, noise=0.3, seed=seed) for seed in range(50))
    frames = next(
        f for f in tried if judge_light(CHALLENGE, shown(), f, REQUIRED.light).measured["beaten"] < 1
    )
    measured = judge_light(CHALLENGE, shown(), frames, REQUIRED.light).measured
    limits = replace(REQUIRED.light, min_gain=measured["gain"] + errors * measured["error"])
    assert judge_light(CHALLENGE, shown(), frames, limits).code is code


def test_a_declined_light_is_not_shown_again():
    """Neither in the reading under way nor in the next one, and the prompt does not announce it."""
    drive = VisitDriver(LIMITS).to_ear()
    assert drive.all(e.ShowLight)[-1].colours
    drive.feed(e.LightDeclined())
    before = len(drive.all(e.ShowLight))
    for _ in range(6):
        (digit,) = [o for o in drive.time_out() if isinstance(o, e.ShowDigit)]
        drive.feed(e.DigitShown(digit.window, drive.at), 0.0)
        drive.see(0.5)
        heard = DigitHeard(at=drive.at, window=digit.window, scores=scores(7), began=drive.at - 0.3,
                           ended=drive.at - 0.1, level_dbfs=-25.0, snr_db=25.0)  # fmt: skip
        drive.feed(heard)
    drive.feed(e.ChallengeTaken(challenge()))
    drive.feed(e.PromptEnded("digits", drive.at))
    assert drive.all(e.Listen)[1:]  # a second reading has begun
    assert [o for o in drive.all(e.ShowLight)[before:] if o.colours] == []


def test_a_light_that_was_declined_before_is_not_announced():
    drive = VisitDriver(LIMITS).to_digits()
    drive.feed(e.LightDeclined())
    drive.feed(e.ChallengeTaken(challenge()))
    assert drive.all(e.Say)[-1] == e.Say("digits")
    drive.feed(e.PromptEnded("digits", drive.at))
    assert [o for o in drive.all(e.ShowLight) if o.colours] == []


# ── continuity ───────────────────────────────────────────────────────────────────────────────────


def frames(count: int = 21, **changes):
    return [
        replace(
            FaceSeen(at=0.5 * i, seq=i, faces=1, track=7, likeness_first=0.8),
            **(changes if i in range(8, 12) else {}),
        )
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("changes", "passed"),
    [({}, True), ({"faces": 0}, False), ({"faces": 2}, False), ({"track": 8}, False)],
)
def test_two_seconds_without_exactly_the_matched_face_are_a_gap(changes, passed):
    verdict = judge_continuity(7, frames(**changes), (0.0, 10.0), 1.0)
    assert verdict.answer is (PASS if passed else RETRY)
    assert verdict.measured["frames"] == (21 if passed else 17)
    assert verdict.measured["longest_gap_s"] == (0.5 if passed else 2.5)


@pytest.mark.parametrize(
    ("span", "longest"),
    [((0.0, 11.0), 1.0), ((0.0, 11.1), 1.1), ((-1.0, 10.0), 1.0), ((-1.1, 10.0), 1.1)],
)
def test_the_time_before_the_first_and_behind_the_last_frame_counts(span, longest):
    verdict = judge_continuity(7, frames(), span, 1.0)
    assert verdict.measured["longest_gap_s"] == pytest.approx(longest)
    assert verdict.answer is (PASS if longest <= 1.0 else RETRY)


def test_a_face_that_was_not_recognised_again_does_not_pass():
    seen = [replace(s, likeness_first=None) for s in frames()]
    assert judge_continuity(7, seen, (0.0, 10.0), 1.0).answer is RETRY
    once = [replace(seen[0], likeness_first=0.8), *seen[1:]]
    assert judge_continuity(7, once, (0.0, 10.0), 1.0).answer is PASS
    assert judge_continuity(7, [], (0.0, 10.0), 1.0).answer is RETRY


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"faces": 0}, None),
        ({"faces": 0, "at": 1.01}, Code.FACE_LEFT),
        ({"faces": 0, "at": 1.0}, None),
        ({"faces": 0, "at": math.nan}, Code.FACE_LEFT),
        ({"faces": 2}, None),
        ({"track": 8}, Code.FACE_CHANGED),
        ({"track": 8, "faces": 0}, None),
    ],
)
def test_when_a_frame_breaks_a_challenge_off(changes, code):
    seen = replace(FaceSeen(at=0.5, seq=1, faces=1, track=7), **changes)
    found = find_break(7, seen, 0.0, 1.0)
    assert (found.code if found else None) is code


# ── stream ───────────────────────────────────────────────────────────────────────────────────────

SENSOR = StreamSeen(frames=20, fps=25.0, jitter_ms=1.2, noise=1.8)
ALL = replace(LIMITS.stream, refuses=tuple(c for c in Code if c.value.startswith("stream.")))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, Code.OK),
        ({"frames": 19}, Code.STREAM_UNKNOWN),
        ({"repeated": ALL.max_repeats}, Code.OK),
        ({"repeated": ALL.max_repeats + 1}, Code.STREAM_REPEATED),
        ({"loop_s": 0.1}, Code.STREAM_LOOP),
        ({"backwards": 1}, Code.STREAM_TIMING),
        ({"fps": None}, Code.STREAM_TIMING),
        ({"fps": ALL.max_fps}, Code.OK),
        ({"fps": ALL.max_fps + 0.1}, Code.STREAM_TIMING),
        ({"fps": math.nan}, Code.STREAM_TIMING),
        ({"jitter_ms": None}, Code.STREAM_TIMING),
        ({"jitter_ms": ALL.min_jitter_ms}, Code.OK),
        ({"jitter_ms": ALL.min_jitter_ms / 2}, Code.STREAM_TIMING),
        ({"noise": None}, Code.STREAM_NO_NOISE),
        ({"noise": ALL.min_noise}, Code.OK),
        ({"noise": ALL.min_noise - 0.01}, Code.STREAM_NO_NOISE),
        ({"still_s": ALL.max_still_s}, Code.OK),
        ({"still_s": ALL.max_still_s + 0.1}, Code.STREAM_STILL),
    ],
)
def test_stream(changes, code):
    verdict = judge_stream(replace(SENSOR, **changes), ALL)
    assert (verdict.answer, verdict.code) == (PASS if code is Code.OK else REFUSE, code)
    evidence = judge_stream(replace(SENSOR, **changes), replace(ALL, refuses=()))
    assert evidence.answer is (PASS if code is Code.OK else REVIEW)


def test_what_was_measured_of_the_stream_goes_along():
    seen = replace(SENSOR, held=3, repeated=1, backwards=2, loop_s=0.5, still_s=0.25)
    assert judge_stream(seen, ALL).measured == {
        "frames": 20,
        "held": 3,
        "repeated": 1,
        "backwards": 2,
        "fps": 25.0,
        "jitter_ms": 1.2,
        "noise": 1.8,
        "loop_s": 0.5,
        "still_s": 0.25,
        "findings": "stream.loop stream.timing",
    }


def test_of_several_findings_the_one_that_refuses_is_named():
    limits = replace(ALL, refuses=(Code.STREAM_STILL,))
    seen = replace(SENSOR, loop_s=1.0, still_s=99.0)
    verdict = judge_stream(seen, limits)
    assert (verdict.answer, verdict.code) == (REFUSE, Code.STREAM_STILL)
    assert verdict.measured["findings"] == "stream.loop stream.still"
    assert judge_stream(None, limits).code is Code.STREAM_UNKNOWN


def test_a_challenge_of_another_length():
    four = Challenge(id="c", digits=(1, 2, 3, 4), gaps_s=(1.0,) * 4, expires_unix=0.0)
    assert judge_digits(four, SHOWN[:4], [], LIMITS.digits, LIMITS.sound).required["right"] == 4

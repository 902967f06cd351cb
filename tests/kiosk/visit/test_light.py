"""The light challenge in the visit: derived from the challenge, judged against what was shown."""

import math
from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Challenge, Check, FaceSeen, Outcome, Stage, VerdictAnswer
from kiosk.visit.rules import light
from kiosk.visit.rules.light import judge_light
from tests.support.visit_driver import LIMITS, VisitDriver, changed

REQUIRED = changed(LIMITS, light={"mode": "required"})
CHALLENGE = Challenge(
    id="0f2d6a4be1c84b7f9a3b5c6d7e8f9012", digits=(1, 2, 3, 4, 5, 6), gaps_s=(1.0,) * 6, expires_unix=2e9
)
STEPS = 13
HOLD_S = 0.6


def shown(steps=STEPS):
    return [10.0 + i * HOLD_S for i in range(steps)]


def face(letters, gain, noise=0.01, drift=0.0, delay=0.06, seed=1):
    """Frames of a face that throws `letters` back with `gain`; `drift`: of the white balance, a second."""
    random = np.random.default_rng(seed)
    frames = []
    for i in range(130):
        at = 9.6 + i / 15
        step = min(max(math.floor((at - delay - 10.0) / HOLD_S), -1), len(letters) - 1)
        red, green, blue = light.LINEAR[letters[step]] if step >= 0 else (0.5, 0.5, 0.5)
        answer = [gain * (x - green) + drift * at + random.normal(0, noise) for x in (red, blue)]
        frames.append(FaceSeen(at=at, seq=i, faces=1, light=(answer[0], answer[1])))
    return frames


def own():
    return light.colours(CHALLENGE.id, STEPS)


def test_colours_follow_from_the_challenge_alone():
    """The example of the protocol; central derives the same (`tests/central`)."""
    assert own() == "BAGAGBAGRABGB"
    assert light.colours(CHALLENGE.id, 40).startswith(own())


@pytest.mark.parametrize("count", [0, 1, 200])
def test_no_colour_comes_twice_in_a_row(count):
    found = light.colours("x", count)
    assert len(found) == count
    assert all(a != b for a, b in pairwise(found))


def test_colours_are_equally_common():
    found = light.colours("y", 8000)
    assert all(abs(found.count(c) - 2000) < 200 for c in light.LETTERS)


def test_no_flash_and_no_saturated_red():
    """WCAG 2.2, 2.3.1: no change of relative luminance by a tenth, no state with R / (R + G + B) ≥ 0.8."""
    bright = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in light.LINEAR.values()]
    assert max(bright) - min(bright) < 0.1 * 0.5
    assert all(r / (r + g + b) < 0.8 for r, g, b in light.LINEAR.values())
    assert LIMITS.light.hold_s >= 1 / 3


def test_a_face_that_follows_passes():
    verdict = judge_light(CHALLENGE, shown(), face(own(), 0.2), REQUIRED.light)
    assert (verdict.answer, verdict.code) == (VerdictAnswer.PASS, Code.OK)
    assert verdict.measured["gain"] == pytest.approx(0.2, rel=0.1)
    assert verdict.measured["colours"] == own()


def test_drift_of_the_white_balance_changes_little():
    verdict = judge_light(CHALLENGE, shown(), face(own(), 0.2, drift=0.05), REQUIRED.light)
    assert verdict.answer is VerdictAnswer.PASS


def test_a_face_without_an_answer_is_told_from_one_that_cannot_be_judged():
    still = judge_light(CHALLENGE, shown(), face(own(), 0.0, noise=0.005), REQUIRED.light)
    noisy = judge_light(CHALLENGE, shown(), face(own(), 0.04, noise=0.6), REQUIRED.light)
    assert (still.answer, still.code) == (VerdictAnswer.RETRY, Code.LIGHT_ABSENT)
    assert (noisy.answer, noisy.code) == (VerdictAnswer.RETRY, Code.LIGHT_UNCLEAR)


def test_a_weak_answer_in_step_is_not_an_absent_one():
    """A face far from a small screen in a bright shop: nobody is stopped for good because of it."""
    weak = judge_light(CHALLENGE, shown(), face(own(), 0.02, noise=0.002), REQUIRED.light)
    assert weak.measured["gain"] < REQUIRED.light.min_gain
    assert weak.code is Code.LIGHT_UNCLEAR


@pytest.mark.parametrize("number", range(20))
def test_the_answer_to_an_earlier_challenge_fails(number):
    recorded = face(light.colours(f"earlier {number}", STEPS), 0.5, seed=number)
    assert judge_light(CHALLENGE, shown(), recorded, REQUIRED.light).answer is VerdictAnswer.RETRY


def test_an_answer_a_step_late_fails():
    late = face("B" + own()[:-1], 0.5)
    assert judge_light(CHALLENGE, shown(), late, REQUIRED.light).answer is VerdictAnswer.RETRY


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [replace(f, light=None) for f in face("BAGR" * 4, 0.3)],
        [replace(f, light=(math.nan, math.nan)) for f in face("BAGR" * 4, 0.3)],
        [replace(f, light=(0.0, 0.0)) for f in face("BAGR" * 4, 0.3)],
        face("BAGR" * 4, 0.3)[:30],
    ],
    ids=["none", "unmeasured", "nan", "constant", "too few"],
)
def test_what_is_missing_is_never_a_pass(frames):
    assert judge_light(CHALLENGE, shown(), frames, REQUIRED.light).answer is VerdictAnswer.RETRY
    assert judge_light(CHALLENGE, [], frames, REQUIRED.light).code is Code.LIGHT_UNSEEN


def test_as_evidence_it_stops_nobody_and_is_no_pass():
    verdict = judge_light(CHALLENGE, shown(), face(own(), 0.0), LIMITS.light)
    assert verdict.answer is VerdictAnswer.REVIEW


def test_the_colours_are_ordered_with_the_open_ear():
    drive = VisitDriver(LIMITS).to_ear()
    order = drive.all(e.ShowLight)[-1]
    assert order.colours == light.colours("c1", len(order.colours))
    assert len(order.colours) * order.hold_s >= 6.0


def test_off_orders_none_and_judges_none():
    drive = VisitDriver(changed(LIMITS, light={"mode": "off"})).to_digits()
    drive.read()
    assert not drive.all(e.ShowLight)
    assert Check.LIGHT not in {v.check for v in drive.visit.verdicts}


def test_who_asks_for_a_steady_screen_gets_one():
    drive = VisitDriver(LIMITS).to_digits()
    orders = drive.feed(e.LightDeclined())
    assert orders == [e.ShowLight("", LIMITS.light.hold_s)]
    drive.read()
    verdict = next(v for v in drive.visit.verdicts if v.check is Check.LIGHT)
    assert (verdict.answer, verdict.code) == (VerdictAnswer.REVIEW, Code.LIGHT_DECLINED)
    assert drive.visit.stage is Stage.SUBMIT


def test_where_it_is_required_a_steady_screen_leads_to_the_clerk():
    drive = VisitDriver(REQUIRED).to_digits()
    drive.feed(e.LightDeclined())
    drive.read()
    assert drive.slip.outcome is Outcome.REFERRED
    assert drive.slip.code is Code.LIGHT_DECLINED


def test_where_it_is_required_no_answer_costs_a_try():
    drive = VisitDriver(REQUIRED).to_digits()
    drive.read()
    assert drive.visit.stage is Stage.DIGITS
    assert drive.all(e.Show)[-1].code is Code.LIGHT_UNSEEN

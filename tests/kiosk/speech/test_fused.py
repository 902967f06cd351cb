"""Two recognisers as one: how their answers are pooled, and what happens when one of them falls out."""

import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError, SettingsError
from kiosk.model import Challenge, VerdictAnswer
from kiosk.settings import DriverChoice, driver_class, driver_settings, load
from kiosk.speech.digits import CLASSES
from kiosk.speech.recognisers.fused import PooledRecogniser, pooled
from kiosk.visit.rules.digits import judge_digits
from tests.kiosk.speech.test_listener import Scene
from tests.support.onnx_stub import lively, network
from tests.support.recognisers import stub_context
from tests.support.sounds import BrokenRecogniser, PitchRecogniser, mix, noise, voice

LIMITS = load().visit
SHOWN = [0.5 + 1.2 * i for i in range(6)]
DIGITS = (3, 1, 4, 1, 5, 9)


class Second:
    """Answers "it was a 7" to everything, until it is told to fail; then as `failing` says."""

    name, version = "second", "1"

    def __init__(self, lasts=99, failing=None):
        self.asked, self._lasts, self._failing = 0, lasts, failing

    def score(self, samples, onset):
        self.asked += 1
        if self.asked > self._lasts:
            if self._failing is None:
                raise EngineError(Code.SPEECH_ENGINE_FAILED, "gone")
            return self._failing
        scores = np.full(CLASSES, np.log(0.05))
        scores[7] = np.log(0.5)
        return tuple(scores)


def read_to(recogniser):
    """Everybody's digits, read to this recogniser; what was heard, and the verdict."""
    sound = mix(noise(9.0), *((voice(d), at + 0.4) for d, at in zip(DIGITS, SHOWN, strict=True)))
    heard = Scene(recogniser).play(sound, SHOWN)
    in_order = [heard[i] for i in range(len(DIGITS))]
    challenge = Challenge(id="c", digits=DIGITS, gaps_s=(1.2,) * 6, expires_unix=2e9)
    shown = [1000.0 + at for at in SHOWN]
    return in_order, judge_digits(challenge, shown, in_order, LIMITS.digits, LIMITS.sound)


def test_a_pool_is_posteriors_again_and_lies_between_its_parts():
    random = np.random.default_rng(1)
    leading, second = (np.log(random.dirichlet(np.ones(CLASSES))) for _ in range(2))
    together = np.array(pooled(leading, second, 0.3))
    assert np.exp(together).sum() == pytest.approx(1.0)
    assert np.allclose(np.diff(together), 0.7 * np.diff(leading) + 0.3 * np.diff(second))
    assert np.allclose(pooled(leading, second, 0.0), leading)


def test_both_answer_and_the_evidence_says_so():
    second = Second()
    heard, verdict = read_to(PooledRecogniser(PitchRecogniser(), second, 0.3))
    assert {h.by for h in heard} == {"fused"}
    assert second.asked == 6
    assert (verdict.answer, verdict.measured["by"]) == (VerdictAnswer.PASS, "fused")
    assert all(h.scores[7] > np.log(0.01) for h in heard), "the second one's word counts"


@pytest.mark.parametrize("failing", [None, (), (0.0,) * 10, (float("nan"),) * 11], ids=str)
def test_a_second_that_falls_out_leaves_the_leading_one_alone_under_the_same_rule(failing):
    heard, verdict = read_to(PooledRecogniser(PitchRecogniser(), Second(2, failing), 0.3))
    assert [h.by for h in heard] == ["fused"] * 2 + ["pitch"] * 4
    alone, _ = read_to(PitchRecogniser())
    assert [h.scores for h in heard[2:]] == [h.scores for h in alone[2:]]
    assert (verdict.answer, verdict.measured["by"]) == (VerdictAnswer.PASS, "fused pitch")
    _, by_itself = read_to(PitchRecogniser())
    assert verdict.required == by_itself.required


def test_wrong_digits_do_not_pass_because_the_second_one_fell_out():
    heard, _ = read_to(PooledRecogniser(PitchRecogniser(), Second(0), 0.3))
    asked = Challenge(id="c", digits=(2, 0, 3, 0, 4, 8), gaps_s=(1.2,) * 6, expires_unix=2e9)
    verdict = judge_digits(asked, [1000.0 + at for at in SHOWN], heard, LIMITS.digits, LIMITS.sound)
    assert (verdict.answer, verdict.code) == (VerdictAnswer.RETRY, Code.SPEECH_WRONG_DIGITS)


def test_without_the_leading_one_nothing_counts():
    heard, verdict = read_to(PooledRecogniser(BrokenRecogniser(), Second(), 0.3))
    assert {h.fault for h in heard} == {Code.SPEECH_ENGINE_FAILED}
    assert (verdict.answer, verdict.code) == (VerdictAnswer.RETRY, Code.SPEECH_ENGINE_FAILED)


def made(folder, **options):
    choice = DriverChoice("fused", options)
    kind = driver_class("recogniser", choice)
    settings = driver_settings("recogniser", choice, kind.Settings)
    return kind(settings, stub_context(folder, network(lively())))


def test_a_terminal_whose_vosk_model_is_missing_does_not_come_into_service(tmp_path):
    with pytest.raises(ModelError) as caught:
        made(tmp_path)
    assert caught.value.code is Code.MODEL_MISSING


@pytest.mark.parametrize("options", [{"weight": 0.0}, {"weight": 0.7}, {"vosk": {"modle": "x"}}], ids=str)
def test_settings_that_make_no_sense_are_refused(tmp_path, options):
    with pytest.raises(SettingsError):
        made(tmp_path, **options)

"""The weight of a second recogniser: chosen on the others, tried on the one who was left out."""

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from evaluation.speech import drivers
from evaluation.speech.datasets import read
from evaluation.speech.fusion import DigitAnswers, Fusion, best_weight, format_fusion, leave_one_out
from evaluation.speech.measurement import Plan, measure
from kiosk.settings import DriverChoice, load
from tests.evaluation.speech.speech_folders import made_up
from tests.support.sounds import PitchRecogniser


def answer(digit, sure):
    scores = np.full(11, np.log((1 - sure) / 10))
    scores[digit] = np.log(sure)
    return tuple(scores.tolist())


def digits(speaker, leading, second, count=10):
    """`leading` and `second`: (digit that is heard, how sure) when a 3 is said."""
    one = DigitAnswers(speaker=speaker, digit=3, leading=answer(*leading), second=answer(*second))
    return [one] * count


def test_a_better_second_recogniser_gets_weight():
    heard = digits("a", (8, 0.4), (3, 0.9)) + digits("b", (8, 0.4), (3, 0.9))
    found = leave_one_out(heard, "one", "two")
    assert all(one.weight > 0 and one.fused.errors == 0 for one in found.speakers)
    assert [one.leading.errors for one in found.speakers] == [10, 10]
    assert (found.gained, found.lost) == (20, 0)
    assert found.chance < 0.001
    assert "20 digits more" in format_fusion(found)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Fusion) == found


def test_a_worse_second_recogniser_gets_no_weight():
    heard = digits("a", (3, 0.6), (8, 0.9)) + digits("b", (3, 0.6), (5, 0.9))
    assert best_weight(heard) == 0.0
    assert (leave_one_out(heard, "one", "two").gained, leave_one_out(heard, "one", "two").lost) == (0, 0)


def test_the_weight_is_not_chosen_on_the_speaker_it_is_tried_on():
    """Only b profits: when b is left out, nothing favours the second recogniser."""
    heard = digits("a", (3, 0.6), (8, 0.9)) + digits("b", (8, 0.4), (3, 0.9))
    found = {one.speaker: one for one in leave_one_out(heard, "one", "two").speakers}
    assert (found["b"].weight, found["b"].fused.errors) == (0.0, 10)
    assert found["a"].weight > 0.0


def test_one_speaker_alone_gives_no_result():
    found = leave_one_out(digits("a", (3, 0.9), (3, 0.9)), "one", "two")
    assert (found.speakers, found.weight, format_fusion(found)) == ([], None, "")


def test_fusion_is_measured_on_the_challenges(tmp_path):
    for name in ("anna", "bela"):
        made_up(tmp_path / name, name)
    found = {n: drivers.RecordingRecogniser(PitchRecogniser()) for n in ("embedded", "vosk")}
    plan = Plan(seed=1, snrs_db=(20.0,), noises=("white",), challenges=2, wrong_codes=5, fusion=True)
    fusion = measure(read(tmp_path, load().speech), found, {}, load(), plan=plan).fusion
    assert [(s.speaker, s.leading.trials) for s in fusion.speakers] == [("anna", 12), ("bela", 12)]
    without = measure(read(tmp_path, load().speech), {"vosk": found["vosk"]}, {}, load(), plan=plan)
    assert without.fusion is None


@pytest.mark.parametrize(
    ("own", "name", "options"),
    [
        (DriverChoice("vosk", {"model": "x"}), "fused", {"vosk": {"model": "x"}}),
        (DriverChoice("fused", {"weight": 0.2, "vosk": {"model": "x"}}), "vosk", {"model": "x"}),
        (DriverChoice("fused", {"weight": 0.2}), "embedded", {}),
        (DriverChoice("vosk", {"model": "x"}), "embedded", {}),
    ],
    ids=str,
)
def test_the_three_drivers_are_compared_with_the_same_models(own, name, options):
    assert drivers.choice(name, replace(load(), recogniser=own)).options == options

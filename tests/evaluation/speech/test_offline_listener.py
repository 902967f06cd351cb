"""Sound through the real listener, and the terminal's own rule on what it heard."""

import msgspec
import numpy as np
import pytest

from evaluation.speech.challenge_audio import ChallengeAudio, isolated_clip, trim
from evaluation.speech.noise import NOISES
from evaluation.speech.offline_listener import longest_reading_s, play_clip, play_recording, simulate_reading
from evaluation.speech.reading_plan import plan_reading
from evaluation.speech.results import NO_ANSWER, isolated_answer, isolated_rates, pool, pools
from evaluation.speech.trials import MISSES, RULES, score_trial
from kiosk.model import SAMPLE_RATE, DigitHeard
from kiosk.settings import load
from kiosk.speech.digits import CLASSES
from tests.evaluation.speech.speech_folders import AT_ONCE, clip, read_aloud
from tests.support.sounds import BrokenRecogniser, PitchRecogniser, mix, noise, voice

SETTINGS = load()
SPEECH, LIMITS = SETTINGS.speech, SETTINGS.visit
CLIPS = {d: [trim(clip(d), SPEECH)] for d in range(10)}
SHOWN = (1.0, 2.1, 3.3)


def scene(seed=1, snr_db=25.0):
    return read_aloud(CLIPS, "white", snr_db, seed)


def recording(*said, digits=(4, 0, 9), seconds=6.0):
    return ChallengeAudio(speaker="anna", digits=digits, shown=SHOWN, samples=mix(noise(seconds), *said))


def best(heard):
    return [int(np.argmax(h.scores)) if h.scores else None for h in heard]


def trial(one, heard, wrong_codes=300):
    return score_trial(one, heard, LIMITS, wrong_codes, np.random.default_rng(1))


@pytest.mark.parametrize("seed", range(4))
def test_digits_are_heard_in_their_windows(seed):
    one = scene(seed)
    heard = play_recording(one, PitchRecogniser(), SPEECH, LIMITS)
    assert best(heard) == list(one.digits)
    assert all(h.began > at + 0.25 for h, at in zip(heard, one.shown, strict=True))
    assert [h.window for h in heard] == list(range(6))


def test_the_same_sound_is_heard_the_same_way():
    assert play_recording(scene(), PitchRecogniser(), SPEECH, LIMITS) == play_recording(
        scene(), PitchRecogniser(), SPEECH, LIMITS
    )


def test_a_recording_that_ends_with_its_last_word_is_heard_to_its_end():
    said = [(voice(d), at + 0.4) for d, at in zip((4, 0, 9), SHOWN, strict=True)]
    one = recording(*said, seconds=SHOWN[2] + 0.4 + 0.41)
    assert best(play_recording(one, PitchRecogniser(), SPEECH, LIMITS)) == [4, 0, 9]


def test_speech_before_listening_begins_is_not_heard():
    one = recording((voice(4), 0.05), (voice(0), 2.5), (voice(9), 3.7))
    assert best(play_recording(one, PitchRecogniser(), SPEECH, LIMITS)) == [None, 0, 9]


def test_silence_is_no_answer_and_the_wait_is_no_longer_than_in_a_visit():
    heard = play_recording(recording(), PitchRecogniser(), SPEECH, LIMITS)
    assert best(heard) == [None, None, None]
    assert max(h.at for h in heard) < SHOWN[-1] + LIMITS.digits.last_s + 1.5


def test_an_engine_that_fails_is_a_fault_and_no_pass():
    heard = play_recording(scene(), BrokenRecogniser(), SPEECH, LIMITS)
    judged = trial(scene(), heard)
    assert judged.passed == (False,) * 4
    assert judged.accepted == (0,) * 4
    assert judged.faults == {"speech.engine_failed": 6}
    alone_heard = play_clip(
        isolated_clip("anna", 3, clip(3), np.random.default_rng(1)), BrokenRecogniser(), SPEECH, LIMITS
    )
    assert isolated_answer("anna", 3, alone_heard).fault
    assert isolated_answer("anna", 3, alone_heard).heard == NO_ANSWER


def test_a_long_clip_alone_is_heard_to_its_end():
    late = np.concatenate([noise(8.0, -75.0), clip(7)])
    heard = play_clip(
        isolated_clip("anna", 7, late, np.random.default_rng(1)), PitchRecogniser(), SPEECH, LIMITS
    )
    assert best([heard]) == [7]


def test_a_perfect_recogniser_accepts_just_the_wrong_codes_that_are_near():
    one = scene()
    judged = trial(one, play_recording(one, PitchRecogniser(), SPEECH, LIMITS), 8_000)
    assert judged.passed == (True,) * 4
    assert judged.accepted == judged.near
    assert judged.near[MISSES.index(2)] > judged.near[MISSES.index(1)] >= judged.near[MISSES.index(0)] == 0
    # of six random digits four agree in 15·0.9²·10⁻⁴, so about 10 times in 8 000
    assert 2 < judged.near[MISSES.index(2)] < 30


def test_a_digit_too_few_fails_the_stricter_rules_only():
    one = scene()
    heard = list(play_recording(one, PitchRecogniser(), SPEECH, LIMITS))
    heard[2] = DigitHeard(at=0.0, window=2)
    judged = trial(one, heard)
    assert dict(zip(RULES, judged.passed, strict=True)) == {2: True, 1: True, 0: False, None: True}
    assert (judged.right, judged.faults) == (5, {"speech.missing_digits": 1})


def test_wrong_codes_are_judged_by_the_rule_of_the_visit():
    """A recogniser that finds all digits likely alike has no margin: nothing passes, nothing is accepted."""
    one = scene()
    flat = tuple([-2.4] * CLASSES)
    heard = [
        msgspec.structs.replace(h, scores=flat)
        for h in play_recording(one, PitchRecogniser(), SPEECH, LIMITS)
    ]
    judged = trial(one, heard)
    assert (judged.right, judged.passed, judged.accepted) == (0, (False,) * 4, (0,) * 4)


def test_trials_are_pooled_with_their_counts():
    one = scene()
    good = trial(one, play_recording(one, PitchRecogniser(), SPEECH, LIMITS))
    bad = trial(one, play_recording(one, BrokenRecogniser(), SPEECH, LIMITS))
    marked = [
        msgspec.structs.replace(t, snr_db=snr, noise="white", speaker=who)
        for t, snr, who in ((good, 25.0, "anna"), (good, 10.0, "anna"), (bad, 10.0, "bela"))
    ]
    high, low = pools(marked, "snr_db", "noise")
    assert (high.snr_db, high.noise, high.trials, low.trials) == (25.0, "white", 1, 2)
    assert [(r.frr.errors, r.frr.trials, r.far.trials) for r in low.rules] == [(1, 2, 600)] * 4
    assert high.rules[0].frr_over_speakers is None
    assert low.rules[0].frr_over_speakers == (0.0, 1.0)
    assert (low.digits.errors, low.digits.trials, low.faults) == (6, 12, {"speech.engine_failed": 6})
    assert pool([]).rules[0].frr.value is None


def test_confusions_are_counted_by_digit_said_and_digit_heard():
    def heard(digit, other=0.0):
        scores = [0.01] * 10 + [other + 0.01]
        scores[digit] += 0.5
        return DigitHeard(at=0.0, window=0, scores=tuple(np.log(scores)), began=0.1)

    silent = DigitHeard(at=0.0, window=0)
    found = isolated_rates(
        [
            isolated_answer("anna", 3, heard(3)),
            isolated_answer("anna", 3, heard(8)),
            isolated_answer("bela", 3, silent),
            isolated_answer("bela", 7, heard(7, other=0.9)),
        ]
    )
    assert found.confusions[3] == [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1]
    assert (found.overall.errors, found.overall.trials) == (2, 4)
    assert (found.speakers["anna"].errors, found.speakers["bela"].errors) == (1, 1)
    assert (found.other, found.faults) == (1, 0)


# ── the terminal waits for its reader ────────────────────────────────────────────────────────────


def conversation(manner, seed, limits=LIMITS):
    """Whether the true code passes, and the scene."""
    random = np.random.default_rng(seed)
    person = plan_reading("anna", CLIPS, manner, random)
    ground = NOISES["white"](round(longest_reading_s(person, limits) * SAMPLE_RATE), random) * np.float32(
        1e-4
    )
    one, heard = simulate_reading(person, ground, PitchRecogniser(), SPEECH, limits)
    return trial(one, heard, 0).passed[MISSES.index(1)], one


def test_the_terminal_waits_for_slow_readers():
    """0.9 to 1.8 s after each digit appears; without the wait nearly all of them are sent back."""
    hurried = [conversation("slow", seed, AT_ONCE)[0] for seed in range(8)]
    waited = [conversation("slow", seed)[0] for seed in range(8)]
    assert sum(hurried) <= 2
    assert sum(waited) == 8


@pytest.mark.parametrize("manner", ["plain", "repeats", "hums", "coughs"])
def test_odd_manners_of_reading_are_understood(manner):
    assert sum(conversation(manner, seed)[0] for seed in range(6)) == 6


def test_waiting_costs_quick_readers_no_time():
    one, at_once = conversation("plain", 3)[1], conversation("plain", 3, AT_ONCE)[1]
    assert one.shown == pytest.approx(at_once.shown, abs=0.25)

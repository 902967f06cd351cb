"""The listener: one answer for each shown digit, whatever is (not) said."""

import threading
import time

import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.events import WindowOpened
from kiosk.model import AudioBlock
from kiosk.settings import load
from kiosk.speech.display_windows import DisplayWindows
from kiosk.speech.listener import QUEUE_BLOCKS, Listener
from kiosk.worker import Worker
from tests.support.sounds import (
    RATE,
    BrokenRecogniser,
    PitchRecogniser,
    blocks,
    cough,
    mix,
    noise,
    voice,
)

LIMITS = load().speech
START = 1000.0
"""Capture time of the first sample."""


class Scene:
    """A listener that is driven step by step; its clock is the end of the newest block."""

    def __init__(self, recogniser=None):
        self.recogniser = recogniser or PitchRecogniser()
        self.told = []
        self.now = START
        self.listener = Listener(self.recogniser, LIMITS, post=self._post, clock=lambda: self.now)

    def _post(self, event):
        self.told.append(event)

    def play(self, sound, shown, gap_s=1.8, last_s=2.0, keep=lambda block: True):
        """Show digits at the times `shown` (seconds into the sound) while the sound is heard."""
        self.listener.listen(len(shown))
        waiting = list(enumerate(shown))
        for block in blocks(sound, START):
            while waiting and START + waiting[0][1] <= block.at:
                self._show(*waiting.pop(0), gap_s if len(waiting) else last_s)
            if keep(block):
                self.listener.feed(block)
            self.now = block.at + len(block.samples) / RATE
            while self.listener.step(0.0):
                pass
        return {heard.window: heard for heard in self.told}

    def _show(self, window, at, lasts_s):
        self.listener.open_window(WindowOpened(window, START + at, START + at + lasts_s))


def best(heard):
    return int(np.argmax(heard.scores))


SHOWN = [0.5, 1.7, 2.8, 4.1]
DIGITS = [3, 1, 4, 5]


def spoken(delay=0.45, without=(), **more):
    """Everybody's digits, each `delay` after it was shown."""
    parts = [(voice(d, **more), at + delay) for d, at in zip(DIGITS, SHOWN, strict=True)]
    return mix(noise(8.0), *(p for i, p in enumerate(parts) if i not in without))


def test_what_was_said_is_heard_once_each_with_its_times():
    heard = Scene().play(spoken(), SHOWN)
    assert [best(heard[i]) for i in range(4)] == DIGITS
    for i, at in enumerate(SHOWN):
        assert heard[i].began == pytest.approx(START + at + 0.45, abs=0.02)
        assert heard[i].ended == pytest.approx(START + at + 0.85, abs=0.02)
        assert heard[i].level_dbfs == pytest.approx(-20.0, abs=1.0)
        assert (heard[i].extra, heard[i].audio_lost, heard[i].fault) == (0, False, None)


def test_each_window_is_told_exactly_once():
    scene = Scene()
    scene.play(spoken(), SHOWN)
    assert [h.window for h in scene.told] == [0, 1, 2, 3]


def test_the_answer_comes_within_300_ms_of_the_voice():
    scene = Scene()
    scene.play(spoken(), SHOWN)
    assert all(h.at - h.ended < 0.3 for h in scene.told)


def test_the_recogniser_gets_sound_before_the_onset():
    scene = Scene()
    scene.play(spoken(), SHOWN)
    for length, onset in scene.recogniser.asked:
        assert onset == pytest.approx(LIMITS.pad_s * RATE, abs=RATE * 0.02)
        assert length - onset >= 0.4 * RATE


def test_a_silent_window_is_told_when_it_closes():
    scene = Scene()
    heard = scene.play(spoken(without=[1]), SHOWN)
    assert heard[1].began is None
    assert heard[1].scores == ()
    assert heard[1].at == pytest.approx(START + SHOWN[2] + 0.15, abs=0.06)
    assert [best(heard[i]) for i in (0, 2, 3)] == [3, 4, 5]


def test_whoever_says_nothing_gets_four_silent_windows():
    scene = Scene()
    heard = scene.play(noise(8.0), SHOWN)
    assert [heard[i].began for i in range(4)] == [None] * 4
    assert heard[3].at == pytest.approx(START + SHOWN[3] + 2.0, abs=0.06)


def test_a_voice_that_outlasts_its_window_is_still_its_answer():
    """Said slowly: it ends while the next digit is on the screen."""
    sound = mix(noise(4.0), (voice(3, 0.6), 1.35), (voice(1), 2.3))
    heard = Scene().play(sound, [0.5, 1.7])
    assert (best(heard[0]), best(heard[1])) == (3, 1)


def test_a_voice_right_after_the_next_digit_belongs_to_the_one_before():
    sound = mix(noise(4.0), (voice(3), 1.78), (voice(1), 2.5))
    heard = Scene().play(sound, [0.5, 1.7])
    assert (best(heard[0]), best(heard[1])) == (3, 1)
    assert heard[0].began > START + 1.7


def test_but_not_if_that_one_has_its_voice():
    sound = mix(noise(4.0), (voice(3), 0.9), (voice(1), 1.78))
    heard = Scene().play(sound, [0.5, 1.7])
    assert (best(heard[0]), best(heard[1])) == (3, 1)


def test_a_digit_that_is_said_twice_is_no_answer_to_the_next():
    """三…三: the second 三 begins when the next digit has just been painted; that one's answer follows."""
    sound = mix(noise(5.0), (voice(3), 0.9), (voice(3), 1.74), (voice(1), 2.5))
    heard = Scene().play(sound, [0.5, 1.7])
    assert (best(heard[0]), best(heard[1])) == (3, 1)
    assert heard[1].extra == 1


def test_of_an_unsure_and_a_sure_voice_the_sure_one_is_the_answer():
    """A cough that looks somewhat like a 7, then the digit."""

    class Unsure(PitchRecogniser):
        def score(self, samples, onset):
            scores = super().score(samples, onset)
            return tuple(np.log([0.04] * 7 + [0.55] + [0.04] * 3)) if int(np.argmax(scores)) == 10 else scores

    heard = Scene(Unsure()).play(mix(noise(5.0), (cough(), 0.8), (voice(3), 1.3)), [0.5])
    assert best(heard[0]) == 3


class Sureness(PitchRecogniser):
    """As sure of the digits named here as is said here; of others 0.9."""

    def __init__(self, **sure):
        super().__init__()
        self._sure = {int(name[1:]): share for name, share in sure.items()}

    def score(self, samples, onset):
        digit = int(np.argmax(super().score(samples, onset)))
        sure = self._sure.get(digit, 0.9)
        scores = np.full(11, np.log((1 - sure) / 10))
        scores[digit] = np.log(sure)
        return tuple(scores)


def hesitant(first, second, at=(0.8, 1.3), then=2.5, louder_db=(0.0, 0.0), **sure):
    """Two voices in the first window, the second digit in its own; everything told, in order."""
    scene = Scene(Sureness(**sure))
    lengths = zip((first, second), (0.25, 0.3), at, louder_db, strict=True)
    voices = [(voice(digit, seconds, -20.0 + db), when) for digit, seconds, when, db in lengths]
    sound = mix(noise(5.0), *voices, (voice(1), then))
    scene.play(sound, [0.5, 2.0])
    return scene.told


def test_a_hum_that_was_taken_for_a_digit_is_told_again_when_the_digit_follows():
    """嗯 … 三: the recogniser was sure of a 5, and hears a 3 in the same window."""
    first, again, other = hesitant(5, 3, d5=0.95, d3=0.85)
    assert (first.window, best(first), first.extra) == (0, 5, 0)
    assert (again.window, best(again), again.extra) == (0, 3, 1)
    assert again.began == pytest.approx(START + 1.3, abs=0.02)
    assert (other.window, best(other)) == (1, 1)


def test_what_somebody_says_from_behind_changes_nothing():
    told = hesitant(3, 7, louder_db=(0.0, -15.0))
    assert [(h.window, best(h)) for h in told] == [(0, 3), (1, 1)]


def test_a_weak_voice_before_the_customers_own_is_no_answer_either():
    told = hesitant(7, 3, louder_db=(-15.0, 0.0))
    assert [(h.window, best(h)) for h in told] == [(0, 7), (0, 3), (1, 1)]


def test_a_hum_of_which_nothing_sure_was_heard_holds_the_window_open():
    told = hesitant(5, 3, d5=0.5, d3=0.95)
    assert [(h.window, best(h), h.extra) for h in told] == [(0, 3, 1), (1, 1, 0)]


def test_what_is_said_after_the_next_digit_was_shown_mends_nothing():
    """Once the next digit is on the screen, a voice is an answer to it."""
    told = hesitant(5, 3, at=(0.8, 2.3), then=3.0, d5=0.85, d3=0.95)
    assert [(h.window, best(h)) for h in told] == [(0, 5), (1, 3), (1, 1)]


def test_several_digits_in_a_window_are_one_guess():
    """All ten, in a row: whichever is expected, at most one of them counts."""
    sound = mix(noise(9.0), *((voice(d, 0.2), 0.9 + 0.4 * d) for d in range(10)))
    heard = Scene().play(sound, [0.5, 5.5], last_s=2.0, gap_s=5.0)
    assert best(heard[0]) == 9
    assert heard[0].extra == 9
    assert (
        sum(heard[0].scores[d] > max(s for i, s in enumerate(heard[0].scores) if i != d) for d in range(10))
        == 1
    )


def test_the_last_digit_is_told_at_once_and_with_it_the_reading_is_over():
    """Nothing is waited for after the last digit of a challenge: the first sure voice is told."""
    scene = Scene()
    scene.play(mix(noise(5.0), (voice(7), 0.9), (voice(3), 1.6)), [0.5])
    assert best(scene.told[0]) == 7
    assert scene.told[0].at - scene.told[0].ended < 0.3


def test_a_voice_before_the_first_digit_is_told_with_its_true_time():
    heard = Scene().play(mix(noise(4.0), (voice(3), 0.35)), [0.5, 1.7])
    assert heard[0].began == pytest.approx(START + 0.35, abs=0.02)


def test_talk_that_was_over_before_the_first_digit_is_nobodys_answer():
    heard = Scene().play(mix(noise(4.0), (voice(7, 0.2), 0.2), (voice(3), 1.3)), [0.9])
    assert best(heard[0]) == 3
    assert heard[0].extra == 0


def test_a_sound_without_end_does_not_hold_the_last_window_open():
    """Music is cut at the longest voice and goes on at once; a later part belongs to no digit."""
    windows = DisplayWindows(1)
    windows.open(WindowOpened(0, START, START + 2.0))
    assert windows.due(START + 2.5, open_since=START + 1.9) == [], "somebody is still speaking"
    assert [w.number for w in windows.due(START + 3.0, open_since=START + 2.1)] == [0]


def test_a_cough_is_no_answer_while_a_digit_may_follow():
    heard = Scene().play(mix(noise(4.0), (cough(), 0.7), (voice(3), 1.2)), [0.5, 2.0])
    assert best(heard[0]) == 3
    assert heard[0].extra == 1


def test_a_cough_alone_is_told_for_what_it_is():
    heard = Scene().play(mix(noise(4.0), (cough(), 0.7)), [0.5, 2.0])
    assert best(heard[0]) == 10
    assert heard[0].began == pytest.approx(START + 0.7, abs=0.02)


def test_clipped_and_quiet_and_noisy_voices_are_measured():
    clipped = Scene().play(np.clip(spoken(dbfs=0.0), -1, 1), SHOWN)
    assert clipped[0].clipped > 0.05
    quiet = Scene().play(spoken(dbfs=-48.0), SHOWN)
    assert quiet[0].level_dbfs < -45.0
    noisy = Scene().play(mix(noise(8.0, -32.0), (voice(3), 0.9)), SHOWN)
    assert noisy[0].snr_db < 18.0


def test_a_missing_block_marks_the_windows_that_wait():
    heard = Scene().play(spoken(), SHOWN, keep=lambda block: not 100 <= block.seq < 103)
    assert [heard[i].audio_lost for i in range(4)] == [False, True, False, False]


def test_samples_that_are_no_numbers_are_lost_sound():
    sound = spoken()
    sound[round(2.0 * RATE)] = np.nan
    heard = Scene().play(sound, SHOWN)
    assert heard[1].audio_lost
    assert not heard[2].audio_lost


def test_a_queue_that_is_full_says_what_it_lost():
    """Nobody takes blocks for longer than the queue holds: hearing goes on, with the loss marked."""
    scene = Scene()
    scene.listener.listen(1)
    scene.listener.open_window(WindowOpened(0, START + 0.2, START + 6.0))
    sound = list(blocks(noise(7.0), START))
    for block in sound[: QUEUE_BLOCKS + 20]:
        scene.listener.feed(block)
    while scene.listener.step(0.0):
        pass
    for block in sound[QUEUE_BLOCKS + 20 :]:
        scene.listener.feed(block)
        scene.listener.step(0.0)
    (heard,) = scene.told
    assert heard.audio_lost


def test_a_recogniser_that_fails_is_a_fault_of_ours(caplog):
    heard = Scene(BrokenRecogniser()).play(spoken(), SHOWN)
    assert [heard[i].fault for i in range(4)] == [Code.SPEECH_ENGINE_FAILED] * 4
    assert heard[0].scores == ()


@pytest.mark.parametrize("scores", [(), (0.0,) * 10, (float("nan"),) * 11])
def test_scores_of_a_wrong_shape_are_a_fault(scores, caplog):
    recogniser = PitchRecogniser()
    recogniser.score = lambda samples, onset: scores
    assert Scene(recogniser).play(spoken(), SHOWN)[0].fault is Code.SPEECH_ENGINE_FAILED


def test_after_stop_nothing_is_told_and_no_sound_is_kept():
    scene = Scene()
    scene.listener.listen(1)
    scene.listener.open_window(WindowOpened(0, START + 0.5, START + 3.0))
    for block in blocks(spoken()[: round(1.2 * RATE)], START):
        scene.listener.feed(block)
    scene.listener.stop()
    while scene.listener.step(0.0):
        pass
    assert not scene.listener._buffer._ring.any()
    assert not scene.listener._endpointer._rest.any()
    for block in blocks(spoken()[round(1.2 * RATE) :], START + 1.2, seq=60):
        scene.listener.feed(block)
        scene.listener.step(0.0)
    assert scene.told == []
    assert not scene.listener._buffer._ring.any()


def test_a_second_challenge_begins_afresh():
    scene = Scene()
    scene.play(spoken(), SHOWN)
    scene.told.clear()
    heard = scene.play(spoken(without=[0]), SHOWN)
    assert heard[0].began is None
    assert best(heard[1]) == 1


def test_windows_out_of_order_or_unasked_are_ignored():
    scene = Scene()
    scene.listener.open_window(WindowOpened(0, START, START + 1.0))
    scene.listener.listen(1)
    scene.listener.open_window(WindowOpened(3, START, START + 1.0))
    for block in blocks(noise(2.0), START):
        scene.listener.feed(block)
        scene.listener.step(0.0)
    scene.listener.step(0.0)
    assert scene.told == []


def test_odd_sounds_do_no_harm():
    t = np.arange(4 * RATE) / RATE
    for sound in (
        np.zeros(4 * RATE),
        np.sin(2 * np.pi * 1000 * t),
        np.full(4 * RATE, 1.0),
        np.full(4 * RATE, np.nan),
    ):
        scene = Scene()
        scene.listener.feed(AudioBlock(samples=np.zeros(0, np.float32), seq=0, at=START))
        heard = scene.play(sound.astype(np.float32), [0.5, 1.7], last_s=1.0)
        assert sorted(heard) == [0, 1]


def test_a_microphone_that_falls_silent_is_noticed_by_the_clock():
    """On a real thread with the real clock: no block ever comes, the window is told as lost."""
    told = threading.Event()
    events = []

    def post(event):
        events.append(event)
        told.set()

    listener = Listener(PitchRecogniser(), LIMITS, post=post, clock=time.monotonic)
    worker = Worker("speech", listener.run).start()
    try:
        listener.listen(1)
        now = time.monotonic()
        listener.open_window(WindowOpened(0, now, now + 0.2))
        assert told.wait(60.0)
    finally:
        assert worker.stop()
    assert events[0].audio_lost
    assert events[0].began is None


def test_the_meter_follows_the_sound_and_falls_when_it_ends():
    scene = Scene()
    assert scene.listener.level_dbfs() == -120.0
    for block in blocks(noise(0.5, -30.0), START):
        scene.listener.feed(block)
        scene.now = block.at
        scene.listener.step(0.0)
    assert scene.listener.level_dbfs() == pytest.approx(-33.0, abs=4.0)
    scene.now += 1.0
    assert scene.listener.level_dbfs() == -120.0

"""From the raw blocks of a sound card to the digits that were understood: any rate, either channel, DC."""

import numpy as np
import pytest
import soxr

from kiosk.capture.microphone import BLOCK_S, BlockReader
from kiosk.events import WindowOpened
from kiosk.model import SAMPLE_RATE
from kiosk.paths import RESOURCES
from kiosk.settings import load
from kiosk.simulators.voice import Voice
from kiosk.speech.listener import Listener
from kiosk.speech.recognisers.embedded import Embedded, EmbeddedSettings
from kiosk.visit.rules.microphone_level import judge_level
from tests.support.recognisers import context_of
from tests.support.sounds import mix, noise

DIGITS = (3, 8, 0)
SHOWN = (0.8, 2.4, 4.0)
CUSTOMERS = RESOURCES / "sounds" / "customer"
LIMITS = load()


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory):
    if not (CUSTOMERS / "zm_yunyang").is_dir():
        pytest.skip("no clips of this customer")
    return Embedded(EmbeddedSettings(), context_of(tmp_path_factory.mktemp("none")))


def said(level_db=0.0):
    """A customer in a quiet shop, at 16 kHz."""
    voice = Voice(CUSTOMERS / "zm_yunyang", seed=1)
    clips = [(voice.say(d, 0), at + 0.4) for d, at in zip(DIGITS, SHOWN, strict=True)]
    return mix(noise(6.5, -62.0), *clips) * np.float32(10 ** (level_db / 20))


def heard(recogniser, raw, rate, channel=0):
    """(n, channels) as PortAudio hands it over, in its blocks → what was heard in each window."""
    told, now = {}, [0.0]
    ear = Listener(
        recogniser,
        LIMITS.speech,
        post=lambda heard: told.__setitem__(heard.window, heard),
        clock=lambda: now[0],
    )
    intake, size = BlockReader(rate, channel), round(rate * BLOCK_S)
    ear.listen(len(SHOWN))
    waiting = list(enumerate(SHOWN))
    for begin in range(0, len(raw) - size + 1, size):
        now[0] = (begin + size) / rate
        while waiting and waiting[0][1] <= now[0]:
            window, at = waiting.pop(0)
            ear.open_window(WindowOpened(window, at, at + 1.6))
        ear.feed(intake.take(raw[begin : begin + size], begin / rate, False))
        while ear.step(0.0):
            pass
    return [told[i] for i in range(len(SHOWN))]


def digits(answers):
    return tuple(int(np.argmax(h.scores[:10])) if h.scores else None for h in answers)


def card(sound, rate, live=0, channels=2, dc=0.0):
    """Sound as a card of another rate gives it: one live channel, the others with its own hiss."""
    there = soxr.resample(sound, SAMPLE_RATE, rate).astype(np.float32)
    raw = np.stack([noise(len(there) / SAMPLE_RATE, -85.0, c)[: len(there)] for c in range(channels)], 1)
    raw[:, live] = there
    return raw + np.float32(dc)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("live", [0, 1])
def test_digits_are_understood_at_any_rate_and_on_either_channel(recogniser, rate, live):
    answers = heard(recogniser, card(said(), rate, live), rate)
    assert digits(answers) == DIGITS
    for answer, at in zip(answers, SHOWN, strict=True):
        assert answer.began == pytest.approx(at + 0.4, abs=0.08)
        assert not answer.audio_lost


@pytest.mark.parametrize("dc", [0.3, -0.3])
def test_direct_current_changes_nothing(recogniser, dc):
    without, offset = (heard(recogniser, card(said(), 48_000, dc=d), 48_000) for d in (0.0, dc))
    assert digits(offset) == DIGITS
    for a, b in zip(without, offset, strict=True):
        assert b.level_dbfs == pytest.approx(a.level_dbfs, abs=0.5)
        assert b.clipped <= 0.001


def test_the_wrong_channel_is_silence_and_no_answer(recogniser):
    """Chosen by hand in the settings, and dead: nothing is heard, and the clerk is told why."""
    answers = heard(recogniser, card(said(), 48_000, live=0), 48_000, channel=2)
    assert digits(answers) == (None,) * 3
    code, _ = judge_level(answers, LIMITS.visit.sound)
    assert code.value == "microphone.too_quiet"


def test_a_gain_too_low_or_too_high_is_noticed_on_the_way(recogniser):
    faint = heard(recogniser, card(said(-27.0), 44_100), 44_100)
    assert judge_level(faint, LIMITS.visit.sound)[0].value == "microphone.too_quiet"
    loud = heard(recogniser, np.clip(card(said(24.0), 44_100), -1, 1), 44_100)
    assert judge_level(loud, LIMITS.visit.sound)[0].value == "microphone.clipped"

"""Every reason why a reading can fail, from sound: listener, reading and rules as in a visit."""

import numpy as np
import pytest

from evaluation.speech.challenge_audio import ChallengeAudio
from evaluation.speech.offline_listener import challenge_of, play_recording
from kiosk.codes import Code
from kiosk.model import VerdictAnswer
from kiosk.settings import load
from kiosk.visit.rules.digits import judge_digits
from tests.support.sounds import BrokenRecogniser, PitchRecogniser, cough, mix, noise, voice

SETTINGS = load()
SPEECH, LIMITS = SETTINGS.speech, SETTINGS.visit
DIGITS = (3, 1, 4, 0, 5, 9)
SHOWN = (1.0, 2.4, 3.8, 5.2, 6.6, 8.0)
SECONDS = 13.0


class HearsAnother(PitchRecogniser):
    """Whatever is said, another digit is likelier: a voice that is measured well and not understood."""

    def score(self, samples, onset):
        scores = list(super().score(samples, onset))
        return (*scores[-2:], *scores[:-3], np.log(0.001))


def read_aloud(digits=DIGITS, delay=0.45, ground_dbfs=-60.0, **how):
    said = [(voice(d, **how), at + delay) for d, at in zip(digits, SHOWN, strict=True) if d is not None]
    return mix(noise(SECONDS, ground_dbfs), *said)


def verdict(sound, recogniser=None):
    scene = ChallengeAudio(speaker="anna", digits=DIGITS, shown=SHOWN, samples=np.asarray(sound, np.float32))
    heard = play_recording(scene, recogniser or PitchRecogniser(), SPEECH, LIMITS)
    return judge_digits(challenge_of(scene), scene.shown, heard, LIMITS.digits, LIMITS.sound)


def talk():
    """Syllables that are no digits, everywhere between the digits."""
    return [(cough(0.15, -20.0, i), at) for i, at in enumerate(np.arange(1.15, 9.0, 0.32))]


SOUNDS = {
    Code.SPEECH_SILENCE: lambda: (noise(SECONDS), None),
    Code.SPEECH_TOO_QUIET: lambda: (read_aloud(dbfs=-53.0, ground_dbfs=-72.0), HearsAnother()),
    Code.SPEECH_CLIPPED: lambda: (np.clip(read_aloud(dbfs=2.0), -1, 1), HearsAnother()),
    Code.SPEECH_NOISY: lambda: (read_aloud(ground_dbfs=-27.0), HearsAnother()),
    "noise in which no voice is found": lambda: (read_aloud(ground_dbfs=-20.0), None),
    Code.SPEECH_TOO_LATE: lambda: (read_aloud(delay=1.6), None),
    Code.SPEECH_WRONG_DIGITS: lambda: (read_aloud((4, 2, 5, 1, 6, 0)), None),
    Code.SPEECH_MISSING_DIGITS: lambda: (read_aloud((3, None, 4, None, None, 9)), None),
    Code.SPEECH_EXTRA: lambda: (mix(noise(SECONDS), *talk()), None),
    Code.SPEECH_UNKNOWN: lambda: (mix(noise(SECONDS), *[(cough(0.3), at + 0.5) for at in SHOWN]), None),
    Code.SPEECH_AUDIO_LOST: lambda: (with_nothing_at(read_aloud(), 1.6, 4.6, 7.0), None),
    Code.SPEECH_ENGINE_FAILED: lambda: (read_aloud(), BrokenRecogniser()),
}


def with_nothing_at(sound, *times):
    """No numbers for an instant: what a driver that stumbles delivers."""
    for at in times:
        sound[round(at * 16_000) : round(at * 16_000) + 50] = np.nan
    return sound


@pytest.mark.parametrize("what", SOUNDS)
def test_the_reason_is_the_one_that_helps(what, caplog):
    sound, recogniser = SOUNDS[what]()
    code = what if isinstance(what, Code) else Code.SPEECH_NOISY
    found = verdict(sound, recogniser)
    assert (found.answer, found.code) == (VerdictAnswer.RETRY, code), found.measured


def test_reading_before_the_digit_is_too_early():
    """Only before the first digit: later, an early voice answers the digit that is still shown."""
    found = verdict(read_aloud((3, None, None, None, None, None), delay=-0.25))
    assert "1:speech.too_early" in str(found.measured["faults"])


def test_another_voice_is_told_by_its_pitch():
    """Three digits by one voice; the others wrong, and an octave higher."""
    found = verdict(read_aloud(), OctaveHigher())
    assert found.code is Code.SPEECH_WRONG_DIGITS
    high = [(two_octaves(d), at + 0.45) for d, at in zip((7, 7, 7), SHOWN[3:], strict=True)]
    own = [(two_octaves(d, 120.0), at + 0.45) for d, at in zip(DIGITS[:3], SHOWN[:3], strict=True)]
    found = verdict(mix(noise(SECONDS), *own, *high), ByOrder(DIGITS[:3]))
    assert found.code is Code.SPEECH_SECOND_VOICE, found.measured


def two_octaves(_, pitch=330.0):
    t = np.arange(6400) / 16_000
    wave = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 12))
    return (0.1 * wave / np.sqrt(np.mean(wave**2))).astype(np.float32)


class ByOrder:
    """Hears these digits, then 7."""

    name, version = "by-order", "1"

    def __init__(self, digits):
        self._digits = list(digits)

    def score(self, samples, onset):
        digit = self._digits.pop(0) if self._digits else 7
        return tuple(np.log(0.9) if i == digit else np.log(0.01) for i in range(11))


class OctaveHigher(PitchRecogniser):
    def score(self, samples, onset):
        return (np.log(0.01),) * 6 + (np.log(0.9),) + (np.log(0.01),) * 4


def test_right_digits_pass_and_the_evidence_tells_each(caplog):
    found = verdict(read_aloud())
    assert (found.answer, found.code) == (VerdictAnswer.PASS, Code.OK)
    assert [float(x) for x in str(found.measured["began_s"]).split()] == pytest.approx([0.45] * 6, abs=0.03)
    assert [float(x) for x in str(found.measured["levels_dbfs"]).split()] == pytest.approx([-20] * 6, abs=2)
    assert len(str(found.measured["margins"]).split()) == 6
    assert len(str(found.measured["pitches_hz"]).split()) == 6


def test_a_prompt_in_the_room_does_not_deafen_the_ear():
    """Our own loudspeaker, at a customer's level until the ear opens, raises the noise floor no longer."""
    prompt = np.concatenate([voice(d % 10, 0.3, -25.0) for d in range(10)])
    listener_sound = read_aloud()
    listener_sound[: 16_000 // 2] += np.resize(prompt, 16_000 // 2)
    assert verdict(np.concatenate([listener_sound])).answer is VerdictAnswer.PASS

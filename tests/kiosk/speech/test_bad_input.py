"""Check sounds that are not an answer, through the real recogniser, listener and rule: a code, never a pass.

Nearly all are made up here. `strangers/` holds synthetic voices that say the digits in English and, from
their IPA, in Cantonese (made by `training/voices/strangers.py` with Kokoro-82M, Apache-2.0).
"""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from evaluation.speech.challenge_audio import ChallengeAudio, draw_code
from evaluation.speech.noise import NOISES
from evaluation.speech.offline_listener import challenge_of, play_recording
from evaluation.speech.sound_files import SkipReason, UnusableSound, load
from kiosk.__main__ import main
from kiosk.codes import Code
from kiosk.events import WindowOpened
from kiosk.model import SAMPLE_RATE, AudioBlock, Challenge, VerdictAnswer
from kiosk.paths import RESOURCES
from kiosk.settings import load as load_settings
from kiosk.speech.listener import Listener
from kiosk.speech.prompts import load_sound
from kiosk.speech.recognisers.embedded import Embedded, EmbeddedSettings
from kiosk.visit.rules.digits import judge_digits
from tests.support.recognisers import context_of
from tests.support.sounds import mix, noise

SETTINGS = load_settings()
CUSTOMER = RESOURCES / "sounds" / "customer" / "zf_xiaoyi"
STRANGERS = RESOURCES.parent / "tests" / "kiosk" / "speech" / "strangers"
SHOWN = tuple(1.0 + 1.4 * i for i in range(6))
WHOLE_S = SHOWN[-1] + 3.0
REACTION_S = 0.4
CODES = 300
pytestmark = pytest.mark.timeout(180)


@cache
def recogniser():
    return Embedded(EmbeddedSettings(), context_of(RESOURCES))


def random_code(seed):
    return draw_code(np.random.default_rng(seed), 6)


def heard_of(sound, digits):
    """What the terminal hears of a sound while a challenge is shown, and the scene."""
    scene = ChallengeAudio(speaker="", digits=digits, shown=SHOWN, samples=np.asarray(sound, np.float32))
    return scene, play_recording(scene, recogniser(), SETTINGS.speech, SETTINGS.visit)


def verdict_on(scene, heard, digits=None):
    asked = ChallengeAudio(
        speaker=scene.speaker, digits=digits or scene.digits, shown=scene.shown, samples=scene.samples
    )
    return judge_digits(challenge_of(asked), scene.shown, heard, SETTINGS.visit.digits, SETTINGS.visit.sound)


# ── sounds ───────────────────────────────────────────────────────────────────────────────────────


def time():
    return np.arange(round(WHOLE_S * SAMPLE_RATE)) / SAMPLE_RATE


def ground():
    return noise(WHOLE_S, -62.0)


def answering(say):
    """`say(window)` sounds after each digit was shown."""
    return mix(ground(), *((say(i), at + REACTION_S) for i, at in enumerate(SHOWN)))


@cache
def music():
    """Four chords, plucked, with a bass and a hi-hat, at 120 beats a minute."""
    t, beats = time(), np.zeros(len(time()))
    chords = ((220, 261.6, 329.6), (174.6, 220, 261.6), (261.6, 329.6, 392), (196, 246.9, 293.7))
    for beat in range(int(WHOLE_S * 2)):
        at = t - beat * 0.5
        gone = np.where(at >= 0, np.exp(-np.clip(at, 0, 9) / 0.25), 0.0)
        tones = chords[beat // 4 % 4]
        beats += gone * sum(np.sin(2 * np.pi * f * h * at) / h for f in tones for h in (1, 2, 3))
        beats += gone**12 * np.random.default_rng(beat).standard_normal(len(t)) * 0.3
    return 0.12 * beats


def tone(hz):
    return 0.3 * np.sin(2 * np.pi * hz * time())


def beeps():
    return answering(lambda i: (0.3 * np.sin(2 * np.pi * (400 + 200 * i) * time()[:6400])).astype(np.float32))


def television():
    """One person who goes on talking, as loud as a customer: the terminal's own sentences."""
    sentences = sorted((RESOURCES / "sounds" / "prompts" / "zh-Hans").glob("*.ogg"))
    talk = np.concatenate([load_sound(path) for path in sentences[:12]])
    return ground() + np.resize(talk, len(ground()))


def babble():
    return 0.07 * NOISES["babble"](len(time()), np.random.default_rng(4))


def customers_digit(digit):
    return load_sound(CUSTOMER / f"{digit}-1.ogg")


def all_at_once():
    """Ten people, each another digit, in chorus."""
    clips = [customers_digit(d) for d in range(10)]
    whole = np.zeros(max(map(len, clips)), np.float32)
    for clip in clips:
        whole[: len(clip)] += 0.5 * clip
    return answering(lambda _: whole)


def all_in_a_row():
    """All ten, as fast as they go, again and again."""
    return ground() + np.resize(np.concatenate([customers_digit(d)[:5600] for d in range(10)]), len(ground()))


def shouting():
    """A roar: a harsh vowel far over full scale, after every digit."""
    t = time()[:9600]
    roar = sum(np.sin(2 * np.pi * 180 * h * t) / np.sqrt(h) for h in range(1, 15))
    return np.clip(answering(lambda _: np.asarray(8 * roar, np.float32)), -1, 1)


def stranger(language, digits):
    return answering(lambda i: load_sound(STRANGERS / f"{language}-{digits[i]}.ogg"))


ASKED = random_code(1)
OTHERS = tuple((d + 3) % 10 for d in ASKED)
SOUNDS = {
    "digital silence": lambda: np.zeros(len(time())),
    "a quiet room": ground,
    "hiss": lambda: noise(WHOLE_S, -25.0),
    "white noise at full scale": lambda: np.clip(noise(WHOLE_S, 0.0), -1, 1),
    "direct current": lambda: np.full(len(time()), 0.8),
    "hum of the mains": lambda: tone(50),
    "a tone of 440 Hz": lambda: tone(440),
    "a tone of 1000 Hz": lambda: tone(1000),
    "a square wave": lambda: np.sign(tone(330)),
    "a siren": lambda: 0.3 * np.sin(2 * np.pi * (800 * time() + 300 * np.sin(2 * time()))),
    "beeps after each digit": beeps,
    "clicks": lambda: np.where(np.arange(len(time())) % 4000 == 0, 0.9, 0.0),
    "music": music,
    "television": television,
    "a full room": babble,
    "all digits at once": all_at_once,
    "all digits in a row": all_in_a_row,
    "shouting": shouting,
    "other digits, shouted": lambda: np.clip(30 * answering(lambda i: customers_digit(OTHERS[i])), -1, 1),
    "the right digits in English": lambda: stranger("english", ASKED),
    "other digits in Cantonese": lambda: stranger("cantonese", OTHERS),
    "one word for every digit": lambda: answering(lambda _: customers_digit(4)),
    "samples that are no numbers": lambda: np.full(len(time()), np.nan),
    "samples without end": lambda: np.full(len(time()), np.inf),
}


@cache
def heard_when(name):
    with np.errstate(invalid="ignore"):
        return heard_of(SOUNDS[name](), ASKED)


@pytest.mark.parametrize("name", SOUNDS)
def test_it_gets_a_code_and_never_passes(name):
    verdict = verdict_on(*heard_when(name))
    assert verdict.answer is VerdictAnswer.RETRY
    assert verdict.code.value.startswith("speech.")
    assert verdict.code is not Code.SPEECH_ENGINE_FAILED


def test_no_sound_passes_for_random_codes_more_often_than_guessing_may():
    """`digits_guess` bounds the two ways to pass; 0.1 % of runs would have more than `most` by chance."""
    tried = passed = 0
    for name in SOUNDS:
        scene, heard = heard_when(name)
        random = np.random.default_rng(len(name))
        verdicts = [verdict_on(scene, heard, draw_code(random, 6)) for _ in range(CODES)]
        tried, passed = tried + CODES, passed + sum(v.answer is VerdictAnswer.PASS for v in verdicts)
    bound = 2 * SETTINGS.visit.digits.guess
    most = tried * bound + 3.1 * (tried * bound) ** 0.5
    assert passed <= most, (passed, tried)


def test_what_is_told_helps():
    """The code says what was wrong, where that can be known."""
    told = {name: verdict_on(*heard_when(name)).code for name in SOUNDS}
    assert told["digital silence"] is told["a quiet room"] is Code.SPEECH_SILENCE
    assert told["samples that are no numbers"] is Code.SPEECH_AUDIO_LOST
    assert told["shouting"] is Code.SPEECH_CLIPPED
    assert told["other digits, shouted"] in {Code.SPEECH_CLIPPED, Code.SPEECH_WRONG_DIGITS}


def test_the_right_digits_shouted_are_measured_as_clipped():
    """They may be understood; the evidence, and the clerk, are told that the sound was distorted."""
    sound = np.clip(30 * answering(lambda i: customers_digit(ASKED[i])), -1, 1)
    verdict = verdict_on(*heard_of(sound, ASKED))
    assert verdict.measured["gain"] == Code.MICROPHONE_CLIPPED.value
    assert verdict.measured["clipped"] > SETTINGS.visit.sound.max_clipped


# ── blocks and files ─────────────────────────────────────────────────────────────────────────────


def test_blocks_of_any_length_and_ten_minutes_without_end_are_lived_through():
    """Empty blocks, blocks of one sample, of seconds; then ten minutes of music while nobody is heard."""
    told, now = [], [0.0]
    ear = Listener(recogniser(), SETTINGS.speech, post=told.append, clock=lambda: now[0])
    ear.listen(6)
    ear.open_window(WindowOpened(0, 0.5, 3.0))
    whole = np.resize(music().astype(np.float32), 600 * SAMPLE_RATE)
    cuts = np.cumsum([0, 0, 1, 1, 0, 320, 7, *[SAMPLE_RATE] * 599])
    for seq, (begin, end) in enumerate(pairwise(cuts)):
        now[0] = end / SAMPLE_RATE
        ear.feed(AudioBlock(samples=whole[begin:end], seq=seq, at=begin / SAMPLE_RATE))
        while ear.step(0.0):
            pass
    assert [h.window for h in told][:1] == [0]
    limits = SETTINGS.visit
    asked = Challenge(id="", digits=ASKED, gaps_s=(1.4,) * 6, expires_unix=2e9)
    verdict = judge_digits(asked, [0.5], told[-1:], limits.digits, limits.sound)
    assert verdict.answer is VerdictAnswer.RETRY


def test_digits_at_the_wrong_rate_never_pass():
    """8 and 44.1 kHz taken for 16 kHz by mistake: half as fast, and nearly three times."""
    right = answering(lambda i: customers_digit(ASKED[i]))
    for step in (0.5, 2.756):
        at = np.arange(0, len(right) - 1, step)
        sound = np.resize(np.interp(at, np.arange(len(right)), right), len(right))
        assert verdict_on(*heard_of(sound, ASKED)).answer is VerdictAnswer.RETRY


def bad_file(folder, name):
    """One file that is no use."""
    path, write = folder / name, soundfile.write
    good = customers_digit(3)
    if name == "nothing.wav":
        path.write_bytes(b"")
    elif name == "no samples.wav":
        write(path, np.zeros(0, np.float32), SAMPLE_RATE)
    elif name == "alien.mp3":
        path.write_bytes(b"\x7fELF" + bytes(range(256)) * 40)
    elif name == "text.wav":
        path.write_text("hello, I am no sound")
    elif name == "cut.flac":
        write(folder / "whole.flac", good, SAMPLE_RATE)
        path.write_bytes((folder / "whole.flac").read_bytes()[:200])
        (folder / "whole.flac").unlink()
    elif name == "nan.wav":
        write(path, np.full(8000, np.nan), SAMPLE_RATE, "FLOAT")
    elif name == "slow.wav":
        write(path, good, 300)
    elif name == "silent.wav":
        write(path, np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    elif name == "eleven minutes.flac":
        write(path, np.tile(good[:8000], 661), 8000)
    return path


BAD_FILES = {
    "nothing.wav": SkipReason.UNREADABLE,
    "no samples.wav": SkipReason.EMPTY,
    "alien.mp3": SkipReason.UNREADABLE,
    "text.wav": SkipReason.UNREADABLE,
    "cut.flac": SkipReason.UNREADABLE,
    "nan.wav": SkipReason.NOT_FINITE,
    "slow.wav": SkipReason.RATE,
    "silent.wav": SkipReason.SILENT,
    "eleven minutes.flac": SkipReason.TOO_LONG,
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_use_has_its_reason(tmp_path, name):
    with pytest.raises(UnusableSound) as caught:
        load(bad_file(tmp_path, name), 660.0)
    assert caught.value.reason is BAD_FILES[name]


def test_a_folder_of_all_this_is_measured_to_its_end(tmp_path, capsys):
    """`kiosk evaluate speech --negatives`: what can be played is, the rest is counted, nothing passes."""
    for name in BAD_FILES:
        bad_file(tmp_path, name)
    for kind in ("music", "television", "a tone of 440 Hz"):
        soundfile.write(tmp_path / f"{kind}.wav", np.clip(SOUNDS[kind](), -1, 1), SAMPLE_RATE)
    ten_minutes = np.resize(music(), 600 * 8000)
    soundfile.write(tmp_path / "ten minutes.flac", np.clip(ten_minutes, -1, 1), 8000)
    options = ("--driver", "embedded", "--challenges", "1", "--codes", "20")
    assert main(["evaluate", "speech", "--negatives", str(tmp_path), *options]) == 0
    told = capsys.readouterr().out
    assert "unreadable: 4" in told
    assert "0.00% (0/4" in told

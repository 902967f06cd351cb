"""Sound of challenges: times, levels, and the same sound for the same seed."""

from itertools import pairwise

import numpy as np
import pytest

from evaluation.speech.challenge_audio import (
    GAPS_S,
    REACTION_S,
    VOICE_RMS,
    draw_code,
    find_voices,
    isolated_clip,
    trim,
)
from evaluation.speech.noise import NOISES
from kiosk.model import SAMPLE_RATE
from kiosk.settings import load
from kiosk.speech.endpoint import Endpointer
from tests.evaluation.speech.speech_folders import clip, read_aloud
from tests.support.sounds import mix, noise, voice

SPEECH = load().speech
CLIPS = {d: [trim(clip(d), SPEECH)] for d in range(10)}


def scene(snr_db=40.0, noise="white", seed=1, clips=CLIPS):
    return read_aloud(clips, noise, snr_db, seed)


@pytest.mark.parametrize("name", NOISES)
def test_noises_have_unit_level_and_depend_on_the_seed_alone(name):
    one, same, other = (NOISES[name](32000, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one.shape, one.dtype) == ((32000,), np.float32)
    assert np.sqrt(np.mean(one**2)) == pytest.approx(1.0, rel=1e-3)
    assert np.array_equal(one, same)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.5


def test_hum_is_low_and_white_is_not():
    def low(name):
        power = np.abs(np.fft.rfft(NOISES[name](SAMPLE_RATE, np.random.default_rng(1)))) ** 2
        return power[:700].sum() / power.sum()

    assert low("hum") > 0.9
    assert low("white") < 0.2


def test_codes_never_repeat_a_digit_at_once():
    random = np.random.default_rng(1)
    codes = [draw_code(random, 6) for _ in range(500)]
    assert all(a != b for c in codes for a, b in pairwise(c))
    assert {d for c in codes for d in c} == set(range(10))
    assert set(draw_code(random, 9, (3, 7))) == {3, 7}


def test_a_voice_is_cut_out_with_unit_level():
    one = trim(clip(4, before_s=0.7, behind_s=0.9), SPEECH)
    assert np.sqrt(np.mean(one.samples[one.onset : one.end] ** 2)) == pytest.approx(1.0, rel=1e-3)
    assert (one.end - one.onset) / SAMPLE_RATE == pytest.approx(0.4, abs=0.03)
    assert len(one.samples) / SAMPLE_RATE < 0.65
    assert (one.samples[0], one.samples[-1]) == (0.0, 0.0)


def test_a_clip_without_a_voice_is_taken_whole():
    quiet = np.full(4000, 1e-4, np.float32)
    assert find_voices(quiet, SPEECH) == []
    assert trim(quiet, SPEECH).end == 4000


def test_each_digit_is_answered_after_it_is_shown():
    one = scene()
    found = Endpointer(SPEECH).feed(one.samples)
    assert len(found) == len(one.digits) == len(one.shown) == 6
    reactions = [v.began - at for v, at in zip(found, one.shown, strict=True)]
    assert all(REACTION_S[0] - 0.03 <= r <= REACTION_S[1] + 0.03 for r in reactions)
    gaps = np.diff(one.shown)
    assert (gaps >= GAPS_S[0]).all()
    assert (gaps <= GAPS_S[1] + 0.021).all()  # a digit is painted with a block of sound


def test_two_digits_never_overlap():
    slow = {d: [trim(np.tile(clip(d, 0.0, 0.0), 2), SPEECH)] for d in range(10)}  # 0.8 s each
    one = scene(80.0, seed=3, clips=slow)
    assert np.diff(one.shown).min() < 1.0  # less than a voice, a breath and a late start need
    frames = np.abs(one.samples[: len(one.samples) // 160 * 160]).reshape(-1, 160).max(axis=1)
    assert np.count_nonzero(frames > 0.01) * 0.01 == pytest.approx(6 * 0.8, abs=0.1)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 25.0])
@pytest.mark.parametrize("noise", NOISES)
def test_the_noise_has_the_requested_level(snr_db, noise):
    noisy, clean = scene(snr_db, noise).samples, scene(80.0, noise).samples
    level = 20 * np.log10(np.sqrt(np.mean((noisy - clean) ** 2)))
    voiced = clean[np.abs(clean) > 0.02]
    wanted = 20 * np.log10(VOICE_RMS) - snr_db
    assert len(voiced) > SAMPLE_RATE
    assert level == pytest.approx(wanted, abs=4.6)  # the voice is louder or quieter by up to 4 dB


def test_the_same_seed_gives_the_same_reading_in_every_noise():
    assert np.array_equal(scene(10.0, "babble").samples, scene(10.0, "babble").samples)
    assert scene(10.0, "babble").digits == scene(25.0, "white").digits
    assert scene(10.0, "babble").shown == scene(25.0, "white").shown
    assert scene(seed=2).shown != scene(seed=1).shown


@pytest.mark.parametrize("silence_s", [0.0, 0.2])
def test_a_clip_alone_is_surrounded_by_its_own_room_tone(silence_s):
    """Also where a program has put digital silence around it: else the hiss would begin like a voice."""
    hissing = mix(noise(1.1, -48.0), (voice(3), 0.5))
    dead = np.zeros(round(silence_s * SAMPLE_RATE), np.float32)
    one = isolated_clip("anna", 3, np.concatenate([dead, hissing]), np.random.default_rng(1))
    level = 20 * np.log10(np.sqrt(np.mean(one.samples[:8000] ** 2)))
    assert level == pytest.approx(-48.0, abs=1.0)
    (heard,) = Endpointer(SPEECH).feed(one.samples)
    assert heard.began - one.shown[0] == pytest.approx(0.2 + silence_s + 0.5, abs=0.03)

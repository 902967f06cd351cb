"""The endpointer: where is a voice, how loud, how clean?"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.settings import load
from kiosk.speech.endpoint import FRAME, HOP, Endpointer, measure
from tests.support.sounds import RATE, cough, mix, noise, voice

LIMITS = load().speech


def segments(samples):
    return Endpointer(LIMITS).feed(samples)


def test_a_voice_is_found_where_it_is():
    (found,) = segments(mix(noise(2.0), (voice(3), 0.7)))
    assert found.began == pytest.approx(0.7, abs=0.02)
    assert found.ended == pytest.approx(1.1, abs=0.02)
    assert found.level_dbfs == pytest.approx(-20.0, abs=1.0)
    assert found.snr_db == pytest.approx(40.0, abs=4.0)
    assert found.clipped == 0.0


def test_each_of_several_voices_is_found():
    onsets = [0.5, 1.6, 2.5, 3.8]
    sound = mix(noise(5.0), *((voice(d), at) for d, at in enumerate(onsets)))
    assert [s.began for s in segments(sound)] == pytest.approx(onsets, abs=0.02)


def test_noise_alone_is_no_voice():
    for dbfs in (-90.0, -60.0, -45.0, -25.0):
        assert segments(noise(5.0, dbfs)) == []


def test_silence_of_zeros_is_no_voice():
    assert segments(np.zeros(RATE * 3, np.float32)) == []


@pytest.mark.parametrize("hum_hz", [50, 60, 100, 120, 150])
def test_direct_current_and_hum_do_not_matter(hum_hz):
    t = np.arange(2 * RATE) / RATE
    hum = (0.1 + 0.05 * np.sin(2 * np.pi * hum_hz * t)).astype(np.float32)
    (found,) = segments(mix(noise(2.0), (voice(3, dbfs=-30.0), 0.7)) + hum)
    assert found.began == pytest.approx(0.7, abs=0.02)
    assert found.level_dbfs == pytest.approx(-30.0, abs=1.0)


def test_a_click_is_no_voice():
    assert segments(mix(noise(2.0), (cough(0.02), 0.7))) == []


def test_a_click_shortly_before_does_not_move_the_onset():
    (found,) = segments(mix(noise(2.0), (cough(0.02), 0.55), (voice(3), 0.7)))
    assert found.began == pytest.approx(0.7, abs=0.02)


def test_a_dip_inside_a_word_does_not_split_it():
    (found,) = segments(mix(noise(2.0), (voice(3, 0.2), 0.6), (voice(3, 0.2), 0.9)))
    assert found.began == pytest.approx(0.6, abs=0.02)
    assert found.ended == pytest.approx(1.1, abs=0.02)


def test_clipping_is_measured():
    (found,) = segments(mix(noise(2.0), (np.clip(voice(3, dbfs=0.0), -1, 1), 0.7)))
    assert found.clipped > 0.05


def test_more_noise_means_less_snr():
    quiet, loud = (segments(mix(noise(2.0, n), (voice(3), 0.7)))[0].snr_db for n in (-60.0, -40.0))
    assert quiet - loud == pytest.approx(20.0, abs=4.0)


def test_a_fridge_that_starts_is_soon_part_of_the_silence():
    """A step of 30 dB is first taken for a voice; a second later real voices are found over it."""
    sound = np.concatenate([noise(1.0, -65.0), noise(5.0, -35.0, seed=2)])
    found = segments(mix(sound, (voice(4, dbfs=-15.0), 4.0)))
    assert found[0].began == pytest.approx(1.0, abs=0.03)
    assert found[0].ended - found[0].began <= LIMITS.max_voice_s + 0.02
    assert found[-1].began == pytest.approx(4.0, abs=0.03)
    assert len(found) == 2


def test_music_never_yields_a_voice_without_end():
    rng = np.random.default_rng(3)
    notes = [voice(int(d), 0.3, -25.0) for d in rng.integers(0, 9, 40)]
    for found in segments(np.concatenate([noise(1.0), *notes])):
        assert found.ended - found.began <= LIMITS.max_voice_s + 0.02


def test_the_end_is_known_soon_after_the_silence():
    endpointer = Endpointer(LIMITS)
    sound = mix(noise(2.0), (voice(3), 0.7))
    for i in range(0, len(sound), HOP):
        if endpointer.feed(sound[i : i + HOP]):
            assert (i + HOP) / RATE - 1.1 <= LIMITS.end_silence_s + 0.03
            return
    pytest.fail("never ended")


def test_what_fades_is_foreseen_as_it_will_be():
    endpointer = Endpointer(LIMITS)
    sound = mix(noise(2.0), (voice(3), 0.7))
    foreseen, ended = None, []
    for i in range(0, len(sound), HOP):
        ended += endpointer.feed(sound[i : i + HOP])
        foreseen = endpointer.provisional(0.1) or foreseen
    assert foreseen == ended[0]


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 3 * RATE), max_size=60),
    onset=st.floats(0.3, 2.0),
    seed=st.integers(0, 99),
)
def test_any_cutting_into_blocks_gives_the_same(cuts, onset, seed):
    sound = mix(noise(3.0, -50.0, seed), (voice(seed % 10), onset))
    endpointer = Endpointer(LIMITS)
    edges = [0, *sorted(cuts), len(sound)]
    pieces = [endpointer.feed(sound[a:b]) for a, b in pairwise(edges)]
    assert [s for piece in pieces for s in piece] == segments(sound)


@settings(max_examples=60, deadline=None)
@given(
    dbfs=st.floats(-45.0, -6.0),
    under=st.floats(18.0, 50.0),
    onset=st.floats(0.4, 1.0),
    length=st.floats(0.15, 0.9),
)
def test_a_clear_voice_is_found_at_any_level(dbfs, under, onset, length):
    sound = mix(noise(3.0, dbfs - under), (voice(5, length, dbfs), onset))
    (found,) = segments(sound)
    assert found.began == pytest.approx(onset, abs=0.03)
    assert found.ended == pytest.approx(onset + length, abs=0.03)


def test_a_full_scale_sine_has_minus_three_decibels():
    t = np.arange(FRAME) / RATE
    assert measure(np.sin(2 * np.pi * 1000 * t).astype(np.float32)).dbfs == pytest.approx(-3.01, abs=0.05)

"""Sound files: what is used comes in as the terminal hears it, what is not has its reason."""

import numpy as np
import pytest
import soundfile

from evaluation.speech.sound_files import SkipReason, UnusableSound, load
from kiosk.model import SAMPLE_RATE
from tests.evaluation.speech.speech_folders import bad_files, clip


def test_each_bad_file_has_its_reason(tmp_path):
    for reason, names in bad_files(tmp_path).items():
        for name in names:
            with pytest.raises(UnusableSound) as why:
                load(tmp_path / name, 20.0)
            assert why.value.reason == reason, name


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UnusableSound) as why:
        load(tmp_path, 20.0)
    assert why.value.reason is SkipReason.MISSING


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_any_rate_is_resampled_to_16_khz(tmp_path, rate, ending):
    t = np.arange(rate) / rate
    tone = 0.5 * np.sin(2 * np.pi * 1000 * t)
    soundfile.write(tmp_path / f"tone.{ending}", np.stack([tone, tone], axis=1), rate)
    samples = load(tmp_path / f"tone.{ending}", 20.0)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(SAMPLE_RATE, abs=20)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) / len(samples) * SAMPLE_RATE == pytest.approx(1000, abs=3)
    assert np.sqrt(np.mean(samples[1000:-1000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


def test_what_is_over_full_scale_is_clipped_as_a_microphone_would(tmp_path):
    soundfile.write(tmp_path / "loud.wav", clip(3) * 10, SAMPLE_RATE, "FLOAT")
    assert np.abs(load(tmp_path / "loud.wav", 20.0)).max() == 1.0


def test_as_long_as_allowed_is_not_too_long(tmp_path):
    soundfile.write(tmp_path / "two.wav", np.tile(clip(3), 10)[: 2 * SAMPLE_RATE], SAMPLE_RATE)
    assert len(load(tmp_path / "two.wav", 2.0)) == 2 * SAMPLE_RATE
    with pytest.raises(UnusableSound):
        load(tmp_path / "two.wav", 1.999)

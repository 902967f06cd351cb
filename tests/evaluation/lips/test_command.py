"""`kiosk evaluate lips`: the arithmetic on made-up lines, the whole on clips of a simulated head."""

from functools import lru_cache

import cv2
import msgspec
import numpy as np
import pytest
import soundfile

from evaluation.__main__ import main
from evaluation.lips import clip_sound
from evaluation.lips.clips import TalkingClip, UnusableClip, loudness, read
from evaluation.lips.onsets import opens, rises
from evaluation.lips.scores import fit, pieces, roc_area, roc_areas
from kiosk.model import SAMPLE_RATE
from kiosk.simulators.customer_runner import VOICES
from kiosk.simulators.voice import Voice
from tests.support.faces import engine, head, landmarks, needs_models

FPS = 25.0


def smooth(seed: int, seconds: float) -> np.ndarray:
    """Random speech-like loudness: a few syllables a second."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * FPS) + 8)
    return np.convolve(noise, np.hanning(9), mode="valid")


def clip(seed: int, seconds: float = 3.0, agree: float = 1.0) -> TalkingClip:
    level = smooth(seed, seconds)
    mouth = agree * level + smooth(1000 + seed, seconds)
    return TalkingClip(
        speaker="someone",
        fps=FPS,
        mouth=mouth,
        level=level,
        sound=np.zeros(int(seconds * SAMPLE_RATE), np.float32),
    )


def test_area_is_the_share_of_pairs_in_order():
    assert roc_area(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == 1.0
    assert roc_area(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 0.0
    assert roc_area(np.array([1.0, 3.0]), np.array([2.0])) == 0.5
    assert roc_area(np.array([1.0]), np.array([1.0])) == 0.5
    assert np.isnan(roc_area(np.array([]), np.array([1.0])))


def test_a_small_lag_is_forgiven_and_a_large_one_is_not():
    line = smooth(1, 6.0)
    assert fit(line, line) == pytest.approx(1.0)
    assert fit(line[2:], line[:-2]) == pytest.approx(1.0, abs=0.01)
    assert fit(line[25:], line[:-25]) < 0.5


def test_mouths_that_fit_their_sound_score_above_others():
    found, _ = roc_areas(pieces([clip(i) for i in range(8)]), seed=1)
    assert {(one.length_s, one.false) for one in found} == {
        (s, f) for s in (3, 6, 9, 12) for f in ("shifted", "swapped")
    }
    assert all(one.area > 0.95 for one in found)
    assert all(one.low <= one.area <= one.high for one in found)
    assert [one.joined for one in found if one.length_s == 3] == [False, False]


def test_mouths_that_do_not_fit_their_sound_are_at_chance():
    found, _ = roc_areas(pieces([clip(i, agree=0.0) for i in range(12)]), seed=1)
    assert all(0.25 < one.area < 0.75 for one in found)


def test_lengths_for_which_there_are_too_few_pieces_are_left_out():
    found, _ = roc_areas(pieces([clip(1), clip(2)]), seed=1)
    assert {one.length_s for one in found} == {3, 6}
    assert roc_areas([], seed=1) == ([], {})


def test_a_long_clip_is_cut_and_its_remainder_dropped():
    assert len(pieces([clip(1, 10.0)])) == 3
    assert len(pieces([clip(1, 2.0)])) == 0


def test_rises_are_where_the_series_climbs():
    line = np.zeros(100)
    line[30:50] = 1.0
    line[70:] = 2.0
    assert rises(line, FPS) == pytest.approx([29.5 / FPS, 69.5 / FPS], abs=0.04)


def test_a_mouth_that_opens_long_before_does_not_count():
    level = np.repeat([0.0, 1.0], 50)
    made = TalkingClip(speaker="", fps=FPS, mouth=level, level=level, sound=np.zeros(1, np.float32))
    assert opens(made, 2.0, 2.5)
    assert not opens(made, 2.6, 3.0)
    assert not opens(made, 1.5, 2.0)


def test_loudness_is_taken_around_each_frame():
    sound = np.float32(0.5) * np.sin(np.arange(SAMPLE_RATE) / SAMPLE_RATE * 1000 * 2 * np.pi)
    sound[: SAMPLE_RATE // 2] = 0
    line = loudness(sound, 25, FPS)
    assert line[:11].max() < 0.1 * line[14:].min()
    assert line[14:24] == pytest.approx(np.full(10, 0.125**0.25), rel=0.02)


def test_loudness_is_that_of_open_vowels():
    """A hum and a hiss open no mouth."""
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE * 2 * np.pi
    low, mid, high = (
        loudness(np.sin(at * hertz).astype(np.float32), 25, FPS)[5:20] for hertz in (120, 900, 6000)
    )
    assert mid.min() > 5 * max(low.max(), high.max())
    assert len(loudness(np.zeros(0, np.float32), 3, FPS)) == 3


# ── real files ───────────────────────────────────────────────────────────────────────────────────


@lru_cache
def speech(seed: int, seconds: float = 3.1) -> np.ndarray:
    """Digits at random times, in a synthetic voice."""
    voice, random = Voice(VOICES / "zf_xiaoyi", seed), np.random.default_rng(seed)
    sound = (random.standard_normal(int(seconds * SAMPLE_RATE)) * 1e-3).astype(np.float32)
    at = 0.25 + 0.3 * random.random()
    while at < seconds - 0.7:
        said = voice.say(int(random.integers(10)))[: len(sound) - int(at * SAMPLE_RATE)]
        sound[int(at * SAMPLE_RATE) :][: len(said)] += said
        at += len(said) / SAMPLE_RATE + 0.1 + 0.5 * random.random()
    return np.clip(sound, -1, 1)


def film(path, sound: np.ndarray, name: str = "collins") -> None:
    """A head that speaks `sound`, without the sound."""
    level = loudness(sound, int(len(sound) / SAMPLE_RATE * FPS), FPS)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), FPS, (640, 480))
    for i, loud in enumerate(level):
        writer.write(head(name).render(i / FPS, mouth=float(min(1.0, 1.2 * max(0.0, loud - 0.1)))))
    writer.release()


@needs_models
def test_the_whole_measurement(tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    for seed in range(4):
        film(data / f"{seed}.avi", speech(seed))
        soundfile.write(data / f"{seed}.wav", speech(seed), SAMPLE_RATE)
    (data / "broken.mp4").write_bytes(b"no video")
    soundfile.write(data / "broken.wav", speech(0), SAMPLE_RATE)
    found = tmp_path / "lips.json"
    arguments = ["--json", str(found), "--plots", str(tmp_path / "plots")]
    assert main(["lips", "--data", str(data), *arguments]) == 0
    assert "skipped: 1 unreadable" in capsys.readouterr().out
    (driver,) = msgspec.json.decode(found.read_bytes())["drivers"]
    assert driver["clips"] == 4
    shifted = {one["length_s"]: one["area"] for one in driver["areas"] if one["false"] == "shifted"}
    assert shifted[3] > 0.9
    assert shifted[9] > 0.95
    assert driver["onsets"]["own"]["errors"] / driver["onsets"]["own"]["trials"] > 0.5
    assert (tmp_path / "plots" / "mediapipe-lips.png").is_file()


@needs_models
def test_a_clip_without_sound_is_skipped_with_a_reason(tmp_path):
    film(tmp_path / "mute.avi", speech(0)[:SAMPLE_RATE])
    with pytest.raises(UnusableClip, match="sound"):
        read(tmp_path / "mute.avi", tmp_path, engine(), landmarks())


def test_no_clips_at_all_is_no_measurement(tmp_path, capsys):
    pytest.importorskip("cv2")
    status = main(["lips", "--data", str(tmp_path)])
    assert status == 1
    capsys.readouterr()


@pytest.mark.parametrize("late_s", [0.0, 0.48])
def test_sound_inside_a_video_keeps_its_time(tmp_path, late_s):
    """A click half a second into the sound, which begins `late_s` after the picture."""
    av = pytest.importorskip("av")
    from fractions import Fraction

    path, rate = tmp_path / "clip.mkv", 48_000
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=rate)
        audio.layout = "stereo"
        for i in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), i, np.uint8), format="bgr24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        click = np.zeros((1, 2 * rate), np.int16)
        click[0, rate : rate + 400] = 20_000
        for begin in range(0, rate, 4800):
            block = av.AudioFrame.from_ndarray(
                click[:, 2 * begin : 2 * begin + 9600], format="s16", layout="stereo"
            )
            block.sample_rate, block.time_base = rate, Fraction(1, rate)
            block.pts = begin + round(late_s * rate)
            container.mux(audio.encode(block))
        container.mux(audio.encode())
    sound = clip_sound.read(path)
    assert np.argmax(abs(sound) > 0.2) / SAMPLE_RATE == pytest.approx(0.5 + late_s, abs=0.01)

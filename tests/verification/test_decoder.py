"""The decoder takes what phones record, and nothing else, within its limits."""

from __future__ import annotations

import io
import struct
import zlib
from itertools import pairwise

import av
import numpy as np
import pytest

from evaluation.clips.simulated import ClipPlan, encode
from verification import decoder
from verification.decoder import ClipUnusable, DecodedFrame, DecodedSound, decode, sandbox_works
from verification.decoder_process import APART_S, LONGEST, MAX_BYTES, MAX_FRAMES, turns

PLAN = ClipPlan(digits=(1, 2, 3, 4))
SOUND = np.zeros(16_000, np.float32)


def pictures(count: int, width: int = 320, height: int = 240) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (height, width, 3), np.uint8)
    return [np.roll(noise, i, axis=1) for i in range(count)]


def clip(count: int = 15, *, fps: float = 15.0, size: tuple[int, int] = (320, 240), **plan: object) -> bytes:
    times = [round(i / fps, 3) for i in range(count)]
    return encode(ClipPlan(digits=PLAN.digits, **plan), times, pictures(count, *size), SOUND)


def unusable(data: bytes) -> bool:
    try:
        list(decode(data, sandbox=False))
    except ClipUnusable:
        return True
    return False


@pytest.mark.parametrize("form", ["webm-vp8", "webm-h264", "mp4-h264"])
def test_what_a_phone_records_is_decoded(form):
    parts = list(decode(clip(format=form), sandbox=False))
    frames = [part for part in parts if isinstance(part, DecodedFrame)]
    sound = np.concatenate([part.samples for part in parts if isinstance(part, DecodedSound)])
    assert len(frames) == 15
    assert all(frame.picture is not None and frame.picture.shape == (240, 320, 3) for frame in frames)
    assert [frame.at - frames[0].at for frame in frames] == pytest.approx(
        [i / 15 for i in range(15)], abs=0.01
    )
    assert len(sound) == pytest.approx(len(SOUND), abs=2000)


def test_large_pictures_are_made_small_and_close_frames_skipped():
    parts = list(decode(clip(30, fps=60.0, size=(1280, 720)), sandbox=False))
    frames = [part for part in parts if isinstance(part, DecodedFrame)]
    looked = [frame for frame in frames if frame.picture is not None]
    assert len(frames) == 30
    assert all(b.at - a.at >= APART_S for a, b in pairwise(looked))
    assert all(max(frame.picture.shape) == LONGEST for frame in looked if frame.picture is not None)


def test_a_clip_that_ends_in_the_middle_gives_what_came():
    whole = clip(60)
    assert not unusable(whole)
    try:
        parts = list(decode(whole[: len(whole) * 2 // 3], sandbox=False))
    except ClipUnusable:
        return
    assert 0 < sum(isinstance(part, DecodedFrame) for part in parts) < 60


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def apng() -> bytes:
    header = struct.pack(">IIBBBBB", 8000, 8000, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(8001 * 8000), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(*one) for one in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    )


def other_streams(*kinds: str) -> bytes:
    """A Matroska file with these streams."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        made = []
        for kind in kinds:
            stream = output.add_stream(
                "libvpx" if kind == "video" else "libopus", rate=30 if kind == "video" else 48000
            )
            if kind == "video":
                stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            made.append(stream)
        for stream in made:
            if stream.type == "video":
                for picture in pictures(5):
                    output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            else:
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.float32), "flt", "mono")
                frame.sample_rate = 48000
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    return file.getvalue()


HOSTILE = {
    "empty": lambda: b"",
    "noise": lambda: np.random.default_rng(1).bytes(10_000),
    "ebml and noise": lambda: b"\x1aE\xdf\xa3" + np.random.default_rng(1).bytes(10_000),
    "ftyp and noise": lambda: b"\0\0\0\x18ftypisom" + np.random.default_rng(1).bytes(10_000),
    "playlist": lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "concat script": lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "apng": apng,
    "too large": lambda: clip() + bytes(MAX_BYTES),
    "too many pixels": lambda: clip(2, size=(1924, 160)),
    "too few pixels": lambda: clip(5, size=(64, 64)),
    "too long": lambda: encode(PLAN, [0.0, 41.0], pictures(2), SOUND),
    "too many frames": lambda: encode(
        PLAN, [i / 100 for i in range(MAX_FRAMES + 1)], [pictures(1, 160, 160)[0]] * (MAX_FRAMES + 1), SOUND
    ),
    "sound only": lambda: other_streams("audio"),
    "picture only": lambda: other_streams("video"),
    "two videos": lambda: other_streams("video", "video"),
    "two voices": lambda: other_streams("video", "audio", "audio"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_phone_records_is_refused(name):
    assert unusable(HOSTILE[name]())


def test_bytes_that_are_changed_never_end_the_worker():
    """Whatever comes out, it is a clip or `ClipUnusable`."""
    whole, random = bytearray(clip()), np.random.default_rng(5)
    for _ in range(5):
        for at in random.integers(0, len(whole), 20):
            whole[at] = int(random.integers(256))
        unusable(bytes(whole))


def test_a_decoder_that_hangs_is_killed(monkeypatch):
    monkeypatch.setattr(decoder, "WALL_S", 0.3)
    monkeypatch.setattr(decoder, "_command", lambda sandbox: ["sleep", "60"])
    assert unusable(clip())


@pytest.mark.parametrize(("degrees", "quarters"), [(0, 0), (90, 1), (180, 2), (-180, 2), (-90, 3)])
def test_turned_pictures_are_turned_back(degrees, quarters):
    assert turns(degrees) == quarters


def test_in_the_sandbox_it_decodes_the_same():
    if not sandbox_works():
        pytest.skip("bubblewrap is not installed, or may make no namespaces here")
    frames = [part for part in decode(clip(), sandbox=True) if isinstance(part, DecodedFrame)]
    assert len(frames) == 15

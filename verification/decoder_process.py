"""Decodes one clip in a process of its own: the clip on stdin, records on stdout.

Beside the standard library it imports PyAV and numpy only. A clip comes from a stranger: the process limits
its own memory, CPU time, files and output before it looks at it; `verification.decoder` adds a limit of time
and, where there is one, a sandbox without network and files. The limits of the clip are those that stopped
every hostile file that was tried (docs/verification.md).

A record is a kind (1 byte), a time in seconds on the container's clock (8 bytes, big-endian double), width
and height (4 bytes each), and width · height · 3 bytes of BGR. Kinds: T a frame that was skipped (no
picture), F a frame, S sound (width: count of float32 samples at 16 kHz, no height), E the end, X unusable.
"""

import io
import os
import resource
import struct
import sys

import av
import numpy as np
from numpy.typing import NDArray

RECORD = struct.Struct(">cdII")
SAMPLE_RATE = 16000
MAX_BYTES = 12 * 1024 * 1024
MAX_S = 40.0
MAX_FRAMES = 1400
SIDES = range(160, 1921)
"""Pixels of width and height that are decoded."""
LONGEST = 640
"""Pictures are made smaller to this: the face networks need no more."""
APART_S = 0.06
"""Frames that follow more closely are skipped: at most 16 a second are looked at."""
_CODECS = "h264,vp8,libvpx,vp9,libvpx-vp9,opus,libopus,aac"
_MATROSKA = ("matroska", "matroska,webm")
_MP4 = ("mp4", "mov,mp4,m4a,3gp,3g2,mj2")
_GAP_S = 0.05  # silence is put in where the sound's times jump by more
_MEMORY = 1 << 30
_CPU_S = 20
_FILES = 16


class Unusable(Exception):  # noqa: N818
    """The clip is not what a phone's recorder makes."""


def main() -> int:
    """Decode stdin; return 0 also for a clip that cannot be used."""
    for limit, value in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    out = os.fdopen(1, "wb", closefd=False)
    try:
        decode(sys.stdin.buffer.read(MAX_BYTES + 1), out)
        out.write(RECORD.pack(b"E", 0.0, 0, 0))
    except (Unusable, av.FFmpegError, ValueError, MemoryError, EOFError, OverflowError):
        out.write(RECORD.pack(b"X", 0.0, 0, 0))
    out.flush()
    return 0


def decode(clip: bytes, out: io.BufferedIOBase) -> None:
    """Write the records of a clip. Raises Unusable, FFmpegError, ValueError, MemoryError."""
    if len(clip) > MAX_BYTES:
        raise Unusable
    name, demuxers = container_of(clip)
    options = {"codec_whitelist": _CODECS, "format_whitelist": demuxers}
    with av.open(io.BytesIO(clip), "r", format=name, container_options=options) as container:
        if sorted(one.type for one in container.streams) != ["audio", "video"]:
            raise Unusable
        video, audio = container.streams.video[0], container.streams.audio[0]
        check_size(video.codec_context.width, video.codec_context.height)
        for stream in (video, audio):
            stream.codec_context.thread_count = 1
        pictures, sound = Pictures(out), Sound(out)
        for packet in container.demux(video, audio):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    pictures.add(frame)
                elif isinstance(frame, av.AudioFrame):
                    sound.add(frame)
        sound.end()
        if not pictures.count:
            raise Unusable


def container_of(clip: bytes) -> tuple[str, str]:
    """Return FFmpeg's name and list of the demuxer that the first bytes ask for. Raises Unusable."""
    if clip[:4] == b"\x1aE\xdf\xa3":
        return _MATROSKA
    if clip[4:8] == b"ftyp":
        return _MP4
    raise Unusable


def check_size(width: int, height: int) -> None:
    """Raise Unusable for a picture that no phone's camera makes."""
    if width not in SIDES or height not in SIDES:
        raise Unusable


def turns(degrees: int) -> int:
    """Return how many quarters counter-clockwise a frame is to be turned."""
    return round(degrees / 90) % 4


class Pictures:
    """Writes the frames of the video, made small, turned as the container says."""

    def __init__(self, out: io.BufferedIOBase) -> None:
        self.count = 0
        self._out = out
        self._last: float | None = None
        self._newest = float("-inf")

    def add(self, frame: av.VideoFrame) -> None:
        """Write a frame, or only its time. Raises Unusable."""
        at = frame.time
        self.count += 1
        if at is None or not 0 <= at <= MAX_S or self.count > MAX_FRAMES or at < self._newest:
            raise Unusable
        self._newest = at
        check_size(frame.width, frame.height)
        if self._last is not None and at - self._last < APART_S:
            self._out.write(RECORD.pack(b"T", at, 0, 0))
            return
        self._last = at
        scale = min(1.0, LONGEST / max(frame.width, frame.height))
        width, height = (max(2, round(side * scale) // 2 * 2) for side in (frame.width, frame.height))
        upright = np.rot90(frame.reformat(width, height, "bgr24").to_ndarray(), turns(frame.rotation))
        picture = np.ascontiguousarray(upright)
        self._out.write(RECORD.pack(b"F", at, picture.shape[1], picture.shape[0]))
        self._out.write(picture.tobytes())


class Sound:
    """Writes the sound as mono, where its times say that it belongs."""

    def __init__(self, out: io.BufferedIOBase) -> None:
        self._out = out
        self._mono = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        self._began: float | None = None
        self._count = 0

    def add(self, frame: av.AudioFrame) -> None:
        """Write a frame. Raises Unusable."""
        at = frame.time
        if at is None or not -1 <= at <= MAX_S:
            raise Unusable
        if self._began is None:
            self._began = at
        gap_s = at - self._began - self._count / SAMPLE_RATE
        if gap_s > _GAP_S:
            self._write(np.zeros(round(gap_s * SAMPLE_RATE), np.float32))
        frame.pts = None
        for part in self._mono.resample(frame):
            self._write(part.to_ndarray()[0])

    def end(self) -> None:
        """Write what is still inside of the resampler."""
        if self._began is not None:
            for part in self._mono.resample(None):
                self._write(part.to_ndarray()[0])

    def _write(self, samples: NDArray[np.float32]) -> None:
        if self._count + len(samples) > (MAX_S + 1) * SAMPLE_RATE:
            raise Unusable
        at = (self._began or 0.0) + self._count / SAMPLE_RATE
        self._count += len(samples)
        self._out.write(RECORD.pack(b"S", at, len(samples), 0))
        self._out.write(np.asarray(samples, np.float32).tobytes())


if __name__ == "__main__":
    sys.exit(main())

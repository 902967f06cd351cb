"""SAM-V frames, in which terminal and card reader exchange bytes.

    AA AA AA 96 69 | length (2 bytes, big-endian) | body | check

`length` counts body and check; `check` is the XOR of length and body. The terminal's body is a command and
its parameter; the reader's is SW1 SW2 SW3 and data. Source: the protocol pages of several makers; they agree.
"""

from collections.abc import Iterator
from functools import reduce
from operator import xor

PREAMBLE = bytes.fromhex("AAAAAA9669")
MAX_LENGTH = 4096
"""Bytes. The longest answer of all, text with photo and fingerprints, has some 2,300: more is noise."""
_HEAD = len(PREAMBLE) + 2


class DamagedFrame(Exception):  # noqa: N818 - reads as the fact it states
    """A frame whose check byte is wrong."""


def build(body: bytes) -> bytes:
    """Return the frame around `body`."""
    counted = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + counted + bytes([check(counted)])


def check(counted: bytes) -> int:
    """Return the XOR of all bytes from the length to the end of the body."""
    return reduce(xor, counted, 0)


class FrameScanner:
    """Finds the bodies of frames in a stream of bytes. Noise before a frame is skipped.

    A frame with a wrong check byte is dropped together with all that came after it: nothing inside a damaged
    answer may be taken for an answer, or a card could hold one in its photo. The command is sent again.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the bodies that are complete with `data`. Raises DamagedFrame and leaves an empty buffer."""
        self._buffer += data
        while (body := self._take()) is not None:
            yield body

    @property
    def begun(self) -> bool:
        """Whether a frame's beginning has come and its end has not."""
        return self._buffer.startswith(PREAMBLE)

    def _take(self) -> bytes | None:
        """Remove the first frame and return its body; None if it is not complete. Raises DamagedFrame."""
        length = self._find_frame()
        if length is None or len(self._buffer) < _HEAD + length:
            return None
        counted = bytes(self._buffer[len(PREAMBLE) : _HEAD + length])
        if check(counted):  # XOR over everything and its own XOR is 0
            self._buffer.clear()
            raise DamagedFrame
        del self._buffer[: _HEAD + length]
        return counted[2:-1]

    def _find_frame(self) -> int | None:
        """Drop what cannot begin a frame and return the length of the frame that is first now, if known."""
        while True:
            start = self._buffer.find(PREAMBLE)
            if start < 0:
                del self._buffer[: max(0, len(self._buffer) - len(PREAMBLE) + 1)]
                return None
            del self._buffer[:start]
            if len(self._buffer) < _HEAD:
                return None
            length = int.from_bytes(self._buffer[len(PREAMBLE) : _HEAD], "big")
            if 2 <= length <= MAX_LENGTH:
                return length
            del self._buffer[0]

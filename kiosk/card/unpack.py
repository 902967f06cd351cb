"""Child process of `portrait`: photo on standard input, picture on standard output, nothing else loaded.

Makers' libraries export `int unpack(const char *wlt, char *picture, int save)`; 1 means success. The photo
must not stay on the disk: neither as a file that a library writes, nor as the core of a crash.
"""

import ctypes
import resource
import signal
import sys

BUFFER_BYTES = 1 << 17
"""For the picture; the largest known output, a BMP file, has 38,862."""
RAW, BMP = 38_556, 38_862
"""Bytes of 102 × 126 pixels: three a pixel, or as a BMP file."""


def unpack(library: str, function: str, portrait: bytes) -> bytes:
    """Return the library's picture of the photo, raw or BMP; empty if it refuses."""
    picture = ctypes.create_string_buffer(BUFFER_BYTES)
    unpack_wlt = getattr(ctypes.CDLL(library), function)
    unpack_wlt.restype = ctypes.c_int
    if unpack_wlt(ctypes.create_string_buffer(portrait, len(portrait)), picture, 0) != 1:
        return b""
    return picture.raw[: BMP if picture.raw[:2] == b"BM" else RAW]


def forbid_writing() -> None:
    """Let this process write to no file any more. A write fails; it does not end the process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))


if __name__ == "__main__":
    forbid_writing()
    sys.stdout.buffer.write(unpack(sys.argv[1], sys.argv[2], sys.stdin.buffer.read()))

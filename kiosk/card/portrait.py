"""Driver `vendor`: decodes the chip's photo with the library that the reader's maker delivers.

The 1024 bytes are in a format (WLT) that no open program decodes. It is unknown what a maker's library does
with damaged bytes, so it runs in a child process (`unpack`): a crash costs one card, not the terminal.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.card.protocol import PORTRAIT_BYTES
from kiosk.codes import Code
from kiosk.errors import CardError, ModelError
from kiosk.ports import Context, Image

HEIGHT, WIDTH = 126, 102
RAW = HEIGHT * WIDTH * 3
"""Bytes of the picture, three a pixel: blue, green, red, without padding."""
BMP_ROW = (WIDTH * 3 + 3) // 4 * 4
BMP = 54 + HEIGHT * BMP_ROW
"""Bytes of the same picture as a BMP file of 24 bits: header, rows padded to four bytes, bottom row first."""
MIN_CONTRAST = 2.0
"""Standard deviation of the grey levels, below which a "decoded" picture shows no person."""


class NoPortraitDecoder:
    """Driver `photographed`: without a library the print is photographed, and a clerk looks at it."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """No options."""

    def __init__(self, settings: Settings, context: Context) -> None: ...

    def decode(self, portrait: bytes) -> Image:
        """Raise CardError(CARD_PORTRAIT_PHOTOGRAPHED): the visit then asks for the card before the camera."""
        raise CardError(Code.CARD_PORTRAIT_PHOTOGRAPHED, "no decoder")


class VendorPortraitDecoder:
    """Decodes with a maker's shared library."""

    class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
        """`library`: the shared library, absolute or from the working directory; `function`: its decoder."""

        library: str = ""
        function: str = "unpack"
        bottom_up: bool = False  # the library's raw picture begins with the bottom row
        timeout_s: float = 5.0

    def __init__(self, settings: Settings, context: Context) -> None:
        """Raise ModelError(MODEL_MISSING) without a library."""
        if not settings.library or not Path(settings.library).is_file():
            where = settings.library or "[portrait_decoder] library is not set"
            raise ModelError(Code.MODEL_MISSING, f"portrait decoder: {where}")
        self._settings = settings

    def decode(self, portrait: bytes) -> Image:
        """Return (126, 102, 3) BGR. Raises CardError(CARD_PORTRAIT_UNREADABLE)."""
        if len(portrait) != PORTRAIT_BYTES:
            raise _unreadable(f"{len(portrait)} bytes")
        image = picture_of(self._run_child(portrait), self._settings.bottom_up)
        if float(image.mean(axis=2).std()) < MIN_CONTRAST:
            raise _unreadable("the decoder gave an empty picture")
        return image

    def _run_child(self, portrait: bytes) -> bytes:
        command = [sys.executable, "-m", "kiosk.card.unpack"]
        command += [str(Path(self._settings.library).absolute()), self._settings.function]
        try:
            done = subprocess.run(
                command, input=portrait, capture_output=True, timeout=self._settings.timeout_s, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _unreadable(type(error).__name__) from None
        if done.returncode:
            raise _unreadable(f"the decoder ended with status {done.returncode}")
        return done.stdout


def _unreadable(why: str) -> CardError:
    return CardError(Code.CARD_PORTRAIT_UNREADABLE, why)


def picture_of(data: bytes, bottom_up: bool) -> Image:
    """Return the picture of a library's output, BMP or raw. Raises CardError."""
    if len(data) == BMP and data[:2] == b"BM":
        rows = np.frombuffer(data, np.uint8, offset=54).reshape(HEIGHT, BMP_ROW)
        return _upright(rows[:, : WIDTH * 3], bottom_up=True)
    if len(data) == RAW:
        return _upright(np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH * 3), bottom_up)
    raise _unreadable(f"the decoder gave {len(data)} bytes")


def _upright(rows: NDArray[np.uint8], bottom_up: bool) -> Image:
    image = rows[::-1] if bottom_up else rows
    return np.ascontiguousarray(image).reshape(HEIGHT, WIDTH, 3)

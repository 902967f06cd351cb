"""Encode documents in ESC/POS, the command language of receipt printers.

Source: Epson's ESC/POS command reference.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

RESET = b"\x1b@"
CHINESE = b"\x1c&"
"""FS &: two-byte characters follow; on printers sold in China these are GB18030."""
FEED_AND_CUT = b"\x1dV\x42\x00"
"""GS V B 0: feed past the knife, cut, leave one point."""
ASK_OFFLINE = b"\x10\x04\x02"
"""DLE EOT 2: why it is offline. Questions of this form are answered at once, even while it has stopped."""
COVER_OPEN, STOPPED_BY_PAPER, ERROR = 0x04, 0x20, 0x40
"""Bits of the answer."""
ASK_ERROR = b"\x10\x04\x03"
"""DLE EOT 3: the cause of an error."""
CUTTER_STUCK = 0x08
ASK_PAPER = b"\x10\x04\x04"
"""DLE EOT 4: the paper sensors."""
PAPER_OUT = 0x60
"""Bits of the answer: the roll's end has come."""
STATUS_FIXED, STATUS_PATTERN = 0x93, 0x12
"""Bits that are the same in every answer to DLE EOT, and how they are set."""
REPORT_WHEN_DONE = b"\x1dr\x01"
"""GS r 1: the paper sensors, answered in its turn: all that was sent before is printed and cut then."""
REPORT_FIXED = 0x90
"""Bits that are clear in the answer."""
BAND = 128
"""Rows a raster command carries; small printers hold no more."""
LINES = 8
"""Lines of text between two questions."""


class Bitmap(Struct, frozen=True):
    """Picture in black and white. `rows`: one bit a dot, 1 is black, each row padded to whole bytes."""

    width: int
    height: int
    rows: bytes


def encode_text(lines: Iterable[str]) -> list[bytes]:
    """Encode a whole document as text, in commands, cut at the end. GB18030 covers all of Unicode."""
    text = [f"{line}\n".encode("gb18030") for line in lines]
    blocks = [b"".join(text[at : at + LINES]) for at in range(0, len(text), LINES)]
    return [RESET + CHINESE, *blocks, FEED_AND_CUT]


def encode_bitmap(bitmap: Bitmap) -> list[bytes]:
    """Encode a whole document as a picture, in commands, cut at the end."""
    return [RESET, *_bands(bitmap), FEED_AND_CUT]


def _bands(bitmap: Bitmap) -> Iterator[bytes]:
    """Yield one GS v 0 command a band: normal density, bytes across, rows down (both little-endian), rows."""
    across = (bitmap.width + 7) // 8
    for top in range(0, bitmap.height, BAND):
        count = min(BAND, bitmap.height - top)
        header = b"\x1dv0\x00" + across.to_bytes(2, "little") + count.to_bytes(2, "little")
        yield header + bitmap.rows[top * across : (top + count) * across]

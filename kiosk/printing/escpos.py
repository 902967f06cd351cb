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
ASK_PAPER = b"\x10\x04\x04"
"""DLE EOT 4: the paper sensors, answered at once, even by a printer that has stopped."""
ASK_COVER = b"\x10\x04\x02"
"""DLE EOT 2: why it is offline."""
PAPER_OUT = 0x60
"""Bits of the answer to ASK_PAPER: the roll's end has come."""
COVER_OPEN = 0x04
BAND = 128
"""Rows a raster command carries; small printers hold no more."""


class Bitmap(Struct, frozen=True):
    """Picture in black and white. `rows`: one bit a dot, 1 is black, each row padded to whole bytes."""

    width: int
    height: int
    rows: bytes


def encode_text(lines: Iterable[str]) -> bytes:
    """Encode a whole document as text, cut at the end. GB18030 covers all of Unicode."""
    text = "".join(line + "\n" for line in lines).encode("gb18030")
    return RESET + CHINESE + text + FEED_AND_CUT


def encode_bitmap(bitmap: Bitmap) -> bytes:
    """Encode a whole document as a picture, cut at the end."""
    return RESET + b"".join(_bands(bitmap)) + FEED_AND_CUT


def _bands(bitmap: Bitmap) -> Iterator[bytes]:
    """Yield one GS v 0 command a band: normal density, bytes across, rows down (both little-endian), rows."""
    across = (bitmap.width + 7) // 8
    for top in range(0, bitmap.height, BAND):
        count = min(BAND, bitmap.height - top)
        header = b"\x1dv0\x00" + across.to_bytes(2, "little") + count.to_bytes(2, "little")
        yield header + bitmap.rows[top * across : (top + count) * across]

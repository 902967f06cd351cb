"""ESC/POS: the bytes that receipt printers take. Source: Epson's ESC/POS command reference."""

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
"""DLE EOT 2: why it is off line."""
PAPER_OUT = 0x60
"""Bits of the answer to ASK_PAPER: the roll's end has come."""
COVER_OPEN = 0x04
BAND = 128
"""Rows a raster command carries; small printers hold no more."""


class Bitmap(Struct, frozen=True):
    """`rows`: one bit a dot, 1 is black, each row padded to whole bytes."""

    width: int
    height: int
    rows: bytes


def encode(lines: Iterable[str]) -> bytes:
    """A whole slip of text, cut at the end. What GB18030 lacks does not exist: it covers all of Unicode."""
    text = "".join(line + "\n" for line in lines).encode("gb18030")
    return RESET + CHINESE + text + FEED_AND_CUT


def raster(bitmap: Bitmap) -> bytes:
    """A whole slip as a picture, cut at the end."""
    return RESET + b"".join(_bands(bitmap)) + FEED_AND_CUT


def _bands(bitmap: Bitmap) -> Iterator[bytes]:
    """GS v 0: normal density, bytes across, rows down (both little-endian), the rows."""
    across = (bitmap.width + 7) // 8
    for top in range(0, bitmap.height, BAND):
        count = min(BAND, bitmap.height - top)
        head = b"\x1dv0\x00" + across.to_bytes(2, "little") + count.to_bytes(2, "little")
        yield head + bitmap.rows[top * across : (top + count) * across]

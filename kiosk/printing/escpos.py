"""ESC/POS: the bytes that receipt printers take. Source: Epson's ESC/POS command reference."""

from collections.abc import Iterable

RESET = b"\x1b@"
CHINESE = b"\x1c&"
"""FS &: two-byte characters follow; on printers sold in China these are GB18030."""
FEED_AND_CUT = b"\x1dV\x42\x00"
"""GS V B 0: feed past the knife, cut, leave one point."""


def encode(lines: Iterable[str]) -> bytes:
    """A whole slip, cut at the end. What GB18030 lacks does not exist: it covers all of Unicode."""
    text = "".join(line + "\n" for line in lines).encode("gb18030")
    return RESET + CHINESE + text + FEED_AND_CUT

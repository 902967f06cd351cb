"""A slip as a picture in black and white, drawn with the bundled font: no printer's own characters are
needed, so a rare one in the name of a place comes out like any other.
"""

from functools import cache
from typing import Any

import segno
from msgspec import Struct
from noto_cjk_sans_otc import FONT_PATH
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from kiosk.phrases import Script, load
from kiosk.printing.document import Printed, parts
from kiosk.printing.slip import Part, SlipLayout
from kiosk.printing.text_layout import wrapped

DOTS = {"58mm": 384, "80mm": 576}
"""Printable dots of a receipt printer's line, eight a millimetre."""
MISSING = "〓"
"""GB/T 2312's own sign for a character that cannot be printed."""
_SIZES = {
    SlipLayout.BANNER: 26,
    SlipLayout.TITLE: 40,
    SlipLayout.NUMBER: 34,
    SlipLayout.BODY: 26,
    SlipLayout.SMALL: 22,
}
"""Pixels on 384 dots; 26 dots are 3.2 mm, twelve points on other paper."""
_BOLD = (SlipLayout.BANNER, SlipLayout.TITLE, SlipLayout.NUMBER)
_CENTRED = (SlipLayout.BANNER, SlipLayout.TITLE, SlipLayout.NUMBER)
_QUIET = 4
_GAP = 8  # dots between two parts
ROOM = 120  # dots for a part, more than one of some lines takes
_FACES: dict[Script, int] = {"Hans": 2, "Hant": 3, "Latn": 2}
"""Index of each script's face in the font collection, which holds JP, KR, SC, TC, HK."""


class _Pen(Struct):
    """Where the next part begins."""

    picture: Picture.Image
    draw: ImageDraw.ImageDraw
    language: str
    y: int = 0


def drawn(printed: Printed, language: str = "", dots: int = DOTS["58mm"]) -> Picture.Image:
    """Mode "1", `dots` wide, as long as it needs: 0 is black."""
    told = parts(printed, language)
    picture = Picture.new("L", (dots, 4000 + ROOM * len(told)), 255)
    pen = _Pen(picture, ImageDraw.Draw(picture), language or printed.language)
    for part in told:
        _put(pen, part)
        pen.y += _GAP
    return picture.crop((0, 0, dots, pen.y + 2 * _GAP)).point(_black_or_white, mode="1")


def _black_or_white(level: int) -> int:
    return 255 if level > 140 else 0


def _put(pen: _Pen, part: Part) -> None:
    match part.look:
        case SlipLayout.RULE:
            _rule(pen)
        case SlipLayout.QR:
            _code(pen, part.text)
        case _:
            _text(pen, part)


def _rule(pen: _Pen) -> None:
    pen.draw.line((0, pen.y + _GAP, pen.picture.width, pen.y + _GAP), fill=0, width=2)
    pen.y += 2 * _GAP


def _code(pen: _Pen, content: str) -> None:
    """A QR code with its quiet zone, each module at least four dots (half a millimetre) wide."""
    rows = [bytes(row) for row in segno.make(content, error="m").matrix]
    modules = len(rows) + 2 * _QUIET
    size = max(4, pen.picture.width * 3 // 5 // modules)
    left = (pen.picture.width - size * len(rows)) // 2
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                at = (left + x * size, pen.y + (y + _QUIET // 2) * size)
                pen.draw.rectangle((*at, at[0] + size - 1, at[1] + size - 1), fill=0)
    pen.y += size * (len(rows) + _QUIET)


def _text(pen: _Pen, part: Part) -> None:
    size = _SIZES[part.look] * pen.picture.width // DOTS["58mm"]
    font = _font(pen.language, size)
    text = "".join(c if _has(font, c) else MISSING for c in part.text)
    for line in wrapped(text, pen.picture.width - 4, font.getlength):
        _line(pen, part.look, line, font)
        pen.y += round(1.35 * size)


def _line(pen: _Pen, look: SlipLayout, line: str, font: Any) -> None:
    left = (pen.picture.width - font.getlength(line)) / 2 if look in _CENTRED else 0
    ink = 0
    if look is SlipLayout.BANNER:
        pen.draw.rectangle((0, pen.y, pen.picture.width, pen.y + round(1.35 * font.size)), fill=0)
        ink = 255
    weight = 1 if look in _BOLD else 0
    pen.draw.text((left, pen.y - 0.12 * font.size), line, fill=ink, font=font, stroke_width=weight)


@cache
def _font(language: str, size: int) -> Any:
    return ImageFont.truetype(str(FONT_PATH), size, index=_FACES[load(language).script])


@cache
def _has(font: Any, character: str) -> bool:
    """Does the font know it? What it does not know it draws as the same box."""
    return character.isspace() or _shape(font, character) != _shape(font, "\U0010ffff")


def _shape(font: Any, character: str) -> bytes:
    return bytes(font.getmask(character))

"""Draw a document as a picture in black and white, with the bundled font.

The printer's own characters are not needed, so a rare one in the name of a place is printed like any other.
"""

from functools import cache
from typing import Any

import segno
from msgspec import Struct
from noto_cjk_sans_otc import FONT_PATH
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from kiosk.phrases import Script, load
from kiosk.printing.document import PrintDocument, document_blocks
from kiosk.printing.slip import Block, BlockStyle
from kiosk.printing.text_layout import wrap

DOTS = {"58mm": 384, "80mm": 576}
"""Printable dots of a receipt printer's line, eight a millimetre."""
MISSING = "〓"
"""GB/T 2312's own sign for a character that cannot be printed."""
_SIZES = {
    BlockStyle.BANNER: 26,
    BlockStyle.TITLE: 40,
    BlockStyle.NUMBER: 34,
    BlockStyle.BODY: 26,
    BlockStyle.SMALL: 22,
}
"""Pixels on 384 dots; 26 dots are 3.2 mm, twelve points on other paper."""
_BOLD = (BlockStyle.BANNER, BlockStyle.TITLE, BlockStyle.NUMBER)
_CENTRED = (BlockStyle.BANNER, BlockStyle.TITLE, BlockStyle.NUMBER)
_QUIET_ZONE = 4  # modules around a QR code (ISO/IEC 18004)
_GAP = 8  # dots between two blocks
_LINE_HEIGHT = 1.35  # of the font's size
_MAX_BLOCK_DOTS = 120  # height of most blocks at most; those of several lines share the 4000 dots in reserve
_FACES: dict[Script, int] = {"Hans": 2, "Hant": 4, "Latn": 2}
"""Index of each script's face in the font collection, which holds JP, KR, SC, TC, HK: as on the screen."""


class _Canvas(Struct, kw_only=True):
    """The picture, and where on it the next block begins. `scale`: of all sizes, 1 on 384 dots."""

    picture: Picture.Image
    draw: ImageDraw.ImageDraw
    language: str
    scale: float
    y: int = 0


def draw(document: PrintDocument, language: str = "", dots: int = DOTS["58mm"]) -> Picture.Image:
    """Return the document as a picture of mode "1", `dots` wide, as high as needed: 0 is black."""
    blocks = document_blocks(document, language)
    return draw_blocks(blocks, language or document.language, dots, dots / DOTS["58mm"])


def draw_blocks(blocks: list[Block], language: str, dots: int, scale: float) -> Picture.Image:
    """Return the blocks as a picture of mode "1", `dots` wide, as high as needed.

    `scale`: of type and codes, 1 for a slip on 384 dots.
    """
    picture = Picture.new("L", (dots, round(scale * (4000 + _MAX_BLOCK_DOTS * len(blocks)))), 255)
    canvas = _Canvas(picture=picture, draw=ImageDraw.Draw(picture), language=language, scale=scale)
    gap = round(_GAP * scale)
    for block in blocks:
        match block.style:
            case BlockStyle.RULE:
                canvas.draw.line((0, canvas.y + gap, dots, canvas.y + gap), fill=0, width=round(2 * scale))
                canvas.y += 2 * gap
            case BlockStyle.QR:
                _draw_qr_code(canvas, block.text)
            case _:
                _draw_text(canvas, block)
        canvas.y += gap
    cropped = picture.crop((0, 0, dots, canvas.y + 2 * gap))
    return cropped.point(lambda level: 255 if level > 140 else 0, mode="1")


def _draw_qr_code(canvas: _Canvas, content: str) -> None:
    """Draw a QR code with its quiet zone, each module at least four dots (half a millimetre) wide."""
    rows = [bytes(row) for row in segno.make(content, error="m").matrix]
    modules = len(rows) + 2 * _QUIET_ZONE
    size = max(4, round(canvas.scale * DOTS["58mm"]) * 3 // 5 // modules)
    left = (canvas.picture.width - size * len(rows)) // 2
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                at = (left + x * size, canvas.y + (y + _QUIET_ZONE // 2) * size)
                canvas.draw.rectangle((*at, at[0] + size - 1, at[1] + size - 1), fill=0)
    canvas.y += size * (len(rows) + _QUIET_ZONE)


def _draw_text(canvas: _Canvas, block: Block) -> None:
    size = int(_SIZES[block.style] * canvas.scale)
    font = _font(canvas.language, size)
    text = "".join(c if _has_glyph(font, c) else MISSING for c in block.text)
    for line in wrap(text, canvas.picture.width - 4, font.getlength):
        _draw_line(canvas, block.style, line, font)
        canvas.y += round(_LINE_HEIGHT * size)


def _draw_line(canvas: _Canvas, style: BlockStyle, line: str, font: Any) -> None:
    left = (canvas.picture.width - font.getlength(line)) / 2 if style in _CENTRED else 0
    ink = 0
    if style is BlockStyle.BANNER:
        bottom = canvas.y + round(_LINE_HEIGHT * font.size)
        canvas.draw.rectangle((0, canvas.y, canvas.picture.width, bottom), fill=0)
        ink = 255
    weight = 1 if style in _BOLD else 0
    canvas.draw.text((left, canvas.y - 0.12 * font.size), line, fill=ink, font=font, stroke_width=weight)


@cache
def _font(language: str, size: int) -> Any:
    return ImageFont.truetype(str(FONT_PATH), size, index=_FACES[load(language).script])


@cache
def _has_glyph(font: Any, character: str) -> bool:
    """Return True unless the font draws the character as it draws every one that it lacks."""
    missing = bytes(font.getmask("\U0010ffff"))
    return character.isspace() or bytes(font.getmask(character)) != missing

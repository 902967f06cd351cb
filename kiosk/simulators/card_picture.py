"""Picture of a made-up ID card with a person's photograph, for the camera of the simulated shop.

The card says that it is a sample; its number can belong to nobody (see `people`).
"""

from functools import cache

import cv2
import numpy as np
from noto_cjk_sans_otc import FONT_PATH
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from kiosk.face.card_picture import HEIGHT, WIDTH
from kiosk.model import IdCard
from kiosk.ports import Face, Image
from kiosk.simulators.portrait import id_photo

_PHOTO_BOX = (570, 60, 800, 344)
"""Left, top, right, bottom of the photograph, pixels."""
_GROUND = (232, 226, 206)  # RGB of the print's ground
_INK, _LABEL = (40, 40, 44), (60, 110, 150)


def card_picture(card: IdCard, photo: Image, face: Face) -> Image:
    """Draw the side with the portrait, (540, 856, 3) BGR."""
    picture = Picture.new("RGB", (WIDTH, HEIGHT), _GROUND)
    draw = ImageDraw.Draw(picture)
    for y, label, text in printed_lines(card):
        draw.text((50, y), label, fill=_LABEL, font=_font(24))
        draw.text((140, y - 4), text, fill=_INK, font=_font(30))
    draw.text((50, 458), "公民身份号码", fill=_LABEL, font=_font(24))
    for i, digit in enumerate(card.number):
        draw.text((290 + i * 27, 448), digit, fill=_INK, font=_font(38))
    draw.text((330, 16), "样 本 · 演 示 用", fill=(190, 60, 60), font=_font(24))
    printed = np.asarray(picture, np.uint8)[:, :, ::-1].copy()
    left, top, right, bottom = _PHOTO_BOX
    large = id_photo(photo, face, scale=(right - left) / 102)
    printed[top:bottom, left:right] = cv2.resize(large, (right - left, bottom - top))
    return printed


def with_card_held(scene: Image, card: Image, at: float, width: float = 0.72) -> Image:
    """Return the scene with the card held before it, swaying as in a hand.

    `scene`: (height, width, 3); `card`: (540, 856, 3); `width`: the card's share of the scene's width.
    """
    height, span = scene.shape[:2]
    wide = width * span
    half = np.array([wide / 2, wide / 2 * HEIGHT / WIDTH])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    tilt = 0.03 * np.sin(0.9 * at)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    sway = np.array([3 * np.sin(0.7 * at), 2 * np.sin(1.1 * at)])
    placed = (corners @ turn.T + np.array([span / 2, height / 2]) + sway).astype(np.float32)
    placed[1:3, 0] -= 0.012 * wide  # held not quite square
    corner = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    matrix = cv2.getPerspectiveTransform(corner, placed)
    out = scene.copy()
    warped = cv2.warpPerspective(card, matrix, (span, height), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full(card.shape[:2], 255, np.uint8), matrix, (span, height))
    out[mask > 127] = warped[mask > 127]
    return out


def printed_lines(card: IdCard) -> list[tuple[int, str, str]]:
    """Return (y, label, text) of the printed lines."""
    born = card.birth
    when = f"{born.year} 年 {born.month} 月 {born.day} 日" if born else ""
    address = [card.address[i : i + 11] for i in range(0, len(card.address), 11)]
    lines = [
        (70, "姓名", card.name),
        (130, "性别", f"{card.sex}    民族  {card.nation}"),
        (190, "出生", when),
    ]
    return lines + [(250 + 44 * i, "住址" if not i else "", text) for i, text in enumerate(address[:3])]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT_PATH), size, index=2)

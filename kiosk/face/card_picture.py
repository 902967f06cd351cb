"""Finds the printed side of an ID card in a frame, straightens and checks it, and cuts out its portrait.

For terminals without a decoder for the chip's photo. Which card it is was read electronically. Here it must
*look* like one, so that nothing else is taken for a portrait: the proportions of ID-1 (ISO/IEC 7810: 85.60 ×
53.98 mm), a face where the portrait is and nowhere else, a line of characters where the number is, and print
left of the portrait. And its number must be the one on the chip. A clerk looks at it besides.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.ports import Face, FaceEngine, Image
from kiosk.settings import FaceSettings

RATIO = 85.60 / 53.98
WIDTH, HEIGHT = 856, 540
"""Pixels of the straightened card: ten a millimetre."""
_RATIO_TOLERANCE = 0.16  # a card that is a little turned away looks narrower
_EDGE = 0.02  # of the picture: a card that reaches over its edge is not whole
_MIN_AREA = 0.03  # of the picture's area: less is no card that somebody holds up
# Parts of the card as (left, top, right, bottom) shares: GA 461's layout as it can be measured on any card.
_PORTRAIT = (0.60, 0.08, 0.97, 0.78)
_NUMBER = (0.30, 0.78, 0.97, 0.94)
_PRINT = (0.04, 0.08, 0.60, 0.76)
_DIGITS = (14, 24)  # glyphs that may be seen in the number's line: a blot more or less
_DIGIT_HEIGHT = (0.030, 0.085)  # of the card's height
_MIN_GLYPHS = 12  # pieces of print left of the portrait
_GLARE = 250  # a pixel that is as bright in all colours is clipped

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""
Corners = NDArray[np.float32]
"""(4, 2) pixels of the picture: top left, top right, bottom right, bottom left of the card."""


class CardPicture(Struct, frozen=True, eq=False, kw_only=True):
    """What one frame showed. `portrait`: BGR around the printed face; None unless `hint` is OK."""

    hint: Code
    corners: Corners | None = None
    portrait: Image | None = None
    face: Face | None = None  # in pixels of `portrait`


def inspect_frame(image: Image, engine: FaceEngine, settings: FaceSettings, number: str) -> CardPicture:
    """Return the card's portrait, or one hint for the person who holds the card. Raises EngineError.

    `number`: as it was read from the chip.
    """
    corners = find_card(image)
    if corners is None:
        return CardPicture(hint=Code.CARD_PICTURE_NONE)
    if _width(corners) < settings.card_min_px:
        return CardPicture(hint=Code.CARD_PICTURE_FAR, corners=corners)
    card = straighten(image, corners)
    if print_sharpness(card) < settings.card_min_sharpness:
        return CardPicture(hint=Code.CARD_PICTURE_BLURRED, corners=corners)
    for upright in (card, np.asarray(cv2.rotate(card, cv2.ROTATE_180), np.uint8)):
        if _face_is_in_place(engine.detect(upright)):
            return _inspect_upright(upright, corners, engine, settings, number)
    return CardPicture(hint=Code.CARD_PICTURE_SIDE, corners=corners)


def _inspect_upright(
    card: Image, corners: Corners, engine: FaceEngine, settings: FaceSettings, number: str
) -> CardPicture:
    if not has_number(card) or not has_print(card):
        return CardPicture(hint=Code.CARD_PICTURE_SIDE, corners=corners)
    if not shows_number(card, number):
        return CardPicture(hint=Code.CARD_PICTURE_NUMBER, corners=corners)
    portrait = _part(card, _PORTRAIT)
    faces = engine.detect(portrait)
    if len(faces) != 1:
        return CardPicture(hint=Code.CARD_PORTRAIT_NO_FACE, corners=corners)
    if glare(portrait, faces[0]) > settings.card_max_glare:
        return CardPicture(hint=Code.CARD_PICTURE_GLARE, corners=corners)
    return CardPicture(hint=Code.OK, corners=corners, portrait=portrait, face=faces[0])


def _face_is_in_place(faces: Sequence[Face]) -> bool:
    """Say whether the card's one face is where the portrait is printed."""
    left, top, right, bottom = _PORTRAIT
    if len(faces) != 1:
        return False
    (face,) = faces
    x, y = (face.x + face.width / 2) / WIDTH, (face.y + face.height / 2) / HEIGHT
    return left < x < right and top < y < bottom


def find_card(image: Image) -> Corners | None:
    """Return the corners of the largest quadrangle with a card's proportions; None if there is none."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    best: Corners | None = None
    for low, high in ((30, 90), (60, 180)):
        edges = cv2.dilate(cv2.Canny(grey, low, high), np.ones((3, 3), np.uint8))
        contours, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            corners = _quadrangle(np.asarray(contour, np.int32), image.shape[:2])
            larger = corners is not None and (
                best is None or cv2.contourArea(corners) > cv2.contourArea(best)
            )
            if corners is not None and larger and _has_card_shape(corners, image.shape[:2]):
                best = corners
    return best


def _quadrangle(contour: NDArray[np.int32], size: Sequence[int]) -> Corners | None:
    """Return the contour's four corners, clockwise from the top left, the long sides lying."""
    hull = cv2.convexHull(contour)
    if cv2.contourArea(hull) < _MIN_AREA * size[0] * size[1]:
        return None
    for share in (0.02, 0.04, 0.06):
        corners = cv2.approxPolyDP(hull, share * cv2.arcLength(hull, closed=True), closed=True)
        if len(corners) == 4:
            return _ordered(corners.reshape(4, 2).astype(np.float32))
    return None


def _ordered(corners: Corners) -> Corners:
    centre = corners.mean(axis=0)
    clockwise = corners[np.argsort(np.arctan2(*(corners - centre).T[::-1]))]
    clockwise = np.roll(clockwise, -int(np.argmin(clockwise.sum(axis=1))), axis=0)
    sides = np.linalg.norm(clockwise[1:3] - clockwise[0:2], axis=1)
    return clockwise if sides[0] >= sides[1] else np.roll(clockwise, -1, axis=0)


def _has_card_shape(corners: Corners, size: Sequence[int]) -> bool:
    height, width = size
    margin = _EDGE * width
    inside = (corners > margin).all() and (corners < np.array([width, height]) - margin).all()
    tall = float(np.linalg.norm(corners[2] - corners[1]) + np.linalg.norm(corners[3] - corners[0])) / 2
    return bool(inside) and tall > 0 and abs(_width(corners) / tall / RATIO - 1) <= _RATIO_TOLERANCE


def _width(corners: Corners) -> float:
    return float(np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2


def straighten(image: Image, corners: Corners) -> Image:
    """Return the card as seen from straight above, (540, 856, 3)."""
    corner = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, corner)
    return np.asarray(cv2.warpPerspective(image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC), np.uint8)


def print_sharpness(card: Image) -> float:
    """Return the variance of the Laplacian where the print is.

    On a card of half size: that is what cameras resolve.
    """
    small = cv2.resize(_part(card, _PRINT), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


def has_number(card: Image) -> bool:
    """Say whether one line of about eighteen glyphs stands where the number is printed."""
    return _DIGITS[0] <= len(_number_line(_part(card, _NUMBER))) <= _DIGITS[1]


def shows_number(card: Image, number: str) -> bool:
    """Say whether the printed number can be `number`: equal characters look equal, and different ones differ.

    No font is known here, so no single digit is recognised. But each of the characters that `number` has more
    than once must look more like all of its kind than like any other character of the line. Of random numbers
    of one district five in a million repeat their characters at the same places; a number that differs in
    characters that stand there once is not told apart.
    """
    zone = _part(card, _NUMBER)
    boxes = _number_line(zone)
    if len(boxes) != len(number):
        return False
    alike = _likeness(zone, boxes)
    same = np.array([[one == other for other in number] for one in number])
    others = ~np.eye(len(number), dtype=bool)
    repeated = (same & others).any(axis=1)
    least_equal = np.where(same & others, alike, np.inf).min(axis=1)
    most_different = np.where(same, -np.inf, alike).max(axis=1)
    return bool(repeated.any() and (least_equal > most_different)[repeated].all())


def _likeness(zone: Image, boxes: Sequence[Box]) -> NDArray[np.float32]:
    """Return how alike each two characters of a line are: the correlation of their pictures."""
    grey = cv2.GaussianBlur(cv2.cvtColor(zone, cv2.COLOR_BGR2GRAY), (3, 3), 0).astype(np.float32)
    centres = [(x + width / 2, y + height / 2) for x, y, width, height in boxes]
    size = (
        int(np.median(np.diff([x for x, _ in centres]))),
        int(1.3 * np.median([height for _, _, _, height in boxes])),
    )
    pictures = np.array([cv2.getRectSubPix(grey, size, centre).ravel() for centre in centres])
    pictures -= pictures.mean(axis=1, keepdims=True)
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True) + 1e-6
    return np.asarray(pictures @ pictures.T, np.float32)


def _number_line(zone: Image) -> list[Box]:
    """Return the boxes that are as large as digits and stand in one line, from left to right."""
    low, high = (share * HEIGHT for share in _DIGIT_HEIGHT)
    boxes = [box for box in _glyphs(zone) if low <= box[3] <= high and box[2] <= 1.2 * box[3]]
    if not boxes:
        return []
    middle = np.median([y + height / 2 for _, y, _, height in boxes])
    return sorted(box for box in boxes if abs(box[1] + box[3] / 2 - middle) < 0.25 * high)


def has_print(card: Image) -> bool:
    """Say whether there is print left of the portrait, as the name and the address are."""
    glyphs = _glyphs(_part(card, _PRINT))
    return sum(8 <= height <= 60 and width <= 80 for _, _, width, height in glyphs) >= _MIN_GLYPHS


def glare(portrait: Image, face: Face) -> float:
    """Return the share of the face that is clipped to white; 1 if the face has no pixel."""
    x, y = max(0, int(face.x)), max(0, int(face.y))
    around = portrait[y : int(face.y + face.height), x : int(face.x + face.width)]
    return float((around.min(axis=2) >= _GLARE).mean()) if around.size else 1.0


def _glyphs(zone: Image) -> list[Box]:
    """Return the boxes of what is darker than its surroundings."""
    grey = cv2.cvtColor(zone, cv2.COLOR_BGR2GRAY)
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 12)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h, area in stats[1:] if area >= 12]


def _part(card: Image, shares: tuple[float, float, float, float]) -> Image:
    left, top, right, bottom = shares
    height, width = card.shape[:2]
    return card[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]

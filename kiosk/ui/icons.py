"""Icons of the window: SVG files under resources/icons, painted in a colour of the theme at any size.

Each file is a square of 100 units whose lines have the colour `currentColor` and the width 7. Both are
replaced when an icon is painted, so that one file serves a small white check mark as well as a large picture
with fine lines. Qt renders the vectors at the painter's own resolution: icons are sharp on every display.
"""

from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtSvg import QSvgRenderer

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import Outcome, Way
from kiosk.paths import RESOURCES

FOLDER = RESOURCES / "icons"
INK = "currentColor"
LINE_WIDTH = 'stroke-width="7"'
"""The two places in each file that are replaced."""
_SIDE = 100  # of each file's viewBox


class Icon(StrEnum):
    """Names of the files without their suffix."""

    ATTENTION = "attention"
    BACKLIGHT = "backlight"
    BELL = "bell"
    CARD = "card"
    CARD_AND_PHONE = "card_and_phone"
    CARD_ON_READER = "card_on_reader"
    CHECK = "check"
    CLERK = "clerk"
    CLOCK = "clock"
    CROSS = "cross"
    EXIT = "exit"
    EYE = "eye"
    FACE_FRONT = "face_front"
    FORK = "fork"
    HEAD_UPRIGHT = "head_upright"
    HOLD_STILL = "hold_still"
    HOURGLASS = "hourglass"
    KEYPAD_TOUCH = "keypad_touch"
    LIGHT_BULB = "light_bulb"
    MICROPHONE = "microphone"
    MOVE_BACK = "move_back"
    MOVE_CLOSER = "move_closer"
    MOVE_TO_CENTRE = "move_to_centre"
    PEOPLE = "people"
    PERSON = "person"
    SPEAKER = "speaker"
    SUN = "sun"
    TURN_HEAD = "turn_head"
    UNCOVER_FACE = "uncover_face"
    WRENCH = "wrench"


WAYS: dict[Way, Icon] = {
    Way.VOICE: Icon.MICROPHONE,
    Way.HEAD: Icon.TURN_HEAD,
    Way.TOUCH: Icon.KEYPAD_TOUCH,
    Way.CLERK: Icon.CLERK,
}

HINTS: dict[Code, Icon] = {
    Code.OK: Icon.CHECK,
    Code.FACE_NONE: Icon.PERSON,
    Code.FACE_SEVERAL: Icon.PEOPLE,
    Code.FACE_TOO_FAR: Icon.MOVE_CLOSER,
    Code.FACE_TOO_NEAR: Icon.MOVE_BACK,
    Code.FACE_CUT: Icon.MOVE_BACK,
    Code.FACE_OFF_CENTRE: Icon.MOVE_TO_CENTRE,
    Code.FACE_TURNED: Icon.FACE_FRONT,
    Code.FACE_TILTED: Icon.HEAD_UPRIGHT,
    Code.FACE_BLURRED: Icon.HOLD_STILL,
    Code.FACE_TOO_DARK: Icon.LIGHT_BULB,
    Code.FACE_TOO_BRIGHT: Icon.SUN,
    Code.FACE_BACKLIT: Icon.BACKLIGHT,
    Code.FACE_EYES_CLOSED: Icon.EYE,
    Code.FACE_COVERED: Icon.UNCOVER_FACE,
    Code.FACE_LEFT: Icon.PERSON,
    Code.FACE_CHANGED: Icon.PEOPLE,
    Code.CARD_PICTURE_NONE: Icon.CARD,
    Code.CARD_PICTURE_FAR: Icon.MOVE_CLOSER,
    Code.CARD_PICTURE_BLURRED: Icon.HOLD_STILL,
    Code.CARD_PICTURE_GLARE: Icon.SUN,
    Code.CARD_PICTURE_SIDE: Icon.CARD,
    Code.CARD_PICTURE_NUMBER: Icon.CARD,
}
"""Icon beside each hint of the coach."""

OUTCOMES: dict[Outcome, tuple[Icon, str]] = {
    Outcome.ACTIVATED: (Icon.CHECK, "done"),
    Outcome.PENDING: (Icon.CLOCK, "wait"),
    Outcome.ACCEPTED: (Icon.CLOCK, "wait"),
    Outcome.REFUSED: (Icon.CROSS, "stop"),
    Outcome.REFERRED: (Icon.CLERK, "second"),
    Outcome.ABANDONED: (Icon.EXIT, "second"),
}
"""Icon and colour of each outcome. Never the colour alone (WCAG 1.4.1)."""


def paint_icon(painter: QPainter, icon: Icon, box: QRectF, ink: QColor, line_width: float = 0.07) -> None:
    """Paint `icon` in one colour into the middle of `box`; `line_width` in shares of the icon's side."""
    side = min(box.width(), box.height())
    square = QRectF(0, 0, side, side)
    square.moveCenter(box.center())
    _renderer(icon, ink.name(), line_width).render(painter, square)


def load_icons() -> None:
    """Read every icon. Raises SettingsError if a file is missing or is no SVG that Qt can paint."""
    for icon in Icon:
        _renderer(icon, "#000000", 0.07)


@lru_cache(maxsize=128)  # some 30 icons in at most three colours and four line widths
def _renderer(icon: Icon, colour: str, line_width: float) -> QSvgRenderer:
    path = FOLDER / f"{icon}.svg"
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(Code.SETTINGS_UNREADABLE, f"icon {path.name}") from error
    source = source.replace(INK, colour).replace(LINE_WIDTH, f'stroke-width="{line_width * _SIDE:g}"')
    renderer = QSvgRenderer(source.encode())
    if not renderer.isValid():
        raise SettingsError(Code.SETTINGS_UNREADABLE, f"icon {path.name}")
    return renderer

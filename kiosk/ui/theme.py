"""How big and in which colour: sizes follow from the window, colours from resources/style/palette.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Literal

from noto_cjk_sans_otc import FONT_PATH
from PySide6.QtGui import QColor, QFont, QFontDatabase

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import Language
from kiosk.paths import RESOURCES
from kiosk.phrases import Script, load

TOUCH_PX = 76
"""20 mm at 96 dpi: the least side of anything to be touched (ISO 9241-411 and shaky fingers)."""

FAMILIES: dict[Script, str] = {
    "Hans": "Noto Sans CJK SC",
    "Hant": "Noto Sans CJK HK",
    "Latn": "Noto Sans CJK SC",
}
"""Font of each script: Chinese scripts share characters but not their shapes. Traditional as in Hong Kong."""

Role = Literal["hero", "title", "body", "small", "tiny"]

_SIZES: dict[Role, tuple[int, int]] = {
    "hero": (132, 40),
    "title": (84, 32),
    "body": (46, 22),
    "small": (38, 19),
    "tiny": (30, 16),
}
"""Pixels on a 1080-wide screen, and the least on any."""


@dataclass(frozen=True)
class Theme:
    """The sizes of one window in one language; pixels."""

    width: int = 1080
    height: int = 1920
    language: Language = Language.ZH_HANS

    @property
    def portrait(self) -> bool:
        return self.height > self.width

    @property
    def unit(self) -> float:
        """1 on a 1080×1920 or 1920×1080 screen, smaller on smaller ones."""
        return min(min(self.width, self.height) / 1080, max(self.width, self.height) / 1920)

    @property
    def touch(self) -> int:
        """Height of ordinary buttons."""
        return max(TOUCH_PX, self.px(132))

    def px(self, length: float) -> int:
        """A length of the 1080-wide design on this screen, at least one pixel."""
        return max(1, round(length * self.unit))

    def size(self, role: Role) -> int:
        """Height of a role's type."""
        wanted, least = _SIZES[role]
        return max(least, self.px(wanted))

    def font(self, role: Role, bold: bool = False) -> QFont:
        return self.font_px(self.size(role), bold or role in ("hero", "title"))

    def font_px(self, size: int, bold: bool = False) -> QFont:
        """A font of `size` pixels in the language's own shapes."""
        font = QFont(FAMILIES[load(self.language).script])
        font.setPixelSize(max(1, size))
        font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
        return font


@cache
def palette() -> dict[str, str]:
    """Names to #RRGGBB."""
    path = RESOURCES / "style" / "palette.toml"
    colours: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))
    return colours


def colour(name: str, alpha: float = 1.0) -> QColor:
    """A colour of the palette. Raises KeyError."""
    found = QColor(palette()[name])
    found.setAlphaF(alpha)
    return found


@cache
def load_fonts() -> None:
    """Make the bundled font known to Qt. Raises SettingsError: without it every character would be a box."""
    if QFontDatabase.addApplicationFont(str(FONT_PATH)) < 0:
        raise SettingsError(Code.SETTINGS_UNREADABLE, f"font {FONT_PATH.name}")

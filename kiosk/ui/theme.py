"""Theme of the window: sizes follow from the window's size, colours from resources/style/palette.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Literal

from noto_cjk_sans_otc import FONT_PATH
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QWidget

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import Language
from kiosk.paths import RESOURCES
from kiosk.phrases import Script, load

TOUCH_PX = 76
"""20 mm at 96 dpi: the least side of a touch target (ISO 9241-411, and people whose hands tremble)."""

FAMILIES: dict[Script, str] = {
    "Hans": "Noto Sans CJK SC",
    "Hant": "Noto Sans CJK HK",
    "Latn": "Noto Sans CJK SC",
}
"""Font of each script: Chinese scripts share characters but not their shapes. Traditional as in Hong Kong."""

TextRole = Literal["hero", "title", "body", "small", "tiny"]

_SIZES: dict[TextRole, tuple[int, int]] = {
    "hero": (132, 40),
    "title": (84, 32),
    "body": (46, 22),
    "small": (38, 19),
    "tiny": (30, 16),
}
"""Type size of each role in pixels: on a 1080-wide screen, and the least on any."""
LARGE: dict[TextRole, float] = {"hero": 1.0, "title": 1.1, "body": 1.3, "small": 1.35, "tiny": 1.3}
"""How much larger each role becomes in large type: the smaller it is, the more."""
LARGE_WIDE = 0.5
"""Share of that on a wide screen, which has little height."""


@dataclass(frozen=True)
class Theme:
    """Sizes and fonts of one window in one language, in pixels."""

    width: int = 1080
    height: int = 1920
    language: Language = Language.ZH_HANS
    growth: float = 0.0
    """Share of the growth of large type, for people who see poorly: 0 is ordinary type, 1 all of it."""

    @property
    def portrait(self) -> bool:
        return self.height > self.width

    @property
    def unit(self) -> float:
        """Scale against the design: 1 on a 1080×1920 or 1920×1080 screen, smaller on smaller ones."""
        return min(min(self.width, self.height) / 1080, max(self.width, self.height) / 1920)

    @property
    def touch(self) -> int:
        """Height of ordinary buttons."""
        return max(TOUCH_PX, self.px(132))

    def px(self, length: float) -> int:
        """Scale a length of the 1080-wide design to this screen, to at least one pixel."""
        return max(1, round(length * self.unit))

    def size(self, role: TextRole) -> int:
        """Return the type size of `role`."""
        wanted, least = _SIZES[role]
        size = max(least, self.px(wanted))
        more = (LARGE[role] - 1) * (1 if self.portrait else LARGE_WIDE)
        return round(size * (1 + more * self.growth))

    def font(self, role: TextRole, bold: bool = False) -> QFont:
        """Return the font of `role`; titles are always bold."""
        return self.font_px(self.size(role), bold or role in ("hero", "title"))

    def font_px(self, size: int, bold: bool = False) -> QFont:
        """Return a font of `size` pixels with the character shapes of the language."""
        font = QFont(FAMILIES[load(self.language).script])
        font.setPixelSize(max(1, size))
        font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
        return font


ORDINARY, HIGH_CONTRAST = "palette", "high_contrast"
"""Palettes: files in resources/style with the same names in each."""
_chosen = [ORDINARY]  # of the whole program: everything is painted in one palette


def choose_palette(name: str) -> None:
    """Paint everything from now on in this palette."""
    _chosen[0] = name


@cache
def palette(name: str = ORDINARY) -> dict[str, str]:
    """Return the colours of a palette by name, as #RRGGBB."""
    path = RESOURCES / "style" / f"{name}.toml"
    colours: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))
    return colours


def colour(name: str, alpha: float = 1.0) -> QColor:
    """Return a colour of the present palette; `alpha` 0…1. Raises KeyError."""
    found = QColor(palette(_chosen[0])[name])
    found.setAlphaF(alpha)
    return found


def colour_ground(widget: QWidget, ground: str, ink: str = "ink") -> None:
    """Fill a widget's ground with a colour of the present palette, and write on it in another."""
    colours = widget.palette()
    colours.setColor(QPalette.ColorRole.Window, colour(ground))
    colours.setColor(QPalette.ColorRole.WindowText, colour(ink))
    widget.setPalette(colours)


@cache
def load_fonts() -> None:
    """Register the bundled font. Raises SettingsError: without it every Chinese character would be a box."""
    if QFontDatabase.addApplicationFont(str(FONT_PATH)) < 0:
        raise SettingsError(Code.SETTINGS_UNREADABLE, f"font {FONT_PATH.name}")

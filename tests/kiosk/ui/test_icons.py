"""Every icon that the code names is a file that Qt can paint, and no file is left over."""

import re

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from kiosk.errors import SettingsError
from kiosk.ui import icons
from kiosk.ui.icons import FOLDER, INK, LINE_WIDTH, Icon, load_icons, paint_icon

COLOUR = QColor("#0B5F56")


def test_files_and_names_are_the_same():
    assert {path.stem for path in FOLDER.glob("*.svg")} == {icon.value for icon in Icon}


@pytest.mark.parametrize("icon", list(Icon))
def test_each_file_is_an_svg_in_one_replaceable_colour_and_line_width(qapp, icon):
    source = (FOLDER / f"{icon}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(source.encode())
    assert renderer.isValid()
    assert renderer.viewBox().getRect() == (0, 0, 100, 100)
    assert source.count(LINE_WIDTH) == source.count("stroke-width") == 1
    assert set(re.findall(r'(?:stroke|fill)="([^"]+)"', source)) <= {INK, "none"}


@pytest.mark.parametrize("icon", list(Icon))
def test_each_icon_is_painted_in_the_colour_asked_for(qapp, icon):
    image = QImage(200, 100, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFF)
    painter = QPainter(image)
    paint_icon(painter, icon, QRectF(image.rect()), COLOUR)
    painter.end()
    inked = {
        x for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) == COLOUR
    }
    assert inked, "nothing was painted"
    assert min(inked) >= 48, "a square in the middle of the box"
    assert max(inked) < 152, "a square in the middle of the box"


def test_a_missing_icon_ends_the_start(qapp, tmp_path, monkeypatch):
    monkeypatch.setattr(icons, "FOLDER", tmp_path)
    icons._renderer.cache_clear()
    with pytest.raises(SettingsError):
        load_icons()
    (tmp_path / f"{next(iter(Icon))}.svg").write_text("not an SVG")
    with pytest.raises(SettingsError):
        load_icons()

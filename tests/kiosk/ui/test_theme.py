"""Colours have enough contrast, and every character, also of rare names, has a glyph of its script."""

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QFontDatabase, QImage, QPainter, QRawFont

import kiosk.ui
from kiosk.model import Language
from kiosk.phrases import load
from kiosk.printing import raster
from kiosk.ui.theme import FAMILIES, HIGH_CONTRAST, ORDINARY, Theme, load_fonts, palette
from kiosk.ui.widgets.button import _COLOURS as BUTTON_COLOURS
from tests.kiosk.test_phrases import leaves

PAIRS = [
    ("ink", "ground"),
    ("ink", "surface"),
    ("ink", "key_pressed"),
    ("soft", "ground"),
    ("soft", "surface"),
    ("on_filled", "primary"),
    ("on_filled", "primary_pressed"),
    ("on_filled", "second"),
    ("on_filled", "second_pressed"),
    ("on_filled", "done"),
    ("on_filled", "wait"),
    ("on_filled", "stop"),
    ("on_note", "note"),
    ("on_banner", "banner"),
    ("ink", "digit_odd"),
    ("stop", "ground"),
    ("primary", "ground"),
]
EDGES = [
    ("line", "ground"),
    ("line", "surface"),
    ("line", "key_pressed"),
    ("soft", "ground"),
    ("soft", "surface"),
    ("ink", "ground"),
    ("primary", "ground"),
    ("primary", "surface"),
    ("second", "ground"),
    ("done", "track"),
    ("wait", "track"),
    ("stop", "track"),
    ("primary", "track"),
    ("on_filled", "done"),
]
"""Edges of fields, keys and marks, and what must be told from its neighbour (WCAG 2.2, 1.4.11)."""
RARE = "㙍𬭎䶮㛃𠅤龘"


def luminance(colour):
    """Return the relative luminance (WCAG 2.2) of a colour #RRGGBB."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other, name):
    light, dark = sorted((luminance(palette(name)[one]), luminance(palette(name)[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_has_enough_contrast(ink, ground):
    assert contrast(ink, ground, ORDINARY) >= 4.5
    assert contrast(ink, ground, HIGH_CONTRAST) >= 7


@pytest.mark.parametrize(("edge", "ground"), EDGES)
@pytest.mark.parametrize("name", [ORDINARY, HIGH_CONTRAST])
def test_edges_have_enough_contrast(edge, ground, name):
    assert contrast(edge, ground, name) >= 3


def test_every_pair_of_a_button_is_measured():
    for colours in BUTTON_COLOURS.values():
        for ground in (colours.ground, colours.pressed):
            assert (colours.ink, ground) in PAIRS
        assert colours.edge == colours.ground or (colours.edge, "ground") in EDGES


def test_both_palettes_have_the_same_names():
    assert palette(ORDINARY).keys() == palette(HIGH_CONTRAST).keys()


def test_every_colour_that_is_named_in_the_window_exists_and_is_measured():
    sources = [path.read_text(encoding="utf-8") for path in Path(kiosk.ui.__file__).parent.rglob("*.py")]
    named = {name for source in sources for name in re.findall(r'colour\("(\w+)"', source)}
    measured = {name for pair in (*PAIRS, *EDGES) for name in pair} | {"digit_even"}
    assert named <= measured
    assert measured <= palette().keys()


def glyph(qapp, character, language):
    image = QImage(120, 120, QImage.Format.Format_Grayscale8)
    image.fill(255)
    painter = QPainter(image)
    painter.setFont(Theme(language=language).font_px(90))
    painter.drawText(image.rect(), 0x84, character)
    painter.end()
    return image


@pytest.fixture(autouse=True)
def fonts(qapp):
    load_fonts()


@pytest.mark.parametrize("language", list(Language))
def test_the_bundled_family_is_the_one_used(language):
    assert FAMILIES[load(language).script] in QFontDatabase.families()


@pytest.mark.parametrize("language", list(Language))
def test_the_slip_has_the_shapes_of_the_screen(language):
    assert raster._font(language, 20).getname()[0] == FAMILIES[load(language).script]


@pytest.mark.parametrize("character", RARE)
@pytest.mark.parametrize("language", [Language.ZH_HANS, Language.ZH_HANT])
def test_rare_characters_of_names_have_glyphs(qapp, character, language):
    raw = QRawFont.fromFont(Theme(language=language).font_px(90))
    assert raw.supportsCharacter(ord(character)), f"U+{ord(character):X}"
    drawn = glyph(qapp, character, language)
    assert drawn != glyph(qapp, "\U000f0000", language)
    assert drawn != glyph(qapp, " ", language)


def test_traditional_has_its_own_shapes(qapp):
    assert glyph(qapp, "骨", Language.ZH_HANS) != glyph(qapp, "骨", Language.ZH_HANT)


@pytest.mark.parametrize("language", list(Language))
def test_every_character_of_the_catalogue_has_a_glyph(qapp, language):
    raw = QRawFont.fromFont(Theme(language=language).font_px(40))
    text = {character for _, sentence in leaves(load(language)._table) for character in sentence}
    assert [c for c in text | {"\N{NON-BREAKING HYPHEN}"} if not raw.supportsCharacter(ord(c))] == []

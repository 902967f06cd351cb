"""On every screen, in every language, tall, wide and small: large enough to touch, and nothing is cut."""

import itertools

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication

from kiosk.events import Show
from kiosk.model import Language, Stage
from kiosk.phrases import load
from kiosk.ui.theme import TOUCH_PX
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.widgets.picture_button import PictureButton
from kiosk.ui.widgets.scrollable_text import ScrollableText
from kiosk.ui.widgets.visit_progress import VisitProgress
from kiosk.visit.steps import StepState
from tests.kiosk.ui.stories import STORIES, play

SIZES = [(1080, 1920), (1920, 1080), (1366, 768), (768, 1366), (1280, 720), (720, 1280)]
LARGE_SIZES = [(720, 1280), (1280, 720), (1080, 1920)]
BODY_PX = 36
"""Customers read no smaller type on a screen of 1080 lines; only lines for the clerk are smaller."""
SMALL_BODY_PX = 34
"""The same in units of the theme on smaller screens, where sizes are rounded."""
NOTE_PX = 28
"""Labels and notes of buttons are no smaller there."""
LARGE_NOTE_PX = 20
"""In large type a note gives way to the label."""
STAFF = "review_"
"""Pages for the clerk, whose texts for staff may shrink."""


def visible(window, kind):
    return [part for part in window.findChildren(kind) if part.isVisible()]


def box_in(window, part):
    return QRectF(part.mapTo(window, part.rect().topLeft()), part.rect().size().toSizeF())


@pytest.mark.parametrize("story", list(STORIES))
def test_buttons_are_large_enough_and_no_text_is_cut(window, story):
    for size in SIZES:
        window.resize(*size)
        play(window, STORIES[story])
        for language in Language:
            window.retranslate(language)
            QApplication.processEvents()
            QTest.qWait(2)  # layouts inside layouts settle in turns
            where = f"{size} {language}"
            assert (window.width(), window.height()) == size
            check_buttons(window, where)
            unit = window.theme.unit
            least = BODY_PX if unit == 1 else int(SMALL_BODY_PX * unit)
            check_words(window, where, 0 if story.startswith(STAFF) else least)


@pytest.mark.parametrize("story", list(STORIES))
def test_nothing_is_cut_or_smaller_in_large_type(window, story):
    for size in LARGE_SIZES:
        window.resize(*size)
        play(window, STORIES[story])
        for language in Language:
            where = f"large {size} {language}"
            ordinary = painted_px(window, language, large=False)
            large = painted_px(window, language, large=True)
            for part, px in ordinary.items():
                assert large.get(part, 0) >= px, f"{where} {part.objectName()} {part.text()!r}"
            check_buttons(window, where, note_px=LARGE_NOTE_PX)
            check_words(window, where, 0)


def painted_px(window, language, *, large):
    """Return the type size of each sentence and label on the page."""
    window._header.set_large(large)
    window.retranslate(language)
    QApplication.processEvents()
    QTest.qWait(2)
    parts = (*visible(window, FittedLabel), *visible(window, QAbstractButton))
    return {part: part.fitting_px() for part in parts}


@pytest.mark.parametrize("story", ["phone", "guardian_phone", "activated"])
@pytest.mark.parametrize("large", [False, True])
def test_names_of_steps_are_as_large_as_other_small_text(window, story, large):
    progress = window.findChild(VisitProgress)
    for size in SIZES:
        window.resize(*size)
        for language in Language:
            play(window, STORIES[story])
            window._header.set_large(large)
            window.retranslate(language)
            QTest.qWait(2)
            where = f"{size} {language}"
            theme, names = progress._theme, progress.names_shown()
            assert theme.growth == window.theme.growth
            here = max(i for i, (_, state) in enumerate(progress.steps) if state is not StepState.AHEAD)
            assert here in names, where
            lines = QFontMetricsF(theme.font("small", True))
            places = sorted(names.items())
            for index, place in places:
                name = load(language)[f"progress.{progress.steps[index][0]}"]
                assert QRectF(progress.rect()).adjusted(-0.5, -0.5, 0.5, 0.5).contains(place), where
                assert lines.horizontalAdvance(name) <= place.width(), where
                assert lines.tightBoundingRect(name).height() <= place.height(), where
            for (_, left), (_, right) in itertools.pairwise(places):
                assert left.right() <= right.left() + 0.5, where


def test_type_is_larger_in_large_type_when_a_page_changes(window):
    """What was chosen before a page opens holds for it too, and for a hint that comes later."""
    window.resize(720, 1280)
    play(window, STORIES["card"])
    ordinary = {part.text(): part.fitting_px() for part in visible(window, FittedLabel)}
    play(window, STORIES["idle"])
    window._header.set_large(True)
    for notice in STORIES["card"]:
        window.handle_notice(notice)
    QTest.qWait(20)
    large = {part.text(): part.fitting_px() for part in visible(window, FittedLabel)}
    assert large.keys() == ordinary.keys()
    assert all(large[text] > px for text, px in ordinary.items())


@pytest.mark.parametrize("story", list(STORIES))
def test_nothing_is_cut_on_a_lowered_screen(window, story):
    play(window, STORIES[story])
    window._footer.low.setChecked(True)
    for language in Language:
        window.retranslate(language)
        QApplication.processEvents()
        QTest.qWait(2)
        check_buttons(window, f"lowered {language}")
        check_words(window, f"lowered {language}", 0)


def check_buttons(window, where, note_px=NOTE_PX):
    buttons = visible(window, QAbstractButton)
    frame = QRectF(window.rect())
    boxes = [(button, box_in(window, button)) for button in buttons]
    for button, box in boxes:
        told = f"{where} {button.objectName()} {box}"
        assert box.width() >= TOUCH_PX, told
        assert box.height() >= TOUCH_PX, told
        assert frame.contains(box), told
        assert button.visibleRegion().boundingRect() == button.rect(), f"{told} is partly covered"
        check_label(button, told, note_px)
    for index, (one, box) in enumerate(boxes):
        for other, other_box in boxes[index + 1 :]:
            assert not box.intersects(other_box), f"{where}: {one.objectName()} and {other.objectName()}"


def check_label(button, told, note_px):
    """Check that label and note are painted in one line, in a size that can be read."""
    assert isinstance(button, Button)
    least = int(note_px * button._theme.unit)
    room = QRectF(0, 0, button.width() - 8, button.height() * (0.36 if button._note else 1.0))
    assert button.line_size(button.text(), room, "small", True) >= least, told
    if button._note and not isinstance(button, PictureButton):  # which paints it in lines
        assert button.line_size(button._note, room, "small", False) >= least, told


def check_words(window, where, least_px):
    frame = QRectF(window.rect())
    for words in visible(window, FittedLabel):
        box = box_in(window, words)
        told = f"{where} {words.text()!r} {box}"
        assert frame.contains(box), told
        font = words.font()
        size = words.fitting_px()
        assert words._role == "tiny" or size >= least_px, f"{told} {size} px"
        font.setPixelSize(size)
        flags = int(words.alignment()) | int(Qt.TextFlag.TextWordWrap)
        needed = QFontMetricsF(font).boundingRect(QRectF(0, 0, box.width(), 1e5), flags, words.text())
        assert needed.height() <= box.height() + 1, told
        assert needed.width() <= box.width() + 1, told


def test_every_stage_has_a_story():
    """A screen without one is never checked for size and cut text."""
    shown = {notice.stage for steps in STORIES.values() for notice in steps if isinstance(notice, Show)}
    assert set(Stage) - shown == set()


def test_yes_and_no_are_equal(window):
    for size in SIZES:
        window.resize(*size)
        for story in ("consent_face", "consent_picture"):
            play(window, STORIES[story])
            QTest.qWait(1)
            yes, no = [
                b for b in visible(window, Button) if "agree" in b.objectName() or "decline" in b.objectName()
            ]
            assert abs(yes.width() - no.width()) <= 1
            assert abs(yes.height() - no.height()) <= 1


def test_another_way_is_as_large_as_the_usual_one(window):
    for size in SIZES:
        window.resize(*size)
        play(window, STORIES["idle"])
        QTest.qWait(1)
        sizes = [b.size() for b in visible(window, Button) if b.objectName() in ("begin", "other_way")]
        assert abs(sizes[0].width() - sizes[1].width()) <= 1
        assert abs(sizes[0].height() - sizes[1].height()) <= 1


@pytest.mark.parametrize("story", ["consent_face", "consent_clerk", "guardian"])
def test_no_line_of_a_consent_is_cut(window, story):
    for size in SIZES:
        window.resize(*size)
        play(window, STORIES[story])
        for language in Language:
            window.retranslate(language)
            QTest.qWait(20)
            notice = next(part for part in visible(window, ScrollableText))
            bar, area = notice._area.verticalScrollBar(), notice._area
            for _ in range(20):
                image = area.grab().toImage()
                row = {image.pixelColor(x, image.height() - 1).lightness() for x in range(image.width())}
                assert min(row) > 240, f"{size} {language} at {bar.value()} of {bar.maximum()}"
                if notice._at_end():
                    break
                notice._scroll()
                QTest.qWait(5)
            assert notice._at_end()


def test_the_product_s_name_is_in_one_line(window):
    window.resize(1280, 720)
    play(window, STORIES["idle"])
    for language in Language:
        window.retranslate(language)
        QTest.qWait(5)
        name = window._header._product
        assert name.isVisible()
        assert QFontMetricsF(name.font()).horizontalAdvance(name.text()) <= name.width()


def test_the_first_screen_says_once_how_long_it_takes(window):
    play(window, STORIES["idle"])
    for language, time in (
        (Language.ZH_HANS, "两分钟"),
        (Language.ZH_HANT, "兩分鐘"),
        (Language.EN, "two min"),
    ):
        window.retranslate(language)
        idle = window.screens[Stage.IDLE]
        texts = [label.text() for label in visible(idle, FittedLabel)]
        texts += [button.text() + button._note for button in visible(idle, Button)] + idle._invitations
        assert sum(time in text for text in texts) == 1, texts


def test_the_page_for_a_code_keeps_its_title_beside_a_reason(window):
    play(window, STORIES["phone_code_wrong"])
    assert window.screens[Stage.PHONE_CODE]._title.isVisible()

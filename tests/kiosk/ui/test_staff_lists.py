"""Lists of the staff panel: every row can be reached, none is cut, each state has symbol and colour."""

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QWidget

from kiosk.codes import Code
from kiosk.model import Language, Outcome, Stage
from kiosk.staff.daybook import VisitRow
from kiosk.ui.staff.paged_list import ListRow, PagedList, Row, Tone
from kiosk.ui.widgets.fitted_label import SMALLEST, FittedLabel
from kiosk.ui.widgets.icon_widget import IconWidget
from kiosk.visit_number import new_visit_number
from tests.kiosk.ui.test_staff_panel import WindowWithStaff

SIZES = [(1080, 1920), (1920, 1080), (1280, 720), (720, 1280)]
PAGES = ("today", "queue", "devices", "terminal", "report")


@pytest.fixture
def staffed(qtbot, engine, feeds, tmp_path):
    made = WindowWithStaff(qtbot, engine, feeds, tmp_path)
    for _ in range(70):
        made.world.book.write(
            VisitRow(
                visit=new_visit_number(),
                outcome=Outcome.REFUSED,
                code=Code.CARD_EXPIRED,
                stage=Stage.CARD,
                way="voice",
            )
        )
    made.world.service._versions["release"] = "5f" * 32
    yield made
    made.panel.close_tasks()


def place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def turn_all_pages(staffed, qtbot, look):
    """Call `look` on each page of the visible list, and return how many there were."""
    count = 0
    while True:
        qtbot.wait(30)  # rows are laid out in the next turns of the loop
        staffed.window.touch_rest.end()
        look()
        count += 1
        if not staffed.driver.press("list_next"):
            return count


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", list(Language))
def test_nothing_of_any_page_is_cut(qtbot, staffed, size, language):
    staffed.window._home_language = language
    staffed.window.resize(*size)
    staffed.enter()
    for name in PAGES:
        page = staffed.page(name)
        texts = []

        def look(page=page, texts=texts):
            inside = place(page.list, staffed.window)
            rows = [row for row in page.list._page.children() if isinstance(row, QWidget)]
            assert rows
            more = page.list._next.isVisible() and page.list._next.isEnabled()
            assert not (more and isinstance(rows[-1], FittedLabel)), "a heading without what it heads"
            for row in rows:
                assert inside.contains(place(row, staffed.window))
                labels = row.findChildren(FittedLabel) or [row]
                for label in labels:
                    assert inside.contains(place(label, staffed.window)), label.text()
                    fits_in_full(label)
                    texts.append(label.text())

        turn_all_pages(staffed, qtbot, look)
        assert sorted(set("\n".join(page.list.texts).split("\n"))) == sorted(
            set("\n".join(texts).split("\n"))
        )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", list(Language))
def test_tabs_and_the_look_up_page_are_read_in_full(qtbot, staffed, size, language):
    staffed.window._home_language = language
    staffed.window.resize(*size)
    staffed.enter()
    page = staffed.page("find")
    qtbot.wait(30)
    assert page._title.isVisible()
    fits_in_full(page._title)
    assert {tab.fitting_px() for tab in staffed.panel._tabs.values()} == {page.theme.size("small")}


def fits_in_full(label):
    """Check that the text is not painted beyond the label's edge, however small the type becomes."""
    font = label.font()
    font.setPixelSize(label.fitting_px())
    needed = label._needed(QFontMetrics(font), label.width())
    assert needed.width() <= label.width() + 1, label.text()
    assert needed.height() <= label.height() + 1, label.text()
    assert label.fitting_px() > label._theme.size(label._role) * SMALLEST, f"too small: {label.text()}"


def test_all_visits_of_the_day_can_be_reached_and_back(qtbot, staffed):
    staffed.enter()
    page = staffed.page("today")
    seen = set()
    count = turn_all_pages(
        staffed, qtbot, lambda: seen.update(label.text() for label in page.list.findChildren(FittedLabel))
    )
    assert count > 3
    visits = [row.visit for row in staffed.world.service.day().visits]
    assert len(visits) == 76
    assert all(any(visit in text for text in seen) for visit in visits)
    for _ in range(count - 1):
        assert staffed.driver.press("list_previous")
    assert not staffed.driver.press("list_previous"), "this is the first page"


def test_an_action_leaves_the_reader_on_the_page(qtbot, staffed):
    staffed.enter()
    page = staffed.page("today")
    qtbot.wait(30)
    assert staffed.driver.press("list_next")
    start = page.list._starts[-1]
    page.refresh()
    staffed.settle()
    qtbot.wait(30)
    assert page.list._starts[-1] == start > 0
    assert staffed.page("queue").list._starts == [0]
    assert staffed.page("today").list._starts == [0]


def test_a_list_that_has_become_shorter_shows_its_first_page(qtbot):
    rows = PagedList()
    qtbot.addWidget(rows)
    rows.resize(600, 400)
    rows.show()
    for number in range(50):
        rows.add(Row(left=f"row {number}"))
    qtbot.wait(30)
    rows._next.click()
    rows.clear(keep_page=True)
    rows.add(Row(left="the only one"))
    qtbot.wait(30)
    assert [row.findChild(FittedLabel).text() for row in rows.findChildren(ListRow)] == ["the only one"]
    assert not rows._pager.isVisible()


def test_every_state_has_a_symbol_and_a_colour_of_its_own(qtbot, staffed):
    assert len({tone.value[0] for tone in Tone}) == len({tone.value[1] for tone in Tone}) == len(Tone)
    staffed.enter()
    for name, tones in (("queue", {Tone.GOOD, Tone.WAITING, Tone.BAD}), ("devices", {Tone.GOOD, Tone.BAD})):
        page = staffed.page(name)
        qtbot.wait(30)
        symbols = page.list.findChildren(IconWidget)
        assert {(icon._icon, icon._ink) for icon in symbols} == {tone.value for tone in tones}
        assert all(icon.isVisible() for icon in symbols)

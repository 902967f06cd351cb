"""Training in the real window: opened from the panel, always marked, and nothing of it is left."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from kiosk.events import Began, Show
from kiosk.model import Slip, Stage
from kiosk.phrases import load
from kiosk.training import SERIAL
from kiosk.ui.touch_driver import TouchDriver
from kiosk.ui.training_view import TrainingHost
from tests.kiosk.ui.stories import PASSWORD, PHONE
from tests.kiosk.ui.test_staff_panel import WindowWithStaff
from tests.support.roster_signer import BOSS


@pytest.fixture
def staffed(qtbot, engine, feeds, tmp_path):
    made = WindowWithStaff(qtbot, engine, feeds, tmp_path, training_idle_s=60)
    made.host = TrainingHost(made.window, feeds, made.world.settings)
    yield made
    made.host.close()
    made.panel.close_tasks()


def begin(staffed, qtbot):
    """Start a training from the panel and return its view, on its first screen."""
    staffed.enter()
    assert staffed.driver.press("staff_train")
    staffed.settle()
    view = staffed.host.view
    customer = view.window_of_customer
    qtbot.waitUntil(lambda: customer.stage is Stage.IDLE, timeout=10_000)
    for window in (customer, staffed.window):
        window.touch_rest.end()
    return view


def requests(world):
    return [(entry.id, entry.state) for entry in world.desk.requests()]


def test_a_whole_training_stores_and_sends_nothing(qtbot, staffed, engine):
    before = requests(staffed.world)
    view = begin(staffed, qtbot)
    customer, posted = view.window_of_customer, len(engine.posted)
    driver = TouchDriver(customer)
    assert not staffed.panel.isVisible()

    def press(name, stage):
        qtbot.waitUntil(lambda: customer.stage is stage, timeout=20_000)
        customer.touch_rest.end()
        qtbot.waitUntil(lambda: driver.press(name), timeout=5_000)

    press("begin", Stage.IDLE)
    press("agree", Stage.CONSENT)
    press("decline_picture", Stage.CONSENT)
    qtbot.waitUntil(lambda: customer.stage is Stage.PHONE, timeout=20_000)
    customer.touch_rest.end()
    for page in (PHONE, PASSWORD, PASSWORD):
        assert driver.type(page)
        assert driver.press("key_next")
        customer.touch_rest.end()
    qtbot.waitUntil(lambda: customer.stage is Stage.OUTCOME, timeout=60_000)
    assert view._strip.isVisible()
    assert view._strip.text.text() == load()["training.banner"]
    [slip] = [what[1] for what in staffed.world.did if what[0] == "print"]
    assert isinstance(slip, Slip)
    assert (slip.training, slip.credential, slip.look_up) == (True, SERIAL, "")
    assert requests(staffed.world) == before
    assert not any(slip.id.encode() in path.read_bytes() for path in all_files(staffed.world))
    assert len(engine.posted) == posted, "the real engine heard of nothing"
    assert ("train", BOSS) in [(act, who) for act, who, _ in staffed.acts]


def all_files(world):
    return [path for path in world.folder.rglob("*") if path.is_file()]


def test_the_button_ends_it_and_the_real_first_screen_is_back(qtbot, staffed):
    view = begin(staffed, qtbot)
    QTest.mouseClick(view._strip.end, Qt.MouseButton.LeftButton)
    assert staffed.host.view is None
    assert not view.isVisible()
    staffed.window.touch_rest.end()
    assert staffed.driver.press("begin")
    assert isinstance(staffed.window._engine.posted[-1], Began)
    assert ("look", False) in staffed.world.did


def test_it_ends_by_itself_when_nobody_touches_it(qtbot, staffed):
    view = begin(staffed, qtbot)
    view._idle.setInterval(400)
    with qtbot.waitSignal(view.ended, timeout=10_000):
        view._idle.start()
    assert staffed.host.view is None


def test_a_touch_keeps_it_going(qtbot, staffed):
    view = begin(staffed, qtbot)
    view._idle.start(50_000)
    QTest.qWait(20)
    before = view._idle.remainingTime()
    view._idle.setInterval(60_000)
    QTest.mouseClick(view.window_of_customer, Qt.MouseButton.LeftButton)
    assert view._idle.remainingTime() > before


def test_no_training_while_a_customer_is_served(qtbot, staffed):
    staffed.enter()
    staffed.world.serving = True
    assert staffed.driver.press("staff_train")
    staffed.settle()
    assert staffed.host.view is None
    assert staffed.panel.pages["today"].result_text == load()["staff.busy"]


def test_it_covers_a_window_that_changes_its_size(qtbot, staffed):
    view = begin(staffed, qtbot)
    staffed.window.resize(1280, 720)
    qtbot.waitUntil(lambda: view.size() == staffed.window.size(), timeout=5_000)
    staffed.window.handle_notice(Show(stage=Stage.OUT_OF_SERVICE))  # of the real terminal
    assert view.isVisible()

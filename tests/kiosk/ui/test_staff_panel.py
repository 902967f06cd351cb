"""Staff in the real window: how they get in, what they see and do, and that they are never left in."""

import time

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from kiosk.audit.record import decode
from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.events import Show, SignedIn, SignedOut
from kiosk.model import Stage
from kiosk.ui.touch_driver import TouchDriver
from kiosk.ui.window import STAFF_HOLD_MS, Window
from tests.kiosk.ui.staff_world import VISITS, WEDGED, World
from tests.support.roster_signer import BOSS, BOSS_PIN, CLERK, CLERK_PIN


class WindowWithStaff:
    """A window with a service behind it, and somebody who touches it."""

    def __init__(self, qtbot, engine, feeds, folder, **more):
        self.world = World(folder, **more).visits()
        self.qtbot = qtbot
        service = self.world.service
        self.window = Window(engine, feeds, self.world.settings, simulated=True, staff_service=service)
        qtbot.addWidget(self.window)
        self.window.resize(1080, 1920)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.hand = TouchDriver(self.window)
        self.panel = self.window.panel
        self.window.handle_notice(Show(Stage.IDLE))

    def call(self):
        self.window.open_staff_panel()
        return self.panel.isVisible()

    def type_in(self, number, pin):
        assert self.hand.type(number)
        assert self.hand.press("key_next")
        assert self.hand.type(pin)
        assert self.hand.press("key_next")
        self.settle()

    def enter(self, number=BOSS, pin=BOSS_PIN):
        assert self.call()
        self.type_in(number, pin)
        assert self.panel.signed_in
        return self

    def settle(self):
        """All tasks are run and their results are on the screen."""
        done = []
        self.panel._tasks.run(lambda: None, done.append, done.append)
        self.qtbot.waitUntil(lambda: bool(done), timeout=30_000)
        done.clear()  # a result may have sent another errand
        self.panel._tasks.run(lambda: None, done.append, done.append)
        self.qtbot.waitUntil(lambda: bool(done), timeout=30_000)

    def page(self, name):
        assert self.hand.press(f"staff_{name}")
        self.settle()
        return self.panel.pages[name]

    def read(self, name):
        return "\n".join(self.page(name).list.texts)

    @property
    def acts(self):
        lines = self.world.audit.path.read_bytes().splitlines()
        return [
            (r.facts["act"], r.actor, r.code)
            for r in (decode(line).record for line in lines)
            if "act" in r.facts
        ]


@pytest.fixture
def shop(qtbot, engine, feeds, tmp_path):
    made = WindowWithStaff(qtbot, engine, feeds, tmp_path)
    yield made
    made.panel.sign_out()
    made.panel.close_tasks()


def test_a_customers_touch_in_the_corner_does_nothing_and_staff_hold_it(shop):
    corner = shop.window.childAt(QPoint(10, 10))
    assert corner.objectName() == "staff_corner"
    QTest.mouseClick(corner, Qt.MouseButton.LeftButton)
    QTest.qWait(100)
    assert not shop.panel.isVisible()
    QTest.mousePress(corner, Qt.MouseButton.LeftButton)
    shop.qtbot.waitUntil(shop.panel.isVisible, timeout=STAFF_HOLD_MS * 5)


def test_the_key_opens_it_too(shop):
    QTest.keyClick(shop.window, Qt.Key.Key_F12)
    shop.qtbot.waitUntil(shop.panel.isVisible, timeout=5000)


def test_it_never_comes_over_a_customers_visit(shop):
    for stage in set(shop.window.screens) - {Stage.IDLE, Stage.OUT_OF_SERVICE}:
        shop.window.handle_notice(Show(stage))
        assert not shop.call(), stage


def test_it_opens_while_out_of_service(shop):
    shop.window.handle_notice(Show(Stage.OUT_OF_SERVICE, Code.CAMERA_LOST))
    shop.enter()


def test_a_visit_that_begins_sends_staff_away(shop):
    shop.enter()
    shop.window.handle_notice(Show(Stage.CONSENT))
    assert not shop.panel.isVisible()
    assert not shop.panel.signed_in, "the PIN is asked for again"
    assert shop.world.roster.signed_in.number == BOSS, "and the shift goes on: reviews find a clerk"


def test_back_to_the_customers_page_without_ending_the_shift(shop):
    shop.enter()
    assert shop.hand.press("staff_back")
    assert not shop.panel.isVisible()
    assert shop.world.roster.signed_in.number == BOSS
    assert shop.call()
    assert not shop.panel.signed_in, "the PIN is asked for again"
    assert shop.hand.press("staff_leave"), "whoever opens it without a PIN signs nobody out"
    assert shop.world.roster.signed_in.number == BOSS


def test_signing_out_ends_the_shift(shop):
    shop.enter()
    assert shop.hand.press("staff_sign_out")
    assert not shop.panel.isVisible()
    assert shop.world.roster.signed_in is None


def test_wrong_then_right_and_nothing_typed_is_held(shop, caplog):
    assert shop.call()
    shop.type_in(BOSS, "918273")
    assert not shop.panel.signed_in
    assert shop.panel.sign_in.blank
    shop.type_in(BOSS, BOSS_PIN)
    assert shop.panel.signed_in
    assert shop.panel.sign_in.blank
    assert isinstance(shop.world.events[-1], SignedIn)
    told = caplog.text + str(shop.world.events) + str([p.read_bytes() for p in files(shop.world.folder)])
    assert BOSS_PIN not in told
    assert "918273" not in told


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_pages_tell_the_day_in_words_and_of_nobody(shop):
    shop.enter()
    today = shop.read("today")
    assert all(number in today for number, *_ in VISITS)
    assert "已开通 2" in today
    assert "其他方式\n2" in today
    assert "证件已过有效期" in today
    queue = shop.read("queue")
    assert queue.index(WEDGED) < queue.index(VISITS[5][0]) < queue.index(VISITS[0][0])
    assert "已等 2 天" in queue
    assert "已等 3 小时" in queue
    assert "printer.paper" in shop.read("devices")
    report = shop.read("report")
    assert f"{CLERK}\n登录\n工号或密码不对" in report.replace("  ", "\n")


def test_settings_are_shown_and_secrets_are_not(shop):
    from msgspec.structs import replace

    driver = shop.world.settings.printer
    secret = replace(driver, options={"path": "x", "password": "hunter2", "api_token": "hunter2"})
    shop.world.service._settings = replace(shop.world.settings, printer=secret)
    shop.enter()
    terminal = shop.read("terminal")
    assert "visit.accept = " in terminal
    assert "sface 2021dec" in terminal
    assert "hunter2" not in terminal
    assert "printer.options.password = ••••" in terminal


def test_a_wedged_request_is_sent_again(shop):
    shop.enter(CLERK, CLERK_PIN)
    shop.page("queue")
    assert shop.hand.press(f"retry_{WEDGED}")
    shop.settle()
    states = {entry.id: entry.state.value for entry in shop.world.desk.requests()}
    assert states[WEDGED] == "waiting"
    assert ("retry", CLERK, Code.OK) in shop.acts
    assert f"retry_{WEDGED}" not in [b.objectName() for b in shop.panel.findChildren(type(shop.panel._out))]


def test_only_a_supervisor_takes_note_of_a_lost_request(shop):
    lost = "0A1B-2C3D-4E5F-6G7H"
    shop.world.desk.outbox.mark_lost(lost, time.time())
    shop.enter(CLERK, CLERK_PIN)
    shop.page("queue")
    assert shop.hand.press(f"give_up_{lost}")
    shop.settle()
    assert shop.world.desk.outbox.lost_ids() == [lost]
    shop.panel.sign_out()
    shop.enter(BOSS, BOSS_PIN)
    shop.page("queue")
    assert shop.hand.press(f"give_up_{lost}")
    shop.settle()
    assert shop.world.desk.outbox.lost_ids() == []
    assert shop.world.desk.outbox.lost_ids(include_given_up=True) == [lost]
    assert ("give_up", BOSS, Code.OK) in shop.acts
    assert lost in shop.read("queue")


def test_stick_missing_then_there(shop):
    shop.enter()
    page = shop.page("queue")
    assert shop.hand.press("staff_export")
    shop.settle()
    assert "没有找到 U 盘" in page.result_text
    shop.world.desk.stick = None
    shop.hand.press("staff_export")
    shop.settle()
    assert page.result_text.endswith("2")
    shop.hand.press("staff_import")
    shop.settle()
    assert page.result_text.endswith("2")
    assert [a for a, who, _ in shop.acts if who == BOSS][-3:] == ["export", "export", "import"]


def test_an_act_that_cannot_be_recorded_is_not_done(shop, monkeypatch):
    shop.enter()
    shop.world.desk.stick = None
    page = shop.page("queue")
    monkeypatch.setattr(shop.world.audit, "append", lambda *_, **__: False)
    monkeypatch.setattr(shop.world.desk, "export", lambda *_, **__: pytest.fail("done without its record"))
    shop.hand.press("staff_export")
    shop.settle()
    assert page.result_text


def test_devices_are_tried_and_let_go_of(shop):
    shop.enter()
    page = shop.page("devices")
    for button in ("staff_look", "staff_tone", "staff_print"):
        assert shop.hand.press(button)
        shop.settle()
    assert page.preview.isVisible()
    shop.page("today")
    assert page.preview.blank
    kinds = [did[0] for did in shop.world.did]
    assert kinds == ["look", "say", "print", "look"]
    assert shop.world.did[0][1:] == (True,)
    assert shop.world.did[2][1].simulated
    assert shop.world.did[3][1:] == (False,)


def test_while_a_customer_is_served_devices_are_theirs(shop):
    shop.enter()
    page = shop.page("devices")
    shop.world.serving = True
    for button in ("staff_look", "staff_tone"):
        assert shop.hand.press(button)
        shop.settle()
    assert shop.world.did == []
    assert not page.preview.isVisible()


def test_the_report_becomes_a_file(shop):
    shop.enter()
    shop.page("report")
    assert shop.hand.press("staff_save")
    shop.settle()
    file, page = sorted((shop.world.folder / "reports").iterdir())
    assert page.suffix == ".pdf"
    assert page.read_bytes().startswith(b"%PDF")
    text = file.read_text("utf-8-sig")
    assert "visits,activated,ok,2" in text
    assert f"clerk {CLERK},sign_in,staff.refused" in text


def test_the_report_is_printed_where_there_is_a_printer(shop, qtbot, engine, feeds, tmp_path):
    shop.enter()
    page = shop.page("report")
    shop.hand.press("staff_print_report")
    shop.settle()
    assert "打印机" in page.result_text
    assert not shop.world.did, "there is none"
    shop.world.has_printer()
    shop.hand.press("staff_print_report")
    shop.settle()
    [(_, report)] = shop.world.did
    assert sum(count for _, _, count in report.outcomes) == 6
    assert (report.waiting, report.wedged) == (1, 1)
    assert ("report", BOSS, Code.OK) in shop.acts


@pytest.mark.parametrize(("who", "pin", "may"), [(CLERK, CLERK_PIN, False), (BOSS, BOSS_PIN, True)])
def test_sticks_are_for_supervisors_where_the_settings_say_so(qtbot, engine, feeds, tmp_path, who, pin, may):
    shop = WindowWithStaff(qtbot, engine, feeds, tmp_path, stick_supervisor=True)
    shop.enter(who, pin)
    shop.page("queue")
    assert shop.hand.press("staff_export") is may
    if not may:
        for act in (shop.world.service.export, shop.world.service.import_answers):
            with pytest.raises(StaffError) as error:
                act()
            assert error.value.code is Code.STAFF_ROLE
    shop.settle()
    shop.panel.sign_out()
    shop.panel.close_tasks()


def test_a_supervisor_unlocks_on_the_screen(shop):
    for _ in range(5):
        with pytest.raises(StaffError):
            shop.world.roster.sign_in(CLERK, "000000")
    shop.enter()
    shop.page("terminal")
    assert shop.hand.press(f"unlock_{CLERK}")
    shop.settle()
    assert shop.panel.pages["terminal"].result_text == ""
    assert shop.world.roster.locked() == {}


def test_nobody_provisioned_tells_how(qtbot, engine, feeds, tmp_path):
    shop = WindowWithStaff(qtbot, engine, feeds, tmp_path, members=[])
    assert shop.call()
    said = " ".join(words.text() for words in shop.panel.sign_in.findChildren(type(shop.panel._who)))
    assert "central clerk add" in said
    assert not shop.hand.press("key_1")
    assert shop.hand.press("staff_leave")
    assert shop.hand.press("begin"), "customers are served all the same"
    shop.panel.close_tasks()


def test_left_alone_it_warns_and_goes(qtbot, engine, feeds, tmp_path):
    shop = WindowWithStaff(qtbot, engine, feeds, tmp_path, idle_warning_s=0.3, idle_s=600)
    shop.enter()
    qtbot.waitUntil(shop.panel._warning.isVisible, timeout=10_000)
    assert shop.hand.press("staff_today")
    assert not shop.panel._warning.isVisible(), "a touch keeps it open"
    shop.panel._idle.start(200)
    qtbot.waitUntil(lambda: not shop.panel.isVisible(), timeout=10_000)
    assert shop.world.roster.signed_in.number == BOSS, "the shift goes on"
    assert not any(isinstance(event, SignedOut) for event in shop.world.events)
    assert not shop.panel.signed_in
    assert all(page.list.texts == [] for page in shop.panel.pages.values()), "nothing of it is kept"
    shop.panel.close_tasks()


def test_left_while_the_pin_is_checked_nobody_is_signed_in(shop):
    assert shop.call()
    for text in (BOSS, BOSS_PIN):
        shop.hand.type(text)
        shop.hand.press("key_next")
    shop.panel.sign_out()
    shop.settle()
    assert shop.world.roster.signed_in is None
    assert not shop.panel.isVisible()


def test_a_customer_who_begins_while_the_pin_is_checked_ends_no_shift(shop):
    assert shop.call()
    for text in (BOSS, BOSS_PIN):
        shop.hand.type(text)
        shop.hand.press("key_next")
    shop.window.handle_notice(Show(Stage.CONSENT))
    shop.settle()
    assert shop.world.roster.signed_in.number == BOSS, "a review finds the clerk"
    assert not shop.panel.signed_in
    assert not shop.panel.isVisible()


def test_in_a_window_of_its_own_it_does_not_touch_the_customers(qtbot, engine, feeds, tmp_path):
    world = World(tmp_path)
    screen = msgspec.structs.replace(world.settings.screen, staff_window=True)
    settings = msgspec.structs.replace(world.settings, screen=screen)
    window = Window(engine, feeds, settings, simulated=True, staff_service=world.service)
    qtbot.addWidget(window)
    qtbot.addWidget(window.panel)
    window.panel.resize(900, 700)
    window.panel.open()
    world.roster.sign_in(BOSS, BOSS_PIN)
    window.panel.show_page("today")
    window.handle_notice(Show(Stage.CARD))
    assert window.panel.signed_in, "a visit goes on beside it"
    window.panel.sign_out()
    assert window.panel.isVisible(), "back at the sign-in"
    assert world.roster.signed_in is None
    window.panel.close_tasks()

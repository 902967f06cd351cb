"""The staff panel in the real window: opening, pages, actions, and that it is never left open."""

import time

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from kiosk.activation.messages import VisitStatus
from kiosk.audit.record import decode
from kiosk.codes import Code
from kiosk.errors import StaffError, Unreachable
from kiosk.events import HelpOver, Show, ShowHelp, SignedIn, SignedOut
from kiosk.model import ClerkCallState, Purpose, Stage
from kiosk.phrases import load
from kiosk.ui.widgets.button import Button
from kiosk.ui.widgets.fitted_label import FittedLabel
from kiosk.ui.window import STAFF_HOLD_MS, Window
from tests.kiosk.ui.rested import RestedDriver
from tests.kiosk.ui.staff_world import VISITS, WAITING, WEDGED, World
from tests.support.folder_contents import folder_contents
from tests.support.roster_signer import BOSS, BOSS_PIN, CLERK, CLERK_PIN


class WindowWithStaff:
    """A window with a staff service, and a driver that touches it."""

    def __init__(self, qtbot, engine, feeds, folder, **more):
        self.world = World(folder, **more).visits()
        self.qtbot = qtbot
        service = self.world.service
        self.window = Window(engine, feeds, self.world.settings, simulated=True, staff_service=service)
        qtbot.addWidget(self.window)
        self.window.resize(1080, 1920)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.driver = RestedDriver(self.window)
        self.panel = self.window.panel
        self.window.handle_notice(Show(stage=Stage.IDLE))

    def call(self):
        self.window.open_staff_panel()
        return self.panel.isVisible()

    def type_in(self, number, pin):
        assert self.driver.type(number)
        assert self.driver.press("key_next")
        assert self.driver.type(pin)
        assert self.driver.press("key_next")
        self.settle()

    def enter(self, number=BOSS, pin=BOSS_PIN):
        assert self.call()
        self.type_in(number, pin)
        assert self.panel.signed_in
        return self

    def settle(self):
        """Wait until all tasks have run and their results are shown."""
        done = []
        self.panel._tasks.run(lambda: None, done.append, done.append)
        self.qtbot.waitUntil(lambda: bool(done), timeout=30_000)
        done.clear()  # a result may have sent another errand
        self.panel._tasks.run(lambda: None, done.append, done.append)
        self.qtbot.waitUntil(lambda: bool(done), timeout=30_000)

    def page(self, name):
        assert self.driver.press(f"staff_{name}")
        self.settle()
        return self.panel.pages[name]

    def press_in_list(self, name):
        """Touch a button of a row, on whichever page of the list it is."""
        while self.turns("list_previous"):
            pass
        while not self.driver.press(name):
            if not self.turns("list_next"):
                return False
        return True

    def turns(self, button):
        self.settle()
        self.qtbot.wait(50)  # until the rows have their places
        turned = self.driver.press(button)
        self.settle()
        self.qtbot.wait(50)
        return turned

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
def staffed(qtbot, engine, feeds, tmp_path):
    made = WindowWithStaff(qtbot, engine, feeds, tmp_path)
    yield made
    made.panel.sign_out()
    made.panel.close_tasks()


def test_holding_the_corner_opens_the_panel_and_a_touch_does_not(staffed):
    corner = staffed.window.childAt(QPoint(10, 10))
    assert corner.objectName() == "staff_corner"
    staffed.window.touch_rest.end()
    QTest.mouseClick(corner, Qt.MouseButton.LeftButton)
    QTest.qWait(100)
    assert not staffed.panel.isVisible()
    QTest.mousePress(corner, Qt.MouseButton.LeftButton)
    staffed.qtbot.waitUntil(staffed.panel.isVisible, timeout=STAFF_HOLD_MS * 5)


def test_the_key_opens_the_panel(staffed):
    QTest.keyClick(staffed.window, Qt.Key.Key_F12)
    staffed.qtbot.waitUntil(staffed.panel.isVisible, timeout=5000)


def test_the_panel_never_covers_a_customers_visit(staffed):
    for stage in set(staffed.window.screens) - {Stage.IDLE, Stage.OUT_OF_SERVICE}:
        staffed.window.handle_notice(Show(stage=stage))
        assert not staffed.call(), stage


def test_the_panel_opens_while_out_of_service(staffed):
    staffed.window.handle_notice(Show(stage=Stage.OUT_OF_SERVICE, code=Code.CAMERA_LOST))
    staffed.enter()


def test_a_visit_that_begins_closes_the_panel(staffed):
    staffed.enter()
    staffed.window.handle_notice(Show(stage=Stage.CONSENT))
    assert not staffed.panel.isVisible()
    assert not staffed.panel.signed_in, "the PIN is asked for again"
    assert staffed.world.roster.signed_in.number == BOSS, "and the shift goes on: reviews find a clerk"


def test_back_closes_the_panel_without_ending_the_shift(staffed):
    staffed.enter()
    assert staffed.driver.press("staff_back")
    assert not staffed.panel.isVisible()
    assert staffed.world.roster.signed_in.number == BOSS
    assert staffed.call()
    assert not staffed.panel.signed_in, "the PIN is asked for again"
    assert staffed.driver.press("staff_leave"), "opening it without a PIN ends no shift"
    assert staffed.world.roster.signed_in.number == BOSS


def test_signing_out_ends_the_shift(staffed):
    staffed.enter()
    assert staffed.driver.press("staff_sign_out")
    assert not staffed.panel.isVisible()
    assert staffed.world.roster.signed_in is None


def test_a_wrong_then_a_right_pin_and_nothing_typed_is_kept(staffed, caplog):
    assert staffed.call()
    staffed.type_in(BOSS, "918273")
    assert not staffed.panel.signed_in
    assert staffed.panel.sign_in.blank
    staffed.type_in(BOSS, BOSS_PIN)
    assert staffed.panel.signed_in
    assert staffed.panel.sign_in.blank
    assert isinstance(staffed.world.events[-1], SignedIn)
    written = str(list(folder_contents(staffed.world.folder).values()))
    everything = caplog.text + str(staffed.world.events) + written
    assert BOSS_PIN not in everything
    assert "918273" not in everything


def test_pages_show_the_day_in_words_and_no_customer(staffed):
    staffed.enter()
    today = staffed.read("today")
    assert all(number in today for number, *_ in VISITS)
    assert "已办成 2" in today
    assert "其他办理方式\n2" in today
    assert "证件已过有效期" in today
    queue = staffed.read("queue")
    assert queue.index(WEDGED) < queue.index(VISITS[5][0]) < queue.index(VISITS[0][0])
    assert "已等 2 天" in queue
    assert "已等 3 小时" in queue
    assert "printer.paper" in staffed.read("devices")
    report = staffed.read("report")
    assert f"{CLERK}\n登录\n工号或密码不对" in report.replace("  ", "\n")


def test_settings_are_shown_and_secrets_are_not(staffed):
    from msgspec.structs import replace

    driver = staffed.world.settings.printer
    secret = replace(driver, options={"path": "x", "password": "hunter2", "api_token": "hunter2"})
    staffed.world.service._settings = replace(staffed.world.settings, printer=secret)
    staffed.enter()
    terminal = staffed.read("terminal")
    assert "visit.face.tries = " in terminal
    assert "sface\n2021dec" in terminal
    assert "hunter2" not in terminal
    assert "printer.options.password = ••••" in terminal


def test_a_wedged_request_is_sent_again(staffed):
    staffed.enter(CLERK, CLERK_PIN)
    staffed.page("queue")
    assert staffed.press_in_list(f"retry_{WEDGED}")
    staffed.settle()
    states = {entry.id: entry.state.value for entry in staffed.world.desk.requests()}
    assert states[WEDGED] == "waiting"
    assert ("retry", CLERK, Code.OK) in staffed.acts
    buttons = staffed.panel.findChildren(Button)
    assert f"retry_{WEDGED}" not in [button.objectName() for button in buttons]


def test_only_a_supervisor_gives_up_a_lost_request(staffed):
    lost = "0A1B-2C3D-4E5F-6G7H"
    staffed.world.desk.outbox.mark_lost(lost, time.time())
    staffed.enter(CLERK, CLERK_PIN)
    staffed.page("queue")
    assert staffed.press_in_list(f"give_up_{lost}")
    staffed.settle()
    assert staffed.world.desk.outbox.lost_ids() == [lost]
    staffed.panel.sign_out()
    staffed.enter(BOSS, BOSS_PIN)
    staffed.page("queue")
    assert staffed.press_in_list(f"give_up_{lost}")
    staffed.settle()
    assert staffed.world.desk.outbox.lost_ids() == []
    assert staffed.world.desk.outbox.lost_ids(include_given_up=True) == [lost]
    assert ("give_up", BOSS, Code.OK) in staffed.acts
    assert lost in staffed.read("queue")


def test_export_and_import_without_and_with_a_stick(staffed):
    staffed.enter()
    page = staffed.page("queue")
    assert staffed.driver.press("staff_export")
    staffed.settle()
    assert "没有找到 U 盘" in page.result_text
    staffed.world.desk.stick = None
    staffed.driver.press("staff_export")
    staffed.settle()
    assert page.result_text.endswith("2")
    staffed.driver.press("staff_import")
    staffed.settle()
    assert page.result_text.endswith("2")
    assert [a for a, who, _ in staffed.acts if who == BOSS][-3:] == ["export", "export", "import"]


def test_an_action_that_cannot_be_recorded_is_not_done(staffed, monkeypatch):
    staffed.enter()
    staffed.world.desk.stick = None
    page = staffed.page("queue")
    monkeypatch.setattr(staffed.world.audit, "append", lambda *_, **__: False)
    monkeypatch.setattr(staffed.world.desk, "export", lambda *_, **__: pytest.fail("done without its record"))
    staffed.driver.press("staff_export")
    staffed.settle()
    assert page.result_text


def test_devices_are_tested_and_closed_again(staffed):
    staffed.enter()
    page = staffed.page("devices")
    staffed.world.has_printer()
    for button in ("staff_look", "staff_tone", "staff_print"):
        assert staffed.driver.press(button)
        staffed.settle()
    assert page.preview.isVisible()
    staffed.page("today")
    assert page.preview.blank
    kinds = [did[0] for did in staffed.world.did]
    assert kinds == ["look", "say", "print", "look"]
    assert staffed.world.did[0][1:] == (True,)
    assert staffed.world.did[2][1].simulated
    assert staffed.world.did[3][1:] == (False,)


def test_devices_are_not_tested_while_a_customer_is_served(staffed):
    staffed.enter()
    page = staffed.page("devices")
    staffed.world.serving = True
    for button in ("staff_look", "staff_tone"):
        assert staffed.driver.press(button)
        staffed.settle()
    assert staffed.world.did == []
    assert not page.preview.isVisible()


def test_the_report_is_saved_as_files(staffed):
    staffed.enter()
    staffed.page("report")
    assert staffed.driver.press("staff_save")
    staffed.settle()
    file, page = sorted((staffed.world.folder / "reports").iterdir())
    assert page.suffix == ".pdf"
    assert page.read_bytes().startswith(b"%PDF")
    text = file.read_text("utf-8-sig")
    assert "visits,activated,ok,2" in text
    assert f"clerk {CLERK},sign_in,staff.refused" in text


@pytest.mark.parametrize("button", ["staff_print", "staff_print_report"])
@pytest.mark.parametrize("code", [Code.OK, Code.PRINTER_PAPER, Code.PRINTER_UNKNOWN, Code.PRINTER_FAULT])
def test_a_print_is_called_printed_only_where_the_printer_says_so(staffed, button, code):
    staffed.enter()
    page = staffed.page("devices" if button == "staff_print" else "report")
    staffed.world.has_printer()
    staffed.world.printed = code
    assert staffed.driver.press(button)
    staffed.settle()
    phrases = page.phrases
    expected = phrases["staff.printed"] if code is Code.OK else phrases.clerk(code)
    assert page.result_text == expected


@pytest.mark.parametrize("button", ["staff_print", "staff_print_report"])
def test_what_went_to_a_file_is_not_said_to_be_reported_by_a_printer(staffed, button):
    staffed.enter()
    page = staffed.page("devices" if button == "staff_print" else "report")
    staffed.world.has_printer("slips")
    assert staffed.driver.press(button)
    staffed.settle()
    assert page.result_text == page.phrases["staff.printed_to_file"]


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (1280, 720)])
def test_the_cameras_picture_is_large_while_it_is_tested(staffed, size):
    staffed.window.resize(*size)
    staffed.enter()
    page = staffed.page("devices")
    assert staffed.driver.press("staff_look")
    staffed.settle()
    assert page.preview.height() > page.height() / 2
    assert staffed.driver.press("staff_look")
    staffed.settle()
    assert page.list.isVisible()


def test_the_report_is_printed_where_there_is_a_printer(staffed, qtbot, engine, feeds, tmp_path):
    staffed.enter()
    page = staffed.page("report")
    staffed.driver.press("staff_print_report")
    staffed.settle()
    assert "打印机" in page.result_text
    assert not staffed.world.did, "there is none"
    staffed.world.has_printer()
    staffed.driver.press("staff_print_report")
    staffed.settle()
    [(_, report)] = staffed.world.did
    assert sum(count for _, _, count in report.outcomes) == 6
    assert (report.waiting, report.wedged) == (1, 1)
    assert ("report", BOSS, Code.OK) in staffed.acts


@pytest.mark.parametrize(("who", "pin", "may"), [(CLERK, CLERK_PIN, False), (BOSS, BOSS_PIN, True)])
def test_sticks_are_for_supervisors_where_the_settings_say_so(qtbot, engine, feeds, tmp_path, who, pin, may):
    staffed = WindowWithStaff(qtbot, engine, feeds, tmp_path, stick_supervisor=True)
    staffed.enter(who, pin)
    staffed.page("queue")
    assert staffed.driver.press("staff_export") is may
    if not may:
        for act in (staffed.world.service.export, staffed.world.service.import_answers):
            with pytest.raises(StaffError) as error:
                act()
            assert error.value.code is Code.STAFF_ROLE
    staffed.settle()
    staffed.panel.sign_out()
    staffed.panel.close_tasks()


def test_a_supervisor_unlocks_on_the_screen(staffed):
    for _ in range(5):
        with pytest.raises(StaffError):
            staffed.world.roster.sign_in(CLERK, "000000")
    staffed.enter()
    staffed.page("terminal")
    assert staffed.driver.press(f"unlock_{CLERK}")
    staffed.settle()
    assert staffed.panel.pages["terminal"].result_text == ""
    assert staffed.world.roster.locked() == {}


def test_without_a_roster_the_panel_says_how_to_provision_one(qtbot, engine, feeds, tmp_path):
    staffed = WindowWithStaff(qtbot, engine, feeds, tmp_path, members=[])
    assert staffed.call()
    shown_text = " ".join(words.text() for words in staffed.panel.sign_in.findChildren(FittedLabel))
    assert load("zh-Hans")["staff.provision"] in shown_text
    assert not staffed.driver.press("key_1")
    assert staffed.driver.press("staff_leave")
    assert staffed.driver.press("begin"), "customers are served all the same"
    staffed.panel.close_tasks()


def test_an_idle_panel_warns_and_closes(qtbot, engine, feeds, tmp_path):
    staffed = WindowWithStaff(qtbot, engine, feeds, tmp_path, idle_warning_s=0.3, idle_s=600)
    staffed.enter()
    qtbot.waitUntil(staffed.panel._warning.isVisible, timeout=10_000)
    assert staffed.driver.press("staff_today")
    assert not staffed.panel._warning.isVisible(), "a touch keeps it open"
    staffed.panel._idle.start(200)
    qtbot.waitUntil(lambda: not staffed.panel.isVisible(), timeout=10_000)
    assert staffed.world.roster.signed_in.number == BOSS, "the shift goes on"
    assert not any(isinstance(event, SignedOut) for event in staffed.world.events)
    assert not staffed.panel.signed_in
    assert all(page.list.texts == [] for page in staffed.panel.pages.values()), "nothing of it is kept"
    staffed.panel.close_tasks()


def test_signing_out_while_the_pin_is_checked_signs_nobody_in(staffed):
    assert staffed.call()
    for text in (BOSS, BOSS_PIN):
        staffed.driver.type(text)
        staffed.driver.press("key_next")
    staffed.panel.sign_out()
    staffed.settle()
    assert staffed.world.roster.signed_in is None
    assert not staffed.panel.isVisible()


def test_a_customer_who_begins_while_the_pin_is_checked_ends_no_shift(staffed):
    assert staffed.call()
    for text in (BOSS, BOSS_PIN):
        staffed.driver.type(text)
        staffed.driver.press("key_next")
    staffed.window.handle_notice(Show(stage=Stage.CONSENT))
    staffed.settle()
    assert staffed.world.roster.signed_in.number == BOSS, "a review finds the clerk"
    assert not staffed.panel.signed_in
    assert not staffed.panel.isVisible()


def test_a_panel_in_its_own_window_leaves_the_customers_window_alone(qtbot, engine, feeds, tmp_path):
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
    window.handle_notice(Show(stage=Stage.CARD))
    assert window.panel.signed_in, "a visit goes on beside it"
    window.handle_notice(ShowHelp(call=ClerkCallState.CALLED, until=time.monotonic() + 60))
    assert window.panel._call.text == load()["staff.call"]
    assert window.panel.signed_in, "a call does not close the panel"
    window.handle_notice(HelpOver())
    assert window.panel._call.text == ""
    window.panel.sign_out()
    assert window.panel.isVisible(), "back at the sign-in"
    assert world.roster.signed_in is None
    window.panel.close_tasks()


# ── looking up a number ──────────────────────────────────────────────────────────────────────────

NUMBER = "3C9T-0ZK4-M1VX-77QD"


def look_up(staffed, number=NUMBER):
    """The row that is shown, and what is said above it."""
    page = staffed.page("find")
    assert staffed.driver.type(number.replace("-", ""))
    assert staffed.driver.press("staff_find_go")
    staffed.settle()
    return "\n".join(page.list.texts), page.result_text


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"purpose": Purpose.OPEN}, "outcome.activated.title"),
        ({"purpose": Purpose.END}, "outcome.ended.title"),
        ({"purpose": Purpose.ERASE}, "outcome.erased.title"),
        ({"purpose": None, "ended": "revoked"}, "staff.find_revoked"),
        ({"ended": "replaced"}, "staff.find_replaced"),
        ({"status": VisitStatus.PENDING, "code": "person.not_yet_visible"}, "outcome.pending.title"),
        ({"status": VisitStatus.REFUSED, "code": "person.mismatch"}, "outcome.refused.title"),
        ({"status": VisitStatus.REFUSED, "code": "of.tomorrow"}, "outcome.refused.title"),
        ({"status": VisitStatus.RUNNING}, "staff.find_running"),
        ({"status": VisitStatus.LOST}, "staff.find_lost_next"),
    ],
)
def test_a_clerk_looks_up_the_number_of_any_terminal(staffed, state, told):
    staffed.world.desk.found = replace(staffed.world.desk.found, **state)
    shown, _ = look_up(staffed.enter(CLERK, CLERK_PIN))
    assert NUMBER in shown
    assert load("zh-Hans")[told] in shown
    if (code := state.get("code", "")).startswith("person"):
        assert load("zh-Hans").clerk(Code(code)) in shown
    assert ("find", CLERK, Code.OK) in staffed.acts
    assert staffed.driver.press("staff_find_again")
    assert NUMBER not in "\n".join(staffed.panel.pages["find"].list.texts)


def test_what_still_waits_here_is_known_without_a_line(staffed):
    staffed.world.desk.found = Unreachable(Code.CENTRAL_UNREACHABLE)
    shown, _ = look_up(staffed.enter(), WAITING)
    assert load("zh-Hans")["staff.state.waiting"] in shown


@pytest.mark.parametrize(
    ("found", "public_url", "told"),
    [
        (Unreachable(Code.CENTRAL_UNREACHABLE), "https://wz.example", "find_offline"),
        (Unreachable(Code.CENTRAL_FAULT), "https://wz.example", "find_offline"),
        (Unreachable(Code.CENTRAL_UNREACHABLE), "", "find_offline_no_code"),
        (Unreachable(Code.CENTRAL_BUSY), "", "find_busy"),
    ],
)
def test_a_look_up_without_a_line_says_so(staffed, found, public_url, told):
    """Nobody is sent to a code that no slip has."""
    settings = staffed.world.settings
    central = replace(settings.central, public_url=public_url)
    staffed.world.service._settings = replace(settings, central=central)
    staffed.world.desk.found = found
    shown, said = look_up(staffed.enter())
    assert said == load("zh-Hans")[f"staff.{told}"]
    assert NUMBER not in shown


def test_a_number_that_central_never_had_is_told(staffed):
    staffed.world.desk.found = None
    shown, _ = look_up(staffed.enter())
    assert load("zh-Hans")["staff.find_unknown"] in shown


def test_half_a_number_asks_nobody(staffed):
    _, said = look_up(staffed.enter(), NUMBER[:9])
    assert said == load("zh-Hans")["staff.find_short"]
    assert not [act for act in staffed.acts if act[0] == "find"]


def test_a_number_is_gone_with_the_page(staffed):
    page = staffed.enter().page("find")
    assert staffed.driver.type("3C9T")
    staffed.page("today")
    assert page._entry.text == ""

"""Save pictures of the staff panel: `python -m tests.kiosk.ui.staff_gallery FOLDER [PART …]`."""

import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.events import Show
from kiosk.model import Language, Stage
from kiosk.ports import Feeds
from kiosk.ui.staff.paged_list import PagedList
from kiosk.ui.theme import load_fonts
from kiosk.ui.window import Window
from tests.kiosk.ui.conftest import RecordingEngine, made_up_frame
from tests.kiosk.ui.rested import RestedDriver
from tests.kiosk.ui.staff_world import DELIVERED, World
from tests.support.roster_signer import BOSS, BOSS_PIN, CLERK

SIZES = {"tall": (1080, 1920), "wide": (1920, 1080), "small": (1280, 720), "narrow": (720, 1280)}


def main(folder: Path, wanted: list[str]) -> None:
    app = QApplication(["gallery"])
    app.setStyle("Fusion")
    load_fonts()
    folder.mkdir(parents=True, exist_ok=True)
    for shape, size in SIZES.items():
        for language in Language:
            if all(part in f"{shape}-{language}" for part in wanted):
                save_pictures(folder, f"{shape}-{language}", size, language)


def save_pictures(folder: Path, prefix: str, size: tuple[int, int], language: str) -> None:
    frame = made_up_frame()
    feeds = Feeds(frame=lambda: frame, level_dbfs=lambda: -22.0)
    world = World(Path(tempfile.mkdtemp())).visits()
    window = Window(RecordingEngine(), feeds, world.settings, simulated=True, staff_service=world.service)
    window._home_language = language
    window.resize(*size)
    window.show()
    window.handle_notice(Show(stage=Stage.IDLE))
    driver = RestedDriver(window)

    def save(name: str) -> None:
        done: list[object] = []
        window.panel._tasks.run(lambda: None, done.append, done.append)
        until = time.monotonic() + 20
        while not done and time.monotonic() < until:
            QTest.qWait(20)
        lists = window.panel.findChildren(PagedList)
        while any(one._due.isActive() for one in lists) and time.monotonic() < until:
            QTest.qWait(20)  # rows are laid out one turn after they were added
        QTest.qWait(200)
        window.grab().save(str(folder / f"{prefix}-{name}.png"))

    def enter(number: str, pin: str) -> None:
        driver.type(number)
        driver.press("key_next")
        driver.type(pin)
        driver.press("key_next")
        until = time.monotonic() + 20
        while window.panel.sign_in.keypad.isEnabled() is False and time.monotonic() < until:
            QTest.qWait(50)
            if window.panel.signed_in:
                break

    window.open_staff_panel()
    driver.type(CLERK[:4])
    save("1-number")
    for _ in range(4):
        driver.press("key_delete")
    enter(BOSS, "111111")
    save("2-refused")
    enter(BOSS, BOSS_PIN)
    for page in ("today", "queue", "find", "devices", "terminal", "report"):
        driver.press(f"staff_{page}")
        save(f"3-{page}")
        if driver.press("list_next"):
            save(f"3-{page}-next")
    driver.press("staff_find")
    driver.type(DELIVERED.replace("-", ""))
    driver.press("staff_find_go")
    save("7-found")
    driver.press("staff_devices")
    driver.press("staff_look")
    QTest.qWait(300)
    save("4-look")
    driver.press("staff_queue")
    world.desk.stick = StaffError(Code.STICK_MISSING)
    driver.press("staff_export")
    save("5-no-stick")
    world.desk.stick = None
    driver.press("staff_export")
    save("6-exported")
    window.panel.sign_out()
    window.panel.close_tasks()
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

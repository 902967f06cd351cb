"""The graphical shell as a whole: it starts, is driven from another thread, records screens and ends."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QSize, QTimer

from kiosk.codes import Code
from kiosk.errors import DeviceMissing
from kiosk.events import Began, Show
from kiosk.model import Stage
from kiosk.service_manager import KeepAlive, ServiceManager
from kiosk.ui import app, exception_hooks
from kiosk.ui.least_size import require_size
from tests.kiosk.ui.stories import show

DEVICES = Path(__file__).parents[3] / "docs" / "devices.md"
SIZED = {"width_px": 900, "height_px": 1600, "full_screen": False}


def small(settings):
    return msgspec.structs.replace(settings, screen=msgspec.structs.replace(settings.screen, **SIZED))


def repeated(touch):
    """Touch as people do: again while the window rests; False if it is never taken."""
    for _ in range(600):
        if touch():
            return True
        time.sleep(0.1)
    return False


def test_run_is_driven_from_another_thread_until_quit(qapp, engine, feeds, settings):
    results = []

    def visit(driver):
        engine.notify(Show(stage=Stage.IDLE))
        results.append(repeated(lambda: driver.press("begin")))
        results.append(driver.press("nothing_of_that_name"))
        engine.notify(show(Stage.PHONE))
        results.append(all(repeated(lambda key=key: driver.type(key)) for key in "138"))
        app.quit()

    def ready(driver):
        threading.Thread(target=visit, args=(driver,)).start()

    assert app.run(engine, feeds, small(settings), simulated=True, on_ready=ready) == 0
    assert results == [True, False, True]
    assert isinstance(engine.posted[0], Began)


def test_each_screen_is_recorded_once(qapp, engine, feeds, settings, tmp_path):
    def visit(driver):
        for notice in (Show(stage=Stage.IDLE), show(Stage.CONSENT), Show(stage=Stage.IDLE), show(Stage.CARD)):
            engine.notify(notice)
            threading.Event().wait(0.5)
        app.quit()

    def ready(driver):
        threading.Thread(target=visit, args=(driver,)).start()

    app.run(engine, feeds, small(settings), simulated=True, screens_dir=tmp_path, on_ready=ready)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["01-idle.png", "02-consent-face.png", "03-card.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_nothing_is_recorded_outside_simulation(qapp, engine, feeds, settings, tmp_path):
    def ready(_):
        engine.notify(Show(stage=Stage.IDLE))
        threading.Timer(0.5, app.quit).start()

    app.run(engine, feeds, small(settings), simulated=False, screens_dir=tmp_path, on_ready=ready)
    assert list(tmp_path.iterdir()) == []


def test_an_uncaught_exception_is_logged_without_its_message(caplog):
    try:
        int("13800138000x")
    except ValueError as error:
        with caplog.at_level(logging.CRITICAL):
            exception_hooks.log_exception(type(error), error, error.__traceback__)
    assert "ValueError" in caplog.text
    assert "test_an_uncaught_exception" in caplog.text
    assert "13800138000" not in caplog.text


CHILD = """
import sys
from kiosk import settings
from kiosk.ports import Feeds
from kiosk.ui import app
from tests.kiosk.ui.conftest import RecordingEngine
sys.exit(app.run(RecordingEngine(), Feeds(lambda: None, lambda: -90.0), settings.load(),
                 simulated=True, on_ready=lambda driver: print("ready", flush=True)))
"""


def test_sigterm_ends_the_loop():
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, env=environment, cwd=Path(__file__).parents[3]
    )
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
    child.stdout.close()


def test_the_service_manager_hears_of_the_window_only_while_its_thread_turns(
    qapp, engine, feeds, settings, tmp_path
):
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(tmp_path / "notify"))
    receiver.settimeout(10)
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "40000"}
    keep_alive = KeepAlive(ServiceManager(environment), lambda: 0.0, lambda: 0.0)
    heard, while_stuck = [], []

    def stick():
        receiver.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                receiver.recv(64)
        time.sleep(0.2)
        with contextlib.suppress(BlockingIOError):
            while_stuck.append(receiver.recv(64))
        app.quit()

    def ready(driver):
        def listen():
            heard.extend(receiver.recv(64) for _ in range(3))
            QTimer.singleShot(0, driver, stick)

        threading.Thread(target=listen).start()

    app.run(
        engine, feeds, small(settings), simulated=True, on_ready=ready, keep_alive=keep_alive
    )  # fmt: skip
    receiver.close()
    assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    assert while_stuck == []


@pytest.mark.parametrize("size", [(1280, 700), (1024, 768), (719, 1280), (800, 600)], ids=str)
def test_production_does_not_start_on_a_display_that_is_too_small(qapp, engine, feeds, settings, size):
    screen = msgspec.structs.replace(settings.screen, width_px=size[0], height_px=size[1])
    with pytest.raises(DeviceMissing) as caught:
        app.run(engine, feeds, msgspec.structs.replace(settings, screen=screen))
    assert caught.value.code is Code.DISPLAY_SMALL
    assert f"{size[0]}×{size[1]}" in str(caught.value)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (1366, 768), (1080, 1920)], ids=str)
def test_displays_that_are_documented_are_large_enough(size):
    require_size(QSize(*size))
    assert f"{size[0]}×{size[1]}" in DEVICES.read_text(encoding="utf-8")

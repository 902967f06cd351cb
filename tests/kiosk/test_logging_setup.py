"""A bug in the middle of a visit: its log entry identifies nobody."""

import io
import logging
import subprocess
import sys
import time

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.logging_setup import FORMAT, MessageFreeFormatter
from kiosk.model import Stage
from kiosk.ui import exception_hooks
from kiosk.worker import Worker
from tests.kiosk.test_engine import Rig

PHONE = "19912340987"
NAME = "何演示"


@pytest.fixture
def logged():
    """What the terminal's log would hold."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(MessageFreeFormatter(FORMAT))
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


def crash(*_: object) -> None:
    try:
        int(f"{PHONE} {NAME}")
    except ValueError:
        raise KeyError(NAME)  # noqa: B904 - the chain is what is tried


def test_a_bug_that_quotes_a_customer_ends_the_visit_and_is_logged_without_the_quote(logged, monkeypatch):
    rig = Rig()
    monkeypatch.setitem(rig.engine._handlers, e.Attend, crash)
    try:
        rig.ready().begin()
        rig.engine.post(e.Agreed("zh-Hans", "0" * 64, False))
        assert rig.shows(Stage.OUTCOME).code is Code.INTERNAL
    finally:
        rig.worker.stop()
    log = logged.getvalue()
    for kind in ("ValueError", "led to", "KeyError", "a bug ended the visit", "in crash"):
        assert kind in log
    assert PHONE not in log
    assert NAME not in log


def test_our_own_errors_keep_their_message(logged):
    try:
        raise OutboxError(Code.OUTBOX_FULL, "SQLITE_FULL")
    except OutboxError:
        logging.getLogger("kiosk").exception("the disk")
    assert "outbox.full: SQLITE_FULL" in logged.getvalue()


def test_a_worker_that_dies_and_a_slot_that_fails_quote_nobody(logged, caplog):
    worker = Worker("camera", crash).start()
    while worker.alive:
        time.sleep(0.01)
    try:
        crash()
    except KeyError as error:
        exception_hooks.log_exception(type(error), error, error.__traceback__)
    log = logged.getvalue()
    assert "worker camera died" in log
    assert "a bug in the window: KeyError" in log
    assert PHONE not in log
    assert NAME not in log


def test_a_crash_below_python_tells_places_only():
    code = f"import faulthandler, os; faulthandler.enable(); phone = {PHONE!r} + ''; os.abort()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"Fatal Python error: Aborted" in done.stderr
    assert PHONE.encode() not in done.stderr

"""Notices cross from the engine's thread in order, thousands of them, and are dropped after its end."""

import threading

from PySide6.QtCore import QCoreApplication, QEvent, QThread, Signal
from PySide6.QtWidgets import QWidget

from kiosk.codes import Code
from kiosk.events import Coach, ShowHeard
from kiosk.ui.bridge import Bridge


def test_notices_arrive_in_order_on_qts_thread(qtbot, engine):
    bridge = Bridge(engine)
    got, threads = [], set()
    bridge.received.connect(got.append)
    bridge.received.connect(lambda _: threads.add(QThread.currentThread() is bridge.thread()))
    sent = [ShowHeard(n) for n in range(5000)]
    thread = threading.Thread(target=lambda: [engine.notify(notice) for notice in sent])
    thread.start()
    qtbot.waitUntil(lambda: len(got) == len(sent), timeout=20_000)
    thread.join()
    assert got == sent
    assert threads == {True}


def test_forward_never_runs_the_window_on_the_engines_thread(qtbot, engine):
    bridge = Bridge(engine)
    got = []
    bridge.received.connect(got.append)
    engine.notify(Coach(Code.OK))
    assert got == []
    qtbot.waitUntil(lambda: got == [Coach(Code.OK)])


def test_thousands_of_emits_of_true_do_not_abort(qtbot):
    """PySide 6.12 on Python 3.11 drops a reference to True with each emit and dies at about 560."""

    class Emitter(QWidget):
        flag = Signal(bool)

    emitter = Emitter()
    qtbot.addWidget(emitter)
    got = []
    emitter.flag.connect(got.append)
    for _ in range(5000):
        emitter.flag.emit(True)
    assert got == [True] * 5000


def test_notices_after_deletion_are_dropped(qtbot, engine):
    parent = QWidget()
    Bridge(engine, parent)
    parent.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    engine.notify(Coach(Code.OK))

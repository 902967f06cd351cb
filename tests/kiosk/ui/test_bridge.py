"""Notices cross from the engine's thread in order, thousands of them, and after the window has gone."""

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
    thread = threading.Thread(target=lambda: [engine.tell(notice) for notice in sent])
    thread.start()
    qtbot.waitUntil(lambda: len(got) == len(sent), timeout=20_000)
    thread.join()
    assert got == sent
    assert threads == {True}


def test_telling_never_runs_the_window_on_the_engines_thread(qtbot, engine):
    bridge = Bridge(engine)
    got = []
    bridge.received.connect(got.append)
    engine.tell(Coach(Code.OK))
    assert got == []
    qtbot.waitUntil(lambda: got == [Coach(Code.OK)])


def test_thousands_of_emits_of_true_do_not_abort(qtbot):
    """PySide 6.12 on Python 3.11 drops a reference to True with each emit and dies at about 560."""

    class Emitter(QWidget):
        said = Signal(bool)

    emitter = Emitter()
    qtbot.addWidget(emitter)
    got = []
    emitter.said.connect(got.append)
    for _ in range(5000):
        emitter.said.emit(True)
    assert got == [True] * 5000


def test_notices_after_the_end_go_nowhere(qtbot, engine):
    parent = QWidget()
    Bridge(engine, parent)
    parent.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    engine.tell(Coach(Code.OK))

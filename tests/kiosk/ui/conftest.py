"""Fixtures of a real window without a display: Qt paints into memory, and the engine records events."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QTimer

from kiosk import settings as kiosk_settings
from kiosk.events import Touched
from kiosk.model import Frame
from kiosk.ports import Feeds
from kiosk.ui.theme import ORDINARY, choose_palette, load_fonts
from kiosk.ui.window import Window


class RecordingEngine:
    """Records posted events; `notify` sends a notice to the window as the engine does.

    `touches` counts what only says that the screen was touched, which happens with every other event.
    """

    def __init__(self):
        self.posted = []
        self.touches = 0
        self.listeners = []

    def post(self, event):
        if isinstance(event, Touched):
            self.touches += 1
        else:
            self.posted.append(event)

    def subscribe(self, listener):
        self.listeners.append(listener)

    def notify(self, notice):
        for listener in self.listeners:
            listener(notice)

    def last(self, kind):
        return [event for event in self.posted if isinstance(event, kind)][-1]


def made_up_frame(seq=1):
    """Return a grey picture with a bright left third, which is on the right in the mirror, and an oval."""
    image = np.full((480, 640, 3), 90, np.uint8)
    image[:, :213] = (200, 210, 220)
    rows, columns = np.mgrid[:480, :640]
    image[((columns - 320) / 110) ** 2 + ((rows - 230) / 150) ** 2 < 1] = (140, 170, 215)
    return Frame(image=image, seq=seq, at=0.0)


def made_up_pair():
    """Return made-up pictures: a portrait of the chip's size and a live picture."""
    image = made_up_frame().image
    return image[60:400:3, 200:440:2].copy(), image[20:460, 140:500].copy()


@pytest.fixture(autouse=True)
def forget_quits(qapp):
    """Forget requests to quit that came after a test's loop had ended: each later loop would end at once."""
    yield
    qapp.processEvents()
    QTimer.singleShot(0, QCoreApplication.exit)
    qapp.exec()


@pytest.fixture
def engine():
    return RecordingEngine()


@pytest.fixture
def settings():
    return kiosk_settings.load()


@pytest.fixture
def feeds():
    frame = made_up_frame()
    return Feeds(frame=lambda: frame, level_dbfs=lambda: -25.0, pair=made_up_pair)


@pytest.fixture
def window(qtbot, engine, feeds, settings):
    load_fonts()
    choose_palette(ORDINARY)  # whatever the test before left
    window = Window(engine, feeds, settings, simulated=True)
    qtbot.addWidget(window)
    window.resize(1080, 1920)
    window.show()
    qtbot.waitExposed(window)
    return window

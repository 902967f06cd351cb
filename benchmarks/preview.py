"""What one camera picture costs on the screen: pulled, mirrored, scaled, cut, the guide over it."""

import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QEventLoop, QRectF, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from benchmarks.bench import SIZE, Bench, load
from benchmarks.figures import Result, series
from kiosk.model import Frame
from kiosk.ui.preview import Preview
from kiosk.ui.theme import Theme

CAMERA = (1280, 720)
WIDGET = (992, 1100)
"""About what the preview has on the FACE screen of a 1080×1920 window."""
TIMEOUT_MS = 30_000


def run(bench: Bench) -> list[Result]:
    """CPU of Qt's thread a picture, with all that the event loop does for it."""
    _app = QApplication.instance() or QApplication(["bench"])
    before = load()
    count = bench.times(90, 3)
    pictures = _pictures()
    ours = _shown(pictures, count)
    images = [_image(p) for p in pictures]
    return [
        Result(
            name="preview",
            title=f"A camera picture on the screen, {CAMERA[0]}×{CAMERA[1]} → {WIDGET[0]}×{WIDGET[1]}",
            ours=series("preview", "ms CPU", ours),
            baselines=(
                series("bare drawImage, smooth", "ms CPU", _drawn(images, count, smooth=True)),
                series("bare drawImage, nearest pixel", "ms CPU", _drawn(images, count, smooth=False)),
            ),
            remark="15 pictures a second are shown. Qt's raster engine, no graphics card.",
            load=before,
        )
    ]


def _shown(pictures: list[np.ndarray], count: int) -> list[float]:
    """The widget at its own pace, each time another frame."""
    frames = _endless(pictures)
    preview = Preview(lambda: next(frames))
    preview.set_theme(Theme(*SIZE))
    preview.resize(*WIDGET)
    marks: list[float] = []
    loop = QEventLoop()

    def looked() -> None:
        marks.append(time.thread_time())
        if len(marks) > count + 1:
            loop.quit()

    preview.polled.connect(looked)
    QTimer.singleShot(TIMEOUT_MS, loop.quit)
    preview.show()
    loop.exec()
    preview.close()
    # From one pull to the next; the first paints the window, too.
    return [1000 * (b - a) for a, b in pairwise(marks[1:])]


def _drawn(images: list[QImage], count: int, *, smooth: bool) -> list[float]:
    """Nothing but the picture, scaled so that it fills the same number of pixels."""
    canvas = QImage(*WIDGET, QImage.Format.Format_ARGB32_Premultiplied)
    costs = []
    for i in range(count):
        began = time.thread_time()
        painter = QPainter(canvas)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(QRectF(canvas.rect()), images[i % len(images)], _cut())
        painter.end()
        costs.append(1000 * (time.thread_time() - began))
    return costs


def _cut() -> QRectF:
    """The part of the camera's picture that has the widget's shape, as the preview cuts it."""
    scale = max(WIDGET[0] / CAMERA[0], WIDGET[1] / CAMERA[1])
    width, height = WIDGET[0] / scale, WIDGET[1] / scale
    return QRectF((CAMERA[0] - width) / 2, (CAMERA[1] - height) / 2, width, height)


def _pictures() -> list[np.ndarray]:
    """A few pictures that differ; what is in them does not matter for painting."""
    random = np.random.default_rng(1)
    return [random.integers(0, 256, (CAMERA[1], CAMERA[0], 3), np.uint8) for _ in range(4)]


def _image(picture: np.ndarray) -> QImage:
    height, width = picture.shape[:2]
    return QImage(picture.data, width, height, picture.strides[0], QImage.Format.Format_BGR888)


def _endless(pictures: list[np.ndarray]) -> Iterator[Frame]:
    seq = 0
    while True:
        yield Frame(image=pictures[seq % len(pictures)], seq=seq, at=time.monotonic())
        seq += 1

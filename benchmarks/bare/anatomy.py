"""A start in slow motion: the same steps as the terminal's, one after the other, each with its CPU time.

    python -m benchmarks.bare.anatomy SETTINGS

Prints one JSON object, step → CPU milliseconds. In the terminal the models load on a thread of their own
while the window is built.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class _Clock:
    """CPU milliseconds between two marks."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self._last = 0.0  # so the first step is the interpreter's own start

    def mark(self, name: str) -> None:
        now = 1000 * time.process_time()
        self.parts[name] = now - self._last
        self._last = now

    def step(self, name: str, do: Callable[[], Any]) -> Any:
        done = do()
        self.mark(name)
        return done


def main(site: Path) -> dict[str, float]:
    """Step → CPU milliseconds."""
    clock = _Clock()
    clock.mark("Python itself")
    _imports(clock)
    _start(clock, site)
    return clock.parts


def _imports(clock: _Clock) -> None:
    import numpy  # noqa: F401

    clock.mark("import numpy")
    import PySide6.QtWidgets  # noqa: F401

    clock.mark("import PySide6")
    import cv2  # noqa: F401

    clock.mark("import cv2")
    import onnxruntime  # noqa: F401

    clock.mark("import onnxruntime")
    import requests  # noqa: F401

    clock.mark("import requests")
    import jwt  # noqa: F401

    clock.mark("import jwt, cryptography")
    import kiosk.ui.app  # noqa: F401

    clock.mark("import kiosk and the rest")


def _start(clock: _Clock, site: Path) -> None:
    from PySide6.QtWidgets import QApplication

    from kiosk import settings as file
    from kiosk.bootstrap import Terminal
    from kiosk.drivers import driver_context, make_driver
    from kiosk.simulators.shop import SimulatedShop
    from kiosk.ui.theme import load_fonts
    from kiosk.ui.window import Window

    settings = clock.step("settings", lambda: file.load(site))
    shop = clock.step("simulated shop", lambda: SimulatedShop(settings.path(settings.models.folder)))
    terminal = clock.step("drivers, engine", lambda: Terminal(settings, shop))
    app = clock.step("QApplication", lambda: QApplication(["anatomy"]))
    clock.step("font (Noto Sans CJK)", load_fonts)
    window = clock.step(
        "window", lambda: Window(terminal.engine, terminal.feeds, settings, simulated=terminal.simulated)
    )
    window.resize(settings.screen.width_px, settings.screen.height_px)
    window.show()
    clock.step("first paint", app.processEvents)
    where = driver_context(settings, shop)
    for port in ("recogniser", "face_engine", "face_landmarks", "liveness", "portrait_decoder"):
        clock.step(f"model: {port}", lambda port=port: make_driver(settings, port, where))  # type: ignore[misc]


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))), flush=True)

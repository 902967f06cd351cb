"""Run the terminal with its window."""

import faulthandler
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk.bootstrap import Terminal
from kiosk.service_manager import KeepAlive, ServiceManager


def run_window(
    terminal: Terminal, screens: Path | None = None, on_ready: Callable[[Any], None] | None = None
) -> int:
    """Start the terminal, show its window until it is closed, then stop all threads.

    `screens`: a folder for a picture of every screen. `on_ready` is called on Qt's thread.
    """
    from kiosk.ui import app  # Qt takes a third of a second to import; terminals without a window need none

    faulthandler.enable()
    manager = ServiceManager()
    terminal.start()
    try:
        return app.run(
            terminal.engine,
            terminal.feeds,
            terminal.settings,
            simulated=terminal.simulated,
            staff_service=terminal.staff,
            screens_dir=screens,
            on_ready=on_ready,
            keep_alive=KeepAlive(manager, lambda: terminal.engine.last_turn, terminal.clock),
        )
    finally:
        manager.send("STOPPING=1")
        terminal.stop()

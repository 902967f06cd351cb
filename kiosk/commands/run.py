"""`kiosk run`: run the terminal until its window is closed."""

import argparse
from pathlib import Path

from kiosk import process_hardening
from kiosk.bootstrap import Terminal
from kiosk.codes import Code
from kiosk.commands.options import add_settings, read_settings
from kiosk.errors import SettingsError
from kiosk.windowed import run_window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk run`."""
    add_settings(parser)
    parser.add_argument("--screens", type=Path, help="save a picture of every screen into this folder")


def run(options: argparse.Namespace) -> int:
    """Run the terminal; in simulation, with simulated customers. Raises SettingsError, OSError."""
    settings = read_settings(options)
    if settings.mode == "production":
        if options.screens is not None:
            raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, "--screens keeps pictures of customers")
        process_hardening.clean_memory()
        process_hardening.no_dumps()
    if settings.mode != "simulation":
        return run_window(Terminal(settings), options.screens)
    from kiosk.simulators.customer_runner import AutomaticCustomers
    from kiosk.simulators.shop import SimulatedShop

    shop = SimulatedShop(settings.path(settings.models.folder))
    terminal = Terminal(settings, shop)
    AutomaticCustomers(shop).join(terminal.engine)
    return run_window(terminal, options.screens)

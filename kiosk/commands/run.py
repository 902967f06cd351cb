"""`kiosk run`: run the terminal until its window is closed."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kiosk import process_hardening
from kiosk.activation import identity
from kiosk.bootstrap import Terminal
from kiosk.codes import Code
from kiosk.commands.options import add_settings, read_settings
from kiosk.errors import DeviceMissing, IdentityError, SettingsError
from kiosk.settings import Settings
from kiosk.windowed import run_window

NO_SETTINGS = (
    "no settings.toml in this folder: copy resources/settings/site.example.toml here under that name and "
    "adapt it, or name a file with --settings"
)
NOT_ENROLLED = (
    "kiosk: {}; this terminal serves nobody yet: run `kiosk enrol --ca central-ca.pem` with a one-time code"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk run`."""
    add_settings(parser)
    parser.add_argument("--screens", type=Path, help="save a picture of every screen into this folder")


def run(options: argparse.Namespace) -> int:
    """Run the terminal; in simulation, with simulated customers.

    Raises SettingsError, DeviceMissing without a display, OSError.
    """
    settings = read_settings(options)
    if settings.mode == "production":
        if not settings.file:
            raise SettingsError(Code.SETTINGS_UNREADABLE, NO_SETTINGS)
        if options.screens is not None:
            raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, "--screens keeps pictures of customers")
        process_hardening.restart_clean()
        process_hardening.no_dumps()
        require_display(os.environ)
    if settings.mode != "simulation":
        terminal = Terminal(settings)
        _say_if_not_enrolled(settings)
        return run_window(terminal, options.screens)
    from kiosk.simulators.customer_runner import AutomaticCustomers
    from kiosk.simulators.shop import SimulatedShop

    shop = SimulatedShop(settings.path(settings.models.folder))
    terminal = Terminal(settings, shop)
    AutomaticCustomers(shop).join(terminal.engine)
    return run_window(terminal, options.screens)


def require_display(environment: Mapping[str, str]) -> None:
    """Raise DeviceMissing where Qt would have nothing to draw on and nobody would see the window."""
    if not any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        detail = "neither DISPLAY, WAYLAND_DISPLAY nor QT_QPA_PLATFORM is set: start it from the desktop"
        raise DeviceMissing(Code.DISPLAY_MISSING, detail)


def _say_if_not_enrolled(settings: Settings) -> None:
    """Say what to do; the terminal starts all the same and serves as soon as it is enrolled."""
    try:
        identity.load(settings.path(settings.terminal.identity), identity.make_key_store(settings))
    except IdentityError as error:
        print(NOT_ENROLLED.format(error), file=sys.stderr)

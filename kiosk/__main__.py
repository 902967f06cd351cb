"""`kiosk`: run the terminal, and the few things that staff do around it.

Exit status: 0 well, 1 something is missing or failed, 2 the settings or arguments cannot be used.
"""

import argparse
import faulthandler
import logging
import sys
import time
from collections.abc import Callable, Sequence
from getpass import getpass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from kiosk import logging_setup, process_hardening
from kiosk import settings as settings_file
from kiosk.audit.log import AuditLog
from kiosk.audit.log import path_of as audit_path
from kiosk.audit.record import Kind
from kiosk.bootstrap import Terminal
from kiosk.codes import Code
from kiosk.commands import audit as audit_commands
from kiosk.commands import privacy as privacy_commands
from kiosk.commands import report
from kiosk.errors import KioskError, SettingsError
from kiosk.settings import Settings

log = logging.getLogger("kiosk")

DEFAULT_SITE = Path("settings.toml")


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, read the settings, do it."""
    options = _parser().parse_args(argv)
    logging_setup.install()
    try:
        do: Callable[[argparse.Namespace], int] = options.do
        return do(options)
    except SettingsError as error:
        print(f"kiosk: {error}", file=sys.stderr)
        return 2
    except KioskError as error:
        print(f"kiosk: {error}", file=sys.stderr)
        return 1


def read_settings(options: argparse.Namespace) -> Settings:
    """The site's file; without one named and none in the working folder, the defaults alone."""
    site: Path | None = options.settings
    if site is None and DEFAULT_SITE.is_file():
        site = DEFAULT_SITE
    return settings_file.load(site)


def _run(options: argparse.Namespace) -> int:
    settings = read_settings(options)
    if settings.mode == "production":
        if options.screens is not None:
            raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, "--screens keeps pictures of whoever comes")
        process_hardening.clean_memory()
        process_hardening.no_dumps()
    world, guests = None, None
    if settings.mode == "simulation":
        from kiosk.simulators.shop import SimulatedShop
        from kiosk.simulators.customer_runner import AutomaticCustomers

        world = SimulatedShop(settings.path(settings.models.folder))
        guests = AutomaticCustomers(world)
    terminal = Terminal(settings, world)
    if guests is not None:
        guests.join(terminal.engine)
    return run_window(terminal, options.screens)


def run_window(
    terminal: Terminal, screens: Path | None = None, on_ready: Callable[[Any], None] | None = None
) -> int:
    """Show the window until it is closed; then stop all threads."""
    from kiosk.ui import app  # Qt costs a third of a second and is not wanted by the other commands

    faulthandler.enable()
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
        )
    finally:
        terminal.stop()


def _check(options: argparse.Namespace) -> int:
    from kiosk.commands.check import check

    return check(read_settings(options))


def _models(options: argparse.Namespace) -> int:
    from kiosk.commands.models import main as models

    return models(options.arguments)


def _evaluate(options: argparse.Namespace) -> int:
    run: int = import_module("evaluation.commands").main(options.arguments)
    return run


def _audit(options: argparse.Namespace) -> int:
    return audit_commands.run(options, read_settings(options))


def _privacy(options: argparse.Namespace) -> int:
    return privacy_commands.run(options, read_settings(options))


def _enrol(options: argparse.Namespace) -> int:
    from kiosk.activation import identity

    settings = read_settings(options)
    folder = settings.path(settings.terminal.identity)
    who = identity.enrol(
        settings.central.url, options.ca or settings.path(settings.central.ca), settings.terminal.id,
        options.code or _asked_code(), folder, identity.make_key_store(settings),
    )  # fmt: skip
    _note(settings, Kind.TERMINAL_ENROLLED, who.terminal, who.store.public())
    print(f"terminal {who.terminal} is enrolled: {who.place or 'no place told'}")
    return 0


def _asked_code() -> str:
    """From the keyboard, unseen, or a pipe: arguments stand in the list of processes for everybody."""
    return getpass("one-time code: ") if sys.stdin.isatty() else sys.stdin.readline().strip()


def _identity(options: argparse.Namespace) -> int:
    from kiosk.activation import identity
    from kiosk.activation.http_client import HttpClient
    from kiosk.activation.rotation import rotate

    settings = read_settings(options)
    who = identity.load(settings.path(settings.terminal.identity), identity.make_key_store(settings))
    if options.action == "rotate":
        c = settings.central
        wire = HttpClient(c.url, settings.path(c.ca), c.connect_s, c.answer_s)
        _note(settings, Kind.IDENTITY_ROTATED, who.terminal, rotate(wire, who, time.time))
        wire.close()
    print(f"terminal {who.terminal}, key {sha256(who.store.public()).hexdigest()[:16]}")
    return 0


def _note(settings: Settings, kind: Kind, terminal: str, key: bytes) -> None:
    """The key is named by its hash."""
    facts = {"terminal": terminal, "key": sha256(key).hexdigest()}
    AuditLog(audit_path(settings)).append(kind, facts=facts)


def _report(options: argparse.Namespace) -> int:
    return report.run(options, read_settings(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, do: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--settings", type=Path, help="the site's TOML file (default: settings.toml here)")
        sub.set_defaults(do=do)
        return sub

    run = command("run", _run, "run the terminal")
    run.add_argument("--screens", type=Path, help="save a picture of every screen into this folder")
    command("check", _check, "open each device, verify the models, greet central, print one table")
    enrol = command("enrol", _enrol, "make this terminal's key and enrol it at central")
    enrol.add_argument("--code", help="the one-time code from central's staff; left out: it is asked for")
    enrol.add_argument("--ca", type=Path, help="PEM that central's certificate must chain to")
    identity = command("identity", _identity, "show this terminal's key, or exchange it for a new one")
    identity.add_argument("action", choices=("show", "rotate"))
    audit_commands.add_to(command("audit", _audit, "verify, export or restart the log of what happened here"))
    privacy_commands.add_to(command("privacy", _privacy, "what this terminal holds; erase what is due"))
    report.add_to(command("report", _report, "the day: how visits ended, what waits, what staff did"))
    models = commands.add_parser("models", help="install, verify or list weight files", add_help=False)
    models.add_argument("arguments", nargs=argparse.REMAINDER)
    models.set_defaults(do=_models, settings=None)
    evaluate = commands.add_parser(
        "evaluate", help="measure speech, face, pad or lips on data", add_help=False
    )
    evaluate.add_argument("arguments", nargs=argparse.REMAINDER)
    evaluate.set_defaults(do=_evaluate, settings=None)
    return parser


if __name__ == "__main__":
    sys.exit(main())

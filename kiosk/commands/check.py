"""`kiosk check`: try everything that the terminal needs, one after the other, and print one table."""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from kiosk import production
from kiosk.activation import identity
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.activation.identity import Identity
from kiosk.activation.pinned_reader import ReaderCheck
from kiosk.audit.log import audit_log_path, newest_unix
from kiosk.capture.camera_health import is_covered, measure_lens
from kiosk.clock import CLOCK_FILE, TerminalClock
from kiosk.codes import Code
from kiosk.commands.connected_reader import connected_reader, describe_reader, device_context
from kiosk.commands.options import add_settings, read_settings
from kiosk.commands.sound_check import (
    HEARD_DB,
    TONE_S,
    describe_level,
    listen,
    played_tone,
    recording,
    tone_rise_db,
)
from kiosk.drivers import make_driver
from kiosk.errors import DeviceError, DeviceLost, EngineError, IdentityError, KioskError, ModelError
from kiosk.face.orientation import best_turn
from kiosk.model import Language
from kiosk.phrases import load
from kiosk.ports import Context, Image
from kiosk.readiness import disk_code
from kiosk.settings import Settings
from kiosk.urls import redacted

WATCH_S = 4.0
"""A camera that hangs often gives some new frames first; longer than `[camera] frozen_s`."""
LEVEL_S = 1.0
"""How long the microphone's level is measured."""

HEADING = ("part", "state", "found", "what to do next")


class Finding(NamedTuple):
    """What was found, and OK or the code of what needs care although the terminal can serve."""

    text: str
    code: Code = Code.OK


Check = Callable[[Settings, Context], str | Finding]
"""Returns what was found, for the table. Raises KioskError."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk check`."""
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Print the table; 1 if a check fails. Raises SettingsError."""
    settings = read_settings(options)
    print(_row(*HEADING))
    return run_checks(settings, CHECKS, print)


def run_checks(settings: Settings, checks: Mapping[str, Check], print_row: Callable[[str], None]) -> int:
    """Make the checks in order and print a row for each; return 0 if all pass, else 1."""
    context, phrases = device_context(settings), load(staff_language(os.environ))
    failed = 0
    for name, check in checks.items():
        try:
            found = check(settings, context)
            finding = found if isinstance(found, Finding) else Finding(found)
            state = "ok" if finding.code is Code.OK else "CARE"
        except KioskError as error:
            finding, state, failed = Finding(str(error), error.code), "FAILS", 1
        print_row(_row(name, state, finding.text, phrases.engineer(finding.code)))
    return failed


def staff_language(environment: Mapping[str, str]) -> Language:
    """Return the language of who reads the table, by the console's locale."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "")
    if not locale.startswith("zh"):
        return Language.EN
    return Language.ZH_HANT if locale.startswith(("zh_HK", "zh_MO", "zh_TW")) else Language.ZH_HANS


def _row(name: str, state: str, found: str, next_step: str) -> str:
    return f"{name:<18} {state:<6} {found:<40} {f'→ {next_step}' if next_step else ''}".rstrip()


def check_settings(settings: Settings, _: Context) -> str:
    """Apply the bounds of production, as at the terminal's start."""
    production.check(settings)
    return settings.mode


def check_operator(settings: Settings, _: Context) -> str:
    """Return who stands in the consent. Raises SettingsError in production without one."""
    production.require_operator(settings)
    return f"{settings.operator.name or 'not set'} {settings.operator.contact}".rstrip()


def check_camera(settings: Settings, context: Context) -> str | Finding:
    """Read frames for a while and return their size and rate. Raises DeviceError, also for a covered lens."""
    camera, frames, sees = make_driver(settings, "camera", context), 0, False
    try:
        camera.open()
        until = context.clock() + WATCH_S
        while context.clock() < until:
            image = camera.read().image
            frames += 1
            sees = sees or not is_covered(measure_lens(image))
    finally:
        camera.close()
    if not sees:
        raise DeviceLost(Code.CAMERA_COVERED, f"nothing to be seen for {WATCH_S:.0f} s")
    height, width = image.shape[:2]
    text = f"{width}×{height}, {frames / WATCH_S:.0f} frames a second"
    turn = _turn_needed(image, settings, context)
    return Finding(f"{text}, to be turned by {turn}°", Code.CAMERA_TURNED) if turn else text


def _turn_needed(image: Image, settings: Settings, context: Context) -> int:
    """Return by how much the picture is turned, if a face is in it; 0: not at all, or nobody is there."""
    try:
        return best_turn(image, make_driver(settings, "face_engine", context).detect) or 0
    except (ModelError, EngineError):  # the engine has a row of its own
        return 0


def check_microphone(settings: Settings, context: Context) -> Finding:
    """Record for a second and describe the level."""
    with recording(make_driver(settings, "microphone", context)) as recorder:
        time.sleep(LEVEL_S)
        text, code = describe_level(recorder.take())
    return Finding(f"{settings.microphone.driver}, {text}", code)


def check_speaker(settings: Settings, context: Context) -> str | Finding:
    """Play a tone and find out whether the microphone hears it. Raises DeviceError of the loudspeaker."""
    speaker, driver = make_driver(settings, "speaker", context), settings.speaker.driver
    try:
        speaker.open()
        if driver in ("none", "simulated"):  # which make no sound
            return driver
        with recording(make_driver(settings, "microphone", context)) as recorder:
            before = listen(recorder, TONE_S)
            speaker.play(played_tone())
            rise = tone_rise_db(before, recorder.samples())
    except DeviceError as error:
        if error.code.value.startswith("speaker."):
            raise
        return f"{driver}, not listened to: no microphone"  # which has a row of its own
    finally:
        speaker.close()
    if rise < HEARD_DB:
        return Finding(f"{driver}, not heard by the microphone ({rise:+.0f} dB)", Code.SPEAKER_UNHEARD)
    return f"{driver}, heard by the microphone ({rise:+.0f} dB)"


def check_card_reader(settings: Settings, context: Context) -> str:
    """Ask the reader which one it is, compare it with the pinned one, and describe it."""
    found = connected_reader(settings, context)
    with suppress(IdentityError):  # has a row of its own
        ReaderCheck(None).require(found, _identity(settings).reader)
    return f"{settings.card_reader.driver}, {describe_reader(found)}"


def check_printer(settings: Settings, context: Context) -> str | Finding:
    """Open the printer and ask it; one that does not answer may print all the same."""
    printer, driver = make_driver(settings, "printer", context), settings.printer.driver
    try:
        printer.open()
        printer.check()
    except DeviceLost as error:
        if error.code is not Code.PRINTER_UNKNOWN:
            raise
        return Finding(f"{driver}, does not answer", error.code)
    finally:
        printer.close()
    return driver


def load_model(settings: Settings, context: Context, *, port: str) -> str:
    """Load the engine of a port and return its name and version."""
    engine = make_driver(settings, port, context)
    return f"{engine.name} {engine.version}"


def check_portrait_decoder(settings: Settings, context: Context) -> str:
    """Make the decoder and return its driver's name."""
    make_driver(settings, "portrait_decoder", context)
    return settings.portrait_decoder.driver


def check_clerk_call(settings: Settings, context: Context) -> str:
    """Ask the driver that calls the clerk whether it could, and return its name."""
    make_driver(settings, "clerk_call", context).probe()
    return settings.clerk_call.driver


def check_disk(settings: Settings, _: Context) -> str:
    """Compare the free space with `[storage] min_free_mb`."""
    return _require_ok(disk_code(settings.path(settings.storage.folder), settings.storage.min_free_mb))


def check_clock(settings: Settings, _: Context) -> str:
    """Judge the time by the rule of the terminal."""
    return _require_ok(_terminal_clock(settings).code())


def _terminal_clock(settings: Settings) -> TerminalClock:
    file = settings.path(settings.storage.folder) / CLOCK_FILE
    newest = partial(newest_unix, audit_log_path(settings))
    return TerminalClock(file, newest_record=newest, read_only=True)


def _require_ok(code: Code) -> str:
    if code is not Code.OK:
        raise KioskError(code)
    return ""


def check_terminal_key(settings: Settings, _: Context) -> str:
    """Return the driver and, in production, what speaks against it."""
    return "; ".join((settings.terminal_key.driver, *production.warnings(settings)))


def check_identity(settings: Settings, _: Context) -> str:
    """Load the terminal's key and enrolment and return its name."""
    return _identity(settings).terminal


def _identity(settings: Settings) -> Identity:
    return identity.load(settings.path(settings.terminal.identity), identity.make_key_store(settings))


def check_central(settings: Settings, _: Context) -> str:
    """Call central and return how far the clocks differ."""
    enrolled, central = _identity(settings), settings.central
    client = HttpClient(central.url, settings.path(central.ca), central.connect_s, central.answer_s)
    try:
        simulated = settings.mode == "simulation"
        clock = _terminal_clock(settings)
        gateway = Gateway(client, enrolled, clock, heartbeat_s=central.connect_s, simulated=simulated)
        gateway.heartbeat()
    finally:
        client.close()
    differ = f"clocks differ by {clock.off_s or 0.0:.1f} s"
    if clock.code() is not Code.OK:
        raise KioskError(Code.CLOCK_OFF, differ)
    return f"{redacted(central.url)}, {differ}"


CHECKS: Mapping[str, Check] = {
    "settings": check_settings,
    "operator": check_operator,
    "camera": check_camera,
    "microphone": check_microphone,
    "card reader": check_card_reader,
    "loudspeaker": check_speaker,
    "printer": check_printer,
    "clerk call": check_clerk_call,
    "face engine": partial(load_model, port="face_engine"),
    "face landmarks": partial(load_model, port="face_landmarks"),
    "liveness": partial(load_model, port="liveness"),
    "digits": partial(load_model, port="recogniser"),
    "portrait decoder": check_portrait_decoder,
    "disk": check_disk,
    "clock": check_clock,
    "terminal key": check_terminal_key,
    "identity": check_identity,
    "central": check_central,
}
"""The rows of the table, in this order."""

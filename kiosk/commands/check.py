"""`kiosk check`: try everything that the terminal needs, one after the other, and print one table."""

import argparse
import queue
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from kiosk import production
from kiosk.activation import identity
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.codes import Code
from kiosk.commands.options import add_settings, read_settings
from kiosk.drivers import driver_context, make_driver
from kiosk.errors import DeviceLost, KioskError
from kiosk.model import AudioBlock
from kiosk.ports import Context, Samples
from kiosk.readiness import clock_code, disk_code
from kiosk.settings import Settings

FIRST_BLOCK_S = 3.0
"""A sound card may take this long for its first block."""
LEVEL_S = 1.0
"""How long the microphone's level is measured."""
CLIPPED_DBFS = -0.3

Check = Callable[[Settings, Context], str]
"""Returns what was found, for the table. Raises KioskError."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk check`."""
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Print the table; 1 if a check fails. Raises SettingsError."""
    return run_checks(read_settings(options), CHECKS, print)


def run_checks(settings: Settings, checks: Mapping[str, Check], print_row: Callable[[str], None]) -> int:
    """Make the checks in order and print a row for each; return 0 if all pass, else 1."""
    shop = None
    if settings.mode == "simulation":
        from kiosk.simulators.shop import SimulatedShop

        shop = SimulatedShop(settings.path(settings.models.folder))
    context = driver_context(settings, shop)
    failed = 0
    for name, check in checks.items():
        try:
            print_row(f"{name:<18} ok     {check(settings, context)}")
        except KioskError as error:
            print_row(f"{name:<18} FAILS  {error}")
            failed = 1
    return failed


def check_settings(settings: Settings, _: Context) -> str:
    """Apply the bounds of production, as at the terminal's start."""
    production.check(settings)
    return settings.mode


def check_camera(settings: Settings, context: Context) -> str:
    """Read one frame and return its size."""
    camera = make_driver(settings, "camera", context)
    try:
        camera.open()
        height, width = camera.read().image.shape[:2]
    finally:
        camera.close()
    return f"{width}×{height}"


def check_microphone(settings: Settings, context: Context) -> str:
    """Record for a second and return the level."""
    microphone = make_driver(settings, "microphone", context)
    arrived, blocks = threading.Event(), queue.SimpleQueue[AudioBlock]()

    def deliver(block: AudioBlock) -> None:
        blocks.put(block)
        arrived.set()

    try:
        microphone.open(deliver)
        if not arrived.wait(FIRST_BLOCK_S):
            raise DeviceLost(Code.MICROPHONE_LOST, "it opens, but no sound comes")
        time.sleep(LEVEL_S)
    finally:
        microphone.close()
    samples = np.concatenate([blocks.get().samples for _ in range(blocks.qsize())])
    return f"{settings.microphone.driver}, {describe_level(samples)}"


def describe_level(samples: Samples) -> str:
    """Describe level and peak for setting the gain; a voice should be at −35 to −12 dBFS."""
    if not np.any(samples):
        return "but digital silence: muted, or the wrong input"
    rms = 10 * np.log10(max(float(np.mean(np.square(samples, dtype=np.float64))), 1e-12))
    peak = 20 * np.log10(float(np.max(np.abs(samples))))
    clips = ", CLIPPED: lower the gain" if peak > CLIPPED_DBFS else ""
    return f"{rms:.0f} dBFS, peak {peak:.0f}{clips}"


def open_device(settings: Settings, context: Context, *, port: str) -> str:
    """Open and close the device of a port and return its driver's name."""
    device = make_driver(settings, port, context)
    try:
        device.open()
    finally:
        device.close()
    return str(getattr(settings, port).driver)


def load_model(settings: Settings, context: Context, *, port: str) -> str:
    """Load the engine of a port and return its name and version."""
    engine = make_driver(settings, port, context)
    return f"{engine.name} {engine.version}"


def check_portrait_decoder(settings: Settings, context: Context) -> str:
    """Make the decoder and return its driver's name."""
    make_driver(settings, "portrait_decoder", context)
    return settings.portrait_decoder.driver


def check_disk(settings: Settings, _: Context) -> str:
    """Compare the free space with `[storage] min_free_mb`."""
    return _require_ok(disk_code(settings.path(settings.storage.folder), settings.storage.min_free_mb))


def check_clock(_: Settings, __: Context) -> str:
    """Compare the clock with the release of this program."""
    return _require_ok(clock_code(time.time()))


def _require_ok(code: Code) -> str:
    if code is not Code.OK:
        raise KioskError(code)
    return ""


def check_identity(settings: Settings, _: Context) -> str:
    """Load the terminal's key and enrolment and return its name."""
    return identity.load(
        settings.path(settings.terminal.identity), identity.make_key_store(settings)
    ).terminal


def check_central(settings: Settings, _: Context) -> str:
    """Call central and return how far the clocks differ."""
    enrolled = identity.load(settings.path(settings.terminal.identity), identity.make_key_store(settings))
    central = settings.central
    client = HttpClient(central.url, settings.path(central.ca), central.connect_s, central.answer_s)
    try:
        simulated = settings.mode == "simulation"
        gateway = Gateway(client, enrolled, time.time, heartbeat_s=central.connect_s, simulated=simulated)
        gateway.heartbeat()
    finally:
        client.close()
    return f"{central.url}, clocks differ by {gateway.clock_off_s or 0.0:.1f} s"


CHECKS: Mapping[str, Check] = {
    "settings": check_settings,
    "camera": check_camera,
    "microphone": check_microphone,
    "card reader": partial(open_device, port="card_reader"),
    "loudspeaker": partial(open_device, port="speaker"),
    "printer": partial(open_device, port="printer"),
    "face engine": partial(load_model, port="face_engine"),
    "face landmarks": partial(load_model, port="face_landmarks"),
    "liveness": partial(load_model, port="liveness"),
    "digits": partial(load_model, port="recogniser"),
    "portrait decoder": check_portrait_decoder,
    "disk": check_disk,
    "clock": check_clock,
    "identity": check_identity,
    "central": check_central,
}
"""The rows of the table, in this order."""

"""`kiosk check`: try everything that the terminal needs, one after the other, and print one table."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from kiosk import production
from kiosk.activation import identity
from kiosk.activation.gateway import Gateway
from kiosk.activation.http_client import HttpClient
from kiosk.bootstrap import context, driver
from kiosk.codes import Code
from kiosk.errors import DeviceLost, KioskError
from kiosk.model import AudioBlock
from kiosk.ports import Context, Samples
from kiosk.readiness import clock_code, disk_code
from kiosk.settings import Settings

SOUND_S = 3.0
"""A sound card may take so long for its first block."""
LISTEN_S = 1.0
"""So long the microphone's level is measured."""
CLIPPED_DBFS = -0.3


def check(settings: Settings, tell: Callable[[str], None] = print) -> int:
    """0 if all is well, else 1. Raises SettingsError."""
    where = context(settings, _world(settings))
    rows: list[tuple[str, Callable[[], str]]] = [
        ("settings", lambda: _fit(settings)),
        ("camera", lambda: _camera(settings, where)),
        ("microphone", lambda: _microphone(settings, where)),
        ("card reader", lambda: _opens(settings, where, "card_reader")),
        ("loudspeaker", lambda: _opens(settings, where, "speaker")),
        ("printer", lambda: _opens(settings, where, "printer")),
        ("face engine", lambda: _model(settings, where, "face_engine")),
        ("face landmarks", lambda: _model(settings, where, "face_landmarks")),
        ("liveness", lambda: _model(settings, where, "liveness")),
        ("digits", lambda: _model(settings, where, "recogniser")),
        ("portrait decoder", lambda: _made(settings, where, "portrait_decoder")),
        (
            "disk",
            lambda: _coded(disk_code(settings.path(settings.storage.folder), settings.storage.min_free_mb)),
        ),
        ("clock", lambda: _coded(clock_code(time.time()))),
        ("identity", lambda: _identity(settings).terminal),
        ("central", lambda: _central(settings)),
    ]
    good = [_row(name, look, tell) for name, look in rows]
    return 0 if all(good) else 1


def _world(settings: Settings) -> Any:
    """The simulated shop for simulated devices, as when the terminal runs; None in production."""
    if settings.mode != "simulation":
        return None
    from kiosk.simulators.shop import SimulatedShop

    return SimulatedShop(settings.path(settings.models.folder))


def _row(name: str, look: Callable[[], str], tell: Callable[[str], None]) -> bool:
    try:
        found = look()
    except KioskError as error:
        tell(f"{name:<18} FAILS  {error}")
        return False
    tell(f"{name:<18} ok     {found}")
    return True


def _fit(settings: Settings) -> str:
    """As at the terminal's start: in production no check may be switched off."""
    production.check(settings)
    return settings.mode


def _camera(settings: Settings, where: Context) -> str:
    camera = driver(settings, "camera", where)
    try:
        camera.open()
        height, width = camera.read().image.shape[:2]
    finally:
        camera.close()
    return f"{width}×{height}"


def _microphone(settings: Settings, where: Context) -> str:
    microphone = driver(settings, "microphone", where)
    heard, blocks = threading.Event(), queue.SimpleQueue[AudioBlock]()

    def hear(block: AudioBlock) -> None:
        blocks.put(block)
        heard.set()

    try:
        microphone.open(hear)
        if not heard.wait(SOUND_S):
            raise DeviceLost(Code.MICROPHONE_LOST, "it opens, but no sound comes")
        time.sleep(LISTEN_S)
    finally:
        microphone.close()
    samples = np.concatenate([blocks.get().samples for _ in range(blocks.qsize())])
    return f"{settings.microphone.driver}, {_loudness(samples)}"


def _loudness(samples: Samples) -> str:
    """What whoever sets the gain has to know: speak, and it should say −35 to −12 dBFS."""
    if not np.any(samples):
        return "but digital silence: muted, or the wrong input"
    rms = 10 * np.log10(max(float(np.mean(np.square(samples, dtype=np.float64))), 1e-12))
    peak = 20 * np.log10(float(np.max(np.abs(samples))))
    clips = ", CLIPPED: lower the gain" if peak > CLIPPED_DBFS else ""
    return f"{rms:.0f} dBFS, peak {peak:.0f}{clips}"


def _opens(settings: Settings, where: Context, port: str) -> str:
    device = driver(settings, port, where)
    try:
        device.open()
    finally:
        device.close()
    return str(getattr(settings, port).driver)


def _model(settings: Settings, where: Context, port: str) -> str:
    engine = driver(settings, port, where)
    return f"{engine.name} {engine.version}"


def _made(settings: Settings, where: Context, port: str) -> str:
    driver(settings, port, where)
    return str(getattr(settings, port).driver)


def _coded(code: Code) -> str:
    if code is not Code.OK:
        raise KioskError(code)
    return ""


def _identity(settings: Settings) -> identity.Identity:
    return identity.load(settings.path(settings.terminal.identity), identity.make_key_store(settings))


def _central(settings: Settings) -> str:
    who = _identity(settings)
    c = settings.central
    wire = HttpClient(c.url, settings.path(c.ca), c.connect_s, c.answer_s)
    try:
        gateway = Gateway(wire, who, time.time, c.connect_s, settings.mode == "simulation")
        gateway.heartbeat()
    finally:
        wire.close()
    return f"{c.url}, clocks differ by {gateway.clock_off_s or 0.0:.1f} s"

"""What must hold besides devices before anybody is served: disk, clock, and the gates.

The gates (MOSIP's idea): too many requests wait, one waits too long, central was not heard for too long,
program or models are too old. StoredRequests are only made where they can be kept.
"""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device
from kiosk.release import RELEASED
from kiosk.settings import Gates

CHECK_S = 10.0
STARTING_S = 0.3
"""… and while something is only being brought up: nobody should wait for the next look."""
Codes = dict[Device, Code]
EARLIEST_UNIX = 1_767_225_600.0
"""2026-01-01: this program is younger than that, so a clock before it has lost its battery."""

MAX_OFF_S = 45.0
"""Less than central's `clock_slack_s` (60): beyond that central refuses our signatures, and the terminal must
say before that its clock is wrong."""


def disk_code(folder: Path, min_free_mb: int) -> Code:
    """OK or DISK_LOW; a folder that cannot be looked at has no room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError:
        return Code.DISK_LOW
    return Code.OK if free >= min_free_mb * 1_000_000 else Code.DISK_LOW


def clock_code(now_unix: float, off_s: float | None = None) -> Code:
    """OK or CLOCK_OFF. `off_s`: central's clock minus ours, if central was ever heard."""
    if now_unix < EARLIEST_UNIX or (off_s is not None and abs(off_s) > MAX_OFF_S):
        return Code.CLOCK_OFF
    return Code.OK


class Waiting(Struct, frozen=True):
    """What has not reached central yet, and since when nothing has been heard from it; seconds."""

    count: int
    oldest_s: float | None
    silent_s: float | None


def gate_codes(waiting: Waiting | None, versions_known: bool, now_unix: float, gates: Gates) -> Codes:
    """What each gate says. `waiting`: None while the outbox is not open yet."""
    if waiting is None:
        backlog = contact = Code.STARTING
    else:
        backlog = _backlog_code(waiting, gates)
        silent = waiting.silent_s is not None and waiting.silent_s > gates.silent_h * 3600
        contact = Code.CENTRAL_SILENT if silent else Code.OK
    software = _software_code(versions_known, now_unix, gates)
    return {Device.BACKLOG: backlog, Device.CONTACT: contact, Device.SOFTWARE: software}


def _backlog_code(waiting: Waiting, gates: Gates) -> Code:
    if waiting.count >= gates.waiting:
        return Code.QUEUE_TOO_MANY
    if waiting.oldest_s is not None and waiting.oldest_s > gates.waiting_h * 3600:
        return Code.QUEUE_TOO_OLD
    return Code.OK


def _software_code(versions_known: bool, now_unix: float, gates: Gates) -> Code:
    """Central's word first: it knows which versions of program and models it takes."""
    if not versions_known:
        return Code.SOFTWARE_REFUSED
    old = now_unix - RELEASED.timestamp() > gates.software_days * 86_400
    return Code.SOFTWARE_TOO_OLD if old else Code.OK


class Readiness:
    """Looks every ten seconds; tells each change. `look_further` gives codes of things it does not know."""

    def __init__(
        self,
        folder: Path,
        min_free_mb: int,
        give: Callable[[e.Event], None],
        clock_unix: Callable[[], float] = time.time,
        clock_off_s: Callable[[], float | None] = lambda: None,
        look_further: Callable[[], Codes] = dict,
    ) -> None:
        self._folder = folder
        self._min_free_mb = min_free_mb
        self._give = give
        self._clock_unix = clock_unix
        self._clock_off_s = clock_off_s
        self._look_further = look_further
        self._told: dict[Device, Code] = {}

    def run(self, stop: threading.Event) -> None:
        while True:
            self.look()
            starting = Code.STARTING in self._told.values()
            if stop.wait(min(STARTING_S, CHECK_S) if starting else CHECK_S):
                return

    def look(self) -> None:
        """Measure once and tell what changed."""
        self._tell(Device.DISK, disk_code(self._folder, self._min_free_mb))
        self._tell(Device.CLOCK, clock_code(self._clock_unix(), self._clock_off_s()))
        for device, code in self._look_further().items():
            self._tell(device, code)

    def _tell(self, device: Device, code: Code) -> None:
        if self._told.get(device) is code:
            return
        self._told[device] = code
        self._give(e.DeviceReady(device) if code is Code.OK else e.DeviceFailed(device, code))

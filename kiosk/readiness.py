"""What must be there besides devices: room on the disk, a clock that can be believed, a log that is kept."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Device

CHECK_S = 10.0
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


class Readiness:
    """Looks every ten seconds; tells each change."""

    def __init__(
        self,
        folder: Path,
        min_free_mb: int,
        give: Callable[[e.Event], None],
        clock_unix: Callable[[], float] = time.time,
        clock_off_s: Callable[[], float | None] = lambda: None,
        audit: Callable[[], Code] = lambda: Code.OK,
    ) -> None:
        self._folder = folder
        self._min_free_mb = min_free_mb
        self._give = give
        self._clock_unix = clock_unix
        self._clock_off_s = clock_off_s
        self._audit = audit
        self._told: dict[Device, Code] = {}

    def run(self, stop: threading.Event) -> None:
        while True:
            self.look()
            if stop.wait(CHECK_S):
                return

    def look(self) -> None:
        """Measure once and tell what changed."""
        self._tell(Device.DISK, disk_code(self._folder, self._min_free_mb))
        self._tell(Device.CLOCK, clock_code(self._clock_unix(), self._clock_off_s()))
        self._tell(Device.AUDIT, self._audit())

    def _tell(self, device: Device, code: Code) -> None:
        if self._told.get(device) is code:
            return
        self._told[device] = code
        self._give(e.DeviceReady(device) if code is Code.OK else e.DeviceFailed(device, code))

"""What must hold besides the devices before a visit may begin: disk, clock, audit log and the gates.

The gates (an idea of MOSIP's): too many requests wait, one waits too long, central was not heard for too
long, program or models are too old. Requests are only accepted where they can be delivered.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk import events as e
from kiosk.activation.outbox import Backlog
from kiosk.activation.service import ActivationService
from kiosk.audit.log import AuditLog
from kiosk.clock import MAX_OFF_S
from kiosk.codes import Code
from kiosk.errors import KioskError
from kiosk.files import OTHERS_WRITE, make_private
from kiosk.model import Device
from kiosk.release import RELEASED
from kiosk.settings import Gates
from kiosk.storage_faults import is_read_only, storage_code

log = logging.getLogger(__name__)

CHECK_S = 10.0
STARTING_S = 0.3
"""Between two checks while something is still starting."""
RETRY_S = 3.0
"""Between two tries to bring up what was missing."""
REQUIRED = frozenset(Device) - {Device.SPEAKER, Device.PRINTER, Device.CLERK_CALL, Device.CENTRAL}
"""What a visit cannot do without."""

WRITTEN = ("", "audit", "staff", "visits")
"""Folders in the storage folder that are written to; one of them may have become another user's."""

Codes = dict[Device, Code]


def disk_code(folder: Path, min_free_mb: int) -> Code:
    """Return OK, STORAGE_READ_ONLY or DISK_LOW; a folder that cannot be read has no space."""
    try:
        make_private(folder, OTHERS_WRITE)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return storage_code(error, Code.DISK_LOW)
    if any(is_read_only(folder / name) for name in WRITTEN):
        return Code.STORAGE_READ_ONLY
    return Code.OK if free >= min_free_mb * 1_000_000 else Code.DISK_LOW


def gate_codes(backlog: Backlog | None, versions_known: bool, now_unix: float, gates: Gates) -> Codes:
    """Return the code of each gate. `backlog`: None while the outbox is not open yet.

    `versions_known`: central takes these versions of program and models.
    """
    if backlog is None:
        waiting = contact = Code.STARTING
    else:
        waiting = _backlog_code(backlog, gates)
        contact = _age_code(backlog.silent_s, gates.silent_h * 3600, Code.CENTRAL_SILENT)
    software = Code.SOFTWARE_REFUSED
    if versions_known:
        age_s = now_unix - RELEASED.timestamp()
        software = _age_code(age_s, gates.software_days * 86_400, Code.SOFTWARE_TOO_OLD)
    return {Device.BACKLOG: waiting, Device.CONTACT: contact, Device.SOFTWARE: software}


def _backlog_code(backlog: Backlog, gates: Gates) -> Code:
    if backlog.waiting >= gates.waiting:
        return Code.QUEUE_TOO_MANY
    return _age_code(backlog.oldest_s, gates.waiting_h * 3600, Code.QUEUE_TOO_OLD)


def _age_code(age_s: float | None, most_s: float, too_old: Code) -> Code:
    """Return `too_old` beyond `most_s`, and CLOCK_OFF for an age below 0: it could be any."""
    if age_s is None:
        return Code.OK
    if age_s < -MAX_OFF_S:
        return Code.CLOCK_OFF
    return too_old if age_s > most_s else Code.OK


def service_codes(
    audit: AuditLog, activation: ActivationService, gates: Gates, *, now_unix: float, delivering: bool
) -> Codes:
    """Return the codes of the audit log, of its comparison with the outbox, and of the gates;
    TERMINAL_HELD where an operator of central's has to look into an alarm first.

    `delivering`: the thread that sends requests has been started; nothing is compared before.
    """
    codes = {
        Device.AUDIT: audit.check(rewound=activation.audit_rewound),
        Device.LEDGER: activation.reconciliation_code() if delivering else Code.STARTING,
    }
    codes |= gate_codes(activation.backlog(), activation.versions_known, now_unix, gates)
    held = activation.held and not activation.audit_rewound  # that has a code of its own
    return codes | {Device.CONTACT: Code.TERMINAL_HELD} if held else codes


class Readiness:
    """Checks every ten seconds and posts each change; `run` is the work of the thread "readiness"."""

    def __init__(
        self,
        folder: Path,
        min_free_mb: int,
        post: Callable[[e.Event], None],
        *,
        check_clock: Callable[[], Code],
        further_codes: Callable[[], Codes] = dict,
    ) -> None:
        """`further_codes` returns the codes of everything but disk and clock."""
        self._folder = folder
        self._min_free_mb = min_free_mb
        self._post = post
        self._check_clock = check_clock
        self._further_codes = further_codes
        self._posted: Codes = {}

    def run(self, stop: threading.Event) -> None:
        """Check until `stop` is set."""
        while True:
            self.check()
            starting = Code.STARTING in self._posted.values()
            if stop.wait(min(STARTING_S, CHECK_S) if starting else CHECK_S):
                return

    def check(self) -> None:
        """Check once and post what has changed; disk and clock first, as the others may take longer."""
        self._post_changes(
            {
                Device.DISK: disk_code(self._folder, self._min_free_mb),
                Device.CLOCK: self._check_clock(),
            }
        )
        self._post_changes(self._further_codes())

    def _post_changes(self, codes: Codes) -> None:
        for device, code in codes.items():
            if self._posted.get(device) is not code:
                self._posted[device] = code
                self._post(e.DeviceReady(device) if code is Code.OK else e.DeviceFailed(device, code))


def retry_until_ready(
    device: Device, bring_up: Callable[[], None], post: Callable[[e.Event], None]
) -> Callable[[threading.Event], None]:
    """Return work that calls `bring_up` until it succeeds, and posts each new reason why it does not."""

    def work(stop: threading.Event) -> None:
        reason: Code | None = None
        while not stop.is_set():
            try:
                bring_up()
            except KioskError as error:
                if error.code is not reason:
                    log.warning("%s not ready: %s", device, error)
                    reason = error.code
                    post(e.DeviceFailed(device, error.code))
                stop.wait(RETRY_S)
            else:
                post(e.DeviceReady(device))
                return

    return work

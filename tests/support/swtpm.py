"""A software TPM (Debian's `swtpm`) on loopback, with its memory in a folder; `cut_power` resets it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest


class Swtpm:
    """`tcti` is how tpm2-tss reaches it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _two_free_ports()
        self._process: subprocess.Popen[bytes] | None = None
        self.tcti = f"swtpm:host=127.0.0.1,port={self._port}"
        folder.mkdir(parents=True)

    def start(self) -> None:
        """Return when it answers."""
        where = "type=tcp,bindaddr=127.0.0.1,port="
        options = {
            "--tpmstate": f"dir={self._folder}",
            "--server": f"{where}{self._port}",
            "--ctrl": f"{where}{self._port + 1}",
            "--flags": "not-need-init,startup-clear",
        }
        self._process = subprocess.Popen(["swtpm", "socket", "--tpm2", *chain(*options.items())])
        deadline = time.monotonic() + 60
        while not _answers(self._port):
            assert self._process.poll() is None, "swtpm ended"
            assert time.monotonic() < deadline, "swtpm does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=20)

    def cut_power(self) -> None:
        """What was loaded is forgotten, as after a power cut."""
        self.stop()
        self.start()


@contextmanager
def running_swtpm(folder: Path) -> Iterator[Swtpm]:
    """A started TPM that was never used before. Skips the test where there is none to start."""
    pytss = pytest.importorskip("tpm2_pytss", reason="the extra 'tpm' is not installed", exc_type=ImportError)
    if shutil.which("swtpm") is None or not pytss.TCTILdr.is_available("swtpm"):
        pytest.skip("Debian's swtpm and libtss2-tcti-swtpm0 are not installed")
    tpm = Swtpm(folder)
    tpm.start()
    try:
        yield tpm
    finally:
        tpm.stop()


def _two_free_ports() -> int:
    """The first of two: tpm2-tss expects the control channel on the port after the TPM's."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except (OSError, OverflowError):
                continue
            return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

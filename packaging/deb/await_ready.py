"""Run a command as systemd would, without a screen, until it has said READY=1 and WATCHDOG=1; then end it."""

import os
import socket
import subprocess
import sys
import tempfile

PATIENCE_S = 120

with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    address = f"{folder}/notify"
    manager.bind(address)
    manager.settimeout(PATIENCE_S)
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": address,
        "WATCHDOG_USEC": "2000000",
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = subprocess.Popen(sys.argv[1:], env=environment, cwd="/var/lib/kiosk")
    try:
        for expected in (b"READY=1", b"WATCHDOG=1"):
            found = manager.recv(4096)
            if found != expected:
                sys.exit(f"{expected!r} was expected, {found!r} came")
        program.terminate()
        status = program.wait(PATIENCE_S)
    finally:
        program.kill()
sys.exit(status)

"""Text messages in simulation: a file that a test, a demo or an operator can read."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from central.phones.messages import CodeMessage


class SimulatedMessages:
    """Appends each message to `path`, one JSON object a line, readable by this user only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def send(self, message: CodeMessage) -> None:
        """Write the message down."""
        line = json.dumps(
            {
                "at_unix": time.time(),
                "phone": message.phone,
                "language": message.language,
                "code": message.code,
                "text": message.text,
            },
            ensure_ascii=False,
        )
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with self._lock, open(os.open(self._path, flags, 0o600), "ab") as file:
            file.write(line.encode() + b"\n")

    def received(self, phone: str) -> list[dict[str, Any]]:
        """Return the messages that this number got, the oldest first."""
        with self._lock:
            lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        return [message for message in map(json.loads, lines) if message["phone"] == phone]

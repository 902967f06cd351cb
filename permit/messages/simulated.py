"""A carrier for simulation: appends each message once to a file that a page or a test reads."""

import threading
from pathlib import Path

import msgspec

from permit.messages.port import Delivery, ReminderMessage


class CarriedMessage(msgspec.Struct, frozen=True):
    """A line of the file."""

    key: str
    message: ReminderMessage


class SimulatedMessages:
    """Carrier with a file of JSON lines; one process at a time writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def send(self, key: str, message: ReminderMessage) -> Delivery:
        """Append the message, unless its key is there. Raises OSError."""
        with self._lock:
            if all(one.key != key for one in self.carried()):
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(CarriedMessage(key, message)) + b"\n")
        return Delivery.ACCEPTED

    def carried(self) -> list[CarriedMessage]:
        """Return all messages, the oldest first. Raises OSError, msgspec.ValidationError."""
        if not self._path.exists():
            return []
        return [
            msgspec.json.decode(line, type=CarriedMessage) for line in self._path.read_bytes().splitlines()
        ]

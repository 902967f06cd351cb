"""A carrier for simulation: appends each message once to a file that a page or a test reads."""

import fcntl
from pathlib import Path

import msgspec

from permit.messages.port import Delivery, Message


class CarriedMessage(msgspec.Struct, frozen=True):
    """A line of the file."""

    key: str
    message: Message


class SimulatedMessages:
    """Carrier with a file of JSON lines, which several processes may share."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, key: str, message: Message) -> Delivery:
        """Append the message, unless its key is there. Raises OSError."""
        with self._path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if all(one.key != key for one in self.carried()):
                file.write(msgspec.json.encode(CarriedMessage(key, message)) + b"\n")
        return Delivery.ACCEPTED

    def carried(self) -> list[CarriedMessage]:
        """Return all messages, the oldest first. Raises OSError, msgspec.ValidationError."""
        if not self._path.exists():
            return []
        return [
            msgspec.json.decode(line, type=CarriedMessage) for line in self._path.read_bytes().splitlines()
        ]

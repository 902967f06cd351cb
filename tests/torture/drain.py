"""Thousands of waiting requests: does the last one cost what the first one did?

The terminal is real, outbox, courier, gateway and TLS line; central is the scripted one, so that what is
measured is the terminal's queue and not the register or the hashing of passwords.
"""

import time
from itertools import pairwise
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from kiosk.activation import identity
from kiosk.events import Stored
from tests.support.activation_terminal import SETTINGS, ActivationTerminal, order
from tests.support.stub_central import ENROL_CODE, StubCentral


class Drained(Struct, frozen=True):
    """`per_request_ms`: for each tenth of the requests, in the order in which they were delivered."""

    requests: int
    delivered: int
    credentials: int
    doubled: int
    put_ms: float
    per_request_ms: tuple[float, ...]

    @property
    def good(self) -> bool:
        return self.requests == self.delivered == self.credentials and not self.doubled

    @property
    def slope(self) -> float:
        """The mean of the last three tenths over that of the first three."""
        tenths = self.per_request_ms
        return sum(tenths[-3:]) / sum(tenths[:3])


def drain(folder: Path, count: int) -> Drained:
    settings = replace(SETTINGS, pool_refill=0, answer_s=10.0)
    with StubCentral(folder / "central") as stub:
        who = identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, folder / "identity")
        terminal = ActivationTerminal(folder / "terminal.sqlite3", who, stub.url, stub.ca, settings)
        began = time.monotonic()
        for n in range(count):
            assert terminal.submission.submit(order(f"V-{n}")) == Stored(f"V-{n}")
        put_s = time.monotonic() - began
        stamps = [time.monotonic()]
        for tenth in range(1, 11):
            while len(terminal.receipts) < count * tenth // 10:
                terminal.delivery.round()
            stamps.append(time.monotonic())
        counts = terminal.outbox.counts()
        terminal.close()
        return Drained(
            count,
            counts.delivered,
            sum(stub.opened.values()),
            sum(n > 1 for n in stub.opened.values()),
            put_s / count * 1000,
            tuple(round((b - a) / (count / 10) * 1000, 3) for a, b in pairwise(stamps)),
        )

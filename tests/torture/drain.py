"""Thousands of waiting requests: measures whether the last one takes longer than the first.

Outbox, delivery worker, gateway and TLS line of the terminal are real; central is the stub, so that the
terminal's queue is measured and not the register or the hashing of passwords.
"""

import time
from itertools import pairwise
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from kiosk.activation import identity
from kiosk.events import Stored
from kiosk.simulators.card_reader import READER
from tests.support.activation_terminal import SETTINGS, ActivationTerminal, order
from tests.support.stub_central import ENROL_CODE, StubCentral


class DrainReport(Struct, frozen=True):
    """`per_request_ms`: mean per tenth of the requests, in the order in which they were delivered."""

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
        """Mean of the last three tenths divided by that of the first three."""
        tenths = self.per_request_ms
        return sum(tenths[-3:]) / sum(tenths[:3])


def drain(folder: Path, count: int) -> DrainReport:
    settings = replace(SETTINGS, pool_refill=0, answer_s=10.0)
    with StubCentral(folder / "central") as stub:
        who = identity.enrol(stub.url, stub.ca, "T-1", ENROL_CODE, folder / "identity", reader=READER)
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
        return DrainReport(
            count,
            counts.delivered,
            sum(stub.opened.values()),
            sum(n > 1 for n in stub.opened.values()),
            put_s / count * 1000,
            tuple(round((b - a) / (count / 10) * 1000, 3) for a, b in pairwise(stamps)),
        )

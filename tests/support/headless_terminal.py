"""A whole terminal in the test process: the real program, a simulated shop, touches without Qt."""

import itertools
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from kiosk import events as e
from kiosk.activation import identity
from kiosk.bootstrap import Terminal
from kiosk.errors import KioskError
from kiosk.headless_window import Headless
from kiosk.model import IdCard, Outcome, ReaderIdentity, Slip, Stage
from kiosk.settings import Settings, load, merge
from kiosk.simulators.card_reader import READER
from kiosk.simulators.customer import CustomerBehaviour, NewestCode, TouchDriver
from kiosk.simulators.customer_runner import CustomerRunner
from kiosk.simulators.network_proxy import NetworkProxy
from kiosk.simulators.people import Person
from kiosk.simulators.shop import SimulatedShop
from tests.support.central_server import RunningCentral
from tests.support.notice_log import TIMEOUT_S, NoticeLog
from tests.support.paths import MODELS

Tables = dict[str, Any]

DEVICES: Tables = {
    "camera": {"driver": "simulated"},
    "microphone": {"driver": "simulated"},
    "speaker": {"driver": "simulated", "pace": 0.0},
    "card_reader": {"driver": "simulated", "read_s": 0.1},
    "portrait_decoder": {"driver": "simulated"},
    "liveness": {"driver": "none"},
}
LIMITS: Tables = {
    # No package carries the anti-spoof model, so a machine that tests may not have it.
    # A busy machine may analyse a frame in ten seconds.
    "visit": {
        "liveness.required": False,
        "digits.first_s": 0.2,
        "face.limit_s": 180,
        "submit_s": 2,
        "outcome_s": 60,
    },
    "central": {"contact_s": 2, "backoff_first_s": 0.2, "backoff_max_s": 2},
}

_numbers = itertools.count(1)
_seeds = itertools.count(1)


def genuine_customer(**other: Any) -> CustomerBehaviour:
    """A genuine customer, never seen before, with quick fingers; `other`: what is different here."""
    quick = CustomerBehaviour(seed=next(_seeds), touch_s=0.1, phone="19912345670")
    return replace(quick, **other)


def card_of(behaviour: CustomerBehaviour) -> IdCard:
    """What is printed on that customer's card."""
    return Person(behaviour.seed, b"").card()


READER_ON_PTY = replace(READER, socket="")
"""A `SamVOnPty`: it does not hang on USB."""


class TerminalSite:
    """A shop's folder: its settings file, the line to central, and the terminal's identity."""

    def __init__(self, folder: Path, central: RunningCentral, /, **sections: Any) -> None:
        """`sections`: settings over those of a simulated shop; another driver takes its whole section."""
        self.folder = folder
        self.name = f"WHOLE-{next(_numbers):04}"
        self.line = NetworkProxy("127.0.0.1", central.port)
        self.settings = folder / "settings.toml"
        self.storage = folder / "storage"
        self.identity = folder / "identity"
        self._central = central
        folder.mkdir(parents=True, exist_ok=True)
        write(self.settings, merge(self._tables(), sections))

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.line.port}"

    def enrol(self, into: Path | None = None, reader: ReaderIdentity = READER) -> None:
        """Make this terminal known at central; its identity goes where the settings say, or `into`."""
        code = self._central.enrol_code(self.name)
        identity.enrol(self.url, self._central.ca, self.name, code, into or self.identity, reader=reader)

    def request(self, slip: str) -> tuple[str, bytes | None]:
        """State and body of the request in the outbox, as they are on the disk."""
        file = f"file:{self.storage / 'outbox.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True)) as outbox:
            found = outbox.execute("SELECT state, body FROM requests WHERE id = ?", (slip,)).fetchone()
        state, body = found
        return state, body

    def _tables(self) -> Tables:
        own: Tables = {
            "mode": "simulation",
            "terminal": {"id": self.name, "place": "测试点", "identity": "identity"},
            "storage": {"folder": "storage", "min_free_mb": 1},
            "models": {"folder": str(MODELS)},
            "central": {"url": self.url, "ca": str(self._central.ca)},
        }
        return merge(merge(own, DEVICES), LIMITS)


class VisitResult(Struct, frozen=True):
    """How a visit ended. `slips`: every answer that the person was given, the last one last."""

    slips: tuple[Slip, ...]
    finished: e.Finished

    @property
    def slip(self) -> Slip:
        return self.slips[-1]

    @property
    def outcome_and_code(self) -> tuple[Outcome, str]:
        """Outcome and code of the last answer."""
        return self.slip.outcome, self.slip.code.value


class HeadlessTerminal:
    """Use as a context: inside, the terminal runs. It may still be out of service then."""

    def __init__(
        self,
        file: Path,
        *,
        simulated_devices: bool = True,
        newest_code: NewestCode = lambda _: "",
    ) -> None:
        """Without `simulated_devices` the terminal knows nothing of the shop: real drivers perceive it.

        `newest_code`: how customers read the messages on their phones.
        """
        self.settings: Settings = load(file)
        self.shop = SimulatedShop(self.settings.path(self.settings.models.folder))
        self.terminal = Terminal(self.settings, self.shop if simulated_devices else None)
        self.notice_log = NoticeLog()
        self.shell = Headless(
            self.terminal.engine,
            simulated=self.terminal.simulated,
            keep_picture=self.settings.visit.keep_picture,
        )
        self.customers = CustomerRunner(self.shop, newest_code=newest_code)
        self.customers.join(self.terminal.engine)
        self.terminal.engine.subscribe(self.notice_log.see)

    def __enter__(self) -> "HeadlessTerminal":
        self.terminal.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.customers.leave()
        assert self.terminal.stop()

    def in_service(self, since: int = 0) -> "HeadlessTerminal":
        """Wait until it is."""
        self.notice_log.wait_for_stage(Stage.IDLE, since)
        return self

    def sign_in(self, number: str, pin: str) -> None:
        """Sign a member of staff in as soon as the roster has come."""
        until = time.monotonic() + TIMEOUT_S
        while True:
            try:
                self.terminal.roster.sign_in(number, pin)
                return
            except KioskError as error:
                if time.monotonic() > until:
                    pytest.fail(f"no roster: {error.code}")
                time.sleep(0.3)

    def visit(self, behaviour: CustomerBehaviour, until: Outcome | None = None) -> VisitResult:
        """Let the customer in and wait until the visit is over and forgotten.

        With `until` the customer stays at the last screen until it says this.
        """
        mark = self.notice_log.mark
        self.customers.enter(behaviour, LeavesLastScreen(self.shell) if until else self.shell)
        if until:
            self.notice_log.wait_for_slip(until, mark)
            self.shell.press("dismiss")
        finished = self.notice_log.wait(e.Finished, since=mark)
        self.customers.leave()
        return VisitResult(tuple(printed.slip for printed in self.notice_log.all(e.Print, mark)), finished)


class LeavesLastScreen:
    """A hand that leaves the last screen standing."""

    def __init__(self, hand: TouchDriver) -> None:
        self._hand = hand

    def press(self, name: str) -> bool:
        return name != "dismiss" and self._hand.press(name)

    def type(self, text: str) -> None:
        self._hand.type(text)


def write(file: Path, tables: Tables) -> None:
    """A settings file. JSON's strings, numbers, booleans and keys are TOML's too."""
    plain = [f"{key} = {json.dumps(v)}" for key, v in tables.items() if not isinstance(v, dict)]
    for name, table in tables.items():
        if isinstance(table, dict):
            plain += [f"[{name}]", *(f"{key} = {json.dumps(v)}" for key, v in table.items())]
    file.write_text("\n".join(plain) + "\n", encoding="utf-8")

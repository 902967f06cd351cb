"""What the screen promised is in the outbox, or it is told: files spoilt, gone and rolled back for real."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.activation.outbox import RequestState
from kiosk.audit.record import Record, RecordKind, decode
from kiosk.audit.verify import verify
from kiosk.codes import Code
from kiosk.events import Stored
from tests.support.activation_terminal import ActivationTerminal, audit_of, order
from tests.support.stub_central import StubCentral

FRAME = 24 + 4096
"""Bytes of a frame of SQLite's write-ahead log: header and page; the log's own header has 32."""


class TerminalOnDisk:
    """A terminal's files, and terminals that are started on them one after the other."""

    def __init__(self, folder: Path, who, stub: StubCentral) -> None:
        self.file = folder / "shop" / "outbox.sqlite3"
        self._who, self._stub = who, stub
        self._running: list[ActivationTerminal] = []

    def start(self) -> ActivationTerminal:
        self._running.append(ActivationTerminal(self.file, self._who, self._stub.url, self._stub.ca))
        return self._running[-1]

    def close(self) -> None:
        for terminal in self._running:
            terminal.close()

    @property
    def wal(self) -> Path:
        return self.file.with_name(self.file.name + "-wal")

    def power_cut(self, visits: list[str]) -> None:
        """Requests are taken by a process that is killed right after the last promise."""
        pid = os.fork()
        if pid == 0:
            try:
                terminal = ActivationTerminal(self.file, self._who, self._stub.url, self._stub.ca)
                for visit in visits:
                    assert terminal.submit(order(visit)) == Stored(visit)
                os.kill(os.getpid(), signal.SIGKILL)
            finally:
                os._exit(1)
        assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    def records(self) -> list[Record]:
        return [decode(line).record for line in audit_of(self.file).read_bytes().splitlines()]


@pytest.fixture
def shop(tmp_path: Path, enrolled, stub):
    made = TerminalOnDisk(tmp_path, enrolled, stub)
    yield made
    made.close()


def told(terminal: ActivationTerminal) -> dict[str, tuple[RequestState, Code | None]]:
    return {entry.id: (entry.state, entry.code) for entry in terminal.outbox.list()}


LOST = (RequestState.WEDGED, Code.REQUEST_LOST)
VISITS = [f"V-{n}" for n in range(4)]


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:at] + bytes(byte ^ 0x5A for byte in raw[at : at + 16]) + raw[at + 16 :]


SPOILS: dict[str, Callable[[bytes], bytes]] = {
    "its header": flipped(0),
    "the first frame": flipped(32 + 8),
    "a frame in the middle": flipped(32 + 3 * FRAME + 100),
    "cut at its half": lambda raw: raw[: len(raw) // 2],
    "the last page": lambda raw: raw[:-4096],
    "zeros": lambda raw: bytes(len(raw)),
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_log_that_was_spoilt_loses_nothing_quietly(shop: TerminalOnDisk, spoil: str) -> None:
    shop.start().close()
    shop.power_cut(VISITS)
    raw = shop.wal.read_bytes()
    assert len(raw) > 5 * FRAME, "the requests are still in the write-ahead log"
    shop.wal.write_bytes(SPOILS[spoil](raw))
    with closing(sqlite3.connect(shop.file)) as outbox:
        left = {id for (id,) in outbox.execute("SELECT id FROM requests").fetchall()}
    assert left < set(VISITS), "SQLite has lost some without a word"
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    rows = told(terminal)
    assert set(rows) == set(VISITS)
    assert {id for id, row in rows.items() if row == LOST} == set(VISITS) - left
    lost = [r.visit for r in shop.records() if r.kind is RecordKind.REQUEST_LOST]
    assert lost == sorted(set(VISITS) - left)
    assert verify(audit_of(shop.file).read_bytes().splitlines()).good


def test_a_kill_without_any_damage_is_no_loss(shop: TerminalOnDisk) -> None:
    shop.start().close()
    shop.power_cut(VISITS)
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.OK
    assert set(told(terminal)) == set(VISITS)


def test_the_file_is_gone(shop: TerminalOnDisk) -> None:
    shop.start().close()
    shop.power_cut(VISITS[:1])
    files = list(shop.file.parent.glob("outbox.sqlite3*"))
    assert shop.file in files
    for file in files:
        file.unlink()
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    assert told(terminal) == {VISITS[0]: LOST}


def test_an_older_copy_is_put_back(shop: TerminalOnDisk, stub: StubCentral) -> None:
    """What was delivered since is known from the log; what was not is lost; its old digits serve nobody."""
    terminal = shop.start()
    terminal.pool.add(stub.tokens(3), 0.0)
    terminal.submit(order("V-old"))
    terminal.close()
    copy = shop.file.with_suffix(".copy")
    shutil.copy(shop.file, copy)
    terminal = shop.start()
    terminal.submit(order("V-delivered"))
    terminal.until(lambda: len(terminal.receipts) == 2)
    terminal.submit(order("V-waits"))
    terminal.close()
    shutil.copy(copy, shop.file)
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    assert told(terminal) == {"V-old": (RequestState.WAITING, None), "V-waits": LOST}
    assert terminal.pool.count(0.0) == 0
    terminal.until(lambda: len(terminal.receipts) == 1)
    assert stub.opened == {"V-old": 1, "V-delivered": 1}


def test_digits_of_an_older_copy_are_thrown_away_also_when_nothing_was_lost(
    shop: TerminalOnDisk, stub: StubCentral
) -> None:
    terminal = shop.start()
    terminal.pool.add(stub.tokens(3), 0.0)
    terminal.close()
    copy = shop.file.with_suffix(".copy")
    shutil.copy(shop.file, copy)
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.OK
    assert terminal.pool.count(0.0) == 3
    terminal.submit(order("V-1"))
    terminal.until(lambda: len(terminal.receipts) == 1)
    terminal.close()
    shutil.copy(copy, shop.file)
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.OK
    assert terminal.pool.count(0.0) == 0


def test_a_row_without_its_record_is_healed_and_blocks_nobody(shop: TerminalOnDisk) -> None:
    """Killed between the two writes."""
    terminal = shop.start()
    terminal.submission.submit(order("V-1"), None)
    terminal.close()
    assert not audit_of(shop.file).exists()
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.OK
    (healed,) = [r for r in shop.records() if r.kind is RecordKind.VISIT_STORED]
    assert (healed.visit, healed.facts["healed"]) == ("V-1", True)
    terminal.close()
    again = shop.start()
    assert again.reconciliation.check() is Code.OK
    assert len(shop.records()) == 1, "healed once"


def test_an_answer_without_its_record_is_healed_too(shop: TerminalOnDisk) -> None:
    """Else the row would seem lost once it is purged."""
    terminal = shop.start()
    terminal.submit(order("V-1"))
    terminal.delivery._post = lambda _: None
    terminal.until(lambda: terminal.outbox.counts().delivered == 1)
    terminal.close()
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.OK
    terminal.outbox.purge(1e12)
    assert terminal.reconciliation.check() is Code.OK
    assert [r.kind for r in shop.records()] == [RecordKind.VISIT_STORED, RecordKind.REQUEST_SETTLED]


def test_what_is_purged_in_its_time_was_not_lost(shop: TerminalOnDisk) -> None:
    terminal = shop.start()
    terminal.submit(order("V-1"))
    terminal.until(lambda: len(terminal.receipts) == 1)
    assert terminal.outbox.purge(1e12) == 1
    assert terminal.reconciliation.check() is Code.OK
    assert shop.start().reconciliation.check() is Code.OK


def test_a_row_that_vanishes_while_the_terminal_runs(shop: TerminalOnDisk) -> None:
    terminal = shop.start()
    terminal.submit(order("V-1"))
    assert terminal.reconciliation.check() is Code.OK
    with closing(sqlite3.connect(shop.file)) as outbox, outbox:
        outbox.execute("DELETE FROM requests")
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    assert told(terminal) == {"V-1": LOST}


@pytest.mark.parametrize("status", ["ACTIVATED", "PENDING"])
def test_central_had_it_before_it_was_lost_here(shop: TerminalOnDisk, stub: StubCentral, status: str) -> None:
    """Its word settles it, and service comes back by itself."""
    stub.decide = lambda id: {"status": status, "code": "ok" if status == "ACTIVATED" else "person.not_found"}
    terminal = shop.start()
    terminal.submit(order("V-1"))
    (row,) = terminal.outbox.undelivered()
    terminal.gateway.activate("V-1", row.body)  # the answer never arrived
    with closing(sqlite3.connect(shop.file)) as outbox, outbox:
        outbox.execute("DELETE FROM requests")
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    terminal.until(lambda: len(terminal.receipts) == 1)
    assert terminal.reconciliation.check() is Code.OK
    if status == "PENDING":
        assert told(terminal)["V-1"][0] is RequestState.PENDING
        stub.change("V-1", "ACTIVATED")
        terminal.until(lambda: len(terminal.receipts) == 2)
    assert told(terminal) == {"V-1": (RequestState.DELIVERED, Code.OK)}
    assert stub.opened["V-1"] == 1


def test_a_real_loss_stays_until_a_supervisor_has_taken_note(shop: TerminalOnDisk, stub: StubCentral) -> None:
    shop.start().close()
    shop.power_cut(["V-1"])
    shop.wal.unlink()
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    terminal.rounds(0.3)
    assert stub.heartbeats[-1]["lost"] == ["V-1"], "central was told"
    assert terminal.outbox.retry("V-1", 0.0) is False, "there is nothing to send"
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    terminal.close()
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.REQUEST_LOST, "a restart helps nobody out"
    terminal.audit.append(RecordKind.REQUEST_GIVEN_UP, visit="V-1", actor="2001")
    assert terminal.outbox.give_up("V-1")
    assert terminal.reconciliation.check() is Code.OK
    terminal.close()
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.OK
    assert told(terminal) == {"V-1": (RequestState.WEDGED, Code.REQUEST_GIVEN_UP)}, "it stays visible"


def test_only_a_lost_request_is_given_up(shop: TerminalOnDisk) -> None:
    terminal = shop.start()
    terminal.submit(order("V-1"))
    assert terminal.outbox.give_up("V-1") is False
    terminal.outbox.wedge("V-1", Code.REQUEST_MALFORMED, 0.0)
    assert terminal.outbox.give_up("V-1") is False


def test_a_log_that_is_not_what_it_was_tells_nothing(shop: TerminalOnDisk) -> None:
    terminal = shop.start()
    terminal.submit(order("V-1"))
    terminal.submit(order("V-2"))
    path = audit_of(shop.file)
    path.write_bytes(path.read_bytes().replace(b'"V-1"', b'"V-3"'))
    assert shop.start().reconciliation.check() is Code.AUDIT_DAMAGED


def test_promises_of_a_log_that_was_set_aside_count_on(shop: TerminalOnDisk) -> None:
    from kiosk.audit import log as audit_log

    shop.start().close()
    shop.power_cut(["V-1"])
    shop.wal.unlink()
    path = audit_of(shop.file)
    path.write_bytes(path.read_bytes() + b"x y\n")
    audit_log.set_aside(path, 1.0)
    terminal = shop.start()
    assert terminal.reconciliation.check() is Code.REQUEST_LOST
    assert told(terminal) == {"V-1": LOST}

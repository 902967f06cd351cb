"""What an activation asks of the database: transactions and statements are counted, for that is its speed."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.central.test_heartbeat import beat
from tests.support.in_process_central import InProcessCentral, InProcessTerminal


class Counted:
    """Counts what the database is asked for, by kind."""

    def __init__(self, central: Any) -> None:
        self.of: Counter[str] = Counter()
        engine = central.service.database.engine
        event.listen(engine, "begin", lambda _: self.of.update(["transaction"]))
        event.listen(engine, "commit", lambda _: self.of.update(["commit"]))
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            self.of["statement"] += 1


STATEMENTS = {"sqlite": (10, 7), "postgresql": (6, 5)}
"""Of an activation, and of a heartbeat with challenges and the roster due."""


@pytest.fixture
def central(database_url: str, tmp_path: Path) -> Iterator[Any]:
    made = InProcessCentral(tmp_path, database_url=database_url)
    yield made
    made.close()


def test_an_activation_takes_two_transactions(central: Any) -> None:
    """One to claim, one to settle; before it was 40 statements in 6 transactions, then 15 in 2."""
    terminal = InProcessTerminal(central)
    terminal.activate(terminal.activation())  # its key is known from now on
    wanted = terminal.activation()
    counted = Counted(central)
    assert terminal.activate(wanted).json()["status"] == "ACTIVATED"
    assert counted.of["transaction"] == counted.of["commit"] == 2
    assert counted.of["statement"] <= STATEMENTS[central.service.database.engine.dialect.name][0]


def test_a_repetition_and_a_refusal_take_one(central: Any) -> None:
    terminal = InProcessTerminal(central)
    wanted = terminal.activation()
    terminal.activate(wanted)
    refused = terminal.activation(way="touch")
    for body, status in ((wanted, "ACTIVATED"), (refused, "REFUSED")):
        counted = Counted(central)
        assert terminal.activate(body).json()["status"] == status
        assert counted.of["transaction"] == 1


def test_a_heartbeat_takes_one(central: Any) -> None:
    """The signature is spent in the same transaction; before there were two of them."""
    terminal = InProcessTerminal(central)
    beat(terminal)  # its key is known from now on
    counted = Counted(central)
    given = beat(terminal, f"7:{'a' * 64}", wants={"challenges": 25, "roster": None}).json()["given"]
    assert len(given["challenges"]) == 25
    assert given["roster"]
    assert counted.of["transaction"] == counted.of["commit"] == 1
    assert counted.of["statement"] <= STATEMENTS[central.service.database.engine.dialect.name][1]

"""What an activation asks of the database: transactions and statements are counted, for that is its speed."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

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


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Any]:
    made = InProcessCentral(tmp_path)
    yield made
    made.close()


def test_an_activation_takes_two_transactions(central: Any) -> None:
    """One to claim, one to settle; before it was 40 statements in 6 transactions."""
    terminal = InProcessTerminal(central)
    terminal.activate(terminal.activation())  # its key is known from now on
    wanted = terminal.activation()
    counted = Counted(central)
    assert terminal.activate(wanted).json()["status"] == "ACTIVATED"
    assert counted.of["transaction"] == counted.of["commit"] == 2
    assert counted.of["statement"] <= 14


def test_a_repetition_and_a_refusal_take_one(central: Any) -> None:
    terminal = InProcessTerminal(central)
    wanted = terminal.activation()
    terminal.activate(wanted)
    refused = terminal.activation(way="touch")
    for body, status in ((wanted, "ACTIVATED"), (refused, "REFUSED")):
        counted = Counted(central)
        assert terminal.activate(body).json()["status"] == status
        assert counted.of["transaction"] == 1

"""Counts what happens, by day and code, without a name: for the operator's report."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from permit.codes import Code
from permit.storage.database import Database
from permit.storage.tables import Tally

_CHINA = timezone(timedelta(hours=8))


class Counted(StrEnum):
    """What is counted."""

    BINDING = "binding"  # begun, with the code of the first answer
    PASS = "pass"  # noqa: S105 - an authentication that passed
    REFUSAL = "refusal"  # with its code
    REFERRAL = "referral"  # a person who was shown the way to an acceptance point


class Tallies:
    """Adds to the counts."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def add(self, what: Counted, code: Code = Code.OK) -> None:
        """Count one more."""
        day = datetime.fromtimestamp(self._clock(), _CHINA).date().isoformat()
        if not self._increase(day, what, code):
            try:
                with self._database.write() as session:
                    session.add(Tally(day=day, what=what.value, code=code.value, count=1))
            except IntegrityError:  # another process was faster
                self._increase(day, what, code)

    def _increase(self, day: str, what: Counted, code: Code) -> bool:
        of_day = update(Tally).where(Tally.day == day, Tally.what == what.value, Tally.code == code.value)
        with self._database.write() as session:
            found = session.scalar(of_day.values(count=Tally.count + 1).returning(Tally.count))
            return found is not None

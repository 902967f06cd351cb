"""Which schema the database has, and whether this program can work with it.

A migration only adds what programs of the release before can do without, so that both serve at once while
one is replaced by the other; and one that must be started again in between can be. It is known by its name
alone, for an earlier program has no file of it: four digits that rise, and, from the first one on that takes
something away, the least migration that a program must know: `0031-since-0028`.
"""

import re
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.orm import Session

NAME = re.compile(r"(\d{4})(?:-since-(\d{4}))?")
"""Name of a migration: its number, and the number of the earliest whose programs it serves."""


def is_schema_served(session: Session) -> bool:
    """Return whether this program can work with the database's schema."""
    found = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    known, head = revisions()
    return found is not None and (found == head or (found not in known and is_later(found, head)))


def is_later(found: str, head: str) -> bool:
    """Return whether `found` names a later migration than `head` that serves programs of `head`."""
    theirs, ours = NAME.fullmatch(found), NAME.fullmatch(head)
    return theirs is not None and ours is not None and (theirs[2] or "") <= ours[1] < theirs[1]


@cache
def revisions() -> tuple[frozenset[str], str]:
    """Return the names of the migrations that this program knows, and the last of them."""
    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    return frozenset(one.revision for one in scripts.walk_revisions()), scripts.get_current_head() or ""

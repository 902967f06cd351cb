"""Which schema the database has, compared with the one that this program was written for."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.orm import Session


def is_schema_served(session: Session) -> bool:
    """Return whether this program can work with the database's schema.

    An older one that it knows lacks something. One that it does not know is newer: migrations only add what
    the version before can do without, so that two versions may serve at once.
    """
    found = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    known, head = _revisions()
    return found is not None and (found == head or found not in known)


@cache
def _revisions() -> tuple[frozenset[str], str | None]:
    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    return frozenset(one.revision for one in scripts.walk_revisions()), scripts.get_current_head()

"""Migrations that only add, so that workers of two releases serve on one database.

The release before is simulated by its statements, as text: they know nothing of later columns and parts.
"""

import ast
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

import central.storage.migrations.versions as versions
from central.storage import schema
from central.storage.database import Database, migrate
from central.storage.tables import SeenToken

FOLDER = Path(versions.__file__).parent
FIRST = "0014"
"""From this one on the rule holds; an update from before needs a stop."""
ADDS = {"create_table", "create_index", "drop_index", "add_column", "f", "get_bind", "get_context"}


def migrations() -> list[Path]:
    return [path for path in sorted(FOLDER.glob("[0-9]*.py")) if path.name[:4] >= FIRST]


def breaches(source: str) -> Iterator[str]:
    """Yield what a migration does that workers of the release before may not survive."""
    module = ast.parse(source)
    if any(isinstance(node, ast.Assign) and names(node) == ["serves_both"] for node in module.body):
        return  # it says why they do
    upgrade = next(node for node in module.body if getattr(node, "name", "") == "upgrade")
    for call in (node for node in ast.walk(upgrade) if isinstance(node, ast.Call)):
        function = call.func
        if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
            continue
        if function.value.id == "op" and function.attr not in ADDS:
            yield function.attr
        if function.attr == "Column" and (function.value.id, in_new_table(upgrade, call)) == ("sa", False):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            if given.get("nullable") == "False" and "server_default" not in given:
                yield "column without a default"


def names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def in_new_table(upgrade: ast.AST, column: ast.Call) -> bool:
    return any(
        column in ast.walk(call)
        for call in ast.walk(upgrade)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "op.create_table"
    )


@pytest.mark.parametrize("path", migrations(), ids=lambda path: path.stem)
def test_a_migration_only_adds_or_says_why_both_releases_serve(path: Path) -> None:
    assert list(breaches(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("step", "breach"),
    [
        ('op.drop_column("a", "b")', "drop_column"),
        ('op.alter_column("a", "b", nullable=False)', "alter_column"),
        ('op.execute("DROP TABLE a")', "execute"),
        ('op.add_column("a", sa.Column("b", sa.Text(), nullable=False))', "column without a default"),
    ],
)
def test_the_rule_finds_what_it_forbids(step: str, breach: str) -> None:
    assert list(breaches(f"def upgrade():\n    {step}\n")) == [breach]


def test_names_tell_earlier_programs_whom_a_migration_serves() -> None:
    """See `central.storage.schema`: numbers rise along the chain, and the least served never falls."""
    chain = [one.revision for one in ScriptDirectory(str(FOLDER.parent)).walk_revisions()][::-1]
    found = [schema.NAME.fullmatch(name) for name in chain]
    assert all(found), chain
    numbers = [int(one[1]) for one in found if one]
    since = [int(one[2] or 0) for one in found if one]
    assert all(a < b for a, b in itertools.pairwise(numbers)), chain
    assert since == sorted(since), chain


def test_both_releases_spend_signatures_while_the_tables_change(postgresql_url: str) -> None:
    """Four workers, two of each release, try the same nonces; each is accepted once."""
    with closing(Database(postgresql_url)) as database:
        migrate(database.engine, "base")
        migrate(database.engine, FIRST)
        begin = Barrier(5, timeout=60)

        def before(nonce: str) -> None:
            statement = "INSERT INTO seen_tokens (terminal, jti, expires_unix) VALUES ('T', :nonce, 1e9)"
            with database.engine.begin() as connection:
                connection.execute(text(statement), {"nonce": nonce})

        def after(nonce: str) -> None:
            with database.write() as session:
                session.add(SeenToken(terminal="T", jti=nonce, expires_unix=1e9))

        def work(spend: Callable[[str], None]) -> list[str]:
            begin.wait()
            return [nonce for nonce in map(str, range(150)) if is_accepted(spend, nonce)]

        def change() -> list[str]:
            begin.wait()
            migrate(database.engine)
            return []

        with ThreadPoolExecutor(5) as pool:
            working = [pool.submit(work, spend) for spend in (before, before, after, after)]
            working.append(pool.submit(change))
            accepted = [nonce for one in working for nonce in one.result()]
        assert Counter(accepted) == Counter(map(str, range(150)))
        assert migrate(database.engine) is None


def is_accepted(spend: Callable[[str], None], nonce: str) -> bool:
    """Spend a nonce; whatever else fails is tried again, as a terminal does."""
    while True:
        try:
            spend(nonce)
        except IntegrityError:
            return False
        except DBAPIError:
            continue
        return True

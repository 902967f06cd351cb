"""Fills central's tables on PostgreSQL with rows like those of a real activation.

One activation is carried out by central; its rows are the templates. Copies differ in whatever identifies
them and in their times, and keep everything else, so that they are as large as real ones, whatever columns
there are. Foreign keys are not checked and secondary indexes are made anew at the end: rows are then as they
would be had they come one by one, and it takes minutes instead of hours.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from msgspec import Struct

CHUNK = 250_000
YEAR_S = 365 * 86_400.0

_HASH = "encode(sha256(('{0}' || {1}.g)::text::bytea), 'hex')"
_ID = (
    "upper(substr(md5({0}.g::text), 1, 4) || '-' || substr(md5({0}.g::text), 5, 4) || '-' || "
    "substr(md5({0}.g::text), 9, 4) || '-' || substr(md5({0}.g::text), 13, 4))"
)
_AT = "({start} + n.g * {step})"
_TERMINAL = "(%(terminals)s::text[])[1 + n.g %% %(count)s]"


class Copies(Struct, frozen=True):
    """A table and what its copies have of their own: column → SQL, `n.g` is the number of the copy."""

    table: str
    own: Mapping[str, str]


def _hash(name: str) -> str:
    return _HASH.format(name, "n")


_VISIT, _CHALLENGE = _ID.format("n"), "md5('challenge' || n.g)"
_SERIAL = "md5('serial' || n.g)"
ACTIVATIONS = Copies(
    "activations",
    {
        "id": _VISIT,
        "terminal": _TERMINAL,
        "body_sha256": _hash("body"),
        "received_unix": _AT,
        "began_unix": f"{_AT} - 60",
        "ended_unix": _AT,
        "at_unix": _AT,
        "measures": _hash("measures"),
        "phone": _hash("phone"),
        "applicant": _hash("person"),
        "person": _hash("person"),
        "credential": _SERIAL,
    },
)
CREDENTIALS = Copies(
    "credentials",
    {
        "serial": _SERIAL,
        "activation": _VISIT,
        "person": _hash("person"),
        "opened_unix": _AT,
        "asked_unix": _AT,
    },
)
CHALLENGES = Copies(
    "challenges",
    {
        "id": _CHALLENGE,
        "terminal": _TERMINAL,
        "issued_unix": f"{_AT} - 86400",
        "expires_unix": f"{_AT} + 518400",
        "used_by": _VISIT,
    },
)
AUDIT_HEADS = Copies(
    "audit_anchors",
    {"terminal": _TERMINAL, "seq": "n.g * 5", "hash": _hash("head"), "at_unix": _AT, "signed_unix": _AT},
)
NONCES = Copies(
    "seen_tokens",
    {"terminal": _TERMINAL, "jti": "md5('nonce' || n.g)", "expires_unix": "{now} + 60"},
)


class Filler:
    """Copies rows in one of central's databases."""

    def __init__(self, connection: "psycopg.Connection[Any]", terminals: Sequence[str]) -> None:
        """`connection`: a superuser's; `terminals`: whose the rows are."""
        self._terminals = list(terminals)
        self._connection = connection
        self._connection.execute("SET session_replication_role = replica")
        self._connection.execute("SET synchronous_commit = off")

    def copy(self, copies: Copies, count: int, more: Mapping[str, str] | None = None) -> None:
        """Add `count` copies of the newest row; `more` replaces further columns by SQL."""
        own = {**copies.own, **(more or {})}
        columns = self._columns(copies.table)
        now = time.time()
        values = [own.get(one, f"t.{one}") for one in columns]
        times = {"start": repr(now - YEAR_S), "step": repr(YEAR_S * 0.99 / count), "now": repr(now)}
        selected = ", ".join(values)
        for name, value in times.items():
            selected = selected.replace(f"{{{name}}}", value)
        insert = (
            f"INSERT INTO {copies.table} ({', '.join(columns)}) SELECT {selected} "  # noqa: S608 - all of it is ours
            "FROM template t, generate_series(%(first)s::bigint, %(last)s::bigint) AS n(g)"
        )
        self._connection.execute("DROP TABLE IF EXISTS template")
        self._connection.execute(f"CREATE TEMP TABLE template AS SELECT * FROM {copies.table} LIMIT 1")  # noqa: S608
        for first in range(0, count, CHUNK):
            self._connection.execute(
                insert,
                {
                    "terminals": self._terminals,
                    "count": len(self._terminals),
                    "first": first,
                    "last": min(first + CHUNK, count) - 1,
                },
            )

    def size(self, table: str) -> int:
        """Return the bytes of a table with its indexes and long values."""
        row = self._connection.execute("SELECT pg_total_relation_size(%s)", [table]).fetchone()
        return int(row[0]) if row else 0

    def without_indexes(self, tables: Sequence[str]) -> list[str]:
        """Drop the indexes that are no constraint; return the statements that make them again."""
        found = self._connection.execute(
            "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = ANY(%s) AND NOT EXISTS "
            "(SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
            [list(tables)],
        ).fetchall()
        for name, _ in found:
            self._connection.execute(f"DROP INDEX {name}")
        return [statement for _, statement in found]

    def execute(self, statement: str) -> None:
        """Carry out a statement."""
        self._connection.execute(statement)

    def _columns(self, table: str) -> list[str]:
        found = self._connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND "
            "table_schema = current_schema() AND is_generated = 'NEVER'",
            [table],
        ).fetchall()
        return [str(name) for (name,) in found]

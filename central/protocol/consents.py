"""Knows the consent texts that terminals show, by their hashes.

`consents.toml` is generated from the terminal's phrases. Texts that a site or an earlier release showed are
added in `[evidence] more_consents` of `central.toml`.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "consents.toml"


class ConsentText(StrEnum):
    """What a text is about."""

    FACE = "face"  # face recognition, and whether one picture may be sent
    CLERK = "clerk"  # the way of the clerk: nobody is filmed
    GUARDIAN = "guardian"
    KEPT_PICTURE = "kept_picture"  # whether a picture is kept for comparisons online
    # A mobile number is corrected, a credential ended, data erased: no more is agreed to than that needs.
    MATTER = "matter"
    MATTER_CLERK = "matter_clerk"
    MATTER_GUARDIAN = "matter_guardian"


@cache
def shipped() -> dict[ConsentText, dict[str, str]]:
    """Return the hash of every text that comes with the terminal: kind → language → hex SHA-256."""
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {ConsentText(kind): dict(table) for kind, table in tables.items()}


def is_known(kind: ConsentText, language: str, sha256: str, more: Mapping[str, frozenset[str]]) -> bool:
    """Return whether this is a text of that kind and language, or one of `more`."""
    return sha256 == shipped()[kind].get(language) or sha256 in more.get(kind, frozenset())

"""Read the manifest of model files, and check that a file on disk is the one that was measured.

A driver asks for its weights by name: `locate` returns a path, `load` the bytes that were checked. Both raise
ModelError, so that a missing or altered file keeps the terminal out of service instead of changing its
answers.
"""

import hashlib
import tomllib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, ModelError
from kiosk.paths import RESOURCES

MANIFEST = RESOURCES / "models" / "manifest.toml"


class WheelMember(Struct, frozen=True, forbid_unknown_fields=True):
    """A member of a wheel in the package registry."""

    package: str
    version: str
    member: str


class ModelEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file. `file` is its path below the models folder; `size` in bytes."""

    name: str
    file: str
    version: str
    licence: str
    kind: Literal["weights", "people"]
    needed_for: str  # the port whose driver loads it, or "simulation"
    size: int
    sha256: str
    origin: WheelMember | Literal["operator", "bundled"]

    def path(self, folder: Path) -> Path:
        """Return where the file is, or will be installed."""
        return (MANIFEST.parent if self.origin == "bundled" else folder) / self.file


class _Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[ModelEntry, ...]


def read(manifest: Path = MANIFEST) -> tuple[ModelEntry, ...]:
    """Return all entries. Raises ModelError(MODEL_UNUSABLE) if the manifest cannot be read."""
    try:
        tables = tomllib.loads(manifest.read_text(encoding="utf-8"))
        return msgspec.convert(tables, _Manifest).model
    except (OSError, *UNREADABLE) as error:
        raise ModelError(Code.MODEL_UNUSABLE, f"{manifest.name}: {error}") from None


def select_entries(entries: Iterable[ModelEntry], only: Collection[str] | None) -> tuple[ModelEntry, ...]:
    """Return the entries whose name or purpose is in `only`; all if None. Raises ModelError for others."""
    entries = tuple(entries)
    if only is None:
        return entries
    unknown = set(only) - {word for e in entries for word in (e.name, e.needed_for)}
    if unknown:
        raise ModelError(Code.MODEL_MISSING, f"the manifest has no {', '.join(sorted(unknown))}")
    return tuple(e for e in entries if e.name in only or e.needed_for in only)


def matches(entry: ModelEntry, content: bytes) -> bool:
    """Return whether size and SHA-256 are those of the manifest."""
    return len(content) == entry.size and hashlib.sha256(content).hexdigest() == entry.sha256


def fault(entry: ModelEntry, folder: Path) -> ModelError | None:
    """Return what is wrong with the installed file; None: nothing."""
    try:
        _content(entry, folder)
    except ModelError as error:
        return error
    return None


def verify(
    folder: Path, only: Collection[str] | None = None, manifest: Path = MANIFEST
) -> Sequence[ModelError]:
    """Return all faults of the files in `folder`; `only` names entries or purposes."""
    found = (fault(entry, folder) for entry in select_entries(read(manifest), only))
    return [error for error in found if error is not None]


def locate(folder: Path, name: str, manifest: Path = MANIFEST) -> Path:
    """Return the checked file's path. Raises ModelError: MODEL_MISSING, MODEL_ALTERED."""
    entry = _named(manifest, name)
    _content(entry, folder)
    return entry.path(folder)


def load(folder: Path, name: str, manifest: Path = MANIFEST) -> bytes:
    """Return the checked content of one entry, for engines that load from memory. Raises as `locate`."""
    return _content(_named(manifest, name), folder)


def _named(manifest: Path, name: str) -> ModelEntry:
    for entry in read(manifest):
        if entry.name == name:
            return entry
    raise ModelError(Code.MODEL_MISSING, f"the manifest has no {name}")


def _content(entry: ModelEntry, folder: Path) -> bytes:
    try:
        content = entry.path(folder).read_bytes()
    except FileNotFoundError:
        raise ModelError(Code.MODEL_MISSING, f"{entry.name}: no {entry.file}") from None
    except OSError as error:
        raise ModelError(Code.MODEL_MISSING, f"{entry.name}: {entry.file}: {error.strerror}") from None
    if not matches(entry, content):
        raise ModelError(Code.MODEL_ALTERED, f"{entry.name}: {entry.file} is not version {entry.version}")
    return content

"""What is written down at a start: which settings, which program, which weights."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kiosk.audit.record import harmless
from kiosk.model import Measures
from kiosk.models.manifest import MANIFEST, read
from kiosk.settings import Settings


def start(settings: Settings, version: str) -> Measures:
    """The settings are named by a hash over all of them, without the file's path."""
    digest = sha256(msgspec.json.encode(replace(settings, file=""), order="sorted")).hexdigest()
    return {"settings": digest, "kiosk": version, "mode": settings.mode}


def terminal_key(terminal: str, public_key: bytes) -> Measures:
    """Return the terminal's name and the hash of its public key."""
    return {"terminal": terminal, "key": sha256(public_key).hexdigest()}


def models(folder: Path, versions: Mapping[str, str]) -> Measures:
    """The versions in use, and one hash over the manifest's and the files' own."""
    whole = sha256(MANIFEST.read_bytes())
    for entry in read(MANIFEST):
        path = entry.path(folder)
        whole.update(entry.name.encode() + sha256(path.read_bytes()).digest() if path.is_file() else b"-")
    return {"files": whole.hexdigest(), **{name: _short(text) for name, text in versions.items()}}


def _short(version: str) -> str:
    """A version that looks like a date has eight digits in a row, which no text of the log may have."""
    return version if harmless(version) else sha256(version.encode()).hexdigest()

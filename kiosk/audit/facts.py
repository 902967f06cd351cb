"""The facts of the records at a start: which settings, which program, which weights, which key."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kiosk.audit.record import harmless
from kiosk.model import Measures, ReaderIdentity
from kiosk.models.manifest import MANIFEST, read
from kiosk.settings import Settings, face_thresholds


def start_facts(settings: Settings, version: str) -> Measures:
    """Return a hash over all settings but the file's path, one over the operator's names as they stand in
    the consent, the program's version and the mode.

    The face engine's thresholds are hashed as they are in force, not only where the settings override them.
    """
    in_force = (replace(settings, file=""), face_thresholds(settings))
    digest = sha256(msgspec.json.encode(in_force, order="sorted")).hexdigest()
    names = msgspec.json.encode(dict(settings.operator.names), order="sorted")
    operator = sha256(names).hexdigest()
    return {"settings": digest, "operator": operator, "kiosk": version, "mode": settings.mode}


def key_facts(terminal: str, public_key: bytes) -> Measures:
    """Return the terminal's name and the hash of its public key."""
    return {"terminal": terminal, "key": sha256(public_key).hexdigest()}


def sealing_facts(key: str, algorithm: str) -> Measures:
    """Return the hash of a sealing key's id, which may hold a run of eight digits, and its algorithm."""
    return {"key": _hash(key), "algorithm": algorithm}


def reader_facts(reader: ReaderIdentity) -> Measures:
    """Return the hashes of a card reader's number, which has long runs of digits, and of its USB socket."""
    return {"sam": _hash(reader.sam), "socket": _hash(reader.socket)}


def model_facts(folder: Path, versions: Mapping[str, str]) -> Measures:
    """Return the versions in use, and one hash over the manifest and the model files.

    A version that looks like a date has eight digits in a row, which no text of the log may have: it is
    replaced by its hash.
    """
    whole = sha256(MANIFEST.read_bytes())
    for entry in read(MANIFEST):
        path = entry.path(folder)
        whole.update(entry.name.encode() + sha256(path.read_bytes()).digest() if path.is_file() else b"-")
    return {"files": whole.hexdigest()} | {
        name: text if harmless(text) else _hash(text) for name, text in versions.items()
    }


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()

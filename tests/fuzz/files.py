"""Targets `settings`, `manifest`, `logs`, `staff`: files on the terminal's disk."""

import random
import time
from pathlib import Path

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.fleet import audit as central_audit
from central.fleet.audit_heads import AuditHead
from kiosk import production
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.audit.verify import verify
from kiosk.drivers import chosen_driver
from kiosk.errors import UNREADABLE, ModelError, SettingsError, StaffError
from kiosk.models import folders
from kiosk.models import manifest as manifest_file
from kiosk.privacy import receipts
from kiosk.settings import DEFAULT, PORTS, face_thresholds, load
from kiosk.staff import roster_document
from kiosk.staff.daybook import Daybook
from kiosk.staff.lockout import Lockout
from kiosk.visit import replay
from tests.fuzz.mangle import mangled
from tests.support.review_signer import wrapped
from tests.support.visit_driver import policy

SITE = (DEFAULT.parent / "site.example.toml").read_bytes()
DEFAULTS = DEFAULT.read_bytes()
PINNED = b'[[folder]]\nname = "x"\nfiles = 1\nsize = 1\nsha256 = "' + b"0" * 64 + b'"\n'
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def settings(folder: Path, seed: int) -> str:
    """Load a site's file: settings that production takes, or a SettingsError that names the file."""
    rng = random.Random(seed)
    path = folder / "settings.toml"
    path.write_bytes(mangled(rng, rng.choice((SITE, DEFAULTS, DEFAULTS))))
    try:
        read = load(path)
        for port in PORTS:
            chosen_driver(read, port)
        production.check(read)
    except SettingsError as error:
        named = str(path) in error.detail
        return error.code.value if named else _unnamed(error)
    assert read.mode in ("production", "simulation")
    assert face_thresholds(read).accept >= 0.4 or read.mode == "simulation"
    return f"taken: {read.mode}"


def _unnamed(error: SettingsError) -> str:
    raise AssertionError(f"does not say which file: {error}")


def manifest(folder: Path, seed: int) -> str:
    """Read the manifest of models and the pins of model folders."""
    rng = random.Random(seed)
    path = folder / "manifest.toml"
    path.write_bytes(mangled(rng, manifest_file.MANIFEST.read_bytes()))
    (folder / folders.PINS).write_bytes(mangled(rng, PINNED))
    try:
        faults = manifest_file.verify(folder, manifest=path)
        folders.pins(folder)
    except ModelError as error:
        return error.code.value
    return "read, and files missing" if faults else "read"


def logs(folder: Path, seed: int) -> str:
    """Read audit log, export, erasure receipts and a visit's log: reported as broken, or read."""
    rng = random.Random(seed)
    raw = _audit(folder)
    spoilt = mangled(rng, raw)
    lines = spoilt.splitlines(keepends=True)
    report = verify(lines)
    receipts.read_receipts(lines)
    receipts.visit_history(lines, "7K3M-9QXZ-AAAA-BBBB")
    _as_central(spoilt)
    assert not report.good or report.head.seq == report.records
    if report.good and report.head.seq >= 4:
        assert report.head.hash.encode() in raw  # no other log can be made without making its hashes anew
    return f"{'unbroken' if report.good else report.fault.split(':')[0]}, {_replayed(rng)}"


def _as_central(data: bytes) -> None:
    _, rows = central_audit.split(data)
    central_audit.check(rows, [AuditHead(1, "0" * 64)])


def _replayed(rng: random.Random) -> str:
    spoilt = mangled(rng, replay.encode_policy(policy()) + b'{"at":1.0,"event":{"type":"Dismissed"}}\n')
    try:
        replay.read(spoilt.splitlines() or [b""])
    except UNREADABLE:
        return "visit's log unreadable"
    return "visit's log read"


def _audit(folder: Path) -> bytes:
    path = folder / "audit.log"
    if not path.exists():
        log = AuditLog(path, lambda: 1.8e9)
        log.append(RecordKind.TERMINAL_STARTED, facts={"kiosk": "0.1.0"})
        log.append(RecordKind.VISIT_FINISHED, visit="7K3M-9QXZ-AAAA-BBBB", facts={"outcome": "activated"})
        facts = {"run": "0" * 64, "data": "receipts", "count": 3, "bytes": 9, "from": 1.0, "to": 2.0}
        log.append(RecordKind.PRIVACY_ERASED, facts=facts | {"days": 30, "why": "term", "by": "job"})
        log.append(RecordKind.TERMINAL_STOPPED)
    return path.read_bytes()


def staff(folder: Path, seed: int) -> str:
    """Read the staff's files: roster, counts of wrong PINs, day book."""
    rng = random.Random(seed)
    now = time.time()
    (folder / "locks.json").write_bytes(mangled(rng, b'{"4711":{"failures":2,"last_unix":1.0}}'))
    locks = Lockout(folder / "locks.json", 5, 300.0)
    try:
        assert 0 <= locks.locked_for("4711", now) <= 86_400
        word = "counts read"
    except StaffError as error:
        word = error.code.value
    book = Daybook(folder, lambda: 1.8e9)
    row = b'{"type":"act","at_unix":1.0,"act":"panel","clerk":"4711","code":"ok"}\n'
    (folder / f"day-{book.today().isoformat()}.jsonl").write_bytes(mangled(rng, row * 3))
    book.read()
    return f"{word}, {_roster(rng)}"


def _roster(rng: random.Random) -> str:
    claims = {
        "iss": "central",
        "aud": "T",
        "iat": 1.0,
        "exp": 2e9,
        "members": [{"number": "4711", "role": "clerk", "key": wrapped("4711", "730518")}],
    }
    if rng.random() < 0.5:  # signed, but with odd content
        raw = mangled(rng, msgspec.json.encode(claims))
        token = jwt.PyJWS().encode(raw, KEY, algorithm="EdDSA", headers={"typ": roster_document.TYPE})
    else:
        token = jwt.encode(claims, KEY, algorithm="EdDSA", headers={"typ": roster_document.TYPE})
        token = mangled(rng, token.encode()).decode("utf-8", "surrogateescape")
    try:
        roster_document.read(token, KEY.public_key(), "T")
    except StaffError as error:
        return error.code.value
    return "roster read"

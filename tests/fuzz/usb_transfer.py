"""Target `usb`: a USB stick with files that anybody may have written, at the terminal and at central."""

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.security import keys
from central.settings import Settings
from central.storage.database import Database, migrate
from central.storage.tables import Terminal, TerminalState
from central.usb_transfer import UsbTransfer, open_transfer
from kiosk.activation import usb_transfer
from kiosk.activation.encoding import to_base64url
from kiosk.errors import StaffError
from kiosk.paths import RESOURCES
from tests.fuzz.mangle import mangled

CENTRAL = Ed25519PrivateKey.from_private_bytes(bytes(32))
OURS = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
NAME = "T-1"
EXAMPLES = RESOURCES / "protocol" / "examples"


@contextmanager
def target(folder: Path) -> Iterator:
    data = folder / "central"
    keys.make(data / "keys")
    settings = Settings(data=data, simulation=True)
    database = Database(settings.database)
    migrate(database.engine)
    public = to_base64url(OURS.public_key().public_bytes_raw())
    with database.write() as session:
        session.add(Terminal(id=NAME, state=TerminalState.ENROLLED.value, public_key=public))
    parcels = open_transfer(settings, database)
    yield lambda seed: run_case(folder, parcels, seed)
    database.close()


def run_case(folder: Path, parcels: UsbTransfer, seed: int) -> str:
    rng = random.Random(seed)
    stick = folder / "stick"
    shutil.rmtree(stick, ignore_errors=True)
    return _to_central(stick, parcels, rng) if seed % 2 else _to_terminal(stick, rng)


def _to_terminal(stick: Path, rng: random.Random) -> str:
    answers = stick / f"kiosk-{NAME}" / "answers"
    answers.mkdir(parents=True)
    body = msgspec.json.decode((EXAMPLES / "receipt.json").read_bytes())
    claims = {"iss": "central", "aud": NAME, "iat": 1, "receipt": body}
    token = _signed(rng, claims, CENTRAL, usb_transfer.RECEIPT_TYPE)
    _put(answers / rng.choice((f"{body['id']}.jwt", "x.jwt", "Ω.jwt", ".jwt")), token, rng)
    _put(answers / "challenges.json", mangled(rng, (EXAMPLES / "challenges.json").read_bytes()), rng)
    _put(answers / "roster.jwt", mangled(rng, b"a.b.c"), rng)
    try:
        came = usb_transfer.read_answers(stick, CENTRAL.public_key(), NAME)
    except StaffError as error:
        return f"terminal: {error.code.value}"
    return f"terminal: {len(came.receipts)} receipts, {came.altered} altered"


def _to_central(stick: Path, parcels: UsbTransfer, rng: random.Random) -> str:
    requests = stick / f"kiosk-{NAME}" / "requests"
    requests.mkdir(parents=True)
    request = msgspec.json.decode((EXAMPLES / "activation-request.json").read_bytes())
    body = mangled(rng, msgspec.json.encode(request | {"terminal": NAME}))[: 1 << 16]
    digest = to_base64url(_sha256(body))
    claims = {"iss": NAME, "aud": "central", "iat": int(time.time()), "id": request["id"], "bsh": digest}
    token = _signed(rng, claims, OURS, usb_transfer.REQUEST_TYPE)
    letter = {
        "id": request["id"],
        "terminal": NAME,
        "body": to_base64url(body),
        "token": token.decode("utf-8", "replace"),
    }
    raw = msgspec.json.encode(letter)
    raw = mangled(rng, raw) if rng.random() < 0.4 else raw
    _put(requests / f"{request['id']}.json", raw, rng)
    words = [word.split(":")[0] for _, _, word in parcels.take(stick)]
    list(parcels.answer(stick, 1, time.time()))
    return f"central: {' '.join(words) or 'nothing there'}"


def _signed(rng: random.Random, claims: dict, key: Ed25519PrivateKey, kind: str) -> bytes:
    """Sign odd claims, or damage a token after it was signed."""
    raw = msgspec.json.encode(claims)
    raw = mangled(rng, raw) if rng.random() < 0.5 else raw
    token = jwt.PyJWS().encode(raw, key, algorithm="EdDSA", headers={"typ": kind}).encode()
    return mangled(rng, token) if rng.random() < 0.3 else token


def _put(path: Path, data: bytes, rng: random.Random) -> None:
    """Write a file, or now and then put a folder or a dangling link in its place."""
    odd = rng.random()
    if odd < 0.02:
        path.mkdir()
    elif odd < 0.04:
        path.symlink_to("nowhere")
    else:
        path.write_bytes(data)


def _sha256(data: bytes) -> bytes:
    from hashlib import sha256

    return sha256(data).digest()

"""Target `answers`: what the terminal reads from central: receipts, heartbeat replies, digits, problems."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.activation import messages
from kiosk.activation.challenges import ChallengePool
from kiosk.activation.database import Database
from kiosk.activation.sealing import Sealer
from kiosk.errors import IdentityError, Unreachable
from kiosk.model import RequestStatus
from kiosk.paths import RESOURCES
from tests.fuzz.mangle import mangled

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
EXAMPLES = RESOURCES / "protocol" / "examples"


def _example(name: str) -> bytes:
    return (EXAMPLES / f"{name}.json").read_bytes()


def _receipt(raw: bytes) -> str:
    request = msgspec.json.decode(_example("receipt"))["id"]
    read = messages.read_receipt(raw, request)
    assert read.id == request
    assert (read.status is RequestStatus.ACTIVATED) == (read.credential is not None)
    return read.status.value


def _greeting(raw: bytes) -> str:
    greeting = messages.read_heartbeat_reply(raw)
    try:
        Sealer(greeting.sealing)
    except IdentityError as error:
        return error.code.value
    return "a key to seal to"


READERS: dict[str, Callable[[bytes], object]] = {
    "receipt": _receipt,
    "heartbeat-reply": _greeting,
    "challenges": lambda raw: type(messages.read_challenges(raw)).__name__,
    "roster": lambda raw: type(messages.read_roster(raw)).__name__,
    "health": lambda raw: messages.read_health(raw).status,
    "problem": lambda raw: getattr(messages.problem_code(raw), "value", "no code"),
}


def run_case(folder: Path, seed: int) -> str:
    rng = random.Random(seed)
    if seed % 8 == 0:
        return f"digits: {_digits(folder, rng)}"
    kind = rng.choice(sorted(READERS))
    try:
        return f"{kind}: {READERS[kind](mangled(rng, _example(kind)))}"
    except Unreachable as error:
        return f"{kind}: {error.code.value}"


def _digits(folder: Path, rng: random.Random) -> str:
    """Put arbitrary tokens into the pool: what comes out can be shown and was signed for this terminal."""
    claims = msgspec.json.decode(_example("challenge-claims")) | {
        "iss": "central",
        "aud": "T",
        "exp": time.time() + 1e6,
    }
    raw = mangled(rng, msgspec.json.encode(claims))
    token = jwt.PyJWS().encode(raw, KEY, algorithm="EdDSA")
    if rng.random() < 0.5:
        token = mangled(rng, token.encode()).decode("utf-8", "replace")
    database = Database(folder / f"pool-{rng.randrange(4)}.sqlite3")
    try:
        pool = ChallengePool(database, KEY.public_key(), "T", lambda _: bytes(32))
        pool.add([token], time.time())
        taken = pool.take(time.time())
    finally:
        database.close()
    if taken is None:
        return "none"
    assert 4 <= len(taken.digits) <= 8
    assert all(0 <= digit <= 9 for digit in taken.digits)
    return "taken"

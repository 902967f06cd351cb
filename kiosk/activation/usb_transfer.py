"""Requests and answers by hand: a terminal without a line gives its sealed requests to a USB stick.

    <stick>/kiosk-<terminal>/requests/<number>.json    what is not delivered, signed by this terminal
    <stick>/kiosk-<terminal>/answers/<number>.jwt      central's receipts, signed by central
                                     /challenges.json  new digits, each signed
                                     /roster.jwt       who may sign in, signed

The body goes byte for byte as it would over the line, sealed, under the same number: whichever way comes
first, central makes one credential. Every file stands alone, so a stick pulled out early loses none of the
others; what was altered on the way is refused by its signature. See resources/protocol/README.md.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options
from msgspec import Struct

from kiosk.activation.encoding import to_base64url
from kiosk.activation.identity import Identity
from kiosk.activation.messages import read_challenges, read_receipt
from kiosk.activation.outbox import Row
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, StaffError, Unreachable
from kiosk.files import write_whole
from kiosk.model import Receipt

RECEIPT = "receipt+jwt"
REQUEST = "request+jwt"
LARGEST = 1 << 20
"""Bytes of one file; larger ones are nobody's of ours."""


class Letter(Struct, frozen=True):
    """One request. `body`: base64url, empty if central has it already and is only asked."""

    id: str
    terminal: str
    body: str
    token: str


class Answers(Struct, frozen=True):
    """What came on the stick. `altered`: files that central did not sign for this terminal."""

    receipts: tuple[Receipt, ...] = ()
    challenges: tuple[str, ...] = ()
    roster: str = ""
    altered: int = 0


def pack(stick: Path, who: Identity, rows: Iterable[Row], now: float) -> int:
    """Write every row and take away what an earlier export left; how many. Raises StaffError(STICK_*)."""
    folder = _home(stick, who.terminal) / "requests"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = {_write(folder, who, row, now) for row in rows}
        for old in set(folder.glob("*.json")) - written:
            old.unlink()
    except OSError as error:
        raise StaffError(Code.STICK_UNWRITABLE, error.strerror or "") from None
    return len(written)


def unpack(stick: Path, key: Ed25519PublicKey, terminal: str) -> Answers:
    """Raises StaffError: STICK_EMPTY (no answers for this terminal), STICK_MISSING (unreadable)."""
    folder = _home(stick, terminal) / "answers"
    try:
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    except FileNotFoundError:
        raise StaffError(Code.STICK_EMPTY, "no answers for this terminal") from None
    except OSError as error:
        raise StaffError(Code.STICK_MISSING, error.strerror or "") from None
    numbered = [path for path in files if path.suffix == ".jwt" and path.name != "roster.jwt"]
    receipts = [_receipt(path, key, terminal) for path in numbered]
    good = tuple(receipt for receipt in receipts if receipt is not None)
    challenges = _challenges(folder / "challenges.json")
    return Answers(good, challenges, _text(folder / "roster.jwt"), len(receipts) - len(good))


def _home(stick: Path, terminal: str) -> Path:
    return stick / f"kiosk-{terminal}"


def _write(folder: Path, who: Identity, row: Row, now: float) -> Path:
    body = row.body or b""
    claims = {"aud": "central", "iat": int(now), "id": row.id, "bsh": to_base64url(sha256(body).digest())}
    letter = Letter(row.id, who.terminal, to_base64url(body), who.token(claims, REQUEST))
    path = folder / f"{row.id}.json"
    write_whole(path, msgspec.json.encode(letter))
    return path


def _receipt(path: Path, key: Ed25519PublicKey, terminal: str) -> Receipt | None:
    """None: not central's word to this terminal on the request that the file is named after."""
    token = _text(path)
    options: Options = {"require": ["iss", "aud", "receipt"], "verify_iat": False}
    try:
        if jwt.get_unverified_header(token).get("typ") != RECEIPT:
            return None
        claims = jwt.decode(
            token, key, algorithms=["EdDSA"], audience=terminal, issuer="central", options=options
        )
        return read_receipt(msgspec.json.encode(claims["receipt"]), path.stem)
    except (jwt.PyJWTError, Unreachable, *UNREADABLE):
        return None


def _challenges(path: Path) -> tuple[str, ...]:
    """Each is checked when it goes into the pool."""
    try:
        return read_challenges(_text(path).encode())
    except Unreachable:
        return ()


def _text(path: Path) -> str:
    """Empty if it cannot be read: it is then no signed word of anybody."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def check_stick(stick: Path, *, mounted_only: bool) -> None:
    """Raises StaffError(STICK_MISSING) if there is none; `mounted_only`: the terminal's own disk is none."""
    if not stick.is_dir() or (mounted_only and not stick.is_mount()):
        raise StaffError(Code.STICK_MISSING, "nothing is mounted there")

"""Exchange requests and answers with central on a USB stick, for a terminal without a connection.

    <stick>/kiosk-<terminal>/requests/<number>.json    undelivered requests, signed by this terminal
    <stick>/kiosk-<terminal>/answers/<number>.jwt      central's receipts, signed by central
                                     /challenges.json  new digits, each signed
                                     /roster.jwt       who may sign in, signed

The body is byte for byte what would go over HTTPS, sealed, under the same number: whichever way comes first,
central makes one credential. Every file stands alone, so a stick pulled out early loses none of the others;
what was altered on the way is refused by its signature. See resources/protocol/README.md.
"""

from collections.abc import Iterable
from contextlib import suppress
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
from kiosk.activation.outbox import QueuedRequest
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, StaffError, Unreachable
from kiosk.files import write_whole
from kiosk.model import ActivationReceipt

RECEIPT_TYPE = "receipt+jwt"
REQUEST_TYPE = "request+jwt"
MAX_FILE_BYTES = 1 << 20
"""Longest file that is read: neither side writes longer ones."""


class RequestFile(Struct, frozen=True, kw_only=True):
    """One request on the stick. `body`: base64url, empty if central has it already and is only asked."""

    id: str
    terminal: str
    body: str
    token: str


class StickAnswers(Struct, frozen=True, kw_only=True):
    """Central's answers on the stick. `altered`: receipts that central did not sign for this terminal."""

    receipts: tuple[ActivationReceipt, ...] = ()
    challenges: tuple[str, ...] = ()
    roster: str = ""
    altered: int = 0


def check_stick(stick: Path, *, mounted_only: bool) -> None:
    """Raise StaffError(STICK_MISSING) if there is no stick; with `mounted_only` a plain folder is none."""
    if not stick.is_dir() or (mounted_only and not stick.is_mount()):
        raise StaffError(Code.STICK_MISSING, "nothing is mounted there")


def write_requests(stick: Path, identity: Identity, requests: Iterable[QueuedRequest], now: float) -> int:
    """Write every request, delete those of an earlier export, return how many were written.

    Raises StaffError(STICK_UNWRITABLE).
    """
    folder = _terminal_folder(stick, identity.terminal) / "requests"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = {_write_request(folder, identity, request, now) for request in requests}
        for old in set(folder.glob("*.json")) - written:
            old.unlink()
    except OSError as error:
        raise StaffError(Code.STICK_UNWRITABLE, error.strerror or "") from None
    return len(written)


def read_answers(stick: Path, key: Ed25519PublicKey, terminal: str) -> StickAnswers:
    """Read central's answers for `terminal`; `key`: central's, for the receipts.

    Challenges and roster are still unverified. Raises StaffError: STICK_EMPTY (no answers for this terminal),
    STICK_MISSING (unreadable).
    """
    folder = _terminal_folder(stick, terminal) / "answers"
    try:
        files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    except FileNotFoundError:
        raise StaffError(Code.STICK_EMPTY, "no answers for this terminal") from None
    except OSError as error:
        raise StaffError(Code.STICK_MISSING, error.strerror or "") from None
    receipt_files = [path for path in files if path.suffix == ".jwt" and path.name != "roster.jwt"]
    receipts = [_read_receipt_file(path, key, terminal) for path in receipt_files]
    valid = tuple(receipt for receipt in receipts if receipt is not None)
    challenges: tuple[str, ...] = ()
    with suppress(Unreachable):
        challenges = read_challenges(_read_text(folder / "challenges.json").encode())
    return StickAnswers(
        receipts=valid,
        challenges=challenges,
        roster=_read_text(folder / "roster.jwt"),
        altered=len(receipts) - len(valid),
    )


def _terminal_folder(stick: Path, terminal: str) -> Path:
    return stick / f"kiosk-{terminal}"


def _write_request(folder: Path, identity: Identity, request: QueuedRequest, now: float) -> Path:
    body = request.body or b""
    claims = {
        "aud": "central",
        "iat": int(now),
        "id": request.id,
        "bsh": to_base64url(sha256(body).digest()),
    }
    content = RequestFile(
        id=request.id,
        terminal=identity.terminal,
        body=to_base64url(body),
        token=identity.signed_token(claims, REQUEST_TYPE),
    )
    path = folder / f"{request.id}.json"
    write_whole(path, msgspec.json.encode(content))
    return path


def _read_receipt_file(path: Path, key: Ed25519PublicKey, terminal: str) -> ActivationReceipt | None:
    """Return the receipt; None unless central signed it for this terminal and the request the file names."""
    token = _read_text(path)
    options: Options = {"require": ["iss", "aud", "receipt"], "verify_iat": False}
    try:
        if jwt.get_unverified_header(token).get("typ") != RECEIPT_TYPE:
            return None
        claims = jwt.decode(
            token, key, algorithms=["EdDSA"], audience=terminal, issuer="central", options=options
        )
        return read_receipt(msgspec.json.encode(claims["receipt"]), path.stem)
    except (jwt.PyJWTError, Unreachable, *UNREADABLE):
        return None


def _read_text(path: Path) -> str:
    """Read a file; empty if it cannot be read, which verifies as nothing."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return ""

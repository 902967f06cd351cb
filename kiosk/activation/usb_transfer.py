"""Exchange requests and answers with central on a USB stick, for a terminal without a connection.

    <stick>/kiosk-<terminal>/requests/<number>.json    undelivered requests, signed by this terminal
    <stick>/kiosk-<terminal>/answers/<number>.jwt      central's receipts, signed by central
                                     /challenges.json  new digits, each signed
                                     /roster.jwt       who may sign in, signed

The body is byte for byte what would go over HTTPS, sealed, under the same number: whichever way comes first,
central makes one credential. Every file stands alone, so a stick pulled out early loses none of the others;
what was altered on the way is refused by its signature. See resources/protocol/README.md.
"""

import os
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
from kiosk.files import open_folder, read_regular, write_in
from kiosk.model import ActivationReceipt

RECEIPT_TYPE = "receipt+jwt"
REQUEST_TYPE = "request+jwt"
CHALLENGES, ROSTER = "challenges.json", "roster.jwt"
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

    No link on the stick is followed. Raises StaffError(STICK_UNWRITABLE).
    """
    names = (f"kiosk-{identity.terminal}", "requests")
    try:
        with open_folder(stick, *names, create=True) as folder:
            written = {_write_request(folder, identity, request, now) for request in requests}
            for name in os.listdir(folder):
                if name.endswith(".json") and name not in written:
                    os.unlink(name, dir_fd=folder)
    except OSError as error:
        raise StaffError(Code.STICK_UNWRITABLE, error.strerror or "") from None
    return len(written)


def read_answers(stick: Path, key: Ed25519PublicKey, terminal: str) -> StickAnswers:
    """Read central's answers for `terminal`; `key`: central's, for the receipts.

    Challenges and roster are still unverified. Raises StaffError: STICK_EMPTY (no answers for this terminal),
    STICK_ALTERED (a link or a file where a folder belongs), STICK_MISSING (unreadable).
    """
    try:
        with open_folder(stick, f"kiosk-{terminal}", "answers") as folder:
            return _read_answers(folder, key, terminal)
    except FileNotFoundError:
        raise StaffError(Code.STICK_EMPTY, "no answers for this terminal") from None
    except NotADirectoryError:
        raise StaffError(Code.STICK_ALTERED, "no folder where one belongs") from None
    except OSError as error:
        raise StaffError(Code.STICK_MISSING, error.strerror or "") from None


def _read_answers(folder: int, key: Ed25519PublicKey, terminal: str) -> StickAnswers:
    """Read the open folder of answers; what cannot be read counts as altered. Raises OSError."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".jwt") and name != ROSTER)
    receipts = [_read_receipt_file(folder, name, key, terminal) for name in names]
    valid = tuple(receipt for receipt in receipts if receipt is not None)
    texts = {name: _read_text(folder, name) for name in (CHALLENGES, ROSTER)}
    challenges: tuple[str, ...] = ()
    with suppress(Unreachable):
        challenges = read_challenges((texts[CHALLENGES] or "").encode())
    return StickAnswers(
        receipts=valid,
        challenges=challenges,
        roster=texts[ROSTER] or "",
        altered=len(receipts) - len(valid) + sum(text is None for text in texts.values()),
    )


def _write_request(folder: int, identity: Identity, request: QueuedRequest, now: float) -> str:
    """Write a request into the open folder and return the file's name."""
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
    name = f"{request.id}.json"
    write_in(folder, name, msgspec.json.encode(content))
    return name


def _read_receipt_file(
    folder: int, name: str, key: Ed25519PublicKey, terminal: str
) -> ActivationReceipt | None:
    """Return the receipt; None unless central signed it for this terminal and the request the file names."""
    token = _read_text(folder, name) or ""
    options: Options = {"require": ["iss", "aud", "receipt"], "verify_iat": False}
    try:
        if jwt.get_unverified_header(token).get("typ") != RECEIPT_TYPE:
            return None
        claims = jwt.decode(
            token, key, algorithms=["EdDSA"], audience=terminal, issuer="central", options=options
        )
        return read_receipt(msgspec.json.encode(claims["receipt"]), Path(name).stem)
    except (jwt.PyJWTError, Unreachable, *UNREADABLE):
        return None


def _read_text(folder: int, name: str) -> str | None:
    """Read a file of the stick: empty if it is not there, None if it is no file as central writes them."""
    try:
        return read_regular(name, MAX_FILE_BYTES, folder).decode("ascii")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        return None

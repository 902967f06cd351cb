"""USB sticks of terminals that have no line: requests in, signed receipts, digits and rosters out.

The stick's layout stands in resources/protocol/README.md. Whatever a stick says is believed only as far as
a signature goes: of the terminal for its requests, of central for its answers.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import jwt
from pydantic import ValidationError

from central.activation import challenges
from central.activation.activations import Activations
from central.api.dependencies import authority_of
from central.exceptions import Problem
from central.fleet import clerks
from central.protocol.messages import ActivationRequest, Letter, Receipt
from central.security import keys as keys_
from central.security.encoding import base64url, from_base64url
from central.security.keys import Keys, public_of
from central.settings import Settings
from central.storage.database import Database
from central.storage.tables import Terminal, TerminalState

REQUEST = "request+jwt"
RECEIPT = "receipt+jwt"


class Refused(Exception):  # noqa: N818
    """A file that is not what an enrolled terminal signed."""


@dataclass(frozen=True)
class Request:
    """A letter whose signature is good. `body`: empty if the terminal only asks."""

    id: str
    terminal: str
    body: bytes


class UsbTransfer:
    def __init__(self, database: Database, keys: Keys, activations: Activations, settings: Settings) -> None:
        self._database = database
        self._keys = keys
        self._activations = activations
        self._settings = settings

    def take(self, stick: Path) -> Iterator[tuple[Path, str]]:
        """Hand in every request on the stick; each file with what became of it, or raises nothing."""
        for path in _letters(stick):
            try:
                yield path, self._take(self._read(path))
            except Refused as error:
                yield path, f"refused: {error}"
            except Problem as error:
                yield path, f"refused: {error.code.value}"

    def answer(self, stick: Path, count: int, now: float) -> Iterator[tuple[str, int]]:
        """Write beside the requests what central says to them; each terminal with its number of receipts."""
        for home in sorted(stick.glob("kiosk-*")):
            asked = [request for path in _letters(stick, home) if (request := self._quiet(path)) is not None]
            if asked:
                yield asked[0].terminal, self._answer(home / "answers", asked, count, now)

    def _take(self, request: Request) -> str:
        if not request.body:
            return "asked"
        try:
            message = ActivationRequest.model_validate_json(request.body)
        except ValidationError:
            raise Refused("the body is not of the agreed form") from None
        if (message.id, message.terminal) != (request.id, request.terminal):
            raise Refused("the body is another visit's or terminal's")
        receipt = self._activations.submit(message, request.body)
        return f"{receipt.status.value} {receipt.code.value}"

    def _answer(self, folder: Path, asked: list[Request], count: int, now: float) -> int:
        folder.mkdir(exist_ok=True)
        terminal, given = asked[0].terminal, 0
        for request in asked:
            receipt = self._look_up(request)
            if receipt is not None:
                _write(folder / f"{request.id}.jwt", self._signed(terminal, receipt, now))
                given += 1
        with self._database.write() as session:
            key, rules = self._keys.challenge, self._settings.challenges
            tokens = challenges.issue(session, key, terminal, count, now, rules) if count else []
            valid_s = self._settings.clerks.roster_valid_s
            roster = clerks.roster(session, key, terminal, now, valid_s)
        _write(folder / "challenges.json", json.dumps({"challenges": tokens}))
        _write(folder / "roster.jwt", roster)
        return given

    def _look_up(self, request: Request) -> Receipt | None:
        """None: never seen, or being worked on just now."""
        try:
            return self._activations.look_up(request.id, request.terminal)
        except Problem:
            return None

    def _signed(self, terminal: str, receipt: Receipt, now: float) -> str:
        claims = {
            "iss": "central",
            "aud": terminal,
            "iat": int(now),
            "receipt": receipt.model_dump(mode="json"),
        }
        return jwt.encode(claims, self._keys.challenge, algorithm="EdDSA", headers={"typ": RECEIPT})

    def _quiet(self, path: Path) -> Request | None:
        try:
            return self._read(path)
        except Refused:
            return None

    def _read(self, path: Path) -> Request:
        """Raises Refused."""
        limit = 2 * self._settings.requests.max_bytes
        try:
            if path.stat().st_size > limit:
                raise Refused("too large")
            letter = Letter.model_validate_json(path.read_bytes())
            body = from_base64url(letter.body)
        except (OSError, ValueError):
            raise Refused("cannot be read") from None
        if path.stem != letter.id or path.parents[1].name != f"kiosk-{letter.terminal}":
            raise Refused("it lies in another's place")
        self._check(letter, body)
        return Request(letter.id, letter.terminal, body)

    def _check(self, letter: Letter, body: bytes) -> None:
        """Signed by this terminal, over this number and these bytes?"""
        with self._database.read() as session:
            terminal = session.get(Terminal, letter.terminal)
        if terminal is None or terminal.state != TerminalState.ENROLLED:
            raise Refused("the terminal is not known, or revoked")
        try:
            if jwt.get_unverified_header(letter.token).get("typ") != REQUEST:
                raise Refused("not a request")
            claims = jwt.decode(
                letter.token,
                public_of(terminal.public_key or ""),
                algorithms=["EdDSA"],
                audience="central",
                issuer=letter.terminal,
                options={"require": ["iss", "aud", "iat", "id", "bsh"], "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Refused("the signature is wrong") from None
        digest = base64url(sha256(body).digest())
        if claims["id"] != letter.id or claims["bsh"] != digest:
            raise Refused("signed for something else")


def opened(settings: Settings, database: Database) -> UsbTransfer:
    """With the keys and the register that the settings name. Raises KeysError, LookupError."""
    keys = keys_.load(settings.data / "keys")
    return UsbTransfer(
        database, keys, Activations(database, keys, authority_of(settings), settings), settings
    )


def _letters(stick: Path, home: Path | None = None) -> list[Path]:
    return sorted((home or stick).glob("requests/*.json" if home else "kiosk-*/requests/*.json"))


def _write(path: Path, text: str) -> None:
    """Whole or not at all: sticks are pulled out."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)

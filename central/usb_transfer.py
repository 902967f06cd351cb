"""Transfer by USB stick for terminals without a line: requests in; receipts, challenges and rosters out.

The stick's layout stands in resources/protocol/README.md. What a stick says counts only as far as it is
signed: by the terminal for its requests, by central for its answers.
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
from central.activation.authority_driver import load_authority
from central.exceptions import Problem
from central.fleet import clerks
from central.protocol.messages import ActivationRequest, Receipt, UsbRequest
from central.security import keys as keys_
from central.security.encoding import base64url, from_base64url
from central.security.keys import Keys, public_of
from central.settings import Settings
from central.storage.database import Database
from central.storage.tables import Terminal, TerminalState

REQUEST = "request+jwt"
RECEIPT = "receipt+jwt"


class FileRefused(Exception):  # noqa: N818
    """A file is not what an enrolled terminal signed."""


@dataclass(frozen=True)
class VerifiedRequest:
    """A request whose signature is good. `body`: empty if the terminal only asks for the receipt."""

    id: str
    terminal: str
    body: bytes


class UsbTransfer:
    """Reads requests from a stick and writes answers onto it."""

    def __init__(
        self, *, database: Database, keys: Keys, activations: Activations, settings: Settings
    ) -> None:
        self._database = database
        self._keys = keys
        self._activations = activations
        self._settings = settings

    def take(self, stick: Path) -> Iterator[tuple[Path, str]]:
        """Submit every request on the stick; yield each file with the result, or "refused: …"."""
        for path in sorted(stick.glob("kiosk-*/requests/*.json")):
            try:
                yield path, self._submit(self._read(path))
            except FileRefused as error:
                yield path, f"refused: {error}"
            except Problem as error:
                yield path, f"refused: {error.code.value}"

    def answer(self, stick: Path, count: int, now: float) -> Iterator[tuple[str, int]]:
        """Write answers beside the requests; yield each terminal with its number of receipts.

        `count`: new challenges for each terminal.
        """
        for folder in sorted(stick.glob("kiosk-*")):
            requests = []
            for path in sorted(folder.glob("requests/*.json")):
                try:
                    requests.append(self._read(path))
                except FileRefused:
                    continue  # `take` reports it
            if requests:
                yield requests[0].terminal, self._write_answers(folder / "answers", requests, count, now)

    def _submit(self, request: VerifiedRequest) -> str:
        if not request.body:
            return "asked"
        try:
            message = ActivationRequest.model_validate_json(request.body)
        except ValidationError:
            raise FileRefused("the body is not of the agreed form") from None
        if (message.id, message.terminal) != (request.id, request.terminal):
            raise FileRefused("the body is another visit's or terminal's")
        receipt = self._activations.submit(message, request.body)
        return f"{receipt.status.value} {receipt.code.value}"

    def _write_answers(self, folder: Path, requests: list[VerifiedRequest], count: int, now: float) -> int:
        """Write receipts, challenges and roster for one terminal; return the number of receipts."""
        folder.mkdir(exist_ok=True)
        terminal, written = requests[0].terminal, 0
        for request in requests:
            try:
                receipt = self._activations.look_up(request.id, request.terminal)
            except Problem:
                continue  # it is being worked on
            if receipt is not None:
                _write(folder / f"{request.id}.jwt", self._sign(terminal, receipt, now))
                written += 1
        with self._database.write() as session:
            key, rules = self._keys.challenge, self._settings.challenges
            tokens = challenges.issue(session, key, terminal, count, now, rules) if count else []
            valid_s = self._settings.clerks.roster_valid_s
            roster = clerks.roster(session, key, terminal, now, valid_s)
        _write(folder / "challenges.json", json.dumps({"challenges": tokens}))
        _write(folder / "roster.jwt", roster)
        return written

    def _sign(self, terminal: str, receipt: Receipt, now: float) -> str:
        claims = {
            "iss": "central",
            "aud": terminal,
            "iat": int(now),
            "receipt": receipt.model_dump(mode="json"),
        }
        return jwt.encode(claims, self._keys.challenge, algorithm="EdDSA", headers={"typ": RECEIPT})

    def _read(self, path: Path) -> VerifiedRequest:
        """Read and verify one file. Raises FileRefused."""
        limit = 2 * self._settings.requests.max_bytes
        try:
            if path.stat().st_size > limit:
                raise FileRefused("too large")
            request = UsbRequest.model_validate_json(path.read_bytes())
            body = from_base64url(request.body)
        except (OSError, ValueError):
            raise FileRefused("cannot be read") from None
        if path.stem != request.id or path.parents[1].name != f"kiosk-{request.terminal}":
            raise FileRefused("it lies in another's place")
        self._verify(request, body)
        return VerifiedRequest(request.id, request.terminal, body)

    def _verify(self, request: UsbRequest, body: bytes) -> None:
        """Verify that this terminal signed this number and these bytes. Raises FileRefused."""
        with self._database.read() as session:
            terminal = session.get(Terminal, request.terminal)
        if terminal is None or terminal.state != TerminalState.ENROLLED:
            raise FileRefused("the terminal is not known, or revoked")
        try:
            if jwt.get_unverified_header(request.token).get("typ") != REQUEST:
                raise FileRefused("not a request")
            claims = jwt.decode(
                request.token,
                public_of(terminal.public_key or ""),
                algorithms=["EdDSA"],
                audience="central",
                issuer=request.terminal,
                options={"require": ["iss", "aud", "iat", "id", "bsh"], "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise FileRefused("the signature is wrong") from None
        digest = base64url(sha256(body).digest())
        if claims["id"] != request.id or claims["bsh"] != digest:
            raise FileRefused("signed for something else")


def open_transfer(settings: Settings, database: Database) -> UsbTransfer:
    """Return the transfer with the keys and the register of the settings. Raises KeysError, LookupError."""
    keys = keys_.load(settings.data / "keys")
    activations = Activations(
        database=database, keys=keys, authority=load_authority(settings), settings=settings
    )
    return UsbTransfer(database=database, keys=keys, activations=activations, settings=settings)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all: sticks are pulled out."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

"""Transfer by USB stick for terminals without a line: requests in; receipts, challenges and rosters out.

The stick's layout stands in resources/protocol/README.md. What a stick says counts only as far as it is
signed: by the terminal for its requests, by central for its answers.
"""

import json
import os
import re
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
from central.files import open_folder, read_regular, write_in
from central.fleet import clerks
from central.protocol.messages import TERMINAL, ActivationRequest, Receipt, UsbRequest
from central.security import keys as keys_
from central.security.encoding import base64url, from_base64url
from central.security.keys import Keys
from central.security.terminal_keys import load_key
from central.settings import Settings
from central.storage.clock import DatabaseClock
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

    def take(self, stick: Path) -> Iterator[tuple[str, str, str]]:
        """Submit every request on the stick; yield folder, name and result of each, or "refused: …".

        Raises OSError if the stick cannot be read.
        """
        for home in _terminal_folders(stick):
            for name, request in self._read_requests(stick, home):
                yield home, name, request if isinstance(request, str) else self._submit(request)

    def answer(self, stick: Path, count: int, now: float) -> Iterator[tuple[str, str]]:
        """Write answers beside the requests; yield each terminal with the result, or "refused: …".

        `count`: new challenges for each terminal. Raises OSError if the stick cannot be read.
        """
        for home in _terminal_folders(stick):
            read = [request for _, request in self._read_requests(stick, home)]
            requests = [
                request for request in read if not isinstance(request, str)
            ]  # `take` reports the others
            if not requests:
                continue
            try:
                with open_folder(stick, home, "answers", create=True) as folder:
                    result = f"{self._write_answers(folder, requests, count, now)} receipts"
            except OSError as error:
                result = f"refused: answers cannot be written: {error.strerror}"
            yield requests[0].terminal, result

    def _read_requests(self, stick: Path, home: str) -> Iterator[tuple[str, VerifiedRequest | str]]:
        """Yield each file's name with what it holds, or with "refused: …"."""
        try:
            with open_folder(stick, home, "requests") as folder:
                for name in sorted(name for name in os.listdir(folder) if name.endswith(".json")):
                    try:
                        yield name, self._read(folder, home, name)
                    except FileRefused as error:
                        yield name, f"refused: {error}"
        except FileNotFoundError:
            return
        except NotADirectoryError:
            yield "requests", "refused: a link or a file where a folder belongs"

    def _submit(self, request: VerifiedRequest) -> str:
        """Submit a request and return the result, or "refused: …"."""
        if not request.body:
            return "asked"
        try:
            message = ActivationRequest.model_validate_json(request.body)
        except ValidationError:
            return "refused: the body is not of the agreed form"
        if (message.id, message.terminal) != (request.id, request.terminal):
            return "refused: the body is another visit's or terminal's"
        try:
            receipt = self._activations.submit(message, request.body)
        except Problem as error:
            return f"refused: {error.code.value}"
        return f"{receipt.status.value} {receipt.code.value}"

    def _write_answers(self, folder: int, requests: list[VerifiedRequest], count: int, now: float) -> int:
        """Write receipts, challenges and roster for one terminal; return the number of receipts."""
        terminal, written = requests[0].terminal, 0
        for request in requests:
            try:
                receipt = self._activations.look_up(request.id, request.terminal)
            except Problem:
                continue  # it is being worked on
            if receipt is not None:
                write_in(folder, f"{request.id}.jwt", self._sign(terminal, receipt, now).encode())
                written += 1
        with self._database.write() as session:
            key, rules = self._keys.challenge, self._settings.challenges
            tokens = challenges.issue(session, key, terminal, count, now, rules) if count else []
            valid_s = self._settings.clerks.roster_valid_s
            roster = clerks.roster(session, key, terminal, now, valid_s)
        write_in(folder, "challenges.json", json.dumps({"challenges": tokens}).encode())
        write_in(folder, "roster.jwt", roster.encode())
        return written

    def _sign(self, terminal: str, receipt: Receipt, now: float) -> str:
        claims = {
            "iss": "central",
            "aud": terminal,
            "iat": int(now),
            "receipt": receipt.model_dump(mode="json"),
        }
        return jwt.encode(claims, self._keys.challenge, algorithm="EdDSA", headers={"typ": RECEIPT})

    def _read(self, folder: int, home: str, name: str) -> VerifiedRequest:
        """Read and verify one file of the folder of requests. Raises FileRefused."""
        try:
            data = read_regular(name, 2 * self._settings.requests.max_bytes, folder)
            request = UsbRequest.model_validate_json(data)
            body = from_base64url(request.body)
        except (OSError, ValueError):
            raise FileRefused("cannot be read, or too large") from None
        if (name, home) != (f"{request.id}.json", f"kiosk-{request.terminal}"):
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
            key = load_key(terminal.public_key or "")
            claims = jwt.decode(
                request.token,
                key.public,
                algorithms=[key.jwt_algorithm],
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
        database=database,
        keys=keys,
        authority=load_authority(settings),
        settings=settings,
        clock=DatabaseClock(database),
    )
    return UsbTransfer(database=database, keys=keys, activations=activations, settings=settings)


def _terminal_folders(stick: Path) -> list[str]:
    found = (name for name in os.listdir(stick) if name.startswith("kiosk-"))
    return sorted(name for name in found if re.fullmatch(TERMINAL, name.removeprefix("kiosk-")))

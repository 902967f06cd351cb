"""Signed requests of a simulated fleet, made before anything is measured.

Bodies are encoded and sealed by the terminal's own code. The signature is made here, as
resources/protocol/README.md describes it: the terminal's library takes 0.8 ms for one, and a benchmark needs
thousands between two rounds.
"""

import base64
import hashlib
import itertools
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from sqlalchemy import insert

from benchmarks.customers import PICTURE, passed_checks
from central.storage.database import Database
from central.storage.tables import Challenge, ReaderPin, Terminal, TerminalState
from kiosk.activation.encoding import to_base64url
from kiosk.activation.messages import RequestOrigin, StretchedPassword, personal_bytes, request_body
from kiosk.activation.passwords import stretch
from kiosk.activation.sealing import Sealer
from kiosk.events import Agreed, Evidence
from kiosk.model import ReaderIdentity
from kiosk.phrases import load as load_phrases
from kiosk.simulators.people import Person
from kiosk.visit_number import new_visit_number

READER = ReaderIdentity("05.01-20240101-0001234567-0007654321", "0000:00:14.0-1.2")
VERSIONS = {"kiosk": "0.1.0"}
DAY_S = 86_400.0
VISIT_S, PAUSE_S = 60.0, 540.0
"""A visit takes a minute, and the next begins nine minutes later: plausible to central."""
RECORDS_OF_A_VISIT = 5
FIRST_BIRTHDAY = date(1941, 1, 1)
PEOPLE_A_DAY = 1000
CHUNK = 5000


class SimulatedTerminal:
    """A terminal's name and key, and how far its audit log and its visits have come."""

    def __init__(self, name: str, until_unix: float) -> None:
        """`until_unix`: its visits lie before that."""
        self.name = name
        self.key = Ed25519PrivateKey.generate()
        self._records = itertools.count(1)
        self._visits = itertools.count(1)
        self._until_unix = until_unix

    def audit_head(self) -> str:
        """Return the head of a log that has grown by the records of one more visit."""
        seq = RECORDS_OF_A_VISIT * next(self._records)
        return f"{seq}:{hashlib.sha256(f'{self.name} {seq}'.encode()).hexdigest()}"

    def visit_ended_unix(self) -> float:
        """Return when one more visit ended; no two of them overlap."""
        return self._until_unix - next(self._visits) * (VISIT_S + PAUSE_S)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        """Return the bytes of a signed HTTP/1.1 request (RFC 9421, RFC 9530), valid for a minute."""
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        covered = {"content-digest": f"sha-256=:{digest}:"} | {
            k.lower(): v for k, v in (headers or {}).items()
        }
        values = {"@method": method, "@path": path, "@query": "?"} | covered
        names = " ".join(f'"{name}"' for name in values)
        now = int(time.time())
        inputs = (
            f'({names});created={now};expires={now + 60};nonce="{secrets.token_urlsafe(16)}"'
            f';keyid="{self.name}";alg="ed25519";tag="kiosk"'
        )
        base = "\n".join([*(f'"{k}": {v}' for k, v in values.items()), f'"@signature-params": {inputs}'])
        signature = base64.b64encode(self.key.sign(base.encode())).decode()
        signed = covered | {"signature-input": f"sig={inputs}", "signature": f"sig=:{signature}:"}
        return plain_request(method, path, body, signed)


def plain_request(
    method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of an HTTP/1.1 request on a connection that stays open."""
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
    lines += ["content-type: application/json"] if body else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@cache
def _password() -> StretchedPassword:
    """Stretch one made-up password for all: to do so for each would take the generator hours."""
    return stretch("31415926")


class Activation(Struct, frozen=True):
    """A request that central has not seen yet."""

    visit: str
    body: bytes
    terminal: SimulatedTerminal

    def signed(self) -> bytes:
        """Return it as it goes over the line, signed now."""
        headers = {"Idempotency-Key": self.visit, "Audit-Head": self.terminal.audit_head()}
        return self.terminal.request("POST", "/v1/activations", self.body, headers)


class Fleet:
    """Simulated terminals that central knows, and activation requests of made-up people.

    Terminals and challenges are written into the database, as if they had enrolled and fetched a week ago.
    """

    def __init__(self, database: Database, sealer: Sealer, count: int) -> None:
        """Enrol `count` terminals. `sealer`: to central's key."""
        self._database, self._sealer = database, sealer
        now = time.time()
        self._issued_unix = now - 6 * DAY_S
        mark = secrets.token_hex(3)
        self.terminals = [SimulatedTerminal(f"B-{mark}-{i:06}", now - 60) for i in range(count)]
        self._enrol(now - 30 * DAY_S)

    def activations(self, count: int, picture: bool = False) -> Sequence[Activation]:
        """Return `count` requests, terminal by terminal in turn. `picture`: with one of 30 KB."""
        challenges = [secrets.token_hex(16) for _ in range(count)]
        terminals = list(itertools.islice(itertools.cycle(self.terminals), count))
        expires = self._issued_unix + 7 * DAY_S
        _write(
            self._database,
            Challenge,
            [
                {"id": one, "terminal": t.name, "issued_unix": self._issued_unix, "expires_unix": expires}
                for one, t in zip(challenges, terminals, strict=True)
            ],
        )
        return [self._activation(t, one, picture) for one, t in zip(challenges, terminals, strict=True)]

    def signed_activations(self, count: int, picture: bool = False) -> list[bytes]:
        """Return `count` requests as they go over the line; they must be sent within a minute."""
        made = self.activations(count, picture)
        return [one.signed() for one in made]

    def _activation(self, terminal: SimulatedTerminal, challenge: str, picture: bool) -> Activation:
        card, visit, ended = next(_PEOPLE).card(), new_visit_number(), terminal.visit_ended_unix()
        evidence = Evidence(
            card=card,
            phone=f"199{secrets.randbelow(10**8):08}",
            consent=Agreed("zh-Hans", _consent(), picture),
            challenge=challenge,
            verdicts=passed_checks(challenge),
            began_unix=ended - VISIT_S,
            reader=READER,
        )
        personal = personal_bytes(card, evidence, PICTURE if picture else None, _password())
        sealed = self._sealer.seal(personal, visit, terminal.name)
        origin = RequestOrigin(terminal.name, True, VERSIONS)
        body = request_body(visit, evidence, origin=origin, sealed=sealed, at_unix=ended)
        return Activation(visit, body, terminal)

    def _enrol(self, at_unix: float) -> None:
        rows = [
            {
                "id": t.name,
                "state": TerminalState.ENROLLED.value,
                "public_key": to_base64url(t.key.public_key().public_bytes_raw()),
                "enrolled_unix": at_unix,
                "district": "",
                "place": "",
                "kind": "",
            }
            for t in self.terminals
        ]
        _write(self._database, Terminal, rows)
        pins = [
            {"terminal": t.name, "sam": READER.sam, "socket": READER.socket, "from_unix": at_unix}
            for t in self.terminals
        ]
        _write(self._database, ReaderPin, pins)


def _write(database: Database, table: type, rows: list[dict[str, object]]) -> None:
    for first in range(0, len(rows), CHUNK):
        with database.write() as session:
            session.execute(insert(table), rows[first : first + CHUNK])


def _people() -> Iterator[Person]:
    for i in itertools.count():
        yield Person(i % PEOPLE_A_DAY, b"", FIRST_BIRTHDAY + timedelta(days=i // PEOPLE_A_DAY))


_PEOPLE = _people()
"""Nobody comes twice while the program runs."""


@cache
def _consent() -> str:
    return load_phrases("zh-Hans").consent_sha256()

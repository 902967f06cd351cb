"""What an owner sees of a credential, and does with it. Each act is recorded and told by message.

Of a credential that has ended, an owner can still see what is held, download it and have it erased.
"""

import json
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from central.china_time import china_time
from central.credentials import reference_pictures, suspension
from central.credentials.suspension import Act, By
from central.owners import sessions
from central.owners.sessions import Login
from central.phones.codes import PhoneCodes
from central.phones.messages import CodeMessage, MessagePort, send
from central.privacy import withdrawal
from central.protocol.messages import ErasureNote, PhoneCodeReply, PhoneProofReply, PhoneProofStatus
from central.security.personal_data import PersonalData
from central.settings import Retention
from central.storage.authentication_tables import RelyingParty
from central.storage.database import Database
from central.storage.owner_tables import CredentialAct, Use
from central.storage.tables import Activation, Credential, Ending, Terminal

_NOTICES = tomllib.loads((Path(__file__).parent / "notices.toml").read_text(encoding="utf-8"))
SHOWN = 20
"""So many uses and acts are shown, the newest first; the download has all."""


@dataclass(frozen=True, kw_only=True)
class UseRow:
    """Where the credential's owner was authenticated."""

    party: str
    level: str
    at_unix: float


@dataclass(frozen=True, kw_only=True)
class ActRow:
    """What was done with the credential. `reason`: an operator's."""

    act: str
    by: str
    reason: str
    at_unix: float


@dataclass(frozen=True, kw_only=True)
class CredentialState:
    """What is held of a credential, as its owner sees it. `phone`: its last four digits."""

    serial: str
    opened_unix: float
    place: str
    ended_unix: float | None
    suspended_unix: float | None
    suspended_by: str
    phone: str
    picture_unix: float | None
    uses: tuple[UseRow, ...]
    acts: tuple[ActRow, ...]


class Owners:
    """Carries out what owners want. Every method raises NotLoggedIn if the session has ended."""

    def __init__(
        self,
        *,
        database: Database,
        personal_data: PersonalData,
        phone_codes: PhoneCodes,
        messages: MessagePort | None,
        key: Ed25519PrivateKey,
        keep: Retention,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`messages`: None: nobody gets a notice; `key`: signs receipts of erasures."""
        self._database = database
        self._personal_data = personal_data
        self._phone_codes = phone_codes
        self._messages = messages
        self._key = key
        self._keep = keep
        self._clock = clock

    def log_in(self, visit: str, password: str) -> str:
        """Return the secret of a new session. Raises Problem 403, 429."""
        return sessions.log_in(self._database, self._personal_data, visit, password, self._clock())

    def log_out(self, secret: str) -> None:
        """End a session, if there is one."""
        with self._database.write() as session:
            sessions.log_out(session, secret)

    def state(self, secret: str) -> CredentialState:
        """Return what is held, the newest uses and acts first."""
        with self._owned(secret) as (session, row, login):
            sessions.prolong(session, secret, self._clock())
            return self._state(session, row, login, SHOWN)

    def download(self, secret: str) -> bytes:
        """Return all that is held and can be read, as JSON, and record that."""
        with self._owned(secret) as (session, row, login):
            state = self._state(session, row, login, None)
            suspension.note(session, row.serial, Act.DOWNLOAD, By.OWNER, self._clock())
            held = {**asdict(state), "phone": self._phone(row), "purpose": "credential"}
        return json.dumps(held, ensure_ascii=False, indent=2).encode()

    def suspend(self, secret: str, language: str) -> bool:
        """Suspend; return False if it has ended or an operator suspended it before."""
        with self._owned(secret) as (session, row, _):
            done = suspension.suspend(session, row, By.OWNER, self._clock())
            phone = self._phone(row)
        return self._told(done, Act.SUSPEND, phone, language)

    def resume(self, secret: str, language: str) -> bool:
        """Lift an own suspension; return False if there is none, or an operator's."""
        with self._owned(secret) as (session, row, _):
            done = suspension.resume(session, row, By.OWNER, self._clock())
            phone = self._phone(row)
        return self._told(done, Act.RESUME, phone, language)

    def forget_picture(self, secret: str, language: str) -> bool:
        """Erase the kept picture; return False if there is none."""
        with self._owned(secret) as (session, row, _):
            done = row.revoked_unix is None and reference_pictures.forget(session, row.person)
            if done:
                suspension.note(session, row.serial, Act.FORGET, By.OWNER, self._clock())
            phone = self._phone(row)
        return self._told(done, Act.FORGET, phone, language)

    def end(self, secret: str, language: str) -> bool:
        """End the credential; return False if it has ended before."""
        now = self._clock()
        with self._owned(secret) as (session, row, _):
            done = row.revoked_unix is None
            if done:
                self._end(session, row, now)
                suspension.note(session, row.serial, Act.END, By.OWNER, now)
            phone = self._phone(row)
        return self._told(done, Act.END, phone, language)

    def erase(self, secret: str, language: str) -> ErasureNote:
        """End the credential and erase what central holds of its owner; the session ends with it."""
        now = self._clock()
        with self._owned(secret) as (session, row, _):
            phone, person, serial = self._phone(row), row.person, row.serial
            if row.revoked_unix is None:
                self._end(session, row, now)
            session.merge(Ending(person=person, asked_unix=now, at_unix=now))
            suspension.note(session, serial, Act.ERASE, By.OWNER, now)
            session.flush()
            sessions.end_all(session, serial)
            erased = withdrawal.erase_person(
                session, person, before_unix=now, by="page", key=self._key, keep=self._keep, now=now
            )
        self._told(True, Act.ERASE, phone, language)
        return erased

    def send_code(self, secret: str, phone: str, language: str) -> PhoneCodeReply:
        """Send a one-time code to the number that is to replace the stored one."""
        with self._owned(secret) as (session, _, login):
            terminal = session.get_one(Activation, login.visit).terminal
        return self._phone_codes.send(login.visit, terminal, phone, language, place="page")

    def change_phone(self, secret: str, phone: str, code: str, language: str) -> PhoneProofReply:
        """Store another mobile number, if the code proves it. Both numbers get a notice."""
        with self._owned(secret) as (session, _, login):
            terminal = session.get_one(Activation, login.visit).terminal
        proof = self._phone_codes.prove(login.visit, terminal, phone, code)
        if proof.status is not PhoneProofStatus.PROVED:
            return proof
        with self._owned(secret) as (session, row, _):
            old = self._phone(row)
            row.phone = self._personal_data.encrypt(phone, row.serial)
            suspension.note(session, row.serial, Act.PHONE, By.OWNER, self._clock())
        for number in {old, phone}:
            self._told(True, Act.PHONE, number, language)
        return proof

    @contextmanager
    def _owned(self, secret: str) -> Iterator[tuple[Session, Credential, Login]]:
        """Open a transaction with the credential of a session, its row locked."""
        with self._database.write() as session:
            login = sessions.find(session, secret, self._clock())
            yield session, sessions.credential_of(session, login), login

    def _end(self, session: Session, row: Credential, now: float) -> None:
        row.revoked_unix = now
        reference_pictures.forget(session, row.person)

    def _phone(self, row: Credential) -> str:
        return self._personal_data.decrypt(row.phone, row.serial) if row.phone else ""

    def _told(self, done: bool, act: Act, phone: str, language: str) -> bool:
        """Send a notice about an act that was done; return whether it was."""
        if done and phone and self._messages is not None:
            when = china_time(self._clock()).strftime("%Y-%m-%d %H:%M")
            text = _NOTICES[language][act.value].format(when=when)
            send(self._messages, CodeMessage(phone=phone, language=language, code="", text=text))
        return done

    def _state(self, session: Session, row: Credential, login: Login, limit: int | None) -> CredentialState:
        opened = session.get_one(Activation, row.activation)
        terminal = session.get(Terminal, opened.terminal)
        is_open = row.revoked_unix is None
        uses = session.execute(
            select(RelyingParty.name, Use.level, Use.at_unix)
            .join(RelyingParty, RelyingParty.id == Use.party)
            .where(Use.person == row.person)
            .order_by(Use.id.desc())
            .limit(limit)
        )
        acts = session.execute(
            select(CredentialAct.act, CredentialAct.by, CredentialAct.reason, CredentialAct.at_unix)
            .where(CredentialAct.credential == row.serial)
            .order_by(CredentialAct.id.desc())
            .limit(limit)
        )
        return CredentialState(
            serial=row.serial,
            opened_unix=row.opened_unix,
            place=terminal.place if terminal is not None else "",
            ended_unix=row.revoked_unix,
            suspended_unix=row.suspended_unix,
            suspended_by=row.suspended_by,
            phone=self._phone(row)[-4:],
            picture_unix=reference_pictures.kept_since(session, row.person) if is_open else None,
            uses=tuple(UseRow(party=party, level=level, at_unix=at) for party, level, at in uses),
            acts=tuple(ActRow(act=act, by=by, reason=why, at_unix=at) for act, by, why, at in acts),
        )

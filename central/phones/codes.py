"""One-time codes: who holds a mobile number types what was sent to it.

A code belongs to one visit and one number, is kept as a keyed hash, and is valid for a short time and a few
tries; a newer one of the visit replaces it. Every code that was asked for counts against the limits of the
visit, the number, the terminal and of all together, whether or not the provider took it: a terminal whose key
was stolen cannot make central send messages without end, nor to one number again and again.

`is_proved` is asked when the activation comes: the number in its sealed part must be the one that was proved.
"""

import hmac
import secrets
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from central.phones.messages import CodeMessage, MessagePort, send
from central.protocol.messages import PhoneCodeReply, PhoneCodeStatus, PhoneProofReply, PhoneProofStatus
from central.security.personal_data import PersonalData
from central.settings import PhoneCodes as PhoneCodeSettings
from central.storage.database import Database
from central.storage.tables import PhoneCode

_TEXTS = tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))
_HOUR_S, _DAY_S = 3600.0, 86_400.0


class PhoneCodes:
    """Sends codes and checks them."""

    def __init__(
        self,
        *,
        database: Database,
        personal_data: PersonalData,
        port: MessagePort | None,
        settings: PhoneCodeSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`port`: None if no provider is connected: no code is sent and no number proved."""
        self._database = database
        self._personal_data = personal_data
        self._port = port
        self._settings = settings
        self._clock = clock

    def send(
        self, visit: str, terminal: str, phone: str, language: str, *, place: str = "terminal"
    ) -> PhoneCodeReply:
        """Send a code for a visit to a number, unless that was asked for too often.

        `place`: where the code is to be typed, "terminal" or "page".
        """
        if self._port is None:
            return self._reply(PhoneCodeStatus.OFF, None)
        code = f"{secrets.randbelow(10**6):06}"
        now = self._clock()
        row = PhoneCode(
            visit=visit,
            phone=self._personal_data.phone(phone),
            terminal=terminal,
            code=self._personal_data.one_time_code(visit, phone, code),
            sent_unix=now,
            expires_unix=now + self._settings.valid_s,
            tries=0,
        )
        with self._database.write() as session:
            again_s = self._wait(session, row, now)
            if again_s != 0.0:
                return self._reply(PhoneCodeStatus.TOO_OFTEN, again_s)
            session.add(row)
        texts = _TEXTS[place]
        text = texts.get(language, texts["zh-Hans"])
        minutes = round(self._settings.valid_s / 60)
        message = CodeMessage(
            phone=phone, language=language, code=code, text=text.format(code=code, minutes=minutes)
        )
        taken = send(self._port, message)
        return self._reply(PhoneCodeStatus.SENT if taken else PhoneCodeStatus.UNSENT, self._settings.again_s)

    def prove(self, visit: str, terminal: str, phone: str, code: str) -> PhoneProofReply:
        """Compare what was typed with the newest code of the visit, which is for `phone`.

        A right code that is sent again, because an answer was lost, is right again until it expires.
        """
        now = self._clock()
        typed = self._personal_data.one_time_code(visit, phone, code)
        with self._database.write() as session:
            row = session.scalar(_newest(visit).with_for_update())
            usable = (
                row is not None
                and row.terminal == terminal
                and row.phone == self._personal_data.phone(phone)
                and now < row.expires_unix
                and row.tries < self._settings.tries
            )
            if row is None or not usable:
                return PhoneProofReply(status=PhoneProofStatus.EXPIRED, tries_left=0)
            if hmac.compare_digest(row.code, typed):
                row.proved_unix = row.proved_unix or now
                return PhoneProofReply(status=PhoneProofStatus.PROVED, tries_left=0)
            row.tries += 1
            left = self._settings.tries - row.tries
            return PhoneProofReply(status=PhoneProofStatus.WRONG, tries_left=left)

    def _wait(self, session: Session, asked: PhoneCode, now: float) -> float | None:
        """Return the seconds until this may be sent; 0: now, None: not in this visit any more."""
        limits = self._settings

        def count(since_s: float, *where: ColumnElement[bool]) -> int:
            query = select(func.count()).select_from(PhoneCode).where(PhoneCode.sent_unix > now - since_s)
            return session.scalar(query.where(*where)) or 0

        same_phone = PhoneCode.phone == asked.phone
        if (
            count(_DAY_S, PhoneCode.visit == asked.visit) >= limits.a_visit
            or count(_HOUR_S, same_phone) >= limits.a_phone_an_hour
            or count(_DAY_S, same_phone) >= limits.a_phone_a_day
            or count(_HOUR_S, PhoneCode.terminal == asked.terminal) >= limits.a_terminal_an_hour
            or count(_HOUR_S) >= limits.an_hour
        ):
            return None
        last = session.scalar(select(func.max(PhoneCode.sent_unix)).where(same_phone))
        return 0.0 if last is None else max(0.0, last + limits.again_s - now)

    def _reply(self, status: PhoneCodeStatus, again_s: float | None) -> PhoneCodeReply:
        settings = self._settings
        return PhoneCodeReply(
            status=status,
            valid_s=settings.valid_s,
            again_s=again_s,
            required=settings.policy == "required",
        )


def is_proved(session: Session, visit: str, phone: str) -> bool:
    """Return whether this number was proved in this visit. `phone`: its keyed hash."""
    query = select(PhoneCode.proved_unix).where(
        PhoneCode.visit == visit, PhoneCode.phone == phone, PhoneCode.proved_unix.is_not(None)
    )
    return session.scalars(query.limit(1)).first() is not None


def _newest(visit: str) -> Select[PhoneCode]:
    return select(PhoneCode).where(PhoneCode.visit == visit).order_by(PhoneCode.id.desc()).limit(1)

"""One-time codes to mobile numbers: six digits, good for a short time, a few tries and one browser."""

import hmac
import secrets
import time
from collections.abc import Callable

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from permit.codes import Code
from permit.errors import PermitError
from permit.messages.port import CodeMessage, Delivery, MessagePort, send
from permit.protection import Protection
from permit.storage.database import Database
from permit.storage.tables import PhoneCode

VALID_S = 300.0
TRIES = 5
AGAIN_S = 60.0
AN_HOUR, A_DAY = 5, 10
_HOUR_S, _DAY_S = 3600.0, 86_400.0


class PhoneCodes:
    """Sends codes and checks them."""

    def __init__(
        self,
        *,
        database: Database,
        protection: Protection,
        messages: MessagePort,
        clock: Callable[[], float] = time.time,
        again_s: float = AGAIN_S,
    ) -> None:
        self._database = database
        self._protection = protection
        self._messages = messages
        self._clock = clock
        self._again_s = again_s

    def send(self, session: str, phone: str, language: str) -> None:
        """Send a code; an older one of the session is over. Raises PermitError if it was asked for too often.

        What was asked for counts, whether or not it was carried.
        """
        id, code, now = secrets.token_urlsafe(32), f"{secrets.randbelow(10**6):06}", self._clock()
        row = PhoneCode(
            id=id,
            session=session,
            phone=self._protection.pseudonym("phone", phone),
            digest=self._digest(id, code),
            sent_unix=now,
        )
        with self._database.write() as database:
            self._database.serialise(database, f"code|{row.phone}")
            self._require_rare(database, row.phone, now)
            older = update(PhoneCode).where(PhoneCode.session == session)
            database.execute(older.values(over=True))
            database.add(row)
        message = CodeMessage(phone, code, int(VALID_S // 60), language)
        if send(self._messages, f"code/{id}", message) is not Delivery.ACCEPTED:
            raise PermitError(Code.PHONE_CODE_NOT_SENT)

    def check(self, session: str, phone: str, code: str) -> None:
        """Use up the session's code. Raises PermitError if it is not this one; each try counts."""
        now, pseudonym = self._clock(), self._protection.pseudonym("phone", phone)
        query = select(PhoneCode).where(PhoneCode.session == session, PhoneCode.over.is_(False))
        with self._database.write() as database:
            row = database.scalar(query.where(PhoneCode.phone == pseudonym).with_for_update())
            if row is None or row.tries >= TRIES or not row.sent_unix <= now < row.sent_unix + VALID_S:
                problem: Code | None = Code.PHONE_CODE_OVER
            else:
                row.tries += 1
                row.over = hmac.compare_digest(row.digest, self._digest(row.id, code))
                problem = None if row.over else Code.PHONE_CODE_WRONG
        if problem is not None:  # after the commit: the try counts
            raise PermitError(problem)

    def erase_old(self) -> None:
        """Erase codes that count no longer."""
        with self._database.write() as database:
            database.execute(delete(PhoneCode).where(PhoneCode.sent_unix < self._clock() - _DAY_S))

    def _require_rare(self, database: Session, phone: str, now: float) -> None:
        for limit, within_s in ((1, self._again_s), (AN_HOUR, _HOUR_S), (A_DAY, _DAY_S)):
            of_phone = select(func.count()).where(PhoneCode.phone == phone)
            recent = of_phone.where(PhoneCode.sent_unix > now - within_s)
            if within_s > 0 and (database.scalar(recent) or 0) >= limit:
                raise PermitError(Code.PHONE_CODE_TOO_OFTEN)

    def _digest(self, id: str, code: str) -> str:
        return self._protection.pseudonym("code", f"{id}|{code}")

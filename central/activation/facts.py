"""What the database knows that a request is judged by, read with one query (two if clerks signed in it)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, bindparam, func, select
from sqlalchemy.orm import Session

from central.activation.evidence import NOBODY, ChallengeFacts
from central.activation.plausibility import DAY_S, PEOPLE_A_PHONE
from central.fleet import alarms, clerks
from central.fleet.clerks import Staff
from central.fleet.readers import ReaderPeriod
from central.protocol.messages import ActivationRequest, Reader
from central.settings import Plausibility
from central.storage.prepared import Prepared
from central.storage.tables import (
    Activation,
    Challenge,
    HeldReview,
    PhoneCode,
    ReaderPin,
    Terminal,
    TerminalState,
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """State of everything around a request. `released`: see `alarms.review_released`.

    `phone_others`: how many other people gave the mobile number lately.
    """

    challenge: ChallengeFacts | None
    readers: list[ReaderPeriod]
    staff: Staff
    released: bool | None
    is_revoked: bool
    is_rewound: bool
    is_held: bool
    is_phone_proved: bool
    phone_others: int


_PROVED = select(func.count()).where(
    PhoneCode.visit == bindparam("visit"),
    PhoneCode.phone == bindparam("phone", type_=String),
    PhoneCode.proved_unix.is_not(None),
)
# A row for each period of a reader; nearly all terminals have one.
_FACTS = Prepared(
    select(
        Terminal.state,
        ReaderPin.sam,
        ReaderPin.socket,
        ReaderPin.from_unix,
        ReaderPin.until_unix,
        Challenge.terminal.label("challenge_of"),
        Challenge.used_by,
        Challenge.issued_unix,
        Challenge.expires_unix,
        HeldReview.accepted,
        alarms.REWOUND.scalar_subquery().label("rewound"),
        alarms.OPEN_OF_TERMINAL.scalar_subquery().label("open_of_terminal"),
        alarms.OPEN_OF_VISIT.scalar_subquery().label("open_of_visit"),
        _PROVED.scalar_subquery().label("proved"),
        PEOPLE_A_PHONE.scalar_subquery().label("phone_others"),
    )
    .select_from(Terminal)
    .outerjoin(ReaderPin, ReaderPin.terminal == Terminal.id)
    .outerjoin(Challenge, Challenge.id == bindparam("challenge"))
    .outerjoin(HeldReview, HeldReview.visit == bindparam("visit"))
    .where(Terminal.id == bindparam("terminal"))
)


def read(
    session: Session,
    request: ActivationRequest,
    row: Activation,
    phone: str | None,
    applicant: str | None,
    rules: Plausibility,
) -> Facts:
    """Read the facts of a request; `phone`, `applicant`: keyed hashes from its sealed part."""
    found = _FACTS(
        session,
        terminal=row.terminal,
        visit=row.id,
        challenge=request.challenge,
        phone=phone,
        applicant=applicant,
        phone_since_unix=row.received_unix - rules.phone_days * DAY_S,
    ).all()
    one = found[0]
    accepted = None if one.accepted is None else bool(one.accepted)
    return Facts(
        challenge=_challenge(one),
        readers=[
            ReaderPeriod(Reader(sam=each.sam, socket=each.socket), each.from_unix, each.until_unix)
            for each in found
            if each.sam is not None
        ],
        staff=clerks.staff_periods(session, row.terminal) if request.reviews else NOBODY,
        released=accepted,
        is_revoked=one.state == TerminalState.REVOKED,
        is_rewound=bool(one.rewound),
        is_held=bool(one.rewound or one.open_of_terminal or one.open_of_visit),
        is_phone_proved=bool(one.proved),
        phone_others=one.phone_others,
    )


def _challenge(row: Any) -> ChallengeFacts | None:
    if row.challenge_of is None:
        return None
    return ChallengeFacts(
        terminal=row.challenge_of,
        used_by=row.used_by,
        issued_unix=row.issued_unix,
        expires_unix=row.expires_unix,
    )

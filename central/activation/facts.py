"""What the database knows that a request is judged by, read with one query (two if clerks signed in it)."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import String, bindparam, func, literal, select
from sqlalchemy.orm import Session

from central.activation import plausibility
from central.activation.evidence import NOBODY, ChallengeFacts
from central.activation.plausibility import DAY_S, PEOPLE_A_PHONE
from central.fleet import alarms, audit_heads, clerks
from central.fleet.audit_heads import AuditHead
from central.fleet.clerks import Staff
from central.fleet.readers import ReaderPeriod
from central.protocol.messages import ActivationRequest, Reader
from central.settings import Settings
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

    `phone_others`: how many other people gave the mobile number lately. `row`: what `audit_heads.KNOWN` and
    `plausibility.BESIDE` ask, and `issued_unix` of the challenge.
    """

    is_known: bool  # the visit's number came before
    row: Any
    challenge: ChallengeFacts | None
    readers: list[ReaderPeriod]
    staff: Staff
    released: bool | None
    is_revoked: bool
    is_rewound: bool
    is_held: bool
    is_phone_proved: bool
    phone_others: int

    def with_taken(self, terminal: str, visit: str) -> "Facts":
        """Return the facts after the visit took its challenge, if it is the terminal's and not taken yet."""
        challenge = self.challenge
        if challenge is None or challenge.terminal != terminal or challenge.used_by is not None:
            return self
        return replace(self, challenge=replace(challenge, used_by=visit))


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
        select(Activation.id)
        .where(Activation.id == bindparam("visit"))
        .scalar_subquery()
        .label("known_visit"),
        *plausibility.BESIDE,
        *audit_heads.KNOWN,
    )
    .select_from(select(literal(1).label("one")).subquery())  # a row, whether or not the terminal is known
    .outerjoin(Terminal, Terminal.id == bindparam("terminal"))
    .outerjoin(ReaderPin, ReaderPin.terminal == Terminal.id)
    .outerjoin(Challenge, Challenge.id == bindparam("challenge"))
    .outerjoin(HeldReview, HeldReview.visit == bindparam("visit"))
)


def read(
    session: Session,
    request: ActivationRequest,
    row: Activation,
    phone: str | None,
    applicant: str | None,
    settings: Settings,
    head: AuditHead | None = None,
    signed_unix: float = 0.0,
) -> Facts:
    """Read the facts of a request; `phone`, `applicant`: keyed hashes from its sealed part.

    `head`, `signed_unix`: what came with it, if it is not stored yet.
    """
    found = _FACTS(
        session,
        terminal=row.terminal,
        visit=row.id,
        challenge=request.challenge,
        phone=phone,
        applicant=applicant,
        phone_since_unix=row.received_unix - settings.plausibility.phone_days * DAY_S,
        **plausibility.parameters(row, settings),
        **audit_heads.parameters(head, signed_unix),
    ).all()
    one = found[0]
    accepted = None if one.accepted is None else bool(one.accepted)
    return Facts(
        is_known=one.known_visit is not None,
        row=one,
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

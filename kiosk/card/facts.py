"""A card → what the rules may know of it."""

from datetime import date, datetime, timedelta, timezone

from kiosk.card import number
from kiosk.model import CardFacts, IdCard

CHINA = timezone(timedelta(hours=8))
"""One time zone, no daylight saving; does not depend on how the terminal's clock is set up."""


def china_today() -> date:
    """The date by which cards begin and expire."""
    return datetime.now(CHINA).date()


def china_date(at_unix: float) -> date:
    """The same at another time."""
    return datetime.fromtimestamp(at_unix, CHINA).date()


def facts(card: IdCard, kind: str, today: date) -> CardFacts:
    """`kind` is the card's type (resident, J, I, Y); `today` is the date in China. Keeps nothing personal.

    Whatever is missing on the card counts against it: no date of issue means "not valid yet", no birth
    means "age 0".
    """
    return CardFacts(
        kind=kind,
        number_valid=number.valid_as(kind, card.number, card.birth),
        birth_agrees=_birth_agrees(card, kind),
        days_valid=None if card.valid_to is None else (card.valid_to - today).days,
        days_since_issue=-1 if card.valid_from is None else (today - card.valid_from).days,
        age=_age(card.birth, today),
    )


def _birth_agrees(card: IdCard, kind: str) -> bool:
    if kind == "I":
        return number.valid_foreigner(card.number, card.birth)
    return card.birth is not None and number.birth(card.number) == card.birth


def _age(birth: date | None, today: date) -> int:
    """Completed years; whoever was born on 29 February completes one on 1 March."""
    if birth is None:
        return 0
    years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    return max(0, years)

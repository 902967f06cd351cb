"""Derives from a card what the rules may know of it."""

from datetime import date

from kiosk.card import number
from kiosk.model import CardFacts, IdCard


def facts(card: IdCard, kind: str, today: date) -> CardFacts:
    """Return the facts, none of them personal. `kind`: resident, J, I, Y; `today`: the date in China.

    What is missing on the card counts against it: no date of issue means "not valid yet", no birth means
    "age 0".
    """
    if kind == "I":
        birth_agrees = number.valid_foreigner(card.number, card.birth)
    else:
        birth_agrees = card.birth is not None and number.birth(card.number) == card.birth
    return CardFacts(
        kind=kind,
        number_valid=number.valid_as(kind, card.number, card.birth),
        birth_agrees=birth_agrees,
        number_formed=number.formed_as(kind, card.number),
        days_valid=None if card.valid_to is None else (card.valid_to - today).days,
        days_since_issue=-1 if card.valid_from is None else (today - card.valid_from).days,
        age=0 if card.birth is None else completed_years(card.birth, today),
    )


def completed_years(birth: date, today: date) -> int:
    """Return the age, below 0 before the birth; who was born on 29 February has birthday on 1 March."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))

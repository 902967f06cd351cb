"""Decides whether a new endorsement can be asked for on the phone, and if not, why."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from permit.domain.dates import add_months
from permit.domain.endorsements import TERMS, Entries, Purpose, Region

ISSUER = "Guangdong"
MIN_MONTHS = 3
"""A permit that expires sooner must be replaced first (published practice; sources in docs/permit.md)."""

ON_THE_PHONE = frozenset({Purpose.INDIVIDUAL, Purpose.GROUP})
"""Other classes need papers that an office looks at."""


class RenewalRefusal(StrEnum):
    """Why it cannot be asked for here; each has a sentence with the way out."""

    PERMIT_EXPIRED = "permit_expired"
    PERMIT_EXPIRES_SOON = "permit_expires_soon"
    OTHER_PROVINCE = "other_province"
    AT_AN_OFFICE = "at_an_office"
    NO_SUCH_TERMS = "no_such_terms"


@dataclass(frozen=True)
class Permit:
    """A permit as the registry knows it. `issuer`: the province of the issuing authority."""

    number: str
    issuer: str
    expires: date


@dataclass(frozen=True)
class Wish:
    """The endorsement that a person asks for."""

    region: Region
    purpose: Purpose
    months: int
    entries: Entries


def renewal_refusals(permit: Permit, wish: Wish, today: date) -> list[RenewalRefusal]:
    """Return every reason against a wish, the gravest first; none: it can be asked for."""
    found = []
    if today > permit.expires:
        found.append(RenewalRefusal.PERMIT_EXPIRED)
    elif permit.expires < add_months(today, MIN_MONTHS):
        found.append(RenewalRefusal.PERMIT_EXPIRES_SOON)
    if permit.issuer != ISSUER:
        found.append(RenewalRefusal.OTHER_PROVINCE)
    if wish.purpose not in ON_THE_PHONE:
        found.append(RenewalRefusal.AT_AN_OFFICE)
    elif not any(
        (terms.months, terms.entries) == (wish.months, wish.entries) and wish.region in terms.regions
        for terms in TERMS[wish.purpose]
    ):
        found.append(RenewalRefusal.NO_SUCH_TERMS)
    return found

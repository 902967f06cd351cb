"""Endorsements: which exist, and what remains of one.

A permit alone does not allow a crossing; an endorsement for Hong Kong or for Macao does. Its class says
what for, and one journey, out and back, uses one of its entries. What remains has four shapes: a number of
entries, no limit, one in each calendar week, or nothing, with the reason.

The classes and terms below were collected from published notices; docs/permit.md has the sources and how
sure they are. A registry may know others: an endorsement carries its own terms; the table is for choosing a
new one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal, TypeAlias

Entries: TypeAlias = int | Literal["unlimited", "weekly"]
"""How often an endorsement lets cross: a number, without limit, or once in each calendar week."""


class Region(StrEnum):
    """Where an endorsement leads."""

    HONG_KONG = "hong-kong"
    MACAO = "macao"


class Purpose(StrEnum):
    """Class of an endorsement; the values are the letters printed on it, where one is known."""

    INDIVIDUAL = "G"
    GROUP = "L"
    FAMILY = "T"
    BUSINESS = "S"
    STAY = "D"
    OTHER = "Q"
    TALENT = "talent"


@dataclass(frozen=True)
class Terms:
    """Terms on which endorsements of a class are issued. `stay_days` None: the destination sets it."""

    months: int
    entries: Entries
    stay_days: int | None
    regions: frozenset[Region] = frozenset(Region)


_HONG_KONG, _MACAO = frozenset({Region.HONG_KONG}), frozenset({Region.MACAO})

TERMS: dict[Purpose, tuple[Terms, ...]] = {
    Purpose.INDIVIDUAL: (
        Terms(3, 1, 7),
        Terms(3, 2, 7, _HONG_KONG),
        Terms(12, 1, 7),
        Terms(12, 2, 7, _HONG_KONG),
        Terms(12, "unlimited", 7),  # Shenzhen to Hong Kong, Hengqin to Macao
        Terms(12, "weekly", 7),  # Zhuhai to Macao; Shenzhen to Hong Kong until 2024-12
    ),
    Purpose.GROUP: (
        Terms(3, 1, 7),
        Terms(3, 2, 7, _HONG_KONG),
        Terms(12, 1, 7),
        Terms(12, 2, 7, _HONG_KONG),
    ),
    Purpose.FAMILY: (Terms(3, 1, 14), Terms(3, "unlimited", 90), Terms(12, "unlimited", 90)),
    Purpose.BUSINESS: (Terms(3, 1, 14), Terms(3, "unlimited", 14), Terms(12, "unlimited", 14)),
    Purpose.STAY: (Terms(12, "unlimited", None), Terms(24, "unlimited", None), Terms(36, "unlimited", None)),
    Purpose.OTHER: (
        Terms(3, 1, 14),
        Terms(3, 2, 14),
        Terms(3, "unlimited", 14),
        Terms(12, "unlimited", 14, _MACAO),
    ),
    Purpose.TALENT: (Terms(12, "unlimited", 30), Terms(36, "unlimited", 30), Terms(60, "unlimited", 30)),
}


@dataclass(frozen=True, kw_only=True)
class Endorsement:
    """An endorsement as the registry knows it. `expires`: the last day on which a journey may begin."""

    id: str
    region: Region
    purpose: Purpose
    issued: date
    expires: date
    entries: Entries
    stay_days: int | None
    void: bool = False  # the registry says so: left the group, entered by another port, withdrawn

    def __post_init__(self) -> None:
        if self.expires < self.issued:
            raise ValueError("an endorsement expires before it is issued")
        if isinstance(self.entries, int) and self.entries < 1:
            raise ValueError("an endorsement with no entries")


@dataclass(frozen=True)
class Crossing:
    """A crossing of the border. `outward`: from the mainland into `region`."""

    region: Region
    day: date
    outward: bool


class DeadReason(StrEnum):
    """Why nothing remains of an endorsement."""

    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    USED_UP = "used_up"
    VOID = "void"


@dataclass(frozen=True)
class Counted:
    """So many journeys remain; at least one."""

    left: int


@dataclass(frozen=True)
class Unlimited:
    """No number limits the journeys."""


@dataclass(frozen=True)
class Weekly:
    """One journey may begin in each calendar week, Monday to Sunday. `used`: that of this week has."""

    used: bool


@dataclass(frozen=True)
class Dead:
    """Nothing remains."""

    reason: DeadReason


Remaining: TypeAlias = Counted | Unlimited | Weekly | Dead


def remaining(endorsement: Endorsement, crossings: Iterable[Crossing], today: date) -> Remaining:
    """Return what remains of an endorsement, by the crossings that are known up to `today`.

    A journey counts when it begins; the way back uses nothing. Crossings that the registry does not know yet
    are not counted, so the answer holds only as of the registry's own time.
    """
    if endorsement.void:
        return Dead(DeadReason.VOID)
    if today < endorsement.issued:
        return Dead(DeadReason.NOT_YET_VALID)
    if today > endorsement.expires:
        return Dead(DeadReason.EXPIRED)
    journeys = [
        crossing.day
        for crossing in crossings
        if crossing.outward
        and crossing.region is endorsement.region
        and endorsement.issued <= crossing.day <= today
    ]
    if endorsement.entries == "unlimited":
        return Unlimited()
    if endorsement.entries == "weekly":
        week = today.isocalendar()[:2]
        return Weekly(used=any(day.isocalendar()[:2] == week for day in journeys))
    left = endorsement.entries - len(journeys)
    return Counted(left) if left > 0 else Dead(DeadReason.USED_UP)

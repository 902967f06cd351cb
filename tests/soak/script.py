"""Scripts of customers: one random draw, by a seed, of everything a customer may be and do."""

import random
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from kiosk.card.number import PERMIT_REGIONS, check_character
from kiosk.codes import Code
from kiosk.model import IdCard, Language, Purpose, Stage, Way
from kiosk.simulators.people import Person

PORTRAIT = bytes(1024)
_RARE_CARDS = {
    "expired": 2, "number wrong": 2, "young": 6, "child": 8, "permit": 4, "unreadable once": 6,
    "unreadable": 2, "none": 2,
}  # fmt: skip
_RARE_FACES = {"grey": 6, "mismatch": 5, "not live": 4, "injected": 2, "absent": 2, "goes": 4, "changes": 2}
_RARE_ANSWERS = {
    "wrong once": 8, "wrong": 4, "silent": 3, "lips still": 3, "another way": 5, "slow": 4, "no light": 4,
}  # fmt: skip
_CLERKS = {"approves": 6, "refuses": 2, "gives a try": 2, "goes": 1, "wrong PIN": 1}


class Script(Struct, frozen=True):
    """`person`: a number; a person who comes again has the same. `leaves`: at which stage, and how."""

    person: int
    seed: int
    way: Way = Way.VOICE
    purpose: Purpose = Purpose.OPEN
    language: str = Language.ZH_HANS
    unhurried: bool = False
    consent: str = "agrees"
    card: str = "good"
    phone: str = "right"
    face: str = "right"
    answer: str = "right"
    leaves: tuple[Stage, str] | None = None
    clerk: str = "approves"
    lingers: bool = False  # does not dismiss the last screen

    @property
    def kind(self) -> str:
        """What is out of the ordinary, for the counts."""
        odd = {"consent": "agrees", "card": "good", "phone": "right", "face": "right", "answer": "right"}
        for name, usual in odd.items():
            if (found := getattr(self, name)) != usual:
                return f"{name}: {found}"
        return f"{self.leaves[1]} in {self.leaves[0].value}" if self.leaves else "nothing"


def drawn(seed: int, person: int, known: list[int]) -> Script:
    """Draw a script. `known`: people who have a credential and may come again to change it."""
    rng = random.Random(seed)
    purpose = rng.choices(list(Purpose), (82, 6, 4, 3, 3, 2))[0]
    again = 0.02 if purpose is Purpose.OPEN else 0.9  # some want a second one
    if known and rng.random() < again:
        person = rng.choice(known)
    return Script(
        person=person,
        seed=seed,
        way=rng.choices(list(Way), (70, 14, 8, 8))[0],
        purpose=purpose,
        language=rng.choices(list(Language), (85, 10, 5))[0].value,
        unhurried=rng.random() < 0.1,
        consent=_rare(rng, "agrees", {"declines": 3, "declines all": 1, "cancels": 1, "goes": 1}, 0.05),
        card=_rare(rng, "good", _RARE_CARDS, 0.12),
        phone=_rare(rng, "right", {"wrong once": 5, "goes": 1}, 0.06),
        face=_rare(rng, "right", _RARE_FACES, 0.14),
        answer=_rare(rng, "right", _RARE_ANSWERS, 0.18),
        leaves=_leaving(rng),
        clerk=rng.choices(list(_CLERKS), list(_CLERKS.values()))[0],
        lingers=rng.random() < 0.05,
    )


def _rare(rng: random.Random, usual: str, others: dict[str, int], share: float) -> str:
    return rng.choices(list(others), list(others.values()))[0] if rng.random() < share else usual


def _leaving(rng: random.Random) -> tuple[Stage, str] | None:
    if rng.random() > 0.06:
        return None
    where = [stage for stage in Stage if stage not in (Stage.OUT_OF_SERVICE, Stage.IDLE, Stage.OUTCOME)]
    return rng.choice(where), rng.choice(("cancels", "calls for help"))


def card(script: Script, today: date, *, guardian: bool) -> tuple[IdCard, list[Code]]:
    """Return the card on the reader and the faults of reading it. `guardian`: the guardian's card."""
    if guardian:
        born = date(1975, 1, 1) + timedelta(days=script.person // 1000)
        return Person(script.person, PORTRAIT, born).card(), []
    born = date(1946, 1, 1) + timedelta(days=script.person // 1000)
    faults: list[Code] = []
    valid_to: date | None = None
    match script.card:
        case "young":
            born = today - timedelta(days=15 * 366 + script.person % 300)
        case "child":
            born = today - timedelta(days=11 * 365 + script.person % 300)
        case "expired":
            valid_to = today - timedelta(days=3)
        case "unreadable once":
            faults = [Code.CARD_UNREADABLE]
        case "unreadable":
            faults = [Code.CARD_MOVED] * 9
    made = Person(
        script.person, PORTRAIT, born, date(2018, 6, 1), valid_to, number_wrong=script.card == "number wrong"
    ).card()
    return (_permit(made, script.person) if script.card == "permit" else made), faults


def _permit(made: IdCard, person: int) -> IdCard:
    """Return a residence permit of a person from Hong Kong, Macau or Taiwan."""
    body = PERMIT_REGIONS[person % 3] + made.number[6:17]
    return replace(made, number=body + check_character(body), kind="J")

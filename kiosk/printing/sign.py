"""Compose the sign at the entrance: what this place does, with which data, and who operates it.

The measures for face recognition (CAC and MPS order 19, in force 2025-06-01) ask for a sign where faces are
filmed in public places; PIPL, article 17, for name and contact of who processes the data.
"""

from kiosk.model import Language
from kiosk.printing.a4 import Section
from kiosk.printing.slip import Block, BlockStyle, load_phrases
from kiosk.settings import Settings


def sign_sections(settings: Settings) -> list[Section]:
    """Return what is said in each language, then the facts that are the same in all of them."""
    look_up = settings.central.look_up.rstrip("/") if settings.central.public_url else ""
    sections = [Section(language, _texts(language, look_up)) for language in Language]
    facts = _facts(settings)
    if look_up:
        facts.append(Block(BlockStyle.QR, look_up))
    return [*sections, Section(Language.ZH_HANS, facts)]


def _texts(language: Language, look_up: str) -> list[Block]:
    phrases = load_phrases(language)
    words = phrases["sign"]
    texts = [words["what"], words["face"], words["choice"], *([words["look_up"]] if look_up else [])]
    return [
        Block(BlockStyle.TITLE, phrases["general"]["product"]),
        *(Block(BlockStyle.BODY, text) for text in texts),
        Block(BlockStyle.RULE),
    ]


def _facts(settings: Settings) -> list[Block]:
    """Return a line a fact, each labelled in all languages."""
    operator = settings.operator
    values = {
        "place": f"{settings.terminal.place} {settings.terminal.id}".strip(),
        "operator": operator.name,
        "contact": operator.contact,
        "privacy_contact": operator.privacy_contact,
        "hours": operator.hours,
    }
    return [Block(BlockStyle.BODY, f"{_label(name)}  {value}") for name, value in values.items() if value]


def _label(name: str) -> str:
    return " / ".join(dict.fromkeys(load_phrases(language)["sign"][name] for language in Language))

"""Reads and writes the 256 bytes of text on a card's chip, in its four layouts.

UTF-16LE, fields of fixed size padded with blanks, the type letter at byte 248: blank for a resident's
identity card, `J` for a residence permit of people from Hong Kong, Macau and Taiwan, `I` and `Y` for a
foreigner's permanent residence card of 2017 and of 2023. Source: makers' protocol pages; `J` rests on one.

Only fields that a rule or central uses can make a card malformed: number, name, birth and the two dates. All
others are kept as they were read.
"""

from collections.abc import Mapping
from datetime import date

from kiosk.card.nations import NATIONS
from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.model import IdCard

SIZE = 256
TYPE_AT = 248
FOREVER = "长期"
SEXES = {"0": "未知", "1": "男", "2": "女", "9": "未说明"}
"""GB/T 2261.1."""

USED = frozenset({"number", "name", "name_latin", "name_latin_2", "birth", "valid_from", "valid_to"})
"""Fields that decide something. The nation, for one, may be a code of no list, or blank."""

Layout = tuple[tuple[str, int], ...]
"""Names and sizes in bytes, in order."""

_CITIZEN: Layout = (
    ("name", 30),
    ("sex", 2),
    ("nation", 4),
    ("birth", 16),
    ("address", 70),
    ("number", 36),
    ("issuer", 30),
    ("valid_from", 16),
    ("valid_to", 16),
)

LAYOUTS: Mapping[str, Layout] = {
    "resident": (*_CITIZEN, ("reserved", 36)),
    "J": (*_CITIZEN, ("pass", 18), ("issues", 4), ("reserved", 6), ("type", 2), ("reserved", 6)),
    "I": (
        ("name_latin", 120),
        ("sex", 2),
        ("number", 30),
        ("country", 6),
        ("name", 30),
        ("valid_from", 16),
        ("valid_to", 16),
        ("birth", 16),
        ("version", 4),
        ("issuer", 8),
        ("type", 2),
        ("reserved", 6),
    ),
    "Y": (
        ("name", 30),
        ("sex", 2),
        ("renewals", 4),
        ("birth", 16),
        ("name_latin", 70),
        ("number", 36),
        ("reserved", 30),
        ("valid_from", 16),
        ("valid_to", 16),
        ("name_latin_2", 22),
        ("country", 6),
        ("type", 2),
        ("previous", 6),
    ),
}


def parse(text: bytes, portrait: bytes = b"") -> IdCard:
    """Return the card of 256 bytes. Raises CardError: CARD_MALFORMED, CARD_WRONG_TYPE.

    The error's detail names the field, never its content.
    """
    if len(text) != SIZE:
        raise CardError(Code.CARD_MALFORMED, f"{len(text)} bytes of text")
    kind = _decoded(text[TYPE_AT : TYPE_AT + 2], "type") or "resident"
    if kind not in LAYOUTS:
        raise CardError(Code.CARD_WRONG_TYPE, "unknown type letter")
    fields, at = {}, 0
    for field, size in LAYOUTS[kind]:
        if field != "reserved":
            read = _decoded if field in USED else _as_read
            fields[field] = read(text[at : at + size], field)
        at += size
    name = fields["name"] or fields.get("name_latin", "") + fields.get("name_latin_2", "")
    if not name or not fields["number"]:
        raise CardError(Code.CARD_MALFORMED, "no name or no number")
    return IdCard(
        number=fields["number"],
        name=name,
        sex=SEXES.get(fields["sex"], fields["sex"]),
        nation=NATIONS.get(fields["nation"], fields["nation"]) if kind == "resident" else "",
        birth=_date(fields["birth"], "birth"),
        address=fields.get("address", ""),
        issuer=fields.get("issuer", ""),
        valid_from=_date(fields["valid_from"], "valid_from"),
        valid_to=None if fields["valid_to"] == FOREVER else _date(fields["valid_to"], "valid_to"),
        portrait=portrait,
        kind=kind,
    )


def compose(card: IdCard) -> bytes:
    """Return the 256 bytes that `parse` reads as this card. Raises ValueError if a field overflows."""
    values = {
        "name": card.name,
        "sex": _code(card.sex, SEXES),
        "nation": _code(card.nation, NATIONS) if card.kind == "resident" else "",
        "birth": _digits(card.birth),
        "address": card.address,
        "number": card.number,
        "issuer": card.issuer,
        "valid_from": _digits(card.valid_from),
        "valid_to": _digits(card.valid_to) or FOREVER,
        "type": card.kind,
    }
    return b"".join(_padded(values.get(name, ""), size) for name, size in LAYOUTS[card.kind])


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-16-le").strip(" \0\u3000")
    except UnicodeDecodeError:
        raise CardError(Code.CARD_MALFORMED, f"{name} is not UTF-16") from None


def _as_read(raw: bytes, _: str) -> str:
    return raw.decode("utf-16-le", errors="replace").strip(" \0\u3000")


def _date(text: str, name: str) -> date:
    """Return the date of YYYYMMDD; else raise CardError: no text may come to mean "without end"."""
    if len(text) == 8 and text.isascii() and text.isdigit():
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    raise CardError(Code.CARD_MALFORMED, f"{name} is not a date")


def _code(meaning: str, meanings: Mapping[str, str]) -> str:
    return next((code for code, known in meanings.items() if known == meaning), meaning)


def _digits(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else ""


def _padded(text: str, size: int) -> bytes:
    raw = text.encode("utf-16-le")
    if len(raw) > size:
        raise ValueError(f"{len(raw)} bytes do not fit into {size}")
    return raw + " ".encode("utf-16-le") * ((size - len(raw)) // 2)

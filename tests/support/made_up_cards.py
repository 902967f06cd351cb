"""Made-up people: region code 990001 belongs to no place, the check characters are right."""

from datetime import date

from hypothesis import strategies as st

from kiosk.card.nations import NATIONS
from kiosk.card.number import check_character
from kiosk.model import IdCard

REGION = "990001"


def number(born: date, sequence: int) -> str:
    digits = f"{REGION}{born:%Y%m%d}{sequence:03d}"
    return digits + check_character(digits)


def person(
    born: date = date(1984, 2, 29),
    valid_from: date | None = date(2020, 5, 1),
    valid_to: date | None = date(2040, 5, 1),
    kind: str = "resident",
    portrait: bytes = bytes(range(256)) * 4,
) -> IdCard:
    return IdCard(
        number=number(born, 123),
        name="样张三",
        sex="男",
        nation="汉" if kind == "resident" else "",
        birth=born,
        address="无此省无此市样板路1号",
        issuer="样板市公安局",
        valid_from=valid_from,
        valid_to=valid_to,
        portrait=portrait,
        kind=kind,
    )


births = st.dates(date(1900, 1, 1), date(2020, 12, 31))
numbers = st.builds(number, births, st.integers(0, 999))

_word = st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF)
_rare = st.characters(min_codepoint=0x20000, max_codepoint=0x323AF)  # four bytes each in UTF-16

cards = st.builds(
    IdCard,
    number=numbers,
    name=st.one_of(st.text(_word, min_size=1, max_size=15), st.text(_rare, min_size=1, max_size=7)),
    sex=st.sampled_from(["男", "女"]),
    nation=st.sampled_from(sorted(NATIONS.values())),
    birth=births,
    address=st.text(_word, max_size=35),
    issuer=st.text(_word, max_size=15),
    valid_from=births,
    valid_to=st.none() | births,
    portrait=st.binary(min_size=1024, max_size=1024),
    kind=st.just("resident"),
)

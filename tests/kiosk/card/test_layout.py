from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.card.layout import LAYOUTS, SIZE, TYPE_AT, compose, parse
from kiosk.card.nations import NATIONS
from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.model import IdCard
from tests.support.made_up_cards import cards, person


def at(kind: str, field: str) -> slice:
    offset = 0
    for name, size in LAYOUTS[kind]:
        if name == field:
            return slice(offset, offset + size)
        offset += size
    raise KeyError(field)


def with_field(text: bytes, field: str, value: str, kind: str = "resident") -> bytes:
    place = at(kind, field)
    raw = value.encode("utf-16-le")
    return text[: place.start] + raw.ljust(place.stop - place.start, b"\0") + text[place.stop :]


def outcome(text: bytes) -> IdCard | CardError:
    try:
        return parse(text)
    except CardError as error:
        return error


def refused(text: bytes) -> Code:
    with pytest.raises(CardError) as caught:
        parse(text)
    return caught.value.code


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_layout_fills_the_chip_and_has_its_type_where_all_look(kind):
    assert sum(size for _, size in LAYOUTS[kind]) == SIZE
    if kind != "resident":
        assert at(kind, "type").start == TYPE_AT


@given(cards)
def test_a_residents_card_comes_back_as_it_was(card):
    assert parse(compose(card), card.portrait) == card


@pytest.mark.parametrize("kind", ["J", "I", "Y"])
def test_the_other_layouts(kind):
    number = {"J": "81000019900101001X", "I": "UTO999978080701", "Y": "999156199001010015"}[kind]
    card = replace(person(kind=kind), number=number, address="", issuer="1234" if kind == "I" else "")
    assert parse(compose(card), card.portrait) == card


@pytest.mark.parametrize(
    "name",
    [
        "𠮷𡈽",  # beyond the first plane: a surrogate pair each
        "\U000323af\U0003134a𪚥",  # the newest extensions
        "\ue864\uf8ff王",  # private use: what old cards hold for characters that had no code yet
        "买买提·吐尔逊·阿卜杜",
        "阿卜杜热依木·阿卜杜热依木",
        "〇一",
        "㐱㒢",
        "兰•旺堆",  # another dot than the usual one
    ],
)
def test_rare_and_long_names_come_whole(name):
    card = replace(person(), name=name)
    assert parse(compose(card), card.portrait) == card


@pytest.mark.parametrize("kind", LAYOUTS)
def test_what_stands_in_reserved_fields_does_not_matter(kind):
    number = {"I": "UTO999978080701"}.get(kind, person().number)
    card = replace(person(kind=kind), number=number, address="", issuer="")
    text, offset = bytearray(compose(card)), 0
    for name, size in LAYOUTS[kind]:
        for i in range(offset, offset + size):
            if name == "reserved" and i not in (TYPE_AT, TYPE_AT + 1):
                text[i] = 0xD8 if i % 2 else 0x55  # not even UTF-16
        offset += size
    assert parse(bytes(text), card.portrait) == card


def test_a_foreigner_without_a_chinese_name_has_the_latin_one_whole():
    text = with_field(compose(person(kind="Y")), "name", "", "Y")
    text = with_field(text, "name_latin", "MUSTERMANN, MAXIMILIAN OTTOKAR JOSE", "Y")
    text = with_field(text, "name_latin_2", "PH ADALBERT", "Y")
    assert parse(text).name == "MUSTERMANN, MAXIMILIAN OTTOKAR JOSEPH ADALBERT"


def test_without_end():
    assert parse(with_field(compose(person()), "valid_to", "长期")).valid_to is None


def test_only_those_words_mean_without_end():
    for other in ("", "长", "99999999", "0", "長期", "20260230"):
        assert refused(with_field(compose(person()), "valid_to", other)) is Code.CARD_MALFORMED


@pytest.mark.parametrize("field", ["name", "number", "birth", "valid_from"])
def test_a_card_without_a_field_that_matters_is_malformed(field):
    assert refused(with_field(compose(person()), field, "")) is Code.CARD_MALFORMED


@pytest.mark.parametrize("value", ["57", "81", "1", "99", "", "\ud8ff"])
@pytest.mark.parametrize("field", ["nation", "sex", "address", "issuer"])
def test_a_field_that_decides_nothing_refuses_nobody(field, value):
    raw = value.encode("utf-16-le", "surrogatepass")[: 2 if field == "sex" else 4]
    place, text = at("resident", field), compose(person())
    changed = text[: place.start] + raw.ljust(place.stop - place.start, b"\0") + text[place.stop :]
    card = parse(changed)
    assert (card.number, card.birth) == (person().number, person().birth)
    assert parse(compose(card)) == card  # kept as it was read


def test_known_codes_are_told_by_name():
    for code, name in (("01", "汉"), ("97", "其他")):
        assert parse(with_field(compose(person()), "nation", code)).nation == name
    assert parse(with_field(compose(person()), "nation", "81")).nation == "81"


def test_blanks_of_every_kind_are_padding():
    card = person()
    for blank in (" ", "\0", "\u3000"):
        assert parse(with_field(compose(card), "name", card.name + 5 * blank), card.portrait) == card


def test_another_type_letter_is_another_type_of_card():
    text = compose(person())
    assert refused(text[:TYPE_AT] + "Q".encode("utf-16-le") + text[TYPE_AT + 2 :]) is Code.CARD_WRONG_TYPE


def test_half_a_surrogate_pair_is_malformed():
    assert refused(b"\x00\xd8" * 15 + compose(person())[30:]) is Code.CARD_MALFORMED


@given(st.binary(min_size=250, max_size=260))
def test_any_bytes_give_a_card_or_a_code(text):
    got = outcome(text)
    assert isinstance(got, IdCard) or got.code in (Code.CARD_MALFORMED, Code.CARD_WRONG_TYPE)


@given(cards, st.integers(0, SIZE - 1), st.integers(1, 255))
def test_a_changed_byte_gives_a_card_or_a_code_that_tells_nothing(card, where, change):
    text = bytearray(compose(card))
    text[where] ^= change
    got = outcome(bytes(text))
    if isinstance(got, CardError):
        assert card.name not in got.detail
        assert card.number not in got.detail


def test_there_are_fifty_six_nations_and_two_more():
    assert len(NATIONS) == 58
    assert (NATIONS["01"], NATIONS["56"], NATIONS["15"]) == ("汉", "基诺", "土家")


def test_what_does_not_fit_is_not_cut():
    with pytest.raises(ValueError, match="do not fit"):
        compose(replace(person(), name="长" * 16))


def test_a_birth_that_is_no_date():
    assert refused(with_field(compose(person()), "birth", "19840230")) is Code.CARD_MALFORMED
    assert parse(with_field(compose(person()), "birth", "19840228")).birth == date(1984, 2, 28)

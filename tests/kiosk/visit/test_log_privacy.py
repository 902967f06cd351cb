"""A visit's log, line by line: nothing of the person is in it, and it still replays the same visit."""

from msgspec.structs import astuple

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import IdCard, Stage
from kiosk.visit import replay
from tests.kiosk.visit.review_drive import StaffedVisitDriver
from tests.support.made_up_cards import person
from tests.support.visit_driver import GOOD_CARD, NUMBER, policy

CARD = person()


def written(card: IdCard) -> list[str]:
    """Return what stands on a card, as it would look in a log."""
    dates = [card.birth, card.valid_from, card.valid_to]
    return [card.number, card.name, card.address, card.issuer, *(str(date) for date in dates if date)]


def test_a_card_is_not_in_the_log_and_its_facts_are():
    line = replay.encode_event(1.0, e.CardRead(GOOD_CARD, card=CARD)).decode()
    assert [text for text in written(CARD) if text in line] == []
    _, [row] = replay.read([replay.encode_policy(policy()), line.encode()])
    assert row.event == e.CardRead(GOOD_CARD, card=None)
    assert all(value is not None for value in astuple(CARD))


def test_what_was_typed_is_not_in_the_log_and_its_faults_are():
    line = replay.encode_event(1.0, e.Typed(phone="19912345678", password="11111111"))
    assert b"19912345678" not in line
    assert b"11111111" not in line
    _, [row] = replay.read([replay.encode_policy(policy()), line])
    assert row.event.faults == (Code.PASSWORD_WEAK,)
    assert row.event.redacted


def test_a_pin_is_not_in_the_log_and_its_clerk_is():
    line = replay.encode_event(1.0, e.Signs("7001", "246813"))
    assert b"246813" not in line
    assert b"7001" in line


def test_no_line_of_a_whole_visit_names_the_person():
    drive = StaffedVisitDriver()
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
    drive.feed(e.Agreed("zh-Hans", "00" * 32, picture=True))
    drive.feed(e.CardRead(GOOD_CARD, card=CARD))
    drive.feed(e.Typed(phone="19912345678", password="31415926"))
    drive.match().read()
    assert drive.visit.stage is Stage.SUBMIT
    log = b"".join(replay.encode_event(at, event) for at, event in drive.log).decode()
    assert [text for text in (*written(CARD), "19912345678", "31415926") if text in log] == []
    again, _ = replay.replay([replay.encode_policy(policy()), *log.encode().splitlines()])
    assert again.stage is Stage.SUBMIT

import struct

import pytest

from kiosk.card.frames import build
from kiosk.card.protocol import (
    ATTEMPTS,
    GAP_S,
    STATUS_MEANINGS,
    Command,
    Session,
    Status,
    meaning,
    raise_for,
    require_ready,
)
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceLost

MEANT = {
    0x10: Code.READER_FAULT,
    0x11: Code.READER_FAULT,
    0x21: Code.READER_FAULT,
    0x23: Code.READER_FAULT,
    0x24: Code.READER_FAULT,
    0x31: Code.CARD_REJECTED,
    0x32: Code.CARD_NOT_GENUINE,
    0x33: Code.CARD_NOT_GENUINE,
    0x40: Code.CARD_WRONG_TYPE,
    0x41: Code.CARD_UNREADABLE,
    0x47: Code.READER_FAULT,
    0x60: Code.READER_FAULT,
    0x66: Code.READER_UNAUTHORISED,
    0x80: Code.CARD_REMOVED,
    0x81: Code.CARD_MOVED,
    0x91: Code.CARD_UNREADABLE,
}


class Script:
    """A line whose other end answers from a list; None is silence."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.sent.append(data)

    def receive(self, timeout_s: float) -> bytes:
        return (self.answers.pop(0) if self.answers else None) or b""


def session(*answers: bytes | None) -> Session:
    return Session(Script(*answers), timeout_s=0.02)


def frame(status: int, data: bytes = b"") -> bytes:
    return build(bytes([0, 0, status]) + data)


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(("status", "code"), MEANT.items())
def test_every_status_has_its_code(status, code):
    with pytest.raises((CardError, DeviceLost)) as caught:
        raise_for(status)
    assert caught.value.code is code
    assert isinstance(caught.value, CardError) == meaning(status).card


def test_no_status_is_left_without_a_meaning():
    assert set(STATUS_MEANINGS) == set(Status)
    assert {status for status in Status if STATUS_MEANINGS[status].code is not MEANT.get(status)} == {
        Status.OK,
        Status.FOUND,
    }


@pytest.mark.parametrize("status", range(256))
def test_what_a_reader_says_of_itself_is_never_told_of_a_card(status):
    if status == Status.OK:
        require_ready(status)
        return
    with pytest.raises(DeviceLost):
        require_ready(status)


@pytest.mark.parametrize("status", range(256))
def test_looking_for_a_card_ends_with_an_answer_or_with_a_code(status):
    reading = session(*[frame(status)] * ATTEMPTS)
    if status in (Status.FOUND, Status.FIND_FAILED, Status.SELECT_FAILED, Status.EMPTY):
        assert reading.find() == (status == Status.FOUND)
        return
    with pytest.raises((CardError, DeviceLost)) as caught:
        reading.find()
    assert caught.value.code is MEANT.get(status, Code.READER_FAULT)


def test_the_further_address_and_the_chips_number():
    text = "无此省无此市样板路2号".encode("utf-16-le").ljust(70, b"\0")
    assert session(frame(Status.OK, text)).further_address() == "无此省无此市样板路2号"
    assert session(frame(Status.EMPTY)).further_address() == ""
    assert session(frame(Status.OK, b"12345678")).chip_number() == b"12345678"
    assert session(frame(Status.EMPTY)).chip_number() == b""


@pytest.mark.parametrize("data", [bytes(69), b"\x00\xd8" * 35])
def test_a_further_address_that_cannot_be(data):
    with pytest.raises(CardError) as caught:
        session(frame(Status.OK, data)).further_address()
    assert caught.value.code is Code.CARD_MALFORMED


def test_an_item_of_a_card_that_is_gone():
    with pytest.raises(CardError) as caught:
        session(frame(Status.READ_FAILED)).chip_number()
    assert caught.value.code is Code.CARD_UNREADABLE


@pytest.mark.parametrize("status", range(256))
def test_no_status_but_90_reads_a_card(status):
    data = struct.pack(">HH", 256, 1024) + bytes(1280)
    reading = session(*[frame(status, data)] * ATTEMPTS)
    if status == Status.OK:
        assert len(reading.read()[1]) == 1024
        return
    with pytest.raises((CardError, DeviceLost)) as caught:
        reading.read()
    assert caught.value.code is MEANT.get(status, Code.READER_FAULT)


def test_a_damaged_answer_is_asked_again():
    line = Script(flipped(frame(Status.FOUND)), b"\x12\x34" + frame(Status.FOUND))
    assert Session(line, 0.05).find()
    assert len(line.sent) == 2


def test_a_reader_that_got_noise_is_asked_again():
    line = Script(frame(Status.CHECKSUM), frame(Status.LENGTH), frame(Status.FOUND))
    assert Session(line, 0.05).find()


def test_damage_without_end_is_a_fault():
    with pytest.raises(DeviceLost) as caught:
        session(*[flipped(frame(Status.FOUND))] * 9).find()
    assert caught.value.code is Code.READER_FAULT


def test_silence_is_a_lost_reader():
    with pytest.raises(DeviceLost) as caught:
        session().find()
    assert caught.value.code is Code.READER_LOST


def test_half_an_answer_is_asked_again():
    half = frame(Status.FOUND)[:-2]
    line = Script(half)
    with pytest.raises(DeviceLost) as caught:
        Session(line, 0.02).find()
    assert caught.value.code is Code.READER_LOST
    assert len(line.sent) == 2


class Clock:
    """Time passes only while somebody waits for bytes."""

    def __init__(self, *answers: bytes) -> None:
        self.now = 0.0
        self.answers = list(answers)

    def __call__(self) -> float:
        return self.now

    def send(self, data: bytes) -> None: ...

    def receive(self, timeout_s: float) -> bytes:
        if self.answers:
            return self.answers.pop(0)
        self.now += timeout_s
        return b""


def test_half_an_answer_costs_a_gap_and_not_the_whole_time():
    line = Clock(frame(Status.FOUND)[:-2])
    with pytest.raises(DeviceLost):
        Session(line, 2.0, attempts=1, clock=line).find()
    assert line.now == pytest.approx(GAP_S)


def test_noise_before_the_answer_does_not_cut_it_short():
    line = Clock(b"\x55\x55")
    with pytest.raises(DeviceLost):
        Session(line, 2.0, attempts=1, clock=line).find()
    assert line.now == pytest.approx(2.0)


def test_an_answer_too_short_for_a_status_is_damage():
    line = Script(build(b"\0"), frame(Status.FOUND))
    assert Session(line, 0.05).find()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        struct.pack(">HH", 256, 1024),
        struct.pack(">HH", 256, 1024) + bytes(1279),
        struct.pack(">HH", 256, 1024) + bytes(1281),
        struct.pack(">HH", 1024, 256) + bytes(1280),
    ],
)
def test_other_sizes_are_malformed(data):
    with pytest.raises(CardError) as caught:
        session(frame(Status.OK, data)).read()
    assert caught.value.code is Code.CARD_MALFORMED


def test_the_security_module_has_a_number():
    raw = struct.pack("<HHIII", 5, 1, 20_240_101, 1_234_567, 7_654_321)
    assert session(frame(Status.OK, raw)).sam_id() == "05.01-20240101-0001234567-0007654321"


def test_commands_are_what_the_makers_write():
    line = Script(frame(Status.FOUND))
    Session(line, 0.05).find()
    assert line.sent == [bytes.fromhex("AAAAAA96690003200122")]
    assert Command.READ == 0x3001

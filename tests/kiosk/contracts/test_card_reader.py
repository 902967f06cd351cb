"""The card reader's contract, over every driver; then SAM-V against a reader on a pseudo-terminal."""

import os
import queue
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.activation.pinned_reader import ReaderCheck
from kiosk.capture.card_reader import SamV
from kiosk.capture.card_watcher import CardWatcher
from kiosk.capture.supervisor import Supervisor
from kiosk.card.layout import compose
from kiosk.card.person_commitment import person_commitment
from kiosk.card.protocol import Command, Status
from kiosk.codes import Code
from kiosk.errors import CardError, DeviceBusy, DeviceLost, DeviceMissing
from kiosk.events import CardFailed, CardRead, CardRemoved, DeviceFailed, DeviceReady, Event
from kiosk.model import Device, IdCard
from kiosk.ports import CardReader, Context
from kiosk.simulators.card_reader import SimulatedCardReader
from kiosk.simulators.sam_v import SAM_ID, ReaderFault, SamVOnPty
from kiosk.worker import Worker
from tests.support.headless_terminal import READER_ON_PTY
from tests.support.made_up_cards import person

CARD = person()
TODAY = date(2026, 3, 1)


class CardSlot:
    """The one thing of `simulators.shop.SimulatedShop` that a reader looks at."""

    def __init__(self) -> None:
        self.lies: IdCard | CardError | None = None

    def card(self) -> IdCard | CardError | None:
        return self.lies

    def put(self, card: IdCard) -> None:
        self.lies = card

    def lift(self) -> None:
        self.lies = None


def context(world=None) -> Context:
    return Context(
        resources=Path("."), models=Path("."), simulation=world is not None, clock=time.monotonic, world=world
    )


def sam_v(port: str) -> SamV:
    return SamV(SamV.Settings(port=port, timeout_s=0.5), context())


@pytest.fixture
def samv() -> Iterator[SamVOnPty]:
    with SamVOnPty() as reader:
        yield reader


@pytest.fixture(params=["sam-v", "simulated"])
def both(request) -> Iterator[tuple[CardReader, SamVOnPty | CardSlot]]:
    if request.param == "simulated":
        shop = CardSlot()
        yield SimulatedCardReader(SimulatedCardReader.Settings(read_s=0.01), context(shop)), shop
        return
    table = request.getfixturevalue("samv")
    driver = sam_v(table.port)
    yield driver, table
    driver.close()


# ── every driver ─────────────────────────────────────────────────────────────────────────────────


def test_a_card_is_seen_read_and_seen_to_go(both):
    driver, table = both
    driver.open()
    assert not driver.present()
    table.put(CARD)
    assert driver.present()
    assert driver.present()
    assert driver.read() == CARD
    assert driver.present()
    table.lift()
    assert not driver.present()
    table.put(replace(CARD, name="样张四"))
    assert driver.present()
    assert driver.read().name == "样张四"


def test_reading_no_card_is_a_code(both):
    driver, _ = both
    driver.open()
    with pytest.raises(CardError) as caught:
        driver.read()
    assert caught.value.code is Code.CARD_REMOVED


def test_close_may_come_twice_and_open_again(both):
    driver, table = both
    driver.close()
    driver.open()
    driver.close()
    driver.close()
    driver.open()
    table.put(CARD)
    assert driver.present()


def test_the_simulated_reader_works_in_simulation_only():
    driver = SimulatedCardReader(SimulatedCardReader.Settings(), context())
    with pytest.raises(DeviceMissing):
        driver.open()


def test_a_simulated_card_taken_away_half_way():
    shop = CardSlot()
    shop.put(CARD)
    driver = SimulatedCardReader(SimulatedCardReader.Settings(read_s=0.3), context(shop))
    driver.open()
    assert driver.present()
    threading.Timer(0.1, shop.lift).start()
    with pytest.raises(CardError) as caught:
        driver.read()
    assert caught.value.code is Code.CARD_MOVED


def test_a_reader_says_which_one_it_is(both):
    driver, _ = both
    driver.open()
    assert driver.identity().sam == READER_ON_PTY.sam
    assert driver.identity() == driver.identity()


# ── SAM-V ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def driver(samv) -> Iterator[SamV]:
    driver = sam_v(samv.port)
    driver.open()
    yield driver
    driver.close()


def fails(driver: SamV) -> CardError | DeviceLost:
    with pytest.raises((CardError, DeviceLost)) as caught:
        driver.read()
    return caught.value


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.CARD_REJECTS_SAM, Code.CARD_REJECTED),
        (Status.SAM_REJECTS_CARD, Code.CARD_NOT_GENUINE),
        (Status.VERIFY_FAILED, Code.CARD_NOT_GENUINE),
        (Status.CARD_TYPE, Code.CARD_WRONG_TYPE),
        (Status.RANDOM_NUMBER, Code.READER_FAULT),
        (Status.SELF_TEST, Code.READER_FAULT),
        (Status.UNAUTHORISED, Code.READER_UNAUTHORISED),
    ],
)
def test_what_the_reader_says_on_the_line(samv, driver, status, code):
    samv.put(CARD)
    samv.faults.append(ReaderFault(Command.READ, status))
    assert fails(driver).code is code


def test_a_card_that_lies_well_but_cannot_be_read(samv, driver):
    def lay_again(answer: bytes) -> bytes:
        samv.put(CARD)
        return answer

    samv.put(CARD)
    samv.faults += [ReaderFault(Command.READ, Status.READ_FAILED, lay_again) for _ in range(2)]
    assert fails(driver).code is Code.CARD_UNREADABLE


def test_a_card_that_moved_while_it_was_read_is_read_again(samv, driver):
    def lay_again(answer: bytes) -> bytes:
        samv.put(CARD)
        return answer

    samv.put(CARD)
    samv.faults.append(ReaderFault(Command.READ, Status.READ_FAILED, lay_again, lift=True))
    assert driver.read() == CARD
    assert samv.commands.count(Command.READ) == 2


def test_a_card_taken_away_while_it_was_read(samv, driver):
    samv.put(CARD)
    samv.faults.append(ReaderFault(Command.READ, Status.READ_FAILED, lift=True))
    assert fails(driver).code is Code.CARD_MOVED
    assert not driver.present()


def test_noise_on_the_line_does_not_matter(samv, driver):
    samv.put(CARD)
    samv.faults += [
        ReaderFault(Command.READ, alter=lambda frame: frame[:700] + b"\0" + frame[701:]),
        ReaderFault(Command.READ, alter=lambda frame: b"\xaa\xaa\x96 noise \xaa" + frame),
    ]
    assert driver.read() == CARD


def test_a_card_whose_chip_holds_nonsense(samv, driver):
    samv.put(CARD, text=b"\xff" * 256)
    assert fails(driver).code in (Code.CARD_MALFORMED, Code.CARD_WRONG_TYPE)
    samv.put(CARD, text=compose(CARD)[:252])
    assert fails(driver).code is Code.CARD_MALFORMED


def test_an_answer_that_stops_half_way(samv, driver):
    samv.put(CARD)
    samv.faults.append(ReaderFault(Command.READ, alter=lambda frame: frame[:500]))
    assert driver.read() == CARD


def test_a_reader_that_falls_silent_is_lost(samv, driver):
    samv.faults.append(ReaderFault(Command.FIND, alter=lambda _: b""))
    with pytest.raises(DeviceLost) as caught:
        driver.present()
    assert caught.value.code is Code.READER_LOST


def test_an_unplugged_reader_is_lost(samv, driver):
    samv.unplug()
    with pytest.raises(DeviceLost) as caught:
        driver.present()
    assert caught.value.code is Code.READER_LOST


def test_unplugged_while_it_waits_for_an_answer(samv):
    driver = SamV(SamV.Settings(port=samv.port, timeout_s=5.0), context())
    driver.open()
    samv.faults.append(ReaderFault(Command.FIND, alter=lambda _: b""))
    threading.Timer(0.1, samv.unplug).start()
    began = time.monotonic()
    with pytest.raises(DeviceLost):
        driver.present()
    assert time.monotonic() - began < 2.0
    driver.close()


def test_ports_that_are_not_there():
    for port in ("", "no/such/port", "hwgrep://no-such-reader", "nonsense://x"):
        with pytest.raises(DeviceMissing) as caught:
            sam_v(port).open()
        assert caught.value.code is Code.READER_MISSING


def test_a_port_where_nothing_answers(samv):
    samv.faults.append(ReaderFault(Command.STATUS, alter=lambda _: b""))
    with pytest.raises(DeviceMissing):
        sam_v(samv.port).open()


def test_a_port_that_another_program_has(samv, driver):
    with pytest.raises(DeviceBusy) as caught:
        sam_v(samv.port).open()
    assert caught.value.code is Code.READER_BUSY


def test_a_reader_on_no_usb_has_no_socket(driver):
    assert driver.identity() == READER_ON_PTY


@pytest.mark.parametrize("answer", [b"", bytes(15), bytes(17)])
def test_a_reader_that_does_not_say_which_one_it_is_has_a_fault(samv, driver, answer):
    samv.sam_id = answer
    with pytest.raises(DeviceLost) as caught:
        driver.identity()
    assert caught.value.code is Code.READER_FAULT


def test_a_reader_that_is_not_authorised(samv):
    samv.faults.append(ReaderFault(Command.STATUS, Status.UNAUTHORISED))
    with pytest.raises(DeviceLost) as caught:
        sam_v(samv.port).open()
    assert caught.value.code is Code.READER_UNAUTHORISED


# ── the watcher ──────────────────────────────────────────────────────────────────────────────────


class Desk:
    """A watcher on a pseudo-terminal, stepped by hand; the events it gave."""

    def __init__(self, samv: SamVOnPty) -> None:
        self.samv = samv
        self.events: list[Event] = []
        self.pinned = READER_ON_PTY
        self.watcher = CardWatcher(
            sam_v(samv.port),
            self.events.append,
            lambda: TODAY,
            require_pinned=lambda reader: ReaderCheck(None).require(reader, self.pinned),
            poll_s=0.0,
            idle_poll_s=0.0,
        )
        self.watcher.open()

    def look(self, times: int = 4) -> list[Event]:
        del self.events[:]
        for _ in range(times):
            self.watcher.step()
        return list(self.events)


@pytest.fixture
def desk(samv) -> Iterator[Desk]:
    desk = Desk(samv)
    yield desk
    desk.watcher.close()


def test_a_card_is_told_once_with_its_facts(desk):
    desk.watcher.await_card()
    desk.samv.put(CARD)
    (event,) = desk.look()
    assert isinstance(event, CardRead)
    assert replace(event.card, salt="") == CARD
    assert event.person == person_commitment(event.card)
    assert event.facts.number_valid
    assert desk.look() == []


def test_a_card_is_told_with_the_reader_that_read_it(desk):
    desk.watcher.await_card()
    desk.samv.put(CARD)
    (event,) = desk.look()
    assert event.reader == READER_ON_PTY


def test_another_reader_is_not_opened(desk):
    desk.pinned = replace(READER_ON_PTY, socket="0000:00:14.0-1")
    desk.watcher.close()
    with pytest.raises(DeviceMissing) as caught:
        desk.watcher.open()
    assert caught.value.code is Code.READER_CHANGED


def test_no_card_is_read_by_a_reader_that_is_exchanged_while_the_port_is_open(desk):
    desk.watcher.await_card()
    desk.look()
    desk.samv.sam_id = SAM_ID[:-1] + b"\x01"
    desk.samv.put(CARD)
    with pytest.raises(DeviceMissing) as caught:
        desk.look()
    assert caught.value.code is Code.READER_CHANGED
    assert desk.events == []
    assert Command.READ not in desk.samv.commands


def test_no_card_is_read_before_it_is_awaited(desk):
    desk.samv.put(CARD)
    assert desk.look() == []
    assert Command.READ not in desk.samv.commands
    desk.watcher.await_card()
    assert isinstance(desk.look()[0], CardRead)


def test_no_card_is_read_after_it_is_ignored(desk):
    desk.watcher.await_card()
    desk.watcher.ignore_card()
    desk.samv.put(CARD)
    assert desk.look() == []


def test_the_same_card_for_the_next_visit(desk):
    desk.watcher.await_card()
    desk.samv.put(CARD)
    assert len(desk.look()) == 1
    desk.watcher.ignore_card()
    desk.watcher.await_card()
    assert isinstance(desk.look()[0], CardRead)


def test_a_failed_card_is_read_again_when_it_is_laid_down_anew(desk):
    desk.watcher.await_card()
    desk.samv.put(CARD)
    desk.samv.faults.append(ReaderFault(Command.READ, Status.VERIFY_FAILED))
    assert desk.look() == [CardFailed(Code.CARD_NOT_GENUINE)]
    desk.watcher.await_card()
    assert desk.look() == []
    desk.samv.lift()
    assert desk.look() == [CardRemoved()]
    desk.samv.put(CARD)
    assert isinstance(desk.look()[0], CardRead)


def test_a_card_taken_away_is_told_once(desk):
    desk.samv.put(CARD)
    desk.look()
    desk.samv.lift()
    assert desk.look(9) == [CardRemoved()]


def test_a_card_that_is_shifted_is_not_taken_away(desk):
    desk.samv.put(CARD)
    desk.look()
    desk.samv.lift()
    desk.look(2)
    desk.samv.put(CARD)
    assert desk.look() == []


def test_a_card_whose_visit_is_over_goes_nowhere(desk):
    desk.watcher.await_card()
    desk.samv.put(CARD)

    def cancelled(answer: bytes) -> bytes:
        desk.watcher.ignore_card()
        return answer

    desk.samv.faults.append(ReaderFault(Command.READ, alter=cancelled))
    assert desk.look() == []


# ── supervised ───────────────────────────────────────────────────────────────────────────────────


def test_unplugged_and_plugged_in_again_it_is_back_within_three_seconds(tmp_path):
    port = tmp_path / "reader"
    events: queue.Queue[Event] = queue.Queue()
    watcher = CardWatcher(
        sam_v(str(port)),
        events.put,
        lambda: TODAY,
        require_pinned=lambda _: None,
        poll_s=0.02,
        idle_poll_s=0.02,
    )
    worker = Worker("card", Supervisor(Device.READER, watcher, events.put, wanted=True).run).start()
    try:
        assert events.get(timeout=3) == DeviceFailed(Device.READER, Code.READER_MISSING)
        for _ in range(2):
            with SamVOnPty() as samv:
                os.symlink(samv.port, port)
                assert events.get(timeout=3) == DeviceReady(Device.READER)
                watcher.await_card()
                samv.put(CARD)
                assert isinstance(events.get(timeout=3), CardRead)
                watcher.ignore_card()
                port.unlink()
            assert events.get(timeout=3) == DeviceFailed(Device.READER, Code.READER_LOST)
            assert events.get(timeout=3) == DeviceFailed(Device.READER, Code.READER_MISSING)
    finally:
        assert worker.stop()

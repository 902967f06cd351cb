"""Simulated customers and staff wait for the screen, however slow the machine is."""

import threading
import time

import numpy as np
import pytest

from kiosk import events as e
from kiosk.model import Role, Stage
from kiosk.simulators.customer import Customer, CustomerBehaviour
from kiosk.simulators.staff import SimulatedStaff, StaffBehaviour
from kiosk.worker import Worker

LIMIT_S = 30.0
"""Generous: nothing here takes more than two seconds on a machine of its own."""
QUICK = {"touch_s": 0.01}


class SlowScreen:
    """Takes a touch only after it was refused `refusals` times; remembers what was taken."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.taken: list[str] = []
        self.tried = threading.Event()

    def press(self, name: str) -> bool:
        self.tried.set()
        if self.refusals > 0:
            self.refusals -= 1
            return False
        self.taken.append(name)
        return True

    def type(self, text: str) -> bool:
        return self.press(text)


class Silence:
    def say(self, digit, take=None):
        return np.zeros(160, np.float32)


def wait_until(done) -> None:
    until = time.monotonic() + LIMIT_S
    while not done():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def running():
    workers = []

    def start(actor):
        workers.append(Worker("actor", actor.run).start())
        return actor

    yield start
    assert all(worker.stop() for worker in workers)


def customer(screen, **behaviour):
    return Customer(
        CustomerBehaviour(**(QUICK | behaviour)), touch=screen, voice=Silence(), clock=time.monotonic
    )


def test_a_touch_is_repeated_until_the_screen_takes_it(running):
    screen = SlowScreen(refusals=5)
    running(customer(screen)).see(e.Show(stage=Stage.IDLE))
    wait_until(lambda: screen.taken == ["begin"])
    assert screen.refusals == 0


def test_what_is_typed_keeps_its_order_while_keys_refuse(running):
    screen = SlowScreen(refusals=7)
    running(customer(screen, phone="19912345670", password="31415926")).see(e.Show(stage=Stage.PHONE))
    typed = [*"19912345670", "key_next", *"31415926", "key_next", *"31415926", "key_next"]
    wait_until(lambda: len(screen.taken) == len(typed))
    assert screen.taken == typed


def test_a_touch_that_is_not_taken_is_given_up_when_another_screen_comes(running):
    screen = SlowScreen(refusals=10**9)
    one = running(customer(screen))
    one.see(e.Show(stage=Stage.IDLE))
    assert screen.tried.wait(LIMIT_S)
    one.see(e.Show(stage=Stage.SUBMIT))
    screen.refusals = 0
    one.see(e.Show(stage=Stage.CARD))
    wait_until(lambda: one.card_on_reader)
    assert len(screen.taken) <= 1, "the touch for the old screen is not repeated for ever"


def test_a_customer_who_leaves_touches_nothing_more(running):
    screen = SlowScreen(refusals=10**9)
    one = running(customer(screen))
    one.see(e.Show(stage=Stage.IDLE))
    assert screen.tried.wait(LIMIT_S)
    one.leave()
    assert not one.present
    assert screen.taken == []


def test_a_card_that_is_lifted_too_early_is_lifted_once_when_the_reader_has_found_it(running):
    one = running(customer(SlowScreen(), card="lifted_once"))
    for lies_after in (False, True):
        one.see(e.Show(stage=Stage.CARD))
        wait_until(lambda: one.card_on_reader)
        one.card_found()
        assert one.card_on_reader is lies_after


def test_staff_sign_with_their_own_numbers(running):
    screen = SlowScreen(refusals=3)
    staff = running(SimulatedStaff(screen))
    staff.staff = StaffBehaviour(clerk="01", pin="12", supervisor="03", supervisor_pin="45")
    staff.see(e.Show(stage=Stage.REVIEW))
    staff.see(e.AskSignature(Role.CLERK, clerk="01"))
    staff.see(e.AskSignature(Role.SUPERVISOR))
    keys = ["i_am_clerk", "key_1", "key_2", "key_next"]
    keys += ["key_0", "key_3", "key_next", "key_4", "key_5", "key_next"]
    wait_until(lambda: len(screen.taken) == len(keys))
    assert screen.taken == keys


def test_nobody_on_duty_touches_nothing(running):
    screen = SlowScreen()
    staff = running(SimulatedStaff(screen))
    staff.see(e.Show(stage=Stage.REVIEW))
    wait_until(lambda: not staff._seen)
    assert screen.taken == []

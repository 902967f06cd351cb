"""The clerk is called once for many touches, and never said to be called when they were not."""

import threading

import pytest

from kiosk.clerk_call.caller import CALL_AGAIN_S, LONGEST_CALL_S, ClerkCaller
from kiosk.clerk_call.none import NoClerkCall
from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.events import ClerkCallChanged, DeviceFailed, DeviceReady
from kiosk.model import ClerkCallState, Device
from kiosk.worker import Worker


class Bell:
    """A driver that notes what it is asked for, and can be made to fail."""

    reaches = True

    def __init__(self, fault=None):
        self.fault = fault
        self.done = []

    def probe(self):
        pass

    def call(self, facts):
        self.done.append(facts)
        if self.fault is not None:
            raise self.fault

    def end(self):
        self.done.append("end")


class Counter:
    """A caller on its thread, with a clock that is moved by hand."""

    def __init__(self, driver, second_screen=False):
        self.now = 1000.0
        self.chimes = 0
        self.posted = []
        self.news = threading.Condition()
        self.caller = ClerkCaller(
            driver, terminal="GZ-008", place="Shop", second_screen=second_screen, chime=self._chime,
            staffed=lambda: False, post=self._post, clock=lambda: self.now, clock_unix=lambda: 1.7e9,
        )  # fmt: skip
        self.worker = Worker("clerk_call", self.caller.run).start()

    def _chime(self):
        self.chimes += 1

    def _post(self, event):
        with self.news:
            self.posted.append(event)
            self.news.notify_all()

    def wait(self, count):
        with self.news:
            assert self.news.wait_for(lambda: len(self.posted) >= count, 60)
        return self.posted[:count]


@pytest.fixture
def counter():
    made = []

    def make(*arguments, **options):
        made.append(Counter(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        assert one.worker.stop()


def until(condition):
    waiting = threading.Event()
    for _ in range(600):
        if condition():
            return
        waiting.wait(0.1)
    raise AssertionError("it never came")


def test_a_call_is_said_to_be_made_only_when_it_was(counter):
    bell = Bell()
    one = counter(bell)
    assert one.caller.ring() == ClerkCallChanged(ClerkCallState.CALLING, staffed=False)
    assert one.wait(2) == [
        DeviceReady(Device.CLERK_CALL),
        ClerkCallChanged(ClerkCallState.CALLED, staffed=False),
    ]
    [facts] = bell.done
    assert (facts.terminal, facts.place, facts.at_unix) == ("GZ-008", "Shop", 1.7e9)
    assert one.chimes == 1


@pytest.mark.parametrize("fault", [DeviceLost(Code.CLERK_CALL_FAILED, "x"), RuntimeError("a bug")])
def test_a_call_that_failed_is_said_to_have_failed(counter, fault):
    one = counter(Bell(fault))
    one.caller.ring()
    assert one.wait(2) == [
        DeviceFailed(Device.CLERK_CALL, Code.CLERK_CALL_FAILED),
        ClerkCallChanged(ClerkCallState.FAILED, staffed=False),
    ]
    one.now += CALL_AGAIN_S
    one.caller.ring()  # the thread lives on
    one.wait(4)


def test_where_nothing_calls_the_customer_waves(counter):
    one = counter(NoClerkCall(NoClerkCall.Settings(), None))
    assert one.caller.ring().call is ClerkCallState.WAVE
    assert one.chimes == 1
    assert one.posted == []


def test_the_second_screen_shows_every_call(counter):
    one = counter(Bell(DeviceLost(Code.CLERK_CALL_FAILED, "x")), second_screen=True)
    assert one.caller.ring().call is ClerkCallState.CALLED
    assert one.wait(2)[0] == DeviceFailed(Device.CLERK_CALL, Code.CLERK_CALL_FAILED)
    assert one.posted[1].call is ClerkCallState.CALLED


def test_many_touches_are_one_call(counter):
    bell = Bell()
    one = counter(bell)
    for _ in range(20):
        one.caller.ring()
        one.now += 0.5
    one.wait(2)
    assert (one.chimes, len(bell.done)) == (1, 1)
    assert one.caller.ring().call is ClerkCallState.CALLED
    one.now += CALL_AGAIN_S
    one.caller.ring()
    assert one.chimes == 2


def test_a_call_that_ended_is_made_again_but_without_another_chime(counter):
    bell = Bell()
    one = counter(bell)
    one.caller.ring()
    one.caller.end()
    one.caller.ring()
    until(lambda: len(bell.done) == 3)
    assert bell.done[1] == "end"
    assert one.chimes == 1


def test_a_call_that_nobody_ends_ends_by_itself(counter):
    bell = Bell()
    one = counter(bell)
    one.caller.ring()
    one.wait(2)
    one.now += LONGEST_CALL_S + 1
    until(lambda: bell.done[-1] == "end")


def test_no_call_outlives_the_terminal(counter):
    bell = Bell()
    one = counter(bell)
    one.caller.ring()
    one.wait(2)
    one.worker.stop()
    assert bell.done[-1] == "end"

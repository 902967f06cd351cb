"""The counter lamp on a simulated relay board, alone and through the caller."""

import os

import pytest

from kiosk.clerk_call.caller import ClerkCaller
from kiosk.clerk_call.serial_lamp import SerialLamp
from kiosk.codes import Code
from kiosk.errors import DeviceError, SettingsError
from kiosk.model import ClerkCallFacts
from kiosk.settings import DriverChoice, driver_settings
from kiosk.simulators.lamp import LampOnPty
from kiosk.worker import Worker

FACTS = ClerkCallFacts(terminal="GZ-008", place="Shop", at_unix=1.7e9)


@pytest.fixture
def lamp():
    with LampOnPty() as made:
        yield made


def driver(**options):
    choice = DriverChoice("serial-lamp", options)
    return SerialLamp(driver_settings("clerk_call", choice, SerialLamp.Settings), None)


def test_it_shines_from_the_call_to_its_end(lamp):
    one = driver(port=lamp.port)
    one.call(FACTS)
    assert lamp.wait(True)
    one.end()
    assert lamp.wait(False)


def test_a_probe_switches_nothing(lamp):
    driver(port=lamp.port).probe()
    one = driver(port=lamp.port)
    one.call(FACTS)
    assert lamp.wait(True)
    assert lamp.switched == 1


def test_other_boards_have_other_bytes(lamp):
    one = driver(port=lamp.port, on="00 A0 01 01 A2 00", off="")
    one.call(FACTS)
    assert lamp.wait(True)
    one.end()  # goes off by itself
    one.call(FACTS)
    with lamp.changed:
        assert lamp.changed.wait_for(lambda: lamp.switched == 2, 60)


def test_a_lamp_that_is_not_there_has_failed(tmp_path):
    one = driver(port=os.fspath(tmp_path / "none"))
    for act in (one.probe, one.end, lambda: one.call(FACTS)):
        with pytest.raises(DeviceError) as raised:
            act()
        assert raised.value.code is Code.CLERK_CALL_FAILED


@pytest.mark.parametrize("options", [{"on": ""}, {"on": "lamp"}, {"off": "A"}, {}])
def test_what_is_no_byte_string_is_refused_at_the_start(options):
    port = {"port": "/dev/ttyUSB9"} if options else {}
    with pytest.raises(SettingsError) as raised:
        driver(**port, **options)
    assert raised.value.code is Code.SETTINGS_BAD_VALUE


def test_the_terminal_switches_it(lamp):
    caller = ClerkCaller(
        driver(port=lamp.port), terminal="GZ-008", place="Shop", second_screen=False, chime=lambda: None,
        staffed=lambda: False, post=lambda _: None,
    )  # fmt: skip
    worker = Worker("clerk_call", caller.run).start()
    caller.ring()
    assert lamp.wait(True)
    caller.end()
    assert lamp.wait(False)
    caller.ring()
    assert lamp.wait(True)
    assert worker.stop()
    assert lamp.wait(False), "no lamp shines for a terminal that is off"

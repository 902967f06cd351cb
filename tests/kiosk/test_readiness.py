"""Each gate, at its limit and beyond."""

import pytest

from kiosk import events as e
from kiosk.activation.outbox import Backlog
from kiosk.codes import Code
from kiosk.model import Device
from kiosk.readiness import REQUIRED, Readiness, gate_codes
from kiosk.release import RELEASED
from kiosk.settings import Gates

GATES = Gates(waiting=10, waiting_h=2.0, silent_h=3.0, software_days=5)
NOW = RELEASED.timestamp() + 86_400


def codes(count=0, oldest_s=None, silent_s=None, known=True, days=1.0):
    backlog = Backlog(waiting=count, oldest_s=oldest_s, silent_s=silent_s)
    return gate_codes(backlog, known, RELEASED.timestamp() + days * 86_400, GATES)


def test_nothing_waits():
    assert set(codes().values()) == {Code.OK}


@pytest.mark.parametrize(
    ("found", "device", "code"),
    [
        ({"count": 9}, Device.BACKLOG, Code.OK),
        ({"count": 10}, Device.BACKLOG, Code.QUEUE_TOO_MANY),
        ({"count": 1, "oldest_s": 7200.0}, Device.BACKLOG, Code.OK),
        ({"count": 1, "oldest_s": 7201.0}, Device.BACKLOG, Code.QUEUE_TOO_OLD),
        ({"silent_s": 10_800.0}, Device.CONTACT, Code.OK),
        ({"silent_s": 10_801.0}, Device.CONTACT, Code.CENTRAL_SILENT),
        ({"known": False}, Device.SOFTWARE, Code.SOFTWARE_REFUSED),
        ({"days": 5.0}, Device.SOFTWARE, Code.OK),
        ({"days": 5.1}, Device.SOFTWARE, Code.SOFTWARE_TOO_OLD),
        # An age below 0 could be any: a clock is wrong, or was when something was written.
        ({"days": -900.0}, Device.SOFTWARE, Code.CLOCK_OFF),
        ({"silent_s": -60.0}, Device.CONTACT, Code.CLOCK_OFF),
        ({"silent_s": -10.0}, Device.CONTACT, Code.OK),
        ({"count": 1, "oldest_s": -60.0}, Device.BACKLOG, Code.CLOCK_OFF),
    ],
    ids=str,
)
def test_at_the_limit(found, device, code):
    assert codes(**found)[device] is code


def test_what_is_not_known_yet_is_not_ready():
    found = gate_codes(None, True, NOW, GATES)
    assert (found[Device.BACKLOG], found[Device.CONTACT]) == (Code.STARTING, Code.STARTING)


def test_each_change_is_posted_once(tmp_path):
    posted: list[e.Event] = []
    now = {Device.BACKLOG: Code.OK}
    readiness = Readiness(tmp_path, 0, posted.append, check_clock=lambda: Code.OK, further_codes=lambda: now)
    readiness.check()
    readiness.check()
    now[Device.BACKLOG] = Code.QUEUE_TOO_OLD
    readiness.check()
    assert [one for one in posted if one.device is Device.BACKLOG] == [
        e.DeviceReady(Device.BACKLOG),
        e.DeviceFailed(Device.BACKLOG, Code.QUEUE_TOO_OLD),
    ]


def test_a_visit_can_do_without_sound_paper_lamp_and_line():
    assert frozenset(Device) - REQUIRED == {
        Device.SPEAKER,
        Device.PRINTER,
        Device.CLERK_CALL,
        Device.CENTRAL,
    }

"""A real supervisor on a real thread, and a device that comes and goes; time runs twenty times as fast."""

import itertools
import queue
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from kiosk.capture.feed import CameraFeed, MicrophoneFeed
from kiosk.capture.supervisor import PROBE_S, RETRY_S, Supervisor
from kiosk.codes import Code
from kiosk.errors import DeviceBusy, DeviceLost, DeviceMissing
from kiosk.events import DeviceFailed, DeviceReady, Event
from kiosk.model import AudioBlock, Device, Frame
from kiosk.worker import Worker

READY = DeviceReady(Device.CAMERA)
FAST = 20.0


def failed(code: Code) -> DeviceFailed:
    return DeviceFailed(Device.CAMERA, code)


class Flaky:
    """A camera whose plug somebody holds. It notices if it is misused."""

    def __init__(self) -> None:
        self.there = True
        self.busy = False
        self.works = True
        self.bug = False
        self.opened = 0
        self.probed = 0
        self.tried: list[float] = []
        self.is_open = False
        self.threads: set[str] = set()
        self._seq = itertools.count(1)

    def probe(self) -> None:
        assert not self.is_open
        self.probed += 1
        self._here()

    def open(self) -> None:
        assert not self.is_open
        self.tried.append(time.monotonic())
        self._here()
        if self.busy:
            raise DeviceBusy(Code.CAMERA_BUSY, "somebody has it")
        self.opened += 1
        self.is_open = True

    def read(self) -> Frame:
        assert self.is_open
        self.threads.add(threading.current_thread().name)
        if self.bug:
            raise ZeroDivisionError
        if not self.there or not self.works:
            raise DeviceLost(Code.CAMERA_LOST, "no frame")
        time.sleep(0.002)
        return Frame(image=np.zeros((2, 2, 3), np.uint8), seq=next(self._seq), at=time.monotonic())

    def close(self) -> None:
        self.is_open = False

    def _here(self) -> None:
        if not self.there:
            raise DeviceMissing(Code.CAMERA_MISSING, "unplugged")


class Stand:
    def __init__(self, **options) -> None:
        self.device = Flaky()
        self.feed = CameraFeed(self.device)
        self.events: queue.Queue[Event] = queue.Queue()
        self.supervisor = Supervisor(
            Device.CAMERA,
            self.feed,
            self.events.put,
            probe_s=PROBE_S / FAST,
            retry_s=tuple(s / FAST for s in RETRY_S),
            **options,
        )
        self.worker = Worker("camera", self.supervisor.run)

    def next(self, timeout_s: float = 2.0) -> Event:
        return self.events.get(timeout=timeout_s)

    def quiet(self, seconds: float) -> bool:
        time.sleep(seconds)
        return self.events.empty()


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    assert stand.worker.stop()
    assert not stand.device.is_open


def until(condition, timeout_s: float = 2.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
    return condition()


def test_unwanted_it_is_looked_at_and_never_opened(stand):
    stand.worker.start()
    assert stand.next() == READY
    assert stand.quiet(6 * PROBE_S / FAST)
    assert stand.device.opened == 0
    assert 3 <= stand.device.probed <= 8


def test_unwanted_its_loss_and_return_are_told_once_each(stand):
    stand.worker.start()
    assert stand.next() == READY
    stand.device.there = False
    assert stand.next() == failed(Code.CAMERA_MISSING)
    assert stand.quiet(4 * PROBE_S / FAST)
    stand.device.there = True
    assert stand.next() == READY


def test_wanted_it_is_opened_at_once_and_let_go_at_once():
    stand = Stand()
    stand.supervisor._probe_s = 30.0
    stand.worker.start()
    assert stand.next() == READY
    stand.supervisor.want(True)
    assert stand.feed.wait_newer(0, 0.5) is not None
    stand.supervisor.want(False)
    assert until(lambda: not stand.device.is_open, 0.5)
    assert stand.feed.newest() is None
    assert stand.worker.stop(1.0)


def test_lost_while_used_it_is_back_within_three_seconds(stand):
    stand.supervisor.want(True)
    stand.worker.start()
    assert stand.next() == READY
    for _ in range(3):
        stand.device.there = False
        assert stand.next() == failed(Code.CAMERA_LOST)
        assert stand.next() == failed(Code.CAMERA_MISSING)
        assert stand.quiet(5 / FAST)
        stand.device.there = True
        assert stand.next(3 / FAST) == READY


def test_no_old_frame_while_the_camera_is_away(stand):
    stand.supervisor.want(True)
    stand.worker.start()
    assert stand.next() == READY
    stand.device.there = False
    assert stand.next() == failed(Code.CAMERA_LOST)
    assert stand.feed.newest() is None
    assert stand.feed.wait_newer(0, 0.05) is None


def test_a_device_that_opens_but_does_not_work_is_never_ready(stand):
    stand.device.works = False
    stand.supervisor.want(True)
    stand.worker.start()
    assert stand.next() == failed(Code.CAMERA_LOST)
    assert stand.quiet(5 / FAST)
    assert stand.device.opened > 2
    stand.device.works = True
    assert stand.next() == READY


def failed_in_use(stand, code):
    """It looked well, failed when it was wanted, and is wanted no more."""
    stand.worker.start()
    assert stand.next() == READY
    stand.supervisor.want(True)
    assert stand.next() == failed(code)
    stand.supervisor.want(False)


@pytest.mark.parametrize(
    ("trait", "bad", "code"),
    [
        ("busy", True, Code.CAMERA_BUSY),
        ("works", False, Code.CAMERA_LOST),
        ("bug", True, Code.INTERNAL),
    ],
)
def test_after_a_failure_in_use_only_a_trial_makes_it_ready(stand, trait, bad, code):
    setattr(stand.device, trait, bad)
    failed_in_use(stand, code)
    probed = stand.device.probed
    assert stand.quiet(5 * PROBE_S / FAST)
    assert stand.device.probed > probed
    setattr(stand.device, trait, not bad)
    assert stand.next() == READY
    assert until(lambda: not stand.device.is_open)


def test_a_trial_is_made_once_an_interval_and_none_after_it_worked(stand):
    stand.device.busy = True
    failed_in_use(stand, Code.CAMERA_BUSY)
    time.sleep(0.5 * PROBE_S / FAST)  # what was tried while it was wanted is over
    stand.device.tried.clear()
    time.sleep(5 * PROBE_S / FAST)
    gaps = np.diff(stand.device.tried)
    assert len(gaps) >= 2
    assert gaps.min() >= 0.9 * PROBE_S / FAST
    stand.device.busy = False
    assert stand.next() == READY
    tried = len(stand.device.tried)
    assert stand.quiet(4 * PROBE_S / FAST)
    assert len(stand.device.tried) == tried


def test_a_failure_in_use_is_remembered_while_it_is_away(stand):
    stand.device.busy = True
    failed_in_use(stand, Code.CAMERA_BUSY)
    stand.device.there = False
    assert stand.next() == failed(Code.CAMERA_MISSING)
    stand.device.there = True
    assert stand.next() == failed(Code.CAMERA_BUSY)
    stand.device.busy = False
    assert stand.next() == READY


def test_another_reason_is_told(stand):
    stand.device.busy = True
    stand.supervisor.want(True)
    stand.worker.start()
    assert stand.next() == failed(Code.CAMERA_BUSY)
    stand.device.there = False
    assert stand.next() == failed(Code.CAMERA_MISSING)


def test_a_bug_in_a_driver_is_logged_and_survived(stand, caplog):
    stand.device.bug = True
    stand.supervisor.want(True)
    stand.worker.start()
    assert stand.next() == failed(Code.INTERNAL)
    assert "ZeroDivisionError" in caplog.text
    stand.device.bug = False
    assert stand.next() == READY


def test_waits_grow_and_stay_short():
    supervisor = Supervisor(Device.CAMERA, CameraFeed(Flaky()), lambda _: None)
    delays = []
    for supervisor._failures in range(1, 9):
        delays.append(supervisor.pause_s(wanted=True))
    assert delays == sorted(delays)
    assert max(delays) <= 1.0


def test_stop_ends_a_long_pause():
    stand = Stand()
    stand.supervisor._probe_s = 60.0
    stand.worker.start()
    assert stand.next() == READY
    assert stand.worker.stop(1.0)


def test_all_is_done_on_one_thread(stand):
    stand.supervisor.want(True)
    stand.worker.start()
    assert until(lambda: stand.device.threads == {"camera"})


# ── the slot ─────────────────────────────────────────────────────────────────────────────────────


def frame(seq: int) -> Frame:
    return Frame(image=np.zeros((1, 1, 3), np.uint8), seq=seq, at=0.0)


class Still:
    """A camera that shows the frames it was given."""

    def __init__(self, *seqs: int) -> None:
        self.seqs = list(seqs)

    def read(self) -> Frame:
        return frame(self.seqs.pop(0))

    def close(self) -> None: ...


def test_the_newest_wins():
    feed = CameraFeed(Still(1, 2, 3))
    for _ in range(3):
        feed.step()
    assert feed.newest().seq == 3
    assert feed.wait_newer(2, 0).seq == 3
    assert feed.wait_newer(3, 0) is None


def test_waiting_ends_with_the_frame():
    feed = CameraFeed(Still(7))
    threading.Timer(0.05, feed.step).start()
    assert feed.wait_newer(0, 2.0).seq == 7


def test_a_camera_that_counts_anew_is_seen():
    feed = CameraFeed(Still(500, 1))
    feed.step()
    feed.close()
    assert feed.newest() is None
    feed.step()
    assert feed.wait_newer(500, 0.5).seq == 1


class Deaf:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def open(self, deliver) -> None:
        self.calls.append("open")

    def check(self) -> None:
        self.calls.append("check")
        raise DeviceLost(Code.MICROPHONE_LOST, "no block")

    def probe(self) -> None: ...

    def close(self) -> None:
        self.calls.append("close")


def test_a_microphone_is_checked_and_opened_again():
    microphone = Deaf()
    feed = MicrophoneFeed(microphone, lambda _: None, check_s=0.01)
    events: queue.Queue[Event] = queue.Queue()
    supervisor = Supervisor(Device.MICROPHONE, feed, events.put, wanted=True, retry_s=(0.01,))
    worker = Worker("microphone", supervisor.run).start()
    assert events.get(timeout=2) == DeviceFailed(Device.MICROPHONE, Code.MICROPHONE_LOST)
    assert until(lambda: microphone.calls.count("open") > 2)
    assert worker.stop()
    assert microphone.calls[:3] == ["open", "check", "close"]


class Mute(Deaf):
    """Opens, and says that all is well, but no block ever comes: or one, some time after the opening."""

    def __init__(self, sounds_after_s: float | None = None) -> None:
        super().__init__()
        self._after_s = sounds_after_s

    def open(self, deliver) -> None:
        super().open(deliver)
        if self._after_s is not None:
            block = AudioBlock(samples=np.zeros(320, np.float32), seq=0, at=time.monotonic())
            threading.Timer(self._after_s, deliver, [block]).start()

    def check(self) -> None:
        self.calls.append("check")


def test_a_microphone_that_opens_but_stays_silent_never_counts_as_ready(monkeypatch):
    """Neither in a visit nor between visits, however often it is tried."""
    monkeypatch.setattr("kiosk.capture.feed.FIRST_S", 0.05)
    microphone, events = Mute(), queue.Queue()
    feed = MicrophoneFeed(microphone, lambda _: None, check_s=0.01)
    supervisor = Supervisor(Device.MICROPHONE, feed, events.put, wanted=True, probe_s=0.01, retry_s=(0.01,))
    worker = Worker("microphone", supervisor.run).start()
    assert until(lambda: microphone.calls.count("open") > 2)
    supervisor.want(False)
    tried = microphone.calls.count("open")
    assert until(lambda: microphone.calls.count("open") > tried + 2)
    assert worker.stop()
    assert list(events.queue) == [DeviceFailed(Device.MICROPHONE, Code.MICROPHONE_LOST)]


def test_it_is_ready_with_its_first_block():
    microphone, events = Mute(sounds_after_s=0.1), queue.Queue()
    feed = MicrophoneFeed(microphone, lambda _: None, check_s=0.01)
    supervisor = Supervisor(Device.MICROPHONE, feed, events.put, wanted=True)
    worker = Worker("microphone", supervisor.run).start()
    assert events.get(timeout=2) == DeviceReady(Device.MICROPHONE)
    assert worker.stop()

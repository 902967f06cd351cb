"""Camera and microphone as a supervisor operates them.

The newest frame stands in one slot: the camera's thread puts it there, all readers take it at their own pace.
Sound comes on a thread of its own; the feed only checks that it does.
"""

import threading
import time
from collections.abc import Callable

from msgspec.structs import replace

from kiosk.capture.camera_health import COVERED_S, CameraHealth
from kiosk.capture.microphone_health import MicrophoneHealth
from kiosk.capture.stream_integrity import StreamMonitor
from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.model import AudioBlock, Frame
from kiosk.ports import Camera, Microphone

CHECK_S = 0.5
"""How often a microphone is asked whether it still delivers."""
FIRST_S = 3.0
"""A sound card may take one to two seconds for its first block."""


class CameraFeed:
    """A camera as `supervisor.DeviceOperations`. Frames may be dropped; the newest wins.

    The slot is empty while the camera is closed, so that no decision rests on an old picture.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._filled = threading.Condition()
        self._frame: Frame | None = None
        self._monitor = StreamMonitor()
        self._health = CameraHealth()

    def probe(self) -> None:
        """Check whether the camera could be opened. Raises DeviceMissing, DeviceBusy."""
        self._camera.probe()

    def open(self) -> None:
        """Open the camera and begin a new stream. Raises DeviceMissing, DeviceBusy."""
        self._monitor, self._health = StreamMonitor(), CameraHealth()
        self._camera.open()

    def step(self) -> None:
        """Put one frame into the slot, with measures of its stream.

        Raises DeviceLost, also if the lens has been covered for a while.
        """
        frame = self._camera.read()
        self._health.look(frame)
        if self._health.covered:
            raise DeviceLost(Code.CAMERA_COVERED, f"nothing to be seen for {COVERED_S:.0f} s")
        self._put(replace(frame, stream=self._monitor.look(frame)))

    @property
    def proven(self) -> bool:
        """Whether the camera has worked for a while."""
        return self._health.proven

    def close(self) -> None:
        """Empty the slot and close the camera."""
        self._put(None)
        self._camera.close()

    def newest(self) -> Frame | None:
        """Return what is in the slot, without waiting."""
        return self._frame

    def wait_newer(self, seq: int, timeout_s: float) -> Frame | None:
        """Return the newest frame that is not number `seq`, waiting for it; None if there is none in time.

        Another number is a newer frame, also a smaller one: a camera that was opened again may count anew.
        """
        with self._filled:
            self._filled.wait_for(lambda: self._frame is not None and self._frame.seq != seq, timeout_s)
            frame = self._frame
        return frame if frame is not None and frame.seq != seq else None

    def successive_frames(self) -> Callable[[float], Frame | None]:
        """Return a function that gives each frame once, waiting at most so many seconds for the next."""
        last = -1

        def next_frame(timeout_s: float) -> Frame | None:
            nonlocal last
            frame = self.wait_newer(last, timeout_s)
            last = frame.seq if frame is not None else last
            return frame

        return next_frame

    def _put(self, frame: Frame | None) -> None:
        with self._filled:
            self._frame = frame
            self._filled.notify_all()


class MicrophoneFeed:
    """A microphone as `supervisor.DeviceOperations`; `deliver` as in `ports.Microphone.open`.

    One that opens but stays silent does not work: the first step waits for the first block.
    """

    def __init__(
        self, microphone: Microphone, deliver: Callable[[AudioBlock], None], check_s: float = CHECK_S
    ) -> None:
        self._microphone = microphone
        self._deliver = deliver
        self._check_s = check_s
        self._sounded = threading.Event()
        self._health = MicrophoneHealth()

    def probe(self) -> None:
        """Check whether the microphone could be opened. Raises DeviceMissing."""
        self._microphone.probe()

    def open(self) -> None:
        """Open the microphone. Raises DeviceMissing, DeviceBusy."""
        self._sounded.clear()
        self._health = MicrophoneHealth()
        self._microphone.open(self._take)

    def step(self) -> None:
        """Wait a little, or for the first block, and check.

        Raises DeviceLost if nothing comes, or nothing that could be the sound of a room.
        """
        if self._sounded.is_set():
            time.sleep(self._check_s)
            self._microphone.check()
            if fault := self._health.fault:
                raise DeviceLost(Code.MICROPHONE_DEAD, fault)
            return
        until = time.monotonic() + FIRST_S
        while not self._sounded.wait(self._check_s):
            self._microphone.check()
            if time.monotonic() > until:
                raise DeviceLost(Code.MICROPHONE_LOST, "it opens, but no sound comes")

    @property
    def proven(self) -> bool:
        """Whether it has sounded like a room for a while."""
        return self._health.proven

    def close(self) -> None:
        """Close the microphone."""
        self._microphone.close()

    def _take(self, block: AudioBlock) -> None:
        self._sounded.set()
        self._health.look(block)
        self._deliver(block)

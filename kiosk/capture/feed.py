"""Camera and microphone with the verbs that `supervise` needs.

The newest frame stands in one slot: the camera's thread puts it there, everybody else takes it at their own
pace. Sound has a thread of its own and is only looked after.
"""

import threading
import time
from collections.abc import Callable

from kiosk.model import AudioBlock, Frame
from kiosk.ports import Camera, Microphone

CHECK_S = 0.5
"""How often a microphone is asked whether it still delivers."""


class CameraFeed:
    """A camera with the verbs of `supervise.Operations`. Frames may be dropped; the newest wins.

    The slot is empty while the camera is closed, so that nobody decides on an old picture.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._filled = threading.Condition()
        self._frame: Frame | None = None

    def probe(self) -> None:
        """Raises DeviceMissing, DeviceBusy."""
        self._camera.probe()

    def open(self) -> None:
        """Raises DeviceMissing, DeviceBusy."""
        self._camera.open()

    def step(self) -> None:
        """One frame into the slot. Raises DeviceLost."""
        self._put(self._camera.read())

    def close(self) -> None:
        self._put(None)
        self._camera.close()

    def newest(self) -> Frame | None:
        """What is in the slot; never waits."""
        return self._frame

    def wait_newer(self, seq: int, timeout_s: float) -> Frame | None:
        """The newest frame that is not number `seq`, waiting for it; None if there is none in time.

        Another number is a newer frame, also a smaller one: a camera that was opened again may count anew.
        """
        with self._filled:
            self._filled.wait_for(lambda: self._frame is not None and self._frame.seq != seq, timeout_s)
            frame = self._frame
        return frame if frame is not None and frame.seq != seq else None

    def _put(self, frame: Frame | None) -> None:
        with self._filled:
            self._frame = frame
            self._filled.notify_all()


class MicrophoneFeed:
    """A microphone with the verbs of `supervise.Operations`; `deliver` as in `ports.Microphone.open`."""

    def __init__(
        self, microphone: Microphone, deliver: Callable[[AudioBlock], None], check_s: float = CHECK_S
    ) -> None:
        self._microphone = microphone
        self._deliver = deliver
        self._check_s = check_s

    def probe(self) -> None:
        """Raises DeviceMissing."""
        self._microphone.probe()

    def open(self) -> None:
        """Raises DeviceMissing, DeviceBusy."""
        self._microphone.open(self._deliver)

    def step(self) -> None:
        """Raises DeviceLost if no sound came for too long."""
        time.sleep(self._check_s)
        self._microphone.check()

    def close(self) -> None:
        self._microphone.close()

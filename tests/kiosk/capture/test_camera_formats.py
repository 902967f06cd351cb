"""The best of several formats is found by trying them; time and camera are made up."""

import numpy as np
import pytest

from kiosk.capture import camera
from kiosk.capture.camera import CameraSettings, Cv2Camera
from kiosk.capture.camera_formats import Format, candidates, choose_format
from kiosk.codes import Code
from kiosk.errors import DeviceBusy
from kiosk.paths import RESOURCES
from kiosk.ports import Context

WANTED = list(candidates("auto", 1280, 720, 25.0))


class Device:
    """A camera with its own idea of what each format is: {fourcc: (width, height, fps)}."""

    def __init__(self, gives: dict[str, tuple[int, int, float]]) -> None:
        self.gives, self.now, self.opened = gives, 0.0, 0

    def open(self, *_: object) -> "Capture":
        self.opened += 1
        return Capture(self)


class Capture:
    """As much of cv2.VideoCapture as is used."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._set: dict[int, float] = {}

    def isOpened(self) -> bool:
        return True

    def set(self, prop: int, value: float) -> bool:
        self._set[prop] = value
        return True

    def get(self, prop: int) -> float:
        return 1000 * self._device.now

    def read(self) -> tuple[bool, np.ndarray | None]:
        code = int(self._set[camera.cv2.CAP_PROP_FOURCC])
        name = "".join(chr(code >> shift & 255) for shift in (0, 8, 16, 24))
        if name not in self._device.gives:
            return False, None
        width, height, fps = self._device.gives[name]
        wide = min(width, int(self._set[camera.cv2.CAP_PROP_FRAME_WIDTH]))
        self._device.now += 1 / fps
        return True, np.full((height * wide // width, wide, 3), int(self._device.now * 50) % 255, np.uint8)

    def release(self) -> None:
        pass


def choice(gives: dict[str, tuple[int, int, float]]) -> Format | None:
    device = Device(gives)
    return choose_format(WANTED, device.open, lambda: device.now)


def test_what_is_asked_for_first_is_taken_if_it_is_given():
    device = Device({"MJPG": (1280, 720, 30.0), "YUYV": (1280, 720, 10.0)})
    found = choose_format(WANTED, device.open, lambda: device.now)
    assert found == Format(fourcc="MJPG", width_px=1280, height_px=720, fps=25.0)
    assert device.opened == 1


@pytest.mark.parametrize(
    ("gives", "expected"),
    [
        ({"MJPG": (1280, 720, 9.0), "YUYV": (1280, 720, 25.0)}, ("YUYV", 1280)),
        ({"YUYV": (1280, 720, 30.0)}, ("YUYV", 1280)),
        ({"MJPG": (640, 480, 30.0), "YUYV": (1280, 720, 16.0)}, ("YUYV", 1280)),  # larger, and fast enough
        ({"MJPG": (640, 480, 30.0), "YUYV": (1280, 720, 5.0)}, ("MJPG", 640)),  # large, but too slow
    ],
)
def test_else_the_best_of_what_comes(gives, expected):
    found = choice(gives)
    assert found is not None
    assert (found.fourcc, found.width_px) == expected


def test_no_picture_in_any_format():
    assert choice({}) is None


def test_the_driver_tries_once_and_remembers(monkeypatch, tmp_path):
    device = Device({"YUYV": (1280, 720, 30.0)})
    monkeypatch.setattr(camera, "capture_local", device.open)
    node = tmp_path / "video0"
    node.touch()
    where = Context(resources=RESOURCES, models=RESOURCES, simulation=True, clock=lambda: device.now)
    one = Cv2Camera(CameraSettings(device=str(node)), where)
    one.open()
    tries = device.opened
    frame = one.read()
    assert frame.image.shape == (720, 1280, 3)
    assert frame.stamp == pytest.approx(device.now)
    one.open()
    assert (tries, device.opened) == (3, 4)


@pytest.mark.parametrize("shape", [(480, 640), (480, 640, 1), (480, 640, 2), (64, 64, 3)])
def test_a_picture_that_is_none_is_a_wrong_format(monkeypatch, tmp_path, shape):
    device = Device({"MJPG": (640, 480, 30.0)})
    monkeypatch.setattr(camera, "capture_local", device.open)
    monkeypatch.setattr(Capture, "read", lambda self: (True, np.zeros(shape, np.uint8)))
    node = tmp_path / "video0"
    node.touch()
    settings = CameraSettings(device=str(node), format="MJPG", width_px=640, height_px=480)
    where = Context(resources=RESOURCES, models=RESOURCES, simulation=True, clock=lambda: 0.0)
    one = Cv2Camera(settings, where)
    monkeypatch.setattr(one, "_format", WANTED[0])
    with pytest.raises(DeviceBusy) as caught:
        one.open()
    assert caught.value.code is Code.CAMERA_FORMAT

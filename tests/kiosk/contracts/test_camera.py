"""The contract of `ports.Camera`: cv2 over a real stream, the simulated one over a simulated shop."""

import time
from itertools import pairwise

import numpy as np
import pytest

from kiosk.capture.camera import CameraSettings, Cv2Camera, FrozenPictureDetector, device_path
from kiosk.codes import Code
from kiosk.errors import DeviceBusy, DeviceLost, DeviceMissing, SettingsError
from kiosk.paths import RESOURCES
from kiosk.ports import Camera, Context
from kiosk.settings import DriverChoice, driver_class, driver_settings
from kiosk.simulators.camera import SimulatedCamera, SimulatedCameraSettings
from tests.support.mjpeg_server import MjpegServer, number_of, numbered, seconds_since


class NumberedPictures:
    """A shop in which numbered pictures stand."""

    def __init__(self) -> None:
        self.number = 0

    def picture(self, at: float) -> np.ndarray:
        self.number += 1
        return numbered(self.number)


def context(world: object = None) -> Context:
    return Context(resources=RESOURCES, models=RESOURCES, simulation=True, clock=time.monotonic, world=world)


@pytest.fixture
def server():
    server = MjpegServer()
    yield server
    server.kill()


def cv2_camera(url: str, **settings) -> Cv2Camera:
    return Cv2Camera(CameraSettings(device=url, **settings), context())


def read_on(camera: Camera, limit_s: float = 10.0) -> None:
    """Read until something happens, or the limit."""
    began = time.monotonic()
    while seconds_since(began) < limit_s:
        camera.read()


@pytest.fixture(params=["cv2", "simulated"])
def camera(request):
    """Each driver on something that works, by its name as in the settings."""
    server = MjpegServer() if request.param == "cv2" else None
    options = {"device": server.url} if server else {}
    choice = DriverChoice(request.param, options)
    kind = driver_class("camera", choice)
    camera = kind(driver_settings("camera", choice, kind.Settings), context(NumberedPictures()))
    yield camera
    camera.close()
    if server:
        server.kill()


# ── every driver ─────────────────────────────────────────────────────────────────────────────────


def test_frames_come_in_order_with_their_times(camera: Camera):
    camera.probe()
    camera.open()
    frames = [camera.read() for _ in range(8)]
    numbers = [number_of(frame.image) for frame in frames]
    assert numbers == sorted(set(numbers))
    assert all(b.seq > a.seq and b.at > a.at for a, b in pairwise(frames))
    assert abs(frames[-1].at - time.monotonic()) < 0.5
    assert frames[0].image.dtype == np.uint8


def test_it_is_paced(camera: Camera):
    camera.open()
    camera.read()
    began = time.monotonic()
    for _ in range(12):
        camera.read()
    assert 0.2 < seconds_since(began) < 1.5


def test_it_can_be_closed_twice_and_opened_again(camera: Camera):
    camera.close()
    camera.open()
    first = camera.read().seq
    camera.close()
    camera.close()
    camera.open()
    assert camera.read().seq > first


def test_a_closed_camera_gives_nothing(camera: Camera):
    with pytest.raises(DeviceLost):
        camera.read()
    camera.open()
    camera.close()
    with pytest.raises(DeviceLost):
        camera.read()


# ── cv2 ──────────────────────────────────────────────────────────────────────────────────────────


def test_pictures_arrive_in_blue_green_red(server):
    camera = cv2_camera(server.url)
    camera.open()
    picture = camera.read().image
    assert picture.shape == (240, 320, 3)
    assert picture[100, 80] == pytest.approx([0, 0, 200], abs=12)
    assert picture[100, 240] == pytest.approx([200, 0, 0], abs=12)
    camera.close()


@pytest.mark.parametrize(
    ("settings", "shape", "red"),
    [
        ({"rotation": 90}, (320, 240), (80, 140)),
        ({"rotation": 180}, (240, 320), (140, 240)),
        ({"rotation": 270}, (320, 240), (240, 100)),
        ({"mirrored_source": True}, (240, 320), (100, 240)),
    ],
)
def test_the_picture_is_brought_upright(server, settings, shape, red):
    camera = cv2_camera(server.url, **settings)
    camera.open()
    picture = camera.read().image
    camera.close()
    assert picture.shape[:2] == shape
    assert picture[red] == pytest.approx([0, 0, 200], abs=12)


def test_an_unplugged_camera_is_lost_within_three_seconds(server):
    camera = cv2_camera(server.url)
    camera.open()
    camera.read()
    began = time.monotonic()
    server.kill()
    with pytest.raises(DeviceLost) as caught:
        read_on(camera)
    assert caught.value.code is Code.CAMERA_LOST
    assert seconds_since(began) < 3
    camera.close()
    with pytest.raises(DeviceMissing):
        camera.probe()


def test_a_stalled_camera_is_lost_within_three_seconds(server):
    camera = cv2_camera(server.url)
    camera.open()
    camera.read()
    server.mode = "stall"
    began = time.monotonic()
    with pytest.raises(DeviceLost):
        read_on(camera)
    assert seconds_since(began) < 3
    camera.close()


def test_a_frozen_picture_is_noticed(server):
    camera = cv2_camera(server.url, frozen_s=0.5)
    camera.open()
    camera.read()
    server.mode = "freeze"
    with pytest.raises(DeviceLost) as caught:
        read_on(camera)
    assert caught.value.code is Code.CAMERA_FROZEN
    camera.close()


def test_a_camera_that_thaws_can_be_opened_again(server):
    camera = cv2_camera(server.url, frozen_s=0.3)
    camera.open()
    server.mode = "freeze"
    with pytest.raises(DeviceLost):
        read_on(camera)
    server.mode = "play"
    camera.open()
    assert camera.read().image.shape == (240, 320, 3)
    camera.close()


@pytest.mark.parametrize(
    "device", ["/dev/video99", 99, "99", "http://127.0.0.1:9/none", "rtsp://127.0.0.1:9/x"]
)
def test_a_camera_that_is_not_there_is_missing(device):
    camera = cv2_camera(device)
    for look in (camera.probe, camera.open):
        with pytest.raises(DeviceMissing) as caught:
            look()
        assert caught.value.code is Code.CAMERA_MISSING


def test_a_file_that_is_no_camera_is_busy(tmp_path):
    nothing = tmp_path / "video0"
    nothing.write_bytes(b"")
    with pytest.raises(DeviceBusy):
        cv2_camera(str(nothing)).open()


def test_the_address_s_password_is_not_told():
    with pytest.raises(DeviceMissing) as caught:
        cv2_camera("http://user:secret@127.0.0.1:9/none").open()
    assert "secret" not in str(caught.value)


def test_an_index_is_a_device_file():
    assert str(device_path(2)) == str(device_path("2")) == "/dev/video2"
    assert str(device_path("/dev/v4l/by-id/x")) == "/dev/v4l/by-id/x"


@pytest.mark.parametrize("wrong", [{"rotation": 45}, {"devise": 0}, {"fps": "fast"}])
def test_settings_are_checked(wrong):
    with pytest.raises(SettingsError):
        driver_settings("camera", DriverChoice("cv2", wrong), CameraSettings)


def test_a_little_noise_is_no_frozen_picture():
    detector = FrozenPictureDetector(1.0)
    random = np.random.default_rng(1)
    pictures = (random.integers(0, 3, (48, 64, 3)).astype(np.uint8) for _ in range(100))
    assert not any(detector.is_frozen(picture, i * 0.1) for i, picture in enumerate(pictures))


def test_the_same_picture_is_frozen_after_the_limit():
    detector = FrozenPictureDetector(1.0)
    picture = np.zeros((48, 64, 3), np.uint8)
    assert [detector.is_frozen(picture, at) for at in (0.0, 0.5, 1.0, 1.1)] == [False, False, False, True]


# ── simulated ────────────────────────────────────────────────────────────────────────────────────


def test_without_a_shop_there_is_no_simulated_camera():
    with pytest.raises(DeviceMissing):
        SimulatedCamera(SimulatedCameraSettings(), context()).open()


def test_the_simulated_camera_does_not_catch_up():
    shop = NumberedPictures()
    camera = SimulatedCamera(SimulatedCameraSettings(fps=50), context(shop))
    camera.open()
    camera.read()
    time.sleep(0.3)
    began = time.monotonic()
    for _ in range(4):
        camera.read()
    assert seconds_since(began) > 0.05

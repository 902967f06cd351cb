"""A camera works when it has worked for a while, and when its lens sees something."""

import time

import numpy as np
import pytest

from kiosk.capture import camera_health, supervisor
from kiosk.capture.camera_health import (
    COVERED_S,
    PROVEN_FRAMES,
    PROVEN_S,
    CameraHealth,
    is_covered,
    measure_lens,
)
from kiosk.capture.feed import CameraFeed
from kiosk.capture.supervisor import Supervisor
from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.events import DeviceFailed, DeviceReady, Event
from kiosk.model import Device, Frame
from kiosk.simulators.camera import with_fault
from kiosk.simulators.camera_effects import SimulatedSensor
from kiosk.simulators.head import EmptyShop
from kiosk.simulators.shop import SimulatedShop
from tests.support.faces import PHOTOS, head, needs_models

FPS = 10.0


class Scripted:
    """A camera of simulated time: gives the shop with a fault, and may be mended. Each read is one frame."""

    def __init__(self, fault="none") -> None:
        self.shop, self.fault, self.now, self.opened = EmptyShop(), fault, 100.0, 0.0
        self.openings = 0
        self._seq = 0

    def probe(self) -> None: ...

    def open(self) -> None:
        self.opened, self.openings = self.now, self.openings + 1

    def read(self) -> Frame:
        self.now += 1 / FPS
        self._seq += 1
        if self.fault == "frozen" and self.now - self.opened > 3.5:
            raise DeviceLost(Code.CAMERA_FROZEN, "the same picture")  # as `FrozenPictureDetector` does
        seen_at = min(self.now, self.opened + 0.5) if self.fault == "frozen" else self.now
        return Frame(
            image=with_fault(self.shop.render(seen_at), self.fault, seen_at), seq=self._seq, at=self.now
        )

    def close(self) -> None: ...


class Stand:
    """Camera, feed and supervisor, driven step by step."""

    def __init__(self, fault="none") -> None:
        self.camera, self.posted = Scripted(fault), list[Event]()
        self.supervisor = Supervisor(Device.CAMERA, CameraFeed(self.camera), self.posted.append)

    def use(self, seconds: float) -> None:
        """Let a visit use the camera."""
        self.supervisor.want(True)
        end = self.camera.now + seconds
        while self.camera.now < end:
            self.supervisor.run_once(True)
        self.supervisor.want(False)

    def probe(self) -> None:
        self.supervisor.run_once(False)


def failed(code: Code) -> DeviceFailed:
    return DeviceFailed(Device.CAMERA, code)


READY = DeviceReady(Device.CAMERA)


@pytest.mark.parametrize(
    ("fault", "code", "after_s"),
    [
        ("covered", Code.CAMERA_COVERED, COVERED_S),
        ("finger", Code.CAMERA_COVERED, COVERED_S),
        ("frozen", Code.CAMERA_FROZEN, 3.5),
    ],
)
def test_a_camera_that_does_not_see_is_not_called_ready_by_its_first_frame(fault, code, after_s):
    stand = Stand(fault)
    stand.probe()
    stand.use(after_s + 1)
    assert stand.posted == [READY, failed(code)]
    for _ in range(3):  # each opening gives new frames at first
        stand.probe()
    assert stand.camera.openings >= 3
    assert stand.posted[2:] == []


@pytest.mark.parametrize("fault", ["covered", "frozen"])
def test_it_is_ready_again_once_it_has_worked_for_a_while(fault):
    stand = Stand(fault)
    stand.probe()
    stand.use(8.0)
    stand.camera.fault = "none"
    mended = stand.camera.now
    stand.probe()
    assert stand.posted[-1] == READY
    assert stand.camera.now - mended >= PROVEN_S


def test_in_use_it_is_ready_after_the_same_while():
    stand = Stand("covered")
    stand.probe()
    stand.use(COVERED_S + 1)
    stand.camera.fault = "none"
    stand.use(PROVEN_S - 1)
    assert stand.posted[-1] == failed(Code.CAMERA_COVERED)
    stand.use(2.0)
    assert stand.posted[-1] == READY


def test_a_cable_that_was_loose_needs_no_such_while():
    stand = Stand()
    stand.probe()
    stand.camera.read, real = _lose, stand.camera.read
    stand.supervisor.run_once(True)
    stand.camera.read = real
    stand.supervisor.run_once(True)
    assert stand.posted == [READY, failed(Code.CAMERA_LOST), READY]


def _lose() -> Frame:
    raise DeviceLost(Code.CAMERA_LOST, "no frame")


def test_a_hand_before_the_lens_is_no_fault():
    stand = Stand()
    stand.probe()
    for _ in range(4):
        stand.camera.fault = "covered"
        stand.use(COVERED_S - 1)
        stand.camera.fault = "none"
        stand.use(0.5)
    assert stand.posted == [READY]


def test_few_pictures_prove_nothing():
    health, shop = CameraHealth(), EmptyShop()
    for n in range(PROVEN_FRAMES - 1):
        health.look(Frame(image=shop.render(float(n)), seq=n, at=float(n)))
    assert not health.proven
    health.look(Frame(image=shop.render(99.0), seq=99, at=99.0))
    assert health.proven


def test_the_slow_faults_take_longer_than_one_opening_shows():
    assert camera_health.PROVEN_S > 3.0  # [camera] frozen_s
    assert supervisor.PROVING_S > camera_health.PROVEN_S
    assert Code.CAMERA_LOST not in supervisor.SLOW_FAULTS


# ── what a lens sees ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", ["covered", "finger"])
def test_a_covered_lens(fault):
    picture = with_fault(EmptyShop().render(1.0), fault, 1.0)
    assert is_covered(measure_lens(picture))


@pytest.mark.parametrize("gain", [1.0, 0.3, 0.1])
def test_a_shop_without_people_is_seen_also_in_little_light(gain):
    sensor = SimulatedSensor((640, 480), 1)
    shop = EmptyShop().render(1.0)
    dim = np.clip(shop * gain, 0, 255).astype(np.uint8)
    assert not is_covered(measure_lens(sensor.capture(dim, 2.0)))


def test_a_bright_plain_wall_with_its_course_of_light_is_no_covered_lens():
    across = np.linspace(0.9, 1.0, 640)[None, :, None]
    wall = np.clip(np.full((480, 640, 3), 190.0) * across, 0, 255).astype(np.uint8)
    assert not is_covered(measure_lens(wall))


@needs_models
@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_a_person_is_seen(name, gain):
    picture = np.clip(head(name).render(1.0) * gain, 0, 255).astype(np.uint8)
    assert not is_covered(measure_lens(picture))


@pytest.mark.parametrize("fault", ["none", "covered", "finger", "upside_down", "on_its_side", "frozen"])
def test_the_simulated_camera_has_the_faults(fault, tmp_path):
    from kiosk.paths import RESOURCES
    from kiosk.ports import Context
    from kiosk.simulators.camera import SimulatedCamera, SimulatedCameraSettings

    now = 10.0
    context = Context(
        resources=RESOURCES,
        models=tmp_path,
        simulation=True,
        clock=lambda: now,
        world=SimulatedShop(tmp_path),
    )
    camera = SimulatedCamera(SimulatedCameraSettings(fault=fault), context)
    camera.open()
    pictures = []
    for step in (0.0, 1.0, 2.0):
        now = 10.0 + step
        pictures.append(camera.read().image)
    stands_still = np.array_equal(pictures[1], pictures[2])
    assert stands_still is (fault == "frozen")
    assert (pictures[0].shape[0] > pictures[0].shape[1]) is (fault == "on_its_side")
    assert is_covered(measure_lens(pictures[2])) is (fault in ("covered", "finger"))
    assert time.monotonic()  # the camera's clock is the context's

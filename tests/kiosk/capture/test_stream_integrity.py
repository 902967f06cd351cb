"""What the stream's measures say of a (simulated) sensor and of what is fed in its place."""

from collections.abc import Callable
from itertools import count

import cv2
import numpy as np
import pytest

from kiosk.capture.stream_integrity import StreamMonitor
from kiosk.model import Frame, StreamSeen
from kiosk.ports import Image
from kiosk.simulators.camera_effects import SimulatedSensor

FPS = 25.0
SIZE = (320, 240)
START_S = 9.0
"""Where the sensor's exposure is in its drift when a test begins."""
random = np.random.default_rng(5)
SENSOR = SimulatedSensor(SIZE, 5)
TICKS = (START_S + i / FPS for i in count())
ROOM = np.asarray(cv2.GaussianBlur(random.integers(30, 220, (240, 320, 3), np.uint8), (0, 0), 6), np.uint8)


@pytest.fixture(autouse=True)
def same_sensor_for_every_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test with the same noise and exposure, whichever tests ran before."""
    monkeypatch.setitem(globals(), "random", np.random.default_rng(5))
    monkeypatch.setitem(globals(), "SENSOR", SimulatedSensor(SIZE, 5))
    monkeypatch.setitem(globals(), "TICKS", (START_S + i / FPS for i in count()))


def scene(at: float) -> Image:
    """Somebody sways before a room, at rates that have no common period."""
    picture = cv2.convertScaleAbs(ROOM, alpha=2.5, beta=-180)
    x = 160 + 22 * np.sin(2.1 * at) + 13 * np.sin(3.37 * at + 1)
    y = 130 + 9 * np.sin(1.73 * at)
    cv2.ellipse(picture, ((x, y), (110, 150), 4 * np.sin(1.1 * at)), (120, 150, 190), -1)
    return np.asarray(picture, np.uint8)


def sensor(picture: Image) -> Image:
    """Noise, and an exposure that drifts."""
    return SENSOR.capture(picture, next(TICKS))


def watched(
    shown: Callable[[float], Image], seconds: float = 8.0, jitter_s: float = 0.001, stamps: bool = False
) -> StreamSeen:
    watch = StreamMonitor()
    seen = StreamSeen()
    for i in range(round(seconds * FPS)):
        at = i / FPS + float(random.uniform(0, jitter_s))
        seen = watch.look(Frame(image=shown(i / FPS), seq=i, at=at, stamp=1.0 + i if stamps else None))
    return seen


def test_a_live_sensor_has_nothing_to_be_blamed_for():
    seen = watched(lambda at: sensor(scene(at)), 14.0)
    assert (seen.repeated, seen.held, seen.backwards, seen.loop_s) == (0, 0, 0, None)
    assert 1.5 < seen.noise < 4.0
    assert 23 < seen.fps < 27
    assert seen.still_s < 1
    assert seen.jitter_ms > 0.1


def test_a_slow_sensor_s_doubled_frames_are_held_and_not_repeated():
    last: list[Image] = []

    def doubled(at: float) -> Image:
        if round(at * FPS) % 2 == 0:
            last[:] = [sensor(scene(at))]
        return last[0]

    seen = watched(doubled)
    assert seen.held == 100
    assert (seen.repeated, seen.loop_s) == (0, None)
    assert seen.noise > 1


def test_a_loop_comes_back_picture_by_picture():
    clip = [sensor(scene(i / FPS)) for i in range(50)]
    assert watched(lambda at: clip[round(at * FPS) % 50]).repeated >= 140


def test_a_clip_that_goes_there_and_back_too():
    clip = [sensor(scene(i / FPS)) for i in range(50)]
    clip += clip[-2:0:-1]
    assert watched(lambda at: clip[round(at * FPS) % len(clip)]).repeated >= 90


@pytest.mark.parametrize("quality", [75, 90])
def test_a_loop_is_known_by_its_movement_though_every_picture_differs(quality):
    """Filmed from a display, or noise added to hide it: no two pictures are the same any more."""

    def again(at: float) -> Image:
        jpeg = cv2.imencode(".jpg", sensor(scene(at % 3.0)), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)

    seen = watched(again, 10.0)
    assert seen.repeated == 0
    assert seen.loop_s in (3.0, 6.0), "once or twice the period"


def test_computed_pictures_have_no_noise():
    assert watched(scene, 3.0).noise < 0.1


def test_a_photograph_does_not_move():
    photo = scene(1.0)
    seen = watched(lambda at: sensor(photo), 6.0)
    assert seen.still_s > 5
    assert (seen.repeated, seen.loop_s) == (0, None)


def test_a_drifting_exposure_is_no_movement():
    """Beside the sensor's own drift, in step with it for a part of the time.

    Where both drifts add up to 6 % a second the measure takes them for movement (8 of 14 phases): it then
    misses a still picture, which is evidence only, and blames nobody.
    """
    photo = scene(1.0)
    seen = watched(lambda at: sensor(cv2.convertScaleAbs(photo, alpha=1 + 0.05 * np.sin(at))), 6.0)
    assert seen.still_s > 5


def test_times_that_go_back_are_counted():
    watch = StreamMonitor()
    for i, at in enumerate([0.0, 0.04, 0.03, 0.08]):
        seen = watch.look(Frame(image=sensor(scene(at)), seq=i, at=at))
    assert seen.backwards == 1
    watch = StreamMonitor()
    for i, stamp in enumerate([5.0, 5.1, 4.9, 5.0]):
        seen = watch.look(Frame(image=sensor(scene(i / FPS)), seq=i, at=i / FPS, stamp=stamp))
    assert seen.backwards == 1


def test_a_covered_lens_repeats_nothing():
    assert watched(lambda at: np.full((240, 320, 3), int(at * FPS) % 2, np.uint8), 3.0).repeated == 0


def test_a_clip_without_pause_is_faster_and_more_even_than_any_camera():
    watch = StreamMonitor()
    for i in range(40):
        seen = watch.look(Frame(image=sensor(scene(i / FPS)), seq=i, at=i / 400))
    assert seen.fps == 400
    assert seen.jitter_ms == 0

"""The watcher with real engines over simulated people; time is the frames' own, nothing sleeps."""

import threading
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import EngineError
from kiosk.events import Event, ReferenceFailed, ReferenceReady
from kiosk.face.no_liveness import NoLiveness, NoLivenessSettings
from kiosk.face.sface import SFace
from kiosk.face.watcher import FaceWatcher
from kiosk.model import FaceSeen, Frame
from kiosk.ports import Face, Image
from kiosk.simulators.head import EmptyShop
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings
from tests.support.faces import context, engine, head, landmarks, limits, needs_models, portrait

pytestmark = needs_models

WAIT_S = 60.0  # only a test that fails waits so long
FPS = 15
ROOM = EmptyShop()


class FixedLiveness:
    """A measuring instrument that always shows the same; None: nothing."""

    name = version = "fixed"

    def __init__(self, value: float | None) -> None:
        self.value = value

    def score(self, image: Image, face: Face) -> float | None:
        return self.value


class Broken:
    """Every measurement fails."""

    name = version = "broken"

    def _fail(self, *_: object) -> None:
        raise EngineError(Code.FACE_ENGINE_FAILED, "made to fail")

    measure = score = detect = embed = _fail


class Stand(Struct):
    """A watcher whose frames and time are in the test's hands."""

    watcher: FaceWatcher
    events: list[Event]
    now: list[float]

    def prepare(self, name: str) -> Event:
        self.watcher.watch(portrait(name))
        assert self.watcher._await_watch()
        return self.events.pop()

    def show(self, picture: Callable[[float], Image], seconds: float) -> list[FaceSeen]:
        """Let the watcher see so many seconds of somebody; what it said of them."""
        before = len(self.events)
        for _ in range(round(seconds * FPS)):
            self.now[0] += 1 / FPS
            at = self.now[0]
            self.watcher.step(Frame(image=picture(at), seq=round(at * FPS), at=at))
        return [event for event in self.events[before:] if isinstance(event, FaceSeen)]


def stand(liveness: object = None, mesh: object = None, decoder: object = None) -> Stand:
    events: list[Event] = []
    now = [100.0]
    watcher = FaceWatcher(
        engine(),
        mesh or landmarks(),
        liveness or NoLiveness(NoLivenessSettings(), context()),
        decoder=decoder or SimulatedDecoder(SimulatedDecoderSettings(), context()),
        settings=limits(),
        newest=lambda seconds: None,
        post=events.append,
        clock=lambda: now[0],
        same_face=SFace.thresholds.same_face,
    )
    return Stand(watcher, events, now)


def person(name: str, **pose: float) -> Callable[[float], Image]:
    return lambda at: head(name).render(at, **pose)


def nobody(at: float) -> Image:
    return ROOM.render(at)


def both(at: float) -> Image:
    """Two people side by side."""
    one, other = head("collins").render(at, scale=0.8), head("hopper").render(at, scale=0.8)
    return np.hstack([one[:, 160:480], other[:, 160:480]])


# ── likeness ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["hopper", "collins"])
def test_the_card_s_owner_is_recognised(name):
    it = stand(FixedLiveness(0.8))
    assert isinstance(it.prepare(name), ReferenceReady)
    last = it.show(person(name), 1.0)[-1]
    assert last.likeness_mean >= SFace.thresholds.accept
    assert last.frames_good >= limits().best_frames
    assert last.live_median == 0.8
    assert (last.track, last.faces, last.hint) == (0, 1, Code.OK)


@pytest.mark.parametrize(("card", "face"), [("hopper", "collins"), ("collins", "hopper")])
def test_somebody_else_is_not(card, face):
    it = stand()
    it.prepare(card)
    seen = it.show(person(face), 1.0)
    assert max(s.likeness_mean for s in seen) < 0.3
    assert max(s.likeness for s in seen if s.likeness is not None) < 0.35


def test_without_liveness_nothing_is_claimed():
    it = stand()
    it.prepare("hopper")
    assert all(s.live is None and s.live_median is None for s in it.show(person("hopper"), 0.6))


def test_without_reference_there_is_no_likeness():
    it = stand()
    it.watcher.watch(None)
    seen = it.show(person("hopper"), 0.5)
    assert all(s.likeness is None and s.likeness_mean is None for s in seen)
    assert seen[-1].frames_good > 0


def test_an_unreadable_portrait_is_told_and_gives_no_likeness():
    it = stand()
    it.watcher.watch(b"\0" * 1024)
    it.watcher._await_watch()
    assert it.events == [ReferenceFailed(Code.CARD_PORTRAIT_UNREADABLE)]
    assert it.show(person("hopper"), 0.4)[-1].likeness_mean is None


def test_a_portrait_without_a_face_is_told():
    _, flat = cv2.imencode(".webp", np.full((126, 102, 3), 127, np.uint8))
    it = stand()
    it.watcher.watch(flat.tobytes())
    it.watcher._await_watch()
    assert it.events == [ReferenceFailed(Code.CARD_PORTRAIT_NO_FACE)]


# ── the track ────────────────────────────────────────────────────────────────────────────────────


def test_one_person_is_one_track_also_while_speaking():
    it = stand()
    it.prepare("collins")
    it.show(person("collins"), 1.0)
    it.watcher.watch(None)
    seen = it.show(lambda at: head("collins").render(at, mouth=abs(np.sin(8 * at))), 3.0)
    assert {s.track for s in seen} == {0}
    compared = [s.likeness_first for s in seen if s.likeness_first is not None]
    assert len(compared) >= len(seen) // 4
    assert min(compared) > 0.6
    assert all(s.mouth is not None for s in seen)


def test_somebody_who_steps_in_breaks_the_track_and_inherits_nothing():
    it = stand(FixedLiveness(0.9))
    it.prepare("collins")
    it.show(person("collins"), 1.0)
    it.watcher.watch(None)
    seen = it.show(person("hopper"), 0.5)
    assert seen[-1].track == 1
    changed = next(s for s in seen if s.track == 1)
    assert changed.likeness_first < SFace.thresholds.same_face
    assert changed.at - seen[0].at < 0.3
    assert changed.frames_good <= 1
    assert seen[-1].likeness_mean < 0.3


def test_leaving_breaks_the_track_after_the_gap():
    it = stand()
    it.prepare("collins")
    it.show(person("collins"), 0.5)
    gone = it.show(nobody, 1.0)
    assert all((s.faces, s.hint, s.mouth) == (0, Code.FACE_LEFT, None) for s in gone)
    assert gone[0].track == 0
    assert gone[-1].track == 1
    assert it.show(person("collins"), 0.5)[-1].track == 1


def test_a_blink_of_the_detector_does_not_break_it():
    it = stand()
    it.prepare("collins")
    it.show(person("collins"), 0.5)
    it.show(nobody, 0.2)
    assert it.show(person("collins"), 0.3)[-1].track == 0


def test_two_people_at_once_break_it():
    it = stand()
    it.prepare("collins")
    it.show(person("collins"), 0.5)
    seen = it.show(both, 0.8)
    assert {(s.faces, s.hint, s.good, s.likeness) for s in seen} == {(2, Code.FACE_SEVERAL, False, None)}
    assert {s.track for s in seen[-5:]} == {1}


def test_a_second_face_for_a_moment_does_not_break_it():
    it = stand()
    it.prepare("collins")
    it.show(person("collins"), 0.5)
    it.show(both, 0.2)
    assert it.show(person("collins"), 0.3)[-1].track == 0


def test_who_left_is_called_back_and_who_never_came_is_invited():
    it = stand()
    it.prepare("collins")
    assert {s.hint for s in it.show(nobody, 0.3)} == {Code.FACE_NONE}
    it.show(person("collins"), 0.3)
    assert {s.hint for s in it.show(nobody, 0.3)} == {Code.FACE_LEFT}


def test_another_person_is_told_so_and_begins_anew():
    it = stand()
    it.prepare("collins")
    it.show(person("collins"), 0.6)
    seen = it.show(person("hopper"), 2.4)
    assert Code.FACE_CHANGED in {s.hint for s in seen}
    assert seen[-1].hint is Code.OK
    assert seen[-1].likeness_mean < 0.3, "nothing of the first person counts"


def test_while_the_exposure_settles_no_frame_counts():
    it = stand()
    it.prepare("collins")
    gains = iter([1.0, 0.7, 0.85, 1.0, 1.0, 1.0])
    seen = it.show(lambda at: cv2.convertScaleAbs(head("collins").render(at), alpha=next(gains)), 0.4)
    assert [s.good for s in seen] == [True, False, False, False, True, True]


def test_somebody_small_in_the_background_is_no_second_customer():
    def customer_and_bystander(at: float) -> Image:
        picture = head("collins").render(at)
        small = cv2.resize(head("hopper").render(at)[:, 160:480], None, fx=0.35, fy=0.35)
        picture[40 : 40 + small.shape[0], 10 : 10 + small.shape[1]] = small
        return picture

    it = stand()
    it.prepare("collins")
    assert len(engine().detect(customer_and_bystander(1.0))) == 2
    seen = it.show(customer_and_bystander, 0.5)
    assert {(s.faces, s.track) for s in seen} == {(1, 0)}


def test_a_new_visit_s_watch_does_not_inherit_best_frames():
    it = stand()
    it.prepare("collins")
    it.show(person("collins"), 0.6)
    it.prepare("hopper")
    first = it.show(person("hopper"), 1 / FPS)[0]
    assert first.frames_good == 1
    assert first.likeness_mean > SFace.thresholds.accept


# ── duty ─────────────────────────────────────────────────────────────────────────────────────────


def test_frames_are_looked_at_no_more_often_than_the_settings_say():
    it = stand()
    it.watcher.watch(None)
    for i in range(60):
        at = 100 + i / 60
        it.watcher.step(Frame(image=ROOM.render(at), seq=i, at=at))
    assert len(it.events) <= limits().max_fps + 2


def test_frames_from_before_the_watch_do_not_count():
    it = stand()
    it.watcher.watch(None)
    it.watcher.step(Frame(image=nobody(1.0), seq=1, at=99.9))
    assert it.events == []


def test_once_enough_is_known_every_third_frame_is_compared():
    it = stand()
    it.prepare("hopper")
    it.show(person("hopper"), 1.0)
    seen = it.show(person("hopper"), 2.0)
    assert sum(s.likeness is not None for s in seen) == pytest.approx(len(seen) / 3, abs=3)


# ── failing engines ──────────────────────────────────────────────────────────────────────────────


def test_a_failing_landmarker_is_told_and_never_good():
    it = stand(mesh=Broken())
    it.prepare("hopper")
    seen = it.show(person("hopper"), 0.4)
    assert {(s.hint, s.good, s.frames_good) for s in seen} == {(Code.FACE_ENGINE_FAILED, False, 0)}


def test_a_failing_anti_spoof_measures_nothing():
    it = stand(liveness=Broken())
    it.prepare("hopper")
    seen = it.show(person("hopper"), 0.4)
    assert seen[-1].good
    assert seen[-1].live_median is None


# ── forgetting ───────────────────────────────────────────────────────────────────────────────────


def test_the_picture_is_the_face_within_its_limits():
    it = stand()
    it.prepare("hopper")
    assert it.watcher.picture() is None
    it.show(person("hopper"), 0.5)
    picture = cv2.imdecode(np.frombuffer(it.watcher.picture(), np.uint8), cv2.IMREAD_COLOR)
    assert max(picture.shape[:2]) <= limits().picture_px
    assert len(engine().detect(np.asarray(picture, np.uint8))) == 1


def test_after_forgetting_nothing_personal_remains():
    it = stand(FixedLiveness(0.9))
    it.prepare("hopper")
    it.show(person("hopper"), 0.6)
    memory, track = it.watcher._memory, it.watcher._track
    arrays = [memory.reference, memory._picture, track._first, *(s.vector for s in memory._kept)]
    assert all(array.any() for array in arrays)
    it.watcher.forget()
    assert not any(array.any() for array in arrays)
    assert it.watcher.picture() is None
    assert it.show(person("hopper"), 0.2) == []
    it.watcher.watch(None)
    fresh = it.show(person("hopper"), 0.2)[0]
    assert (fresh.likeness, fresh.track, fresh.frames_good) == (None, 0, 1)


def test_a_portrait_that_was_not_prepared_yet_is_forgotten_too():
    it = stand()
    it.watcher.watch(portrait("hopper"))
    it.watcher.forget()
    assert not it.watcher._await_watch()
    assert it.events == []


def test_run_prepares_looks_and_stops():
    """On a thread of its own, as in the product."""
    it = stand()
    stop, enough = threading.Event(), threading.Event()

    def newest(seconds: float) -> Frame:
        it.now[0] += 1 / FPS
        return Frame(image=head("hopper").render(it.now[0]), seq=round(it.now[0] * FPS), at=it.now[0])

    def post(event: Event) -> None:
        it.events.append(event)
        if len(it.events) > 10:
            enough.set()

    it.watcher._newest, it.watcher._post = newest, post
    thread = threading.Thread(target=it.watcher.run, args=(stop,))
    thread.start()
    it.watcher.watch(portrait("hopper"))
    assert enough.wait(WAIT_S)
    it.watcher.forget()
    posted = len(it.events)
    stop.set()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert len(it.events) == posted
    assert isinstance(it.events[0], ReferenceReady)
    assert it.events[-1].likeness_mean > SFace.thresholds.accept


# ── the camera's own position ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "turn",
    [cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE],
    ids=["180", "90", "270"],
)
@pytest.mark.parametrize("name", ["hopper", "collins"])
def test_a_camera_that_is_turned_is_told_and_judges_nobody(name, turn):
    """Upside down people were told that their eyes are closed, and some frames counted as good."""
    made = stand()
    made.prepare(name)
    person = head(name)
    seen = made.show(lambda at: np.ascontiguousarray(cv2.rotate(person.render(at), turn)), 4.0)
    assert not any(frame.good or frame.frames_good for frame in seen)
    assert seen[-1].hint is Code.CAMERA_TURNED


@pytest.mark.parametrize("name", ["hopper", "collins"])
def test_an_upright_camera_is_looked_at_a_few_times_only(name):
    made = stand()
    made.prepare(name)
    looks = []
    detect, made.watcher._engine.detect = made.watcher._engine.detect, None
    made.watcher._engine.detect = lambda image: looks.append(image.shape) or detect(image)
    seen = made.show(head(name).render, 4.0)
    assert all(frame.hint is not Code.CAMERA_TURNED for frame in seen)
    assert seen[-1].frames_good > 0
    small = [shape for shape in looks if max(shape[:2]) == 320]
    assert len(small) == 3 * 4


def test_each_watch_looks_anew():
    made = stand()
    made.prepare("hopper")
    upside_down = lambda at: np.ascontiguousarray(cv2.rotate(head("hopper").render(at), cv2.ROTATE_180))  # noqa: E731
    assert made.show(upside_down, 4.0)[-1].hint is Code.CAMERA_TURNED
    made.prepare("hopper")
    assert made.show(head("hopper").render, 4.0)[-1].frames_good > 0


def test_somebody_who_bends_down_for_a_moment_is_no_turned_camera():
    made = stand()
    made.prepare("hopper")
    person = head("hopper")
    for _ in range(3):
        bent = lambda at: np.ascontiguousarray(cv2.rotate(person.render(at), cv2.ROTATE_180))  # noqa: E731
        seen = made.show(bent, 1.0) + made.show(person.render, 1.0)
        assert all(frame.hint is not Code.CAMERA_TURNED for frame in seen)

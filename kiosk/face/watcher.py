"""Turns frames into `FaceSeen` events. Embeddings never leave this package; only the sealed picture does.

`run` works on the face thread; everything else may be called from any thread and takes effect before it
returns: after `unwatch` or `forget` no `FaceSeen` of the watch is posted any more. One lock guards all state
and is held while a frame is looked at: no look can store anything after `forget` has returned.
"""

import logging
import threading
import time
from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.errors import CardError, EngineError
from kiosk.events import CardSeen, Event, ReferenceFailed, ReferenceReady
from kiosk.face.card_picture import inspect_frame
from kiosk.face.card_portrait import CardPortrait
from kiosk.face.frame_history import FrameHistory
from kiosk.face.frame_scheduler import FrameScheduler
from kiosk.face.geometry import window
from kiosk.face.memory import FaceMemory
from kiosk.face.orientation import OrientationCheck
from kiosk.face.quality import hint, measure, rank
from kiosk.face.reference import prepare_reference
from kiosk.face.reflection import Reflection
from kiosk.face.track import Track
from kiosk.model import FaceBox, FaceSeen, Frame
from kiosk.ports import (
    Face,
    FaceEngine,
    FaceLandmarks,
    Image,
    Liveness,
    PortraitDecoder,
)
from kiosk.settings import FaceSettings

log = logging.getLogger(__name__)

BLANK = np.full((160, 160, 3), 127, np.uint8)
"""A grey picture …"""
BLANK_FACE = Face(
    x=40.0,
    y=40.0,
    width=80.0,
    height=80.0,
    points=np.array([[60, 70], [100, 70], [80, 90], [65, 110], [95, 110]], np.float32),
    score=1.0,
)
"""… and where a face would be in its middle."""
_WAIT_S = 0.2  # within which `run` notices that it shall stop
_BYSTANDER = 0.5  # faces less than half as wide as the largest belong to people further behind
_MARGIN = 0.5  # face widths around the box in the one picture
_SEVERAL_S = 0.4  # a second face must stay so long: a passer-by, or a face on a parcel, changes nothing
_CHANGED_S = 1.5  # how long the person is informed that another face was seen
_COMPARABLE = frozenset(
    {
        Code.OK,
        Code.FACE_CUT,
        Code.FACE_OFF_CENTRE,
        Code.FACE_TOO_NEAR,
        Code.FACE_TILTED,
        Code.FACE_EYES_CLOSED,
        Code.FACE_BACKLIT,
    }
)
"""Hints under which an embedding still tells two people apart, so that the track can be followed."""


class FaceWatcher:
    """Looks at frames while a person, or their card, is to be watched.

    `newest(seconds)` waits at most so long for a frame newer than the last it returned. `post` takes events
    and must not block. `same_face`: likeness between successive faces below which it is another person.
    """

    def __init__(
        self,
        engine: FaceEngine,
        landmarks: FaceLandmarks,
        liveness: Liveness,
        *,
        decoder: PortraitDecoder,
        settings: FaceSettings,
        newest: Callable[[float], Frame | None],
        post: Callable[[Event], None],
        same_face: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._landmarks, self._liveness, self._decoder = engine, landmarks, liveness, decoder
        self._settings, self._newest, self._post, self._clock = settings, newest, post, clock
        self._same_face = same_face
        self._state = threading.Condition()  # guards everything below
        self._watching = False
        self._blank_due = False
        self._since = 0.0  # frames before it belong to an earlier watch
        self._portrait: bytes | None = None  # as read from the chip, until it is prepared
        self._printed: CardPortrait | None = None  # not None: a card is looked for
        self._memory = FaceMemory(settings.best_frames)
        self._track = Track(same_face, settings.max_gap_s)
        self._scheduler = FrameScheduler(settings.max_fps)
        self._reflection = Reflection()
        self._history = FrameHistory()
        self._orientation = OrientationCheck()

    def watch(self, portrait: bytes | None) -> None:
        """Begin to watch, or go on.

        With `portrait` everything begins anew: `ReferenceReady` or `ReferenceFailed` comes first. With None
        the reference, the kept frames and the track stay those of the watch before.
        """
        with self._state:
            self._printed = None
            if portrait is not None:
                self._portrait = portrait
                self._memory.begin()
                self._track.cut()
                self._history, self._orientation = FrameHistory(), OrientationCheck()
            self._since = self._since if self._watching and portrait is None else self._clock()
            self._watching = True
            self._state.notify_all()

    def watch_card(self, number: str) -> None:
        """Look for the card of this number that is held before the camera, until its portrait is taken.

        Posts `CardSeen` after each frame, then `ReferenceReady`. What was known of a face is dropped.
        """
        with self._state:
            self._portrait = None
            self._memory.begin()
            self._track.cut()
            self._printed = CardPortrait(self._settings.card_frames, self._same_face, number)
            self._since, self._watching = self._clock(), True
            self._state.notify_all()

    def unwatch(self) -> None:
        """Stop looking; what is known stays."""
        with self._state:
            self._watching = False

    def keep_face(self) -> None:
        """Compare every face with the one that was seen last, from now on until `forget`.

        A clerk is asked about it.
        """
        with self._state:
            self._memory.keep_reviewed()

    def forget(self) -> None:
        """Stop looking and overwrite everything personal; the networks' own buffers a moment later."""
        with self._state:
            self._blank_due = True
            self._watching = False
            self._portrait = None
            self._printed = None
            self._memory.forget()
            self._track.forget()
            self._reflection.forget()
            self._history = FrameHistory()

    def picture(self) -> bytes | None:
        """Return the best good frame of the track as JPEG, the face with a margin; None without one."""
        with self._state:
            return self._memory.picture(self._settings.picture_px, self._settings.picture_quality)

    def pair(self) -> tuple[Image | None, Image | None]:
        """Return copies of the card's portrait and the best good frame, for a clerk to compare."""
        with self._state:
            return self._memory.pair()

    def run(self, stop: threading.Event) -> None:
        """Do the face thread's work until `stop` is set."""
        while not stop.is_set():
            if self._await_watch():
                self._step_newest()

    def _await_watch(self) -> bool:
        """Say whether to look at frames; prepare the reference first, or wait a little if not."""
        with self._state:
            if not self._watching:
                if self._blank_due:
                    self._blank_due = False
                    blank_networks(self._engine, self._landmarks, self._liveness)
                self._state.wait(_WAIT_S)
            else:
                self.prepare_reference()
            return self._watching

    def prepare_reference(self) -> None:
        """Embed the portrait of `watch` if that was not done; `run` does it for a caller that uses it."""
        with self._state:
            if self._portrait is not None:
                portrait, self._portrait = self._portrait, None
                self._post(self._prepare(portrait))

    def _prepare(self, portrait: bytes) -> Event:
        try:
            self._memory.set_reference(*prepare_reference(portrait, self._decoder, self._engine))
        except (CardError, EngineError) as error:
            log.warning("the card's portrait gave no reference: %s", error)
            return ReferenceFailed(error.code)
        return ReferenceReady()

    def _step_newest(self) -> None:
        # A function of its own: a name in `run` would keep the last picture while it waits.
        frame = self._newest(_WAIT_S)
        if frame is not None:
            self.step(frame)

    def step(self, frame: Frame) -> None:
        """Look at one frame if it is wanted; not before the reference is prepared."""
        with self._state:
            ready = self._watching and self._portrait is None and frame.at >= self._since
            if not ready or not self._scheduler.due(frame.at):
                return
            if self._printed is not None:
                self._look_for_card(frame, self._printed)
            else:
                self._post(self._report(frame))

    def _look_for_card(self, frame: Frame, printed: CardPortrait) -> None:
        began = self._clock()
        try:
            seen = inspect_frame(frame.image, self._engine, self._settings, printed.number)
            if seen.portrait is not None and seen.face is not None:
                printed.add(self._engine.embed(seen.portrait, seen.face), seen.portrait)
        except EngineError as error:
            log.warning("a frame could not be searched for a card: %s", error)
            self._post(CardSeen(frame.at, error.code))
            return
        self._scheduler.record_look(self._clock() - began)
        self._post(CardSeen(frame.at, seen.hint))
        vector = printed.vector()
        if vector is not None:
            self._printed = None
            self._memory.set_reference(vector, printed.portrait)  # the clerk is shown what was photographed
            self._watching = (
                False  # the person who puts the card down shall not be the first face that is seen
            )
            self._post(ReferenceReady(photographed=True))

    def _report(self, frame: Frame) -> FaceSeen:
        """Return what this frame shows; a failing engine is reported as such and never as a measure."""
        try:
            seen = self._look(frame)
        except EngineError as error:
            log.warning("a frame could not be looked at: %s", error)
            seen = FaceSeen(at=frame.at, seq=frame.seq, hint=error.code)
        return replace(
            seen,
            track=self._track.number,
            frames_good=self._memory.frames,
            likeness_mean=self._memory.likeness_mean(),
            likeness_reviewed=self._memory.likeness_reviewed(),
            live_median=self._memory.live_median(),
            stream=frame.stream,
        )

    def _look(self, frame: Frame) -> FaceSeen:
        began, track = self._clock(), self._track.number
        self._orientation.look(frame.image, frame.at, self._engine.detect)
        if self._orientation.turned:
            return FaceSeen(at=frame.at, seq=frame.seq, hint=Code.CAMERA_TURNED)
        found = self._engine.detect(frame.image)
        faces = [face for face in found if face.width >= _BYSTANDER * found[0].width]
        box = face_box(frame.image, faces[0]) if faces else None
        seen = FaceSeen(at=frame.at, seq=frame.seq, faces=len(faces), box=box)
        if len(faces) == 1:
            self._track.record_face(frame.at)
            self._restart_if_cut(track)
            return self._look_at(frame, faces[0], seen, began)
        if faces:
            self._record_several(frame.at)
            said = Code.FACE_SEVERAL
        else:
            self._track.record_absence(frame.at)
            said = Code.FACE_LEFT if self._history.face_met else Code.FACE_NONE
        self._restart_if_cut(track)
        self._history.last_hint = said
        return replace(seen, hint=said)

    def _record_several(self, at: float) -> None:
        """Cut the track if there have been several faces of one size for too long: it may be either's."""
        if self._history.several_since is None:
            self._history.several_since = at
        if at - self._history.several_since >= _SEVERAL_S:
            self._track.cut()

    def _look_at(self, frame: Frame, face: Face, seen: FaceSeen, began: float) -> FaceSeen:
        history = self._history
        steady = history.exposure_steady(frame.image, self._settings.max_exposure_step)
        mesh = self._landmarks.measure(frame.image, face)
        found = measure(frame.image, face)
        said = hint(found, mesh, self._settings, history.last_hint)
        comparable = said in _COMPARABLE
        history.several_since, history.last_hint = None, said
        history.face_met = history.face_met or comparable
        seen = replace(
            seen,
            hint=said,
            good=said is Code.OK and steady and not self._orientation.doubted,
            mouth=mesh.mouth,
            eyes=mesh.eyes,
            yaw=mesh.yaw,
            pitch=mesh.pitch,
            roll=mesh.roll,
            light=self._reflection.measure(frame.image, face),
        )
        self._scheduler.record_look(self._clock() - began)
        if comparable and (not self._track.known or self._scheduler.embed_due(steady=self._memory.full)):
            seen = self._compare(frame, face, seen, rank(found, mesh, face))
        return replace(seen, hint=Code.FACE_CHANGED) if frame.at < history.changed_until else seen

    def _compare(self, frame: Frame, face: Face, seen: FaceSeen, frame_rank: float) -> FaceSeen:
        """Do the expensive part: embed the face, compare it, and score its liveness."""
        began, track = self._clock(), self._track.number
        vector = self._engine.embed(frame.image, face)
        first = self._track.compare(vector, frame.at, good=seen.good)
        if self._track.number != track:
            self._history.changed_until = frame.at + _CHANGED_S
        self._restart_if_cut(track)
        live = self._score_liveness(frame.image, face) if seen.good else None
        likeness = self._memory.likeness(vector)
        if seen.good:
            self._memory.add(frame_rank, vector, window(frame.image, face, _MARGIN))
        self._scheduler.record_embedding(self._clock() - began)
        return replace(seen, likeness=likeness, likeness_first=first, live=live)

    def _score_liveness(self, image: Image, face: Face) -> float | None:
        try:
            score = self._liveness.score(image, face)
        except EngineError as error:
            log.warning("liveness could not be measured: %s", error)
            return None
        if score is not None:
            self._memory.add_live_score(score)
        return score

    def _restart_if_cut(self, track: int) -> None:
        """Drop what is known of the face if the track is no longer number `track`."""
        if self._track.number != track:
            self._memory.restart()
            self._reflection.forget()


def blank_networks(engine: FaceEngine, landmarks: FaceLandmarks, liveness: Liveness) -> None:
    """Overwrite the networks' buffers with a grey picture: they keep what they were given last."""
    for run_network in (
        lambda: engine.detect(BLANK),
        lambda: landmarks.measure(BLANK, BLANK_FACE),
        lambda: liveness.score(BLANK, BLANK_FACE),
        lambda: engine.embed(BLANK, BLANK_FACE),
    ):
        try:
            run_network()
        except Exception as error:  # any exception of a driver; the other networks are blanked all the same
            log.warning("a network was not given the grey picture: %s", type(error).__name__)


def face_box(image: Image, face: Face) -> FaceBox:
    """Return the face's box in fractions of the picture."""
    height, width = image.shape[:2]
    return FaceBox(x=face.x / width, y=face.y / height, width=face.width / width, height=face.height / height)

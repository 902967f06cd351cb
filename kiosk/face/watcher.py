"""Frames in, `FaceSeen` out. Embeddings never leave this package; of pictures only the one to be sealed does.

`run` works on the face thread; everything else may be called from any thread and takes effect before it
returns: after `unwatch` or `forget` no `FaceSeen` of the watch comes any more.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.errors import CardError, EngineError
from kiosk.events import CardSeen, Event, ReferenceFailed, ReferenceReady
from kiosk.face.card_picture import look
from kiosk.face.card_portrait import CardPortrait
from kiosk.face.frame_history import FrameHistory
from kiosk.face.frame_scheduler import FrameScheduler
from kiosk.face.geometry import window
from kiosk.face.memory import FaceMemory
from kiosk.face.quality import hint, measure, rank
from kiosk.face.reference import reference
from kiosk.face.reflection import Reflection
from kiosk.face.track import Track
from kiosk.model import FaceBox, FaceSeen, Frame
from kiosk.ports import (
    Face,
    FaceEngine,
    FaceLandmarks,
    FaceMesh,
    Image,
    Liveness,
    PortraitDecoder,
)
from kiosk.settings import FaceSettings

log = logging.getLogger(__name__)

BLANK = np.full((160, 160, 3), 127, np.uint8)
_POINTS = np.array([[60, 70], [100, 70], [80, 90], [65, 110], [95, 110]], np.float32)
NOBODY = Face(40.0, 40.0, 80.0, 80.0, _POINTS, 1.0)
"""A grey picture, and a face that would stand in its middle."""
_WAIT_S = 0.2  # how soon `run` notices that it shall stop
_BYSTANDER = 0.5  # faces less than half as wide as the largest belong to people further behind
_MARGIN = 0.5  # face widths around the box in the one picture
_SEVERAL_S = 0.4  # a second face must stay so long: a passer-by, or a face on a parcel, changes nothing
_CHANGED_S = 1.5  # how long the person is told that somebody else was seen
_COMPARABLE = frozenset(
    {
        Code.OK,
        Code.FACE_OFF_CENTRE,
        Code.FACE_TOO_NEAR,
        Code.FACE_TILTED,
        Code.FACE_EYES_CLOSED,
        Code.FACE_BACKLIT,
    }
)
"""Hints under which an embedding still tells two people apart, so that the track can be followed."""


class FaceWatcher:
    """Looks at frames while somebody is to be watched.

    `newest(seconds)` waits at most so long for a frame newer than the last it gave. `give` takes events and
    must not block. `same_face`: likeness between successive faces below which it is another person.
    """

    def __init__(
        self,
        engine: FaceEngine,
        landmarks: FaceLandmarks,
        liveness: Liveness,
        decoder: PortraitDecoder,
        settings: FaceSettings,
        newest: Callable[[float], Frame | None],
        give: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        same_face: float,
    ) -> None:
        self._engine, self._landmarks, self._liveness, self._decoder = engine, landmarks, liveness, decoder
        self._settings, self._newest, self._give, self._clock = settings, newest, give, clock
        self._state = threading.Condition()  # guards everything below
        self._watching = False
        self._blank_due = False
        self._since = 0.0
        self._portrait: bytes | None = None
        self._printed: CardPortrait | None = None  # a card is looked for
        self._memory = FaceMemory(settings.best_frames)
        self._same_face = same_face
        self._track = Track(same_face, settings.max_gap_s)
        self._pace = FrameScheduler(settings.max_fps)
        self._reflection = Reflection()
        self._scene = FrameHistory()

    def watch(self, portrait: bytes | None) -> None:
        """Begin, or go on.

        With `portrait` everything begins anew: `ReferenceReady` or `ReferenceFailed` comes first. With None
        the reference, the best frames and the track stay those of the watch before.
        """
        with self._state:
            self._printed = None
            if portrait is not None:
                self._portrait = portrait
                self._memory.begin()
                self._track.cut()
                self._scene = FrameHistory()
            self._since = self._since if self._watching and portrait is None else self._clock()
            self._watching = True
            self._state.notify_all()

    def watch_card(self) -> None:
        """Look for a card that is held before the camera, until its portrait is taken: `CardSeen` after each
        frame, then `ReferenceReady`. What was known of a face is dropped.
        """
        with self._state:
            self._portrait = None
            self._memory.begin()
            self._track.cut()
            self._printed = CardPortrait(self._settings.card_frames, self._same_face)
            self._since, self._watching = self._clock(), True
            self._state.notify_all()

    def unwatch(self) -> None:
        """Stop looking; what is known stays."""
        with self._state:
            self._watching = False

    def keep_face(self) -> None:
        """A clerk is asked about the face that was seen last: from now on, until `forget`, every face is
        compared with it.
        """
        with self._state:
            self._memory.keep_reviewed()

    def forget(self) -> None:
        """Stop looking and overwrite everything personal; the nets' own buffers a moment later."""
        with self._state:
            self._blank_due = True
            self._watching = False
            self._portrait = None
            self._printed = None
            self._memory.forget()
            self._track.forget()
            self._reflection.forget()
            self._scene = FrameHistory()

    def picture(self) -> bytes | None:
        """JPEG of the best good frame of the present track: the face with a margin. None: there is none."""
        with self._state:
            return self._memory.picture(self._settings.picture_px, self._settings.picture_quality)

    def pair(self) -> tuple[Image | None, Image | None]:
        """The card's portrait and the best good frame, for a clerk to compare; copies, (h, w, 3) BGR."""
        with self._state:
            return self._memory.pair()

    def run(self, stop: threading.Event) -> None:
        """The face thread's work."""
        while not stop.is_set():
            if not self._awake():
                continue
            self._step_if_there(self._newest(_WAIT_S))

    def _step_if_there(self, frame: Frame | None) -> None:
        """In a function of its own: a name in `run` would keep the last picture while nobody is there."""
        if frame is not None:
            self.step(frame)

    def step(self, frame: Frame) -> None:
        """Look at one frame if it is wanted; not before the reference is prepared."""
        with self._state:
            ready = self._watching and self._portrait is None and frame.at >= self._since
            if not ready or not self._pace.due(frame.at):
                return
            if self._printed is not None:
                self._look_for_card(frame, self._printed)
            else:
                self._give(self._looked(frame))

    def _awake(self) -> bool:
        """Is somebody to be watched? Prepares the reference first; waits a little if not."""
        with self._state:
            if not self._watching:
                self._blank()
                self._state.wait(_WAIT_S)
            elif self._portrait is not None:
                self._prepare(self._portrait)
            return self._watching

    def _blank(self) -> None:
        """Nets keep what they were fed last; after a visit that is a grey picture, and no face."""
        if not self._blank_due:
            return
        self._blank_due = False
        for show in (
            lambda: self._engine.detect(BLANK),
            lambda: self._landmarks.measure(BLANK, NOBODY),
            lambda: self._liveness.score(BLANK, NOBODY),
            lambda: self._engine.embed(BLANK, NOBODY),
        ):
            try:
                show()
            except Exception as error:  # whatever a driver throws; the other nets are shown it all the same
                log.warning("a net was not shown the grey picture: %s", type(error).__name__)

    def _prepare(self, portrait: bytes) -> None:
        self._portrait = None
        try:
            self._memory.refer(*reference(portrait, self._decoder, self._engine))
        except (CardError, EngineError) as error:
            log.warning("the card's portrait gave no reference: %s", error)
            self._give(ReferenceFailed(error.code))
        else:
            self._give(ReferenceReady())

    def _look_for_card(self, frame: Frame, printed: CardPortrait) -> None:
        began = self._clock()
        try:
            seen = look(frame.image, self._engine, self._settings)
            if seen.portrait is not None and seen.face is not None:
                printed.add(self._engine.embed(seen.portrait, seen.face), seen.portrait)
        except EngineError as error:
            log.warning("a frame could not be searched for a card: %s", error)
            self._give(CardSeen(frame.at, error.code))
            return
        self._pace.looked(self._clock() - began)
        self._give(CardSeen(frame.at, seen.hint))
        vector = printed.vector()
        if vector is not None:
            self._printed = None
            self._memory.refer(vector, printed.portrait)  # the clerk looks at what was photographed
            self._watching = False  # whoever puts the card down shall not be the first face that is seen
            self._give(ReferenceReady(photographed=True))

    def _looked(self, frame: Frame) -> FaceSeen:
        """What this frame shows; a failing engine is told as such and never as a measure."""
        try:
            seen = self._look(frame)
        except EngineError as error:
            log.warning("a frame could not be looked at: %s", error)
            seen = FaceSeen(frame.at, frame.seq, hint=error.code)
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
        began, before = self._clock(), self._track.number
        faces = _prominent(self._engine.detect(frame.image))
        seen = FaceSeen(frame.at, frame.seq, faces=len(faces), box=_box(frame.image, faces))
        if len(faces) == 1:
            self._track.seen(frame.at)
            self._restart_if_cut(before)
            return self._look_at(frame, faces[0], seen, began)
        if len(faces) > 1:
            said = self._doubled(frame.at)
        else:
            self._track.lost(frame.at)
            said = Code.FACE_LEFT if self._scene.met else Code.FACE_NONE
        self._restart_if_cut(before)
        self._scene.before = said
        return replace(seen, hint=said)

    def _doubled(self, at: float) -> Code:
        """Several faces of one size: whose track this is nobody knows, if it lasts."""
        scene = self._scene
        scene.several_since = at if scene.several_since is None else scene.several_since
        if at - scene.several_since >= _SEVERAL_S:
            self._track.cut()
        return Code.FACE_SEVERAL

    def _look_at(self, frame: Frame, face: Face, seen: FaceSeen, began: float) -> FaceSeen:
        scene = self._scene
        steady = scene.steady(frame.image, self._settings.max_exposure_step)
        mesh = self._landmarks.measure(frame.image, face)
        found = measure(frame.image, face)
        said = hint(found, mesh, self._settings, scene.before)
        scene.several_since, scene.before = None, said
        scene.met = scene.met or said in _COMPARABLE
        seen = _with_mesh(seen, mesh, said, good=said is Code.OK and steady)
        seen = replace(seen, light=self._reflection.measure(frame.image, face))
        self._pace.looked(self._clock() - began)
        if said in _COMPARABLE and self._wanted():
            seen = self._compared(frame, face, seen, rank(found, mesh, face))
        return replace(seen, hint=Code.FACE_CHANGED) if frame.at < scene.changed_until else seen

    def _wanted(self) -> bool:
        return not self._track.known or self._pace.embed_due(steady=self._memory.full)

    def _compared(self, frame: Frame, face: Face, seen: FaceSeen, value: float) -> FaceSeen:
        """The dear part: who is it, and is it alive?"""
        began, before = self._clock(), self._track.number
        vector = self._engine.embed(frame.image, face)
        first = self._track.compare(vector, frame.at, good=seen.good)
        if self._track.number != before:
            self._scene.changed_until = frame.at + _CHANGED_S
        self._restart_if_cut(before)
        live = self._lived(frame.image, face) if seen.good else None
        likeness = self._memory.likeness(vector)
        if seen.good:
            self._memory.add(value, vector, window(frame.image, face, _MARGIN))
        self._pace.embedded(self._clock() - began)
        return replace(seen, likeness=likeness, likeness_first=first, live=live)

    def _lived(self, image: Image, face: Face) -> float | None:
        try:
            score = self._liveness.score(image, face)
        except EngineError as error:
            log.warning("liveness could not be measured: %s", error)
            return None
        if score is not None:
            self._memory.lived(score)
        return score

    def _restart_if_cut(self, before: int) -> None:
        if self._track.number != before:
            self._memory.restart()
            self._reflection.forget()


def _prominent(faces: Sequence[Face]) -> list[Face]:
    """The faces that may be the customer's; people further behind are not."""
    return [face for face in faces if face.width >= _BYSTANDER * faces[0].width]


def _box(image: Image, faces: Sequence[Face]) -> FaceBox | None:
    if not faces:
        return None
    height, width = image.shape[:2]
    face = faces[0]
    return FaceBox(face.x / width, face.y / height, face.width / width, face.height / height)


def _with_mesh(seen: FaceSeen, mesh: FaceMesh, said: Code, *, good: bool) -> FaceSeen:
    return replace(
        seen,
        hint=said,
        good=good,
        mouth=mesh.mouth,
        eyes=mesh.eyes,
        yaw=mesh.yaw,
        pitch=mesh.pitch,
        roll=mesh.roll,
    )

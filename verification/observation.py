"""What a clip shows and sounds like, on its own clock: the time of its first frame is 0.

Frames are looked at as the decoder gives them, by the terminal's face watcher, and then dropped.
"""

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from kiosk.capture.stream_integrity import StreamMonitor
from kiosk.events import Event, ReferenceReady
from kiosk.face.watcher import FaceWatcher, blank_networks
from kiosk.model import SAMPLE_RATE, FaceSeen, Frame, StreamSeen
from kiosk.ports import Samples
from verification.decoder import DecodedFrame, DecodedSound
from verification.engines import Engines, PhotoDecoder
from verification.settings import Settings


class ReferenceUnusable(Exception):  # noqa: N818
    """The reference shows no face that can be compared with."""


class Observation(Struct, eq=False, kw_only=True):
    """`frames_s`: times of all frames. `sound`: mono, its first sample at 0. `stream`: of the whole clip."""

    frames_s: list[float]
    seen: list[FaceSeen]
    sound: Samples
    stream: StreamSeen | None

    def forget(self) -> None:
        """Overwrite the sound and drop what was seen."""
        self.sound.fill(0)
        self.seen.clear()


class Observer:
    """Looks at one clip, with the face of a reference to compare with. Call `forget` at the end."""

    def __init__(self, reference: bytes, engines: Engines, settings: Settings) -> None:
        """Raises ReferenceUnusable."""
        self._engines = engines
        self._events: list[Event] = []
        self._watcher = FaceWatcher(
            engines.face.face_engine,
            engines.face.face_landmarks,
            engines.face.liveness,
            decoder=PhotoDecoder(),
            settings=settings.face,
            newest=lambda _: None,
            post=self._events.append,
            same_face=settings.likeness.same_face,
            clock=lambda: 0.0,  # the frames of a clip wait: none is skipped because the machine is slow
        )
        self._watcher.watch(reference)
        self._watcher.prepare_reference()
        if not any(isinstance(event, ReferenceReady) for event in self._events):
            self.forget()
            raise ReferenceUnusable

    def observe(self, decoded: Iterable[DecodedFrame | DecodedSound]) -> Observation:
        """Look at and gather what is decoded. Raises ClipUnusable."""
        monitor = StreamMonitor()
        frames_s: list[float] = []
        pieces: list[DecodedSound] = []
        stream: StreamSeen | None = None
        began: float | None = None
        for part in decoded:
            if isinstance(part, DecodedSound):
                pieces.append(part)
                continue
            began = part.at if began is None else began
            at = part.at - began
            frames_s.append(at)
            if part.picture is not None:
                frame = Frame(image=part.picture, seq=len(frames_s), at=at)
                stream = monitor.look(frame)
                self._watcher.step(frame)
        return Observation(
            frames_s=frames_s,
            seen=[event for event in self._events if isinstance(event, FaceSeen)],
            sound=_placed(pieces, began or 0.0),
            stream=stream,
        )

    def forget(self) -> None:
        """Overwrite what is known of the face, in the networks' buffers too."""
        self._watcher.forget()
        self._events.clear()
        blank_networks(
            self._engines.face.face_engine, self._engines.face.face_landmarks, self._engines.face.liveness
        )


def _placed(pieces: list[DecodedSound], zero: float) -> Samples:
    """Return the sound from `zero` on; what came before it is cut off."""
    if not pieces:
        return np.zeros(0, np.float32)
    late = round((pieces[0].at - zero) * SAMPLE_RATE)
    whole = np.concatenate([piece.samples for piece in pieces])
    whole = np.concatenate([np.zeros(late, np.float32), whole]) if late > 0 else whole[-late:]
    return np.nan_to_num(np.asarray(whole, np.float32))

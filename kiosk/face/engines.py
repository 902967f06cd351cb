"""The face networks for any program, from a folder of models and plain options.

A terminal chooses its drivers in its settings file (`kiosk.bootstrap`). A program that has no terminal and no
settings file builds the same engines here; this module loads neither Qt, `requests`, `sqlite3` nor
`kiosk.settings`.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from kiosk.face.dlib_engine import DlibEngine
from kiosk.face.landmarks import MediaPipeLandmarks
from kiosk.face.minifasnet import MiniFasNet
from kiosk.face.no_liveness import NoLiveness
from kiosk.face.sface import SFace
from kiosk.paths import RESOURCES
from kiosk.ports import Context, FaceEngine, FaceLandmarks, Liveness

DRIVERS: Mapping[str, Mapping[str, Any]] = {
    "face_engine": {"sface": SFace, "face_recognition": DlibEngine},
    "face_landmarks": {"mediapipe": MediaPipeLandmarks},
    "liveness": {"minifasnet": MiniFasNet, "none": NoLiveness},
}
"""Port → name → class, as in the entry points of the package."""


class FaceEngines(Struct, frozen=True, kw_only=True):
    """Detection and embedding, dense landmarks, passive liveness. Used from one thread."""

    face_engine: FaceEngine
    face_landmarks: FaceLandmarks
    liveness: Liveness


def load_engines(
    models: Path,
    *,
    face_engine: str = "sface",
    face_landmarks: str = "mediapipe",
    liveness: str = "minifasnet",
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> FaceEngines:
    """Build the named drivers on the weights in `models` and run their self-tests.

    `options`: by port, the keys that its section of a settings file may have. Raises ModelError (a file is
    missing, altered or unusable), KeyError (no such driver), msgspec.ValidationError (no such option).
    """
    context = Context(resources=RESOURCES, models=models, simulation=False, clock=time.monotonic)
    chosen = {"face_engine": face_engine, "face_landmarks": face_landmarks, "liveness": liveness}
    built = {}
    for port, name in chosen.items():
        driver = DRIVERS[port][name]
        built[port] = driver(msgspec.convert((options or {}).get(port, {}), driver.Settings), context)
    return FaceEngines(**built)

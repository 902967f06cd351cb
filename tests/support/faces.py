"""Two public-domain portraits as simulated people, and the real engines, each made once for all tests."""

import time
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.face.landmarks import MediaPipeLandmarks, MediaPipeSettings
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Image
from kiosk.settings import FaceSettings, load
from kiosk.simulators.head import SimulatedHead
from kiosk.simulators.portrait import chip_portrait
from tests.support.paths import MODELS

PHOTOS = {"hopper": "people/grace_hopper.jpg", "collins": "people/astronaut.png"}
NEEDED = (
    "face_detection_yunet_2023mar_int8bq.onnx",
    "face_recognition_sface_2021dec_int8bq.onnx",
    "face_landmark.tflite",
    *PHOTOS.values(),
)
ANTISPOOF = ("2.7_80x80_MiniFASNetV2.onnx", "4_0_0_80x80_MiniFASNetV1SE.onnx")


def _missing(files: tuple[str, ...]) -> list[str]:
    return [file for file in files if not (MODELS / file).is_file()]


needs_models = pytest.mark.skipif(
    bool(_missing(NEEDED)), reason=f"`kiosk models install` brings {', '.join(_missing(NEEDED))}"
)
needs_antispoof = pytest.mark.skipif(
    bool(_missing(ANTISPOOF)), reason="`kiosk models install --from DIR` brings the anti-spoof pair"
)


def context(models: Path = MODELS) -> Context:
    return Context(resources=RESOURCES, models=models, simulation=True, clock=time.monotonic)


@lru_cache
def engine() -> SFace:
    return SFace(SFaceSettings(), context())


@lru_cache
def landmarks() -> MediaPipeLandmarks:
    return MediaPipeLandmarks(MediaPipeSettings(), context())


@lru_cache
def limits() -> FaceSettings:
    return load().face


@lru_cache
def photo(name: str) -> Image:
    picture = cv2.imread(str(MODELS / PHOTOS[name]))
    assert picture is not None
    return np.asarray(picture, np.uint8)


@lru_cache
def head(name: str) -> SimulatedHead:
    return SimulatedHead(photo(name), seed=list(PHOTOS).index(name), models=MODELS)


@lru_cache
def portrait(name: str) -> bytes:
    return chip_portrait(photo(name), MODELS)

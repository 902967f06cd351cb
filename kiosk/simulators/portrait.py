"""Portrait on a simulated card's chip: an ID photo of 102×126 pixels in 1024 bytes, and its decoder.

A real chip's portrait is as small and about as hard compressed, in a format that only the vendor's library
reads; WebP stands in for it here.
"""

import time
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import CardError
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.ports import Context, Face, Image

MODELS = Path("var/models")
"""Folder of the weights in `resources/settings/default.toml`."""

WIDTH, HEIGHT, BYTES = 102, 126, 1024
_FACE = 0.52  # face width in widths of an ID photo
_EYES = 0.42  # height of the eyes from the top
_QUALITIES = range(60, -1, -2)


def detect_face(photo: Image, models: Path = MODELS) -> Face:
    """Return the largest face of a photo. Raises ValueError if there is none, ModelError, EngineError."""
    context = Context(resources=models, models=models, simulation=True, clock=time.monotonic)
    longest = max(photo.shape[:2])
    faces = SFace(SFaceSettings(longest_px=longest), context).detect(photo)
    if not faces:
        raise ValueError("no face in the photo")
    return faces[0]


def chip_portrait(image: Image, models: Path = MODELS) -> bytes:
    """Crop the face of `image` like an ID photo and encode it. Raises ValueError, ModelError."""
    return encode_portrait(id_photo(image, detect_face(image, models)))


def encode_portrait(photo: Image) -> bytes:
    """Encode an ID photo as WebP of the highest quality that fits into 1024 bytes, padded with zeros.

    Raises ValueError if no quality fits.
    """
    for quality in _QUALITIES:
        done, webp = cv2.imencode(".webp", photo, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if done and webp.size <= BYTES:
            return webp.tobytes().ljust(BYTES, b"\0")
    raise ValueError("the photo cannot be made small enough")


def id_photo(image: Image, face: Face, scale: float = 1.0) -> Image:
    """Crop `image` to (126, 102, 3) times `scale`, the eyes level and where ID photos have them."""
    width, height = round(scale * WIDTH), round(scale * HEIGHT)
    zoom = _FACE * width / face.width
    eyes = face.points[:2].mean(axis=0)
    matrix = np.array([[zoom, 0, width / 2 - zoom * eyes[0]], [0, zoom, _EYES * height - zoom * eyes[1]]])
    # Reduced in two steps: a warp alone would skip pixels and leave steps at the edges.
    soft = cv2.GaussianBlur(image, (0, 0), max(0.3, 0.4 / zoom)) if zoom < 1 else image
    return np.asarray(
        cv2.warpAffine(soft, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


class SimulatedDecoderSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Has no settings."""


class SimulatedDecoder:
    """Implements `ports.PortraitDecoder` for what `encode_portrait` makes."""

    Settings: ClassVar[type[Struct]] = SimulatedDecoderSettings

    def __init__(self, settings: SimulatedDecoderSettings, context: Context) -> None:
        pass

    def decode(self, portrait: bytes) -> Image:
        """Return (126, 102, 3) BGR. Raises CardError(CARD_PORTRAIT_UNREADABLE)."""
        try:
            picture = cv2.imdecode(np.frombuffer(portrait, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            picture = None
        if picture is None or picture.shape != (HEIGHT, WIDTH, 3):
            raise CardError(Code.CARD_PORTRAIT_UNREADABLE)
        return np.asarray(picture, np.uint8)

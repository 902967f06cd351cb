"""Finding and reading pictures and videos. What cannot be used is counted by its reason."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from kiosk.ports import Face, FaceEngine, Image

PHOTOS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEOS = frozenset({".mp4", ".mov", ".avi", ".mkv", ".mpg", ".mpeg", ".webm", ".m4v", ".wmv", ".3gp"})

UNREADABLE = "unreadable"
NO_FACE = "no face found"

Skipped = Counter[str]
"""How many files or frames could not be used, by reason."""


def files(folder: Path, endings: frozenset[str]) -> list[Path]:
    """All files below `folder` with one of these endings, in one order everywhere; hidden ones are not."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in endings and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def photo(path: Path) -> Image | None:
    """(height, width, 3) BGR; None if it cannot be read."""
    try:
        content = np.fromfile(path, np.uint8)
        picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except (OSError, cv2.error):
        return None
    return None if picture is None else np.asarray(picture, np.uint8)


def frames(path: Path, every: int = 1) -> Iterator[Image]:
    """Every n-th frame of a video; none if it cannot be read."""
    video = cv2.VideoCapture(str(path))
    try:
        index = 0
        while video.grab():
            if index % every == 0:
                taken, picture = video.retrieve()
                if taken:
                    yield np.asarray(picture, np.uint8)
            index += 1
    finally:
        video.release()


def largest(engine: FaceEngine, picture: Image) -> Face | None:
    """The face that counts; people further behind do not."""
    found = engine.detect(picture)
    return found[0] if found else None


def told(skipped: Skipped) -> str:
    """One line for the report."""
    if not skipped:
        return "nothing was skipped"
    return "skipped: " + ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))

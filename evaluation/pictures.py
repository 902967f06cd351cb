"""Find and read photos and videos; what cannot be used is counted by its reason."""

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
"""Number of files or frames that could not be used, by reason."""


def find_files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """Return all files below `folder` with one of these suffixes, sorted; without hidden ones."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def read_photo(path: Path) -> Image | None:
    """Return (height, width, 3) BGR, or None if the file cannot be read."""
    try:
        content = np.fromfile(path, np.uint8)
        picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except (OSError, cv2.error):
        return None
    return None if picture is None else np.asarray(picture, np.uint8)


def read_frames(path: Path, every: int = 1) -> Iterator[Image]:
    """Yield every n-th frame of a video; none if it cannot be read."""
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


def largest_face(engine: FaceEngine, picture: Image) -> Face | None:
    """Return the largest face: people further behind do not count."""
    found = engine.detect(picture)
    return found[0] if found else None


def format_skipped(skipped: Skipped) -> str:
    """Format one line for the report."""
    if not skipped:
        return "nothing was skipped"
    return "skipped: " + ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))

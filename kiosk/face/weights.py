"""Turns OpenCV's exceptions and failed self-tests into the terminal's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError


@contextmanager
def load_errors(name: str) -> Iterator[None]:
    """Translate what OpenCV raises about a file it cannot load. Raises ModelError(MODEL_UNUSABLE)."""
    try:
        yield
    except cv2.error as error:
        raise ModelError(Code.MODEL_UNUSABLE, f"{name}: {_first_line(error)}") from None


@contextmanager
def run_errors(name: str) -> Iterator[None]:
    """Translate what OpenCV raises while a net runs. Raises EngineError(FACE_ENGINE_FAILED)."""
    try:
        yield
    except cv2.error as error:
        raise EngineError(Code.FACE_ENGINE_FAILED, f"{name}: {_first_line(error)}") from None


def require(holds: bool, name: str, what: str) -> None:
    """Check one finding of a self-test. Raises ModelError(MODEL_UNUSABLE)."""
    if not holds:
        raise ModelError(Code.MODEL_UNUSABLE, f"{name}: self-test: {what}")


def _first_line(error: cv2.error) -> str:
    return str(error).strip().splitlines()[0]

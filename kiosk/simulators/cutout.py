"""A person cut out of a portrait photo: GrabCut, told by the face where a person is likely."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.ports import Face, Image

_FACE_PX = 48  # GrabCut works on a copy this small: a quarter of a second
_ROUNDS = 3
_FEATHER = 0.02  # of the face's width


def alpha(photo: Image, face: Face) -> Image:
    """(height, width) uint8: 255 where the person is, 0 where not, soft between."""
    zoom = _FACE_PX / face.width
    small = cv2.resize(photo, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    guess = _guess(small.shape[:2], face, zoom)
    work = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # GrabCut begins with k-means: the same photo must always give the same person
    cv2.grabCut(small, guess, (0, 0, 1, 1), *work, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = np.isin(guess, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    person = np.asarray(cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3))), np.uint8)
    whole = cv2.resize(_largest(person), (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), _FEATHER * face.width), np.uint8)


def _guess(shape: tuple[int, ...], face: Face, zoom: float) -> NDArray[np.uint8]:
    """Surely the face and the chest below it, likely hair and shoulders, surely not beside and above."""
    height, width = shape[:2]
    guess = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    x, y = (face.x + face.width / 2) * zoom, (face.y + face.height / 2) * zoom
    wide, tall = face.width * zoom, face.height * zoom
    neck = y + 0.65 * tall
    _ellipse(guess, x, y, 0.95 * wide, tall, cv2.GC_PR_FGD)
    _body(guess, x, neck, (0.5 * wide, 2.2 * wide), cv2.GC_PR_FGD)
    _body(guess, x, neck, (0.3 * wide, wide), cv2.GC_FGD)
    _ellipse(guess, x, y, 0.5 * wide, 0.55 * tall, cv2.GC_FGD)
    _beside(guess[: int(y + 0.1 * tall)], x, 1.0 * wide)
    _beside(guess, x, 2.3 * wide)
    guess[: max(1, int(y - 1.25 * tall))] = cv2.GC_BGD
    return guess


def _ellipse(guess: NDArray[np.uint8], x: float, y: float, wide: float, tall: float, value: int) -> None:
    cv2.ellipse(guess, (int(x), int(y)), (int(wide), int(tall)), 0, 0, 360, value, -1)


def _body(guess: NDArray[np.uint8], x: float, top: float, halves: tuple[float, float], value: int) -> None:
    """From half as wide at the neck to half as wide at the picture's end."""
    bottom, (upper, lower) = guess.shape[0], halves
    corners = [(x - upper, top), (x + upper, top), (x + lower, bottom), (x - lower, bottom)]
    cv2.fillPoly(guess, [np.array(corners, np.int32)], value)


def _beside(guess: NDArray[np.uint8], x: float, far: float) -> None:
    """Nothing of the person is farther than `far` from the column `x`."""
    guess[:, : max(0, int(x - far))] = cv2.GC_BGD
    guess[:, int(x + far) :] = cv2.GC_BGD


def _largest(person: Image) -> Image:
    """Only the largest connected part: a flag in the background is not a person."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(person)
    if count < 2:
        return person
    keep = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.where(labels == keep, person, 0).astype(np.uint8)

"""Segmentation of the person in a portrait photo: GrabCut, started from where the face is."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.ports import Face, Image

_FACE_PX = 48  # GrabCut works on a copy this small: a quarter of a second
_ROUNDS = 3
_FEATHER = 0.02  # of the face's width


def person_mask(photo: Image, face: Face) -> Image:
    """Return (height, width) uint8: 255 where the person is, 0 where not, soft in between."""
    zoom = _FACE_PX / face.width
    small = cv2.resize(photo, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    labels = initial_labels(small.shape[:2], face, zoom)
    work = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # GrabCut begins with k-means: the same photo must always give the same person
    cv2.grabCut(small, labels, (0, 0, 1, 1), *work, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    person = np.asarray(cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3))), np.uint8)
    person = largest_component(person)
    whole = cv2.resize(person, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), _FEATHER * face.width), np.uint8)


def initial_labels(shape: tuple[int, ...], face: Face, zoom: float) -> NDArray[np.uint8]:
    """Label pixels for GrabCut.

    Certain: the face and the chest below it. Likely: hair and shoulders. Certainly not: beside and above.
    """
    height, width = shape[:2]
    labels = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    x, y = (face.x + face.width / 2) * zoom, (face.y + face.height / 2) * zoom
    wide, tall = face.width * zoom, face.height * zoom
    neck = y + 0.65 * tall
    _fill_ellipse(labels, x, y, 0.95 * wide, tall, cv2.GC_PR_FGD)
    _fill_body(labels, x, neck, (0.5 * wide, 2.2 * wide), cv2.GC_PR_FGD)
    _fill_body(labels, x, neck, (0.3 * wide, wide), cv2.GC_FGD)
    _fill_ellipse(labels, x, y, 0.5 * wide, 0.55 * tall, cv2.GC_FGD)
    _exclude_sides(labels[: int(y + 0.1 * tall)], x, 1.0 * wide)
    _exclude_sides(labels, x, 2.3 * wide)
    labels[: max(1, int(y - 1.25 * tall))] = cv2.GC_BGD
    return labels


def _fill_ellipse(
    labels: NDArray[np.uint8], x: float, y: float, wide: float, tall: float, value: int
) -> None:
    cv2.ellipse(labels, (int(x), int(y)), (int(wide), int(tall)), 0, 0, 360, value, -1)


def _fill_body(
    labels: NDArray[np.uint8], x: float, top: float, halves: tuple[float, float], value: int
) -> None:
    """Fill a trapezium from the neck down; `halves`: half its width at the neck and at the bottom."""
    bottom, (upper, lower) = labels.shape[0], halves
    corners = [(x - upper, top), (x + upper, top), (x + lower, bottom), (x - lower, bottom)]
    cv2.fillPoly(labels, [np.array(corners, np.int32)], value)


def _exclude_sides(labels: NDArray[np.uint8], x: float, far: float) -> None:
    """Exclude what is farther than `far` from the column `x`."""
    labels[:, : max(0, int(x - far))] = cv2.GC_BGD
    labels[:, int(x + far) :] = cv2.GC_BGD


def largest_component(person: Image) -> Image:
    """Keep only the largest connected part: a flag in the background is not a person."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(person)
    if count < 2:
        return person
    keep = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.where(labels == keep, person, 0).astype(np.uint8)

"""Simulated attacks: each species has its characteristics, and none that it cannot have."""

import time
from functools import lru_cache
from statistics import median

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from evaluation.attacks import SPECIES, make
from evaluation.attacks.injected import InjectedFace, InjectedSettings
from evaluation.attacks.loop import LoopedVideo, LoopSettings
from evaluation.attacks.mask import CutOutMask, MaskSettings
from evaluation.attacks.optics import Pinhole, Pose, Tremor
from evaluation.attacks.printed import PrintedPhoto, PrintSettings, bent, halftone
from evaluation.attacks.screen import ScreenSettings, contrast, moire
from tests.support.faces import MODELS, engine, landmarks, needs_models, photo

NAMES = sorted(SPECIES)


@lru_cache
def attack(name: str):
    return make(name, photo("collins"), seed=3, models=MODELS)


@needs_models
@pytest.mark.parametrize("name", NAMES)
def test_a_camera_sees_one_face(name):
    picture = attack(name).render(1.0)
    assert (picture.shape, picture.dtype) == ((480, 640, 3), np.uint8)
    assert len(engine().detect(picture)) == 1


@needs_models
@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_and_time_give_the_same_new_picture(name):
    one = attack(name).render(0.4)
    one[:] = 0
    assert attack(name).render(0.4).any(), "a picture that is handed out is not used again"
    again = make(name, photo("collins"), seed=3, models=MODELS)
    assert np.array_equal(again.render(0.8), attack(name).render(0.8))


@needs_models
@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_quick(name):
    """15 ms of CPU on a machine of its own; four times as much where others compute."""
    shown, times = attack(name), []
    for i in range(12):
        began = time.thread_time()
        shown.render(0.1 * i)
        times.append(time.thread_time() - began)
    assert median(times) < 0.060


@needs_models
def test_a_photo_without_a_face_is_refused():
    with pytest.raises(ValueError, match="face"):
        make("print", np.full((200, 200, 3), 90, np.uint8), models=MODELS)


def test_unknown_parameters_are_refused():
    with pytest.raises(TypeError):
        PrintSettings(paper_size=1)


# ── optics ───────────────────────────────────────────────────────────────────────────────────────


def test_a_sheet_shrinks_with_its_distance():
    camera = Pinhole((640, 480), field_deg=60.0)
    near, far = (
        camera.sheet_to_picture((100, 100), (100.0, 100.0), Pose(z=z))
        for z in (camera.focal_px, 2 * camera.focal_px)
    )
    assert near[0, 0] == pytest.approx(1.0, abs=1e-4)
    assert far[0, 0] == pytest.approx(0.5, abs=1e-4)
    corners = cv2.perspectiveTransform(np.array([[[0.0, 0.0], [100.0, 100.0]]]), near)[0]
    assert corners == pytest.approx(np.array([[270, 190], [370, 290]]), abs=0.01)


def test_a_turned_sheet_is_narrower_and_keystoned():
    camera = Pinhole((640, 480))
    placing = camera.sheet_to_picture((100, 100), (100.0, 100.0), Pose(z=300.0, turn=40.0))
    box = cv2.perspectiveTransform(np.array([[[0.0, 0], [100, 0], [100, 100], [0, 100]]]), placing)[0]
    left, right = box[3, 1] - box[0, 1], box[2, 1] - box[1, 1]
    assert abs(left - right) > 20
    assert box[:, 0].max() - box[:, 0].min() < 0.85 * 100 * camera.px_per_mm(300.0)


def test_a_mount_does_not_tremble():
    pose = Pose(z=300.0)
    assert Tremor(0.0, 0.0, 1).moved(pose, 3.3) == pose
    assert Tremor(2.0, 1.0, 1).moved(pose, 3.3) != pose


# ── print ────────────────────────────────────────────────────────────────────────────────────────


def frequency(picture: np.ndarray) -> float:
    """Cycles per pixel of the strongest pattern."""
    power = abs(np.fft.rfft2(picture - picture.mean())) ** 2
    row, column = np.unravel_index(int(np.argmax(power)), power.shape)
    return float(np.hypot(np.fft.fftfreq(picture.shape[0])[row], column / picture.shape[1]))


def test_halftone_dots_are_as_far_apart_as_the_ruling_says():
    grey = np.full((256, 256, 3), 0.6, np.float32)
    dots = halftone(grey, lines_per_inch=25.4, px_per_mm=8.0)
    assert frequency(dots[..., 0]) == pytest.approx(1 / 8, abs=0.01)
    assert dots.mean() == pytest.approx(0.6, abs=0.03), "as grey as before"
    assert set(np.unique(dots.round(3))) >= {0.0, 1.0}


def test_dots_that_no_pixel_resolves_are_grey():
    grey = np.full((64, 64, 3), 0.5, np.float32)
    assert np.array_equal(halftone(grey, lines_per_inch=150, px_per_mm=4.0), grey)


def test_bent_paper_is_narrower_and_darker_at_its_sides():
    page = np.ones((300, 400, 4), np.float32)
    settings = replace(PrintSettings(), bend_radius_mm=60.0, texture_px_per_mm=4.0)
    round_, flat = bent(page, settings), bent(page, replace(settings, bend_radius_mm=float("inf")))
    assert np.array_equal(flat, page)
    seen = np.flatnonzero(round_[150, :, 3] > 0.5)
    assert 0.6 * 400 < len(seen) < 0.9 * 400
    assert round_[150, seen[2], 0] < 0.8 < round_[150, 200, 0]


@needs_models
def test_a_print_stays_within_ink_and_paper():
    settings = replace(
        PrintSettings(), fingers=False, tremor_mm=0.0, tremor_deg=0.0, bend_radius_mm=float("inf")
    )
    picture = PrintedPhoto(photo("collins"), settings, seed=1, models=MODELS).render(0.0)
    face = engine().detect(picture)[0]
    x, y, wide, tall = (int(v) for v in (face.x, face.y, face.width, face.height))
    inside = cv2.GaussianBlur(picture[y : y + tall, x : x + wide], (5, 5), 0)
    assert inside.max() <= 255 * settings.paper * 1.05
    assert inside.min() >= 255 * settings.ink * 0.6


@needs_models
def test_paper_has_no_moving_mouth():
    shown = attack("print")
    assert np.array_equal(shown.render(1.0, mouth=1.0), shown.render(1.0))


# ── screen ───────────────────────────────────────────────────────────────────────────────────────


def stripes(settings: ScreenSettings) -> np.ndarray:
    camera = Pinhole((640, 480))
    pose = Pose(z=settings.distance_mm)
    return moire(settings, camera, camera.sheet_to_picture((640, 480), settings.display_mm, pose), pose)


def test_moire_has_the_folded_frequency():
    """A grid of 1.1 cycles for each camera pixel is seen as one of 0.1."""
    camera = Pinhole((640, 480))
    settings = ScreenSettings(distance_mm=300.0, pitch_mm=1 / (1.1 * camera.px_per_mm(300.0)))
    line = stripes(settings)[240, :, 1]
    power = abs(np.fft.rfft(line - line.mean())) ** 2
    assert int(np.argmax(power)) / 640 == pytest.approx(0.1, abs=0.003)


def test_a_finer_display_shows_less_moire():
    camera, coarse = Pinhole((640, 480)), ScreenSettings(pitch_mm=0.27)
    fine = replace(coarse, pitch_mm=0.06)
    assert contrast(fine, camera) < 0.1 * contrast(coarse, camera)
    assert stripes(fine).std() < 0.2 * stripes(coarse).std()


def test_moire_is_coloured():
    grid = stripes(ScreenSettings(pitch_mm=0.27))
    assert abs(grid[..., 0] - grid[..., 2]).max() > 0.5 * np.ptp(grid[..., 1])


@needs_models
def test_the_bezel_is_dark_and_around_the_face():
    picture = attack("screen").render(0.5)
    dark = (picture.max(axis=2) < 45).astype(np.uint8)
    face = engine().detect(picture)[0]
    row = dark[int(face.y + face.height / 2)]
    assert row[: int(face.x)].any()
    assert row[int(face.x + face.width) :].any()


@needs_models
def test_the_backlight_beats_with_the_shutter():
    from evaluation.attacks.screen import ScreenReplay

    def rows(flicker: float) -> np.ndarray:
        settings = ScreenSettings(flicker=flicker, subpixels=0.0, tremor_mm=0.0, tremor_deg=0.0, clip_s=0.04)
        shown = ScreenReplay(photo("collins"), settings, seed=1, models=MODELS).render(0.0)
        return shown[120:360, 240:400].mean(axis=(1, 2))

    ratio = rows(0.3) / rows(0.0)
    assert np.ptp(ratio) > 0.3


# ── mask ─────────────────────────────────────────────────────────────────────────────────────────


def opening(picture) -> float:
    return landmarks().measure(picture, engine().detect(picture)[0]).mouth


@needs_models
def test_the_wearer_speaks_behind_the_mask():
    shown = attack("mask")
    assert opening(shown.render(1.0, mouth=0.8)) > opening(shown.render(1.0)) + 0.05


@needs_models
def test_only_the_holes_move():
    shown = CutOutMask(photo("hopper"), seed=1, models=MODELS, wearer=photo("collins"))
    still, speaking = (cv2.GaussianBlur(shown.render(1.0, mouth=m), (7, 7), 0) for m in (0.0, 0.9))
    moved = cv2.absdiff(still, speaking).max(axis=2) > 25
    face = engine().detect(still)[0]
    upper = int(face.points[2, 1])
    assert moved.any()
    assert not moved[:upper].any(), "no jaw moves paper above the mouth"


@needs_models
def test_the_mask_looks_like_the_printed_person_more_than_the_bare_wearer_does():
    reference = engine().embed(photo("hopper"), engine().detect(photo("hopper"))[0])

    def likeness(picture) -> float:
        return float(reference @ engine().embed(picture, engine().detect(picture)[0]))

    whole = MaskSettings(eye_hole_mm=(20.0, 9.0), mouth_hole_mm=(40.0, 14.0))
    worn = CutOutMask(photo("hopper"), whole, seed=1, models=MODELS, wearer=photo("collins")).render(1.0)
    assert likeness(worn) > likeness(photo("collins")) + 0.15


# ── streams ──────────────────────────────────────────────────────────────────────────────────────


@needs_models
def test_a_still_image_changes_by_noise_alone():
    shown = attack("still")
    one, other = (cv2.GaussianBlur(shown.render(at), (0, 0), 4).astype(float) for at in (0.0, 2.0))
    gain = other.mean() / one.mean()
    assert abs(other - gain * one).max() < 4
    assert not np.array_equal(shown.render(0.0), shown.render(2.0))


@needs_models
@pytest.mark.parametrize("there_and_back", [False, True])
def test_a_loop_comes_back_bit_by_bit(there_and_back):
    settings = LoopSettings(length_s=0.4, fps=25.0, there_and_back=there_and_back)
    shown = LoopedVideo(photo("collins"), settings, seed=1, models=MODELS)
    assert shown.frames == (18 if there_and_back else 10)
    first = [shown.render(i / 25) for i in range(shown.frames)]
    assert np.array_equal(shown.render(shown.frames / 25), first[0])
    assert not np.array_equal(first[0], first[5])
    assert np.array_equal(first[1], first[-1]) == there_and_back


@needs_models
def test_an_injected_face_has_no_noise_and_comes_in_steps():
    shown = InjectedFace(photo("collins"), InjectedSettings(fps=10.0), seed=1, models=MODELS)
    assert np.array_equal(shown.render(0.01), shown.render(0.09))
    one, other = shown.render(0.0), shown.render(0.5)
    corner = (slice(0, 60), slice(0, 60))
    assert np.array_equal(one[corner], other[corner]), "no sensor looks at the wall"
    real = attack("still")
    assert not np.array_equal(real.render(0.0)[corner], real.render(0.5)[corner])


@needs_models
def test_an_injected_face_moves_its_mouth():
    shown = attack("injected")
    assert opening(shown.render(1.0, mouth=0.8)) > opening(shown.render(1.0)) + 0.1

"""The contract of `ports.FaceEngine`, over every driver that is installed here."""

import importlib.util
import sys
import types

import numpy as np
import pytest
from PIL import ImageFile

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError
from kiosk.face.dlib_engine import _SCALE, DlibEngine, DlibSettings, import_package, spread
from kiosk.face.reference import prepare_reference
from kiosk.face.sface import SFace, SFaceSettings
from kiosk.model import Frame
from kiosk.ports import FaceEngine
from kiosk.settings import DriverChoice, driver_class
from kiosk.simulators.portrait import SimulatedDecoder, SimulatedDecoderSettings
from tests.support.faces import MODELS, NEEDED, PHOTOS, context, head, needs_models, portrait

HAS_DLIB = all(importlib.util.find_spec(name) for name in ("dlib", "face_recognition"))
needs_dlib = pytest.mark.skipif(not HAS_DLIB, reason="`uv sync --extra dlib` brings this driver")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("sface", marks=needs_models),
        pytest.param("face_recognition", marks=[needs_models, needs_dlib]),
    ],
)
def driver(request) -> FaceEngine:
    chosen = driver_class("face_engine", DriverChoice(request.param, {}))
    return chosen(chosen.Settings(), context())


def picture(name: str, at: float = 1.0, **pose) -> np.ndarray:
    return Frame(image=head(name).render(at, **pose), seq=1, at=at).image


def test_it_says_what_it_is(driver):
    assert driver.name
    assert driver.version


@pytest.mark.parametrize("name", PHOTOS)
def test_it_finds_the_one_face_where_it_is(driver, name):
    (face,) = driver.detect(picture(name))
    assert 280 < face.x + face.width / 2 < 360
    assert 180 < face.y + face.height / 2 < 280
    right_eye, left_eye, nose, right_corner, left_corner = face.points
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_corner[0] < left_corner[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_corner[1], left_corner[1])


def test_the_largest_face_comes_first(driver):
    wide = np.hstack([picture("hopper", scale=0.75), picture("collins", scale=1.3)])
    faces = driver.detect(wide)
    assert len(faces) == 2
    assert faces[0].width > faces[1].width
    assert faces[0].x > 640


def test_it_finds_nothing_where_nothing_is(driver):
    assert list(driver.detect(np.full((480, 640, 3), 120, np.uint8))) == []


@pytest.mark.parametrize("name", PHOTOS)
def test_embeddings_are_unit_vectors_and_the_same_for_the_same(driver, name):
    (face,) = driver.detect(picture(name))
    one, two = driver.embed(picture(name), face), driver.embed(picture(name), face)
    assert one.dtype == np.float32
    assert one.ndim == 1
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-4)
    assert np.array_equal(one, two)


@pytest.mark.parametrize("name", PHOTOS)
def test_the_chip_portrait_is_like_its_owner_and_unlike_the_other(driver, name):
    """SFace accepts; dlib, weak on portraits of one kilobyte, at least does not refuse."""
    least = driver.thresholds.accept if driver.name == "sface" else driver.thresholds.review
    card, _ = prepare_reference(
        portrait(name), SimulatedDecoder(SimulatedDecoderSettings(), context()), driver
    )
    for other in PHOTOS:
        vectors = []
        for at in (0.3, 1.0, 1.7, 2.4, 3.1):
            image = picture(other, at)
            vectors.append(driver.embed(image, driver.detect(image)[0]))
        mean = np.mean(vectors, axis=0)
        likeness = float(card @ mean / np.linalg.norm(mean))
        assert likeness >= least if other == name else likeness < 0.30


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (480, 640), (97, 61)])
def test_any_size_of_picture_will_do(driver, size):
    assert list(driver.detect(np.full((*size, 3), 90, np.uint8))) == []


@needs_models
def test_sface_sees_a_face_across_a_large_picture():
    large = np.full((1080, 1920, 3), 110, np.uint8)
    large[300:780, 640:1280] = picture("collins")
    sface = SFace(SFaceSettings(), context())
    (face,) = sface.detect(large)
    (near,) = sface.detect(picture("collins"))
    assert face.x - 640 == pytest.approx(near.x, abs=12)
    one, other = sface.embed(large, face), sface.embed(picture("collins"), near)
    assert float(one @ other) > 0.8


@needs_models
def test_sface_translates_what_opencv_says():
    sface = SFace(SFaceSettings(), context())
    (face,) = sface.detect(picture("collins"))
    with pytest.raises(EngineError) as caught:
        sface.embed(np.zeros((0, 0, 3), np.uint8), face)
    assert caught.value.code is Code.FACE_ENGINE_FAILED


@pytest.mark.parametrize("absent", NEEDED[:2])
@needs_models
def test_a_missing_weight_file_is_named(tmp_path, absent):
    for file in NEEDED[:2]:
        if file != absent:
            (tmp_path / file).symlink_to(MODELS / file)
    with pytest.raises(ModelError, match=absent) as caught:
        SFace(SFaceSettings(), context(tmp_path))
    assert caught.value.code is Code.MODEL_MISSING


@pytest.mark.parametrize("damaged", NEEDED[:2])
@needs_models
def test_an_altered_weight_file_is_refused(tmp_path, damaged):
    for file in NEEDED[:2]:
        whole = (MODELS / file).read_bytes()
        (tmp_path / file).write_bytes(whole[:5000] if file == damaged else whole)
    with pytest.raises(ModelError, match=damaged) as caught:
        SFace(SFaceSettings(), context(tmp_path))
    assert caught.value.code is Code.MODEL_ALTERED


@pytest.mark.parametrize("absent", ["dlib", "face_recognition_models", "face_recognition"])
def test_the_face_recognition_driver_says_what_to_install(monkeypatch, absent):
    for name in ("dlib", "face_recognition_models", "face_recognition"):
        monkeypatch.setitem(sys.modules, name, None if name == absent else types.ModuleType(name))
    with pytest.raises(ModelError, match="extra 'dlib'") as caught:
        DlibEngine(DlibSettings(), context())
    assert caught.value.code is Code.MODEL_MISSING


@needs_dlib
def test_importing_face_recognition_leaves_pillow_strict():
    """The package lets Pillow accept truncated files in the whole process."""
    import_package()
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("distance", [0.0, 0.4, 0.5, 0.6])
def test_dlib_s_distance_becomes_a_likeness(distance):
    """The Gaussian kernel whose width the driver sets."""
    likeness = np.exp(-(distance**2) / _SCALE)
    random = np.random.default_rng(3)
    for _ in range(10):
        one = random.normal(0, 0.12, 128)
        step = random.normal(size=128)
        other = one + step / np.linalg.norm(step) * distance
        found = float(spread(one.astype(np.float32)) @ spread(other.astype(np.float32)))
        assert found == pytest.approx(likeness, abs=0.035)

"""The rewritten graph computes what the file says, and what is no network is refused."""

import cv2
import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError
from kiosk.face.net import OnnxNet
from kiosk.face.onnx_rewrite import split_prelu
from tests.support import onnx_stub as onnx
from tests.support.faces import ANTISPOOF, MODELS, needs_antispoof, needs_models

SFACE = "face_recognition_sface_2021dec_int8bq.onnx"


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (1, 3, size, size)).astype(np.float32)


def opencv(file: str, blob: np.ndarray) -> np.ndarray:
    """What the file itself answers, as it was published."""
    net = cv2.dnn.readNetFromONNX(str(MODELS / file))
    net.setInput(blob)
    return net.forward().ravel()


@needs_models
def test_sface_answers_as_it_does_in_opencv():
    blob = noise(112)
    assert np.abs(OnnxNet(MODELS / SFACE).run(blob) - opencv(SFACE, blob)).max() < 1e-4


@needs_antispoof
@pytest.mark.parametrize("file", ANTISPOOF)
def test_the_antispoof_nets_answer_as_they_do_in_opencv(file):
    blob = noise(80)
    assert np.abs(OnnxNet(MODELS / file).run(blob) - opencv(file, blob)).max() < 1e-4


@needs_models
def test_no_slow_activation_and_no_false_input_is_left():
    model = split_prelu((MODELS / SFACE).read_bytes())
    assert b"PRelu" not in model


def test_prelu_in_pieces_is_prelu(tmp_path):
    slopes = np.array([-0.5, 0.0, 0.25, 1.0, 1.5], np.float32)
    file = tmp_path / "stub.onnx"
    file.write_bytes(onnx.prelu_network(slopes))
    x = np.array([[-2, -2, -2, -2, -2]], np.float32)
    assert OnnxNet(file).run(x).tolist() == [1.0, 0.0, -0.5, -2.0, -3.0]
    assert OnnxNet(file).run(-x).tolist() == [2.0] * 5


@pytest.mark.parametrize("content", [b"", b"\x0b", b"no model at all", b"\x3a\xff\xff", b"\x3a\x02\x0a\x7f"])
def test_what_is_no_model_is_refused(tmp_path, content):
    file = tmp_path / "stub.onnx"
    file.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        OnnxNet(file)
    assert caught.value.code is Code.MODEL_UNUSABLE


@needs_antispoof
def test_a_model_that_is_cut_off_is_refused(tmp_path):
    whole = (MODELS / ANTISPOOF[0]).read_bytes()
    file = tmp_path / "stub.onnx"
    for size in (10, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        with pytest.raises(ModelError):
            OnnxNet(file)


@needs_antispoof
def test_a_picture_of_the_wrong_size_is_an_engine_error():
    with pytest.raises(EngineError) as caught:
        OnnxNet(MODELS / ANTISPOOF[0]).run(noise(64))
    assert caught.value.code is Code.FACE_ENGINE_FAILED

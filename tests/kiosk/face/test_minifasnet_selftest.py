"""The start-up self-test refuses every kind of degenerate anti-spoof net; stub nets, no weights needed."""

from pathlib import Path

import numpy as np
import pytest

from kiosk.codes import Code
from kiosk.errors import ModelError
from kiosk.face.minifasnet import AntiSpoofNet
from tests.support import onnx_stub as onnx

PIXELS = 80 * 80 * 3


def net(tmp_path: Path, weights: np.ndarray, bias: tuple[float, float, float] = (0, 0, 0)) -> Path:
    """flatten → weights (19200, 3) → + bias: three logits, the second is "live"."""
    file = tmp_path / "stub.onnx"
    file.write_bytes(onnx.flat_network("input", (3, 80, 80), weights.astype(np.float32), np.float32(bias)))
    return file


def brighter_is(which: int) -> np.ndarray:
    """The lighter the picture, the more of class `which`."""
    weights = np.zeros((PIXELS, 3))
    weights[:, which] = 20.0 / (127 * PIXELS)
    return weights


def refused(file: Path, **options: float) -> str:
    with pytest.raises(ModelError) as caught:
        AntiSpoofNet(file, **options)
    assert caught.value.code is Code.MODEL_UNUSABLE
    return str(caught.value)


def test_a_net_that_tells_live_from_attack_is_taken(tmp_path):
    file = net(tmp_path, brighter_is(1), (10, 0, 0))
    assert AntiSpoofNet(file).live(np.full((80, 80, 3), 200, np.uint8)) > 0.9


@pytest.mark.parametrize("bias", [(0, 0, 0), (0, 50, 0), (50, 0, 0)])
def test_a_net_with_one_answer_to_everything_is_refused(tmp_path, bias):
    assert "self-test" in refused(net(tmp_path, np.zeros((PIXELS, 3)), bias))


@pytest.mark.parametrize("live", [0, 2])
def test_a_net_with_its_classes_in_another_order_is_refused(tmp_path, live):
    bias = [0.0, 0.0, 0.0]
    bias[1] = 10.0
    refused(net(tmp_path, brighter_is(live), tuple(bias)))


def test_a_sound_net_fed_with_fractions_is_refused(tmp_path):
    refused(net(tmp_path, brighter_is(1), (10, 0, 0)), gain=1 / 255)


def test_a_net_that_answers_no_number_is_refused(tmp_path):
    refused(net(tmp_path, brighter_is(1) * np.nan))


def test_a_net_of_another_shape_is_refused(tmp_path):
    refused(net(tmp_path, brighter_is(1)[:, :1], (0,)))

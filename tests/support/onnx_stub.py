"""Writes a tiny ONNX file: audio [N, 20480] → MatMul → LogSoftmax → log_probs [N, 11].

ONNX is protobuf; the few messages needed are written here by hand, so the tests need no `onnx` package.
"""

import hashlib

import numpy as np

FLOAT, INT64 = 1, 7


def _varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def _field(number, value):
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _tensor(name, array):
    dims = b"".join(_field(1, size) for size in array.shape)
    return dims + _field(2, FLOAT) + _field(8, name) + _field(9, array.astype("<f4").tobytes())


def _value(name, width):
    shape = _field(1, _field(2, "N")) + _field(1, _field(1, width))
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, shape)))


def _node(kind, inputs, output):
    return b"".join(_field(1, i) for i in inputs) + _field(2, output) + _field(4, kind)


def network(weights):
    """(20480, 11) → the bytes of the ONNX file."""
    graph = (
        _field(1, _node("MatMul", ["audio", "weights"], "sums"))
        + _field(1, _node("LogSoftmax", ["sums"], "log_probs"))
        + _field(2, "stub")
        + _field(5, _tensor("weights", weights))
        + _field(11, _value("audio", len(weights)))
        + _field(12, _value("log_probs", weights.shape[1]))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))


def flat_network(name, shape, weights, bias):
    """An input [1, *shape] → Flatten → MatMul (size, classes) → Add: the bytes of the ONNX file."""
    dims = b"".join(_field(1, _field(1, size)) for size in (1, *shape))
    source = _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, dims)))
    graph = (
        _field(1, _node("Flatten", [name], "flat"))
        + _field(1, _node("MatMul", ["flat", "weights"], "sums"))
        + _field(1, _node("Add", ["sums", "bias"], "logits"))
        + _field(2, "stub")
        + _field(5, _tensor("weights", weights))
        + _field(5, _tensor("bias", bias))
        + _field(11, source)
        + _field(12, _value("logits", weights.shape[1]))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))


def prelu_network(slopes):
    """An input [1, N] → PRelu with a slope for each number; the slopes are listed as an input as well."""
    graph = (
        _field(1, _node("PRelu", ["x", "slopes"], "bent"))
        + _field(2, "stub")
        + _field(5, _tensor("slopes", slopes))
        + _field(11, _value("x", len(slopes)))
        + _field(11, _value("slopes", len(slopes)))
        + _field(12, _value("bent", len(slopes)))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))


def lively():
    """Weights that answer differently to different sounds."""
    return np.random.default_rng(0).standard_normal((20_480, 11)).astype(np.float32)


def manifest(content, name="digits-encoder", sha256=None):
    """A manifest with this one file."""
    return f"""
[[model]]
name = "{name}"
file = "{name}.onnx"
version = "stub"
licence = "MIT"
kind = "weights"
needed_for = "recogniser"
size = {len(content)}
sha256 = "{sha256 or hashlib.sha256(content).hexdigest()}"
origin = "operator"
"""

"""An ONNX graph made split_prelu without changing what it computes: bytes in, bytes out.

ONNX Runtime fuses and vectorises a convolution with Relu, but not PRelu, which takes two thirds of SFace's
time there. PRelu(x) = a·x + (1 − a)·Relu(x) is the same function in quick pieces. The file's own weights
stay as they are, so it is read only as far as needed: a protobuf message is a row of fields, each a key
(number · 8 + wire type) and a value (protobuf.dev, "Encoding"); the numbers are those of onnx.proto.
"""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER, _INPUT = 1, 5, 11  # of GraphProto
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP = 1, 2, 4  # of NodeProto
_TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 2, 8, 9  # of TensorProto
_INFO_NAME = 1  # of ValueInfoProto
_FLOAT = 1
_ONE = b"kiosk/one"

Parts = list[tuple[int, bytes, bytes]]
"""Fields: number, content of those with a length (else empty), and the whole as it stands in the file."""


def split_prelu(model: bytes) -> bytes:
    """The model with every PRelu in pieces, and no input but the true ones.

    Old exporters also list weights as inputs; a runtime then may not fold them. Raises ValueError for what
    is no ONNX model.
    """
    parts = list(_fields(model))
    if not any(number == _GRAPH for number, _, _ in parts):
        raise ValueError("no graph")
    return b"".join(_field(_GRAPH, _graph(body)) if n == _GRAPH else raw for n, body, raw in parts)


def _graph(body: bytes) -> bytes:
    parts = list(_fields(body))
    nodes = [list(_fields(node)) for number, node, _ in parts if number == _NODE]
    wanted = {name for node in nodes for name in _all(node, _NODE_INPUT)}
    wanted -= {_first(tensor, _TENSOR_NAME) for number, tensor, _ in parts if number == _INITIALIZER}
    one = _field(_TENSOR_TYPE, _FLOAT) + _field(_TENSOR_NAME, _ONE) + _field(_TENSOR_RAW, b"\0\0\x80\x3f")
    kept = [_field(_INITIALIZER, one)]
    for number, content, raw in parts:
        if number == _NODE:
            kept.append(_pieces(content, raw))
        elif number != _INPUT or _first(content, _INFO_NAME) in wanted:
            kept.append(raw)
    return b"".join(kept)


def _pieces(node: bytes, raw: bytes) -> bytes:
    parts = list(_fields(node))
    if _all(parts, _NODE_OP) != [b"PRelu"]:
        return raw
    x, slope = _all(parts, _NODE_INPUT)
    (y,) = _all(parts, _NODE_OUTPUT)
    return b"".join(
        (
            _node(b"Relu", (x,), y + b"/positive"),
            _node(b"Sub", (_ONE, slope), y + b"/rest"),  # of constants: done once, when the model is loaded
            _node(b"Mul", (y + b"/positive", y + b"/rest"), y + b"/bent"),
            _node(b"Mul", (x, slope), y + b"/straight"),
            _node(b"Add", (y + b"/straight", y + b"/bent"), y),
        )
    )


def _node(op: bytes, inputs: tuple[bytes, ...], output: bytes) -> bytes:
    ends = [_field(_NODE_INPUT, name) for name in inputs] + [_field(_NODE_OUTPUT, output)]
    return _field(_NODE, b"".join(ends) + _field(_NODE_OP, op))


def _all(parts: Parts, number: int) -> list[bytes]:
    return [content for n, content, _ in parts if n == number]


def _first(message: bytes, number: int) -> bytes:
    return next((content for n, content, _ in _fields(message) if n == number), b"")


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Raises ValueError where the bytes are no message."""
    at = 0
    while at < len(message):
        key, begin = _varint(message, at)
        content, end = _value(message, begin, key & 7)
        if end > len(message):
            raise ValueError("cut off")
        yield key >> 3, content, message[at:end]
        at = end


def _value(message: bytes, at: int, wire: int) -> tuple[bytes, int]:
    """Content (only of what has a length) and where the next field begins."""
    if wire == _VARINT:
        return b"", _varint(message, at)[1]
    if wire == _BYTES:
        length, begin = _varint(message, at)
        return message[begin : begin + length], begin + length
    if wire in (_FIXED32, _FIXED64):
        return b"", at + (4 if wire == _FIXED32 else 8)
    raise ValueError(f"wire type {wire}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise ValueError("cut off")


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _to_varint(number << 3 | _VARINT) + _to_varint(value)
    return _to_varint(number << 3 | _BYTES) + _to_varint(len(value)) + value


def _to_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes((value,))

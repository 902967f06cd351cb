"""Rewrite of an ONNX graph so that ONNX Runtime runs it, and runs it fast: bytes in, bytes out.

Two things are changed; the graph computes what it did:

- PRelu becomes Relu, Mul and Add: PRelu(x) = a·x + (1 − a)·Relu(x). ONNX Runtime fuses and vectorises a
  convolution with Relu, but not with PRelu, which takes two thirds of SFace's time there.
- Inputs of the graph that no node reads, or that an initializer fills already, are dropped. Old exporters
  list weights as inputs; ONNX Runtime may not fold them then. The stock int8 SFace lists 145 of these, and 29
  weights that its quantisation replaced: ONNX Runtime does not run it without values for those.

The model file stays the one that the manifest pins, and is read only as far as needed. A protobuf message is
a sequence of fields, each a key (number · 8 + wire type) and a value (protobuf.dev, "Encoding"); the numbers
are those of onnx.proto. Why not by the package `onnx`: docs/decisions/0001.
"""

from collections.abc import Iterable, Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_GRAPH = 7  # of ModelProto
_NODE, _INITIALIZER, _INPUT = 1, 5, 11  # of GraphProto
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP = 1, 2, 4  # of NodeProto
_TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 2, 8, 9  # of TensorProto
_VALUE_NAME = 1  # of ValueInfoProto
_FLOAT = 1  # of TensorProto.DataType
_ONE = b"kiosk/one"  # name of the constant 1 that is added

Field = tuple[int, bytes, bytes]
"""Its number, its content if it has a length (else empty), and all its bytes in the file."""


def split_prelu(model: bytes) -> bytes:
    """Return the model without PRelu nodes and without inputs that no caller has to give.

    Raises ValueError for what is no ONNX model.
    """
    fields = list(_fields(model))
    if not any(number == _GRAPH for number, _, _ in fields):
        raise ValueError("no graph")
    return b"".join(_field(_GRAPH, _graph(body)) if n == _GRAPH else raw for n, body, raw in fields)


def _graph(body: bytes) -> bytes:
    fields = list(_fields(body))
    nodes = [list(_fields(content)) for number, content, _ in fields if number == _NODE]
    initializers = [content for number, content, _ in fields if number == _INITIALIZER]
    read = {name for node in nodes for name in _contents(node, _NODE_INPUT)}
    external = read.difference(*(_contents(_fields(tensor), _TENSOR_NAME) for tensor in initializers))
    one = _field(_TENSOR_TYPE, _FLOAT) + _field(_TENSOR_NAME, _ONE) + _field(_TENSOR_RAW, b"\0\0\x80\x3f")
    kept = [_field(_INITIALIZER, one)]
    for number, content, raw in fields:
        if number == _NODE:
            kept.append(_split_node(content) or raw)
        elif number != _INPUT or external.intersection(_contents(_fields(content), _VALUE_NAME)):
            kept.append(raw)
    return b"".join(kept)


def _split_node(node: bytes) -> bytes:
    """Return the nodes that replace this one; nothing if it is not a PRelu."""
    fields = list(_fields(node))
    if _contents(fields, _NODE_OP) != [b"PRelu"]:
        return b""
    x, slope = _contents(fields, _NODE_INPUT)
    (y,) = _contents(fields, _NODE_OUTPUT)
    nodes = (
        (b"Relu", (x,), y + b"/relu"),
        (b"Sub", (_ONE, slope), y + b"/one_minus_slope"),  # of constants: folded when the model is loaded
        (b"Mul", (y + b"/relu", y + b"/one_minus_slope"), y + b"/bent"),
        (b"Mul", (x, slope), y + b"/straight"),
        (b"Add", (y + b"/straight", y + b"/bent"), y),
    )
    return b"".join(_node(*node) for node in nodes)


def _node(operator: bytes, inputs: tuple[bytes, ...], output: bytes) -> bytes:
    fields = [_field(_NODE_INPUT, name) for name in inputs]
    fields += [_field(_NODE_OUTPUT, output), _field(_NODE_OP, operator)]
    return _field(_NODE, b"".join(fields))


def _contents(fields: Iterable[Field], number: int) -> list[bytes]:
    return [content for n, content, _ in fields if n == number]


def _fields(message: bytes) -> Iterator[Field]:
    """Yield the fields of a message. Raises ValueError where the bytes are none."""
    at = 0
    while at < len(message):
        key, begin = _varint(message, at)
        content, end = _value(message, begin, key & 7)
        if end > len(message):
            raise ValueError("cut off")
        yield key >> 3, content, message[at:end]
        at = end


def _value(message: bytes, at: int, wire_type: int) -> tuple[bytes, int]:
    """Return the content (only of what has a length) and where the next field begins."""
    if wire_type == _VARINT:
        return b"", _varint(message, at)[1]
    if wire_type == _BYTES:
        length, begin = _varint(message, at)
        return message[begin : begin + length], begin + length
    if wire_type in (_FIXED32, _FIXED64):
        return b"", at + (4 if wire_type == _FIXED32 else 8)
    raise ValueError(f"wire type {wire_type}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and where it ends.

    Seven bits a byte, the lowest first; the eighth says that more follow.
    """
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

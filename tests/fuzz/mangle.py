"""What is done to good bytes: flipped, cut, doubled, nested, blown up. All from one seeded source."""

import random
from collections.abc import Callable, Sequence

Mangle = Callable[[random.Random, bytes], bytes]

ODD = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", "\U0001f4a9".encode(), "e\u0301\u202e".encode(), b"NaN",
    b"-Infinity", b"1e999", b"-0", b"9" * 400, b"9" * 5000, b"0x", b"null", b"true", b'""', b"{}", b"[]",
    b"\r\n", b"'" * 3, b'"' * 3, b"\\u0000", b"\\ud800", b"$(id)", b"../../../etc/passwd", b"%s%n",
    b"<script>", b"1970-01-01T00:00:00Z",
)  # fmt: skip


def flip(chance: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 60))):
        if out:
            out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def drop(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.randrange(1, 40) :]


def double(chance: random.Random, data: bytes) -> bytes:
    at, size = chance.randrange(len(data) + 1), chance.randrange(1, 200)
    return data[: at + size] + data[at : at + size] * chance.choice((1, 1, 50)) + data[at + size :]


def odd(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(ODD) + data[at + chance.choice((0, 1, 5)) :]


def noise(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.randrange(60)) + data[at:]


def number(chance: random.Random, data: bytes) -> bytes:
    """Another number in the place of one that stands there."""
    places = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    at = chance.choice(places)
    new = (
        b"-1",
        b"0",
        b"1e308",
        b"9" * 30,
        b"-9223372036854775809",
        b"0.1",
        b"1e-320",
        b"18446744073709551616",
    )
    return data[:at] + chance.choice(new) + data[at + 1 :]


def deep(chance: random.Random, data: bytes) -> bytes:
    """Nesting that a reader which calls itself does not survive."""
    depth = chance.choice((50, 1_000, 20_000))
    opened, closed = chance.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"{a=", b"}"), (b"(", b")")))
    inner = opened * depth + b"1" + closed * depth
    at = chance.choice([i for i, byte in enumerate(data) if byte in b":=,[{"] or [0])
    return data[: at + 1] + inner + chance.choice((b"", b",")) + data[at + 1 :]


def swap(chance: random.Random, data: bytes) -> bytes:
    """Lines, or fields, in another order."""
    mark = chance.choice((b"\n", b",", b"."))
    parts = data.split(mark)
    chance.shuffle(parts)
    return mark.join(parts)


def nothing(chance: random.Random, data: bytes) -> bytes:
    return chance.choice((b"", b"\n", data, data, chance.randbytes(chance.randrange(300))))


ALL: tuple[Mangle, ...] = (flip, cut, drop, double, odd, noise, number, deep, swap, nothing)


def mangled(chance: random.Random, data: bytes, ways: Sequence[Mangle] = ALL) -> bytes:
    """One to four of the ways, one after the other; never longer than a megabyte."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(ways)(chance, data)[: 1 << 20]
    return data

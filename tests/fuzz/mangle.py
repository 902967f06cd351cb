"""Ways to damage good bytes: flip, cut, double, nest, inflate. All random choices come from one seed."""

import random
from collections.abc import Callable, Sequence

Mangle = Callable[[random.Random, bytes], bytes]

ODD = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", "\U0001f4a9".encode(), "e\u0301\u202e".encode(), b"NaN",
    b"-Infinity", b"1e999", b"-0", b"9" * 400, b"9" * 5000, b"0x", b"null", b"true", b'""', b"{}", b"[]",
    b"\r\n", b"'" * 3, b'"' * 3, b"\\u0000", b"\\ud800", b"$(id)", b"../../../etc/passwd", b"%s%n",
    b"<script>", b"1970-01-01T00:00:00Z",
)  # fmt: skip


def flip(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 60))):
        if out:
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def drop(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(1, 40) :]


def double(rng: random.Random, data: bytes) -> bytes:
    at, size = rng.randrange(len(data) + 1), rng.randrange(1, 200)
    return data[: at + size] + data[at : at + size] * rng.choice((1, 1, 50)) + data[at + size :]


def odd(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(ODD) + data[at + rng.choice((0, 1, 5)) :]


def noise(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randrange(60)) + data[at:]


def number(rng: random.Random, data: bytes) -> bytes:
    """Put another number in the place of one."""
    places = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    at = rng.choice(places)
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
    return data[:at] + rng.choice(new) + data[at + 1 :]


def deep(rng: random.Random, data: bytes) -> bytes:
    """Nest deeper than a recursive reader survives."""
    depth = rng.choice((50, 1_000, 20_000))
    opened, closed = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"{a=", b"}"), (b"(", b")")))
    inner = opened * depth + b"1" + closed * depth
    at = rng.choice([i for i, byte in enumerate(data) if byte in b":=,[{"] or [0])
    return data[: at + 1] + inner + rng.choice((b"", b",")) + data[at + 1 :]


def swap(rng: random.Random, data: bytes) -> bytes:
    """Put lines or fields in another order."""
    mark = rng.choice((b"\n", b",", b"."))
    parts = data.split(mark)
    rng.shuffle(parts)
    return mark.join(parts)


def nothing(rng: random.Random, data: bytes) -> bytes:
    return rng.choice((b"", b"\n", data, data, rng.randbytes(rng.randrange(300))))


ALL: tuple[Mangle, ...] = (flip, cut, drop, double, odd, noise, number, deep, swap, nothing)


def mangled(rng: random.Random, data: bytes, ways: Sequence[Mangle] = ALL) -> bytes:
    """Apply one to four of the ways; the result is never longer than a megabyte."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(ways)(rng, data)[: 1 << 20]
    return data

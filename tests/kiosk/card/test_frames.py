import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.card.frames import MAX_LENGTH, PREAMBLE, DamagedFrame, FrameScanner, build

bodies = st.binary(min_size=1, max_size=600)
noise = st.binary(max_size=40).filter(lambda data: b"\xaa" not in data)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(c % (len(data) + 1) for c in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def scan(chunks) -> list[bytes]:
    scanner = FrameScanner()
    return [body for chunk in chunks for body in scanner.feed(chunk)]


@pytest.mark.parametrize(
    ("body", "frame"),
    [
        ("12FF", "AAAAAA9669000312FFEE"),
        ("2001", "AAAAAA96690003200122"),
        ("2002", "AAAAAA96690003200221"),
        ("3001", "AAAAAA96690003300132"),
        ("00009F00000000", "AAAAAA9669000800009F0000000097"),
        ("000080", "AAAAAA9669000400008084"),
        ("0000900000000000000000", "AAAAAA9669000C00009000000000000000009C"),
        ("000081", "AAAAAA9669000400008185"),
    ],
)
def test_the_frames_that_makers_publish(body, frame):
    assert build(bytes.fromhex(body)).hex().upper() == frame
    assert scan([bytes.fromhex(frame)]) == [bytes.fromhex(body)]


@given(st.lists(st.tuples(noise, bodies), max_size=4), st.lists(st.integers(0, 5000), max_size=8))
def test_frames_are_found_among_noise_however_they_are_cut(parts, cuts):
    stream = b"".join(before + build(body) for before, body in parts)
    assert scan(pieces(stream, cuts)) == [body for _, body in parts]


@given(st.integers(1, 4))
def test_a_preamble_that_begins_anew_is_found(extra):
    assert scan([b"\xaa" * extra + build(b"hello")]) == [b"hello"]


@given(st.sampled_from([0, 1, MAX_LENGTH + 1, 0xFFFF]))
def test_a_length_that_cannot_be_is_noise(length):
    assert scan([PREAMBLE + length.to_bytes(2, "big") + build(b"hello")]) == [b"hello"]


@given(bodies, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_makes_another_answer(body, where, change):
    frame = bytearray(build(body))
    frame[where % len(frame)] ^= change
    with contextlib.suppress(DamagedFrame):
        assert scan([bytes(frame)]) == []


def test_a_frame_inside_a_damaged_one_is_not_taken():
    forged = build(b"\0\0\x90 forged")
    frame = bytearray(build(b"\0\0\x90" + forged + b"photo"))
    frame[-1] ^= 1
    scanner = FrameScanner()
    with pytest.raises(DamagedFrame):
        list(scanner.feed(bytes(frame)))
    assert list(scanner.feed(build(b"next"))) == [b"next"]


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_anything_can_come(chunks):
    scanner = FrameScanner()
    for chunk in chunks:
        try:
            list(scanner.feed(chunk))
        except DamagedFrame:
            assert list(scanner.feed(build(b"ok"))) == [b"ok"]


def test_noise_does_not_pile_up():
    scanner = FrameScanner()
    for _ in range(100):
        assert list(scanner.feed(b"\x55" * 1000)) == []
    assert len(scanner._buffer) < 10

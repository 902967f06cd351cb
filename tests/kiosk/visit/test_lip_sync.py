"""Mouth and voice against chance, on made-up readings: 300 of each kind."""

import numpy as np
import pytest
from msgspec.structs import replace

from kiosk.codes import Code
from kiosk.model import DigitHeard, FaceSeen, VerdictAnswer
from kiosk.visit.rules.lip_sync import chance
from kiosk.visit.rules.lips import judge_lips
from tests.support.visit_driver import LIMITS

LIMIT = 0.05
READINGS = 300


def voices(random):
    """Six digits, answered 0.3–0.7 s after they came, 0.9–1.5 s apart; and when it is over."""
    at, found = 0.5, []
    for _ in range(6):
        onset = at + random.uniform(0.3, 0.7)
        found.append((onset, onset + random.uniform(0.25, 0.45)))
        at = max(onset + 0.6, at + random.uniform(0.9, 1.5))
    return found, at + 0.8


def opened(times, spoken, random):
    """A mouth that opens 50–200 ms before each voice, each time differently far."""
    line = np.full(len(times), 0.03)
    for began, ended in spoken:
        edges = np.minimum((times - began + random.uniform(0.05, 0.2)) / 0.12, (ended + 0.1 - times) / 0.15)
        line += random.uniform(0.08, 0.3) * np.clip(edges, 0, 1)
    return line


def mouth(kind, times, spoken, random):
    if kind == "live":
        return opened(times, spoken, random)
    if kind == "of another reading":
        return opened(times, voices(random)[0], random)
    if kind == "chewing":
        return 0.15 * (1 + np.sin(2 * np.pi * random.uniform(1, 3) * times + random.uniform(0, 6)))
    noise = random.standard_normal(len(times) + 6)
    return 0.1 * abs(np.convolve(noise, np.hanning(7), "valid"))[: len(times)]


def passed(kind):
    """Share of readings within the default limit; 6 to 15 frames a second, noisy landmarks."""
    count = 0
    for number in range(READINGS):
        random = np.random.default_rng([1, number])
        spoken, ends = voices(random)
        times = np.arange(0, ends, 1 / random.uniform(6, 15))
        line = mouth(kind, times, spoken, random) + random.normal(0, 0.015, len(times))
        found = chance(spoken, list(zip(times.tolist(), line.tolist(), strict=True)))
        count += found is not None and found <= LIMIT
    return count / READINGS


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("live", 0.99, 1), ("chewing", 0, 0.08), ("muttering", 0, 0.12), ("of another reading", 0, 0.5)],
)
def test_who_keeps_time(kind, least, most):
    assert least <= passed(kind) <= most


def test_too_little_is_not_judged():
    spoken = [(1.0, 1.3), (2.0, 2.3)]
    assert chance(spoken, [(0.1 * i, 0.1) for i in range(11)]) is None
    assert chance(spoken[:1], [(0.1 * i, 0.1) for i in range(60)]) is None
    assert chance([], []) is None


@pytest.mark.parametrize(("span_s", "known"), [(1.75, True), (1.65, False)])
def test_ten_shifts_tell_chance_and_nine_do_not(span_s, known):
    """A tenth of a second apart, none nearer than 0.4 s to either end."""
    mouth = [(span_s * i / 20, 0.1 * (i % 3)) for i in range(21)]
    assert (chance([(0.3, 0.5), (1.0, 1.2)], mouth) is not None) is known


def test_a_mouth_that_never_moves_fits_everywhere():
    assert chance([(1.0, 1.3), (2.6, 2.9)], [(0.1 * i, 0.125) for i in range(60)]) == 1.0


def test_the_rule_asks_for_it_where_the_settings_do():
    random = np.random.default_rng(3)
    spoken, ends = voices(random)
    times = np.arange(0, ends, 0.08)
    heard = [DigitHeard(at=end, window=i, began=began, ended=end) for i, (began, end) in enumerate(spoken)]
    strict = replace(LIMITS.lips, max_chance=LIMIT)

    def judged(line, limits):
        seen = [
            FaceSeen(at=float(t), seq=i, faces=1, mouth=float(m))
            for i, (t, m) in enumerate(zip(times, line, strict=True))
        ]
        return judge_lips(heard, seen, limits)

    live, chewing = (mouth(kind, times, spoken, random) for kind in ("live", "chewing"))
    assert judged(live, strict).answer is VerdictAnswer.PASS
    assert (judged(chewing, strict).answer, judged(chewing, strict).code) == (
        VerdictAnswer.RETRY,
        Code.LIPS_OUT_OF_STEP,
    )
    assert judged(chewing, LIMITS.lips).measured["chance"] > LIMIT
    assert judge_lips([], [], strict).answer is VerdictAnswer.RETRY

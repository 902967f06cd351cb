"""What checking one PIN and stretching one password cost: on purpose, against guessing."""

import time
from collections.abc import Callable

from msgspec.structs import replace

from benchmarks.bench import Bench, load
from benchmarks.figures import Goal, Result, series
from kiosk.activation.passwords import stretch
from kiosk.staff.review_key import UNKNOWN, unwrap

NUMBER, PIN = "100200", "730518"
GOAL_MS = 250.0
"""A clerk does not notice a quarter of a second."""
GOAL_STRETCH_MS = 5000.0
"""Before anybody has shown a face and read six digits."""


def run(bench: Bench) -> list[Result]:
    """Ours and the baseline take turns."""
    before = load()
    ours, least, cpu = [], [], []
    stretched, stretched_cpu = [], []
    light = replace(UNKNOWN, memory_kib=8, passes=1)
    for _ in range(bench.times(20, 2)):
        began = time.process_time()
        ours.append(_ms(lambda: unwrap(PIN, NUMBER, UNKNOWN)))
        cpu.append(1000 * (time.process_time() - began))
        least.append(_ms(lambda: unwrap(PIN, NUMBER, light)))
        began = time.process_time()
        stretched.append(_ms(lambda: stretch("31415926")))
        stretched_cpu.append(1000 * (time.process_time() - began))
    return [
        Result(
            name="pin",
            title="Checking a PIN at sign-in",
            ours=series("argon2id, 64 MiB, 2 passes", "ms", ours),
            baselines=(series("argon2id, 8 KiB, 1 pass", "ms", least),),
            parts=(series("argon2id, 64 MiB, 2 passes", "ms CPU", cpu),),
            goal=Goal(GOAL_MS),
            load=before,
        ),
        Result(
            name="pin",
            title="Stretching a password, while the visit goes on",
            ours=series("argon2id, 64 MiB, 3 passes", "ms", stretched),
            baselines=(series("argon2id, 8 KiB, 1 pass", "ms", least),),
            parts=(series("argon2id, 64 MiB, 3 passes", "ms CPU", stretched_cpu),),
            goal=Goal(GOAL_STRETCH_MS),
            load=before,
        ),
    ]


def _ms(once: Callable[[], object]) -> float:
    began = time.perf_counter()
    once()
    return 1000 * (time.perf_counter() - began)

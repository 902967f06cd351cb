"""What checking one PIN costs: on purpose, so that a stolen roster cannot be guessed through quickly."""

import time
from collections.abc import Callable

from argon2 import PasswordHasher

from benchmarks.bench import Bench, load
from benchmarks.figures import Goal, Result, series
from kiosk.staff import pins

PIN = "730518"
GOAL_MS = 250.0
"""A clerk does not notice a quarter of a second."""


def run(bench: Bench) -> list[Result]:
    """Ours and the baseline take turns."""
    before = load()
    ours, least, cpu = [], [], []
    light = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    known, quick = pins.HASHER.hash(PIN), light.hash(PIN)
    for _ in range(bench.times(20, 2)):
        began = time.process_time()
        ours.append(_ms(lambda: pins.matches(PIN, known)))
        cpu.append(1000 * (time.process_time() - began))
        least.append(_ms(lambda: light.verify(quick, PIN)))
    return [
        Result(
            name="pin",
            title="Checking a PIN at sign-in",
            ours=series("argon2id, 64 MiB, 2 passes", "ms", ours),
            baselines=(series("argon2id, 8 KiB, 1 pass", "ms", least),),
            parts=(series("argon2id, 64 MiB, 2 passes", "ms CPU", cpu),),
            goal=Goal(GOAL_MS),
            load=before,
        )
    ]


def _ms(once: Callable[[], object]) -> float:
    began = time.perf_counter()
    once()
    return 1000 * (time.perf_counter() - began)

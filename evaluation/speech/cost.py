"""A process that loads one recogniser, asks it about some sounds, and says what that cost.

`python -m evaluation.speech.cost`: an `Ask` as JSON on standard input, a `Cost` on standard output.
"""

import sys
import time
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from evaluation.speech.drivers import Ask, make
from evaluation.speech.results import Cost
from kiosk.ports import Recogniser, Samples
from kiosk.settings import load

_STATUS = Path("/proc/self/status")


def measure(ask: Ask) -> Cost:
    """Raises what the driver raises."""
    sounds = _sounds(Path(ask.sounds))
    settings = load(Path(ask.settings) if ask.settings else None)
    before, began = _resident_mb("VmRSS"), time.monotonic()
    recogniser = make(ask.driver, settings)
    load_s = time.monotonic() - began
    _ask(recogniser, sounds[:3])  # the first answers set things up
    spent = _ask(recogniser, sounds)
    largest = _resident_mb("VmHWM")
    added = largest - before if largest is not None and before is not None else None
    return Cost(cpu_ms=1000 * median(spent), load_s=load_s, process_mb=largest, engine_mb=added)


def _ask(recogniser: Recogniser, sounds: list[tuple[Samples, int]]) -> list[float]:
    """CPU seconds of all threads for each sound."""
    spent = []
    for samples, onset in sounds:
        began = time.process_time()
        recogniser.score(samples, onset)
        spent.append(time.process_time() - began)
    return spent


def _sounds(path: Path) -> list[tuple[Samples, int]]:
    with np.load(path) as saved:
        onsets, *sounds = (saved[f"arr_{i}"] for i in range(len(saved.files)))
    return [(samples, int(onset)) for samples, onset in zip(sounds, onsets, strict=True)]


def _resident_mb(key: str) -> float | None:
    """From Linux's /proc, in 10⁶ bytes; None elsewhere."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(key)), None)


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(measure(msgspec.json.decode(sys.stdin.buffer.read(), type=Ask)))
    )

"""Process that loads one recogniser, lets it score some sounds, and reports what that cost.

`python -m evaluation.speech.cost`: a `CostRequest` as JSON on standard input, a `Cost` on standard output.
"""

import sys
import time
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from evaluation.speech.drivers import CostRequest, load_recogniser
from evaluation.speech.results import Cost
from kiosk.ports import Recogniser, Samples
from kiosk.settings import load

_STATUS = Path("/proc/self/status")


def measure(request: CostRequest) -> Cost:
    """Measure load time, CPU time and memory of one recogniser. Raises what the driver raises."""
    with np.load(Path(request.sounds)) as saved:
        onsets, *samples = (saved[f"arr_{i}"] for i in range(len(saved.files)))
    sounds = list(zip(samples, map(int, onsets), strict=True))
    settings = load(Path(request.settings) if request.settings else None)
    before, began = _resident_mb("VmRSS"), time.monotonic()
    recogniser = load_recogniser(request.driver, settings)
    load_s = time.monotonic() - began
    _score(recogniser, sounds[:3])  # the first answers set things up
    cpu_s = _score(recogniser, sounds)
    largest = _resident_mb("VmHWM")
    added = largest - before if largest is not None and before is not None else None
    return Cost(cpu_ms=1000 * median(cpu_s), load_s=load_s, process_mb=largest, engine_mb=added)


def _score(recogniser: Recogniser, sounds: list[tuple[Samples, int]]) -> list[float]:
    """Return the CPU seconds of all threads for each sound."""
    spent = []
    for samples, onset in sounds:
        began = time.process_time()
        recogniser.score(samples, onset)
        spent.append(time.process_time() - began)
    return spent


def _resident_mb(key: str) -> float | None:
    """Read a value of Linux's /proc/self/status, in 10⁶ bytes; None on other systems."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(key)), None)


if __name__ == "__main__":
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=CostRequest)
    sys.stdout.buffer.write(msgspec.json.encode(measure(request)))

"""Resources of the process (memory, open files, threads): sampled during the run and plotted afterwards."""

import csv
import gc
import os
import threading
from pathlib import Path
from statistics import median

from msgspec import Struct

PAGE = os.sysconf("SC_PAGE_SIZE")
WARM = 0.1
"""Share of the visits that counts as warming up."""
MOST_GROWTH, MOST_DRIFT = 0.05, 3.0
"""Limits for "flat": relative growth of memory; number of additional files or threads."""


class Sample(Struct, frozen=True):
    """One sample; memory in MB. `central_mb` is that of the other process."""

    visits: int
    days: float
    rss_mb: float
    files: int
    threads: int
    central_mb: float
    agenda: int


def rss_mb(pid: int | str = "self") -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6
    except (OSError, IndexError):
        return 0.0


def sample(simulation) -> Sample:
    """Sample after a garbage collection, so that the figures do not depend on when it last ran."""
    gc.collect()
    return Sample(
        visits=simulation.done,
        days=round(simulation.clock.monotonic() / 86_400, 3),
        rss_mb=round(rss_mb(), 3),
        files=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        central_mb=round(rss_mb(simulation.central_pid), 3),
        agenda=len(simulation.agenda),
    )


def growth(samples: list[Sample]) -> float | None:
    """Return the relative growth of memory: median of the last tenth over that of the tenth after warming up.

    None: too few samples.
    """
    if len(samples) < 20:
        return None
    n = len(samples)
    early, late = samples[int(n * WARM) : int(n * 2 * WARM)], samples[int(n * (1 - WARM)) :]
    return median(s.rss_mb for s in late) / median(s.rss_mb for s in early) - 1


def drift(samples: list[Sample], of: str) -> float | None:
    """Return the drift of a count: median of the last third less that of the first third after warming up.

    A connection more or less is two files and two threads of the line's, so thirds, and medians.
    """
    if len(samples) < 20:
        return None
    warm = [getattr(s, of) for s in samples[int(len(samples) * WARM) :]]
    third = len(warm) // 3
    return median(warm[-third:]) - median(warm[:third])


def write_csv(path: Path, samples: list[Sample]) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(Sample.__struct_fields__)
        rows.writerows([getattr(s, name) for name in Sample.__struct_fields__] for s in samples)


def plot(path: Path, samples: list[Sample]) -> bool:
    """Plot the samples; False without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 1, sharex=True, figsize=(9, 7), constrained_layout=True)
    visits = [s.visits for s in samples]
    for axis, names, label in (
        (axes[0], ("rss_mb", "central_mb"), "resident memory, MB"),
        (axes[1], ("files",), "open files"),
        (axes[2], ("threads",), "threads"),
    ):
        for name in names:
            axis.plot(visits, [getattr(s, name) for s in samples], label=name.replace("_mb", ""), lw=1.2)
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0].legend(["terminal", "central"], loc="lower right")
    axes[0].axvspan(0, samples[-1].visits * WARM, alpha=0.12, color="grey")
    axes[2].set_xlabel("visits (grey: warming up)")
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return True

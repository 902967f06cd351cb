"""Install, pin and verify models that are whole folders (vosk), brought by the operator.

No registry carries them, so the manifest cannot know their checksum. It is taken when the model is installed
and written to `folders.toml` beside it; from then on every start compares, so that a changed byte of the
model keeps the terminal out of service instead of changing its answers. An archive comes from a third party:
neither its names nor its sizes are trusted.
"""

import contextlib
import hashlib
import os
import re
import shutil
import stat
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, ModelError

PINS = "folders.toml"
NEEDED = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/HCLr.fst", "graph/Gr.fst")
"""The files that make a folder a vosk model whose words can be restricted. A model with a ready graph
(HCLG.fst) ignores a grammar and transcribes every word."""
SIZE_MOST = 2 * 10**9
FILES_MOST = 1_000
"""vosk-model-small-cn-0.22 has 14 files and 65 MB, the largest published models some gigabytes; those would
not fit the terminal's memory."""
CHUNK = 1 << 20
GENERIC_NAMES = ("", "model")
"""Folder names that say nothing: then the model is named after its archive."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Report = Callable[[str], None]
"""Takes a line about the progress, for people."""


class FolderPin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One installed folder. `sha256` is over all files, see `pin_of`; `size` in bytes."""

    name: str
    files: int
    size: int
    sha256: str


class _Pins(Struct, frozen=True, forbid_unknown_fields=True):
    folder: tuple[FolderPin, ...] = ()


# ── at every start ───────────────────────────────────────────────────────────────────────────────


def pins(folder: Path) -> tuple[FolderPin, ...]:
    """Return all installed folders. Raises ModelError(MODEL_ALTERED) if the list cannot be read."""
    path = folder / PINS
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Pins).folder
    except FileNotFoundError:
        return ()
    except (OSError, *UNREADABLE) as error:
        raise ModelError(Code.MODEL_ALTERED, f"{PINS}: {error}") from None


def verified(folder: Path, name: str) -> Path:
    """Return the path of an installed folder, after comparing every byte with what was installed.

    Raises ModelError: MODEL_MISSING (never installed, or gone), MODEL_ALTERED.
    """
    pin = next((p for p in pins(folder) if p.name == name), None)
    if pin is None or not (folder / name).is_dir():
        raise ModelError(Code.MODEL_MISSING, f"{name}: not installed; kiosk models install --from DIR_OR_ZIP")
    if pin_of(folder / name) != pin:
        raise ModelError(Code.MODEL_ALTERED, f"{name}: not what was installed")
    return folder / name


def faults(folder: Path) -> list[ModelError]:
    """Return what is wrong with the installed folders; empty: all are as they were installed."""
    found = []
    try:
        for pin in pins(folder):
            try:
                verified(folder, pin.name)
            except ModelError as error:
                found.append(error)
    except ModelError as error:
        return [error]
    return found


def pin_of(path: Path) -> FolderPin:
    """Return what a folder holds now. Raises ModelError(MODEL_ALTERED) for links and unreadable files.

    `sha256`: over "path NUL size NUL" and the SHA-256 of the content of each file, by sorted POSIX path.
    """
    whole, size, count = hashlib.sha256(), 0, 0
    found = {file.relative_to(path).as_posix(): file for file in path.rglob("*")}
    for name, file in sorted(found.items()):
        if file.is_symlink():
            raise ModelError(Code.MODEL_ALTERED, f"{path.name}: {name} is a link")
        if file.is_file():
            length, content = _hash_file(file)
            whole.update(f"{name}\0{length}\0".encode() + content)
            size, count = size + length, count + 1
    return FolderPin(name=path.name, files=count, size=size, sha256=whole.hexdigest())


def _hash_file(file: Path) -> tuple[int, bytes]:
    """Return length and SHA-256. Raises ModelError(MODEL_ALTERED)."""
    content, length = hashlib.sha256(), 0
    try:
        with file.open("rb") as opened:
            while piece := opened.read(CHUNK):
                content.update(piece)
                length += len(piece)
    except OSError as error:
        raise ModelError(Code.MODEL_ALTERED, f"{file.name}: {error.strerror}") from None
    return length, content.digest()


# ── installing ───────────────────────────────────────────────────────────────────────────────────


def holds_model(source: Path) -> bool:
    """Return whether `install_folder` can use it: an archive, or (part of) a vosk model in a folder."""
    return source.is_file() or bool(_model_roots(_files_below(source)))


def install_folder(source: Path, folder: Path, name: str | None = None, report: Report = print) -> FolderPin:
    """Copy the one vosk model in `source` (a folder, or a zip archive of one) to `folder` and pin it.

    `name`: what settings call it; by default its folder's name, else the archive's. A model of that name is
    replaced at the end, when the new one is complete. Raises ModelError: MODEL_NOT_FETCHED (not
    readable, no room), MODEL_UNUSABLE (no model in it, several, or an archive that cannot be trusted).
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".installing-", dir=folder) as scratch:
            pin = _install(source, folder, name, Path(scratch))
    except OSError as error:
        raise ModelError(Code.MODEL_NOT_FETCHED, f"{source}: {error.strerror or error}") from None
    report(f"{pin.name}: installed, {pin.files} files, {pin.size / 1e6:.1f} MB, sha256 {pin.sha256}")
    return pin


def _install(source: Path, folder: Path, name: str | None, scratch: Path) -> FolderPin:
    """Copy into `scratch`, on the same disk, and rename it when it is complete."""
    new, copy = scratch / "new", _unpack if source.is_file() else _copy
    own_name = copy(source, new)
    name = name or own_name
    if not _NAME.fullmatch(name):
        raise ModelError(Code.MODEL_UNUSABLE, f"{name!r}: no name for a folder; choose one with --name")
    pin = msgspec.structs.replace(pin_of(new), name=name)
    with contextlib.suppress(FileNotFoundError):
        (folder / name).rename(scratch / "old")
    new.rename(folder / name)
    _write_pin(folder, pin)
    return pin


def _copy(source: Path, target: Path) -> str:
    """Copy the model of a folder and return the name of its folder. Links are refused."""
    names = _files_below(source)
    root = _only_root(names, source)
    inside = [n for n in names if n.is_relative_to(root)]
    _check_amount([(source / n).lstat().st_size for n in inside], source)
    for name in inside:
        if (source / name).is_symlink():
            raise _unusable(source, f"{name} is a link")
        to = target / name.relative_to(root)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, to)
    return root.name if root.name else source.absolute().name


def _unpack(source: Path, target: Path) -> str:
    """Unpack the model of a zip archive, file by file, and return a name for it."""
    try:
        with zipfile.ZipFile(source) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            for member in members:
                _check_member(member, source)
            root = _only_root([PurePosixPath(m.filename) for m in members], source)
            inside = [m for m in members if PurePosixPath(m.filename).is_relative_to(root)]
            _check_amount([m.file_size for m in inside], source)
            left = SIZE_MOST
            for member in inside:
                to = target / PurePosixPath(member.filename).relative_to(root)
                to.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, to.open("wb") as file:
                    left -= _copy_member(packed, file, left, source)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _unusable(source, f"no archive that can be read: {type(error).__name__}") from None
    return root.name if root.name not in GENERIC_NAMES else source.stem


def _check_member(member: zipfile.ZipInfo, source: Path) -> None:
    """Refuse names that lead out of the folder, links, and what is encrypted. Raises ModelError."""
    path = PurePosixPath(member.filename)
    leads_out = path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in member.filename
    if leads_out or "\0" in member.filename:
        raise _unusable(source, "a name in it leads out of its folder")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise _unusable(source, f"{path.name} is a link")
    if member.flag_bits & 0x1:
        raise _unusable(source, "it is encrypted")


def _copy_member(packed: IO[bytes], file: IO[bytes], left: int, source: Path) -> int:
    """Copy at most `left` bytes and return how many: the sizes in an archive need not be true."""
    count = 0
    while piece := packed.read(CHUNK):
        count += len(piece)
        if count > left:
            raise _unusable(source, f"more than {SIZE_MOST / 1e9:.0f} GB")
        file.write(piece)
    file.flush()
    os.fsync(file.fileno())
    return count


def _check_amount(sizes: list[int], source: Path) -> None:
    """Refuse too many files or bytes. Raises ModelError."""
    if len(sizes) > FILES_MOST:
        raise _unusable(source, f"more than {FILES_MOST} files")
    if sum(sizes) > SIZE_MOST:
        raise _unusable(source, f"more than {SIZE_MOST / 1e9:.0f} GB")


def _files_below(source: Path) -> list[PurePosixPath]:
    """Return all files below a folder, links included; none if it is no folder."""
    found = (f for f in source.rglob("*") if f.is_symlink() or f.is_file())
    return [PurePosixPath(f.relative_to(source).as_posix()) for f in found]


def _model_roots(names: list[PurePosixPath]) -> list[PurePosixPath]:
    """Return the folders that hold models, complete or not."""
    acoustic = PurePosixPath(NEEDED[0])
    return sorted({n.parent.parent for n in names if n.parts[-2:] == acoustic.parts})


def _only_root(names: list[PurePosixPath], source: Path) -> PurePosixPath:
    """Return the one model's folder. Raises ModelError(MODEL_UNUSABLE): incomplete, none or several."""
    roots = _model_roots(names)
    if len(roots) > 1:
        raise _unusable(source, f"{len(roots)} models in it; name one")
    if not roots:
        raise _unusable(source, f"no vosk model in it: no {NEEDED[0]}")
    missing = [needed for needed in NEEDED if roots[0] / needed not in set(names)]
    if missing:
        raise _unusable(source, f"no {', '.join(missing)}")
    return roots[0]


def _write_pin(folder: Path, pin: FolderPin) -> None:
    """Add the pin to the list, or replace the one of its name; the list is complete or as before."""
    others = [p for p in pins(folder) if p.name != pin.name]
    lines = ["# Taken by `kiosk models install --from`, compared at every start."]
    for p in sorted([*others, pin], key=lambda p: p.name):
        lines += ["", "[[folder]]", f'name = "{p.name}"', f"files = {p.files}", f"size = {p.size}"]
        lines.append(f'sha256 = "{p.sha256}"')
    part = folder / f".{PINS}.{os.getpid()}.part"
    part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    part.replace(folder / PINS)


def _unusable(source: Path, why: str) -> ModelError:
    return ModelError(Code.MODEL_UNUSABLE, f"{source.name}: {why}")

"""`kiosk models install | verify | list | seal`: the weight files and the manifest that pins them."""

import argparse
import hashlib
import re
import sys
from contextlib import suppress
from pathlib import Path

from kiosk.codes import Code
from kiosk.commands.options import add_actions
from kiosk.errors import ModelError
from kiosk.models import folders
from kiosk.models.installer import install
from kiosk.models.manifest import MANIFEST, WheelMember, fault, read, select_entries, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `kiosk models`."""
    add = add_actions(parser, settings=False)
    installing = add("install", install_models, "bring what is missing into the folder")
    verifying = add("verify", verify_models, "check every installed file against the manifest")
    listing = add("list", list_models, "list what the manifest holds, and what is installed")
    sealing = add(
        "seal", seal_models, "write size and sha256 of bundled files into the manifest (build machines)"
    )
    for action in (installing, verifying, listing, sealing):
        action.add_argument("--folder", type=Path, default=Path("var/models"), help="where the files are")
        action.add_argument("--manifest", type=Path, default=MANIFEST, help=argparse.SUPPRESS)
        action.add_argument("--only", nargs="+", metavar="NAME", help="names or purposes, not everything")
    installing.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR_OR_ZIP",
        help="a folder with the files, or a vosk model as folder or archive; no network",
    )
    installing.add_argument("--name", help="what the settings call the vosk model (default: its folder's)")


def run(options: argparse.Namespace) -> int:
    """Run the select_entries action; 1 if a file is missing or altered. Raises ModelError."""
    status: int = options.action(options)
    return status


def install_models(options: argparse.Namespace) -> int:
    """Install the manifest's files, or a vosk model that `--from` holds, or both."""
    source: Path | None = options.source
    if source is not None and not source.exists():
        raise ModelError(Code.MODEL_NOT_FETCHED, f"--from {source}: there is no such folder or file")
    if source is not None and folders.holds_model(source):
        pin = folders.install_folder(source, options.folder, options.name)
        print(f'settings: [recogniser] driver = "vosk", model = "{pin.name}"')
        names = {Path(entry.file).name for entry in read(options.manifest)}
        if not source.is_dir() or not any(path.name in names for path in source.rglob("*")):
            return 0
    install(options.manifest, options.folder, options.only, source)
    return 0


def verify_models(options: argparse.Namespace) -> int:
    """Print every fault of the installed files and folders; 1 if there is one."""
    faults = list(verify(options.folder, options.only, options.manifest))
    count = len(select_entries(read(options.manifest), options.only))
    if options.only is None:
        wrong = folders.faults(options.folder)
        installed = 0
        with suppress(ModelError):  # a list that cannot be read is one of the faults
            installed = len(folders.pins(options.folder))
        count += max(len(wrong), installed)
        faults += wrong
    for error in faults:
        print(error, file=sys.stderr)
    print(f"{count - len(faults)} right, {len(faults)} not")
    return 1 if faults else 0


def list_models(options: argparse.Namespace) -> int:
    """Print each file of the manifest and each installed folder, with its state, size and origin."""
    for entry in select_entries(read(options.manifest), options.only):
        error, where = fault(entry, options.folder), entry.origin
        state = "present" if error is None else error.code.value
        size = f"{entry.size / 1e6:6.1f} MB"
        origin = f"{where.package} {where.version}" if isinstance(where, WheelMember) else where
        print(f"{entry.name:<16} {state:<14} {size}  {entry.needed_for:<15} {origin}; {entry.licence}")
    if options.only is None:
        for pin in folders.pins(options.folder):
            size = f"{pin.size / 1e6:6.1f} MB"
            print(f"{pin.name:<16} {'installed':<14} {size}  {'recogniser':<15} operator's folder")
    return 0


def seal_models(options: argparse.Namespace) -> int:
    """Write size and SHA-256 of the bundled files into the manifest; its comments and order stay."""
    text = Path(options.manifest).read_text(encoding="utf-8")
    for entry in select_entries(read(options.manifest), options.only):
        if entry.origin == "bundled":
            try:
                content = (MANIFEST.parent / entry.file).read_bytes()
            except OSError as error:
                detail = f"{entry.name}: {entry.file}: {error.strerror}"
                raise ModelError(Code.MODEL_MISSING, detail) from None
            text = sealed(text, entry.name, content)
            print(f"{entry.name}: sealed")
    options.manifest.write_text(text, encoding="utf-8")
    return 0


def sealed(text: str, name: str, content: bytes) -> str:
    """Return the manifest's text with size and SHA-256 of `content` in the entry called `name`."""
    blocks = re.split(r"(?m)^(?=\[\[model\]\])", text)
    for i, block in enumerate(blocks):
        if re.search(rf'(?m)^name = "{re.escape(name)}"$', block):
            block = re.sub(r"(?m)^size = .*$", f"size = {len(content)}", block)
            digest = hashlib.sha256(content).hexdigest()
            blocks[i] = re.sub(r"(?m)^sha256 = .*$", f'sha256 = "{digest}"', block)
    return "".join(blocks)

"""Reads a folder that running threads write to: files appear, are renamed and vanish meanwhile."""

from pathlib import Path


def folder_contents(folder: Path) -> dict[Path, bytes]:
    """Return every file below a folder with its content, temporary ones too.

    A file that vanishes after it was listed may stand under its new name, which the list lacks: so the whole
    folder is read again.
    """
    while True:
        try:
            return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        except FileNotFoundError:
            continue

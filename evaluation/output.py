"""Output that measurements share: text tables, a JSON file, plots, a progress bar."""

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from tqdm import tqdm

from kiosk.codes import Code
from kiosk.errors import SettingsError

T = TypeVar("T")


def table(rows: Sequence[Sequence[object]]) -> str:
    """Align columns; the first row is the head. Wide characters count twice."""
    cells = [[str(c) for c in row] for row in rows]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Show a progress bar on standard error if it is a terminal."""
    yield from tqdm(items, desc=what, total=total, file=sys.stderr, disable=not sys.stderr.isatty())


def write_json(path: Path, result: Any) -> None:
    """Write the whole result. Raises SettingsError if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    except OSError as error:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--json {path}: {error.strerror}") from None


def pyplot() -> Any:
    """Return `matplotlib.pyplot` for plots without a window. Raises SettingsError if it is not installed."""
    try:
        import matplotlib
    except ImportError:
        detail = "--plots needs matplotlib: uv sync --extra plots"
        raise SettingsError(Code.SETTINGS_BAD_VALUE, detail) from None
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

"""Folders of labelled speech: `labels.tsv` lists clips of digits, `challenge.tsv` whole recordings."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct, field

from evaluation.output import progress
from evaluation.speech.sound_files import Reason, Unusable, load
from evaluation.speech.challenge_audio import separate
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Samples
from kiosk.settings import SpeechSettings

LABELS = "labels.tsv"
"""Columns `file`, `digits`; `speaker` (else the folder's name); more are ignored."""
CHALLENGES = "challenge.tsv"
"""Columns `file`, `digits`, `shown` (seconds since the file's beginning, with commas); `speaker`."""
CLIP_LONGEST_S = 20.0
RECORDING_LONGEST_S = 120.0
_DIGITS = re.compile(r"[0-9]{1,16}")


class Clip(Struct, frozen=True, eq=False):
    """One digit said by one speaker; (n,) at 16 kHz with what silence the recording has around it."""

    speaker: str
    digit: int
    samples: Samples


class Recording(Struct, frozen=True, eq=False):
    """One challenge read aloud. `shown`: seconds since the first sample at which each digit was painted."""

    speaker: str
    digits: tuple[int, ...]
    shown: tuple[float, ...]
    samples: Samples


class Data(Struct):
    """All that was found; `skipped` names the files by reason."""

    clips: list[Clip] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    rows: int = 0


_Row = dict[str, str]
_Read = Callable[["_Table", _Row, SpeechSettings], "list[Clip] | list[Recording]"]


class _Table(Struct, frozen=True):
    path: Path
    name: str  # of its folder, as seen from the data's
    rows: list[_Row]


def read(folder: Path, speech: SpeechSettings) -> Data:
    """Everything that `folder`, or the folders in it, list.

    Raises SettingsError: no such folder, no table in it, or a table without the columns that are needed.
    """
    data = Data()
    clips, recordings = _tables(folder, LABELS, "digits"), _tables(folder, CHALLENGES, "shown")
    if not clips and not recordings:
        raise _unusable(f"--data {folder}: neither {LABELS} nor {CHALLENGES} in it or in its folders")
    data.clips = _all(clips, _clips, speech, data)
    data.recordings = _all(recordings, _recording, speech, data)
    return data


def _all(tables: list[_Table], one: _Read, speech: SpeechSettings, data: Data) -> list:  # type: ignore[type-arg]
    """What each row gives, good ones; the others are noted in `data`."""
    rows = [(table, row) for table in tables for row in table.rows]
    found: list[Clip | Recording] = []
    seen: set[tuple[str, str]] = set()
    for table, row in progress(rows, "reading"):
        data.rows += 1
        key = (table.name, row["file"])
        try:
            if key in seen:
                raise Unusable(Reason.TWICE)
            found.extend(one(table, row, speech))
        except Unusable as why:
            data.skipped.setdefault(why.reason.value, []).append("/".join(key))
        seen.add(key)
    return found


def _clips(table: _Table, row: _Row, speech: SpeechSettings) -> list[Clip]:
    """One clip, or the single digits of a connected one."""
    digits, speaker = _digits(row), _speaker(table, row)
    samples = load(table.path.parent / row["file"], CLIP_LONGEST_S)
    pieces = [samples] if len(digits) == 1 else separate(samples, len(digits), speech)
    if pieces is None:
        raise Unusable(Reason.NOT_SEPARABLE)
    return [Clip(speaker, digit, piece) for digit, piece in zip(digits, pieces, strict=True)]


def _recording(table: _Table, row: _Row, speech: SpeechSettings) -> list[Recording]:
    digits, shown = _digits(row), _times(row)
    samples = load(table.path.parent / row["file"], RECORDING_LONGEST_S)
    rising = all(a < b for a, b in zip((0.0, *shown), (*shown, len(samples) / SAMPLE_RATE), strict=True))
    if len(shown) != len(digits) or not rising:
        raise Unusable(Reason.TIMES)
    return [Recording(_speaker(table, row), digits, shown, samples)]


def _digits(row: _Row) -> tuple[int, ...]:
    if not _DIGITS.fullmatch(row["digits"]):
        raise Unusable(Reason.LABEL)
    return tuple(int(d) for d in row["digits"])


def _times(row: _Row) -> tuple[float, ...]:
    try:
        times = tuple(float(t) for t in row["shown"].split(","))
    except ValueError:
        raise Unusable(Reason.TIMES) from None
    if not np.isfinite(times).all():
        raise Unusable(Reason.TIMES)
    return times


def _speaker(table: _Table, row: _Row) -> str:
    return row.get("speaker", "") or table.name


def _tables(folder: Path, name: str, third: str) -> list[_Table]:
    try:
        below = sorted(p for p in folder.iterdir() if p.is_dir())
    except OSError as error:
        raise _unusable(f"--data {folder}: {error.strerror}") from None
    return [_table(f / name, f.name, third) for f in (folder, *below) if (f / name).is_file()]


def _table(path: Path, name: str, third: str) -> _Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            missing = [c for c in ("file", "digits", third) if c not in (reader.fieldnames or ())]
            rows = list(_rows(reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unusable(f"{path}: {type(error).__name__}: {error}") from None
    if missing:
        raise _unusable(f"{path}: no column {', '.join(dict.fromkeys(missing))} in its first line")
    return _Table(path, name, rows)


def _rows(reader: "csv.DictReader[str]") -> Iterator[_Row]:
    """Cells without spaces around them; a short row has empty ones."""
    for row in reader:
        yield {name: (cell or "").strip() for name, cell in row.items() if isinstance(name, str)}


def _unusable(detail: str) -> SettingsError:
    return SettingsError(Code.SETTINGS_BAD_VALUE, detail)

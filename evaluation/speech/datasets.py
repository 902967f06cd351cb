"""Read folders of labelled speech: `labels.tsv` lists clips of digits, `challenge.tsv` whole recordings."""

import csv
import re
from pathlib import Path

import numpy as np
from msgspec import Struct, field

from evaluation.output import progress
from evaluation.speech.challenge_audio import split_digits
from evaluation.speech.sound_files import SkipReason, UnusableSound, load
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


class DigitClip(Struct, frozen=True, eq=False):
    """One digit said by one speaker; (n,) at 16 kHz with what silence the recording has around it."""

    speaker: str
    digit: int
    samples: Samples


class ChallengeRecording(Struct, frozen=True, eq=False, kw_only=True):
    """One challenge read aloud. `shown`: when each digit was painted, in seconds since the first sample."""

    speaker: str
    digits: tuple[int, ...]
    shown: tuple[float, ...]
    samples: Samples


class SpeechData(Struct, kw_only=True):
    """All that was found. `skipped`: files by reason; `rows`: of all tables."""

    clips: list[DigitClip] = field(default_factory=list)
    recordings: list[ChallengeRecording] = field(default_factory=list)
    skipped: dict[str, list[str]] = field(default_factory=dict)
    rows: int = 0


_Row = dict[str, str]


class _Table(Struct, frozen=True):
    """Rows of one TSV file; `name` is its folder's."""

    path: Path
    name: str
    rows: list[_Row]


def read(folder: Path, speech: SpeechSettings) -> SpeechData:
    """Read everything that `folder`, or the folders in it, list.

    Raises SettingsError: no such folder, no table in it, or a table without the columns that are needed.
    """
    labels, challenges = _find_tables(folder, LABELS), _find_tables(folder, CHALLENGES, "shown")
    if not labels and not challenges:
        raise _settings_error(f"--data {folder}: neither {LABELS} nor {CHALLENGES} in it or in its folders")
    data = SpeechData()
    rows = [(kind, table, row) for kind in (labels, challenges) for table in kind for row in table.rows]
    seen: set[tuple[int, str, str]] = set()
    for kind, table, row in progress(rows, "reading"):
        data.rows += 1
        key = (id(kind), table.name, row["file"])
        try:
            if key in seen:
                raise UnusableSound(SkipReason.TWICE)
            if kind is labels:
                data.clips += _read_clips(table, row, speech)
            else:
                data.recordings.append(_read_recording(table, row))
        except UnusableSound as why:
            data.skipped.setdefault(why.reason.value, []).append(f"{table.name}/{row['file']}")
        seen.add(key)
    return data


def _read_clips(table: _Table, row: _Row, speech: SpeechSettings) -> list[DigitClip]:
    """Return one clip, or the single digits of a connected one."""
    digits = _digits(row)
    samples = load(table.path.parent / row["file"], CLIP_LONGEST_S)
    pieces = [samples] if len(digits) == 1 else split_digits(samples, len(digits), speech)
    if pieces is None:
        raise UnusableSound(SkipReason.NOT_SEPARABLE)
    speaker = row.get("speaker", "") or table.name
    return [DigitClip(speaker, digit, piece) for digit, piece in zip(digits, pieces, strict=True)]


def _read_recording(table: _Table, row: _Row) -> ChallengeRecording:
    digits, shown = _digits(row), _display_times(row)
    samples = load(table.path.parent / row["file"], RECORDING_LONGEST_S)
    rising = all(a < b for a, b in zip((0.0, *shown), (*shown, len(samples) / SAMPLE_RATE), strict=True))
    if len(shown) != len(digits) or not rising:
        raise UnusableSound(SkipReason.TIMES)
    return ChallengeRecording(
        speaker=row.get("speaker", "") or table.name, digits=digits, shown=shown, samples=samples
    )


def _digits(row: _Row) -> tuple[int, ...]:
    if not _DIGITS.fullmatch(row["digits"]):
        raise UnusableSound(SkipReason.LABEL)
    return tuple(int(d) for d in row["digits"])


def _display_times(row: _Row) -> tuple[float, ...]:
    try:
        times = tuple(float(t) for t in row["shown"].split(","))
    except ValueError:
        raise UnusableSound(SkipReason.TIMES) from None
    if not np.isfinite(times).all():
        raise UnusableSound(SkipReason.TIMES)
    return times


def _find_tables(folder: Path, name: str, *more_columns: str) -> list[_Table]:
    """Read the tables of this name in `folder` and the folders in it."""
    try:
        below = sorted(p for p in folder.iterdir() if p.is_dir())
    except OSError as error:
        raise _settings_error(f"--data {folder}: {error.strerror}") from None
    columns = ("file", "digits", *more_columns)
    return [_read_table(f / name, columns) for f in (folder, *below) if (f / name).is_file()]


def _read_table(path: Path, columns: tuple[str, ...]) -> _Table:
    """Read a TSV file with a head; cells lose spaces around them, short rows get empty cells."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            missing = [c for c in columns if c not in (reader.fieldnames or ())]
            rows = [
                {name: (cell or "").strip() for name, cell in row.items() if isinstance(name, str)}
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _settings_error(f"{path}: {type(error).__name__}: {error}") from None
    if missing:
        raise _settings_error(f"{path}: no column {', '.join(missing)} in its first line")
    return _Table(path, path.parent.name, rows)


def _settings_error(detail: str) -> SettingsError:
    return SettingsError(Code.SETTINGS_BAD_VALUE, detail)

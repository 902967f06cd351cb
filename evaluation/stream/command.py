"""`kiosk evaluate stream --simulate N`: how often is a stream that is fed found, and a live one blamed?

Everything is simulated (`trials`); the measures (`kiosk/capture/stream_integrity.py`) and the rule
(`kiosk/visit/rules/stream.py`) are the terminal's own. Told are, for each species, how often the settings
refuse it, how often anything was noticed, and what.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from evaluation import options, pictures
from evaluation.intervals import Rate, wilson
from evaluation.output import progress, table, write_json
from evaluation.stream.trials import FINDINGS, SECONDS, SPECIES, Streams, Trial
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.ports import Image
from kiosk.settings import Settings
from kiosk.simulators.portrait import sitter


class Row(Struct, frozen=True):
    """`refused` by the settings, `noticed`: with a finding of any kind; `findings`: how often each."""

    species: str
    refused: Rate
    noticed: Rate
    findings: dict[str, int]


class Report(Struct, frozen=True):
    """All that `--json` holds."""

    simulated: bool
    seed: int
    people: int
    seconds: float
    refuses: list[str]
    rows: list[Row]
    trials: list[Trial]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--simulate", type=int, required=True, metavar="N", help="streams of each species")
    parser.add_argument("--portraits", type=Path, metavar="DIR", help="photos (default: bundled ones)")
    parser.add_argument("--people", type=int, default=20, help="use at most so many photos (default: 20)")
    parser.add_argument("--species", nargs="+", choices=tuple(SPECIES), default=tuple(SPECIES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    parser.add_argument("--settings", type=Path, help="the site's TOML file (default: the defaults alone)")
    parser.add_argument("--seed", type=int, default=1, help="for everything that is drawn (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """0. Raises SettingsError, ModelError, EngineError."""
    settings = options.read_settings(arguments)
    if arguments.simulate < 1:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, "--simulate: at least 1")
    portraits = _portraits(arguments, settings)
    streams = Streams(portraits, settings.path(settings.models.folder), settings.visit)
    asked = [(species, n) for n in range(arguments.simulate) for species in arguments.species]
    trials = [streams.trial(s, n, arguments.seed) for s, n in progress(asked, "streams")]
    refuses = [str(code) for code in settings.visit.stream.refuses]
    people = len({t.person for t in trials})
    report = Report(True, arguments.seed, people, SECONDS, refuses, rows(trials), trials)
    print(told(report))
    if arguments.json:
        write_json(arguments.json, report)
    return 0


def _portraits(arguments: argparse.Namespace, settings: Settings) -> list[Image]:
    """One photo a person, where the folder has a folder for each; only those with a face that is found."""
    models = settings.path(settings.models.folder)
    folder = arguments.portraits or models / "people"
    files = pictures.files(folder, pictures.PHOTOS) if folder.is_dir() else []
    people = list({path.parent if path.parent != folder else path: path for path in files}.values())
    step = max(1, len(people) // max(1, arguments.people))
    photos = [photo for path in people[::step] if (photo := pictures.photo(path)) is not None]
    good = [photo for photo in photos if _has_a_face(photo, models)][: arguments.people]
    if not good:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--portraits {folder}: no photo with a face there")
    return good


def _has_a_face(photo: Image, models: Path) -> bool:
    try:
        sitter(photo, models)
    except ValueError:
        return False
    return True


def rows(trials: Sequence[Trial]) -> list[Row]:
    """One for each species."""
    found = []
    for species in dict.fromkeys(t.species for t in trials):
        some = [t for t in trials if t.species == species]
        counts = {str(code): sum(str(code) in t.findings for t in some) for code in FINDINGS}
        found.append(
            Row(
                species,
                wilson(sum(t.refused for t in some), len(some)),
                wilson(sum(bool(t.findings) for t in some), len(some)),
                {code: count for code, count in counts.items() if count},
            )
        )
    return found


def told(report: Report) -> str:
    """The text."""
    lines = [
        (
            row.species,
            row.refused,
            row.noticed,
            ", ".join(f"{code.removeprefix('stream.')} {n}" for code, n in row.findings.items()) or "–",
        )
        for row in report.rows
    ]
    return "\n".join(
        [
            f"SIMULATED streams of {report.seconds:g} s, {report.people} people, seed {report.seed};"
            f" refuses: {', '.join(report.refuses)}",
            table([("species", "refused", "noticed at all", "findings"), *lines]),
            "of live: false alarms; of all others: detections. Intervals: Wilson, 95 %, as if streams of one"
            " person were independent.",
        ]
    )

"""`kiosk evaluate light --simulate N`: does the light challenge tell faces from what is no face?

Everything is simulated: heads, attacks, the shop's lamps, the screen's light, the camera's automatics
(`kiosk/simulators/light.py`). The measure, the statistic and the rule are the terminal's own. Told are
BPCER of live heads by the shop's light, APCER of each species, and how often the rule said that it could
not tell.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from evaluation import options, pictures
from evaluation.intervals import Rate, wilson
from evaluation.light.trials import ATTACKS, LIVE, SHOP_LX, Booth, Trial
from evaluation.output import progress, table, write_json
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import VerdictAnswer
from kiosk.ports import Image
from kiosk.settings import Settings


class Cell(Struct, frozen=True):
    """`passed`: readings that passed; `untold`: in which the rule could not tell; medians of all readings."""

    species: str
    shop_lx: int
    passed: Rate
    untold: int
    gain: float | None
    fit: float | None


class Report(Struct, frozen=True):
    """All that `--json` holds."""

    simulated: bool
    seed: int
    gain: float
    fit: float
    cells: list[Cell]
    trials: list[Trial]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--simulate", type=int, required=True, metavar="N", help="readings in each cell")
    parser.add_argument("--portraits", type=Path, metavar="DIR", help="photos (default: bundled ones)")
    parser.add_argument("--people", type=int, default=6, help="use at most so many photos (default: 6)")
    parser.add_argument("--species", nargs="+", choices=(LIVE, *ATTACKS), default=(LIVE, *ATTACKS))
    parser.add_argument("--lux", nargs="+", type=int, default=SHOP_LX, help="the shop's light on the face")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    parser.add_argument("--settings", type=Path, help="the site's TOML file (default: the defaults alone)")
    parser.add_argument("--seed", type=int, default=1, help="for everything that is drawn (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """0. Raises SettingsError, ModelError, EngineError."""
    settings = options.read_settings(arguments)
    detector = options.chosen_driver("face_engine", settings.face_engine, settings)
    models = settings.path(settings.models.folder)
    limits = replace(settings.visit, light=replace(settings.visit.light, mode="required"))
    booth = Booth(detector, _portraits(arguments, settings), models, limits)
    asked = [(s, lx, n) for s in arguments.species for lx in arguments.lux for n in range(arguments.simulate)]
    trials = [booth.trial(s, lx, n, arguments.seed) for s, lx, n in progress(asked, "light")]
    report = Report(True, arguments.seed, limits.light.min_gain, limits.light.min_fit, cells(trials), trials)
    print(told(report))
    if arguments.json:
        write_json(arguments.json, report)
    return 0


def _portraits(arguments: argparse.Namespace, settings: Settings) -> list[Image]:
    if arguments.simulate < 1:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, "--simulate: at least 1")
    folder = arguments.portraits or settings.path(settings.models.folder) / "people"
    files = pictures.files(folder, pictures.PHOTOS) if folder.is_dir() else []
    step = max(1, len(files) // max(1, arguments.people))
    photos = [
        photo for path in files[::step][: arguments.people] if (photo := pictures.photo(path)) is not None
    ]
    if not photos:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--portraits {folder}: no photo there")
    return photos


def cells(trials: Sequence[Trial]) -> list[Cell]:
    """One for each species in each light, and for each species in all."""
    found = []
    for species in dict.fromkeys(t.species for t in trials):
        some = [t for t in trials if t.species == species]
        found += [
            _cell(species, lx, [t for t in some if t.shop_lx == lx])
            for lx in dict.fromkeys(t.shop_lx for t in some)
        ]
        found.append(_cell(species, 0, some))
    return found


def _cell(species: str, shop_lx: int, trials: Sequence[Trial]) -> Cell:
    passed = sum(t.verdict.answer is VerdictAnswer.PASS for t in trials)
    untold = sum(t.verdict.code in (Code.LIGHT_UNCLEAR, Code.LIGHT_UNSEEN) for t in trials)
    return Cell(
        species, shop_lx, wilson(passed, len(trials)), untold, _middle(trials, "gain"), _middle(trials, "fit")
    )


def _middle(trials: Sequence[Trial], name: str) -> float | None:
    values = [float(v) for t in trials if isinstance(v := t.verdict.measured.get(name), float)]
    return float(np.median(values)) if values else None


def told(report: Report) -> str:
    """The text."""
    rows = [
        (
            cell.species,
            f"{cell.shop_lx} lx" if cell.shop_lx else "all",
            _errors(cell),
            cell.untold,
            "–" if cell.gain is None else f"{cell.gain:.3f}",
            "–" if cell.fit is None else f"{cell.fit:.2f}",
        )
        for cell in report.cells
    ]
    return "\n".join(
        [
            f"SIMULATED light challenge, seed {report.seed}: "
            f"passes with gain ≥ {report.gain} and fit ≥ {report.fit}",
            table([("species", "shop", "BPCER of live, APCER of attacks", "not told", "gain", "fit"), *rows]),
            "not told: of the readings that did not pass, those in which the rule could not tell.",
            "intervals: Wilson, 95 %, as if readings of one portrait were independent.",
        ]
    )


def _errors(cell: Cell) -> Rate:
    if cell.species != LIVE:
        return cell.passed
    return wilson(cell.passed.trials - cell.passed.errors, cell.passed.trials)

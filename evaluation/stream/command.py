"""`kiosk evaluate stream --simulate N`: how often is an injected stream noticed, and a live one suspected?

Everything is simulated (`evaluation/stream/trials.py`); the measures (`kiosk/capture/stream_integrity.py`)
and the rule (`kiosk/visit/rules/stream.py`) are the terminal's own. The report says, for each species, how
often the settings refuse it, how often anything was noticed, and what.
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from evaluation import options as shared
from evaluation import portraits
from evaluation.output import progress, write_json
from evaluation.stream.report import StreamReport, format_report, rows
from evaluation.stream.trials import SECONDS, SPECIES, StreamTrials
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.ports import Image
from kiosk.settings import Settings
from kiosk.simulators.portrait import detect_face


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate stream`."""
    portraits.add_simulation_options(parser, trials="streams of each species", people=20)
    parser.add_argument("--species", nargs="+", choices=tuple(SPECIES), default=tuple(SPECIES))


def run(options: argparse.Namespace) -> int:
    """Measure, print and return 0. Raises SettingsError, ModelError, EngineError."""
    settings = shared.read_settings(options)
    if options.simulate < 1:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, "--simulate: at least 1")
    folder = portraits.portrait_folder(options, settings)
    photos = list(islice(_portraits(folder, options.people, settings), options.people))
    if not photos:
        raise portraits.no_portraits(folder, "no photo with a face there")
    simulation = StreamTrials(photos, settings.path(settings.models.folder), settings.visit)
    asked = [(species, n) for n in range(options.simulate) for species in options.species]
    trials = [simulation.trial(s, n, options.seed) for s, n in progress(asked, "streams")]
    report = StreamReport(
        simulated=True,
        seed=options.seed,
        people=len({t.person for t in trials}),
        seconds=SECONDS,
        refuses=[str(code) for code in settings.visit.stream.refuses],
        rows=rows(trials),
        trials=trials,
    )
    print(format_report(report))
    if options.json:
        write_json(options.json, report)
    return 0


def _portraits(folder: Path, people: int, settings: Settings) -> Iterator[Image]:
    """Yield one photo a person, where the folder has a folder for each; only those with a face."""
    paths = portraits.find_portraits(folder)
    one_each = list({path.parent if path.parent != folder else path: path for path in paths}.values())
    for photo in portraits.read_portraits(one_each, people):
        try:
            detect_face(photo, settings.path(settings.models.folder))
        except ValueError:
            continue
        yield photo

"""`kiosk evaluate light --simulate N`: does the light challenge tell live faces from attacks?

Everything is simulated: heads, attacks, the shop's lamps, the screen's light, the camera's automatics
(`kiosk/simulators/light.py`). The measure, the statistic and the rule are the terminal's own. The report has
BPCER of live heads by the shop's light, APCER of each species, and how often the rule could not tell.
"""

import argparse
from itertools import islice

from msgspec.structs import replace

from evaluation import options as shared
from evaluation import portraits
from evaluation.light.report import LightReport, cells, format_report
from evaluation.light.trials import ATTACKS, LIVE, SHOP_LX, LightTrials
from evaluation.output import progress, write_json
from kiosk.codes import Code
from kiosk.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate light`."""
    portraits.add_simulation_options(parser, trials="readings in each cell", people=6)
    parser.add_argument("--species", nargs="+", choices=(LIVE, *ATTACKS), default=(LIVE, *ATTACKS))
    parser.add_argument("--lux", nargs="+", type=int, default=SHOP_LX, help="the shop's light on the face")


def run(options: argparse.Namespace) -> int:
    """Measure, print and return 0. Raises SettingsError, ModelError, EngineError."""
    settings = shared.read_settings(options)
    if options.simulate < 1:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, "--simulate: at least 1")
    detector = shared.chosen_driver("face_engine", settings.face_engine, settings)
    folder = portraits.portrait_folder(options, settings)
    paths = portraits.find_portraits(folder)
    photos = list(islice(portraits.read_portraits(paths, options.people), options.people))
    if not photos:
        raise portraits.no_portraits(folder)
    limits = replace(settings.visit, light=replace(settings.visit.light, mode="required"))
    simulation = LightTrials(detector, photos, models=settings.path(settings.models.folder), limits=limits)
    asked = [(s, lx, n) for s in options.species for lx in options.lux for n in range(options.simulate)]
    trials = [simulation.trial(s, lx, n, options.seed) for s, lx, n in progress(asked, "light")]
    report = LightReport(
        simulated=True,
        seed=options.seed,
        gain=limits.light.min_gain,
        fit=limits.light.min_fit,
        cells=cells(trials),
        trials=trials,
    )
    print(format_report(report))
    if options.json:
        write_json(options.json, report)
    return 0

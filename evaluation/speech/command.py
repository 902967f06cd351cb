"""`kiosk evaluate speech`: how well do the recognisers hear labelled digits through the terminal's listener?

Three measurements, each for every installed recogniser on the very same sound: clips alone; challenges built
from one speaker's clips, paced and noisy; and whole recordings of challenges. What is built is simulated, and
the numbers are those of a simulation. See docs/evaluate.md.
"""

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from evaluation import options as shared
from evaluation.output import pyplot, write_json
from evaluation.speech import drivers, negatives
from evaluation.speech.challenge_audio import TrimmedUtterance, trim
from evaluation.speech.datasets import read
from evaluation.speech.measurement import Plan, measure
from evaluation.speech.noise import NOISES
from evaluation.speech.plots import plot
from evaluation.speech.reading_plan import MANNERS
from evaluation.speech.report import format_report
from evaluation.speech.sound_files import UnusableSound, load
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.settings import Settings

LONGEST_HESITATION_S = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate speech`."""
    text = "folder with labels.tsv or challenge.tsv, or a folder of such folders"
    shared.add_shared(parser, text, required=False)
    add = parser.add_argument
    add("--negatives", type=Path, metavar="DIR", help="instead of --data: sounds that answer nothing")
    add("--snr", nargs="+", type=_decibels, default=[25.0, 10.0], metavar="DB", help="default: 25 10")
    add("--noise", type=_noises, default=tuple(NOISES), metavar="KINDS", help=f"of {','.join(NOISES)}")
    add(
        "--challenges",
        type=_count,
        default=20,
        help="per speaker, SNR and noise, or per file (default: 20)",
    )
    add("--manner", choices=MANNERS, default="plain", help="how people read (default: plain)")
    add("--hesitations", type=Path, metavar="DIR", help="recorded 嗯 and 呃 for --manner hums | drawls")
    add("--fusion", action="store_true", help="choose and try the weight of vosk beside embedded")
    add("--codes", type=_count, default=300, help="wrong codes tried on each challenge (default: 300)")


def run(options: argparse.Namespace) -> int:
    """Measure and print; 0: measured, 1: nothing could be measured, or a named driver not.

    Raises SettingsError.
    """
    if (options.data is None) == (options.negatives is None):
        raise SettingsError(Code.SETTINGS_BAD_VALUE, "either --data DIR or --negatives DIR")
    return _measure_data(options) if options.data is not None else _measure_negatives(options)


def _measure_negatives(options: argparse.Namespace) -> int:
    settings = shared.read_settings(options)
    recognisers, missing = drivers.load_all(options.driver or drivers.installed(), settings)
    result = negatives.measure(
        options.negatives,
        recognisers,
        settings,
        challenges=options.challenges,
        codes=options.codes,
        seed=abs(options.seed),
    )
    print(negatives.format_report(result))
    for name, why in sorted(missing.items()):
        print(f"  not measured, {name}: {why}")
    if options.json is not None:
        write_json(options.json, result)
    return 0 if result.kinds and not (options.driver and missing) else 1


def _measure_data(options: argparse.Namespace) -> int:
    settings = shared.read_settings(options)
    plan = Plan(
        seed=abs(options.seed),
        snrs_db=tuple(options.snr),
        noises=tuple(options.noise),
        challenges=options.challenges,
        wrong_codes=options.codes,
        manner=options.manner,
        fusion=options.fusion,
        hesitations=_hesitations(options.hesitations, settings) if options.hesitations else (),
    )
    if options.plots is not None:
        pyplot()  # fails before the work, not after it
    data = read(options.data, settings.speech)
    recognisers, missing = drivers.load_all(options.driver or drivers.installed(), settings)
    result = measure(data, recognisers, missing, settings, plan=plan, name=str(options.data))
    print(format_report(result))
    if options.json is not None:
        write_json(options.json, result)
    if options.plots is not None:
        for path in plot(result, options.plots):
            print(path, file=sys.stderr)
    named_but_missing = bool(options.driver) and bool(missing)
    return 0 if result.drivers and (data.clips or data.recordings) and not named_but_missing else 1


def _hesitations(folder: Path, settings: Settings) -> tuple[TrimmedUtterance, ...]:
    """Raise SettingsError if no file of the folder can be used."""
    found = []
    for path in sorted(folder.rglob("*")):
        with suppress(UnusableSound):
            found.append(trim(load(path, LONGEST_HESITATION_S), settings.speech))
    if not found:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--hesitations {folder}: no sound that can be used")
    return tuple(found)


def _noises(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [n for n in names if n not in NOISES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(NOISES)}")
    return names


def _decibels(text: str) -> float:
    value = float(text)
    if not -40.0 <= value <= 80.0:
        raise argparse.ArgumentTypeError(f"{text}: not between -40 and 80 dB")
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: not between 0 and 1000000")
    return value

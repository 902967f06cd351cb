"""`kiosk evaluate voices`: does the pitch tell that two people read a challenge in turns?

Readings of six digits are put together from single clips: of one speaker, and of two who alternate. What is
counted is the terminal's own evidence, `far_pitches` (`kiosk.visit.rules.reading_faults`).
"""

import argparse
from collections import Counter, defaultdict
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from evaluation import options as shared
from evaluation.intervals import wilson
from evaluation.output import table, write_json
from evaluation.speech.challenge_audio import draw_code, trim
from evaluation.speech.datasets import read
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.speech.pitch import pitch_hz
from kiosk.visit.rules.reading_faults import far_pitches

LENGTH = 6
FEWEST_DIGITS = 8
"""Different digits that a speaker must have, or their readings repeat themselves."""
Pitches = dict[int, list[float]]
"""Pitches in Hz of one speaker's clips, by digit; clips without a pitch are left out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate voices`."""
    text = "folder with labels.tsv, or a folder of such folders"
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help=text)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole result there")
    parser.add_argument("--settings", type=Path, help="the site's TOML file (default: the defaults alone)")
    parser.add_argument("--seed", type=int, default=1, help="for everything that is drawn (default: 1)")
    parser.add_argument("--readings", type=int, default=200, help="of each speaker and pair (default: 200)")


def run(options: argparse.Namespace) -> int:
    """Measure, print the shares and return 0. Raises SettingsError without two speakers."""
    settings = shared.read_settings(options)
    clips = read(shared.data_folder(options), settings.speech).clips
    speakers: dict[str, Pitches] = defaultdict(lambda: defaultdict(list))
    for clip in clips:
        if (hz := pitch_hz(trim(clip.samples, settings.speech).samples)) is not None:
            speakers[clip.speaker][clip.digit].append(hz)
    usable = {name: pitches for name, pitches in sorted(speakers.items()) if len(pitches) >= FEWEST_DIGITS}
    if len(usable) < 2:
        raise SettingsError(
            Code.SETTINGS_BAD_VALUE, f"--data: {len(usable)} speakers of {FEWEST_DIGITS} digits"
        )
    random = np.random.default_rng(options.seed)
    alone = Counter[int]()
    for one in usable.values():
        alone += _readings([one], options.readings, random)
    turns = Counter[int]()
    names = list(usable)
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            turns += _readings([usable[name], usable[other]], options.readings, random)
    print(f"{len(usable)} speakers; {options.readings} simulated readings of each and of each pair")
    rows: list[tuple[str, ...]] = [("far pitches", "one speaker", "two in turns")]
    for least in range(1, 4):
        shares = [wilson(_at_least(found, least), found.total()) for found in (alone, turns)]
        rows.append((f"{least} or more", *map(str, shares)))
    print(table(rows))
    if options.json is not None:
        write_json(options.json, {"one": dict(alone), "two": dict(turns), "speakers": names})
    return 0


def _readings(speakers: list[Pitches], count: int, random: np.random.Generator) -> Counter[int]:
    """Return how often how many pitches of a reading were far; speakers take turns digit by digit."""
    shared_digits = sorted(set.intersection(*(set(one) for one in speakers)))
    found = Counter[int]()
    for _ in range(count):
        digits = draw_code(random, LENGTH, shared_digits)
        voices = islice(cycle(speakers), LENGTH)
        pitches = [random.choice(one[digit]) for one, digit in zip(voices, digits, strict=True)]
        found[far_pitches(pitches) or 0] += 1
    return found


def _at_least(found: Counter[int], least: int) -> int:
    return sum(count for far, count in found.items() if far >= least)

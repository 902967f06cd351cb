"""`kiosk evaluate speech --negatives DIR`: sounds that are nobody's answer, played to challenges.

Every sound file below DIR is played while challenges are shown: short ones (up to 3 s) as the answer to each
digit, longer ones without end, from somewhere within them. Whatever code a challenge asks for, such a sound
says nothing about it, so random codes are held against what was heard, too: passing is being guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation.intervals import Rate, wilson
from evaluation.output import progress, table
from evaluation.speech.drivers import Noted
from evaluation.speech.sound_files import Unusable, load
from evaluation.speech.offline_listener import challenge, converse, longest_s
from evaluation.speech.reading_plan import Reader, Said
from evaluation.speech.challenge_audio import GAPS_S, LENGTH, VOICE_RMS, Scene, Spoken, code
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import SAMPLE_RATE, Answer, DigitHeard, Verdict
from kiosk.ports import Samples
from kiosk.settings import Settings
from kiosk.visit.rules.digits import judge_digits

SHORT_S = 3.0
LONGEST_S = 660.0
REACTION_S = 0.4
ROOM = 10 ** (-65 / 20)
"""RMS of the hiss under everything: no room is quieter."""


class Kind(Struct, frozen=True):
    """The files of one folder below DIR. `passed`: the challenges' own codes; `guessed`: random others."""

    driver: str
    kind: str
    files: int
    passed: Rate
    guessed: Rate
    codes: dict[str, int]  # why not: the reasons told


class Negatives(Struct, frozen=True):
    """The whole, as written with `--json`."""

    data: str
    seed: int
    skipped: dict[str, list[str]]
    kinds: list[Kind]


class _Tally:
    """Counts of one kind."""

    def __init__(self) -> None:
        self.files: set[Path] = set()
        self.passed = self.tried = self.guessed = self.guesses = 0
        self.codes: dict[str, int] = {}

    def add(self, file: Path, own: Verdict, others: Sequence[Verdict]) -> None:
        self.files.add(file)
        self.tried += 1
        self.passed += own.answer is Answer.PASS
        self.guesses += len(others)
        self.guessed += sum(v.answer is Answer.PASS for v in others)
        self.codes[own.code.value] = self.codes.get(own.code.value, 0) + 1

    def kind(self, driver: str, name: str) -> Kind:
        passed, guessed = wilson(self.passed, self.tried), wilson(self.guessed, self.guesses)
        return Kind(driver, name, len(self.files), passed, guessed, dict(sorted(self.codes.items())))


def measure(
    folder: Path, found: Mapping[str, Noted], settings: Settings, challenges: int, codes: int, seed: int
) -> Negatives:
    """`challenges` for each file, `codes` random other codes for each. Raises SettingsError: no folder."""
    if not folder.is_dir():
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--negatives {folder}: not a folder")
    skipped: dict[str, list[str]] = {}
    tallies: dict[tuple[str, str], _Tally] = {}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for number, file in enumerate(progress(files, "negatives", len(files))):
        name = file.relative_to(folder)
        kind = name.parts[0] if len(name.parts) > 1 else "."
        try:
            sound = _levelled(load(file, LONGEST_S))
        except Unusable as why:
            skipped.setdefault(why.reason.value, []).append(str(name))
            continue
        for index in range(challenges):
            random = np.random.default_rng([seed, number, index])
            for driver, recogniser in found.items():
                one, heard = _play(sound, recogniser, settings, np.random.default_rng([seed, number, index]))
                own, *others = _verdicts(one, heard, settings, codes, random)
                tallies.setdefault((driver, kind), _Tally()).add(file, own, others)
    kinds = [tally.kind(driver, kind) for (driver, kind), tally in sorted(tallies.items())]
    return Negatives(str(folder), seed, skipped, kinds)


def _play(
    sound: Samples, recogniser: Noted, settings: Settings, random: np.random.Generator
) -> tuple[Scene, tuple[DigitHeard, ...]]:
    digits = code(random, LENGTH)
    gaps = tuple(float(g) for g in random.uniform(*GAPS_S, LENGTH))
    short = len(sound) <= SHORT_S * SAMPLE_RATE
    said = [Said(Spoken(sound, 0, len(sound)), REACTION_S)] if short else []
    person = Reader("", digits, gaps, (said,) * LENGTH, 1.0)
    length = round(longest_s(person, settings.visit) * SAMPLE_RATE)
    ground = random.standard_normal(length).astype(np.float32) * np.float32(ROOM)
    if not short:
        ground += np.resize(np.roll(sound, -int(random.integers(len(sound)))), length)
    return converse(person, ground, recogniser, settings.speech, settings.visit)


def _verdicts(
    one: Scene, heard: Sequence[DigitHeard], settings: Settings, codes: int, random: np.random.Generator
) -> Iterator[Verdict]:
    asked = chain([one.digits], (code(random, LENGTH) for _ in range(codes)))
    for digits in asked:
        scene = Scene(one.speaker, digits, one.shown, one.samples)
        limits = settings.visit
        yield judge_digits(challenge(scene), one.shown, heard, limits.digits, limits.sound)


def _levelled(sound: Samples) -> Samples:
    """As loud as a customer."""
    rms = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    louder: Samples = np.clip(sound * (VOICE_RMS / max(rms, 1e-9)), -1.0, 1.0).astype(np.float32)
    return louder


def report(result: Negatives) -> str:
    """A table of the kinds, and all of them together."""
    head = ("driver", "kind", "files", "challenges passed", "random codes passed", "told")
    rows: list[Sequence[object]] = [head]
    for one in [*result.kinds, *_all(result.kinds)]:
        told = sorted(one.codes.items(), key=lambda item: -item[1])[:4]
        why = " ".join(f"{name.removeprefix('speech.')}:{count}" for name, count in told)
        rows.append((one.driver, one.kind, one.files, one.passed, one.guessed, why))
    lines = [f"{result.data}: sounds that answer nothing (Wilson, 95 %), seed {result.seed}"]
    lines += [f"  skipped, {reason}: {len(names)}" for reason, names in sorted(result.skipped.items())]
    return "\n".join([*lines, table(rows)])


def _all(kinds: Sequence[Kind]) -> Iterator[Kind]:
    for driver in dict.fromkeys(k.driver for k in kinds):
        those = [k for k in kinds if k.driver == driver]
        passed = wilson(sum(k.passed.errors for k in those), sum(k.passed.trials for k in those))
        guessed = wilson(sum(k.guessed.errors for k in those), sum(k.guessed.trials for k in those))
        codes: dict[str, int] = {}
        for name, count in chain.from_iterable(k.codes.items() for k in those):
            codes[name] = codes.get(name, 0) + count
        yield Kind(driver, "all", sum(k.files for k in those), passed, guessed, codes)

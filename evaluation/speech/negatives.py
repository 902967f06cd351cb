"""`kiosk evaluate speech --negatives DIR`: play sounds that answer nothing to challenges.

Every sound file below DIR is played while challenges are shown: short ones (up to 3 s) as the answer to each
digit, longer ones without end, from a random place within them. Whatever code a challenge asks for, such a
sound says nothing about it, so random codes are tried on what was heard, too: passing is being guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from evaluation.intervals import Rate, wilson
from evaluation.output import progress, table
from evaluation.speech.challenge_audio import (
    GAPS_S,
    LENGTH,
    VOICE_RMS,
    ChallengeAudio,
    TrimmedUtterance,
    draw_code,
)
from evaluation.speech.drivers import RecordingRecogniser
from evaluation.speech.offline_listener import challenge_of, longest_reading_s, simulate_reading
from evaluation.speech.reading_plan import PlannedUtterance, ReadingPlan
from evaluation.speech.sound_files import UnusableSound, load
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import SAMPLE_RATE, DigitHeard, Verdict, VerdictAnswer
from kiosk.ports import Samples
from kiosk.settings import Settings
from kiosk.visit.rules.digits import judge_digits

SHORT_S = 3.0
LONGEST_S = 660.0
REACTION_S = 0.4
ROOM_RMS = 10 ** (-65 / 20)
"""RMS of the hiss under everything: no room is quieter."""


class NegativesByKind(Struct, frozen=True, kw_only=True):
    """The files of one folder below DIR. `passed`: the challenges' own codes; `guessed`: random others.

    `codes`: challenges that did not pass, by the rule's reason.
    """

    driver: str
    kind: str
    files: int
    passed: Rate
    guessed: Rate
    codes: dict[str, int]


class NegativesResult(Struct, frozen=True, kw_only=True):
    """All that `--json` holds. `skipped`: files by reason."""

    data: str
    seed: int
    skipped: dict[str, list[str]]
    kinds: list[NegativesByKind]


class _Tally:
    """Counts of one kind."""

    def __init__(self) -> None:
        self.files: set[Path] = set()
        self.passed = self.tried = self.guessed = self.guesses = 0
        self.codes: dict[str, int] = {}

    def add(self, file: Path, own: Verdict, others: Sequence[Verdict]) -> None:
        """Count the verdicts on a challenge's own code and on others."""
        self.files.add(file)
        self.tried += 1
        self.passed += own.answer is VerdictAnswer.PASS
        self.guesses += len(others)
        self.guessed += sum(v.answer is VerdictAnswer.PASS for v in others)
        self.codes[own.code.value] = self.codes.get(own.code.value, 0) + 1

    def result(self, driver: str, kind: str) -> NegativesByKind:
        """Return the rates."""
        return NegativesByKind(
            driver=driver,
            kind=kind,
            files=len(self.files),
            passed=wilson(self.passed, self.tried),
            guessed=wilson(self.guessed, self.guesses),
            codes=dict(sorted(self.codes.items())),
        )


def measure(
    folder: Path,
    recognisers: Mapping[str, RecordingRecogniser],
    settings: Settings,
    *,
    challenges: int,
    codes: int,
    seed: int,
) -> NegativesResult:
    """Play `challenges` of each file to each recogniser, and try `codes` random other codes on each.

    Raises SettingsError if `folder` is none.
    """
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
        except UnusableSound as why:
            skipped.setdefault(why.reason.value, []).append(str(name))
            continue
        for index in range(challenges):
            random = np.random.default_rng([seed, number, index])
            for driver, recogniser in recognisers.items():
                play_random = np.random.default_rng([seed, number, index])
                audio, heard = play_sound(sound, recogniser, settings, play_random)
                own, *others = _verdicts(audio, heard, settings, codes, random)
                tallies.setdefault((driver, kind), _Tally()).add(file, own, others)
    kinds = [tally.result(driver, kind) for (driver, kind), tally in sorted(tallies.items())]
    return NegativesResult(data=str(folder), seed=seed, skipped=skipped, kinds=kinds)


def play_sound(
    sound: Samples, recogniser: RecordingRecogniser, settings: Settings, random: np.random.Generator
) -> tuple[ChallengeAudio, tuple[DigitHeard, ...]]:
    """Play a sound to one challenge: as the answer to each digit, or without end if it is long."""
    digits = draw_code(random, LENGTH)
    gaps = tuple(float(g) for g in random.uniform(*GAPS_S, LENGTH))
    short = len(sound) <= SHORT_S * SAMPLE_RATE
    turn = [PlannedUtterance(TrimmedUtterance(sound, 0, len(sound)), REACTION_S)] if short else []
    plan = ReadingPlan(speaker="", digits=digits, gaps_s=gaps, turns=(turn,) * LENGTH, level=1.0)
    length = round(longest_reading_s(plan, settings.visit) * SAMPLE_RATE)
    background = random.standard_normal(length).astype(np.float32) * np.float32(ROOM_RMS)
    if not short:
        background += np.resize(np.roll(sound, -int(random.integers(len(sound)))), length)
    return simulate_reading(plan, background, recogniser, settings.speech, settings.visit)


def _verdicts(
    audio: ChallengeAudio,
    heard: Sequence[DigitHeard],
    settings: Settings,
    codes: int,
    random: np.random.Generator,
) -> Iterator[Verdict]:
    """Yield the verdict on the challenge's own code, then those on random codes."""
    for digits in chain([audio.digits], (draw_code(random, LENGTH) for _ in range(codes))):
        challenge = challenge_of(replace(audio, digits=digits))
        limits = settings.visit
        yield judge_digits(challenge, audio.shown, heard, limits.digits, limits.sound)


def _levelled(sound: Samples) -> Samples:
    """Bring to the level of a customer's voice."""
    rms = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    levelled: Samples = np.clip(sound * (VOICE_RMS / max(rms, 1e-9)), -1.0, 1.0).astype(np.float32)
    return levelled


def format_report(result: NegativesResult) -> str:
    """Format a table of the kinds, and of all of them together."""
    head = ("driver", "kind", "files", "challenges passed", "random codes passed", "reasons")
    rows: list[Sequence[object]] = [head]
    for one in [*result.kinds, *_totals(result.kinds)]:
        commonest = sorted(one.codes.items(), key=lambda item: -item[1])[:4]
        reasons = " ".join(f"{name.removeprefix('speech.')}:{count}" for name, count in commonest)
        rows.append((one.driver, one.kind, one.files, one.passed, one.guessed, reasons))
    lines = [f"{result.data}: sounds that answer nothing (Wilson, 95 %), seed {result.seed}"]
    lines += [f"  skipped, {reason}: {len(names)}" for reason, names in sorted(result.skipped.items())]
    return "\n".join([*lines, table(rows)])


def _totals(kinds: Sequence[NegativesByKind]) -> Iterator[NegativesByKind]:
    for driver in dict.fromkeys(k.driver for k in kinds):
        those = [k for k in kinds if k.driver == driver]
        codes: dict[str, int] = {}
        for name, count in chain.from_iterable(k.codes.items() for k in those):
            codes[name] = codes.get(name, 0) + count
        yield NegativesByKind(
            driver=driver,
            kind="all",
            files=sum(k.files for k in those),
            passed=wilson(sum(k.passed.errors for k in those), sum(k.passed.trials for k in those)),
            guessed=wilson(sum(k.guessed.errors for k in those), sum(k.guessed.trials for k in those)),
            codes=codes,
        )

"""What `kiosk evaluate speech` found, as it is written with `--json`; counting and pooling of trials."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from msgspec import Struct

from evaluation.intervals import Rate, by_group, wilson
from evaluation.speech.fusion import Fusion
from evaluation.speech.trials import RULES, Trial
from kiosk.model import DigitHeard
from kiosk.visit.rules.digits import OTHER
from kiosk.visit.rules.likelihood_ratio import margin

NOTHING = 10
"""Column of the confusions behind the ten digits: no voice was found, or the engine failed on it."""


class Answer(Struct, frozen=True):
    """One isolated clip: the digit that was said, and the likeliest of the ten, or `NOTHING`."""

    speaker: str
    digit: int
    heard: int
    right: bool  # by the rule: the expected digit beats every other digit
    other: bool  # "no digit" was likelier than any; the rule does not ask for it
    fault: bool  # the engine failed


class Isolated(Struct, frozen=True):
    """`errors` of a rate are clips not understood. `confusions[said][heard]`: 10 × 11 counts."""

    overall: Rate
    speakers: dict[str, Rate]
    confusions: list[list[int]]
    other: int
    faults: int


class RuleRates(Struct, frozen=True):
    """One rule: at most `misses` digits wrong; None: the settings' rule, as the visit applies it.

    FRR of the true code, FAR of random wrong codes. `frr_over_speakers`: bootstrap over whole speakers, where
    there are several; Wilson's intervals take trials of one person for independent. `near`: wrong codes that
    agree with the true one in all places but `misses` (None: but one). A perfect recogniser accepts these by
    the count.
    """

    misses: int | None
    frr: Rate
    far: Rate
    near: int
    frr_over_speakers: tuple[float, float] | None = None


class Pool(Struct, frozen=True):
    """Trials of one kind together; None and "" are "any" or "as recorded"."""

    trials: int
    digits: Rate  # errors: digits of true codes that did not count
    faults: dict[str, int]  # why, by code
    rules: list[RuleRates]
    snr_db: float | None = None
    noise: str = ""
    speaker: str = ""


class Cost(Struct, frozen=True):
    """In a process of its own. `process_mb` is its largest resident size, Python and NumPy included;
    `engine_mb` what loading the engine and the first answers added; None where the system does not tell.
    """

    cpu_ms: float  # median over digits, all threads
    load_s: float
    process_mb: float | None
    engine_mb: float | None


class DriverResult(Struct, frozen=True):
    """One recogniser on all data; parts for which there was no data are None or empty."""

    driver: str
    version: str
    cost: Cost | None
    isolated: Isolated | None
    by_snr: list[Pool]
    by_condition: list[Pool]
    by_speaker: list[Pool]  # speaker × SNR, all noises
    recordings: Pool | None
    recordings_by_speaker: list[Pool]


class Result(Struct, frozen=True):
    """The whole. `missing`: drivers that were not measured, and why."""

    data: str
    seed: int
    settings: str
    digits_needed: int  # what the settings require of a challenge of six …
    llr_needed: (
        float  # … and the likelihood ratio with which one less will do (kiosk.visit.rules.likelihood_ratio)
    )
    rows: int
    clips: int
    recordings: int
    skipped: dict[str, list[str]]
    too_few_digits: list[str]  # speakers of whom no challenges were built
    wrong_codes_each: int
    drivers: list[DriverResult]
    missing: dict[str, str]
    fusion: Fusion | None = None  # where it was asked for and both recognisers are there


def answer(speaker: str, digit: int, heard: DigitHeard) -> Answer:
    """What one isolated clip shows."""
    scores = heard.scores
    known = heard.fault is None and len(scores) > OTHER
    best = max(range(10), key=scores.__getitem__) if known else NOTHING
    other = known and scores[OTHER] >= max(scores[:OTHER])
    return Answer(speaker, digit, best, margin(scores, digit) > 0.0, other, heard.fault is not None)


def isolated(answers: Sequence[Answer]) -> Isolated:
    """Rates over all clips and for each speaker, and what was taken for what."""
    confusions = [[0] * (NOTHING + 1) for _ in range(10)]
    for a in answers:
        confusions[a.digit][a.heard] += 1
    names = sorted({a.speaker for a in answers})
    return Isolated(
        overall=_not_understood(answers),
        speakers={name: _not_understood([a for a in answers if a.speaker == name]) for name in names},
        confusions=confusions,
        other=sum(a.other for a in answers),
        faults=sum(a.fault for a in answers),
    )


def pool(trials: Sequence[Trial], snr_db: float | None = None, noise: str = "", speaker: str = "") -> Pool:
    """Trials of one kind together."""
    faults: Counter[str] = Counter()
    for trial in trials:
        faults.update(trial.faults)
    shown = sum(t.digits for t in trials)
    return Pool(
        trials=len(trials),
        digits=wilson(shown - sum(t.right for t in trials), shown),
        faults=dict(sorted(faults.items())),
        rules=[_rule(trials, i) for i in range(len(RULES))],
        snr_db=snr_db,
        noise=noise,
        speaker=speaker,
    )


def pools(trials: Sequence[Trial], *fields: str) -> list[Pool]:
    """One pool for each combination of the named fields, in the order in which they first come."""
    groups: dict[tuple[object, ...], list[Trial]] = {}
    for trial in trials:
        groups.setdefault(tuple(getattr(trial, f) for f in fields), []).append(trial)
    return [pool(group, **dict(zip(fields, key, strict=True))) for key, group in groups.items()]  # type: ignore[arg-type]


def _rule(trials: Sequence[Trial], index: int) -> RuleRates:
    people: dict[Hashable, list[bool]] = {}
    for trial in trials:
        people.setdefault(trial.speaker, []).append(not trial.passed[index])
    return RuleRates(
        misses=RULES[index],
        frr=wilson(sum(not t.passed[index] for t in trials), len(trials)),
        far=wilson(sum(t.accepted[index] for t in trials), sum(t.tried for t in trials)),
        near=sum(t.near[index] for t in trials),
        frr_over_speakers=by_group(people, _share) if len(people) > 1 else None,
    )


def _share(refused: Sequence[object]) -> float:
    return sum(map(bool, refused)) / len(refused)


def _not_understood(answers: Iterable[Answer]) -> Rate:
    answers = list(answers)
    return wilson(sum(not a.right for a in answers), len(answers))

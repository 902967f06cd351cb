"""Results of `kiosk evaluate speech`, as written with `--json`; counting and pooling of trials."""

from collections import Counter
from collections.abc import Hashable, Sequence

from msgspec import Struct

from evaluation.intervals import Rate, by_group, share, wilson
from evaluation.speech.fusion import Fusion
from evaluation.speech.trials import RULES, ChallengeTrial
from kiosk.model import DigitHeard
from kiosk.visit.rules.digits import OTHER
from kiosk.visit.rules.likelihood_ratio import margin

NO_ANSWER = 10
"""Column of the confusions after the ten digits: no voice was found, or the engine failed on it."""


class IsolatedAnswer(Struct, frozen=True, kw_only=True):
    """One isolated clip: the digit that was said, and the likeliest of the ten, or `NO_ANSWER`.

    `right` by the rule: the expected digit beats every other digit. `other`: "no digit" was likelier than
    any, which the rule does not ask for. `fault`: the engine failed.
    """

    speaker: str
    digit: int
    heard: int
    right: bool
    other: bool
    fault: bool


class IsolatedResult(Struct, frozen=True, kw_only=True):
    """`errors` of a rate are clips not understood. `confusions[said][heard]`: 10 × 11 counts."""

    overall: Rate
    speakers: dict[str, Rate]
    confusions: list[list[int]]
    other: int
    faults: int


class RuleRates(Struct, frozen=True, kw_only=True):
    """Rates of one rule: at most `misses` digits wrong; None: the settings' rule, as the visit applies it.

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


class PooledTrials(Struct, frozen=True, kw_only=True):
    """Trials of one kind together; None and "" are "any" or "as recorded".

    `digits`: errors are digits of true codes that did not count, `faults` their reasons by code.
    """

    trials: int
    digits: Rate
    faults: dict[str, int]
    rules: list[RuleRates]
    snr_db: float | None = None
    noise: str = ""
    speaker: str = ""


class Cost(Struct, frozen=True, kw_only=True):
    """Cost of a recogniser, measured in a process of its own.

    `process_mb`: largest resident size, Python and NumPy included; `engine_mb`: what loading
    the engine and the first answers added; None where the system does not say.
    """

    cpu_ms: float  # median over digits, all threads
    load_s: float
    process_mb: float | None
    engine_mb: float | None


class SpeechDriverResult(Struct, frozen=True, kw_only=True):
    """One recogniser on all data; parts for which there was no data are None or empty."""

    driver: str
    version: str
    cost: Cost | None
    isolated: IsolatedResult | None
    by_snr: list[PooledTrials]
    by_condition: list[PooledTrials]
    by_speaker: list[PooledTrials]  # speaker × SNR, all noises
    recordings: PooledTrials | None
    recordings_by_speaker: list[PooledTrials]


class SpeechResult(Struct, frozen=True, kw_only=True):
    """All that `--json` holds. `missing`: drivers that were not measured, and why.

    `digits_needed`: what the settings require of a challenge of six; `llr_needed`: the likelihood ratio with
    which one less will do (`kiosk.visit.rules.likelihood_ratio`). `too_few_digits`: speakers for whom no
    challenges were simulated. `fusion`: where it was asked for and both recognisers are there.
    """

    data: str
    seed: int
    settings: str
    digits_needed: int
    llr_needed: float
    rows: int
    clips: int
    recordings: int
    skipped: dict[str, list[str]]
    too_few_digits: list[str]
    wrong_codes_each: int
    drivers: list[SpeechDriverResult]
    missing: dict[str, str]
    fusion: Fusion | None = None


def isolated_answer(speaker: str, digit: int, heard: DigitHeard) -> IsolatedAnswer:
    """Return what was heard of one isolated clip."""
    scores = heard.scores
    known = heard.fault is None and len(scores) > OTHER
    best = max(range(10), key=scores.__getitem__) if known else NO_ANSWER
    other = known and scores[OTHER] >= max(scores[:OTHER])
    return IsolatedAnswer(
        speaker=speaker,
        digit=digit,
        heard=best,
        right=margin(scores, digit) > 0.0,
        other=other,
        fault=heard.fault is not None,
    )


def isolated_rates(answers: Sequence[IsolatedAnswer]) -> IsolatedResult:
    """Return rates over all clips and for each speaker, and the confusions."""
    confusions = [[0] * (NO_ANSWER + 1) for _ in range(10)]
    for a in answers:
        confusions[a.digit][a.heard] += 1
    names = sorted({a.speaker for a in answers})
    return IsolatedResult(
        overall=_not_understood(answers),
        speakers={name: _not_understood([a for a in answers if a.speaker == name]) for name in names},
        confusions=confusions,
        other=sum(a.other for a in answers),
        faults=sum(a.fault for a in answers),
    )


def pool(
    trials: Sequence[ChallengeTrial], snr_db: float | None = None, noise: str = "", speaker: str = ""
) -> PooledTrials:
    """Count trials of one kind together."""
    faults: Counter[str] = Counter()
    for trial in trials:
        faults.update(trial.faults)
    shown = sum(t.digits for t in trials)
    return PooledTrials(
        trials=len(trials),
        digits=wilson(shown - sum(t.right for t in trials), shown),
        faults=dict(sorted(faults.items())),
        rules=[_rule_rates(trials, i) for i in range(len(RULES))],
        snr_db=snr_db,
        noise=noise,
        speaker=speaker,
    )


def pools(trials: Sequence[ChallengeTrial], *fields: str) -> list[PooledTrials]:
    """Return one pool for each combination of the named fields, in the order in which they first come."""
    groups: dict[tuple[object, ...], list[ChallengeTrial]] = {}
    for trial in trials:
        groups.setdefault(tuple(getattr(trial, f) for f in fields), []).append(trial)
    return [pool(group, **dict(zip(fields, key, strict=True))) for key, group in groups.items()]  # type: ignore[arg-type]


def _rule_rates(trials: Sequence[ChallengeTrial], index: int) -> RuleRates:
    refused: dict[Hashable, list[bool]] = {}
    for trial in trials:
        refused.setdefault(trial.speaker, []).append(not trial.passed[index])
    return RuleRates(
        misses=RULES[index],
        frr=wilson(sum(not t.passed[index] for t in trials), len(trials)),
        far=wilson(sum(t.accepted[index] for t in trials), sum(t.tried for t in trials)),
        near=sum(t.near[index] for t in trials),
        frr_over_speakers=by_group(refused, share) if len(refused) > 1 else None,
    )


def _not_understood(answers: Sequence[IsolatedAnswer]) -> Rate:
    return wilson(sum(not a.right for a in answers), len(answers))

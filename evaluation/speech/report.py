"""Format the result as text: short tables, every rate with its counts and interval."""

from collections.abc import Iterator, Sequence

from evaluation.intervals import Rate
from evaluation.output import table
from evaluation.speech.challenge_audio import LENGTH
from evaluation.speech.fusion import format_fusion
from evaluation.speech.results import (
    NO_ANSWER,
    IsolatedResult,
    PooledTrials,
    SpeechDriverResult,
    SpeechResult,
)

MOST_CONFUSIONS = 12

_Row = Sequence[object]


def format_report(result: SpeechResult) -> str:
    """Format what a reader of the console wants to know; the rest is in the JSON."""
    return "\n\n".join(part for part in _parts(result) if part)


def _parts(result: SpeechResult) -> Iterator[str]:
    yield summary(result)
    yield cost_table(result)
    if any(d.isolated for d in result.drivers):
        yield isolated_table(result.drivers)
        yield from (format_confusions(d.driver, d.isolated) for d in result.drivers if d.isolated)
    if any(d.by_snr for d in result.drivers):
        yield challenge_table(result)
        by_noise = [_condition_row(d.driver, p, p.noise) for d in result.drivers for p in d.by_condition]
        yield condition_table("noise", by_noise)
        by_speaker = [_condition_row(d.driver, p, p.speaker) for d in result.drivers for p in d.by_speaker]
        yield condition_table("speaker", by_speaker)
    if result.fusion is not None:
        yield format_fusion(result.fusion)
    if any(d.recordings for d in result.drivers):
        yield recordings_table(result.drivers)


def summary(result: SpeechResult) -> str:
    """Format what was read, skipped and not measured."""
    lines = [
        f"{result.data}: {result.rows} rows, {result.clips} digits, {result.recordings} recordings, "
        f"seed {result.seed}"
    ]
    lines += [f"  skipped, {reason}: {len(files)}" for reason, files in sorted(result.skipped.items())]
    lines += [f"  not measured, {name}: {why}" for name, why in sorted(result.missing.items())]
    if result.too_few_digits:
        lines.append(f"  too few different digits for challenges: {', '.join(result.too_few_digits)}")
    return "\n".join(lines)


def cost_table(result: SpeechResult) -> str:
    """Format CPU time and memory of each recogniser."""
    rows: list[_Row] = [("driver", "version", "CPU ms/digit", "load s", "engine MB", "process MB")]
    for d in result.drivers:
        c = d.cost
        numbers = (c.cpu_ms, c.load_s, c.engine_mb, c.process_mb) if c else (None,) * 4
        rows.append((d.driver, d.version, *(_number(n) for n in numbers)))
    return table(rows) if result.drivers else ""


def isolated_table(drivers: Sequence[SpeechDriverResult]) -> str:
    """Put the accuracies beside each other; intervals are of the accuracy."""
    those = [(d.driver, d.isolated) for d in drivers if d.isolated]
    speakers = list(those[0][1].speakers)
    rows: list[_Row] = [("speaker", *(name for name, _ in those))]
    rows += [(s, *(_accuracy(i.speakers[s]) for _, i in those)) for s in speakers]
    rows.append(("all", *(_accuracy(i.overall) for _, i in those)))
    return "isolated digits understood (Wilson, 95 %)\n" + table(rows)


def format_confusions(name: str, one: IsolatedResult) -> str:
    """Format the most frequent confusions of one recogniser."""
    pairs = [
        (count, said, heard)
        for said, row in enumerate(one.confusions)
        for heard, count in enumerate(row)
        if count and said != heard
    ]
    pairs.sort(key=lambda p: (-p[0], p[1], p[2]))
    texts = [
        f"{said}→{'–' if heard == NO_ANSWER else heard} ×{count}"
        for count, said, heard in pairs[:MOST_CONFUSIONS]
    ]
    more = f" and {len(pairs) - MOST_CONFUSIONS} more" if len(pairs) > MOST_CONFUSIONS else ""
    rather = f"; likelier no digit than any: {one.other}; engine failed: {one.faults}"
    return f"{name}, confusions: {' '.join(texts) or 'none'}{more}{rather}"


def challenge_table(result: SpeechResult) -> str:
    """Format the rates of simulated challenges by SNR and rule."""
    rows: list[_Row] = [
        ("driver", "SNR dB", "rule", "FRR, true code", "FRR over speakers", "FAR, wrong codes", "near")
    ]
    for d in result.drivers:
        for one in d.by_snr:
            for r in one.rules:
                rule = "settings" if r.misses is None else f"≥ {LENGTH - r.misses} right"
                bounds = "{:.2%}–{:.2%}".format(*r.frr_over_speakers) if r.frr_over_speakers else ""
                rows.append((d.driver, _number(one.snr_db), rule, r.frr, bounds, _far(r.far), r.near))
    head = (
        "simulated challenges, all noises (Wilson, 95 %; over speakers: bootstrap)\n"
        "near: so many of the wrong codes are accepted by a perfect recogniser\n"
        f"settings: the visit's rule, at least {result.digits_needed} of {LENGTH}, or one less "
        f"with a log-likelihood ratio of at least {result.llr_needed:.2f}"
    )
    return f"{head}\n{table(rows)}"


def condition_table(what: str, rows: Sequence[_Row]) -> str:
    """Format rows of `_condition_row` under their head."""
    head = ("driver", "SNR dB", what, "challenges", "FRR", "FAR", "digits lost", "why")
    return f"by {what}, rule of the settings\n{table([head, *rows])}"


def _condition_row(driver: str, one: PooledTrials, what: str) -> _Row:
    rule = next(r for r in one.rules if r.misses is None)
    why = " ".join(f"{code.removeprefix('speech.')}:{count}" for code, count in one.faults.items())
    return (
        driver,
        _number(one.snr_db),
        what,
        one.trials,
        rule.frr,
        f"{rule.far.errors}/{rule.far.trials}",
        f"{one.digits.errors}/{one.digits.trials}",
        why,
    )


def recordings_table(drivers: Sequence[SpeechDriverResult]) -> str:
    """Format the rates of recorded challenges by speaker and rule."""
    rows: list[_Row] = [("driver", "speaker", "recordings", "digits wrong at most", "FRR", "FAR", "near")]
    for d in drivers:
        those = [*d.recordings_by_speaker, *([d.recordings] if d.recordings else [])]
        for one in those:
            rows += [
                (d.driver, one.speaker or "all", one.trials, allowed, r.frr, _far(r.far), r.near)
                for r in one.rules
                for allowed in ["settings" if r.misses is None else str(r.misses)]
            ]
    return f"recordings of challenges, as recorded\n{table(rows)}"


def _accuracy(errors: Rate) -> Rate:
    """Return the rate of right answers that goes with a rate of errors."""
    return Rate(
        errors=errors.trials - errors.errors,
        trials=errors.trials,
        low=1 - errors.high,
        high=1 - errors.low,
    )


def _far(rate: Rate) -> str:
    """Format small rates as powers of ten; the lower bound without errors is 0."""
    if rate.value is None:
        return str(rate)
    low = rate.low if rate.errors else 0.0
    return f"{rate.value:.1e} ({rate.errors}/{rate.trials}, {low:.1e}–{rate.high:.1e})"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"

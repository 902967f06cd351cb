"""Write REPORT.md from what was measured (`measure.py`) and noted (`train.py`)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec

from evaluation.intervals import Rate, wilson
from evaluation.speech.report import format_report
from evaluation.speech.results import SpeechResult

HERE = Path(__file__).resolve().parent
TRAININGS = ("first", "second", "third", "digits")
FOLDS = ("fold-a", "fold-b")
UNHEARD = ("tcl606", "chen-wang", "yue-tan", "feng-jie", "feng-qin")
"""People who were never trained on and on whom nothing was chosen."""


def note(work: Path, name: str) -> dict:
    """Return what a training noted."""
    return json.loads((work / f"{name}.json").read_text(encoding="utf-8"))


def training(work: Path, name: str) -> str:
    """Return one line: how long, how many windows, with what settings."""
    noted = note(work, name)
    plan = noted["plan"]
    settings = ", ".join(f"{key} {value}" for key, value in plan.items() if key not in ("steps", "minutes"))
    without = f"; without {', '.join(noted['without'])}" if noted["without"] else ""
    return (
        f"- `{name}`: {noted['steps']} steps, {noted['steps'] * plan['batch']} windows, "
        f"{noted['minutes']:.0f} minutes ({settings}){without}"
    )


def measured(work: Path, name: str) -> SpeechResult:
    """Return one measurement."""
    return msgspec.json.decode((work / f"{name}.json").read_bytes(), type=SpeechResult)


def format_tables(result: SpeechResult) -> str:
    """Return its tables as the command prints them."""
    named = msgspec.structs.replace(result, data=Path(result.data).name)
    return f"```text\n{format_report(named)}\n```"


def summary(
    results: list[SpeechResult], speakers: tuple[str, ...] | None = None, driver: int = 0
) -> list[str]:
    """Return rows: isolated digits right, digits right and false refusals in challenges, by noise level.

    Of the speakers named, or of all.
    """
    ones = [r.drivers[driver] for r in results]
    alone = [
        rate
        for one in ones
        if one.isolated is not None
        for name, rate in one.isolated.speakers.items()
        if speakers is None or name in speakers
    ]
    rows = [f"| digits alone, as recorded | {_right(alone)} |"]
    for snr_db in (25.0, 10.0):
        pools = [
            p
            for one in ones
            for p in one.by_speaker
            if p.snr_db == snr_db and (speakers is None or p.speaker in speakers)
        ]
        rules = [r for p in pools for r in p.rules if r.misses is None]
        rows += [
            f"| digits in challenges, {snr_db:.0f} dB | {_right([p.digits for p in pools])} |",
            f"| right challenges refused, {snr_db:.0f} dB | {_wrong([r.frr for r in rules])} |",
            f"| wrong codes accepted, {snr_db:.0f} dB | {_wrong([r.far for r in rules])}, "
            f"{sum(r.near for r in rules)} of the tried were near |",
        ]
    return rows


def _wrong(rates: list[Rate]) -> str:
    errors, trials = sum(r.errors for r in rates), sum(r.trials for r in rates)
    rate = wilson(errors, trials)
    if errors and errors / trials < 1e-3:
        return f"{errors}/{trials} = {errors / trials:.1e} ({rate.low:.1e}–{rate.high:.1e})"
    return str(rate)


def _right(rates: list[Rate]) -> str:
    errors, trials = sum(r.errors for r in rates), sum(r.trials for r in rates)
    return str(wilson(trials - errors, trials))


def write(work: Path, to: Path) -> None:
    """Write the report."""
    noted = note(work, TRAININGS[-1])
    folds = [measured(work, f"heard-{fold}") for fold in FOLDS]
    people, exact = measured(work, "heard-people"), measured(work, "heard-exact")
    text = TEMPLATE.format(
        trainings="\n".join(training(work, name) for name in TRAININGS),
        folds="\n".join(training(work, part) for name in FOLDS for part in (f"{name}-first", name)),
        torch=noted["torch"],
        clips="\n".join(f"| {source} | {count} |" for source, count in noted["clips"].items()),
        speakers=noted["speakers"],
        left_out="\n".join(summary(folds)),
        left_out_tables="\n\n".join(format_tables(fold) for fold in folds),
        people="\n".join(summary([people], UNHEARD)),
        people_tables=format_tables(people),
        int8="\n".join(summary([exact], driver=0)),
        exact="\n".join(summary([exact], driver=1)),
        customers=format_tables(measured(work, "heard-customers")),
    )
    to.write_text(text, encoding="utf-8")


TEMPLATE = """# Digit model: what was measured

Written by `training/digits/report.py`; not edited by hand. Everything is heard by the terminal's own listener
and judged by its own rule: the tables are those of `kiosk evaluate speech` (docs/evaluate.md tells what each
means). Challenges are simulated from isolated clips, noises are synthetic, intervals are Wilson's, 95 %, and
take trials of one speaker for independent, which they are not.

## Training

{trainings}

Every window is drawn afresh; each training goes on from the one before. The first two had less noise, no
hummed 嗯 and no asides (嗯 and Cantonese digits of the made-up speakers); the third had no asides. Minutes
are of a shared two-core machine; torch {torch}. {speakers} different names of speakers, counting each blend
of voices as one.

| clips | count |
|---|---|
{clips}

`-world` clips are variants of a recording with another pitch, vocal tract and tempo.

## Speakers left out of training

Two networks with a far shorter training, so these are lower bounds of what the method does:

{folds}

On davinfifield, hsk1, and the unmixed voices zf_xiaoni and zm_yunxia, each by the network that never heard it
nor a blend with it:

| | |
|---|---|
{left_out}

Chosen on these: the decision rule, and that a voice is heard at two speeds.

{left_out_tables}

## People never heard: tcl606, chen-wang, yue-tan, feng-jie and feng-qin

Never trained on, and nothing was chosen on them (int8, as shipped):

| | |
|---|---|
{people}

The whole of `kiosk evaluate speech`, in which davinfifield, hsk1 and zm_yunxia are speakers of the training:

{people_tables}

## int8 against float32, the same people, fewer challenges

int8:

| | |
|---|---|
{int8}

float32:

| | |
|---|---|
{exact}

## Two synthetic voices, held out of training

{customers}
"""


def main() -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--to", type=Path, default=HERE / "REPORT.md")
    chosen = parser.parse_args()
    write(chosen.work, chosen.to)


if __name__ == "__main__":
    main()

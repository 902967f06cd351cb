"""Plot the result: confusions of digits, and the rates at each rule, SNR and noise."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluation.intervals import Rate
from evaluation.output import pyplot
from evaluation.speech.challenge_audio import LENGTH
from evaluation.speech.results import IsolatedResult, PooledTrials, SpeechDriverResult, SpeechResult
from kiosk.codes import Code
from kiosk.errors import SettingsError

DPI = 120


def plot(result: SpeechResult, folder: Path) -> list[Path]:
    """Write PNGs and return their paths. Raises SettingsError: no matplotlib, or `folder` not writable."""
    plt, written = pyplot(), list[Path]()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in _figures(plt, result):
            figure.savefig(folder / name, dpi=DPI, bbox_inches="tight")
            plt.close(figure)
            written.append(folder / name)
        return written
    except OSError as error:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"--plots {folder}: {error.strerror}") from None


def _figures(plt: Any, result: SpeechResult) -> Iterator[tuple[str, Any]]:
    for driver in result.drivers:
        if driver.isolated:
            yield f"confusions-{driver.driver}.png", plot_confusions(plt, driver.driver, driver.isolated)
        if driver.by_condition:
            yield f"rules-{driver.driver}.png", plot_rules(plt, driver)


def plot_confusions(plt: Any, name: str, one: IsolatedResult) -> Any:
    """Draw a row for each digit said, a column for each heard (last: none); colour: share of the row."""
    figure, axes = plt.subplots(figsize=(6, 5.2))
    shares = [[count / max(1, sum(row)) for count in row] for row in one.confusions]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for said, row in enumerate(one.confusions):
        for heard, count in enumerate(row):
            if count:
                colour = "white" if shares[said][heard] > 0.5 else "black"
                axes.text(heard, said, count, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(11), [*map(str, range(10)), "–"])
    axes.set_yticks(range(10))
    axes.set(xlabel="heard", ylabel="said", title=f"{name}: isolated digits, {one.overall.trials} clips")
    return figure


def plot_rules(plt: Any, result: SpeechDriverResult) -> Any:
    """Draw FRR above FAR, a column for each noise, points for each SNR, Wilson's intervals as bars."""
    noises = list(dict.fromkeys(p.noise for p in result.by_condition))
    figure, axes = plt.subplots(
        2, len(noises), figsize=(1 + 3 * len(noises), 6), sharex=True, sharey="row", squeeze=False
    )  # fmt: skip
    for column, noise in enumerate(noises):
        for one in (p for p in result.by_condition if p.noise == noise):
            _plot_rates(axes[0][column], one, [r.frr for r in one.rules])
            _plot_rates(axes[1][column], one, [r.far for r in one.rules])
        axes[0][column].set_title(noise)
        axes[1][column].set_xlabel(f"digits right, of {LENGTH}; the rule of the settings")
    axes[0][0].set_ylabel("FRR of the true code")
    axes[1][0].set_ylabel("FAR of wrong codes")
    axes[1][0].set_yscale("symlog", linthresh=1e-4)
    axes[0][0].set_ylim(bottom=0)
    axes[1][0].set_ylim(bottom=0)
    axes[0][-1].legend(loc="upper right", fontsize=8)
    figure.suptitle(f"{result.driver}: simulated challenges")
    return figure


def _plot_rates(axes: Any, one: PooledTrials, rates: list[Rate]) -> None:
    names = ["settings" if r.misses is None else f"{LENGTH - r.misses}" for r in one.rules]
    values = [r.value or 0.0 for r in rates]
    below = [max(0.0, v - r.low) for v, r in zip(values, rates, strict=True)]
    above = [max(0.0, r.high - v) for v, r in zip(values, rates, strict=True)]
    bars = [below, above]
    axes.errorbar(
        range(len(names)), values, yerr=bars, marker="o", linestyle="", capsize=3, label=f"{one.snr_db:g} dB"
    )
    axes.set_xticks(range(len(names)), names)

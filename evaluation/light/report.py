"""Report of `kiosk evaluate light`: error rates by species and by the shop's light."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from evaluation.intervals import Rate, wilson
from evaluation.light.trials import LIVE, LightTrial
from evaluation.output import table
from kiosk.codes import Code
from kiosk.model import VerdictAnswer


class LightCell(Struct, frozen=True, kw_only=True):
    """Readings of one species in one light (0: all). `gain`, `fit`: medians of all readings.

    `passed`: readings that passed; `untold`: readings in which the rule could not tell.
    """

    species: str
    shop_lx: int
    passed: Rate
    untold: int
    gain: float | None
    fit: float | None

    @property
    def errors(self) -> Rate:
        """BPCER of live heads, APCER of attacks."""
        if self.species != LIVE:
            return self.passed
        return wilson(self.passed.trials - self.passed.errors, self.passed.trials)


class LightReport(Struct, frozen=True, kw_only=True):
    """All that `--json` holds. `gain`, `fit`: the settings' thresholds."""

    simulated: bool
    seed: int
    gain: float
    fit: float
    cells: list[LightCell]
    trials: list[LightTrial]


def cells(trials: Sequence[LightTrial]) -> list[LightCell]:
    """Return a cell for each species in each light, and for each species in all."""
    found = []
    for species in dict.fromkeys(t.species for t in trials):
        some = [t for t in trials if t.species == species]
        found += [
            _cell(species, lx, [t for t in some if t.shop_lx == lx])
            for lx in dict.fromkeys(t.shop_lx for t in some)
        ]
        found.append(_cell(species, 0, some))
    return found


def _cell(species: str, shop_lx: int, trials: Sequence[LightTrial]) -> LightCell:
    passed = sum(t.verdict.answer is VerdictAnswer.PASS for t in trials)
    return LightCell(
        species=species,
        shop_lx=shop_lx,
        passed=wilson(passed, len(trials)),
        untold=sum(t.verdict.code in (Code.LIGHT_UNCLEAR, Code.LIGHT_UNSEEN) for t in trials),
        gain=_median(trials, "gain"),
        fit=_median(trials, "fit"),
    )


def _median(trials: Sequence[LightTrial], name: str) -> float | None:
    values = [float(v) for t in trials if isinstance(v := t.verdict.measured.get(name), float)]
    return float(np.median(values)) if values else None


def format_report(report: LightReport) -> str:
    """Format the text."""
    rows = [
        (
            cell.species,
            f"{cell.shop_lx} lx" if cell.shop_lx else "all",
            cell.errors,
            cell.untold,
            "–" if cell.gain is None else f"{cell.gain:.3f}",
            "–" if cell.fit is None else f"{cell.fit:.2f}",
        )
        for cell in report.cells
    ]
    return "\n".join(
        [
            f"SIMULATED light challenge, seed {report.seed}: "
            f"passes with gain ≥ {report.gain} and fit ≥ {report.fit}",
            table([("species", "shop", "BPCER of live, APCER of attacks", "not told", "gain", "fit"), *rows]),
            "not told: of the readings that did not pass, those in which the rule could not tell.",
            "intervals: Wilson, 95 %, as if readings of one portrait were independent.",
        ]
    )

"""Recognise digits with both recognisers: the embedded one leads, a vosk model of the operator is asked too.

Their answers are pooled digit by digit: p(c) ∝ p_embedded(c)^(1−w) · p_vosk(c)^w, a logarithmic opinion pool
(Genest and Zidek, 1986), so the result are posteriors like those of either, and the visit's rule, which
trusts no recogniser, stays as it is.

Where one of them fails on a sound:

- vosk: the embedded recogniser alone answers for this digit, and `name` says so in the evidence. That is
  what a terminal without vosk does for every digit, under the same rule: nothing becomes easier to pass.
- the embedded one: EngineError, so the digit cannot count. vosk alone was never measured well enough to
  decide, and its confidence is no gate (see `vosk`).
"""

import logging
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, field

from kiosk.errors import EngineError
from kiosk.ports import Context, Recogniser, Samples
from kiosk.speech.digits import CLASSES
from kiosk.speech.recognisers.embedded import Embedded, EmbeddedSettings
from kiosk.speech.recognisers.vosk import Vosk, VoskSettings

log = logging.getLogger(__name__)

Weight = Annotated[float, Meta(gt=0, le=0.5)]
"""vosk must never outweigh the recogniser whose error rates were measured."""


class FusedSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`weight`: vosk's part of the pool. `embedded`, `vosk`: the settings of the two drivers."""

    weight: Weight = 0.3
    embedded: EmbeddedSettings = field(default_factory=EmbeddedSettings)
    vosk: VoskSettings = field(default_factory=VoskSettings)


class PooledRecogniser:
    """Logarithmic opinion pool of two recognisers, the first of them leading."""

    def __init__(self, leading: Recogniser, second: Recogniser, weight: float) -> None:
        self._leading, self._second, self._weight = leading, second, weight
        self.version = f"{leading.version} {weight:g} {second.version}"
        self.name = "fused"
        """Source of the last answer: "fused", or the leading recogniser's name where it was alone."""

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """Return pooled log posteriors, see `kiosk.ports.Recogniser`. Raises EngineError."""
        self.name = "fused"
        leading = self._leading.score(samples, onset)
        second = self._ask_second(samples, onset)
        if second is None:
            self.name = self._leading.name
            return leading
        return pooled(leading, second, self._weight)

    def _ask_second(self, samples: Samples, onset: int) -> tuple[float, ...] | None:
        """Return the second's scores; None if it failed or its answer is invalid."""
        try:
            scores = self._second.score(samples, onset)
        except EngineError as error:
            log.warning("%s gave no answer: %s", self._second.name, error)
            return None
        return scores if len(scores) == CLASSES and np.isfinite(scores).all() else None


class Fused(PooledRecogniser):
    """Driver `fused`. The constructor raises ModelError: both must work before a terminal is in service."""

    Settings = FusedSettings

    def __init__(self, settings: FusedSettings, context: Context) -> None:
        embedded, vosk = Embedded(settings.embedded, context), Vosk(settings.vosk, context)
        super().__init__(embedded, vosk, settings.weight)


def pooled(leading: Sequence[float], second: Sequence[float], weight: float) -> tuple[float, ...]:
    """Combine two lists of log posteriors: weighted mean of the logarithms, normalised to add up to one."""
    mean = (1.0 - weight) * np.asarray(leading) + weight * np.asarray(second)
    return tuple(float(s) for s in mean - np.logaddexp.reduce(mean))

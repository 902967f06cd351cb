"""Judges whether the microphone is set so that a person can be heard, for a notice to the clerk.

It never makes a digit count or fail; the rules look at each digit by themselves.
"""

from collections.abc import Sequence
from statistics import median

from kiosk.codes import Code
from kiosk.model import DigitHeard
from kiosk.settings import SoundLimits

NEWEST = 2
"""Digits in a row that are looked at: one may have been shouted, or whispered; and a clerk who turns the gain
sees the notice go after as many."""
DEAF_DBFS = -75.0
"""No shop is quieter in 240–4000 Hz before a microphone that works: they lie at about −60 … −45 dBFS."""


def judge_level(heard: Sequence[DigitHeard], limits: SoundLimits) -> tuple[Code, float] | None:
    """Return OK, MICROPHONE_TOO_QUIET or MICROPHONE_CLIPPED, with the level in dBFS; None: not known yet."""
    newest = heard[-NEWEST:]
    if len(newest) < NEWEST or any(h.audio_lost for h in newest):
        return None
    level = median(_level(h) for h in newest)
    if all(h.began is not None and h.clipped > limits.max_clipped for h in newest):
        return Code.MICROPHONE_CLIPPED, level
    # A voice from far away, or a microphone that picks up not even the noise of the shop.
    if all(_level(h) < (DEAF_DBFS if h.began is None else limits.faint_dbfs) for h in newest):
        return Code.MICROPHONE_TOO_QUIET, level
    return (Code.OK, level) if any(h.began is not None for h in newest) else None


def _level(heard: DigitHeard) -> float:
    """Of the voice; where there was none, of the noise. What is unknown counts as ordinary."""
    if heard.began is not None:
        return heard.level_dbfs
    return heard.floor_dbfs if heard.floor_dbfs is not None else 0.0

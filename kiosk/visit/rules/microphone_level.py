"""Is the microphone set so that a person can be heard at all? Told to the clerk while it happens. Pure.

It never makes a digit count or fail; the rules look at each digit by themselves.
"""

from collections.abc import Sequence
from statistics import median

from kiosk.codes import Code
from kiosk.model import DigitHeard
from kiosk.settings import VisitSettings

NEWEST = 2
"""So many digits in a row: one may have been shouted, or whispered; and a clerk who turns the gain sees the
notice go after as many."""
DEAF_DBFS = -75.0
"""No room is quieter in 240–4000 Hz before a microphone that works: rooms lie about −60 … −45 dBFS."""


def judged(heard: Sequence[DigitHeard], limits: VisitSettings) -> tuple[Code, float] | None:
    """OK, MICROPHONE_TOO_QUIET or MICROPHONE_CLIPPED, with the level in dBFS; None: not known yet."""
    newest = heard[-NEWEST:]
    if len(newest) < NEWEST or any(h.audio_lost for h in newest):
        return None
    level = median(_level(h) for h in newest)
    if all(h.began is not None and h.clipped > limits.max_clipped for h in newest):
        return Code.MICROPHONE_CLIPPED, level
    if all(_faint(h, limits) for h in newest):
        return Code.MICROPHONE_TOO_QUIET, level
    return (Code.OK, level) if any(h.began is not None for h in newest) else None


def _faint(heard: DigitHeard, limits: VisitSettings) -> bool:
    """A voice from far away, or a microphone that hears not even the room."""
    return _level(heard) < (DEAF_DBFS if heard.began is None else limits.faint_dbfs)


def _level(heard: DigitHeard) -> float:
    """Of the voice; where there was none, of the room. Unknown counts as ordinary: nothing is told of it."""
    if heard.began is not None:
        return heard.level_dbfs
    return heard.floor_dbfs if heard.floor_dbfs is not None else 0.0

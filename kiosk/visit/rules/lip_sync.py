"""Measures whether mouth and voice are in step: against chance, which is the same voices shifted in time.

The gaps between a challenge's digits are random, so voices that are shifted as a whole fall on other moments
of the mouth. A mouth that opens with them fits best where they were; one that chews, or belongs to another
sound, fits no better there than elsewhere.
"""

from bisect import bisect_right
from collections.abc import Sequence

Voice = tuple[float, float]
"""Onset and end."""
Opening = tuple[float, float]
"""When, and how far the mouth was open."""

LEAD_S = 0.15
"""Lips lead their sound by 100–200 ms (Chandrasekaran et al., 2009)."""
STEP_S = 0.1
NEAREST_S = 0.4
"""Shifted by less, it would still be the same digit."""
LEAST_FRAMES = 12
LEAST_SHIFTS = 10


def chance(voices: Sequence[Voice], mouth: Sequence[Opening]) -> float | None:
    """Return the share of the shifts at which the mouth fits the voices at least as well as without one.

    None: too little was seen. Shifts are cyclic: what falls off the end comes in at the beginning.
    """
    if len(mouth) < LEAST_FRAMES or len(voices) < 2:
        return None
    begin, span = mouth[0][0], mouth[-1][0] - mouth[0][0]
    shifts = [k * STEP_S for k in range(int(NEAREST_S / STEP_S), int((span - NEAREST_S) / STEP_S) + 1)]
    spoken = _joined(voices)
    own = _contrast(spoken, mouth, 0.0, begin, span)
    shifted = [_contrast(spoken, mouth, shift, begin, span) for shift in shifts]
    known = [one for one in shifted if one is not None]
    if own is None or len(known) < LEAST_SHIFTS:
        return None
    return sum(not one < own for one in known) / len(known)


def _joined(voices: Sequence[Voice]) -> tuple[list[float], list[float]]:
    """Beginnings, with the lips' lead, and ends of what is spoken; overlapping voices are joined.

    A voice whose time is NaN is left out.
    """
    starts: list[float] = []
    ends: list[float] = []
    for start, end in sorted((b - LEAD_S, e) for b, e in voices if b - LEAD_S <= e):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends


def _contrast(
    spoken: tuple[list[float], list[float]],
    mouth: Sequence[Opening],
    shift: float,
    begin: float,
    span: float,
) -> float | None:
    """How much farther open the mouth is while there is a voice than while there is none."""
    starts, ends = spoken
    during: list[float] = []
    between: list[float] = []
    for at, opening in mouth:
        there = begin + (at - shift - begin) % span
        last = bisect_right(starts, there) - 1
        (during if last >= 0 and there <= ends[last] else between).append(opening)
    if not during or not between:
        return None
    return sum(during) / len(during) - sum(between) / len(between)

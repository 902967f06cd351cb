"""Checks the times that came with a clip against each other, before anything is decoded.

The page is the customer's, so what it says proves nothing; central's own clock bounds it. A digit is handed
out when it is due, and the chunk that must hold its reading arrives soon after: who was not filmed meanwhile
has only that long to make a recording. Times that contradict each other cannot be used at all.
"""

from itertools import pairwise

from central.protocol.verification import ClipEvidence, VerdictCode
from verification.settings import ClockLimits


def fault(evidence: ClipEvidence, limits: ClockLimits) -> VerdictCode | None:
    """Return REPLAYED, CLIP_CLOCK or None."""
    digits = evidence.digits
    shown = [digit.shown_ms / 1000 for digit in digits]
    handed = [digit.handed_out_ms / 1000 for digit in digits]
    answered = [digit.answered_ms / 1000 for digit in digits]
    if not all(a < b for times in (shown, handed) for a, b in pairwise(times)):
        return VerdictCode.CLIP_CLOCK
    if not all(out < back for out, back in zip(handed, answered, strict=True)):
        return VerdictCode.REPLAYED
    if not all(back - out <= limits.answer_most_s for out, back in zip(handed, answered, strict=True)):
        return VerdictCode.CLIP_CLOCK
    ways = [at - out for at, out in zip(shown, handed, strict=True)]
    if not max(ways) - min(ways) <= limits.drift_most_s:
        return VerdictCode.CLIP_CLOCK
    stamps = evidence.frame_times_ms
    colours = [colour.at_ms for colour in evidence.colours]
    rising = all(a < b for times in (stamps, colours) for a, b in pairwise(times))
    return None if rising and shown[0] * 1000 >= evidence.started_ms else VerdictCode.CLIP_CLOCK

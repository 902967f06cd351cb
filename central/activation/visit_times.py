"""Judges when a visit was, where the terminal's clock was wrong.

The terminal counts the time since a visit by CLOCK_BOOTTIME. Once central answers it knows by how much the
visit's times are wrong, and says so with the request (`Clock-Off`). The times themselves stay as they are,
because clerks have signed them; so central's facts are moved to the terminal's clock. A false measure gains a
terminal nothing: moved or not, the times must lie between the issue of the challenge and the arrival of the
request, and must be plausible beside those of other visits. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from central.activation.evidence import ChallengeFacts
from central.codes import Code
from central.exceptions import Problem
from central.fleet.clerks import Staff
from central.fleet.readers import ReaderPeriod
from central.settings import Settings

_SECONDS = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,3})?")


def parse_clock_off(header: str | None) -> float:
    """Parse the header `Clock-Off`: central's clock minus the visit's, in seconds. Raises Problem 422."""
    if header is None:
        return 0.0
    if not _SECONDS.fullmatch(header):
        raise Problem(422, Code.REQUEST_MALFORMED, "Clock-Off")
    return float(header)


def impossible(ended_unix: float, issued_unix: float | None, received_unix: float, settings: Settings) -> str:
    """Return why no visit can have ended then; empty if it can.

    `issued_unix`: when its challenge was issued, in whole seconds of central's clock; None: not known.
    """
    if ended_unix > received_unix + settings.evidence.began_slack_s:
        return f"ended {ended_unix - received_unix:.0f} s after it arrived"
    if issued_unix is not None and ended_unix < issued_unix - settings.requests.clock_slack_s:
        return f"ended {issued_unix - ended_unix:.0f} s before its challenge was issued"
    return ""


def challenge_by(challenge: ChallengeFacts | None, off_s: float) -> ChallengeFacts | None:
    """Return the facts by a clock that is `off_s` behind central's."""
    if challenge is None:
        return None
    return replace(
        challenge, issued_unix=challenge.issued_unix - off_s, expires_unix=challenge.expires_unix - off_s
    )


def staff_by(staff: Staff, off_s: float) -> Staff:
    """Return the periods by a clock that is `off_s` behind central's."""
    return {
        clerk: [
            replace(period, from_unix=period.from_unix - off_s, until_unix=_moved(period.until_unix, off_s))
            for period in periods
        ]
        for clerk, periods in staff.items()
    }


def readers_by(readers: Sequence[ReaderPeriod], off_s: float) -> list[ReaderPeriod]:
    """Return the periods by a clock that is `off_s` behind central's."""
    return [
        replace(period, from_unix=period.from_unix - off_s, until_unix=_moved(period.until_unix, off_s))
        for period in readers
    ]


def _moved(at_unix: float | None, off_s: float) -> float | None:
    return None if at_unix is None else at_unix - off_s

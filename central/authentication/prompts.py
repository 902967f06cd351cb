"""Prompts of a recording: digits to be read aloud, and colours that the screen shines on the face.

Nothing is decided before it is due: a digit and a colour are chosen when they are handed out, so neither the
page nor the database holds them earlier. Even numbers are colours alone, odd ones a digit with a colour:

    0: colour · 1: digit, colour · 2: colour · 3: digit, colour · … · 2n: colour, then the recording ends
"""

import json
import secrets
from dataclasses import asdict, dataclass

from central.security.random_digits import next_digit
from central.settings import FaceCheck

COLOURS = ((108, 196, 255), (255, 169, 63), (97, 212, 89), (255, 151, 246))
"""Blue, amber, green, rose as sRGB, those of `kiosk.visit.rules.light`: of one luminance."""
START_S = 0.6
"""The first digit comes up to so much later than the end of the run-up."""
TAIL_S = 1.2
"""The recording goes on for so long after the last prompt: the last digit is still being read."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What is shown from a moment on. `at_ms`: when it was handed out, since the recording began."""

    number: int
    digit: int | None
    rgb: tuple[int, int, int]
    at_ms: float


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """What was handed out, and when the next one is due."""

    handed_out: tuple[Prompt, ...] = ()
    next_ms: float = 0.0

    def to_json(self) -> str:
        """Return it as text for the database."""
        return json.dumps({"handed_out": [asdict(one) for one in self.handed_out], "next_ms": self.next_ms})

    @staticmethod
    def of_json(text: str) -> "Prompts":
        """Return what `to_json` wrote."""
        found = json.loads(text)
        handed_out = (Prompt(**one | {"rgb": tuple(one["rgb"])}) for one in found["handed_out"])
        return Prompts(handed_out=tuple(handed_out), next_ms=found["next_ms"])

    def with_next(self, now_ms: float, rules: FaceCheck) -> "Prompts":
        """Return the prompts with the next one, chosen now. `now_ms`: since the recording began."""
        number = len(self.handed_out)
        last = self.handed_out[-1] if self.handed_out else None
        digits = [one.digit for one in self.handed_out if one.digit is not None]
        prompt = Prompt(
            number=number,
            digit=next_digit(digits[-1] if digits else None) if number % 2 else None,
            rgb=secrets.choice([one for one in COLOURS if last is None or one != last.rgb]),
            at_ms=max(now_ms, last.at_ms + 1 if last else 0.0),
        )
        pause_s = _pause_s(number, rules)
        return Prompts(handed_out=(*self.handed_out, prompt), next_ms=prompt.at_ms + pause_s * 1000)


def count(rules: FaceCheck) -> int:
    """Return how many prompts a recording has."""
    return 2 * rules.digits + 1


def _pause_s(number: int, rules: FaceCheck) -> float:
    """Return the pause after a prompt: uneven, so that a recording cannot fit by chance."""
    chance = secrets.SystemRandom()
    if number == 0:
        return rules.run_up_s + chance.uniform(0, START_S)
    if number == count(rules) - 1:
        return TAIL_S
    return chance.uniform(rules.gap_min_s, rules.gap_max_s) / 2

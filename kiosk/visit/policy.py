"""Holds what decides in a visit besides its events; a visit's log keeps it, to be replayed."""

from collections.abc import Mapping

from msgspec import Struct

from kiosk.model import FaceThresholds, Language
from kiosk.phrases import load
from kiosk.settings import ReviewSettings, Settings, TimeLimits, VisitSettings, face_thresholds

NO_REVIEW = ReviewSettings()
"""Without settings of the review nothing can be overruled."""


class VisitPolicy(Struct, frozen=True, kw_only=True):
    """`thresholds`: of the face engine in use; `review`: what a clerk may overrule."""

    limits: VisitSettings
    thresholds: FaceThresholds
    review: ReviewSettings = NO_REVIEW
    reading_s: Mapping[str, float] = {}
    """How long slow readers need for a consent text: "face", "clerk", "guardian"."""


def visit_policy(settings: Settings) -> VisitPolicy:
    """Return the policy of a terminal with these settings. Raises SettingsError (unknown face engine)."""
    return VisitPolicy(
        limits=settings.visit,
        thresholds=face_thresholds(settings),
        review=settings.review,
        reading_s=reading_times(settings.visit.time),
    )


def reading_times(limits: TimeLimits) -> dict[str, float]:
    """Return how long slow readers need for each consent text, and to decide after it.

    The longest of all languages counts: the language can be changed while the text is read.
    """
    times = {"face": 0.0, "clerk": 0.0, "guardian": 0.0}
    for language in Language:
        phrases = load(language)
        per_minute = limits.latin_per_minute if phrases.script == "Latn" else limits.chinese_per_minute
        texts = {
            "face": phrases.face_notice() + phrases.picture_notice(),
            "clerk": phrases.clerk_notice(),
            "guardian": phrases.guardian_notice(),
        }
        for kind, text in texts.items():
            needed_s = 60.0 * sum(map(len, text)) / per_minute + limits.decide_s
            times[kind] = round(max(times[kind], needed_s), 1)
    return times

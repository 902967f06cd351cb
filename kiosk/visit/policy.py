"""Holds what decides in a visit besides its events; a visit's log keeps it, to be replayed."""

from msgspec import Struct

from kiosk.model import FaceThresholds
from kiosk.settings import ReviewSettings, Settings, VisitSettings, face_thresholds

NO_REVIEW = ReviewSettings()
"""Without settings of the review nothing can be overruled."""


class VisitPolicy(Struct, frozen=True, kw_only=True):
    """`thresholds`: of the face engine in use; `review`: what a clerk may overrule."""

    limits: VisitSettings
    thresholds: FaceThresholds
    review: ReviewSettings = NO_REVIEW


def visit_policy(settings: Settings) -> VisitPolicy:
    """Return the policy of a terminal with these settings. Raises SettingsError (unknown face engine)."""
    return VisitPolicy(limits=settings.visit, thresholds=face_thresholds(settings), review=settings.review)

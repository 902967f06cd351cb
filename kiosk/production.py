"""Checks what production requires whatever a site sets: no check may be off, or set so that everybody passes.

The bounds are no recommendations (those are the defaults) but the limit beyond which a check is useless.
"""

from collections.abc import Iterator, Mapping
from operator import attrgetter

from msgspec.structs import asdict

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.settings import Settings, described, driver_class, face_thresholds
from kiosk.visit.rules.stream import PRODUCTION

OVERRULABLE: Mapping[Code, bool] = {
    Code.FACE_UNCERTAIN: False,
    Code.FACE_NOT_LIVE: True,
    Code.CARD_PORTRAIT_PHOTOGRAPHED: True,
    Code.CARD_UNDER_AGE: False,
    Code.CARD_CHILD: False,
    Code.WAY_ATTEST: False,
    Code.WAY_CLERK: True,
}
"""What a clerk may overrule at all → whether a supervisor must sign too. Central has the same table."""

LEAST: Mapping[str, float] = {
    "visit.card.min_age": 18,
    "visit.card.min_age_guarded": 14,
    "visit.face.min_frames": 3,
    "visit.liveness.min_live": 0.05,
    "visit.lips.min_moved": 2,
    "visit.lips.min_rise": 0.02,
    "visit.pace.factor": 0.5,
    "visit.head.early_s": 0.1,
    "visit.head.turn_deg": 10,
    "visit.head.nod_deg": 8,
}
"""Beside these the face engine's own `minimums` hold for [face_engine.limits]."""
MOST: Mapping[str, float] = {
    # The consent text promises thirty days.
    "retention.receipts_days": 30,
    "retention.visits_days": 30,
    "retention.daybook_days": 30,
    "retention.slips_days": 30,
    "visit.card.tries": 5,
    "visit.portrait.tries": 5,
    "visit.face.tries": 5,
    "visit.face.max_gap_s": 2,
    "visit.digits.tries": 5,
    "visit.digits.early_s": 0.3,
    "visit.digits.late_s": 1.5,
    "visit.stream.max_repeats": 10,
    "visit.head.tries": 5,
    "visit.head.window_s": 6,
    "visit.head.rest_deg": 7,
    "visit.touch.tries": 5,
    "face.max_gap_s": 2,
}


def check(settings: Settings) -> None:
    """Raise SettingsError if a check that production needs is off."""
    if settings.mode != "production":
        return
    for detail in _faults(settings):
        text = f"{settings.file}: production requires {detail}"
        raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, text)


def _faults(settings: Settings) -> Iterator[str]:
    visit, review = settings.visit, settings.review
    if settings.liveness.driver == "none" or not visit.liveness.required:
        yield "[visit.liveness] required and a [liveness] driver"
    if missing := PRODUCTION - set(visit.stream.refuses):
        yield f"[visit.stream] refuses to hold {', '.join(sorted(missing))}"
    if visit.light.mode == "off":
        yield '[visit.light] mode = "required" or "evidence"'
    yield from _beyond_bounds(settings)
    if excess := set(review.may_overrule) - OVERRULABLE.keys():
        yield f"[review] may_overrule without {', '.join(sorted(excess))}"
    signed_twice = {code for code in review.may_overrule if OVERRULABLE.get(code)}
    if unsigned := signed_twice - set(review.second_signature):
        yield f"[review] second_signature to hold {', '.join(sorted(unsigned))}"


def _beyond_bounds(settings: Settings) -> Iterator[str]:
    """So written that a value that is not a number is beyond every bound."""
    thresholds = face_thresholds(settings)
    minimums = driver_class("face_engine", settings.face_engine, settings.file).minimums
    for name, least in asdict(minimums).items():
        if not getattr(thresholds, name) >= least:
            yield f"[face_engine.limits] {name} of {least} or more"
    for key, least in LEAST.items():
        if not attrgetter(key)(settings) >= least:
            yield f"{described(key)} of {least} or more"
    for key, most in MOST.items():
        if not attrgetter(key)(settings) <= most:
            yield f"{described(key)} of {most} or less"

"""What production insists on, whatever a site says: no check may be switched off, or set so that all pass.

The bounds are no recommendations (those are the defaults) but the edge beyond which a check is none any more.
"""

from collections.abc import Iterator, Mapping

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.settings import Settings
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
"""What a clerk may overrule at all → must a supervisor sign too? Central holds the same table."""

LEAST: Mapping[str, float] = {
    "visit.accept": 0.40,
    "visit.review": 0.363,
    "visit.min_frames": 3,
    "visit.min_live": 0.05,
    "visit.min_age": 18,
    "visit.min_age_guarded": 14,
    "visit.lips_right": 2,
    "visit.lips_rise": 0.02,
    "visit.gap_factor": 0.5,
    "visit.head_early_s": 0.1,
    "visit.head_turn_deg": 10,
    "visit.head_nod_deg": 8,
    "face.same_face": 0.25,
}
MOST: Mapping[str, float] = {
    # The consent text promises thirty days.
    "retention.receipts_days": 30,
    "retention.visits_days": 30,
    "retention.daybook_days": 30,
    "retention.slips_days": 30,
    "visit.card_tries": 5,
    "visit.portrait_tries": 5,
    "visit.face_tries": 5,
    "visit.digits_tries": 5,
    "visit.head_tries": 5,
    "visit.touch_tries": 5,
    "visit.early_s": 0.3,
    "visit.late_s": 1.5,
    "visit.max_face_gap_s": 2,
    "visit.max_repeats": 10,
    "visit.head_window_s": 6,
    "visit.head_rest_deg": 7,
    "face.max_gap_s": 2,
}


def check(settings: Settings) -> None:
    """Raises SettingsError where a check that production needs is off."""
    if settings.mode != "production":
        return
    for detail in _faults(settings):
        text = f"{settings.file}: production requires {detail}"
        raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, text)


def _faults(settings: Settings) -> Iterator[str]:
    visit = settings.visit
    if settings.liveness.driver == "none" or not visit.liveness.required:
        yield "[visit] require_liveness and a [liveness] driver"
    if left := PRODUCTION - set(visit.stream_refuses):
        yield f"[visit.stream] refuses to hold {', '.join(sorted(left))}"
    if visit.light == "off":
        yield '[visit.light] mode = "required" or "evidence"'
    yield from _beyond(settings)
    yield from _overruled(settings)


def _beyond(settings: Settings) -> Iterator[str]:
    """So written that a value that is not a number is beyond every bound."""
    for key, least in LEAST.items():
        if not _value(settings, key) >= least:
            yield f"{_named(key)} of {least} or more"
    for key, most in MOST.items():
        if not _value(settings, key) <= most:
            yield f"{_named(key)} of {most} or less"


def _overruled(settings: Settings) -> Iterator[str]:
    review = settings.review
    if left := set(review.may_overrule) - OVERRULABLE.keys():
        yield f"[review] may_overrule without {', '.join(sorted(left))}"
    two = {code for code in review.may_overrule if OVERRULABLE.get(code)}
    if left := two - set(review.second_signature):
        yield f"[review] second_signature to hold {', '.join(sorted(left))}"


def _value(settings: Settings, key: str) -> float:
    section, name = key.split(".")
    value: float = getattr(getattr(settings, section), name)
    return value


def _named(key: str) -> str:
    section, name = key.split(".")
    return f"[{section}] {name}"

"""Checks what production requires whatever a site sets: no check may be off, or set so that everybody passes.

The bounds are no recommendations (those are the defaults) but the limit beyond which a check is useless.
"""

from collections.abc import Iterator, Mapping
from operator import attrgetter

from msgspec.structs import asdict

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.settings import PORTS, Settings, described, driver_class, driver_package, face_thresholds
from kiosk.visit.rules.stream import PRODUCTION

OVERRULABLE: Mapping[Code, bool] = {
    Code.FACE_UNCERTAIN: False,
    Code.FACE_NOT_LIVE: True,
    Code.CARD_PORTRAIT_PHOTOGRAPHED: True,
    Code.CARD_NUMBER_IRREGULAR: True,
    Code.CARD_UNDER_AGE: False,
    Code.CARD_CHILD: True,
    Code.LIGHT_UNCLEAR: True,
    Code.LIGHT_UNSEEN: True,
    Code.LIGHT_DECLINED: True,
    Code.WAY_ATTEST: True,
    Code.WAY_CLERK: True,
}
"""What a clerk may overrule at all → whether a supervisor must sign too. Central has the same table."""

LEAST: Mapping[str, float] = {
    "storage.min_free_mb": 50,
    "visit.card.min_age": 18,
    "visit.card.min_age_guarded": 14,
    "visit.face.min_frames": 3,
    "visit.liveness.min_live": 0.05,
    "visit.lips.min_moved": 2,
    "visit.lips.min_rise": 0.02,
    "visit.light.min_gain": 0.02,
    "visit.light.min_fit": 0.7,
    "visit.light.min_steps": 5,
    # Computed pictures have less, simulated sensors 1.5 (tests/kiosk/capture/test_stream_integrity.py).
    "visit.stream.min_noise": 0.1,
    "visit.stream.min_jitter_ms": 0.001,
    "visit.time.chinese_per_minute": 60,
    "visit.time.latin_per_minute": 250,
    "visit.pace.factor": 0.5,
    "visit.pace.unhurried_factor": 0.5,
    "visit.head.early_s": 0.1,
    "visit.head.turn_deg": 10,
    "visit.head.nod_deg": 8,
    "face.min_width": 0.08,
    "face.min_sharpness": 3,
    "face.min_brightness": 20,
    "face.min_eyes": -0.03,  # closed eyes have less
    "face.min_mouth_detail": 0.15,  # masks have less
    "face.best_frames": 3,  # of fewer the best one decides, not their mean
    "face.card_min_px": 250,
    "face.card_min_sharpness": 50,
    "face.card_frames": 2,
}
"""Beside these the face engine's own `minimums` hold for [face_engine.limits]."""
MOST: Mapping[str, float] = {
    # The consent text promises thirty days.
    "retention.receipts_days": 30,
    "retention.visits_days": 30,
    "retention.measures_days": 3,  # they could tell people apart: for finding a fault, not for keeping
    "retention.daybook_days": 30,
    "retention.slips_days": 30,
    # A screen that waits longer is left by one person and found by the next.
    "visit.consent_s": 300,
    "visit.phone_s": 600,
    "visit.phone_code.limit_s": 600,
    "visit.phone_code.wait_s": 15,
    "visit.review_s": 600,
    "visit.submit_s": 60,
    "visit.outcome_s": 120,
    "visit.card.limit_s": 300,
    "visit.card.tries": 5,
    "visit.portrait.limit_s": 300,
    "visit.portrait.tries": 5,
    "visit.face.limit_s": 120,
    "visit.face.tries": 5,
    "visit.face.decide_frames": 24,  # twice as many as the error rates were measured with (docs/evaluate.md)
    "visit.face.max_gap_s": 2,
    "visit.digits.limit_s": 60,
    "visit.digits.tries": 5,
    "visit.digits.first_s": 5,
    "visit.digits.wait_s": 3,
    "visit.digits.last_s": 5,
    "visit.digits.guess": 2e-4,  # central's own bound
    "visit.digits.slip": 0.1,
    "visit.digits.early_s": 0.3,
    "visit.digits.late_s": 1.5,
    "visit.lips.max_chance": 0.2,
    # With longer ones the times of a digit's mouth reach from one digit to the next, and any mouth fits.
    "visit.lips.before_s": 0.6,
    "visit.lips.after_s": 0.6,
    "visit.pace.factor": 2,
    "visit.pace.unhurried_factor": 3,
    "visit.stream.max_repeats": 10,
    "visit.stream.max_still_s": 10,
    "visit.stream.max_fps": 240,
    "visit.head.limit_s": 60,
    "visit.head.tries": 5,
    "visit.head.window_s": 6,
    "visit.head.rest_deg": 7,
    "visit.touch.limit_s": 120,
    "visit.time.ask_s": 60,
    "visit.time.decide_s": 120,
    "visit.time.chinese_per_minute": 300,
    "visit.time.latin_per_minute": 1100,
    "visit.pace.unhurried_limits_factor": 3,
    "visit.time.most_factor": 6,
    "visit.help.limit_s": 600,
    "visit.help.most": 10,
    "visit.touch.tries": 5,
    "face.max_fps": 60,  # more frames of one moment are no more evidence
    "face.max_width": 0.9,
    "face.max_off_centre": 0.4,
    "face.max_yaw": 45,
    "face.max_pitch": 40,
    "face.max_roll": 30,
    "face.max_brightness": 245,
    "face.max_exposure_step": 0.2,
    "face.max_gap_s": 2,
    "face.card_max_glare": 0.2,
    "face.picture_px": 800,  # more than the register needs to compare
    # A voice's times decide which movement of the mouth belongs to it.
    "speech.max_voice_s": 3,
    "speech.end_silence_s": 0.5,
    "central.contact_s": 600,  # within this time a revoked terminal learns of it
    "gates.waiting": 1000,
    "gates.waiting_h": 168,
    "gates.silent_h": 168,  # challenges last as long
    "gates.software_days": 800,
}


def check(settings: Settings) -> None:
    """Raise SettingsError if a check that production needs is off."""
    if settings.mode != "production":
        return
    for detail in _faults(settings):
        text = f"{settings.file}: production requires {detail}"
        raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, text)


def require_operator(settings: Settings) -> None:
    """Raise SettingsError in production without the operator's name and contact.

    Nobody can agree to data processing without knowing by whom (PIPL, articles 14 and 17): such a consent
    would be void, and with it every activation that rests on it.
    """
    operator = settings.operator
    if settings.mode == "production" and not (operator.name.strip() and operator.contact.strip()):
        detail = "[operator] name and contact: the consent must say who processes the data"
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{settings.file}: production requires {detail}")


def warnings(settings: Settings) -> Iterator[str]:
    """Yield what production accepts though there is something better."""
    if settings.mode == "production" and settings.terminal_key.driver == "file":
        yield '[terminal_key] driver = "file": who reads the disk can copy the key; a TPM ("tpm") keeps it'


def _faults(settings: Settings) -> Iterator[str]:
    visit, review = settings.visit, settings.review
    if settings.liveness.driver == "none" or not visit.liveness.required:
        yield "[visit.liveness] required and a [liveness] driver"
    if missing := PRODUCTION - set(visit.stream.refuses):
        yield f"[visit.stream] refuses to hold {', '.join(sorted(missing))}"
    if visit.light.mode != "required":
        yield '[visit.light] mode = "required"'
    yield from _foreign_drivers(settings)
    yield from _beyond_bounds(settings)
    if excess := set(review.may_overrule) - OVERRULABLE.keys():
        yield f"[review] may_overrule without {', '.join(sorted(excess))}"
    signed_twice = {code for code in review.may_overrule if OVERRULABLE.get(code)}
    if unsigned := signed_twice - set(review.second_signature):
        yield f"[review] second_signature to hold {', '.join(sorted(unsigned))}"


def _foreign_drivers(settings: Settings) -> Iterator[str]:
    for port in PORTS:
        package = driver_package(port, getattr(settings, port), settings.file)
        if package not in settings.driver_packages:
            yield f"driver_packages to hold {package!r}, where the driver of [{port}] comes from"


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

"""Every bound of production by its value: the value itself is taken, the next one beyond it is not.

Typed here once more, not taken from `kiosk.production`: a bound that is deleted or moved there must show.
"""

import pytest

from kiosk import production
from kiosk.errors import SettingsError
from kiosk.face.sface import SFace
from kiosk.settings import load

LEAST = {
    "storage.min_free_mb": (50, 49),
    "visit.card.min_age": (18, 17),
    "visit.card.min_age_guarded": (14, 13),
    "visit.face.min_frames": (3, 2),
    "visit.liveness.min_live": (0.05, 0.0495),
    "visit.lips.min_moved": (2, 1),
    "visit.lips.min_rise": (0.02, 0.0198),
    "visit.light.min_gain": (0.02, 0.0198),
    "visit.light.min_fit": (0.7, 0.693),
    "visit.light.min_steps": (5, 4),
    "visit.stream.min_noise": (0.1, 0.099),
    "visit.stream.min_jitter_ms": (0.001, 0.00099),
    "visit.time.chinese_per_minute": (60.0, 59.4),
    "visit.time.latin_per_minute": (250.0, 247.5),
    "visit.pace.factor": (0.5, 0.495),
    "visit.pace.unhurried_factor": (0.5, 0.495),
    "visit.head.early_s": (0.1, 0.099),
    "visit.head.turn_deg": (10.0, 9.9),
    "visit.head.nod_deg": (8.0, 7.92),
    "face.min_width": (0.08, 0.0792),
    "face.min_sharpness": (3.0, 2.97),
    "face.min_brightness": (20.0, 19.8),
    "face.min_eyes": (-0.03, -0.0303),
    "face.min_mouth_detail": (0.15, 0.1485),
    "face.best_frames": (3, 2),
    "face.card_min_px": (250.0, 247.5),
    "face.card_min_sharpness": (50.0, 49.5),
    "face.card_frames": (2, 1),
}
MOST = {
    "retention.receipts_days": (30.0, 30.3),
    "retention.visits_days": (30.0, 30.3),
    "retention.measures_days": (3.0, 3.03),
    "retention.daybook_days": (30.0, 30.3),
    "retention.slips_days": (30.0, 30.3),
    "visit.consent_s": (300.0, 303.0),
    "visit.phone_s": (600.0, 606.0),
    "visit.review_s": (600.0, 606.0),
    "visit.submit_s": (60.0, 60.6),
    "visit.outcome_s": (120.0, 121.2),
    "visit.card.limit_s": (300.0, 303.0),
    "visit.card.tries": (5, 6),
    "visit.portrait.limit_s": (300.0, 303.0),
    "visit.portrait.tries": (5, 6),
    "visit.face.limit_s": (120.0, 121.2),
    "visit.face.tries": (5, 6),
    "visit.face.decide_frames": (24, 25),
    "visit.face.max_gap_s": (2.0, 2.02),
    "visit.digits.limit_s": (60.0, 60.6),
    "visit.digits.tries": (5, 6),
    "visit.digits.first_s": (5.0, 5.05),
    "visit.digits.wait_s": (3.0, 3.03),
    "visit.digits.last_s": (5.0, 5.05),
    "visit.digits.guess": (0.0002, 0.000202),
    "visit.digits.slip": (0.1, 0.101),
    "visit.digits.early_s": (0.3, 0.303),
    "visit.digits.late_s": (1.5, 1.515),
    "visit.lips.max_chance": (0.2, 0.202),
    "visit.lips.before_s": (0.6, 0.606),
    "visit.lips.after_s": (0.6, 0.606),
    "visit.time.ask_s": (60.0, 60.6),
    "visit.time.decide_s": (120.0, 121.2),
    "visit.time.chinese_per_minute": (300.0, 303.0),
    "visit.time.latin_per_minute": (1100.0, 1111.0),
    "visit.time.most_factor": (6.0, 6.06),
    "visit.help.limit_s": (600.0, 606.0),
    "visit.help.most": (10, 11),
    "visit.phone_code.limit_s": (600.0, 606.0),
    "visit.phone_code.wait_s": (15.0, 15.15),
    "visit.pace.unhurried_limits_factor": (3.0, 3.03),
    "visit.pace.factor": (2.0, 2.02),
    "visit.pace.unhurried_factor": (3.0, 3.03),
    "visit.stream.max_repeats": (10, 11),
    "visit.stream.max_still_s": (10.0, 10.1),
    "visit.stream.max_fps": (240.0, 242.4),
    "visit.head.limit_s": (60.0, 60.6),
    "visit.head.tries": (5, 6),
    "visit.head.window_s": (6.0, 6.06),
    "visit.head.rest_deg": (7.0, 7.07),
    "visit.touch.limit_s": (120.0, 121.2),
    "visit.touch.tries": (5, 6),
    "face.max_fps": (60.0, 60.6),
    "face.max_width": (0.9, 0.909),
    "face.max_off_centre": (0.4, 0.404),
    "face.max_yaw": (45.0, 45.45),
    "face.max_pitch": (40.0, 40.4),
    "face.max_roll": (30.0, 30.3),
    "face.max_brightness": (245.0, 247.45),
    "face.max_exposure_step": (0.2, 0.202),
    "face.max_gap_s": (2.0, 2.02),
    "face.card_max_glare": (0.2, 0.202),
    "face.picture_px": (800, 801),
    "speech.max_voice_s": (3.0, 3.03),
    "speech.end_silence_s": (0.5, 0.505),
    "central.contact_s": (600.0, 606.0),
    "gates.waiting": (1000, 1001),
    "gates.waiting_h": (168.0, 169.68),
    "gates.silent_h": (168.0, 169.68),
    "gates.software_days": (800, 801),
}
ENGINE = {
    "face_engine.limits.accept": (0.40, 0.399),
    "face_engine.limits.review": (0.363, 0.362),  # OpenCV's recommendation for SFace
    "face_engine.limits.same_face": (0.25, 0.249),
}


def with_value(tmp_path, key, value):
    section, _, name = key.rpartition(".")
    file = tmp_path / "settings.toml"
    file.write_text(f"[{section}]\n{name} = {value}\n", encoding="utf-8")
    return load(file)


@pytest.mark.parametrize(("key", "values"), [*LEAST.items(), *MOST.items(), *ENGINE.items()])
def test_a_value_beyond_its_bound_is_refused(tmp_path, key, values):
    bound, beyond = values
    production.check(with_value(tmp_path, key, bound))
    section, _, name = key.rpartition(".")
    with pytest.raises(SettingsError, match=rf"production requires \[{section}\] {name} of "):
        production.check(with_value(tmp_path, key, beyond))


def test_no_bound_is_untested():
    assert LEAST.keys() == production.LEAST.keys()
    assert MOST.keys() == production.MOST.keys()
    assert {key.rpartition(".")[2] for key in ENGINE} == set(SFace.minimums.__struct_fields__)

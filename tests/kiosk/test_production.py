"""In production no value of the settings switches a check off."""

from operator import attrgetter

import pytest

from central.settings import Evidence
from kiosk import production
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.settings import load

TABLE = 'may_overrule = ["{}"]\nsecond_signature = [{}]\n'


def site(tmp_path, text):
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def refused(tmp_path, text):
    with pytest.raises(SettingsError) as error:
        production.check(site(tmp_path, text))
    assert error.value.code is Code.SETTINGS_SIMULATION_ONLY
    return str(error.value)


def test_the_defaults_are_fit_for_production():
    production.check(load())


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("liveness", 'driver = "none"'),
        ("visit.liveness", "required = false"),
        ("visit.liveness", "min_live = 0.000001"),
        ("face_engine.limits", "accept = 0.01"),
        ("face_engine.limits", "review = 0.01"),
        ("visit.face", "min_frames = 1"),
        ("visit.card", "min_age = 0"),
        ("visit.card", "min_age_guarded = 0"),
        ("visit.lips", "min_moved = 0"),
        ("visit.lips", "min_rise = -1.0"),
        ("visit.light", 'mode = "off"'),
        ("visit.stream", "refuses = []"),
        ("visit.stream", 'refuses = ["stream.repeated"]'),
        ("visit.stream", "max_repeats = 1000000"),
        ("visit.digits", "tries = 1000"),
        ("visit.head", "tries = 1000"),
        ("visit.digits", "early_s = 60.0"),
        ("visit.digits", "late_s = 60.0"),
        ("visit.pace", "factor = 0.0"),
        ("visit.face", "max_gap_s = 5.0"),
        ("visit.head", "early_s = 0.0"),
        ("visit.head", "turn_deg = 5.0"),
        ("visit.head", "rest_deg = 20.0"),
        ("face_engine.limits", "same_face = 0.01"),
    ],
)
def test_a_check_that_is_off_is_for_simulation_only(tmp_path, section, line):
    text = f"[{section}]\n{line}\n"
    assert f"[{section}]" in refused(tmp_path, text)
    production.check(site(tmp_path, f'mode = "simulation"\n{text}'))


@pytest.mark.parametrize("key", [*production.LEAST, *production.MOST])
def test_the_bounds_speak_of_settings_that_are_there(key):
    assert isinstance(attrgetter(key)(load()), int | float)


@pytest.mark.parametrize(
    "code",
    [
        "card.expired", "card.number_invalid", "face.mismatch", "face.liveness_unknown",
        "face.left", "speech.wrong_digits", "speech.silence", "lips.still", "head.wrong", "touch.wrong",
        "stream.unknown", "stream.repeated", "visit.needs_clerk",
    ],
)  # fmt: skip
def test_what_no_clerk_may_overrule_is_not_taken_into_the_table(tmp_path, code):
    assert code in refused(tmp_path, "[review]\n" + TABLE.format(code, f'"{code}"'))


@pytest.mark.parametrize("code", ["face.not_live", "card.portrait_photographed", "way.clerk"])
def test_no_second_signature_is_left_out(tmp_path, code):
    assert code in refused(tmp_path, "[review]\n" + TABLE.format(code, ""))


def test_central_has_the_same_table():
    theirs = {code: rule.second for code, rule in Evidence().overruling.items()}
    assert theirs == {code.value: second for code, second in production.OVERRULABLE.items()}


def test_at_least_one_way_is_offered(tmp_path):
    with pytest.raises(SettingsError, match="ways"):
        site(tmp_path, "[visit]\nways = []\n")

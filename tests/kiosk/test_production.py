"""In production no value of the settings switches a check off."""

from operator import attrgetter

import pytest

from central.settings import Evidence
from kiosk import production
from kiosk.bootstrap import check_settings
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
    "line", ["", 'name = "样板店"', 'contact = "020-1"', 'name = " "\ncontact = "020-1"']
)
def test_production_needs_to_know_who_operates_the_terminal(tmp_path, line):
    settings = site(tmp_path, f'[operator]\n{line}\n[central]\nurl = "https://central.example"\n')
    with pytest.raises(SettingsError, match="operator") as error:
        check_settings(settings)
    assert error.value.code is Code.SETTINGS_BAD_VALUE
    production.require_operator(site(tmp_path, f'mode = "simulation"\n[operator]\n{line}\n'))


@pytest.mark.parametrize(("driver", "count"), [("file", 1), ("tpm", 0)])
def test_production_warns_of_a_key_in_a_file_and_starts(tmp_path, driver, count):
    text = f'[terminal_key]\ndriver = "{driver}"\n[central]\nurl = "https://central.example"\n'
    settings = site(tmp_path, text)
    production.check(settings)
    assert len(list(production.warnings(settings))) == count
    assert not list(production.warnings(site(tmp_path, 'mode = "simulation"\n' + text)))


def test_the_warning_is_logged_at_the_start(tmp_path, caplog):
    operator = '[operator]\nname = "样板店"\ncontact = "020-1"\n'
    settings = site(tmp_path, f'{operator}[central]\nurl = "https://central.example"\n')
    check_settings(settings)
    assert [record.getMessage() for record in caplog.records] == list(production.warnings(settings))


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

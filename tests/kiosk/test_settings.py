"""Settings are read once, checked whole, and name file and key when they are wrong."""

import pytest

from kiosk import settings
from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.settings import DriverChoice, driver_class, driver_settings, load

PORTS = [
    "camera",
    "microphone",
    "speaker",
    "card_reader",
    "portrait_decoder",
    "face_engine",
    "face_landmarks",
    "liveness",
    "recogniser",
    "printer",
]


def site(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path):
    with pytest.raises(SettingsError) as caught:
        load(path)
    return caught.value


def test_the_defaults_are_complete_and_for_production():
    read = load()
    assert read.mode == "production"
    assert read.visit.liveness.required
    assert not any(getattr(read, port).driver == "simulated" for port in PORTS)


@pytest.mark.parametrize("port", PORTS)
def test_every_default_driver_exists_and_takes_its_section(port):
    choice = getattr(load(), port)
    driver = driver_class(port, choice)
    driver_settings(port, choice, driver.Settings)


def test_a_sites_file_lies_over_the_defaults(tmp_path):
    read = load(site(tmp_path, "[visit]\nconsent_s = 12\n"))
    assert read.visit.consent_s == 12
    assert read.visit.card_s == load().visit.card_s
    assert read.path("x") == tmp_path / "x"


@pytest.mark.parametrize(
    ("text", "code", "names"),
    [
        ("[visit]\nconsent = 12\n", Code.SETTINGS_UNKNOWN_KEY, "consent"),
        ("[vist]\nconsent_s = 12\n", Code.SETTINGS_UNKNOWN_KEY, "vist"),
        ('file = "/"\n', Code.SETTINGS_UNKNOWN_KEY, "file"),
        ('[visit]\nconsent_s = "long"\n', Code.SETTINGS_BAD_VALUE, "consent_s"),
        ('mode = "demo"\n', Code.SETTINGS_BAD_VALUE, "mode"),
        ("[visit\n", Code.SETTINGS_UNREADABLE, "settings.toml"),
        ("[visit]\nmin_live = nan\n", Code.SETTINGS_BAD_VALUE, "min_live"),
        ("[visit]\nmax_face_gap_s = inf\n", Code.SETTINGS_BAD_VALUE, "max_face_gap_s"),
        ("[visit]\ndigits_guess = 0.5\n", Code.SETTINGS_BAD_VALUE, "digits_guess"),
        ("[visit]\naccept = 0.0\n", Code.SETTINGS_BAD_VALUE, "accept"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, code, names):
    error = refused(site(tmp_path, text))
    assert error.code is code
    assert "settings.toml" in error.detail
    assert names in error.detail


def test_a_file_that_is_not_there(tmp_path):
    assert refused(tmp_path / "none.toml").code is Code.SETTINGS_UNREADABLE


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert refused(path).code is Code.SETTINGS_UNREADABLE


def test_an_unknown_driver_names_those_there_are():
    with pytest.raises(SettingsError) as caught:
        driver_class("camera", DriverChoice("v4l3", {}))
    assert caught.value.code is Code.SETTINGS_UNKNOWN_DRIVER
    assert "cv2" in caught.value.detail


def test_a_drivers_own_keys_are_checked_by_it():
    choice = DriverChoice("cv2", {"no_such_key": 1})
    with pytest.raises(SettingsError) as caught:
        driver_settings("camera", choice, driver_class("camera", choice).Settings)
    assert caught.value.code is Code.SETTINGS_UNKNOWN_KEY
    assert "no_such_key" in caught.value.detail


def test_another_driver_takes_the_whole_section():
    below = {"camera": {"driver": "cv2", "fps": 30}, "visit": {"a": 1, "b": 2}}
    above = {"camera": {"driver": "simulated"}, "visit": {"b": 3}}
    assert settings.merge(below, above) == {"camera": {"driver": "simulated"}, "visit": {"a": 1, "b": 3}}
    same = {"camera": {"driver": "cv2", "rotation": 90}}
    assert settings.merge(below, same)["camera"] == {"driver": "cv2", "fps": 30, "rotation": 90}

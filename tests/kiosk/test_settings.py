"""Settings are read once, checked whole, and name file and key when they are wrong."""

import codecs
import json
from operator import attrgetter

import pytest
from msgspec.structs import replace

from kiosk import production, settings
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
    assert read.visit.phone_s == load().visit.phone_s
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
        ("[visit.liveness]\nmin_live = nan\n", Code.SETTINGS_BAD_VALUE, "min_live"),
        ("[visit.face]\nmax_gap_s = inf\n", Code.SETTINGS_BAD_VALUE, "visit.face.max_gap_s"),
        ("[visit.digits]\nguess = 0.5\n", Code.SETTINGS_BAD_VALUE, "visit.digits.guess"),
        ("[face_engine.limits]\naccept = 0.0\n", Code.SETTINGS_BAD_VALUE, "accept"),
        ("[visit]\naccept = 0.0\n", Code.SETTINGS_BAD_VALUE, "accept"),
        ("[face_engine.limits]\nacept = 0.5\n", Code.SETTINGS_UNKNOWN_KEY, "acept"),
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


TEXT = '[terminal]\nplace = "样板路一号"\n'


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_bytes(codecs.BOM_UTF8 + TEXT.encode())
    assert load(path).terminal.place == "样板路一号"


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (TEXT.encode("gbk"), ("GBK", "line 2")),
        (TEXT.encode("gb18030"), ("GBK", "line 2")),
        (TEXT.encode("utf-16"), ("UTF-16",)),
        (TEXT.encode("utf-16-be"), ("UTF-16",)),
        ('mode = "simulation"\n'.encode("utf-16-le"), ("UTF-16",)),
        (b'[terminal]\nplace = "\xff\xff"\n', ("unknown encoding", "line 2")),
    ],
)
def test_another_encoding_is_named_and_what_to_do(tmp_path, data, names):
    path = tmp_path / "settings.toml"
    path.write_bytes(data)
    error = refused(path)
    assert error.code is Code.SETTINGS_UNREADABLE
    for name in ("settings.toml", "save it as UTF-8", *names):
        assert name in error.detail


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('mode = "demo"\n', ("production", "simulation")),
        ('[screen]\nlanguage = "de"\n', ("zh-Hans", "zh-Hant", "en")),
        ('[central]\nsealing = "none"\n', ("HPKE-X25519-SHA256-AES256GCM", "SM2-SM4GCM")),
        ('[review]\nmay_overrule = ["face.uncertian"]\n', ("face.uncertain",)),  # of 150 codes the closest
        ('[printer]\ndriver = "file"\npath = "x"\nform = "gif"\n', ("png", "pdf")),
    ],
)
def test_a_value_of_a_list_names_the_list(tmp_path, text, values):
    def read(path):
        choice = load(path).printer
        driver = driver_class("printer", choice)
        driver_settings("printer", choice, driver.Settings, str(path))

    path = site(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read(path)
    assert caught.value.code is Code.SETTINGS_BAD_VALUE
    for value in values:
        assert value in caught.value.detail


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


# ── keys of earlier releases ─────────────────────────────────────────────────────────────────────


def value_of(read, key):
    """What the settings hold under a dotted key."""
    if key.startswith("face_engine.limits."):
        return getattr(settings.face_thresholds(read), key.rpartition(".")[2])
    return attrgetter(key)(read)


def another(value):
    """A value of the same kind that the settings accept as well."""
    if isinstance(value, bool):
        return not value
    return {"evidence": "required"}.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize(("old", "new"), settings.RENAMED.items())
def test_an_old_key_is_accepted_with_a_warning_that_names_the_new_one(tmp_path, caplog, old, new):
    section, name = old.split(".")
    value = another(value_of(load(), new))
    read = load(site(tmp_path, f"[{section}]\n{name} = {json.dumps(value)}\n"))
    assert value_of(read, new) == value
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert settings.described(old) in record.getMessage()
    assert settings.described(new) in record.getMessage()
    caplog.clear()


def test_old_and_new_key_together_are_refused(tmp_path):
    text = "[visit]\ndigits_s = 30.0\n[visit.digits]\nlimit_s = 20.0\n"
    error = refused(site(tmp_path, text))
    assert error.code is Code.SETTINGS_BAD_VALUE
    assert "[visit] digits_s" in error.detail
    assert "[visit.digits] limit_s" in error.detail


def test_every_old_key_leads_to_a_setting_that_is_there():
    for new in settings.RENAMED.values():
        assert value_of(load(), new) is not None


# ── thresholds of the face engines ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("driver", ["sface", "face_recognition"])
def test_each_face_engine_decides_at_its_own_thresholds(tmp_path, driver):
    read = load(site(tmp_path, f'[face_engine]\ndriver = "{driver}"\n'))
    engine = driver_class("face_engine", read.face_engine)
    assert settings.face_thresholds(read) == engine.thresholds
    production.check(read)


def test_an_engine_without_thresholds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "driver_class", lambda *_: object)
    with pytest.raises(SettingsError, match="thresholds"):
        settings.face_thresholds(load(site(tmp_path, "")))


def test_a_site_overrides_single_thresholds_of_the_chosen_engine(tmp_path):
    text = '[face_engine]\ndriver = "face_recognition"\nlimits.accept = 0.61\n'
    found = settings.face_thresholds(load(site(tmp_path, text)))
    measured = driver_class("face_engine", DriverChoice("face_recognition", {})).thresholds
    assert found == replace(measured, accept=0.61)

"""The terminal's Debian package: unit, control files, settings and what is left out.

That it installs, runs, upgrades and goes is checked by `make deb-check`, which needs minutes and root.
"""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from kiosk import production, service_manager, settings
from kiosk.errors import SettingsError

ROOT = Path(__file__).parents[1]
PARTS = ROOT / "packaging" / "deb"
UNIT = PARTS / "root/usr/lib/systemd/system/kiosk.service"
SITE = PARTS / "root/etc/kiosk/settings.toml"
BUILD = (PARTS / "build").read_text(encoding="utf-8")
NEEDS_SYSTEMD = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")


def directives(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.M)


@NEEDS_SYSTEMD
def test_systemd_understands_the_unit():
    """Apart from programs that this machine has not, and words that its systemd is too old for."""
    done = subprocess.run(
        ["systemd-analyze", "verify", UNIT], capture_output=True, text=True, timeout=60, check=False
    )
    allowed = re.compile(r"is not executable|'RestartSteps'|'RestartMaxDelaySec'")
    lines = [line for line in done.stderr.splitlines() if "kiosk.service" in line]
    assert [line for line in lines if not allowed.search(line)] == []


@NEEDS_SYSTEMD
def test_the_unit_leaves_the_program_little():
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=30", UNIT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-200:]


def test_the_program_reports_from_below_the_compositor():
    assert directives("Type") == ["notify"]
    assert directives("NotifyAccess") == ["all"]
    assert directives("PAMName") == [], "a session would move the program out of the unit that hears it"
    [start] = directives("ExecStart")
    assert start.startswith("/usr/bin/cage ")
    assert " -s " not in start, "lets a keyboard switch to a console"


def test_the_engine_may_be_stuck_for_less_than_the_watchdogs_time():
    [seconds] = directives("WatchdogSec")
    assert int(seconds) / 2 > service_manager.STUCK_AFTER_S


def test_a_terminal_comes_back_whatever_ended_it():
    assert directives("Restart") == ["always"]
    assert directives("StartLimitIntervalSec") == ["0"]


@pytest.mark.parametrize("device", ["drm", "video4linux", "alsa", "ttyUSB", "ttyACM", "tpm"])
def test_the_unit_lets_the_program_reach_its_devices(device):
    assert f"char-{device} rw" in directives("DeviceAllow")


def test_every_file_below_etc_is_a_conffile():
    files = {
        f"/{path.relative_to(PARTS / 'root')}" for path in (PARTS / "root/etc").rglob("*") if path.is_file()
    }
    assert set((PARTS / "DEBIAN/conffiles").read_text().split()) == files


def test_control_has_the_fields_that_dpkg_wants():
    control = (PARTS / "DEBIAN/control").read_text()
    fields = dict(re.findall(r"^([A-Z][A-Za-z-]*): (.*)$", control, re.M))
    assert {"Package", "Version", "Architecture", "Maintainer", "Depends", "Description"} <= fields.keys()
    assert fields["Package"] == "kiosk"
    assert fields["Architecture"] == "amd64"
    assert set(re.findall(r"@[A-Z_]+@", control)) == set(re.findall(r"s/(@[A-Z_]+@)/", BUILD))


@pytest.mark.parametrize(
    "path", [*sorted((PARTS / "DEBIAN").glob("p*")), PARTS / "build", PARTS / "check"], ids=str
)
def test_scripts_can_be_parsed(path):
    shell = path.read_text().splitlines()[0].rpartition("/")[2].split()[-1]
    subprocess.run([shell, "-n", path], check=True, timeout=20)


def test_the_settings_of_the_package_do_not_serve_before_they_are_filled_in():
    site = settings.load(SITE)
    assert site.mode == "production"
    production.check(site)
    with pytest.raises(SettingsError):
        production.require_operator(site)


def test_data_lie_below_var_and_weights_below_opt():
    site = tomllib.loads(SITE.read_text(encoding="utf-8"))
    assert site["storage"]["folder"] == "/var/lib/kiosk"
    assert site["terminal"]["identity"] == directives("ConditionPathExists")[0] == "/var/lib/kiosk/identity"
    assert site["models"]["folder"] == "/opt/kiosk/models"


def test_neither_development_nor_laboratory_nor_the_other_programs_are_in_it():
    """What enters is the wheel less the other programs, and the main group of uv.lock."""
    assert "--no-dev" in BUILD
    assert "--frozen" in BUILD
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    [removed] = re.findall(r"^  rm -rf (central .*?) kiosk-", BUILD, re.M)
    assert set(wheel["packages"]) - set(removed.split()) == {"kiosk"}
    copied = re.findall(r"^(?:cp|install) .*", BUILD, re.M)
    assert not [line for line in copied if re.search(r"tests|evaluation|demo|benchmarks|training", line)]

"""`python -m kiosk` as the shop's engineer meets it: exit statuses, and what is said about what is wrong."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kiosk.audit.log import audit_log_path
from kiosk.settings import load, merge
from kiosk.simulators.sam_v import SAM_ID, SamVOnPty
from tests.end_to_end.conftest import SiteMaker
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import DEVICES, MODELS, READER_ON_PTY, write
from tests.support.mjpeg_server import MjpegServer

ROWS = (
    "settings",
    "operator",
    "camera",
    "microphone",
    "card reader",
    "loudspeaker",
    "clerk call",
    "printer",
    "face engine",
    "face landmarks",
    "liveness",
    "digits",
    "portrait decoder",
    "disk",
    "clock",
    "identity",
    "terminal key",
    "central",
)


def kiosk(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit status, standard output and error of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=90,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    return done.returncode, done.stdout, done.stderr


PLAIN = {"mode": "simulation", "central": {"url": "https://localhost:1"}} | DEVICES


@pytest.mark.parametrize(
    ("section", "code", "key"),
    [
        ({"visit": {"patience_s": 3}}, "settings.unknown_key", "`patience_s`"),
        ({"camera": {"driver": "simulated", "zoom": 2}}, "settings.unknown_key", "`zoom`"),
        ({"visit": {"submit_s": "long"}}, "settings.bad_value", "submit_s"),
        ({"camera": {"driver": "crystal-ball"}}, "settings.unknown_driver", "crystal-ball"),
        ({"central": {"url": "http://localhost:1"}}, "settings.bad_value", "url"),
        ({"mode": "production"}, "settings.simulation_only", "[camera]"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, section: dict[str, Any], code: str, key: str) -> None:
    """Status 2, one line that names file and key, and nothing was started."""
    file = tmp_path / "settings.toml"
    write(file, merge(PLAIN, section))
    status, said, error = kiosk("run", "--settings", file)
    assert status == 2
    assert said == ""
    assert error.count("\n") == 1, error
    for word in (code, str(file), key):
        assert word in error


def test_no_settings_file(tmp_path: Path) -> None:
    status, _, error = kiosk("run", "--settings", tmp_path / "nowhere.toml")
    assert (status, error.count("\n")) == (2, 1)
    assert "settings.unreadable" in error
    assert "nowhere.toml" in error


def rows(table: str) -> dict[str, str]:
    """Name → "ok" or the code, from the table; every line below its head must be a row."""
    found = {}
    for line in table.splitlines()[1:]:
        name, state, *rest = line[:19].strip(), *line[19:].split()
        found[name] = state if state == "ok" else rest[0].rstrip(":")
    return found


def test_check_says_what_is_well(new_site: SiteMaker) -> None:
    site = new_site()
    site.enrol()
    status, table, error = kiosk("check", "--settings", site.settings)
    assert rows(table) == dict.fromkeys(ROWS, "ok"), table
    assert status == 0, error


def test_check_says_all_that_is_missing(new_site: SiteMaker, tmp_path: Path) -> None:
    """Camera and reader are real ones that work; the rest is not there, or not ours."""
    camera = MjpegServer()
    with SamVOnPty() as reader:
        site = new_site(
            camera={"driver": "cv2", "device": camera.url},
            card_reader={"driver": "sam-v", "port": reader.port},
            microphone={"driver": "sounddevice", "device": "no such microphone"},
            speaker={"driver": "sounddevice", "device": "no such loudspeaker"},
            liveness={"driver": "minifasnet"},
            models={"folder": str(without_liveness(tmp_path))},
            storage={"min_free_mb": 10**9},
        )
        status, table, _ = kiosk("check", "--settings", site.settings)
    camera.kill()
    assert rows(table) == dict.fromkeys(ROWS, "ok") | {
        "microphone": "microphone.missing",
        "loudspeaker": "speaker.missing",
        "liveness": "model.missing",
        "disk": "disk.low",
        "identity": "identity.missing",
        "central": "identity.missing",
    }
    assert status == 1


def test_the_reader_is_pinned_by_enrol_and_another_after_central_has_permitted_it(
    new_site: SiteMaker, central: RunningCentral
) -> None:
    with SamVOnPty() as reader:
        site = new_site(card_reader={"driver": "sam-v", "port": reader.port})
        status, said, error = kiosk(
            "enrol", "--settings", site.settings, "--code", central.enrol_code(site.name)
        )
        assert status == 0, error
        assert f"security module {READER_ON_PTY.sam}, not on USB" in said
        reader.sam_id = SAM_ID[:-1] + b"\x01"
        _, table, _ = kiosk("check", "--settings", site.settings)
        assert rows(table)["card reader"] == "reader.changed"
        pin = ("identity", "reader", "--settings", site.settings)
        status, _, error = kiosk(*pin)
        assert (status, "reader.changed" in error) == (1, True)
        assert READER_ON_PTY.sam in kiosk("identity", "show", "--settings", site.settings)[1]
        central.command("fleet", "reader", site.name)
        status, said, error = kiosk(*pin)
        assert status == 0, error
        assert kiosk("identity", "show", "--settings", site.settings)[1].endswith(said)
    assert '"kind":"reader.pinned"' in audit_log_path(load(site.settings)).read_text("utf-8")


def without_liveness(folder: Path) -> Path:
    for path in MODELS.iterdir():
        if "FASNet" not in path.name:
            (folder / path.name).symlink_to(path)
    return folder

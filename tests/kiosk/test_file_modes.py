"""What the terminal writes is for its own user only, whatever the umask and the owner of the folder."""

import os
import stat
from pathlib import Path

import pytest

from kiosk import events as e
from kiosk import settings
from kiosk.activation.database import Database
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.files import OTHERS_WRITE, make_private
from kiosk.readiness import disk_code
from kiosk.staff.actions import StaffAction
from kiosk.staff.daybook import ActionRow, Daybook
from kiosk.visit.policy import visit_policy
from kiosk.visit_logs import VisitLogs
from tests.kiosk.staff.test_roster import RosterReader
from tests.kiosk.ui.staff_world import World
from tests.support.roster_signer import BOSS, BOSS_PIN

NUMBER = "0000-1111-2222-3333"


@pytest.fixture(autouse=True)
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def write_everything(var: Path) -> None:
    """Let each part of the terminal write its files."""
    assert disk_code(var, 0) is Code.OK
    logs = VisitLogs(var, visit_policy(settings.load()), measures=True)
    logs.record(NUMBER, 0.0, e.Cancelled())
    logs._short.close()
    logs._whole.close()
    assert AuditLog(var / "audit" / "audit.log").append(RecordKind.SERVICE_IN)
    Daybook(var / "staff").write(ActionRow(act=StaffAction.TEST.value, clerk="100200", code=Code.OK))
    RosterReader(var / "staff").sign_in(pin="000000")
    world = World(var / "panel")
    world.roster.sign_in(BOSS, BOSS_PIN)
    world.service.save_report()


def modes(var: Path) -> dict[str, int]:
    return {
        str(path.relative_to(var.parent)): stat.S_IMODE(path.stat().st_mode)
        for path in [var, *var.rglob("*")]
    }


def open_to_others(var: Path) -> dict[str, str]:
    return {name: oct(mode) for name, mode in modes(var).items() if mode & 0o077}


def test_everything_is_written_for_this_user_only(tmp_path):
    var = tmp_path / "new" / "var"
    write_everything(var)
    database = Database(var / "outbox.sqlite3")
    found = modes(tmp_path / "new")
    assert open_to_others(tmp_path / "new") == {}
    expected = (
        "outbox.sqlite3-wal",
        "visits/" + NUMBER,
        "measures/" + NUMBER,
        "audit/audit.log",
        "staff/locks.json",
        "panel/reports/GZ",
    )
    assert all(any(part in name for name in found) for part in expected)
    database.close()


def test_what_was_open_to_others_is_closed_and_logged(tmp_path, caplog):
    var = tmp_path / "var"
    write_everything(var)
    Database(var / "outbox.sqlite3").close()
    for path in [var, *var.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    for name in ("-wal", "-shm"):
        (var / f"outbox.sqlite3{name}").touch(0o666)
    write_everything(var)
    Database(var / "outbox.sqlite3").close()
    assert open_to_others(var) == {"var": "0o755"}, "the models may be for others too"
    assert "audit.log was open to other users (mode 666); it is not any more" in caplog.text
    assert "visits was open to other users (mode 777)" in caplog.text


def test_a_folder_that_is_shared_on_purpose_stays_so(tmp_path):
    tmp_path.chmod(0o1777)
    make_private(tmp_path, OTHERS_WRITE)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o1777


def test_what_is_another_users_is_reported(tmp_path, caplog, monkeypatch):
    def refuse(*_):
        raise PermissionError

    tmp_path.chmod(0o777)
    monkeypatch.setattr(Path, "chmod", refuse)
    make_private(tmp_path)
    assert "is open to other users (mode 777), and not ours to close" in caplog.text

"""The log keeps what it was given, in order, through power cuts, full disks and several processes."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.audit.facts import sealing_facts
from kiosk.audit.log import AuditLog, LogHead
from kiosk.audit.record import RecordKind, decode
from kiosk.audit.verify import verify
from kiosk.codes import Code
from kiosk.errors import AuditError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "audit.log"


def filled(path: Path, count: int = 5) -> AuditLog:
    log = AuditLog(path, clock_unix=lambda: 1.5)
    for n in range(count):
        assert log.append(RecordKind.VISIT_BEGAN, visit=f"AAAA-000{n}", facts={"n": n})
    return log


def report(path: Path, *anchors: LogHead):
    with path.open("rb") as file:
        return verify(file, anchors)


def test_what_is_appended_can_be_read_and_verified(path):
    log = filled(path)
    found = report(path, log.head)
    assert (found.records, found.fault, found.head) == (5, "", log.head)
    first = decode(path.read_bytes().splitlines()[0]).record
    assert (first.seq, first.kind, first.visit, first.facts) == (
        1,
        RecordKind.VISIT_BEGAN,
        "AAAA-0000",
        {"n": 0},
    )


def test_the_file_is_ours_alone(path):
    filled(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_it_goes_on_after_a_restart(path):
    filled(path)
    filled(path)
    assert report(path).records == 10


def test_every_torn_last_line_is_cut_off_and_recorded(path):
    """A power cut may leave any part of the last line, and a file system may leave zeros."""
    filled(path, 3)
    whole = path.read_bytes()
    before = whole[: whole[:-1].rindex(b"\n") + 1]
    last = whole[len(before) :]
    for torn in [last[:cut] for cut in range(1, len(last))] + [b"\0" * 100]:
        path.write_bytes(before + torn)
        assert AuditLog(path).append(RecordKind.SERVICE_IN)
        found = report(path)
        assert (found.fault, found.records) == ("", 4), torn
        mended = decode(path.read_bytes().splitlines()[2]).record
        assert (mended.kind, mended.facts["bytes"]) == (RecordKind.AUDIT_RECOVERED, len(torn))


def test_two_processes_write_one_chain(path):
    """`kiosk enrol` may write while the terminal runs."""
    code = (
        "import sys; from pathlib import Path; from kiosk.audit.log import AuditLog\n"
        "from kiosk.audit.record import RecordKind\n"
        "log = AuditLog(Path(sys.argv[1]))\n"
        "assert all(log.append(RecordKind.SERVICE_IN) for _ in range(50))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    found = report(path)
    assert (found.fault, found.records) == ("", 150)


def test_a_full_disk_loses_no_record_and_is_reported(path, monkeypatch):
    log = filled(path, 2)
    real = os.write

    def full(file: int, data: bytes) -> int:
        real(file, data[:10])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    assert not log.append(RecordKind.SERVICE_OUT, Code.DISK_LOW)
    assert log.fault is Code.AUDIT_UNWRITABLE
    assert not log.append(RecordKind.SERVICE_IN)
    monkeypatch.setattr(os, "write", real)
    assert log.flush()
    assert log.fault is Code.OK
    kinds = [decode(line).record.kind for line in path.read_bytes().splitlines()]
    assert kinds[2:] == [RecordKind.SERVICE_OUT, RecordKind.SERVICE_IN]
    assert report(path).good


def test_a_damaged_log_is_not_written_on(path):
    log = filled(path, 3)
    raw = path.read_bytes()
    path.write_bytes(raw[:-20] + b"X" + raw[-19:])
    fresh = AuditLog(path)
    assert not fresh.append(RecordKind.SERVICE_IN)
    assert fresh.fault is Code.AUDIT_DAMAGED
    with pytest.raises(AuditError):
        _ = AuditLog(path).head
    assert log.head.seq == 3


# ── nothing personal ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "facts",
    [
        {"x": "张三"},
        {"x": "990001199001010013"},
        {"x": "13900000000"},
        {"x": "20486173"},
        {"x": 13900000000},
        {"x": 990001199001010013},
        {"x": 1.39e10},
        {"x": float("nan")},
        {"13900000000": 1},
        {"x": "a" * 81},
        {"x": "line\nbreak"},
        {str(n): n for n in range(41)},
    ],
    ids=str,
)
def test_what_could_be_personal_is_refused_and_not_quoted(path, facts):
    with pytest.raises(ValueError, match="audit: ") as raised:
        AuditLog(path).append(RecordKind.CLERK_ACTED, facts=facts)
    assert "139000" not in str(raised.value) or "13900000000" in facts
    assert not path.exists()


@pytest.mark.parametrize("who", ["张三", "990001199001010013", "Li Si 13900000000"])
def test_nobody_is_named_as_actor_or_visit(path, who):
    for where in ("actor", "visit"):
        with pytest.raises(ValueError, match="audit: "):
            AuditLog(path).append(RecordKind.CLERK_ACTED, **{where: who})


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100))
def test_no_text_with_a_long_number_or_a_name_gets_in(text):
    from kiosk.audit.record import harmless

    if harmless(text) and len(text) != 64:
        assert text.isascii()
        assert not any(text[i : i + 8].isdecimal() for i in range(len(text) - 7))


def test_a_sealing_keys_id_may_hold_eight_digits_in_a_row(tmp_path):
    log = AuditLog(tmp_path / "audit.log")
    assert log.append(RecordKind.SEALING_CHANGED, facts=sealing_facts("9012345678abcdef", "HPKE"))

"""What its term has ended for goes, with a receipt in the log; what was not delivered never goes."""

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.__main__ import main
from kiosk.activation.database import Database
from kiosk.activation.outbox import Outbox
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.audit.verify import verify
from kiosk.codes import Code
from kiosk.model import ActivationReceipt, RequestStatus
from kiosk.privacy import erasure, receipts
from kiosk.privacy.erasure import Eraser
from kiosk.privacy.report import format_report, report
from kiosk.settings import Settings, load

DAY = 86_400.0
NOW = time.time()
ANSWERED = ActivationReceipt(
    id="B", status=RequestStatus.ACTIVATED, code=Code.OK, credential="SERL-0000-0001"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "settings.toml").write_text('[terminal]\nid = "T-1"\n')
    return load(tmp_path / "settings.toml")


@pytest.fixture
def storage(settings: Settings) -> Path:
    return settings.path(settings.storage.folder)


def file(path: Path, days_old: float, text: bytes = b"{}\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text)
    os.utime(path, (NOW - days_old * DAY,) * 2)
    return path


def fill(storage: Path) -> None:
    """One request in each state, the delivered ones new and old; files new and old."""
    database = Database(storage / "outbox.sqlite3")
    outbox = Outbox(database)
    for id in ("WAIT", "PEND", "WEDGED", "OLD", "NEW"):
        outbox.put(id, f"body-of-{id}".encode() * 40, NOW - 90 * DAY)
    pending = replace(ANSWERED, id="PEND", status=RequestStatus.PENDING)
    outbox.settle("PEND", pending, NOW - 80 * DAY, NOW + 9)
    outbox.wedge("WEDGED", Code.REQUEST_MALFORMED, NOW - 80 * DAY)
    outbox.settle("OLD", replace(ANSWERED, id="OLD", credential="OLDS-ERIA-L001"), NOW - 31 * DAY, 0.0)
    outbox.settle("NEW", replace(ANSWERED, id="NEW"), NOW - 29 * DAY, 0.0)
    with database.transaction() as connection:
        rows = [("c-old", NOW - 1), ("c-new", NOW + DAY)]
        connection.executemany(
            "INSERT INTO challenges (id, key, sealed, received_unix, expires_unix)"
            " VALUES (?, 'k', x'00', 0, ?)",
            rows,
        )
    database.close()
    file(storage / "visits" / "OLD.jsonl", 31)
    file(storage / "visits" / "NEW.jsonl", 29)
    file(storage / "measures" / "LEFT.jsonl", 0.01)  # of a time when measures were kept
    file(storage / "staff" / "day-2020-01-01.jsonl", 31)
    file(storage / "staff" / "roster.jwt", 400)
    file(storage / "reports" / "day-old.pdf", 31)
    file(storage / "reports" / "day-new.pdf", 29)
    file(storage / "audit" / "audit.log.damaged-1", 364)


def log_of(settings: Settings) -> AuditLog:
    return AuditLog(settings.path(settings.storage.folder) / "audit" / "audit.log")


def erased(settings: Settings) -> dict[str, int]:
    """Category → count, over all receipts, in a log that is unbroken."""
    lines = log_of(settings).path.read_bytes().splitlines(keepends=True)
    assert verify(lines).good
    counts: dict[str, int] = {}
    for one in receipts.read_receipts(lines):
        counts[one.kind] = counts.get(one.kind, 0) + one.count
    return counts


def requests(storage: Path) -> set[str]:
    with closing(sqlite3.connect(storage / "outbox.sqlite3")) as found:
        return {row[0] for row in found.execute("SELECT id FROM requests")}


DUE = {"receipts": 1, "challenges": 1, "visit logs": 1, "visit measures": 1, "day books": 1, "day reports": 1}


def test_what_is_due_goes_and_each_kind_has_its_receipt(settings: Settings, storage: Path):
    fill(storage)
    Eraser(settings, log_of(settings)).run()
    assert requests(storage) == {"WAIT", "PEND", "WEDGED", "NEW"}
    assert sorted(p.name for p in (storage / "visits").iterdir()) == ["NEW.jsonl"]
    assert sorted(p.name for p in (storage / "staff").iterdir()) == ["roster.jwt"]
    assert (storage / "audit" / "audit.log.damaged-1").exists()
    assert erased(settings) == DUE
    assert not (storage / erasure.PLAN_FILE).exists()
    assert Eraser(settings, log_of(settings)).run() == []
    assert erased(settings) == DUE


def test_what_was_erased_cannot_be_read_from_the_file_either(settings: Settings, storage: Path):
    fill(storage)
    before = b"".join(p.read_bytes() for p in storage.glob("outbox.sqlite3*"))
    assert b"OLDS-ERIA-L001" in before
    reader = sqlite3.connect(storage / "outbox.sqlite3")  # a panel that is open meanwhile
    reader.execute("SELECT count(*) FROM requests").fetchall()
    Eraser(settings, log_of(settings)).run()
    reader.close()
    after = b"".join(p.read_bytes() for p in storage.glob("outbox.sqlite3*"))
    assert b"OLDS-ERIA-L001" not in after
    assert b"body-of-OLD" not in after
    assert b"body-of-WAIT" in after


def test_a_receipt_says_what_when_and_why(settings: Settings, storage: Path):
    fill(storage)
    Eraser(settings, log_of(settings)).run("command")
    one = next(r for r in receipts.read_receipts(log_of(settings).path.open("rb")) if r.kind == "receipts")
    assert (one.count, one.days, one.why, one.by) == (1, 30.0, "term", "command")
    assert one.from_unix == one.to_unix == pytest.approx(NOW - 31 * DAY)
    assert one.bytes > 0
    challenge = next(
        r for r in receipts.read_receipts(log_of(settings).path.open("rb")) if r.kind == "challenges"
    )
    assert (challenge.days, challenge.why) == (None, "end")


class Plug(Exception):
    pass


@pytest.mark.parametrize("at", ["receipts", "challenges", "visit logs", "day books", "the log"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_power_cut_anywhere_leaves_nothing_without_a_receipt(
    settings: Settings, storage: Path, at: str, when: str, monkeypatch: pytest.MonkeyPatch
):
    fill(storage)
    eraser = Eraser(settings, log_of(settings))
    whole = log_of(settings)
    if at == "the log":
        monkeypatch.setattr(eraser, "_audit", Pulled(whole, when))
    else:
        data = eraser._terms[at].data
        monkeypatch.setattr(eraser._terms[at], "data", PulledCategory(data, when))
    with pytest.raises(Plug):
        eraser.run()
    assert (storage / erasure.PLAN_FILE).exists()
    Eraser(settings, log_of(settings)).run()
    assert erased(settings) == DUE
    assert not (storage / erasure.PLAN_FILE).exists()


class PulledCategory:
    def __init__(self, data, when: str) -> None:
        self.due, self._data, self._when = data.due, data, when

    def erase(self, before: float) -> None:
        if self._when == "after":
            self._data.erase(before)
        raise Plug


class Pulled:
    def __init__(self, log: AuditLog, when: str) -> None:
        self.path, self._log, self._when = log.path, log, when

    def append(self, *args, **named) -> bool:
        if self._when == "after":
            self._log.append(*args, **named)
        raise Plug


def test_a_kind_that_fails_keeps_none_of_the_others(settings: Settings, storage: Path, monkeypatch):
    fill(storage)

    def fails(*_):
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "unlink", _unlink_but("OLD.jsonl", fails))
    Eraser(settings, log_of(settings)).run()
    assert erased(settings) == {k: v for k, v in DUE.items() if k != "visit logs"}
    monkeypatch.undo()
    Eraser(settings, log_of(settings)).run()
    assert erased(settings) == DUE


def _unlink_but(name: str, fails):
    real = Path.unlink
    return lambda self, **named: fails() if self.name == name else real(self, **named)


def test_nothing_is_erased_where_it_cannot_be_written_down(settings: Settings, storage: Path, capsys):
    fill(storage)
    (storage / "audit" / "audit.log").mkdir()
    assert main(["privacy", "erase", "--due", "--settings", settings.file]) == 1
    assert "OLD" in requests(storage)
    assert "audit.unwritable" in capsys.readouterr().out


# ── the report ───────────────────────────────────────────────────────────────────────────────────


def test_the_report_counts_every_kind_beside_an_open_database(settings: Settings, storage: Path):
    fill(storage)
    database = Database(storage / "outbox.sqlite3")
    held = {one.kind: one for one in report(settings, NOW).held}
    database.close()
    counts = {kind: one.count for kind, one in held.items()}
    assert counts["requests waiting"] == counts["requests set aside"] == 1
    assert counts["requests central decides later"] == 1
    assert (counts["receipts"], counts["challenges"]) == (2, 2)
    assert (counts["visit logs"], counts["day books"], counts["staff roster"]) == (2, 1, 1)
    assert held["requests waiting"].bytes == len(b"body-of-WAIT" * 40) + len("WAIT")
    assert held["requests waiting"].since_unix == pytest.approx(NOW - 90 * DAY)
    assert held["requests waiting"].until_unix is None
    assert held["receipts"].until_unix == pytest.approx(NOW + 1 * DAY)
    assert held["visit logs"].until_unix == pytest.approx(NOW + 1 * DAY, abs=1)
    assert held["files nobody of ours made"].count == 0


def test_the_report_counts_files_of_no_known_kind(settings: Settings, storage: Path):
    fill(storage)
    file(storage / "visits" / "faces" / "张三.png", 1)
    file(storage / "notes.txt", 1)
    found = report(settings, NOW)
    assert {one.kind: one.count for one in found.held}["files nobody of ours made"] == 2
    assert "张三" not in format_report(found)


def test_the_report_names_no_visit_and_no_clerk(settings: Settings, storage: Path, capsys):
    number = "7K3M-9QXZ-AAAA-BBBB"
    file(storage / "visits" / f"{number}.jsonl", 1)
    log_of(settings).append(RecordKind.VISIT_FINISHED, visit=number, actor="4711")
    for form in ([], ["--json"]):
        assert main(["privacy", "report", "--settings", settings.file, *form]) == 0
        out = capsys.readouterr().out
        assert "visit logs" in out
        assert number not in out
        assert "4711" not in out
    parsed = json.loads(out)
    assert {one["kind"]: one["count"] for one in parsed["held"]}["audit log"] == 1


def test_the_report_of_a_terminal_that_never_ran_makes_nothing(settings: Settings, storage: Path):
    assert main(["privacy", "report", "--settings", settings.file]) == 0
    assert not storage.exists()


def test_what_cannot_be_read_is_reported(settings: Settings, storage: Path, capsys):
    file(storage / "outbox.sqlite3", 1, b"this is no database" * 100)
    assert main(["privacy", "report", "--settings", settings.file]) == 1
    assert "unreadable" in capsys.readouterr().out


# ── the receipts ─────────────────────────────────────────────────────────────────────────────────


def test_receipts_are_verified_from_an_export_elsewhere(settings: Settings, storage: Path, tmp_path, capsys):
    fill(storage)
    assert main(["privacy", "erase", "--due", "--settings", settings.file]) == 0
    export = tmp_path / "export.jsonl"
    assert main(["audit", "export", str(export), "--settings", settings.file]) == 0
    capsys.readouterr()
    assert main(["privacy", "receipts", str(export)]) == 0
    out = capsys.readouterr().out
    assert "1 visit logs" in out
    assert "unbroken" in out
    export.write_bytes(export.read_bytes().replace(b'"count":1', b'"count":2', 1))
    assert main(["privacy", "receipts", str(export)]) == 1
    assert "altered" in capsys.readouterr().out


def test_one_customer_can_be_told_what_became_of_the_data(settings: Settings, capsys):
    visit = "7K3M-9QXZ-AAAA-BBBB"
    then = AuditLog(log_of(settings).path, lambda: NOW - 40 * DAY)
    for kind in (
        RecordKind.VISIT_CONSENTED,
        RecordKind.VISIT_STORED,
        RecordKind.REQUEST_SETTLED,
        RecordKind.VISIT_FINISHED,
    ):
        then.append(kind, visit=visit)
    storage = settings.path(settings.storage.folder)
    file(storage / "visits" / f"{visit}.jsonl", 40)
    Eraser(settings, log_of(settings)).run()
    assert main(["privacy", "receipts", "--visit", visit, "--settings", settings.file]) == 0
    out = capsys.readouterr().out
    for part in ("sealed request erased", "typed text", "visit logs up to then erased"):
        assert part in out
    assert main(["privacy", "receipts", "--visit", "0000-0000-0000-0000", "--settings", settings.file]) == 1


# ── the settings ─────────────────────────────────────────────────────────────────────────────────


def test_a_settings_term_is_the_term(settings: Settings, storage: Path):
    fill(storage)
    long = replace(settings, retention=replace(settings.retention, visits_days=40, receipts_days=40))
    Eraser(long, log_of(settings)).run()
    assert {"receipts", "visit logs"}.isdisjoint(erased(settings))

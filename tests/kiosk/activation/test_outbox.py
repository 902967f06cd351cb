"""The queue on a real disk."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.activation.database import Database
from kiosk.activation.outbox import PATIENCE, Outbox, RequestCounts, RequestState
from kiosk.codes import Code
from kiosk.errors import OutboxError
from kiosk.model import ActivationReceipt, RequestStatus

ACTIVATED = ActivationReceipt(
    id="A", status=RequestStatus.ACTIVATED, code=Code.OK, credential="C-1", at_unix=5.0
)
PENDING = ActivationReceipt(
    id="A",
    status=RequestStatus.PENDING,
    code=Code.PERSON_NOT_YET_VISIBLE,
    recheck_unix=60.0,
    at_unix=5.0,
)
SECRET = b"a body that nobody may find later " * 200


def test_what_was_put_is_there_after_reopening(tmp_path: Path):
    file = tmp_path / "o.sqlite3"
    database = Database(file)
    Outbox(database).put("A", b"body", at=1.0)
    # No close: as if the power went.
    row = Outbox(Database(file)).next_due(1.0)
    assert row is not None
    assert (row.id, row.body, row.sent, row.tries) == ("A", b"body", False, 0)


def test_put_commits_to_disk_with_full_synchronisation(database):
    with database.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_the_same_request_twice_is_one(outbox):
    outbox.put("A", b"body", at=1.0)
    outbox.put("A", b"body", at=2.0)
    assert outbox.counts() == RequestCounts(waiting=1)


def test_the_same_request_after_its_receipt_is_not_sent_again(outbox):
    outbox.put("A", b"body", at=1.0)
    outbox.settle("A", ACTIVATED, at=2.0, recheck=2.0)
    outbox.put("A", b"body", at=3.0)
    assert outbox.counts() == RequestCounts(delivered=1)


def test_another_body_under_the_same_number_is_refused(outbox):
    outbox.put("A", b"body", at=1.0)
    with pytest.raises(OutboxError) as raised:
        outbox.put("A", b"other", at=2.0)
    assert raised.value.code is Code.REQUEST_KEY_REUSED
    assert outbox.next_due(9.0).body == b"body"


def test_the_oldest_goes_first_but_a_bad_one_steps_back(outbox):
    outbox.put("old", b"1", at=1.0)
    outbox.put("new", b"2", at=2.0)
    assert outbox.next_due(3.0).id == "old"
    outbox.begin_attempt("old", at=3.0, not_before=3.5)
    assert outbox.next_due(3.2).id == "new"
    assert outbox.next_due(4.0).id == "old", "it is still the oldest"


def test_the_oldest_goes_first_whatever_the_clock_said(outbox):
    outbox.put("first", b"1", at=1e9)
    outbox.put("second", b"2", at=5.0)
    assert outbox.next_due(2e9).id == "first"


def test_one_that_always_fails_lets_all_others_go_first(outbox):
    outbox.put("bad", b"1", at=1.0)
    outbox.put("worse", b"2", at=1.0)
    for visit, times in (("bad", PATIENCE), ("worse", PATIENCE + 1)):
        for _ in range(times):
            outbox.begin_attempt(visit, at=2.0, not_before=2.0)
    outbox.put("good", b"3", at=3.0)
    assert outbox.next_due(4.0).id == "good"
    outbox.settle("good", ACTIVATED, at=4.0, recheck=4.0)
    assert outbox.next_due(4.0).id == "bad", "the less often tried of the two"


def test_a_persons_requests_arrive_in_their_order(outbox):
    outbox.put("open", b"1", at=1.0)
    outbox.put("other", b"2", at=2.0)
    outbox.put("renew", b"3", at=3.0, after="open")
    outbox.begin_attempt("open", at=4.0, not_before=9.0)
    outbox.settle("other", ACTIVATED, at=4.0, recheck=4.0)
    assert (outbox.next_due(5.0), outbox.due_in(5.0)) == (None, 4.0)
    outbox.make_all_due(5.0)
    assert outbox.next_due(5.0).id == "open"
    outbox.settle("open", ACTIVATED, at=5.0, recheck=5.0)
    assert outbox.next_due(5.0).id == "renew"


@pytest.mark.parametrize("earlier", ["gone", "aside", "later"])
def test_nobody_waits_for_a_request_that_will_not_come(outbox, earlier):
    outbox.put("aside", b"1", at=1.0)
    outbox.wedge("aside", Code.REQUEST_MALFORMED, at=1.0)
    outbox.put("later", b"2", at=2.0, after=earlier)
    assert outbox.next_due(3.0).id == "later"


def test_begin_is_remembered_and_puts_off(outbox):
    outbox.put("A", b"1", at=1.0)
    outbox.begin_attempt("A", at=2.0, not_before=7.0)
    assert outbox.next_due(6.9) is None
    row = outbox.next_due(7.0)
    assert (row.sent, row.tries) == (True, 1)


def test_a_clock_set_back_makes_due(outbox):
    outbox.put("A", b"1", at=1000.0)
    outbox.begin_attempt("A", at=1000.0, not_before=1300.0)
    assert outbox.next_due(1200.0) is None
    assert outbox.next_due(500.0).id == "A"
    assert outbox.due_in(500.0) == 0.0


def test_a_clock_set_back_a_little_waits_its_delay_once_more_at_most(outbox):
    outbox.put("A", b"1", at=1000.0)
    outbox.begin_attempt("A", at=1000.0, not_before=1300.0)
    # 250 s later somebody sets the clock back by 240 s.
    assert outbox.due_in(1010.0) == pytest.approx(290.0)


def test_a_clock_set_forward_makes_due_early_not_never(outbox):
    outbox.put("A", b"1", at=1000.0)
    outbox.begin_attempt("A", at=1000.0, not_before=1300.0)
    assert outbox.next_due(4e9).id == "A"


def test_due_in_knows_nothing_when_all_is_done(outbox):
    assert outbox.due_in(1.0) is None
    outbox.put("A", b"1", at=1.0)
    assert outbox.due_in(1.0) == 0.0
    outbox.settle("A", ACTIVATED, at=2.0, recheck=2.0)
    assert outbox.due_in(3.0) is None


def test_settling_stores_the_receipt_and_erases_the_body_everywhere(tmp_path: Path):
    file = tmp_path / "o.sqlite3"
    outbox = Outbox(Database(file))
    outbox.put("A", SECRET, at=1.0)
    assert any(SECRET[:30] in f.read_bytes() for f in tmp_path.iterdir())
    assert outbox.settle("A", ACTIVATED, at=2.0, recheck=2.0)
    outbox.scrub()
    assert not any(SECRET[:30] in f.read_bytes() for f in tmp_path.iterdir())
    assert outbox.receipt("A") == ACTIVATED


def test_pending_is_asked_for_again_and_then_delivered(outbox):
    outbox.put("A", b"1", at=1.0)
    assert outbox.settle("A", PENDING, at=2.0, recheck=60.0)
    assert outbox.next_due(59.0) is None
    row = outbox.next_due(60.0)
    assert (row.state, row.body) == (RequestState.PENDING, None)
    assert not outbox.settle("A", PENDING, at=60.0, recheck=120.0)
    assert outbox.settle("A", ACTIVATED, at=120.0, recheck=120.0)
    assert outbox.counts() == RequestCounts(delivered=1)


def test_a_delivered_request_keeps_the_receipt_it_has(outbox):
    outbox.put("A", b"1", at=1.0)
    outbox.settle("A", ACTIVATED, at=2.0, recheck=2.0)
    assert not outbox.settle("A", PENDING, at=3.0, recheck=9.0)
    outbox.wedge("A", Code.REQUEST_MALFORMED, at=4.0)
    assert outbox.receipt("A") == ACTIVATED
    assert outbox.counts() == RequestCounts(delivered=1)


def test_wedged_is_skipped_visible_and_can_be_retried(outbox):
    outbox.put("A", b"1", at=1.0)
    outbox.wedge("A", Code.REQUEST_MALFORMED, at=2.0)
    assert outbox.next_due(9.0) is None
    (entry,) = outbox.list()
    assert (entry.state, entry.code) == (RequestState.WEDGED, Code.REQUEST_MALFORMED)
    assert outbox.retry("A", at=3.0)
    assert outbox.next_due(3.0).body == b"1"
    assert not outbox.retry("A", at=3.0)


def test_a_flipped_bit_in_a_body_is_noticed(outbox, database):
    outbox.put("A", b"body", at=1.0)
    assert outbox.next_due(1.0).intact
    with database.transaction() as connection:
        connection.execute("UPDATE requests SET body = ?", (b"bodz",))
    assert not outbox.next_due(1.0).intact


def test_release_makes_all_waiting_due(outbox):
    for id in "AB":
        outbox.put(id, b"1", at=1.0)
        outbox.begin_attempt(id, at=1.0, not_before=300.0)
    outbox.make_all_due(2.0)
    assert outbox.due_in(2.0) == 0.0


def test_purge_forgets_only_what_was_delivered_long_ago(outbox):
    for id in ("waiting", "pending", "wedged", "old", "new"):
        outbox.put(id, b"1", at=1.0)
    outbox.settle("pending", PENDING, at=1.0, recheck=9.0)
    outbox.wedge("wedged", Code.REQUEST_MALFORMED, at=1.0)
    outbox.settle("old", ACTIVATED, at=1.0, recheck=1.0)
    outbox.settle("new", ACTIVATED, at=50.0, recheck=50.0)
    assert outbox.purge(before=10.0) == 1
    assert {e.id for e in outbox.list()} == {"waiting", "pending", "wedged", "new"}


# ── a bad disk ───────────────────────────────────────────────────────────────────────────────────


def test_only_the_terminal_may_read_the_file(database, tmp_path: Path):
    files = list(tmp_path.glob("outbox.sqlite3*"))
    assert files
    for file in files:
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("at", [20, 100, 4096])
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, at: int):
    file = tmp_path / "o.sqlite3"
    database = Database(file)
    outbox = Outbox(database)
    for n in range(40):
        outbox.put(f"V{n}", os.urandom(2000), at=1.0)
    database.scrub()
    database.close()
    damaged = bytearray(file.read_bytes())
    damaged[at : at + 400] = b"\xa5" * 400
    file.write_bytes(damaged)
    with pytest.raises(OutboxError) as raised:
        Database(file)
    assert raised.value.code is Code.OUTBOX_DAMAGED
    assert len(file.read_bytes()) == len(damaged)


def test_a_file_of_something_else_is_refused(tmp_path: Path):
    file = tmp_path / "o.sqlite3"
    file.write_bytes(b"not a database" * 1000)
    with pytest.raises(OutboxError) as raised:
        Database(file)
    assert raised.value.code is Code.OUTBOX_DAMAGED


def test_a_file_of_a_later_program_is_refused(database, tmp_path: Path):
    with database.transaction() as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(OutboxError, match="later program"):
        Database(tmp_path / "outbox.sqlite3")


def test_no_folder_and_no_way_to_make_one(tmp_path: Path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutboxError):
        Database(tmp_path / "taken" / "o.sqlite3")


def test_a_migration_that_fails_leaves_no_note(tmp_path: Path, monkeypatch):
    import kiosk.activation.database as module

    good = module.MIGRATIONS
    bad = (*good, ("CREATE TABLE more (x) STRICT", "CREATE TABLE bad ("))
    file = tmp_path / "o.sqlite3"
    Database(file).close()
    monkeypatch.setattr(module, "MIGRATIONS", bad)
    with pytest.raises(OutboxError):
        Database(file)
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(good),)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone() == (0,)
    connection.close()


FILL = """
import resource, sys
from pathlib import Path
from kiosk.activation.database import Database
from kiosk.activation.outbox import Outbox
from kiosk.errors import OutboxError

outbox = Outbox(Database(Path(sys.argv[1])))
outbox.put("first", b"x", at=1.0)
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
stored = []
code = ""
for n in range(300):
    try:
        outbox.put(f"V{n}", bytes([n % 256]) * 20_000, at=2.0 + n)
        stored.append(f"V{n}")
    except OutboxError as error:
        code = error.code.value
        break
try:
    outbox.probe(1.0)
    print(code, "probe-worked", *stored)
except OutboxError as error:
    print(code, error.code.value, *stored)
"""


def _fill(file: Path, *more: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(file), *more], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_full_disk_is_told_and_nothing_promised_is_lost(tmp_path: Path):
    mount = tmp_path / "small"
    mount.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "x", mount]).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        code, _, *stored = _fill(mount / "o.sqlite3")
        assert code == Code.OUTBOX_FULL
        database = Database(mount / "o.sqlite3")
        kept = {entry.id for entry in Outbox(database).list()}
        assert kept == {"first", *stored}
        assert len(stored) > 5
        database.close()
    finally:
        subprocess.run(["umount", mount], check=True)


def test_a_file_that_may_not_grow_is_told(tmp_path: Path):
    code, _, *stored = _fill(tmp_path / "o.sqlite3", "limited")
    assert code in (Code.OUTBOX_FULL, Code.OUTBOX_DAMAGED)
    kept = {entry.id for entry in Outbox(Database(tmp_path / "o.sqlite3")).list()}
    assert kept == {"first", *stored}

"""The terminal's time: what is believed, what is doubted, and what outlives a power cut."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.audit.log import AuditLog, newest_unix
from kiosk.audit.record import RecordKind
from kiosk.clock import CLOCK_FILE, JUMP_S, KEEP_S, MAX_OFF_S, TerminalClock, boot_time, clock_code
from kiosk.codes import Code
from kiosk.release import RELEASED

RELEASED_UNIX = RELEASED.timestamp()
NOON = RELEASED_UNIX + 100 * 86_400.0
HOUR_S, DAY_S = 3600.0, 86_400.0


class Machine:
    """A machine whose wall clock can be set, with what a terminal on it keeps on disk."""

    def __init__(self, folder: Path, off_s: float = 0.0) -> None:
        self.folder = folder
        self.true_unix = NOON
        self.off_s = off_s
        self.booted_unix = NOON - 300.0
        self.clock = self.started()

    def started(self) -> TerminalClock:
        self.clock = TerminalClock(
            self.folder / CLOCK_FILE,
            newest_record=partial(newest_unix, self.folder / "audit.log"),
            wall=lambda: self.true_unix + self.off_s,
            boot=lambda: self.true_unix - self.booted_unix,
        )
        return self.clock

    def power_cut(self, off_s: float, after_s: float = 60.0) -> Code:
        """Cut the power; start with a clock that is wrong by `off_s`. Return its first judgement."""
        self.true_unix += after_s
        self.booted_unix, self.off_s = self.true_unix - 20.0, off_s
        return self.started().check()

    def passes(self, seconds: float, step: float = 10.0) -> Code:
        code = self.clock.check()
        until = self.true_unix + seconds
        while self.true_unix < until:
            self.true_unix += step
            code = self.clock.check()
        return code

    def central_answers(self, *, signed: bool = True) -> None:
        self.clock.note_central(self.true_unix, self.clock.boot(), signed=signed)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# ── from the start ───────────────────────────────────────────────────────────────────────────────


def test_a_clock_before_this_release_is_off(tmp_path):
    for off_s, code in ((-101 * DAY_S, Code.CLOCK_OFF), (-99 * DAY_S, Code.OK)):
        assert Machine(tmp_path / str(off_s), off_s).clock.check() is code


def test_after_a_power_cut_a_clock_that_lost_its_battery_is_off_and_comes_right_by_itself(machine):
    machine.passes(200)
    assert machine.power_cut(-50 * DAY_S) is Code.CLOCK_OFF
    assert machine.passes(600) is Code.CLOCK_OFF
    machine.off_s = 0.0  # time synchronisation
    assert machine.clock.check() is Code.CLOCK_OFF, (
        "a clock that was just set is doubted until the next check"
    )
    assert machine.clock.check() is Code.OK


@pytest.mark.parametrize("back_s", [120.0, 2 * HOUR_S, 150 * DAY_S])
def test_no_time_before_the_last_one_seen_is_believed(machine, back_s):
    machine.passes(3 * KEEP_S)
    assert machine.power_cut(-back_s, after_s=0.0) is Code.CLOCK_OFF


@pytest.mark.parametrize("kept", ["nothing", b"", b"{", b"[]", b'{"seen_unix": "no"}', b"\xff"])
def test_without_its_memory_the_newest_audit_record_is_a_floor(machine, kept):
    AuditLog(machine.folder / "audit.log", lambda: NOON - HOUR_S).append(RecordKind.TERMINAL_STOPPED)
    if kept != "nothing":
        (machine.folder / CLOCK_FILE).write_bytes(kept)
    assert machine.power_cut(-2 * HOUR_S) is Code.CLOCK_OFF
    assert machine.power_cut(0.0) is Code.OK


def test_a_challenge_that_central_issued_later_shows_that_the_clock_is_behind(machine):
    machine.off_s = -2 * HOUR_S
    machine.started()
    assert machine.clock.check() is Code.OK, "nothing tells yet"
    machine.clock.note_issued(machine.true_unix - 5 * 60.0)
    assert machine.clock.check() is Code.CLOCK_OFF
    assert machine.power_cut(-2 * HOUR_S) is Code.CLOCK_OFF, "and it is remembered"


# ── while it runs ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("jump_s", [-150 * DAY_S, -HOUR_S, -6.0, 6.0, HOUR_S, 3 * DAY_S])
def test_a_clock_that_is_set_during_a_visit_changes_nothing_and_is_told_at_once(machine, jump_s):
    machine.clock.check()
    began = machine.clock.unix()
    machine.off_s += jump_s
    assert machine.clock.code() is Code.CLOCK_OFF
    assert machine.clock.check(serving=True) is Code.CLOCK_OFF
    machine.true_unix += 90.0
    assert machine.clock.unix() - began == pytest.approx(90.0)
    machine.clock.check()  # the visit is over
    assert machine.clock.unix() == pytest.approx(machine.true_unix + jump_s)


def test_a_clock_that_is_kept_right_by_small_steps_is_followed(machine):
    for _ in range(20):
        machine.off_s += JUMP_S - 1.0
        assert machine.clock.check() is Code.OK
    assert machine.clock.unix() == pytest.approx(machine.true_unix + 80.0)


def test_since_central_was_heard_no_clock_is_believed_that_differs(machine):
    machine.central_answers()
    assert machine.passes(60) is Code.OK
    for off_s in (-HOUR_S, HOUR_S):
        machine.off_s = off_s
        assert machine.passes(3 * DAY_S, step=HOUR_S) is Code.CLOCK_OFF
        assert machine.clock.off_s == pytest.approx(-off_s)
    machine.off_s = 0.0
    assert machine.passes(30) is Code.OK


def test_an_oscillator_that_drifts_is_no_clock_that_is_off(machine):
    machine.central_answers()
    machine.off_s = 0.0
    machine.passes(10 * DAY_S, step=HOUR_S)
    machine.booted_unix += 10 * DAY_S * 5e-5  # CLOCK_BOOTTIME was slow by 50 ppm
    machine.clock.check()
    assert machine.clock.check() is Code.OK


def test_a_clock_that_was_days_ahead_is_set_right_by_central_also_for_the_next_start(machine):
    machine.off_s = 3 * DAY_S
    machine.started()
    assert machine.passes(200) is Code.OK, "nothing tells yet"
    AuditLog(machine.folder / "audit.log", machine.clock.unix).append(RecordKind.SERVICE_OUT)
    machine.central_answers()
    assert machine.clock.check() is Code.CLOCK_OFF
    machine.off_s = 0.0
    assert machine.passes(20) is Code.OK
    assert machine.power_cut(0.0) is Code.OK


def test_an_answer_that_needed_no_signature_only_shows_that_the_clock_is_off(machine):
    machine.passes(200)
    assert machine.power_cut(-HOUR_S) is Code.CLOCK_OFF
    machine.clock.note_central(machine.true_unix - HOUR_S, machine.clock.boot(), signed=False)
    assert machine.clock.check() is Code.CLOCK_OFF, "it cannot take the floor away"
    machine.clock.note_central(machine.true_unix, machine.clock.boot(), signed=False)
    machine.off_s = 0.0
    assert machine.passes(20) is Code.OK


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_a_time_that_is_none_is_not_noted(machine, odd):
    machine.clock.note_central(odd, machine.clock.boot(), signed=True)
    machine.clock.note_issued(odd)
    assert (machine.clock.off_s, machine.clock.check()) == (None, Code.OK)


# ── on disk ──────────────────────────────────────────────────────────────────────────────────────


def test_what_is_known_goes_to_disk_every_minute_and_when_switched_off(machine, monkeypatch):
    written = []
    monkeypatch.setattr("kiosk.clock.write_whole", lambda path, data: written.append(data))
    machine.passes(10 * KEEP_S)
    assert 9 <= len(written) <= 11
    written.clear()
    machine.true_unix += 20.0
    machine.clock.keep()
    assert len(written) == 1


def test_a_disk_that_fails_stops_nothing(machine, monkeypatch):
    def fail(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiosk.clock.write_whole", fail)
    assert machine.passes(200) is Code.OK


def test_another_process_only_reads(machine):
    machine.passes(200)
    before = (machine.folder / CLOCK_FILE).read_bytes()
    other = TerminalClock(
        machine.folder / CLOCK_FILE, read_only=True, wall=lambda: machine.true_unix - HOUR_S, boot=lambda: 5.0
    )
    assert other.code() is Code.CLOCK_OFF
    other.note_central(machine.true_unix, 5.0, signed=True)
    other.keep()
    assert (machine.folder / CLOCK_FILE).read_bytes() == before


# ── the rule ─────────────────────────────────────────────────────────────────────────────────────

times = st.floats(0.0, 4e9)


@given(times, times, st.none() | st.floats(-1e9, 1e9))
def test_only_a_time_after_the_floor_and_like_centrals_is_ok(now, floor, off_s):
    good = now >= floor - MAX_OFF_S and (off_s is None or abs(off_s) <= MAX_OFF_S)
    assert (clock_code(now, floor, off_s) is Code.OK) == good


def test_the_time_since_boot_counts():
    assert 0.0 < boot_time() <= boot_time()

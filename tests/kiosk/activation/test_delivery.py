"""The delivery worker over real sockets: whatever fails, one credential at the end."""

import threading
import time

import pytest
from msgspec.structs import replace

from kiosk.activation.outbox import RequestCounts, RequestState
from kiosk.codes import Code
from kiosk.events import (
    ChallengeTaken,
    DeviceFailed,
    DeviceReady,
    ReceiptArrived,
    RequestWedged,
    Stored,
    StoreFailed,
)
from kiosk.model import Device, RequestStatus
from kiosk.worker import Worker
from tests.support.activation_terminal import CARD, order
from tests.support.stub_central import babble, cut, half, hang, lost, problem


def delivered(terminal, *visits):
    return lambda: {r.id for r in terminal.receipts if r.status is not RequestStatus.PENDING} >= set(visits)


def test_a_request_is_stored_sent_and_its_receipt_given(terminal, stub):
    assert terminal.submission.submit(order("A"), None) == Stored("A")
    terminal.delivery.round()
    (receipt,) = terminal.receipts
    assert (receipt.id, receipt.status, receipt.credential) == ("A", RequestStatus.ACTIVATED, "C-A")
    assert terminal.outbox.counts() == RequestCounts(delivered=1)
    assert stub.open_sealed(stub.activation_bodies[0])["name"] == "测试甲"


def test_the_first_round_tells_how_things_are_and_later_ones_only_news(terminal):
    terminal.delivery.round()
    assert terminal.events == [
        DeviceReady(Device.OUTBOX),
        DeviceReady(Device.CENTRAL),
        DeviceReady(Device.CHALLENGES),
    ]
    terminal.delivery.round()
    assert len(terminal.events) == 3


def test_a_fresh_request_needs_one_call(terminal, stub):
    terminal.delivery.round()
    stub.seen.clear()
    terminal.submission.submit(order("A"), None)
    terminal.delivery.round()
    assert stub.seen == [("POST", "/v1/activations")]


@pytest.mark.parametrize(
    "fault", [lost, cut, half, babble, hang, problem(500, ""), problem(503, ""), (200, b"{}")]
)
def test_after_any_fault_of_the_line_there_is_one_credential(terminal, stub, fault):
    stub.script("/v1/activations", fault)
    terminal.submission.submit(order("A"), None)
    terminal.until(delivered(terminal, "A"))
    assert stub.opened == {"A": 1}
    assert len(terminal.receipts) == 1
    assert len(set(stub.activation_bodies)) == 1


def test_a_lost_answer_is_looked_up_not_sent_again(terminal, stub):
    stub.script("/v1/activations", lost)
    terminal.submission.submit(order("A"), None)
    took = terminal.until(delivered(terminal, "A"))
    assert took < 2.0
    assert stub.seen.count(("POST", "/v1/activations")) == 1
    assert ("GET", "/v1/activations/A") in stub.seen


def test_what_central_never_had_is_sent_again_with_the_same_bytes(terminal, stub):
    stub.script("/v1/activations", cut)
    terminal.submission.submit(order("A"), None)
    put = terminal.outbox.next_due(time.time() + 1).body
    terminal.until(delivered(terminal, "A"))
    assert stub.activation_bodies == [put]


def test_in_flight_is_waited_for(terminal, stub):
    stub.script("/v1/activations", problem(409, "request.in_flight"), problem(409, "request.in_flight"))
    terminal.submission.submit(order("A"), None)
    terminal.until(delivered(terminal, "A"))
    assert [type(e) for e in terminal.told(Device.CENTRAL)] == [DeviceReady]


def test_a_hopeless_request_is_set_aside_and_the_next_goes(terminal, stub):
    stub.script("/v1/activations", problem(422, "request.malformed"))
    terminal.submission.submit(order("A"), None)
    time.sleep(0.01)
    terminal.submission.submit(order("B"), None)
    terminal.until(delivered(terminal, "B"))
    assert RequestWedged("A", Code.REQUEST_MALFORMED) in terminal.events
    assert terminal.outbox.counts() == RequestCounts(delivered=1, wedged=1)


def test_a_request_that_always_breaks_the_line_does_not_hold_up_the_others(terminal, stub):
    def poison(handler) -> None:
        if b'"id":"BAD"' in handler.body:
            handler.close_connection = True
        else:
            handler.send(stub.answer(handler.command, handler.path, handler.headers, handler.body))

    stub.script("/v1/activations", *[poison] * 200)
    terminal.submission.submit(order("BAD"), None)
    visits = [f"V{n}" for n in range(10)]
    for n, visit in enumerate(visits):
        time.sleep(0.002)
        terminal.submission.submit(order(visit, card=replace(CARD, number=f"{n:018}")), None)
    assert terminal.until(delivered(terminal, *visits)) < 3.0
    assert terminal.outbox.counts() == RequestCounts(waiting=1, delivered=10)
    tries = next(e for e in terminal.outbox.list() if e.id == "BAD").tries
    terminal.rounds(1.0)
    more = next(e for e in terminal.outbox.list() if e.id == "BAD").tries - tries
    assert 1 <= more <= 6  # backoff holds although the line is up


def test_damaged_bytes_are_set_aside_not_sent(terminal, stub):
    terminal.submission.submit(order("A"), None)
    with terminal.database.transaction() as connection:
        connection.execute("UPDATE requests SET body = ?", (b"{}",))
    terminal.delivery.round()
    assert RequestWedged("A", Code.OUTBOX_DAMAGED) in terminal.events
    assert stub.activation_bodies == []


# ── pending ──────────────────────────────────────────────────────────────────────────────────────


def test_pending_is_told_once_and_asked_again_until_it_is_decided(terminal, stub):
    stub.decide = lambda id: {"status": "PENDING", "code": "person.not_yet_visible", "recheck_s": 0.3}
    terminal.submission.submit(order("A"), None)
    terminal.rounds(1.0)
    assert [r.status for r in terminal.receipts] == [RequestStatus.PENDING]
    assert terminal.outbox.counts() == RequestCounts(pending=1)
    stub.change("A", "ACTIVATED")
    terminal.until(delivered(terminal, "A"))
    assert [r.status for r in terminal.receipts] == [RequestStatus.PENDING, RequestStatus.ACTIVATED]
    assert stub.seen.count(("POST", "/v1/activations")) == 1


def test_a_central_whose_clock_is_off_is_asked_by_its_own_plan(terminal, stub):
    ago = time.time() - 90_000
    receipt = {"id": "A", "status": "PENDING", "code": "person.not_yet_visible", "credential": None}
    stub.script("/v1/activations", _reply(receipt | {"at_unix": ago, "recheck_unix": ago + 600}))
    terminal.submission.submit(order("A"), None)
    terminal.delivery.round()
    assert terminal.outbox.due_in(time.time()) == pytest.approx(600, abs=2)


@pytest.mark.parametrize(("planned", "seconds"), [(9e9, 3600), (-50, 0.1), (None, 0.1)])
def test_no_plan_of_centrals_makes_us_ask_never_or_all_the_time(terminal, stub, planned, seconds):
    now = time.time()
    recheck = None if planned is None else now + planned
    receipt = {"id": "A", "status": "PENDING", "code": "person.not_yet_visible", "credential": None}
    stub.script("/v1/activations", _reply(receipt | {"at_unix": now, "recheck_unix": recheck}))
    terminal.submission.submit(order("A"), None)
    terminal.delivery.round()
    assert terminal.outbox.due_in(time.time()) == pytest.approx(seconds, abs=0.1 + seconds / 1000)


def test_pending_that_central_forgot_is_set_aside_for_staff(terminal, stub):
    stub.decide = lambda id: {"status": "PENDING", "code": "person.not_yet_visible", "recheck_s": 0.1}
    terminal.submission.submit(order("A"), None)
    terminal.delivery.round()
    stub.receipts.clear()
    terminal.until(lambda: terminal.outbox.counts().wedged == 1)
    assert RequestWedged("A", Code.REQUEST_UNKNOWN) in terminal.events


def test_a_refusal_is_a_receipt(terminal, stub):
    stub.decide = lambda id: {"status": "REFUSED", "code": "person.mismatch"}
    terminal.submission.submit(order("A"), None)
    terminal.delivery.round()
    assert [r.code for r in terminal.receipts] == [Code.PERSON_MISMATCH]
    assert terminal.outbox.counts() == RequestCounts(delivered=1)
    assert not stub.opened["A"]


# ── trust ────────────────────────────────────────────────────────────────────────────────────────


def test_untrusted_stops_everything_tells_and_comes_back_slowly(terminal, stub):
    terminal.delivery.round()
    stub.script("/v1/activations", problem(403, "terminal.revoked"), problem(403, "terminal.revoked"))
    for visit in "AB":
        terminal.submission.submit(order(visit), None)
    rest = terminal.delivery.round()
    assert terminal.told(Device.CENTRAL)[-1] == DeviceFailed(Device.CENTRAL, Code.TERMINAL_REVOKED)
    assert rest >= terminal.settings.contact_s / 2
    stub.seen.clear()
    terminal.delivery.wake()
    terminal.rounds(0.5)
    assert stub.seen == []
    assert terminal.outbox.counts() == RequestCounts(waiting=2)
    terminal.delivery._quiet_until = 0.0  # the quiet time is over; still revoked
    terminal.delivery.round()
    assert len(terminal.told(Device.CENTRAL)) == 2  # it did not seem well in between
    terminal.delivery._quiet_until = 0.0  # … and now it is put right
    terminal.until(delivered(terminal, "A", "B"))
    assert terminal.told(Device.CENTRAL)[-1] == DeviceReady(Device.CENTRAL)
    assert stub.opened == {"A": 1, "B": 1}


def test_a_disowned_terminal_promises_nothing_until_a_signed_call_is_answered(terminal, stub):
    terminal.delivery.round()
    stub.script("/v1/activations", problem(403, "terminal.revoked"))
    terminal.submission.submit(order("A"), None)
    terminal.delivery.round()
    assert terminal.told(Device.IDENTITY) == [DeviceFailed(Device.IDENTITY, Code.TERMINAL_REVOKED)]
    stub.script("/v1/heartbeat", problem(403, "terminal.revoked"))
    terminal.delivery._quiet_until = 0.0
    terminal.delivery.round()
    assert terminal.delivery.disowned is Code.TERMINAL_REVOKED
    terminal.delivery._quiet_until = 0.0
    terminal.until(delivered(terminal, "A"))
    assert terminal.delivery.disowned is None
    assert terminal.told(Device.IDENTITY)[-1] == DeviceReady(Device.IDENTITY)


# ── challenges ───────────────────────────────────────────────────────────────────────────────────


def test_the_pool_is_kept_filled(terminal, stub):
    terminal.delivery.round()
    assert terminal.pool.count(time.time()) == 8
    for _ in range(5):
        terminal.submission.take_challenge()
    terminal.delivery.round()
    assert terminal.pool.count(time.time()) == 8
    assert stub.seen.count(("POST", "/v1/challenges")) == 2


def test_a_fresh_challenge_is_fetched_when_one_is_expected_and_is_the_one_taken(terminal, stub):
    terminal.delivery.round()
    terminal.pool.take(time.time())  # all that are there seem to be old from here on
    age_challenges(terminal)
    stub.seen.clear()
    terminal.delivery.round()
    assert ("POST", "/v1/challenges") not in stub.seen
    terminal.delivery.fetch_fresh()
    terminal.delivery.round()
    assert stub.seen.count(("POST", "/v1/challenges")) == 1
    assert terminal.pool.has_fresh(time.time())
    terminal.submission.take_challenge()
    assert not terminal.pool.has_fresh(time.time())
    terminal.delivery.round()  # another for a second try
    assert terminal.pool.has_fresh(time.time())


def test_one_that_is_fresh_already_is_not_fetched_again(terminal, stub):
    terminal.delivery.round()
    stub.seen.clear()
    terminal.delivery.fetch_fresh()
    terminal.delivery.round()
    assert ("POST", "/v1/challenges") not in stub.seen


def test_without_a_line_the_stock_serves(terminal, stub):
    terminal.delivery.round()
    age_challenges(terminal)
    stub.script("/v1/challenges", *[problem(503, "")] * 5)
    terminal.delivery.fetch_fresh()
    terminal.delivery.round()
    assert isinstance(terminal.submission.take_challenge(), ChallengeTaken)


def age_challenges(terminal) -> None:
    with terminal.database.transaction() as connection:
        connection.execute("UPDATE challenges SET received_unix = received_unix - 3600")


def test_an_empty_pool_is_told_and_a_full_one_too(terminal, stub):
    terminal.delivery.round()
    stub.script("/v1/challenges", *[problem(500, "")] * 3)
    for _ in range(8):
        terminal.submission.take_challenge()
    terminal.rounds(1.5)
    assert terminal.told(Device.CHALLENGES)[1:] == [
        DeviceFailed(Device.CHALLENGES, Code.CHALLENGE_NONE),
        DeviceReady(Device.CHALLENGES),
    ]
    assert len(terminal.told(Device.CENTRAL)) == 1  # the line itself was well all the time


def test_challenges_that_fail_do_not_hold_up_requests(terminal, stub):
    stub.script("/v1/challenges", *[hang] * 50)
    terminal.submission.submit(order("A"), None)
    terminal.until(delivered(terminal, "A"))


def test_useless_challenges_are_not_asked_for_without_end(terminal, stub):
    stub.challenge_s = -1.0
    terminal.rounds(1.0)
    assert 1 <= stub.seen.count(("POST", "/v1/challenges")) <= 8
    assert terminal.told(Device.CHALLENGES) == [DeviceFailed(Device.CHALLENGES, Code.CHALLENGE_NONE)]


# ── disk ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_disk_that_fails_is_told_and_comes_back(terminal, stub):
    terminal.delivery.round()
    with terminal.database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1")  # SQLITE_FULL for real
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    # Larger than what free pages are left.
    result = terminal.submission.submit(order("A", picture=True), b"\xff" * 100_000)
    assert result == StoreFailed(Code.OUTBOX_FULL)
    with terminal.database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert terminal.submission.submit(order("A"), None) == Stored("A")
    terminal.until(delivered(terminal, "A"))


def test_a_request_without_a_card_is_not_stored(terminal):
    assert terminal.submission.submit(order("A", card=None), None) == StoreFailed(Code.EVIDENCE_INCOMPLETE)
    assert terminal.outbox.counts() == RequestCounts()


def test_a_picture_that_is_too_large_is_left_out(terminal, stub):
    terminal.submission.submit(order("A", picture=True), b"\xff" * 600_000)
    terminal.delivery.round()
    assert stub.open_sealed(stub.activation_bodies[0])["picture"] is None


# ── the thread ───────────────────────────────────────────────────────────────────────────────────


def test_the_worker_sends_within_a_moment_and_stops_at_once(terminal, stub):
    arrived = threading.Event()
    terminal.delivery._post = lambda e: (
        terminal.events.append(e),
        isinstance(e, ReceiptArrived) and arrived.set(),
    )
    worker = Worker("delivery", terminal.delivery.run).start()
    time.sleep(0.5)
    began = time.monotonic()
    terminal.submission.submit(order("A"), None)
    assert arrived.wait(30.0)
    assert time.monotonic() - began < 4.0, "it was woken, the next heartbeat is due after 5 s"
    began = time.monotonic()
    assert worker.stop()
    assert time.monotonic() - began < 4.0


def test_a_restart_forgets_nothing(terminal, stub, enrolled):
    from tests.support.activation_terminal import ActivationTerminal

    stub.script("/v1/activations", lost)
    terminal.submission.submit(order("A"), None)
    terminal.delivery.round()
    terminal.close()
    file = next(stub.ca.parent.parent.glob("terminal.sqlite3"))
    again = ActivationTerminal(file, enrolled, stub.url, stub.ca)
    again.until(lambda: again.outbox.counts().delivered == 1)
    assert stub.opened == {"A": 1}
    assert [e.state for e in again.outbox.list()] == [RequestState.DELIVERED]
    again.close()


def _reply(receipt: dict):
    import json

    return 200, json.dumps(receipt).encode()

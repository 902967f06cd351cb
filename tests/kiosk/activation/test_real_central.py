"""Terminal and real central, end to end: central is a process of its own behind a connection that breaks."""

import json
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.activation import identity
from kiosk.activation.messages import VisitStatus
from kiosk.activation.outbox import RequestCounts
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.codes import Code
from kiosk.errors import Unreachable
from kiosk.events import DeviceFailed, DeviceReady, ReceiptArrived, Stored, Submit
from kiosk.model import Device, Purpose, RequestStatus
from kiosk.simulators.card_reader import READER
from kiosk.simulators.network_proxy import NetworkProxy
from tests.kiosk.activation.test_service import Running
from tests.support.activation_terminal import (
    CARD,
    order_with_every_check,
    settings_of_terminal,
    submit,
    wanting,
)
from tests.support.central_server import running_central

SETTINGS = """
[recheck]
after_in_simulation_s = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
[requests]
lease_s = 2  # a request that central died over is "in flight" for so long
"""


@pytest.fixture(scope="module")
def central(tmp_path_factory):
    with running_central(tmp_path_factory.mktemp("central"), settings=SETTINGS) as running:
        yield running


@pytest.fixture
def line(central):
    with NetworkProxy("127.0.0.1", central.port) as made:
        yield made


@pytest.fixture
def shop(central, line, tmp_path: Path, request):
    """A running terminal of its own, behind the line."""
    name = f"T-{abs(hash(request.node.name)) % 10**8}"
    url = f"https://127.0.0.1:{line.port}"
    identity.enrol(
        url, central.ca, name, central.enrol_code(name), tmp_path / "var" / "identity", reader=READER
    )
    made = Running(settings_of_terminal(tmp_path, name, url), started_log(tmp_path))
    made.name = name
    made.wait_for(DeviceReady(Device.CHALLENGES))
    yield made
    made.close()


def started_log(folder: Path) -> AuditLog:
    """Central takes no request without the head of a log."""
    log = AuditLog(folder / "audit" / "audit.log")
    log.append(RecordKind.TERMINAL_STARTED)
    return log


def visit(shop, picture: bool = False) -> Submit:
    return order_with_every_check(shop.service.take_challenge, picture)


def receipts(shop, id: str) -> list:
    return [e.receipt for e in shop.events if isinstance(e, ReceiptArrived) and e.receipt.id == id]


def wait_for_receipt(shop, id: str, status=RequestStatus.ACTIVATED, seconds: float = 60.0) -> None:
    with shop.news:
        arrived = shop.news.wait_for(lambda: any(r.status is status for r in receipts(shop, id)), seconds)
    assert arrived, shop.events


def test_a_visit_is_activated(shop, central):
    made = visit(shop)
    assert submit(shop.service, made, None) == Stored(made.visit)
    wait_for_receipt(shop, made.visit)
    assert central.credentials(made.visit) == 1


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.OPEN])
def test_who_has_one_changes_or_ends_it(shop, central, line, purpose):
    """Also when the answer is lost: the request is the same, and so is the receipt."""
    first = visit(shop)
    submit(shop.service, first, None)
    wait_for_receipt(shop, first.visit)
    other = visit(shop)
    same_person = replace(wanting(other.evidence, purpose), card=first.evidence.card)
    line.lose_answer(after_bytes=1500)
    submit(shop.service, replace(other, evidence=same_person), None)
    wait_for_receipt(shop, other.visit)
    assert line.traffic.answers_lost == 1
    old, new = receipts(shop, first.visit)[-1].credential, receipts(shop, other.visit)[-1].credential
    assert (old == new) == (purpose is not Purpose.RENEW)
    assert (receipts(shop, other.visit)[-1].erasure is not None) == (purpose is Purpose.ERASE)


def test_a_clerk_elsewhere_finds_the_visit(shop, central, line):
    made = visit(shop)
    submit(shop.service, made, None)
    wait_for_receipt(shop, made.visit)
    found = shop.service.find(made.visit)
    assert (found.id, found.status, found.code, found.purpose, found.ended) == (
        made.visit, VisitStatus.ACTIVATED, "ok", Purpose.OPEN, None,
    )  # fmt: skip
    assert shop.service.find("0000-0000-0000-0000") is None
    line.down()
    with pytest.raises(Unreachable):
        shop.service.find(made.visit)


def test_the_answer_is_lost_and_there_is_one_credential(shop, central, line):
    made = visit(shop, picture=True)
    line.lose_answer()
    submit(shop.service, made, b"\xff\xd8\xff\xe0" + b"\x00" * 20_000 + b"\xff\xd9")
    wait_for_receipt(shop, made.visit)
    assert line.traffic.answers_lost == 1
    assert central.credentials(made.visit) == 1
    assert len(receipts(shop, made.visit)) == 1


def test_a_small_request_too_can_lose_its_answer(shop, central, line):
    made = visit(shop)
    line.lose_answer(after_bytes=1500)
    submit(shop.service, made, None)
    wait_for_receipt(shop, made.visit)
    assert line.traffic.answers_lost == 1
    assert central.credentials(made.visit) == 1


def test_without_a_line_it_is_stored_and_delivered_soon_after_the_line_is_back(shop, central, line):
    line.down()
    visits = [visit(shop) for _ in range(3)]
    for made in visits:
        assert submit(shop.service, made, None) == Stored(made.visit)
    shop.wait_for(DeviceFailed(Device.CENTRAL, Code.CENTRAL_UNREACHABLE))
    time.sleep(3.0)
    assert shop.service.counts() == RequestCounts(waiting=3)
    line.up()
    for made in visits:
        wait_for_receipt(shop, made.visit)
    assert [central.credentials(made.visit) for made in visits] == [1, 1, 1]


def test_central_is_killed_while_requests_come_in(shop, central):
    visits = [visit(shop) for _ in range(6)]
    for number, made in enumerate(visits):
        submit(shop.service, made, None)
        if number == 2:
            central.kill()
    assert shop.service.counts().wedged == 0
    central.start()
    for made in visits:
        wait_for_receipt(shop, made.visit)
    assert [central.credentials(made.visit) for made in visits] == [1] * 6


def test_somebody_who_is_not_visible_yet_is_activated_later(shop, central):
    made = visit(shop)
    central.people({"number": made.evidence.card.number, "name": CARD.name, "visible_after_s": 1.0})
    submit(shop.service, made, None)
    wait_for_receipt(shop, made.visit, RequestStatus.PENDING)
    assert receipts(shop, made.visit)[0].code is Code.PERSON_NOT_YET_VISIBLE
    wait_for_receipt(shop, made.visit, RequestStatus.ACTIVATED)
    assert central.credentials(made.visit) == 1
    central.people()


def test_a_challenge_is_good_once(shop, central):
    first, second = visit(shop), visit(shop)
    second = replace(second, evidence=replace(second.evidence, challenge=first.evidence.challenge))
    submit(shop.service, first, None)
    wait_for_receipt(shop, first.visit)
    submit(shop.service, second, None)
    wait_for_receipt(shop, second.visit, RequestStatus.REFUSED)
    assert receipts(shop, second.visit)[0].code is Code.CHALLENGE_INVALID


def test_a_revoked_terminal_keeps_its_requests_and_tells(shop, central):
    central.command("revoke", shop.name)
    made = visit(shop)
    submit(shop.service, made, None)
    shop.wait_for(DeviceFailed(Device.CENTRAL, Code.TERMINAL_REVOKED))
    assert shop.service.counts() == RequestCounts(waiting=1)
    assert central.credentials(made.visit) == 0


# ── keys change while requests wait ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", ["HPKE-X25519-SHA256-AES256GCM", "SM2-SM4GCM"])
def test_central_changes_its_sealing_key_while_requests_wait(tmp_path: Path, algorithm):
    """What was sealed to the old key is opened, and what comes after is sealed to the new one."""
    if algorithm == "SM2-SM4GCM":
        pytest.importorskip("gmssl_pyx", reason="the extra 'sm'")
    with (
        running_central(tmp_path / "central", settings=SETTINGS) as central,
        NetworkProxy("127.0.0.1", central.port) as line,
    ):
        url = f"https://127.0.0.1:{line.port}"
        identity.enrol(
            url, central.ca, "T-1", central.enrol_code("T-1"), tmp_path / "var" / "identity", reader=READER
        )
        settings = settings_of_terminal(tmp_path, "T-1", url)
        settings = replace(settings, central=replace(settings.central, sealing=algorithm))
        shop = Running(settings, started_log(tmp_path))
        try:
            shop.wait_for(DeviceReady(Device.CHALLENGES))
            before, after = visit(shop), visit(shop)
            line.down()
            submit(shop.service, before, None)
            old = json.loads(shop.service._components.outbox.next_due(time.time() + 1e6).body)["sealed"]
            central.command("rotate-sealing", "--algorithm", algorithm)  # the server runs on
            line.up()
            wait_for_receipt(shop, before.visit)
            who = shop.service._identity
            until = time.monotonic() + 60
            while who.sealer.seal(b"x", "V", "T-1").key == old["key"] and time.monotonic() < until:
                shop.service._components.delivery._heartbeat_at = 0.0
                shop.service.wake()
                time.sleep(0.2)
            sealed = who.sealer.seal(b"x", "V", "T-1")
            assert (sealed.key != old["key"], sealed.algorithm) == (True, algorithm)
            submit(shop.service, after, None)
            wait_for_receipt(shop, after.visit)
            assert [central.credentials(made.visit) for made in (before, after)] == [1, 1]
        finally:
            shop.close()


def test_the_terminals_key_changes_while_requests_wait(shop, central, line, tmp_path: Path):
    from kiosk.activation.http_client import HttpClient
    from kiosk.activation.rotation import rotate

    made = visit(shop)
    line.down()
    submit(shop.service, made, None)
    wire = HttpClient(central.url, central.ca, 3.0, 10.0)
    rotate(wire, identity.load(tmp_path / "var" / "identity"), time.time)
    wire.close()
    line.up()
    wait_for_receipt(shop, made.visit)
    assert central.credentials(made.visit) == 1


def test_an_idle_terminal_that_is_revoked_knows_within_its_sign_of_life(shop, central):
    central.command("revoke", shop.name)
    shop.service._components.delivery._heartbeat_at = 0.0  # half a minute has passed
    shop.service.wake()
    shop.wait_for(DeviceFailed(Device.IDENTITY, Code.TERMINAL_REVOKED))

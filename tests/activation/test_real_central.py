"""The whole way against the real central: a process of its own behind a line that breaks."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.activation import identity
from kiosk.activation.outbox import Counts
from kiosk.codes import Code
from kiosk.events import ChallengeTaken, DeviceFailed, DeviceReady, ReceiptArrived, Stored, Submit
from kiosk.model import Answer, Check, Device, RequestStatus, Verdict
from kiosk.numbers import new_visit_number
from kiosk.simulators.line import Line
from tests.activation.terminal import CARD, order
from tests.activation.test_desk import Running, site
from tests.central.server import running_central
from tests.central.terminal import person

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
    with Line("127.0.0.1", central.port) as made:
        yield made


@pytest.fixture
def shop(central, line, tmp_path: Path, request):
    """A running terminal of its own, behind the line."""
    name = f"T-{abs(hash(request.node.name)) % 10**8}"
    url = f"https://127.0.0.1:{line.port}"
    identity.enrol(url, central.ca, name, central.enrol_code(name), tmp_path / "var" / "identity")
    made = Running(site(tmp_path, name, url))
    made.name = name
    made.wait_for(DeviceReady(Device.CHALLENGES), 10)
    yield made
    made.close()


def visit(shop, picture: bool = False) -> Submit:
    """A customer nobody has seen before, with a challenge of central's and every verdict."""
    taken = shop.desk.take_challenge()
    assert isinstance(taken, ChallengeTaken)
    made = order(new_visit_number(), card=replace(CARD, number=person()["number"]), picture=picture)
    evidence = replace(
        made.evidence,
        challenge=taken.challenge.id,
        verdicts=tuple(Verdict(check, Answer.PASS) for check in Check),
        began_unix=time.time() - 5,
    )
    return replace(made, evidence=evidence)


def receipts(shop, id: str) -> list:
    return [e.receipt for e in shop.events if isinstance(e, ReceiptArrived) and e.receipt.id == id]


def wait_for_receipt(shop, id: str, status=RequestStatus.ACTIVATED, seconds: float = 10.0) -> float:
    began = time.monotonic()
    with shop.news:
        arrived = shop.news.wait_for(lambda: any(r.status is status for r in receipts(shop, id)), seconds)
    assert arrived, shop.events
    return time.monotonic() - began


def test_a_visit_is_activated(shop, central):
    made = visit(shop)
    assert shop.desk.submit(made, None) == Stored(made.visit)
    assert wait_for_receipt(shop, made.visit) < 3.0
    assert central.credentials(made.visit) == 1


def test_the_answer_is_lost_and_there_is_one_credential(shop, central, line):
    made = visit(shop, picture=True)
    line.lose_answer()
    shop.desk.submit(made, b"\xff\xd8\xff\xe0" + b"\x00" * 20_000 + b"\xff\xd9")
    wait_for_receipt(shop, made.visit)
    assert line.traffic.answers_lost == 1
    assert central.credentials(made.visit) == 1
    assert len(receipts(shop, made.visit)) == 1


def test_a_small_request_too_can_lose_its_answer(shop, central, line):
    made = visit(shop)
    line.lose_answer(after_bytes=1500)
    shop.desk.submit(made, None)
    wait_for_receipt(shop, made.visit)
    assert line.traffic.answers_lost == 1
    assert central.credentials(made.visit) == 1


def test_without_a_line_it_is_stored_and_delivered_soon_after_the_line_is_back(shop, central, line):
    line.down()
    visits = [visit(shop) for _ in range(3)]
    for made in visits:
        assert shop.desk.submit(made, None) == Stored(made.visit)
    shop.wait_for(DeviceFailed(Device.CENTRAL, Code.CENTRAL_UNREACHABLE))
    time.sleep(3.0)
    assert shop.desk.counts() == Counts(waiting=3)
    line.up()
    # On an idle machine it is one second (`probe_s`); a machine that tests is not idle.
    assert sum(wait_for_receipt(shop, made.visit) for made in visits) < 4.0
    assert [central.credentials(made.visit) for made in visits] == [1, 1, 1]


def test_central_is_killed_while_requests_come_in(shop, central):
    visits = [visit(shop) for _ in range(6)]
    for number, made in enumerate(visits):
        shop.desk.submit(made, None)
        if number == 2:
            central.kill()
    assert shop.desk.counts().wedged == 0
    central.start()
    for made in visits:
        wait_for_receipt(shop, made.visit, seconds=15)
    assert [central.credentials(made.visit) for made in visits] == [1] * 6


def test_somebody_who_is_not_visible_yet_is_activated_later(shop, central):
    made = visit(shop)
    central.people({"number": made.evidence.card.number, "name": CARD.name, "visible_after_s": 1.0})
    shop.desk.submit(made, None)
    wait_for_receipt(shop, made.visit, RequestStatus.PENDING)
    assert receipts(shop, made.visit)[0].code is Code.PERSON_NOT_YET_VISIBLE
    wait_for_receipt(shop, made.visit, RequestStatus.ACTIVATED)
    assert central.credentials(made.visit) == 1
    central.people()


def test_a_challenge_is_good_once(shop, central):
    first, second = visit(shop), visit(shop)
    second = replace(second, evidence=replace(second.evidence, challenge=first.evidence.challenge))
    shop.desk.submit(first, None)
    wait_for_receipt(shop, first.visit)
    shop.desk.submit(second, None)
    wait_for_receipt(shop, second.visit, RequestStatus.REFUSED)
    assert receipts(shop, second.visit)[0].code is Code.CHALLENGE_INVALID


def test_a_revoked_terminal_keeps_its_requests_and_tells(shop, central):
    central.command("revoke", shop.name)
    made = visit(shop)
    shop.desk.submit(made, None)
    shop.wait_for(DeviceFailed(Device.CENTRAL, Code.TERMINAL_REVOKED))
    assert shop.desk.counts() == Counts(waiting=1)
    assert central.credentials(made.visit) == 0

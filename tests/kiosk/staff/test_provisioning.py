"""From head office to the counter: a real central in a process of its own, the real line, the real roster."""

import time
from pathlib import Path

import pytest

from kiosk.activation import identity
from kiosk.activation.service import ActivationService
from kiosk.audit.log import AuditLog
from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.model import Clerk, Role
from kiosk.simulators.card_reader import READER
from kiosk.simulators.network_proxy import NetworkProxy
from kiosk.staff.roster import ROSTER_FILE, Roster, RosterIssuer
from kiosk.staff.roster_memory import RosterMemory
from kiosk.worker import Worker
from tests.support.activation_terminal import settings_of_terminal
from tests.support.central_server import running_central


@pytest.fixture(scope="module")
def central(tmp_path_factory):
    with running_central(tmp_path_factory.mktemp("central")) as running:
        yield running


class EnrolledTerminal:
    """An enrolled terminal's desk and roster, behind a line that can be cut."""

    def __init__(self, folder: Path, central, name: str) -> None:
        self.central, self.name, self.folder = central, name, folder
        self.line = NetworkProxy("127.0.0.1", central.port)
        url = f"https://127.0.0.1:{self.line.port}"
        self.keys = folder / "var" / "identity"
        identity.enrol(url, central.ca, name, central.enrol_code(name), self.keys, reader=READER)
        self.settings = settings_of_terminal(folder, name, url)
        self.audit = AuditLog(folder / "audit" / "audit.log")
        self.roster = self.make_roster()
        self.start()

    def make_roster(self) -> Roster:
        memory = RosterMemory(self.audit)
        return Roster(self.folder / "staff", self.settings.staff, self.trust, memory)

    def trust(self) -> RosterIssuer:
        who = identity.load(self.keys)
        return RosterIssuer(who.challenge_key, who.terminal)

    def start(self) -> None:
        self.desk = ActivationService(
            self.settings,
            versions={"kiosk": "0.1.0"},
            post=lambda _: None,
            take_roster=self.roster.accept,
            audit=self.audit,
        )
        self.worker = Worker("courier", self.desk.run).start()

    def stop(self) -> None:
        assert self.worker.stop()
        self.desk.close()

    def fetch(self) -> None:
        """A new start asks central at once."""
        self.stop()
        self.start()

    def sign_in(self, number: str, pin: str) -> Code:
        try:
            self.roster.sign_in(number, pin)
        except StaffError as error:
            return error.code
        return Code.OK

    def wait_until(self, true, seconds: float = 15.0) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.fixture
def shop(central, tmp_path, request):
    made = EnrolledTerminal(tmp_path, central, f"S-{abs(hash(request.node.name)) % 10**8}")
    yield made
    made.stop()
    made.line.close()


def added(central, *arguments: str) -> tuple[str, str]:
    said = central.command("clerk", "add", *arguments).split()
    return said[1], said[3]


def test_a_clerk_made_at_head_office_signs_in_at_the_counter_and_nowhere_else(shop, central):
    shop.wait_until(lambda: shop.roster.expires_unix() is not None)
    assert shop.roster.state() is Code.STAFF_NONE
    number, pin = added(central, shop.name, "--supervisor")
    central.enrol_code("S-elsewhere")
    stranger, strangers_pin = added(central, "S-elsewhere")
    shop.fetch()
    shop.wait_until(lambda: shop.roster.state() is Code.OK)
    assert shop.roster.sign_in(number, pin) == Clerk(number, Role.SUPERVISOR)
    assert shop.sign_in(stranger, strangers_pin) is Code.STAFF_REFUSED
    left = b"".join(p.read_bytes() for p in (shop.folder / "staff").iterdir())
    assert pin.encode() not in left


def test_without_a_line_the_roster_on_disk_serves_and_a_dismissal_arrives_with_the_line(shop, central):
    number, pin = added(central, shop.name)
    shop.fetch()
    shop.wait_until(lambda: shop.roster.state() is Code.OK)
    shop.line.down()
    shop.fetch()
    central.command("clerk", "disable", number)
    again = shop.make_roster()
    assert again.sign_in(number, pin).number == number, "central cannot be asked; its word of before holds"
    shop.line.up()
    shop.wait_until(lambda: shop.roster.state() is Code.STAFF_NONE)
    assert shop.sign_in(number, pin) is Code.STAFF_NONE


def test_another_terminals_roster_is_no_roster(shop, central, tmp_path_factory):
    number, pin = added(central, shop.name)
    shop.fetch()
    shop.wait_until(lambda: shop.roster.state() is Code.OK)
    other = EnrolledTerminal(tmp_path_factory.mktemp("other"), central, f"{shop.name}-b")
    try:
        other.wait_until(lambda: other.roster.expires_unix() is not None)
        token = (shop.folder / "staff" / ROSTER_FILE).read_text()
        (other.folder / "staff" / ROSTER_FILE).write_text(token)
        assert other.sign_in(number, pin) is Code.STAFF_ROSTER_ALTERED
    finally:
        other.stop()
        other.line.close()

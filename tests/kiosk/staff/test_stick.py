"""A terminal without a line works by USB stick: out with the requests, back with signed answers."""

import json
import os
import shutil
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import jwt
import pytest

from kiosk.activation.outbox import RequestState
from kiosk.audit.recorder import AuditRecorder
from kiosk.codes import Code
from kiosk.errors import StaffError
from kiosk.events import ReceiptArrived, Stored
from kiosk.model import RequestStatus
from tests.kiosk.staff.test_provisioning import EnrolledTerminal, added
from tests.support.activation_terminal import order_with_every_check, submit
from tests.support.central_server import running_central


@pytest.fixture(scope="module")
def central(tmp_path_factory):
    with running_central(tmp_path_factory.mktemp("central")) as running:
        yield running


def visit(shop):
    """Somebody checked the usual way."""
    return order_with_every_check(shop.desk.take_challenge)


class Away(EnrolledTerminal):
    """Enrolled and supplied with digits; then the line goes, for good."""

    def __init__(self, folder, central, name):
        self.events = []
        super().__init__(folder, central, name)
        self.wait_until(lambda: self.desk.counts() is not None and self.digits() > 0)
        self.line.down()
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.home = self.stick / f"kiosk-{name}"

    def digits(self):
        return self.desk._opened().pool.count(time.time())

    def customer(self):
        """A visit, stored here; its number."""
        stored = submit(self.desk, visit(self))
        assert isinstance(stored, Stored)
        AuditRecorder(self.audit).record_event(stored.request, stored)
        return stored.request

    def states(self):
        return {entry.id: entry.state for entry in self.desk.requests()}

    def export(self):
        return self.desk.export(self.stick, mounted_only=False)

    def import_answers(self):
        return self.desk.import_answers(self.stick, mounted_only=False)

    def office(self, *, refuses: bool = False):
        """What head office does with the stick; what it says."""
        if refuses:
            with pytest.raises(AssertionError) as caught:
                self.central.command("import-requests", str(self.stick), "--simulation")
            said = str(caught.value)
        else:
            said = self.central.command("import-requests", str(self.stick), "--simulation")
        self.central.command("export-receipts", str(self.stick), "--simulation", "--challenges", "7")
        return said


@pytest.fixture
def shop(central, tmp_path, request):
    made = Away(tmp_path, central, f"U-{abs(hash(request.node.name)) % 10**8}")
    yield made
    made.stop()
    made.line.close()


def test_there_and_back(shop, central):
    numbers = {shop.customer() for _ in range(3)}
    number, pin = added(central, shop.name)
    assert shop.export() == 3
    said = shop.office()
    assert said.count("ACTIVATED ok") == 3
    before = shop.digits()
    brought = shop.import_answers()
    assert (brought.receipts, brought.known, brought.altered) == (3, 0, 0)
    assert (brought.challenges, brought.roster) == (7, True)
    assert shop.digits() == before + 7
    assert shop.states() == dict.fromkeys(numbers, RequestState.DELIVERED)
    assert {entry.receipt.status for entry in shop.desk.requests()} == {RequestStatus.ACTIVATED}
    assert shop.roster.sign_in(number, pin).number == number
    assert all(central.credentials(slip) == 1 for slip in numbers)


def test_an_edited_roster_is_reported_and_not_accepted(shop, central):
    shop.customer()
    shop.export()
    shop.office()
    roster = shop.home / "answers" / "roster.jwt"
    roster.write_text(resign(roster.read_text(), typ="roster+jwt", members=[]))
    brought = shop.import_answers()
    assert (brought.receipts, brought.altered, brought.roster) == (1, 1, False)


def test_every_step_twice_changes_nothing_more(shop, central):
    number = shop.customer()
    assert shop.export() == shop.export() == 1
    shop.office()
    shop.office()
    assert shop.import_answers().receipts == 1
    assert (shop.import_answers().receipts, shop.import_answers().known) == (0, 1)
    assert central.credentials(number) == 1
    assert shop.export() == 0
    assert list((shop.home / "requests").iterdir()) == [], "what is delivered goes off the stick"


def test_stick_and_line_together_make_one_credential(shop, central):
    number = shop.customer()
    shop.export()
    shop.line.up()
    shop.wait_until(lambda: shop.states()[number] is RequestState.DELIVERED, 30)
    shop.office()
    assert shop.import_answers().known == 1
    assert central.credentials(number) == 1


def test_nothing_personal_and_no_second_terminal_can_read_it(shop):
    shop.customer()
    shop.export()
    (file,) = (shop.home / "requests").iterdir()
    letter = json.loads(file.read_bytes())
    body = json.loads(b64(letter["body"]))
    assert set(body["sealed"]) == {"key", "algorithm", "data"}
    assert not {"number", "name", "phone", "password"} & set(body)


def b64(text):
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("how", ["body", "token", "name", "cut", "other terminal"])
def test_central_refuses_what_was_altered_and_takes_the_rest(shop, central, how):
    bad, good = shop.customer(), shop.customer()
    shop.export()
    file = shop.home / "requests" / f"{bad}.json"
    letter = json.loads(file.read_bytes())
    if how == "body":
        body = b64(letter["body"]).replace(b'"simulated":true', b'"simulated": true')
        letter["body"] = urlsafe_b64encode(body).rstrip(b"=").decode()
    elif how == "token":
        letter["token"] = json.loads((shop.home / "requests" / f"{good}.json").read_bytes())["token"]
    elif how == "name":
        letter["id"] = "0" * 4 + letter["id"][4:]
    elif how == "other terminal":
        letter["terminal"] = "SOMEBODY-ELSE"
    text = json.dumps(letter)
    file.write_text(text[: len(text) // 2] if how == "cut" else text)
    said = shop.office(refuses=True)
    assert f"{bad}: refused" in said
    assert f"{good}: ACTIVATED ok" in said
    assert (central.credentials(bad), central.credentials(good)) == (0, 1)
    assert shop.import_answers().receipts == 1
    assert shop.states() == {bad: RequestState.WAITING, good: RequestState.DELIVERED}


def test_a_revoked_terminals_stick_is_refused(shop, central):
    number = shop.customer()
    shop.export()
    central.command("revoke", shop.name)
    assert "refused" in shop.office(refuses=True)
    assert central.credentials(number) == 0


def resign(token, key=None, typ="receipt+jwt", **claims):
    """The receipt over again with something changed, signed by nobody we know unless `key` says."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    old = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(old | claims, key or Ed25519PrivateKey.generate(), "EdDSA", headers={"typ": typ})


def test_the_terminal_refuses_receipts_that_central_did_not_sign_for_it(shop, central):
    from central.security import keys

    key = keys.load(central.data / "keys").challenge
    number, other = shop.customer(), shop.customer()
    shop.export()
    shop.office()
    answers = shop.home / "answers"
    file, true = answers / f"{number}.jwt", (answers / f"{number}.jwt").read_text()
    (answers / f"{other}.jwt").unlink()
    refused = {
        "another key": resign(true),
        "another kind": resign(true, key, typ="roster+jwt"),
        "another terminal": resign(true, key, aud="SOMEBODY-ELSE"),
        "another request": resign(
            true,
            key,
            receipt=jwt.decode(true, options={"verify_signature": False})["receipt"] | {"id": other},
        ),
        "edited": true[:-6] + ("AAAAAA" if true[-6:] != "AAAAAA" else "BBBBBB"),
        "cut": true[: len(true) // 2],
        "rubbish": "\x00\x01",
        "empty": "",
    }
    for name, token in refused.items():
        file.write_text(token)
        brought = shop.import_answers()
        assert (brought.receipts, brought.altered) == (0, 1), name
    assert shop.states()[number] is RequestState.WAITING
    shutil.copy(file, answers / "notes.txt")
    file.write_text(true)
    assert shop.import_answers().receipts == 1


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda shop: shutil.rmtree(shop.stick), Code.STICK_MISSING),
        (lambda shop: None, Code.STICK_EMPTY),
    ],
)
def test_no_stick_and_an_empty_one(shop, spoil, code):
    spoil(shop)
    with pytest.raises(StaffError) as caught:
        shop.import_answers()
    assert caught.value.code is code


def test_a_stick_that_cannot_be_written(shop):
    shop.customer()
    shop.home.write_text("a file where a folder should be")
    with pytest.raises(StaffError) as caught:
        shop.export()
    assert caught.value.code is Code.STICK_UNWRITABLE


@pytest.mark.parametrize("below", ["kiosk", "requests"])
def test_an_export_follows_no_link_and_deletes_nothing_behind_it(shop, tmp_path, below):
    victim = tmp_path / "victim"
    (victim / "requests").mkdir(parents=True)
    ours = (victim / "locks.json", victim / "requests" / "enrolment.json")
    for path in ours:
        path.write_text("ours")
    if below == "kiosk":
        shop.home.symlink_to(victim)
    else:
        shop.home.mkdir()
        (shop.home / "requests").symlink_to(victim)
    number = shop.customer()
    with pytest.raises(StaffError) as caught:
        shop.export()
    assert caught.value.code is Code.STICK_UNWRITABLE
    assert [path.read_text() for path in ours] == ["ours", "ours"]
    assert len(list(victim.rglob("*.json"))) == 2
    assert shop.states() == {number: RequestState.WAITING}


@pytest.mark.parametrize("name", ["{}.json", ".{}.json.new"])
def test_an_export_replaces_a_link_instead_of_writing_behind_it(shop, tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("ours")
    number = shop.customer()
    (shop.home / "requests").mkdir(parents=True)
    (shop.home / "requests" / name.format(number)).symlink_to(victim)
    assert shop.export() == 1
    assert victim.read_text() == "ours"
    assert json.loads((shop.home / "requests" / f"{number}.json").read_bytes())["id"] == number


def test_answers_behind_a_link_are_not_read(shop, central, tmp_path):
    number = shop.customer()
    shop.export()
    shop.office()
    (shop.home / "answers").rename(tmp_path / "elsewhere")
    (shop.home / "answers").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StaffError) as caught:
        shop.import_answers()
    assert caught.value.code is Code.STICK_ALTERED
    assert shop.states() == {number: RequestState.WAITING}


def test_pipes_links_and_endless_files_are_reported_and_the_rest_is_taken(shop, central, tmp_path):
    number = shop.customer()
    shop.export()
    shop.office()
    answers = shop.home / "answers"
    for name in ("challenges.json", "roster.jwt"):
        (answers / name).unlink()
    os.mkfifo(answers / "pipe.jwt")
    os.mkfifo(answers / "challenges.json")
    (answers / "link.jwt").symlink_to(tmp_path / "stick")
    (answers / "roster.jwt").symlink_to("/dev/zero")
    (answers / "long.jwt").write_bytes(b"x" * ((1 << 20) + 1))
    (answers / "folder.jwt").mkdir()
    brought = shop.import_answers()
    assert (brought.receipts, brought.altered, brought.challenges, brought.roster) == (1, 6, 0, False)
    assert shop.states() == {number: RequestState.DELIVERED}


def test_head_office_reads_and_writes_nothing_behind_a_link(shop, central, tmp_path):
    good = shop.customer()
    shop.export()
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "roster.jwt").write_text("ours")
    shutil.copy(shop.home / "requests" / f"{good}.json", victim)
    requests = shop.home / "requests"
    os.mkfifo(requests / "pipe.json")
    (requests / "link.json").symlink_to(victim / f"{good}.json")
    (shop.home / "answers").symlink_to(victim)
    other = shop.stick / "kiosk-OTHER"
    other.mkdir()
    (other / "requests").symlink_to(victim)
    with pytest.raises(AssertionError) as caught:
        central.command("import-requests", str(shop.stick), "--simulation")
    for line in ("pipe: refused", "link: refused", "kiosk-OTHER requests: refused", f"{good}: ACTIVATED ok"):
        assert line in str(caught.value)
    with pytest.raises(AssertionError, match="answers cannot be written"):
        central.command("export-receipts", str(shop.stick), "--simulation")
    assert sorted(path.name for path in victim.iterdir()) == [f"{good}.json", "roster.jwt"]
    assert (victim / "roster.jwt").read_text() == "ours"


def test_in_production_a_folder_of_our_own_disk_is_no_stick(shop: Away):
    with pytest.raises(StaffError) as caught:
        shop.desk.export(Path(shop.stick), mounted_only=True)
    assert caught.value.code is Code.STICK_MISSING
    assert not [e for e in shop.events if isinstance(e, ReceiptArrived)]

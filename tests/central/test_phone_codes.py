"""One-time codes for mobile numbers: what proves a number, what a thief of a key can do, what is kept."""

import http.server
import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update

from central.codes import Code
from central.fleet import alarms
from central.phones.codes import PhoneCodes, is_proved
from central.phones.driver import load_messages
from central.phones.http_gateway import HttpGateway
from central.phones.messages import CodeMessage
from central.phones.simulated import SimulatedMessages
from central.privacy import retention
from central.protocol.messages import PhoneCodeStatus, PhoneProofStatus
from central.security.personal_data import PersonalData
from central.settings import PhoneCodes as PhoneCodeSettings
from central.settings import Retention, Settings
from central.storage.database import Database
from central.storage.tables import Activation, PhoneCode, Terminal
from tests.support.central_server import RunningCentral, running_central
from tests.support.folder_contents import folder_contents
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import ProtocolTerminal, person, visit_number

PHONE, OTHER = "13987650001", "13987650002"
SENT, UNSENT, TOO_OFTEN = PhoneCodeStatus.SENT, PhoneCodeStatus.UNSENT, PhoneCodeStatus.TOO_OFTEN
PROVED, WRONG, EXPIRED = PhoneProofStatus.PROVED, PhoneProofStatus.WRONG, PhoneProofStatus.EXPIRED


class Inbox:
    """Stands in for the provider: keeps what it is given, or fails."""

    def __init__(self) -> None:
        self.messages: list[CodeMessage] = []
        self.broken = False

    def send(self, message: CodeMessage) -> None:
        if self.broken:
            raise OSError(f"no route for {message.phone}")
        self.messages.append(message)

    @property
    def code(self) -> str:
        return self.messages[-1].code


class Office:
    """`PhoneCodes` over an empty database, with a clock that the test moves."""

    def __init__(self, database_url: str, **limits: Any) -> None:
        self.now = 1e9
        self.inbox = Inbox()
        self.database = Database(database_url)
        with self.database.write() as session:
            session.add_all([Terminal(id="T"), Terminal(id="U")])
        self.personal_data = PersonalData(b"s" * 32)
        self.codes = PhoneCodes(
            database=self.database,
            personal_data=self.personal_data,
            port=self.inbox,
            settings=PhoneCodeSettings(**limits),
            clock=lambda: self.now,
        )

    def ask(self, visit: str = "V", phone: str = PHONE, terminal: str = "T") -> PhoneCodeStatus:
        return self.codes.send(visit, terminal, phone, "zh-Hans").status

    def type(self, code: str, visit: str = "V", phone: str = PHONE, terminal: str = "T") -> PhoneProofStatus:
        return self.codes.prove(visit, terminal, phone, code).status

    def proved(self, visit: str = "V", phone: str = PHONE) -> bool:
        with self.database.read() as session:
            return is_proved(session, visit, self.personal_data.phone(phone))


@pytest.fixture
def office(database_url: str):
    office = Office(database_url)
    yield office
    office.database.close()


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


# ── what proves a number ─────────────────────────────────────────────────────────────────────────


def test_the_code_that_was_sent_proves_the_number(office: Office) -> None:
    assert office.ask() is SENT
    [message] = office.inbox.messages
    assert (message.phone, len(message.code), message.code.isdigit()) == (PHONE, 6, True)
    assert message.code in message.text
    assert "5 分钟" in message.text
    assert not office.proved()
    assert office.type(message.code) is PROVED
    assert office.proved()
    assert not office.proved(phone=OTHER)
    assert not office.proved(visit="W")


def test_an_answer_that_was_lost_is_given_again(office: Office) -> None:
    office.ask()
    assert [office.type(office.inbox.code) for _ in range(2)] == [PROVED, PROVED]


def test_a_code_is_of_one_visit_one_number_and_one_terminal(office: Office) -> None:
    office.ask()
    code = office.inbox.code
    assert office.type(code, visit="W") is EXPIRED
    assert office.type(code, phone=OTHER) is EXPIRED
    assert office.type(code, terminal="U") is EXPIRED
    assert not office.proved()
    assert office.type(code) is PROVED


def test_a_code_expires(office: Office) -> None:
    office.ask()
    office.now += 300
    assert office.type(office.inbox.code) is EXPIRED
    assert not office.proved()


def test_a_newer_code_replaces_the_older(office: Office) -> None:
    office.ask()
    first = office.inbox.code
    office.now += 60
    assert office.ask() is SENT
    if first != office.inbox.code:
        assert office.type(first) is WRONG
    assert office.type(office.inbox.code) is PROVED


def test_guessing_ends_after_five_tries_also_for_the_right_code(office: Office) -> None:
    office.ask()
    wrong = another(office.inbox.code)
    replies = [office.codes.prove("V", "T", PHONE, wrong) for _ in range(6)]
    assert [reply.tries_left for reply in replies] == [4, 3, 2, 1, 0, 0]
    assert [reply.status for reply in replies] == [WRONG] * 5 + [EXPIRED]
    assert office.type(office.inbox.code) is EXPIRED


def test_a_code_that_the_provider_did_not_take_is_told(office: Office, caplog) -> None:
    office.inbox.broken = True
    assert office.ask() is UNSENT
    assert PHONE not in caplog.text
    assert "OSError" in caplog.text


def test_without_a_provider_no_number_is_proved(database_url: str) -> None:
    office = Office(database_url)
    office.codes._port = None
    assert office.ask() is PhoneCodeStatus.OFF
    assert office.type("000000") is EXPIRED


# ── who may ask how often ────────────────────────────────────────────────────────────────────────


def test_the_same_number_waits_a_minute(office: Office) -> None:
    assert office.ask() is SENT
    office.now += 20
    reply = office.codes.send("V", "T", PHONE, "en")
    assert (reply.status, reply.again_s) == (TOO_OFTEN, 40.0)
    assert office.ask(visit="W") is TOO_OFTEN  # … in whatever visit
    assert office.ask(phone=OTHER) is SENT
    office.now += 40
    assert office.ask() is SENT


@pytest.mark.parametrize(
    ("limit", "visits", "phones", "terminals"),
    [
        ("a_visit", "VVVV", "1234", "TTTT"),
        ("a_phone_an_hour", "VWXY", "1111", "TUTU"),
        ("a_phone_a_day", "VWXY", "1111", "TUTU"),
        ("a_terminal_an_hour", "VWXY", "1234", "TTTT"),
        ("an_hour", "VWXY", "1234", "TUTU"),
    ],
)
def test_every_limit_ends_the_sending(
    database_url: str, limit: str, visits: str, phones: str, terminals: str
) -> None:
    office = Office(database_url, **{limit: 3})
    replies = []
    for visit, phone, terminal in zip(visits, phones, terminals, strict=True):
        replies.append(office.codes.send(visit, terminal, f"1398765000{phone}", "zh-Hans"))
        office.now += 61
    assert [reply.status for reply in replies] == [SENT, SENT, SENT, TOO_OFTEN]
    assert replies[3].again_s is None
    assert len(office.inbox.messages) == 3
    office.now += 86_400
    assert office.codes.send("Z", terminals[0], f"1398765000{phones[0]}", "zh-Hans").status is SENT


def test_what_the_provider_did_not_take_counts_too(database_url: str) -> None:
    office = Office(database_url, a_visit=2, again_s=0)
    office.inbox.broken = True
    assert [office.ask() for _ in range(3)] == [UNSENT, UNSENT, TOO_OFTEN]


# ── over the wire ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def local(tmp_path: Path, database_url: str):
    central = InProcessCentral(tmp_path, database_url=database_url)
    yield central, InProcessTerminal(central)
    central.close()


def received(central: InProcessCentral, phone: str) -> list[dict[str, Any]]:
    answer = central.client.request("GET", f"/simulation/messages?phone={phone}")
    assert answer.status_code == 200
    return list(answer.json())


def proved_column(central: InProcessCentral, visit: str) -> bool | None:
    with central.service.database.read() as session:
        return session.scalar(select(Activation.phone_proved).where(Activation.id == visit))


def prove(central: InProcessCentral, terminal: ProtocolTerminal, visit: str, phone: str) -> None:
    assert terminal.ask_phone_code(visit, phone).json()["status"] == "sent"
    code = received(central, phone)[-1]["code"]
    assert terminal.prove_phone(visit, phone, code).json() == {"status": "proved", "tries_left": 0}


def test_an_activation_records_whether_the_number_was_proved(local) -> None:
    central, terminal = local
    visits = {}
    for proof in (PHONE, OTHER, None):
        visit = visit_number()
        if proof:
            prove(central, terminal, visit, proof)
        who = person(phone=PHONE)
        sent = terminal.activation(who, id=visit, sealed=terminal.seal(who, visit))
        assert terminal.activate(sent).json()["status"] == "ACTIVATED"
        visits[proof] = proved_column(central, visit)
    assert visits == {PHONE: True, OTHER: False, None: False}


def test_a_required_proof_that_is_missing_is_refused(local) -> None:
    central, terminal = local
    rules = central.service.settings.phone_codes.model_copy(update={"policy": "required"})
    settings = central.service.settings.model_copy(update={"phone_codes": rules})
    central.service.activations._settings = settings
    central.service.phone_codes._settings = rules
    visit, who = visit_number(), person(phone=PHONE)
    assert terminal.ask_phone_code(visit, PHONE).json()["required"] is True
    code = received(central, PHONE)[-1]["code"]
    terminal.prove_phone(visit, PHONE, code)
    good = terminal.activation(who, id=visit, sealed=terminal.seal(who, visit))
    assert terminal.activate(good).json()["status"] == "ACTIVATED"
    receipt = terminal.activate(terminal.activation(person(phone=PHONE))).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "phone.unproved")


def test_a_part_that_was_sealed_for_something_else_does_not_open(local) -> None:
    _, terminal = local
    visit = visit_number()
    for sealed in (
        terminal.seal({"phone": PHONE}, visit),  # as for an activation
        terminal.seal({"phone": PHONE}, visit_number(), purpose="phone-v1"),
        terminal.seal({"phone": "+1900555"}, visit, purpose="phone-v1"),
        terminal.seal({"phone": PHONE, "more": 1}, visit, purpose="phone-v1"),
    ):
        for answer in (
            terminal.ask_phone_code(visit, PHONE, sealed=sealed),
            terminal.prove_phone(visit, PHONE, "000000", sealed=sealed),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, "evidence.unsealable")
            assert PHONE not in answer.text


def test_a_stranger_and_a_held_terminal_get_no_code_sent(local) -> None:
    central, terminal = local
    assert central.client.request("POST", "/v1/phone-codes", content=b"{}").status_code == 401
    with central.service.database.write() as session:
        kind = alarms.AlarmKind.SHORT
        alarms.raise_implausible(session, terminal.name, visit_number(), kind, "", 1.0)
    answer = terminal.ask_phone_code(visit_number(), PHONE)
    assert (answer.status_code, answer.json()["code"]) == (409, "terminal.held")
    assert received(central, PHONE) == []


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────


def test_neither_number_nor_code_is_kept_or_logged(tmp_path: Path) -> None:
    with provider() as (url, requests):
        settings = f"""
[phone_codes]
driver = "http"
[phone_codes.options]
url = "{url}"
body = '{{"to": "{{phone}}", "code": "{{code}}"}}'
"""
        with running_central(tmp_path, simulation=False, settings=settings) as central:
            terminal = ProtocolTerminal(central)
            visit = visit_number()
            assert terminal.ask_phone_code(visit, PHONE).json()["status"] == "sent"
            code = json.loads(requests[0]["body"])["code"]
            assert terminal.prove_phone(visit, PHONE, another(code)).json()["status"] == "wrong"
            assert terminal.prove_phone(visit, PHONE, code).json()["status"] == "proved"
            rows = central.rows("SELECT * FROM phone_codes")
            central.stop()
            files = folder_contents(central.data) | {central.log: central.log.read_bytes()}
    assert json.loads(requests[0]["body"])["to"] == PHONE
    assert len(rows) == 1
    assert code not in rows[0]
    for path, content in files.items():
        assert PHONE.encode() not in content, path
    assert code.encode() not in files[central.log]


def test_codes_are_erased_after_a_day_and_proofs_after_thirty(office: Office, tmp_path: Path) -> None:
    day = 86_400.0
    office.ask()
    office.type(office.inbox.code)
    office.ask(visit="W", phone=OTHER)
    left = []
    for days in (0.5, 1.5, 31):
        key = Ed25519PrivateKey.generate()
        retention.erase(office.database, key, Retention(), 1e9 + days * day)
        with office.database.read() as session:
            left.append(sorted(session.scalars(select(PhoneCode.visit))))
    assert left == [["V", "W"], ["V"], []]


def test_a_code_is_stored_as_a_keyed_hash_of_visit_number_and_code(office: Office) -> None:
    office.ask()
    with office.database.write() as session:
        [row] = session.scalars(select(PhoneCode))
        expected = office.personal_data.one_time_code("V", PHONE, office.inbox.code)
        assert row.code == expected
        assert PersonalData(b"t" * 32).one_time_code("V", PHONE, office.inbox.code) != expected
        session.execute(update(PhoneCode).values(visit="W"))  # moved by somebody who can write the database
    assert office.type(office.inbox.code, visit="W") is WRONG


# ── providers ────────────────────────────────────────────────────────────────────────────────────


class provider:
    """A provider's HTTP interface on this machine."""

    def __init__(self, status: int = 200, answer: str = '{"status": "OK"}', location: str = "") -> None:
        requests: list[dict[str, Any]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length).decode()
                requests.append({"body": body, "headers": dict(self.headers), "path": self.path})
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._entered = f"http://127.0.0.1:{self._server.server_port}/send", requests
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> tuple[str, list[dict[str, Any]]]:
        self._thread.start()
        return self._entered

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


MESSAGE = CodeMessage(phone=PHONE, language="en", code="204861", text='Your "code" & 204861')
BODY = '{"to": "+86{phone}", "text": "{text}", "values": ["{code}"]}'


def test_the_gateway_fills_the_providers_form(tmp_path: Path) -> None:
    secrets = tmp_path / "headers"
    secrets.write_text("Authorization: Bearer abc:def\n")
    secrets.chmod(0o600)
    with provider() as (url, requests):
        HttpGateway(url=url, body=BODY, headers_file=str(secrets), accepted='"status": *"OK"').send(MESSAGE)
        HttpGateway(url=url, body="to={phone}&text={text}", content_type=FORM).send(MESSAGE)
    as_json, as_form = requests
    assert json.loads(as_json["body"]) == {"to": f"+86{PHONE}", "text": MESSAGE.text, "values": ["204861"]}
    assert as_json["headers"]["Authorization"] == "Bearer abc:def"
    assert as_form["body"] == f"to={PHONE}&text=Your%20%22code%22%20%26%20204861"


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("status", "answer", "location"),
    [
        (200, '{"status": "LIMIT"}', ""),
        (500, '{"status": "OK"}', ""),
        (302, '{"status": "OK"}', "http://127.0.0.1:9/"),
    ],
)
def test_what_the_provider_does_not_take_fails(status: int, answer: str, location: str) -> None:
    with (
        provider(status, answer, location) as (url, _),
        pytest.raises((ValueError, OSError)) as failed,
    ):
        HttpGateway(url=url, body=BODY, accepted='"status": *"OK"').send(MESSAGE)
    assert PHONE not in str(failed.value)


@pytest.mark.parametrize(
    "options",
    [
        {"url": "http://sms.example/send", "body": BODY},
        {"url": "https://sms.example/send", "body": "{}"},
        {"url": "https://sms.example/send", "body": BODY, "content_type": "text/plain"},
    ],
)
def test_options_that_cannot_work_are_named(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"phone_codes\.options"):
        HttpGateway(**options)


def test_headers_that_others_can_read_are_refused(tmp_path: Path) -> None:
    secrets = tmp_path / "headers"
    secrets.write_text("Authorization: Bearer abc\n")
    secrets.chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        HttpGateway(url="https://sms.example", body=BODY, headers_file=str(secrets))


def test_simulated_messages_are_for_simulation_and_for_central_only(tmp_path: Path) -> None:
    simulated = load_messages(Settings(data=tmp_path, simulation=True))
    assert isinstance(simulated, SimulatedMessages)
    simulated.send(MESSAGE)
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one["code"] for one in simulated.received(PHONE)] == ["204861"]
    assert load_messages(Settings(data=tmp_path)) is None
    for driver in ("simulated", "pigeon"):
        settings = Settings(data=tmp_path, phone_codes=PhoneCodeSettings(driver=driver))
        with pytest.raises(LookupError, match=driver):
            load_messages(settings)


def test_nothing_personal_is_in_what_a_message_prints(caplog) -> None:
    logging.getLogger("central").error("%s", MESSAGE)
    assert PHONE not in caplog.text
    assert MESSAGE.code not in caplog.text


def test_the_code_of_a_missing_proof_is_known() -> None:
    assert Code("phone.unproved") is Code.PHONE_UNPROVED


def test_real_requests_over_https(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    visit, phone = visit_number(), "13987650009"
    assert terminal.ask_phone_code(visit, phone).json()["status"] == "sent"
    message = central.get(f"/simulation/messages?phone={phone}")[-1]
    assert message["code"] in message["text"]
    assert terminal.prove_phone(visit, phone, message["code"]).json()["status"] == "proved"

"""Owners' pages: who gets in, what is shown and done there, what nobody else can do."""

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy.exc import OperationalError

from central.authentication import parties
from central.authentication.levels import Level
from central.credentials import lifecycle, reference_pictures, suspension
from central.credentials.suspension import By
from central.owners import sessions
from central.storage.authentication_tables import FaceConsent, Recording, RecordingChunk, Subject
from central.storage.owner_tables import CredentialAct, OwnerSession, Use
from central.storage.tables import Activation, Credential, Erasure
from tests.central.test_lifecycle import wish
from tests.support.in_process_central import InProcessCentral, InProcessTerminal
from tests.support.protocol_terminal import person

ORIGIN = "https://central.test"
UNCHECKED = {"verify_signature": False}


class World:
    """Central in this process, a terminal, and an owner whose credential it opened."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.central = InProcessCentral(folder, database_url=database_url)
        self.service = self.central.service
        self.terminal = InProcessTerminal(self.central, "GZ-0001")
        self.who: dict[str, Any] = person()
        self.receipt = self.open(self.who)
        self._runner = asyncio.Runner()
        self.browser = self.new_browser()

    def open(self, who: dict[str, Any]) -> dict[str, Any]:
        receipt = dict(self.terminal.activate(self.terminal.activation(who)).json())
        assert receipt["status"] == "ACTIVATED", receipt
        return receipt

    def new_browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.central.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Accept-Language": "en"})

    def get(self, path: str) -> httpx.Response:
        return self._runner.run(self.browser.get(path))

    def post(self, path: str, origin: str = ORIGIN, **fields: str) -> httpx.Response:
        return self._runner.run(self.browser.post(path, data=fields, headers={"Origin": origin}))

    def log_in(self, **other: str) -> httpx.Response:
        fields = {"number": self.receipt["id"], "password": self.who["password"]} | other
        return self.post("/owner/log-in", **fields)

    def page(self) -> str:
        answer = self.get("/owner/credential")
        assert answer.status_code == 200, answer.text
        return answer.text

    def row(self) -> Credential:
        with self.service.database.read() as session:
            return session.get_one(Credential, self.receipt["credential"])

    def notices(self, phone: str) -> list[str]:
        return [one["text"] for one in self.service.messages.received(phone)]  # type: ignore[union-attr]

    def close(self) -> None:
        self._runner.run(self.browser.aclose())
        self._runner.close()
        self.central.close()


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    made = World(tmp_path, database_url)
    yield made
    made.close()


# ── getting in ───────────────────────────────────────────────────────────────────────────────────


def test_an_owner_gets_in_with_the_slip_and_the_password(world: World) -> None:
    assert world.get("/owner").status_code == 200
    answer = world.log_in(number=world.receipt["id"].lower().replace("-", " "))
    assert (answer.status_code, answer.headers["location"]) == (303, "/owner/credential")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-owner=")
    for flag in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert flag in cookie
    text = world.page()
    assert "In use" in text
    assert world.receipt["credential"] in text
    assert world.who["phone"][-4:] in text
    for secret in (world.who["phone"], world.who["number"]):
        assert secret not in text


@pytest.mark.parametrize("wrong", ["number", "password", "malformed"])
def test_all_that_is_wrong_gets_one_answer(world: World, wrong: str) -> None:
    other = {
        "number": {"number": "0000-0000-0000-0000"},
        "password": {"password": "00000000"},
        "malformed": {"number": "'; --", "password": "x" * 200},
    }[wrong]
    answer = world.log_in(**other)
    assert answer.status_code == 403
    assert "Number or password is wrong" in answer.text
    assert "set-cookie" not in answer.headers
    assert "Log in" in world.get("/owner/credential").text


def test_after_five_wrong_passwords_the_right_one_waits_an_hour(world: World) -> None:
    for _ in range(lifecycle.TRIES):
        assert world.log_in(password="00000000").status_code == 403
    answer = world.log_in()
    assert answer.status_code == 429
    assert "Too many tries" in answer.text


def test_the_number_of_another_credential_opens_only_that(world: World) -> None:
    other = world.open(person())
    assert world.log_in(number=other["id"], password="99999999").status_code == 403
    assert world.row().tries == 0, "a stranger's tries do not count against this owner"


def test_a_session_ends_by_time_and_by_logging_out(world: World) -> None:
    world.log_in()
    with world.service.database.write() as session:
        session.query(OwnerSession).update({"expires_unix": time.time() - 1})
    answer = world.get("/owner/credential")
    assert answer.status_code == 403
    assert "logged out for safety" in answer.text
    world.log_in()
    world.page()
    secret = world.browser.cookies["__Host-owner"]
    assert world.post("/owner/log-out").status_code == 303
    world.browser.cookies.set("__Host-owner", secret, domain="central.test")
    assert world.get("/owner/credential").status_code == 403


def test_a_form_of_another_site_is_refused(world: World) -> None:
    world.log_in()
    for origin in ("https://evil.test", "null", "http://central.test"):
        assert world.post("/owner/end", origin=origin).status_code == 403
    assert world.row().revoked_unix is None


def test_without_a_session_nothing_is_done(world: World) -> None:
    for path in ("suspend", "resume", "forget", "end", "erase", "download", "phone/code"):
        assert "Log in" in world.post(f"/owner/{path}", phone="13900000000", code="1").text
    assert world.post("/owner/phone", phone="13900000000").status_code == 200
    assert world.row().revoked_unix is None
    assert world.get("/owner/steal").status_code == 422


# ── what an owner does ───────────────────────────────────────────────────────────────────────────


def test_suspending_and_resuming_is_recorded_and_told(world: World) -> None:
    world.log_in()
    assert "Suspend your online ID?" in world.get("/owner/suspend").text
    assert "is suspended" in world.post("/owner/suspend").text
    person_hash = world.row().person
    with world.service.database.read() as session:
        assert suspension.is_suspended(session, person_hash)
    assert "in use again" in world.post("/owner/resume").text
    assert world.post("/owner/resume").status_code == 409
    with world.service.database.read() as session:
        assert not suspension.is_suspended(session, person_hash)
        acts = [(row.act, row.by) for row in session.query(CredentialAct).order_by(CredentialAct.id)]
    assert acts == [("suspend", "owner"), ("resume", "owner")]
    suspended, resumed = world.notices(world.who["phone"])
    assert "suspended" in suspended
    assert "in use again" in resumed


def test_what_an_operator_suspended_only_an_operator_lifts(world: World) -> None:
    with world.service.database.write() as session:
        row = session.get_one(Credential, world.receipt["credential"])
        assert suspension.suspend(session, row, By.OPERATOR, time.time(), "reported stolen")
    world.log_in()
    text = world.page()
    assert "Suspended by the operator" in text
    assert "reported stolen" in text
    assert "/owner/resume" not in text
    assert world.post("/owner/resume").status_code == 409
    renewed = world.terminal.activate(wish(world.terminal, world.who, "renew")).json()
    with world.service.database.write() as session:
        new = session.get_one(Credential, renewed["credential"])
        assert new.suspended_by == "operator", "another credential is no way around"
        assert suspension.resume(session, new, By.OPERATOR, time.time(), "cleared")


def test_ending_erases_the_kept_picture_and_cannot_be_undone(world: World) -> None:
    row = world.row()
    with world.service.database.write() as session:
        reference_pictures.keep(
            session, world.service.personal_data, person=row.person, credential=row.serial,
            picture=b"\xff\xd8jpeg", consent_sha256="0" * 64, now=time.time(),
        )  # fmt: skip
    world.log_in()
    assert "Erase the kept picture" in world.page()
    assert "has ended" in world.post("/owner/end").text
    assert world.row().revoked_unix is not None
    with world.service.database.read() as session:
        assert reference_pictures.kept_since(session, row.person) is None
    text = world.page()
    assert "/owner/resume" not in text
    assert "/owner/end" not in text
    assert world.post("/owner/end").status_code == 409


def test_the_kept_picture_alone_can_be_erased(world: World) -> None:
    row = world.row()
    world.log_in()
    assert world.post("/owner/forget").status_code == 409, "there is none"
    with world.service.database.write() as session:
        reference_pictures.keep(
            session, world.service.personal_data, person=row.person, credential=row.serial,
            picture=b"\xff\xd8jpeg", consent_sha256="0" * 64, now=time.time(),
        )  # fmt: skip
    assert "The picture is erased" in world.post("/owner/forget").text
    assert world.row().revoked_unix is None


def test_another_number_counts_once_its_code_is_typed(world: World) -> None:
    world.log_in()
    new = "13911112222"
    assert world.post("/owner/phone", phone="12345").status_code == 422
    assert new in world.post("/owner/phone", phone=new).text
    (message,) = world.service.messages.received(new)  # type: ignore[union-attr]
    assert "page that you opened" in message["text"]
    wrong = "000000" if message["code"] != "000000" else "111111"
    assert "The code is wrong" in world.post("/owner/phone/code", phone=new, code=wrong).text
    other = world.post("/owner/phone/code", phone="13933334444", code=message["code"])
    assert "no longer valid" in other.text, "it proves the number that it was sent to"
    assert new[-4:] in world.post("/owner/phone/code", phone=new, code=message["code"]).text
    row = world.row()
    assert world.service.personal_data.decrypt(row.phone, row.serial) == new
    assert any("changed" in text for text in world.notices(world.who["phone"])), "the old number is warned"


def test_the_download_is_what_is_held(world: World) -> None:
    with world.service.database.write() as session:
        parties.register(
            session, id="permit", name="E-permit", purpose="card", levels=[Level.FACE], jwks=None,
            redirect_uris=["https://permit.test/back"], now=1.0,
        )  # fmt: skip
        session.add(Use(person=world.row().person, party="permit", level=Level.FACE.value, at_unix=5.0))
    world.log_in()
    assert "E-permit · face and digits" in world.page()
    answer = world.post("/owner/download")
    held = json.loads(answer.content)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert held["phone"] == world.who["phone"]
    assert [use["party"] for use in held["uses"]] == ["E-permit"]
    assert "Your data was downloaded" in world.page()


def test_erasing_leaves_nothing_but_the_receipt(world: World) -> None:
    person_hash = world.row().person
    with world.service.database.write() as session:
        session.add(
            FaceConsent(request="r", person=person_hash, party="p", language="en", sha256="0", at_unix=1.0)
        )
        session.add(
            Recording(id="c", request="r", person=person_hash, party="p", state="active", started_unix=1.0)
        )
        session.add(Subject(sector="party.test", person=person_hash, subject="s"))
        session.flush()
        session.add(
            RecordingChunk(recording="c", number=0, sha256="0", size=1, data=b"x", arrived_unix=time.time())
        )
    world.log_in()
    answer = world.post("/owner/erase")
    assert "Your data is erased" in answer.text
    assert re.search(r"stays until \d{4}-\d{2}-\d{2}", answer.text)
    row = world.row()
    assert (row.person, row.phone, row.password) == ("", b"", "")
    with world.service.database.read() as session:
        activation = session.get_one(Activation, world.receipt["id"])
        assert (activation.person, activation.evidence) == (None, "")
        assert session.query(OwnerSession).count() == 0
        (receipt,) = [jwt.decode(one.token, options=UNCHECKED) for one in session.query(Erasure)]
        assert (receipt["kind"], receipt["by"]) == ("one person", "page")
        for table in (FaceConsent, Recording, RecordingChunk, Subject):
            assert session.query(table).count() == 0
        assert session.query(Use).filter_by(person=person_hash).count() == 0
    assert world.get("/owner/credential").status_code == 403
    assert world.log_in().status_code == 403
    # The person may come again, and what was asked before the erasure opens nothing.
    assert world.open(world.who)["credential"] != world.receipt["credential"]


def test_a_replaced_credential_is_managed_by_its_newest_slip(world: World) -> None:
    renewal = world.terminal.activate(wish(world.terminal, world.who, "renew")).json()
    world.log_in()
    assert "Ended" in world.page(), "the old one"
    world.log_in(number=renewal["id"])
    assert renewal["credential"] in world.page()


@pytest.mark.parametrize(
    "path", ["log-in", "download", "phone", "phone/code", "suspend", "resume", "forget", "end", "erase"]
)
def test_a_database_that_fails_is_no_lost_login(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log_in()

    def fail(*_: object) -> None:
        raise OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))

    fields = {"number": world.receipt["id"], "password": world.who["password"], "phone": "13911112222"}
    with monkeypatch.context() as broken:
        broken.setattr(type(world.service.database), "write", fail)
        answer = world.post(f"/owner/{path}", **fields, code="123456")
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert "Not possible now" in answer.text
        assert world.receipt["credential"] not in answer.text
    assert "In use" in world.page()


# ── the look of it ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_a_language_stays_once_it_is_chosen(world: World, language: str) -> None:
    assert f'lang="{language}"' in world.get(f"/owner?language={language}").text
    assert f'<html lang="{language}"' in world.get("/owner").text


def test_the_look_up_page_leads_to_the_login(world: World) -> None:
    found = world.get(f"/look-up/{world.receipt['id']}").text
    (link,) = re.findall(r'href="(/owner\?[^"]+)"', found)
    assert f'value="{world.receipt["id"]}"' in world.get(link.replace("&amp;", "&")).text


def test_nothing_from_elsewhere_and_no_script(world: World) -> None:
    world.log_in()
    answer = world.get("/owner/credential")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert not re.findall(r"https?://|<script|style=", answer.text)


def test_a_session_of_a_credential_that_was_erased_is_over(world: World) -> None:
    world.log_in()
    secret = world.browser.cookies["__Host-owner"]
    with world.service.database.write() as session:
        session.query(Credential).update({"password": ""})
    with pytest.raises(sessions.NotLoggedIn):
        world.service.owners.state(secret)

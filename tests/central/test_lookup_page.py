"""The look-up page for each state of a request, each language, and whatever is typed."""

import itertools
import json
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from central.api import lookup_page, slip_number
from central.codes import Code
from central.privacy import retention
from central.protocol.messages import Purpose
from central.settings import Requests, Retention
from central.storage.tables import Activation, Credential, LostRequest, Status
from kiosk.model import Language, Outcome, Way, outcome_key
from kiosk.model import Purpose as KioskPurpose
from kiosk.phrases import load
from kiosk.ui import look_up_document
from tests.support.central_server import RunningCentral
from tests.support.in_process_central import InProcessCentral
from tests.support.protocol_terminal import ProtocolTerminal, person, visit_number

FOLDER = Path(lookup_page.__file__).parent
PHRASES = tomllib.loads((FOLDER / "look_up.toml").read_text(encoding="utf-8"))
PALETTE = Path("resources/style/palette.toml")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
NUMBER = "7K3M-9Q2P-40TX-1A01"


@pytest.fixture
def local(tmp_path: Path, database_url: str):
    central = InProcessCentral(tmp_path, database_url=database_url)
    central.enrol_code("T")
    yield central
    central.close()


def page(central: InProcessCentral, path: str, **headers: str) -> tuple[int, str]:
    answer = central.client.request("GET", path, headers=headers)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.status_code, answer.text


def put(central: InProcessCentral, number: str, **columns: Any) -> None:
    values = {"terminal": "T", "body_sha256": "0" * 64, "evidence": "", "received_unix": 1.0, "at_unix": 1.0}
    with central.service.database.write() as session:
        session.add(Activation(id=number, **(values | columns)))


def put_credential(central: InProcessCentral, number: str, **columns: Any) -> None:
    values = {"person": "p", "phone": b"x", "password": "s", "simulated": True, "opened_unix": 1.0}
    put(central, number, status="ACTIVATED", credential=number)
    with central.service.database.write() as session:
        session.add(Credential(serial=number, activation=number, **(values | columns)))


def test_the_page_shows_each_state(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who, absent = person(), person()
    central.people(
        {"number": who["number"], "name": who["name"]}, {"number": absent["number"], "visible_after_s": 90}
    )
    done = terminal.activate(terminal.activation(who)).json()["id"]
    waiting = terminal.activate(terminal.activation(absent)).json()["id"]
    refused = terminal.activate(terminal.activation(who)).json()["id"]
    assert "网证已开通" in central.get(f"/look-up/{done}")
    assert "Your online ID is activated" in central.get(f"/look-up/{done.lower()}?language=en")
    assert re.search(r"下次查询：\d{4}-\d\d-\d\d\s\d\d:\d\d。", central.get(f"/look-up/{waiting}"))
    assert "您已经有网证" in central.get(f"/look-up?number={refused.replace('-', '%20')}")
    assert "演示系统" in central.get(f"/look-up/{done}")
    assert who["name"] not in central.get(f"/look-up/{done}")


def test_every_state_that_the_database_can_hold_has_a_page(local: InProcessCentral) -> None:
    """Each status with each code and evidence: whole, erased, of another version, unreadable."""
    evidence = (
        "",
        json.dumps({"way": "voice", "purpose": "renew", "reviews": [{}]}),
        json.dumps({"way": "by letter", "purpose": "by letter", "reviews": None}),
        json.dumps({"way": None, "purpose": None}),
        '{"cut off',
        "[]",
    )
    times = (None, 1.9e9, 1e300, -1e12)
    numbers = []
    with local.service.database.write() as session:
        for status, code, text, at in itertools.product(Status, Code, evidence, times):
            numbers.append(visit_number())
            row = Activation(id=numbers[-1], terminal="T", body_sha256="", evidence=text, received_unix=1.0)
            row.status, row.code, row.recheck_unix = status.value, code.value, at
            session.add(row)
    wrong = [number for number in numbers[::7] if page(local, f"/look-up/{number}")[0] != 200]
    assert not wrong


@pytest.mark.parametrize("status", Status)
def test_a_request_whose_data_was_erased_has_a_page(local: InProcessCentral, status: Status) -> None:
    purposes = {"": visit_number()} | {purpose.value: visit_number() for purpose in Purpose}
    for purpose, number in purposes.items():
        whole = json.dumps({"way": "voice", "purpose": purpose}) if purpose else ""
        put(local, number, status=status.value, evidence=whole)
    ended, replaced = visit_number(), visit_number()
    put_credential(local, ended, revoked_unix=2.0)
    put_credential(local, replaced, revoked_unix=2.0, replaced_by="other")
    key = local.service.keys.challenge
    assert retention.erase(local.service.database, key, Retention(), time.time())
    for number in (*purposes.values(), ended, replaced):
        status_code, text = page(local, f"/look-up/{number}")
        assert status_code == 200
        assert number[:4] in text


def test_a_lost_request_has_a_page(local: InProcessCentral) -> None:
    with local.service.database.write() as session:
        session.add(LostRequest(terminal="T", visit=NUMBER, told_unix=1.0))
    assert "申请丢失了" in page(local, f"/look-up/{NUMBER}")[1]


@pytest.mark.parametrize(
    "typed",
    [
        "7k3m9q2p40tx1a01",
        " 7K3M 9Q2P 40TX 1A01 ",
        "7K3M-9Q2P-4OTX-IA0l",  # O, I and l for 0, 1 and 1
        "７Ｋ３Ｍ－９Ｑ２Ｐ－４０ＴＸ－１Ａ０１",
        "7K3M—9Q2P—40TX—1A01",
    ],
)
def test_a_number_is_found_however_it_is_typed(local: InProcessCentral, typed: str) -> None:
    put(local, NUMBER, status="PENDING", code="authority.unavailable", recheck_unix=1.9e9)
    answer = local.client.request("GET", "/look-up", params={"number": typed})
    assert answer.status_code == 200
    assert "已受理，正在核对" in answer.text


def test_what_is_no_number_looks_like_a_number_that_is_not_known(local: InProcessCentral) -> None:
    """A stranger learns from the page whether a number is known, and not what numbers look like inside."""
    unknown = visit_number()
    said = page(local, "/look-up")[0], page(local, f"/look-up?number={unknown}")
    assert said[0] == 200
    assert said[1][0] == 404
    for typed in (
        "nonsense",
        "7K3M-9Q2P-40TX-1A0",
        "7K3M-9Q2P-40TX-1A0U",
        "%00",
        "%ff",
        "1" * 5000,
        "%E5%BC%A0",
    ):
        status, text = page(local, f"/look-up?number={typed}")
        value = re.compile(r'value="[^"]*" maxlength')
        assert (status, value.sub("", text)) == (404, value.sub("", said[1][1]))
        assert page(local, f"/look-up/{typed}")[0] == 404


def test_what_was_typed_cannot_become_part_of_the_page(local: InProcessCentral) -> None:
    for path in ("/look-up/", "/look-up?number=", "/look-up?language="):
        text = page(local, path + "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")[1]
        assert "<script" not in text.lower()
        assert 'value="">' not in text


def test_the_first_page_asks_for_the_number(local: InProcessCentral) -> None:
    for path in ("/look-up", "/look-up/", "/look-up?number=%20"):
        status, text = page(local, path)
        assert status == 200
        assert '<input id="number" name="number"' in text
        assert '<label for="number">' in text


def test_too_many_questions_get_a_page_that_says_so(tmp_path: Path) -> None:
    central = InProcessCentral(tmp_path, Requests(strangers_per_s=1e-6, strangers_burst=2))
    answers = [central.client.request("GET", f"/look-up/{NUMBER}") for _ in range(3)]
    assert [one.status_code for one in answers] == [404, 404, 429]
    assert "请过一分钟再查" in answers[2].text
    assert int(answers[2].headers["Retry-After"]) > 0
    central.close()


def test_a_database_that_does_not_answer_gets_a_page(local: InProcessCentral, monkeypatch, caplog) -> None:
    def fail() -> None:
        raise OperationalError("SELECT …", {"id": NUMBER}, Exception("disk I/O error"))

    monkeypatch.setattr(local.service.database, "read", fail)
    status, text = page(local, f"/look-up/{NUMBER}")
    assert status == 503
    assert "暂时查不到" in text
    assert NUMBER not in caplog.text


def test_the_page_loads_nothing_and_sends_no_referrer(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    visit = terminal.activate(terminal.activation()).json()["id"]
    with central.open("GET", f"/look-up/{visit}") as answer:
        headers, text = answer.headers, answer.read().decode()
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "form-action 'self'" in policy
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert not re.findall(r"http|url\(|<script| style=| on\w+=", text)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh-Hans"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-HK", "zh-Hant"),
        ("zh-TW;q=0.5, en-US;q=0.9", "en"),
        ("fr-FR, en;q=0.1", "en"),
        ("de", "zh-Hans"),
        (";;q=,x=;" * 200, "zh-Hans"),
    ],
)
def test_the_page_speaks_the_browsers_language(local: InProcessCentral, accepted: str, language: str) -> None:
    text = page(local, "/look-up", **{"Accept-Language": accepted})[1]
    assert f'<html lang="{language}">' in text
    assert '<html lang="en">' in page(local, "/look-up?language=en", **{"Accept-Language": accepted})[1]


def test_the_language_is_kept_in_links_and_field(local: InProcessCentral) -> None:
    put(local, NUMBER, status="ACTIVATED")
    text = page(local, f"/look-up?number={NUMBER}&language=zh-Hant")[1]
    assert "網證已開通" in text
    assert f'href="/look-up/{NUMBER}?language=en"' in text
    assert '<input type="hidden" name="language" value="zh-Hant">' in text


def test_a_number_breaks_between_its_groups_only(local: InProcessCentral) -> None:
    put(local, NUMBER, status="ACTIVATED")
    text = page(local, f"/look-up/{NUMBER}")[1]
    assert "<wbr>-<wbr>".join(f"<b>{group}</b>" for group in NUMBER.split("-")) in text
    assert re.search(r"\.number b \{[^}]*white-space: nowrap", lookup_page.STYLE)


def test_every_status_has_a_colour_and_a_symbol_of_its_own(local: InProcessCentral) -> None:
    shown = {}
    for status, tone in (("ACTIVATED", "done"), ("PENDING", "wait"), ("REFUSED", "stop")):
        number = visit_number()
        put(local, number, status=status)
        text = page(local, f"/look-up/{number}")[1]
        assert f'class="state {tone}"' in text
        shown[status] = re.findall(r'<path d="[^"]+"/>', text)
    assert len({tuple(paths) for paths in shown.values()}) == 3


def test_the_colours_are_those_of_the_screens() -> None:
    palette = tomllib.loads(PALETTE.read_text(encoding="utf-8"))
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", lookup_page.STYLE))
    assert colours == {name: palette[name.replace("-", "_")] for name in colours}
    assert set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", lookup_page.STYLE)) == set(colours.values())


def test_the_headlines_are_those_of_the_screens() -> None:
    path = look_up_document.PATH
    assert path.read_text(encoding="utf-8") == look_up_document.document(), "run make codes"
    assert set(lookup_page.LANGUAGES) == set(Language)
    for purpose, code in ((KioskPurpose.RENEW, "renew"), (KioskPurpose.NEW_PASSWORD, "new_password")):
        assert lookup_page.phrase("ACTIVATED", code)["screen"] == outcome_key(Outcome.ACTIVATED, purpose)


@pytest.mark.parametrize("language", lookup_page.LANGUAGES)
def test_the_way_is_called_as_on_the_screens(local: InProcessCentral, language: str) -> None:
    for way in Way:
        number = visit_number()
        put(local, number, status="REFUSED", evidence=json.dumps({"way": way.value}))
        text = page(local, f"/look-up/{number}?language={language}")[1]
        assert load(language)[f"button.way_{way.value}"] in text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_the_page_in_its_colours_and_cuts_nothing(
    central: RunningCentral, terminal: ProtocolTerminal, tmp_path: Path, width: int
) -> None:
    """The strict policy lets the browser apply the style; no line is wider than a narrow phone."""
    visit = terminal.activate(terminal.activation()).json()["id"]
    picture = tmp_path / "page.png"
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    options += ["--ignore-certificate-errors", "--lang=en"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1600"]
    address = f"{central.url}/look-up/{visit}"
    subprocess.run(
        [str(BROWSER), *options, "--hide-scrollbars", f"--screenshot={picture}", address],
        check=True,
        capture_output=True,
        timeout=120,
    )
    pixels = cv2.imread(str(picture))[:, :, ::-1]
    palette = tomllib.loads(PALETTE.read_text(encoding="utf-8"))
    ground, done = (np.array(list(bytes.fromhex(palette[name][1:]))) for name in ("ground", "done"))
    assert pixels.shape[1] == width
    assert (pixels[:, -8:] == ground).all(), "something reaches the right edge"
    assert (pixels == done).all(axis=2).sum() > 500


def test_every_code_has_a_phrase() -> None:
    languages = set(lookup_page.LANGUAGES)
    screens = {f"outcome.{name}" for name in look_up_document.OUTCOMES}
    for status, phrases in PHRASES.items():
        if status == "page":
            continue
        for code, said in phrases.items():
            assert code in ("*", "revoked", "replaced", *Purpose) or code in set(Code), code
            assert set(said) - {"title", "screen"} == languages, (status, code)
            assert ("title" in said) != ("screen" in said), (status, code)
            assert set(said.get("title", languages)) == languages, (status, code)
            assert "screen" not in said or f"outcome.{said['screen']}" in screens, (status, code)
    for code in Code:
        assert lookup_page.phrase("REFUSED", code.value)["screen"] in ("refused", "already_open")


def test_a_slips_number_is_read_in_its_own_spelling() -> None:
    number = visit_number()
    assert slip_number.read(number) == number
    for wrong in ("", "-", number[:-1], number + "0", number.replace(number[0], "U"), "ß" * 16):
        assert slip_number.read(wrong) is None

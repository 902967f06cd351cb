"""The look-up page for each state of a request."""

import re
import tomllib
from pathlib import Path
from urllib.error import HTTPError

import pytest

from central.api import lookup_page
from central.codes import Code
from central.protocol.messages import Purpose
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, person, visit_number

PHRASES = tomllib.loads((Path(lookup_page.__file__).parent / "look_up.toml").read_text(encoding="utf-8"))


def test_the_page_shows_each_state(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    who, absent = person(), person()
    central.people(
        {"number": who["number"], "name": who["name"]}, {"number": absent["number"], "visible_after_s": 90}
    )
    done = terminal.activate(terminal.activation(who)).json()["id"]
    waiting = terminal.activate(terminal.activation(absent)).json()["id"]
    refused = terminal.activate(terminal.activation(who)).json()["id"]
    assert "已开通" in central.get(f"/look-up/{done}")
    assert "Activated." in central.get(f"/look-up/{done.lower()}")  # as somebody may type it
    assert re.search(r"下次查询：\d{4}-\d\d-\d\d \d\d:\d\d。", central.get(f"/look-up/{waiting}"))
    assert "已经有一个有效的凭证" in central.get(f"/look-up/{refused}")
    assert "演示系统" in central.get(f"/look-up/{done}")
    assert who["name"] not in central.get(f"/look-up/{done}")


@pytest.mark.parametrize("number", ["", "nonsense", "%3Cscript%3Ealert(1)%3C/script%3E"])
def test_an_unknown_number_gets_a_page_with_404(central: RunningCentral, number: str) -> None:
    """Empty: a number of the right form that was never issued."""
    with pytest.raises(HTTPError) as refused:
        central.get(f"/look-up/{number or visit_number()}")
    text = refused.value.read().decode()
    assert refused.value.code == 404
    assert "<script" not in text.lower()


def test_the_page_loads_nothing_and_sends_no_referrer(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    visit = terminal.activate(terminal.activation()).json()["id"]
    with central.open("GET", f"/look-up/{visit}") as answer:
        headers, text = answer.headers, answer.read().decode()
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "http" not in text


def test_every_code_has_a_phrase() -> None:
    for status, phrases in PHRASES.items():
        for code, said in phrases.items():
            assert code in ("*", "revoked", "replaced", *Purpose) or code in set(Code), code
            assert said.keys() == {"zh", "zh_next", "en", "en_next"}, (status, code)
    for code in Code:
        assert lookup_page.phrase("REFUSED", code.value)["zh"].startswith("没有")

"""After a visit the person is nowhere on this machine: not in a file, not in the log."""

import json
import re
from pathlib import Path

import pytest

from kiosk.codes import Code
from kiosk.model import Outcome
from kiosk.simulators.customer import CustomerBehaviour
from tests.end_to_end.conftest import SiteMaker
from tests.end_to_end.test_visits import delivered_once, eventually
from tests.support.central_server import RunningCentral
from tests.support.folder_contents import folder_contents
from tests.support.headless_terminal import HeadlessTerminal, card_of, genuine_customer


def secrets(who: CustomerBehaviour) -> list[str]:
    """What must not be found. A birth date stands inside the number; an address is the same for all here."""
    card = card_of(who)
    return [card.number, card.number[-6:], card.name, who.phone, who.password]


def found(texts: list[str], content: bytes) -> list[str]:
    """Which of the texts stand there, in any encoding that this country's programs write.

    Digits inside longer numbers do not count: a log is full of measures like 0.31415926535.
    """
    encodings = ("utf-8", "utf-16-le", "gb18030")
    forms = {text: [re.escape(text.encode(e)) for e in encodings] for text in texts}
    return [t for t in texts if any(re.search(rb"(?<![\d.])" + f + rb"(?!\d)", content) for f in forms[t])]


def leaks(texts: list[str], folder: Path) -> dict[str, list[str]]:
    """File → which of the texts stand in it; all files below the folder, temporary ones too."""
    contents = folder_contents(folder)
    assert contents
    each = {str(path): found(texts, content) for path, content in contents.items()}
    return {name: texts for name, texts in each.items() if texts}


def pieces(body: bytes) -> list[bytes]:
    """The ciphertext of a request, in pieces shorter than a page: SQLite may tear one, not all."""
    sealed = max(json.loads(body)["sealed"].values(), key=len).encode()
    return [sealed[i : i + 48] for i in range(0, len(sealed) - 48, 48)]


def remains(parts: list[bytes], folder: Path) -> bool:
    """Does any of the pieces stand in any file?"""
    contents = folder_contents(folder)
    assert contents
    return any(part in content for part in parts for content in contents.values())


def test_the_search_finds_what_there_is(tmp_path: Path) -> None:
    who = genuine_customer()
    for number, text in enumerate(secrets(who)):
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            file = tmp_path / f"{number}-{encoding}"
            file.write_bytes(b'{"x":"' + text.encode(encoding) + b'"}')
            assert text in leaks(secrets(who), tmp_path)[str(file)]
    assert found(["31415926"], b"0.31415926 131415926 314159265") == []


def test_nothing_personal_stays_after_a_visit(
    new_site: SiteMaker,
    central: RunningCentral,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    site, who = new_site(), genuine_customer(password="58204716")
    site.enrol()
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        site.line.down()
        ended = headless.visit(who)
        assert ended.outcome_and_code == (Outcome.ACCEPTED, Code.CENTRAL_UNREACHABLE)
        assert leaks(secrets(who), site.folder) == {}  # the request lies there: sealed
        state, body = site.request(ended.slip.id)
        assert (state, body is None) == ("waiting", False)
        sealed = pieces(body or b"")
        assert remains(sealed, site.folder)  # the search can see it
        site.line.up()
        delivered_once(site, central, ended.slip.id)
        assert leaks(secrets(who), site.folder) == {}
        eventually(lambda: not remains(sealed, site.folder), "erased, but it can still be read")
    assert leaks(secrets(who), site.folder) == {}
    assert not remains(sealed, site.folder)
    said = caplog.text + "".join(capfd.readouterr())
    assert ended.slip.id in said
    assert found(secrets(who), said.encode()) == []
    assert remains([ended.slip.id.encode()], site.folder)

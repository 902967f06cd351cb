"""A visit at the real terminal is written down, from the start to the end, and names nobody."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from kiosk.audit.record import RecordKind, decode
from kiosk.audit.verify import verify
from kiosk.codes import Code
from kiosk.model import Outcome
from tests.end_to_end.conftest import SiteMaker
from tests.support.folder_contents import folder_contents
from tests.support.headless_terminal import HeadlessTerminal, card_of, genuine_customer


def test_a_visit_is_written_down_and_nobody_is_named(new_site: SiteMaker):
    site = new_site()
    site.enrol()
    who = genuine_customer()
    with HeadlessTerminal(site.settings) as headless:
        ended = headless.in_service().visit(who)
        assert ended.outcome_and_code == (Outcome.ACTIVATED, "ok")
        path = headless.terminal.audit.path
    raw = path.read_bytes()
    assert verify(raw.splitlines()).good
    records = [decode(line).record for line in raw.splitlines()]
    kinds = [record.kind for record in records]
    visit = [record.kind for record in records if record.visit == ended.slip.id]
    assert kinds[0] is RecordKind.TERMINAL_STARTED
    assert kinds[-1] is RecordKind.TERMINAL_STOPPED
    assert RecordKind.MODELS_VERIFIED in kinds
    assert kinds.index(RecordKind.SERVICE_OUT) < kinds.index(RecordKind.SERVICE_IN)
    assert visit[:3] == [RecordKind.VISIT_BEGAN, RecordKind.VISIT_CONSENTED, RecordKind.VISIT_STORED]
    assert set(visit[3:]) == {RecordKind.REQUEST_SETTLED, RecordKind.VISIT_FINISHED}
    last = next(r for r in records if r.kind is RecordKind.VISIT_FINISHED)
    assert (last.code, last.facts["outcome"], last.facts["face"]) == (Code.OK, "activated", "pass ok")
    card = card_of(who)
    for personal in (card.number, card.name, card.address, who.phone, who.password):
        assert personal
        assert personal.encode() not in raw


def test_a_stolen_disk_names_nobody(new_site: SiteMaker):
    """While a request waits, and after it was delivered: every file of the terminal's, in every encoding."""
    site = new_site()
    site.enrol()
    people = []
    with HeadlessTerminal(site.settings) as headless:
        headless.in_service()
        site.line.down()
        # On a busy machine a customer may be sent to the clerk; of him, too, nothing may be left.
        while waiting(site) == 0:
            assert len(people) < 5
            people.append(genuine_customer())
            headless.visit(people[-1])
        assert found_of(people, site.folder) == []
        site.line.up()
        until = time.monotonic() + 60
        while waiting(site) and time.monotonic() < until:
            time.sleep(0.2)
        assert waiting(site) == 0
    assert found_of(people, site.folder) == []


def waiting(site) -> int:
    with closing(sqlite3.connect(f"file:{site.storage / 'outbox.sqlite3'}?mode=ro", uri=True)) as outbox:
        return int(outbox.execute("SELECT count(*) FROM requests WHERE state = 'waiting'").fetchone()[0])


def found_of(people, folder: Path) -> list[tuple[Path, str]]:
    """Files that hold personal data of these people, and what."""
    contents = folder_contents(folder)
    assert any(path.name == "outbox.sqlite3" for path in contents)
    return [
        (path, name)
        for path, content in contents.items()
        for name, raws in shapes_of(people).items()
        if any(raw in content for raw in raws)
    ]


def shapes_of(people) -> dict[str, list[bytes]]:
    """All that names them, in the encodings that a file may have."""
    shapes: dict[str, list[bytes]] = {}
    for who in people:
        card = card_of(who)
        for text in (card.number, card.name, card.address, who.phone, who.password):
            shapes[text] = [text.encode(code) for code in ("utf-8", "utf-16-le", "gb18030")]
        if card.portrait:
            shapes["portrait"] = [card.portrait[64:128]]
    return shapes

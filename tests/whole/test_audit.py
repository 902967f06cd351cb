"""A visit at the real terminal is written down, from the start to the end, and names nobody."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from kiosk.audit.record import Kind, decode
from kiosk.audit.verify import verify
from kiosk.codes import Code
from kiosk.model import Outcome
from tests.whole.conftest import SiteMaker
from tests.whole.point import Point, card_of, somebody


def test_a_visit_is_written_down_and_nobody_is_named(new_site: SiteMaker):
    site = new_site()
    site.enrol()
    who = somebody()
    with Point(site.settings) as point:
        ended = point.in_service().visit(who)
        assert ended.word == (Outcome.ACTIVATED, "ok")
        path = point.terminal.audit.path
    raw = path.read_bytes()
    assert verify(raw.splitlines()).good
    records = [decode(line).record for line in raw.splitlines()]
    kinds = [record.kind for record in records]
    visit = [record.kind for record in records if record.visit == ended.slip.id]
    assert kinds[0] is Kind.TERMINAL_STARTED
    assert kinds[-1] is Kind.TERMINAL_STOPPED
    assert Kind.MODELS_VERIFIED in kinds
    assert kinds.index(Kind.SERVICE_OUT) < kinds.index(Kind.SERVICE_IN)
    assert visit[:3] == [Kind.VISIT_BEGAN, Kind.VISIT_CONSENTED, Kind.VISIT_STORED]
    assert set(visit[3:]) == {Kind.REQUEST_SETTLED, Kind.VISIT_FINISHED}
    last = next(r for r in records if r.kind is Kind.VISIT_FINISHED)
    assert (last.code, last.facts["outcome"], last.facts["face"]) == (Code.OK, "activated", "pass ok")
    card = card_of(who)
    for personal in (card.number, card.name, card.address, who.phone, who.password):
        assert personal
        assert personal.encode() not in raw


def test_a_stolen_disk_names_nobody(new_site: SiteMaker):
    """While a request waits, and after it was delivered: every file of the terminal's, in every encoding."""
    site = new_site()
    site.enrol()
    who = somebody()
    with Point(site.settings) as point:
        point.in_service()
        site.line.down()
        assert point.visit(who).slip.outcome is Outcome.ACCEPTED
        assert found_of(who, site.folder) == []
        site.line.up()
        until = time.monotonic() + 60
        while waiting(site) and time.monotonic() < until:
            time.sleep(0.2)
        assert waiting(site) == 0
    assert found_of(who, site.folder) == []


def waiting(site) -> int:
    with closing(sqlite3.connect(f"file:{site.storage / 'outbox.sqlite3'}?mode=ro", uri=True)) as outbox:
        return int(outbox.execute("SELECT count(*) FROM requests WHERE state = 'waiting'").fetchone()[0])


def found_of(who, folder: Path) -> list[tuple[Path, str]]:
    """Files that hold something of the person's, and what."""
    card = card_of(who)
    texts = (card.number, card.name, card.address, who.phone, who.password)
    shapes = {t: [t.encode(c) for c in ("utf-8", "utf-16-le", "gb18030")] for t in texts}
    shapes["portrait"] = [card.portrait[64:128]] if card.portrait else []
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "outbox.sqlite3" for path in files)
    return [
        (path, name)
        for path in files
        for name, raws in shapes.items()
        if any(raw in path.read_bytes() for raw in raws)
    ]

"""A visit at the real terminal is written down, from the start to the end, and names nobody."""

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

"""Gates before a visit, through the real engine: the reason is on the screen, and the way out works."""

from collections.abc import Iterator

import pytest

from kiosk import readiness
from kiosk.codes import Code
from kiosk.events import Stored
from kiosk.model import Device, Stage
from kiosk.numbers import new_visit_number
from tests.activation.terminal import order
from tests.whole.conftest import SiteMaker
from tests.whole.point import Point


@pytest.fixture(scope="module", autouse=True)
def impatience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readiness, "CHECK_S", 0.2)
        yield


def test_too_many_wait_until_the_line_is_back(new_site: SiteMaker) -> None:
    site = new_site(gates={"waiting": 1})
    site.enrol()
    with Point(site.settings) as point:
        point.in_service()
        site.line.down()
        mark = point.diary.mark
        visit = new_visit_number()
        assert point.terminal._desk.submit(order(visit)) == Stored(visit)
        point.diary.wait_for_missing({Device.BACKLOG: Code.QUEUE_TOO_MANY}, mark)
        assert point.diary.wait_for_stage(Stage.OUT_OF_SERVICE, mark).code is Code.QUEUE_TOO_MANY
        mark = point.diary.mark
        site.line.up()
        point.in_service(mark)


def test_silence_and_age_keep_visits_from_beginning(new_site: SiteMaker) -> None:
    site = new_site()
    site.enrol()
    with Point(site.settings) as point, pytest.MonkeyPatch.context() as later:
        point.in_service()
        mark = point.diary.mark
        real = readiness.gate_codes

        def in_years(waiting, known, now_unix, gates):
            return real(waiting, known, now_unix + 401 * 86_400, gates)

        later.setattr("kiosk.bootstrap.gate_codes", in_years)
        point.diary.wait_for_missing({Device.SOFTWARE: Code.SOFTWARE_TOO_OLD}, mark)
        later.undo()
        point.in_service(mark)

"""A terminal without a portrait decoder: the simulated customer holds the printed card up to the camera."""

import pytest

from kiosk import events as e
from kiosk.codes import Code
from kiosk.model import Check, Outcome, Stage
from tests.end_to_end.conftest import SiteMaker
from tests.support.headless_terminal import HeadlessTerminal, genuine_customer

WITHOUT = {"portrait_decoder": {"driver": "photographed"}, "visit": {"portrait.limit_s": 20}}


@pytest.fixture(scope="module")
def headless(new_site: SiteMaker):
    site = new_site(**WITHOUT)
    site.enrol()
    with HeadlessTerminal(site.settings) as made:
        yield made.in_service()


def stages(headless: HeadlessTerminal, mark: int) -> list[Stage]:
    return [show.stage for show in headless.notice_log.all(e.Show, mark)]


def test_the_printed_portrait_is_compared_and_a_clerk_is_asked(headless):
    """Nobody is signed in here, so it ends with the clerk's way, and nothing is opened."""
    mark = headless.notice_log.mark
    ended = headless.visit(genuine_customer())
    shown = stages(headless, mark)
    assert shown.index(Stage.PORTRAIT) < len(shown) - 1 - shown[::-1].index(Stage.FACE)
    assert ended.outcome_and_code == (Outcome.REFERRED, Code.CARD_PORTRAIT_PHOTOGRAPHED.value)
    [face] = [v for v in ended.finished.verdicts if v.check is Check.FACE]
    assert face.measured["photographed"] is True
    assert face.measured["likeness_mean"] >= face.required["accept"]
    assert Stage.DIGITS not in shown


def test_somebody_elses_card_held_up_is_refused(headless):
    ended = headless.visit(genuine_customer(face="hopper", card_of="collins"))
    assert ended.outcome_and_code == (Outcome.REFUSED, Code.FACE_MISMATCH.value)

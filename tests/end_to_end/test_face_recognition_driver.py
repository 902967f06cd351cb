"""Whole visits with the face engine `face_recognition` at its own thresholds."""

import importlib.util
from collections.abc import Iterator

import pytest

from kiosk.face.dlib_engine import DlibEngine
from kiosk.model import Check, Outcome
from tests.end_to_end.conftest import CENTRAL, SiteMaker
from tests.support.central_server import RunningCentral, running_central
from tests.support.headless_terminal import HeadlessTerminal, VisitResult, genuine_customer

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("face_recognition") is None,
        reason="`uv sync --extra dlib` brings this driver",
    ),
    pytest.mark.timeout(300),
]

# The engine is slow: few frames, each with its embedding, so that a busy machine has time for them. They are
# too few to follow lips and light and to leave no gap, so central must not ask for that here.
FLOORS = """
[evidence.floors.face]
accept = { least = 0.40 }
review = { least = 0.30 }
[evidence.floors.lips]
moved = { least = 0 }
[evidence.floors.continuity]
max_gap_s = { most = 5 }
"""
SETTINGS = {
    "face_engine": {"driver": "face_recognition"},
    "face": {"max_fps": 1.0, "best_frames": 50, "max_gap_s": 5.0},
    "visit": {
        "face.min_frames": 4,
        "face.decide_frames": 5,
        "face.max_gap_s": 5.0,
        "lips.min_moved": 0,
        "light.mode": "evidence",
    },
}


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, models: object) -> Iterator[RunningCentral]:
    with running_central(tmp_path_factory.mktemp("central"), settings=CENTRAL + FLOORS) as running:
        yield running


@pytest.fixture(scope="module")
def terminal(new_site: SiteMaker) -> Iterator[HeadlessTerminal]:
    site = new_site(**SETTINGS)
    site.enrol()
    with HeadlessTerminal(site.settings) as running:
        yield running.in_service()


def likeness(result: VisitResult) -> float:
    verdict = [v for v in result.finished.verdicts if v.check is Check.FACE][-1]
    return float(verdict.measured["likeness_mean"])


def test_a_genuine_customer_is_activated(terminal: HeadlessTerminal) -> None:
    result = terminal.visit(genuine_customer(face="hopper", card_of="hopper"), until=Outcome.ACTIVATED)
    assert result.outcome_and_code == (Outcome.ACTIVATED, "ok"), result.finished.verdicts
    assert likeness(result) >= DlibEngine.thresholds.accept


def test_a_stranger_with_their_card_is_refused(terminal: HeadlessTerminal) -> None:
    result = terminal.visit(genuine_customer(face="collins", card_of="hopper"))
    assert result.outcome_and_code == (Outcome.REFUSED, "face.mismatch"), result.finished.verdicts
    assert likeness(result) < DlibEngine.thresholds.review

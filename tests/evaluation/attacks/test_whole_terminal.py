"""What `make attack` plays, and that nothing but a check counts as having stopped an attack."""

import pytest

from demo import attacks
from demo.director import VisitResult
from demo.instruments import NAMES
from kiosk.model import Way


def result(title: str, outcome: str, code: str, credentials: int = 0) -> VisitResult:
    return VisitResult(
        scenario=title,
        title=title,
        expected="",
        outcome=outcome,
        expected_code="",
        code=code,
        expected_credentials=0,
        credentials=credentials,
        as_expected=False,
        seconds=1.0,
    )


@pytest.mark.parametrize(
    ("outcome", "credentials", "opened"),
    [
        ("referred", 0, False),
        ("refused", 0, False),
        ("activated", 1, True),
        ("accepted", 0, True),  # it may still come
        ("pending", 0, True),
        ("abandoned", 1, True),  # whatever the screen says
    ],
)
def test_a_credential_that_is_there_or_may_come_is_an_opened_one(outcome, credentials, opened):
    assert attacks.is_opened(result("print voice", outcome, "x", credentials)) is opened


def test_the_table_names_what_stopped_each_attack_and_what_did_not():
    lines = attacks.table(
        [
            result("print voice", "referred", "face.not_live"),
            result("mask voice", "activated", "ok", 1),
            result("loop head", "none", ""),
            result("honest voice", "activated", "ok", 1),
        ]
    ).splitlines()
    assert lines[0].endswith("face.not_live")
    assert lines[1].endswith("ACTIVATED")
    assert lines[2].endswith(attacks.NO_OUTCOME)
    assert not lines[3].endswith("ACTIVATED")
    assert "(1/3," in lines[4]
    assert "(1/1," in lines[5]


def test_every_instrument_comes_in_every_way_before_the_camera():
    titles = {scenario.title for scenario in attacks.visits(1)}
    ways = (Way.VOICE, Way.HEAD, Way.TOUCH)
    assert {f"{name} {way}" for name in (*NAMES, "honest", "another-person") for way in ways} <= titles
    assert all(scenario.clerk is not None for scenario in attacks.visits(2))

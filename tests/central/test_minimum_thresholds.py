"""Evidence whose thresholds are below central's minimums is refused, even if every check passed."""

from pathlib import Path
from typing import Any

import pytest

from central.activation import minimum_thresholds
from central.codes import Code
from central.settings import Evidence, MinimumThreshold, Settings
from kiosk import production, settings
from kiosk.face.sface import SFace
from kiosk.visit.rules import likelihood_ratio
from tests.central.test_evidence import fault
from tests.central.test_reviews import CLERK, HEAD, TOUCH, review, uncertain_face
from tests.central.test_reviews import fault as fault_with_staff
from tests.support.protocol_terminal import NUMBERS, ProtocolTerminal, verdict, verdicts

RULES = Evidence()
THRESHOLDS = [(check, name) for check, numbers in RULES.floors.items() for name in numbers]
USUAL = [bar for bar in THRESHOLDS if bar[0] not in ("head", "touch")]


def changed(check: str, part: str, **numbers: Any) -> list[dict[str, Any]]:
    """Return good verdicts with other numbers in one of them; None removes a number."""
    given = verdicts()
    for one in given:
        if one["check"] == check:
            replaced = one[part] | numbers
            one[part] = {name: value for name, value in replaced.items() if value is not None}
    return given


def beyond(check: str, name: str) -> float:
    floor = RULES.floors[check][name]
    return floor.least - 0.01 if floor.least is not None else (floor.most or 0) + 0.01


@pytest.mark.parametrize(("check", "name"), USUAL)
def test_a_lowered_threshold_is_refused(check: str, name: str) -> None:
    assert fault(verdicts=changed(check, "required", **{name: beyond(check, name)})) is Code.EVIDENCE_LOWERED


@pytest.mark.parametrize(("check", "name"), USUAL)
@pytest.mark.parametrize("value", [None, "0.45", "", 10**400, -(10**400)], ids=lambda v: str(v)[:6])
def test_a_threshold_that_is_no_number_is_refused(check: str, name: str, value: Any) -> None:
    assert fault(verdicts=changed(check, "required", **{name: value})) is Code.EVIDENCE_LOWERED


@pytest.mark.parametrize(("check", "name"), USUAL)
def test_the_minimum_itself_is_accepted(check: str, name: str) -> None:
    floor = RULES.floors[check][name]
    edge = floor.least if floor.least is not None else floor.most
    assert fault(verdicts=changed(check, "required", **{name: edge})) is None


@pytest.mark.parametrize(("way", "given"), [("head", HEAD), ("touch", TOUCH)])
def test_the_other_ways_have_minimum_thresholds_too(way: str, given: list[dict[str, Any]]) -> None:
    good = verdict(way)
    low = good | {"required": good["required"] | {"right": 3}}
    for one, expected in ((good, False), (low, True)):
        assert minimum_thresholds.is_lowered(_message(one), RULES) is expected
    assert {v["check"] for v in given} > {way}


def test_the_way_of_the_clerk_needs_no_other_thresholds() -> None:
    for one in CLERK:
        assert not minimum_thresholds.is_lowered(_message(one), RULES)


@pytest.mark.parametrize(
    ("required", "measured", "refused"),
    [
        ({}, {}, False),
        ({"right": 4}, {}, True),  # of six digits four can be guessed
        ({"right": 4}, {"of": 4, "right": 4}, False),
        ({"right": 7}, {"of": 8, "right": 7}, False),
        ({"right": 5}, {"of": 8, "right": 5}, True),
        ({"right": 2}, {"of": 2, "right": 2}, True),  # no such challenge
        ({"right": 5}, {"of": 5.5}, True),
        ({"llr": 3.0}, {}, True),
        ({"llr": None}, {}, True),
        ({}, {"right": 4}, False),  # one less, and a ratio that cannot be guessed
        ({}, {"right": 4, "llr": 8.0}, True),
        ({}, {"right": 4, "llr": None}, True),
        ({}, {"right": 3, "llr": 99.0}, True),
        ({}, {"right": "six"}, True),
    ],
)
def test_digits_that_could_be_guessed_are_refused(
    required: dict[str, Any], measured: dict[str, Any], refused: bool
) -> None:
    good = verdict("digits")
    parts = {"required": good["required"] | required, "measured": good["measured"] | measured}
    assert minimum_thresholds.is_lowered(_message(good | parts), RULES) is refused


@pytest.mark.parametrize(
    ("check", "measured"),
    [
        ("face", {"likeness_mean": 0.2}),
        ("face", {"likeness_mean": None}),
        ("face", {"frames_good": 1}),
        ("liveness", {"live_median": 0.05}),
        ("lips", {"moved": 2}),
        ("continuity", {"longest_gap_s": 1.5}),
        ("continuity", {"compared": 0}),
    ],
)
def test_a_pass_below_its_own_threshold_is_refused(check: str, measured: dict[str, Any]) -> None:
    assert fault(verdicts=changed(check, "measured", **measured)) is Code.EVIDENCE_LOWERED


def test_overruled_verdicts_keep_their_thresholds() -> None:
    given = uncertain_face()
    assert fault_with_staff(verdicts=given, reviews=[review()]) is None
    for one in given:
        if one["check"] == "face":
            one["required"]["accept"] = 0.1
    assert fault_with_staff(verdicts=given, reviews=[review()]) is Code.EVIDENCE_LOWERED


def test_an_earlier_try_with_other_numbers_does_not_matter() -> None:
    before = changed("face", "required", accept=0.1)
    assert fault(verdicts=before + verdicts()) is None


def test_settings_may_raise_the_minimum() -> None:
    strict = Settings(
        data=Path(), evidence=Evidence(floors={"face": {"accept": MinimumThreshold(least=0.5)}})
    )
    assert fault(settings=strict) is Code.EVIDENCE_LOWERED
    assert fault(settings=strict, verdicts=changed("face", "required", accept=0.5)) is None


def test_minimums_equal_those_of_a_terminal_in_production() -> None:
    settings_of_terminal = {
        ("card", "min_age"): "visit.card.min_age",
        ("card", "min_age_guarded"): "visit.card.min_age_guarded",
        ("face", "min_frames"): "visit.face.min_frames",
        ("liveness", "min_live"): "visit.liveness.min_live",
        ("lips", "moved"): "visit.lips.min_moved",
        ("lips", "rise"): "visit.lips.min_rise",
        ("head", "early_s"): "visit.head.early_s",
    }
    for (check, name), setting in settings_of_terminal.items():
        assert RULES.floors[check][name].least == production.LEAST[setting]
    assert RULES.floors["face"]["accept"].least == SFace.minimums.accept
    assert RULES.floors["continuity"]["max_gap_s"].most == production.MOST["visit.face.max_gap_s"]
    assert RULES.floors["stream"]["max_repeats"].most == production.MOST["visit.stream.max_repeats"]
    assert RULES.digits_guess == settings.load().visit.digits.guess


def test_both_ends_need_the_same_number_of_digits() -> None:
    for count in range(4, 9):
        assert minimum_thresholds.unguessable(count, 2e-4) == likelihood_ratio.needed(count, 2e-4)


def test_a_lowered_threshold_is_refused_by_the_server(terminal: ProtocolTerminal) -> None:
    low = terminal.activation(verdicts=changed("liveness", "required", min_live=0.0))
    receipt = terminal.activate(low).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "evidence.lowered")
    assert set(NUMBERS) >= {check for check, _ in THRESHOLDS}


def _message(one: dict[str, Any]):
    from central.protocol.messages import Verdict

    return Verdict.model_validate(one)


def test_a_passed_liveness_counts_even_if_it_was_not_required() -> None:
    assert fault(verdicts=changed("liveness", "required", required=False)) is None

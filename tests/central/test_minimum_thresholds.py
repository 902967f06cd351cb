"""A terminal that asked for less than central does is refused, and told so, whatever it says has passed."""

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
from tests.central.test_reviews import CLERK, HEAD, TOUCH, grey, review
from tests.central.test_reviews import fault as fault_with_staff
from tests.support.protocol_terminal import NUMBERS, ProtocolTerminal, verdict, verdicts

RULES = Evidence()
BARS = [(check, name) for check, numbers in RULES.floors.items() for name in numbers]
USUAL = [bar for bar in BARS if bar[0] not in ("head", "touch")]


def changed(check: str, part: str, **numbers: Any) -> list[dict[str, Any]]:
    """Good verdicts, with other numbers in one; None: left out."""
    said = verdicts()
    for one in said:
        if one["check"] == check:
            kept = one[part] | numbers
            one[part] = {name: value for name, value in kept.items() if value is not None}
    return said


def beyond(check: str, name: str) -> float:
    floor = RULES.floors[check][name]
    return floor.least - 0.01 if floor.least is not None else (floor.most or 0) + 0.01


@pytest.mark.parametrize(("check", "name"), USUAL)
def test_a_lower_bar_is_refused(check: str, name: str) -> None:
    assert fault(verdicts=changed(check, "required", **{name: beyond(check, name)})) is Code.EVIDENCE_LOWERED


@pytest.mark.parametrize(("check", "name"), USUAL)
@pytest.mark.parametrize("value", [None, "0.45", "", 10**400, -(10**400)], ids=lambda v: str(v)[:6])
def test_a_bar_that_is_no_number_is_none(check: str, name: str, value: Any) -> None:
    assert fault(verdicts=changed(check, "required", **{name: value})) is Code.EVIDENCE_LOWERED


@pytest.mark.parametrize(("check", "name"), USUAL)
def test_the_edge_itself_holds(check: str, name: str) -> None:
    floor = RULES.floors[check][name]
    edge = floor.least if floor.least is not None else floor.most
    assert fault(verdicts=changed(check, "required", **{name: edge})) is None


@pytest.mark.parametrize(("way", "said"), [("head", HEAD), ("touch", TOUCH)])
def test_the_other_ways_have_floors_too(way: str, said: list[dict[str, Any]]) -> None:
    good = verdict(way)
    low = good | {"required": good["required"] | {"right": 3}}
    for one, expected in ((good, False), (low, True)):
        assert minimum_thresholds.is_lowered(_message(one), RULES) is expected
    assert {v["check"] for v in said} > {way}


def test_the_clerks_way_has_only_what_it_needs() -> None:
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
def test_digits_that_could_be_guessed(
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
def test_a_pass_below_its_own_bar_is_none(check: str, measured: dict[str, Any]) -> None:
    assert fault(verdicts=changed(check, "measured", **measured)) is Code.EVIDENCE_LOWERED


def test_what_a_clerk_overruled_keeps_its_bars() -> None:
    said = grey()
    assert fault_with_staff(verdicts=said, reviews=[review()]) is None
    for one in said:
        if one["check"] == "face":
            one["required"]["accept"] = 0.1
    assert fault_with_staff(verdicts=said, reviews=[review()]) is Code.EVIDENCE_LOWERED


def test_an_earlier_try_with_other_numbers_does_not_matter() -> None:
    before = changed("face", "required", accept=0.1)
    assert fault(verdicts=before + verdicts()) is None


def test_a_site_may_ask_for_more() -> None:
    strict = Settings(
        data=Path(), evidence=Evidence(floors={"face": {"accept": MinimumThreshold(least=0.5)}})
    )
    assert fault(settings=strict) is Code.EVIDENCE_LOWERED
    assert fault(settings=strict, verdicts=changed("face", "required", accept=0.5)) is None


def test_central_has_the_same_edges_as_a_terminal_in_production() -> None:
    theirs = {
        ("card", "min_age"): "visit.card.min_age",
        ("card", "min_age_guarded"): "visit.card.min_age_guarded",
        ("face", "min_frames"): "visit.face.min_frames",
        ("liveness", "min_live"): "visit.liveness.min_live",
        ("lips", "moved"): "visit.lips.min_moved",
        ("lips", "rise"): "visit.lips.min_rise",
        ("head", "early_s"): "visit.head.early_s",
    }
    for (check, name), setting in theirs.items():
        assert RULES.floors[check][name].least == production.LEAST[setting]
    assert RULES.floors["face"]["accept"].least == SFace.minimums.accept
    assert RULES.floors["continuity"]["max_gap_s"].most == production.MOST["visit.face.max_gap_s"]
    assert RULES.floors["stream"]["max_repeats"].most == production.MOST["visit.stream.max_repeats"]
    assert RULES.digits_guess == settings.load().visit.digits.guess


def test_both_sides_count_digits_alike() -> None:
    for count in range(4, 9):
        assert minimum_thresholds.unguessable(count, 2e-4) == likelihood_ratio.needed(count, 2e-4)


def test_over_the_wire(terminal: ProtocolTerminal) -> None:
    low = terminal.activation(verdicts=changed("liveness", "required", min_live=0.0))
    receipt = terminal.activate(low).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "evidence.lowered")
    assert set(NUMBERS) >= {check for check, _ in BARS}


def _message(one: dict[str, Any]):
    from central.protocol.messages import Verdict

    return Verdict.model_validate(one)


def test_liveness_that_was_measured_and_passed_counts_where_the_site_did_not_insist_on_it() -> None:
    assert fault(verdicts=changed("liveness", "required", required=False)) is None

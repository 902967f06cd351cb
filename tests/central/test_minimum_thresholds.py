"""Evidence whose thresholds are below central's minimums is refused, even if every check passed."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from central.activation import minimum_thresholds
from central.codes import Code
from central.settings import Evidence, MinimumThreshold, Settings
from kiosk import events as e
from kiosk import production, settings
from kiosk.face.sface import SFace
from kiosk.model import Check, Verdict, Way
from kiosk.visit.rules import likelihood_ratio
from kiosk.visit.rules.stream import PRODUCTION
from tests.central.test_evidence import fault
from tests.central.test_guardians import CONSENT, of_child, papers_seen
from tests.central.test_reviews import CLERK, HEAD, TOUCH, review, uncertain_face
from tests.central.test_reviews import fault as fault_with_staff
from tests.kiosk.visit.review_drive import StaffedVisitDriver
from tests.kiosk.visit.test_ways import follow, look
from tests.support.protocol_terminal import NUMBERS, ProtocolTerminal, verdict, verdicts
from tests.support.visit_driver import DIGITS, GOOD_CARD, NUMBER, challenge
from tests.support.visit_driver import changed as changed_limits

RULES = Evidence()
TERMINAL = changed_limits(settings.load().visit, light={"mode": "evidence"})
"""A site's, but no light is shown to the bare visits of these tests."""
THRESHOLDS = [(check, name) for check, numbers in RULES.floors.items() for name in numbers]
USUAL = [bar for bar in THRESHOLDS if bar[0] not in ("head", "touch", "guardian")]


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
        ("lips", {"chance": 0.06}),
        ("light", {"gain": 0.02}),
        ("light", {"fit": 0.79}),
        ("light", {"steps": 5}),
        ("light", {"beaten": 0.995}),
        ("continuity", {"longest_gap_s": 1.5}),
        ("continuity", {"compared": 0}),
        ("stream", {"repeated": 500}),
        ("stream", {"repeated": None}),
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


@pytest.mark.parametrize("measured", [{"likeness_mean": 0.05}, {"likeness_mean": None}, {"frames_good": 1}])
def test_a_face_for_review_is_as_alike_as_the_terminal_required(measured: dict[str, Any]) -> None:
    given = uncertain_face()
    for one in given:
        if one["check"] == "face":
            one["measured"].update(measured)
    assert fault_with_staff(verdicts=given, reviews=[review()]) is Code.EVIDENCE_LOWERED


def test_the_bar_for_a_review_has_a_minimum() -> None:
    """Otherwise a clerk could be asked about anybody."""
    given = uncertain_face()
    for one in given:
        if one["check"] == "face":
            one["measured"]["likeness_mean"], one["required"]["review"] = 0.05, 0.0
    assert fault_with_staff(verdicts=given, reviews=[review()]) is Code.EVIDENCE_LOWERED


def stream_for_review(code: str, **measured: Any) -> list[dict[str, Any]]:
    given = changed("stream", "measured", **measured)
    for one in given:
        if one["check"] == "stream":
            one.update(answer="review", code=code)
    return given


def test_a_stream_that_repeats_itself_cannot_stand_as_a_review() -> None:
    assert fault(verdicts=stream_for_review("stream.still")) is None
    for code in ("stream.repeated", "stream.unknown"):
        assert fault(verdicts=stream_for_review(code)) is Code.EVIDENCE_INCOMPLETE
    hidden = stream_for_review("stream.still", repeated=500)
    assert fault(verdicts=hidden) is Code.EVIDENCE_LOWERED


def test_a_guardian_is_of_age_by_more_than_the_terminals_word() -> None:
    given = of_child()
    given[-1]["required"] = {"min_age": 12}
    request = {"reviews": [papers_seen()], "guardian": CONSENT}
    assert fault_with_staff(verdicts=of_child(), **request) is None
    assert fault_with_staff(verdicts=given, **request) is Code.EVIDENCE_LOWERED


def test_an_earlier_try_with_other_numbers_does_not_matter() -> None:
    before = changed("face", "required", accept=0.1)
    assert fault(verdicts=before + verdicts()) is None


def test_settings_may_raise_the_minimum() -> None:
    strict = Settings(
        data=Path(), evidence=Evidence(floors={"face": {"accept": MinimumThreshold(least=0.5)}})
    )
    assert fault(settings=strict) is Code.EVIDENCE_LOWERED
    assert fault(settings=strict, verdicts=changed("face", "required", accept=0.5)) is None


def test_a_minimum_that_is_changed_drops_no_other() -> None:
    raised = Evidence(floors={"face": {"accept": MinimumThreshold(least=0.5)}}).floors
    assert raised["face"]["min_frames"] == RULES.floors["face"]["min_frames"]
    assert raised.keys() == RULES.floors.keys()


def test_minimums_equal_those_of_a_terminal_in_production() -> None:
    settings_of_terminal = {
        ("card", "min_age"): "visit.card.min_age",
        ("card", "min_age_guarded"): "visit.card.min_age_guarded",
        ("face", "min_frames"): "visit.face.min_frames",
        ("liveness", "min_live"): "visit.liveness.min_live",
        ("lips", "moved"): "visit.lips.min_moved",
        ("lips", "rise"): "visit.lips.min_rise",
        ("light", "gain"): "visit.light.min_gain",
        ("light", "fit"): "visit.light.min_fit",
        ("light", "steps"): "visit.light.min_steps",
        ("guardian", "min_age"): "visit.card.min_age",
        **{("stream", name): f"visit.stream.{name}" for name in RULES.floors["stream"]},
        **{("head", name): f"visit.head.{name}" for name in RULES.floors["head"] if name != "right"},
        **{("digits", name): f"visit.digits.{name}" for name in RULES.floors["digits"]},
        **{("lips", name): f"visit.lips.{name}" for name in ("before_s", "after_s")},
    }
    for (check, name), setting in settings_of_terminal.items():
        floor = RULES.floors[check][name]
        assert (floor.least, floor.most) == (production.LEAST.get(setting), production.MOST.get(setting))
    assert RULES.floors["face"]["accept"].least == SFace.minimums.accept
    assert RULES.floors["face"]["review"].least == SFace.minimums.review
    assert RULES.floors["continuity"]["max_gap_s"].most == production.MOST["visit.face.max_gap_s"]
    assert RULES.floors["lips"]["chance"].most == production.MOST["visit.lips.max_chance"]
    assert RULES.unreviewable_codes == {code.value for code in PRODUCTION}
    assert RULES.digits_guess == settings.load().visit.digits.guess


def verdicts_of_real_visits() -> dict[Check, Verdict]:
    """Pass a visit of every way, and one of a child, and return what the terminal's rules said last."""
    voice, head, touch = (staffed_visit(way) for way in (Way.VOICE, Way.HEAD, Way.TOUCH))
    voice.read()
    follow(head)
    look(touch)
    touch.feed(e.DigitsTyped(DIGITS))
    child = StaffedVisitDriver(TERMINAL).to_card()
    child.feed(e.CardRead(replace(GOOD_CARD, age=8)))
    child.feed(e.GuardianAgreed("zh-Hans", "11" * 32))
    child.feed(e.CardRead(GOOD_CARD))
    return {v.check: v for drive in (child, voice, head, touch) for v in drive.visit.verdicts}


def staffed_visit(way: Way) -> StaffedVisitDriver:
    drive = StaffedVisitDriver(TERMINAL)
    drive.feed(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0, way=way))
    drive.agree_and_type().match(live_median=0.9)
    if way is not Way.VOICE:  # `read` does it itself
        drive.feed(e.ChallengeTaken(challenge()))
        drive.feed(e.PromptEnded(way.value, drive.at))
    return drive


REAL = verdicts_of_real_visits()
LOOSE_ENOUGH = {
    ("liveness", "required"): "a switch: what was not measured is no pass, and nothing else counts",
}
"""Numbers in `required` without a minimum, and why."""


def test_real_visits_bring_every_check() -> None:
    assert set(REAL) == set(Check)
    lowered = {c for c, v in REAL.items() if minimum_thresholds.is_lowered(from_terminal(v), RULES)}
    assert lowered <= {Check.LIGHT}, "no light is shown to these"


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (check, name)
        for check, verdict in REAL.items()
        for name, value in verdict.required.items()
        if isinstance(value, int | float) and (check, name) not in LOOSE_ENOUGH
    ],
)
def test_every_number_that_a_terminal_requires_has_a_minimum(check: Check, name: str) -> None:
    verdict = REAL[check]
    far = [replace(verdict, required={**verdict.required, name: value}) for value in (-1e9, 1e9)]
    none = replace(verdict, required={n: v for n, v in verdict.required.items() if n != name})
    assert any(minimum_thresholds.is_lowered(from_terminal(one), RULES) for one in far)
    assert minimum_thresholds.is_lowered(from_terminal(none), RULES)


def from_terminal(verdict: Verdict) -> Any:
    return _message(json.loads(msgspec.json.encode(verdict)))


def test_both_ends_need_the_same_number_of_digits() -> None:
    for count in range(4, 9):
        assert minimum_thresholds.unguessable(count, 2e-4) == likelihood_ratio.needed(count, 2e-4)


def test_a_lowered_threshold_is_refused_by_the_server(terminal: ProtocolTerminal) -> None:
    low = terminal.activation(verdicts=changed("liveness", "required", min_live=0.0))
    receipt = terminal.activate(low).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "evidence.lowered")
    assert set(NUMBERS) >= {check for check, _ in USUAL}


def _message(one: dict[str, Any]):
    from central.protocol.messages import Verdict

    return Verdict.model_validate(one)


def test_a_passed_liveness_counts_even_if_it_was_not_required() -> None:
    assert fault(verdicts=changed("liveness", "required", required=False)) is None

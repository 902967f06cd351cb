"""Rules that another rule usually covers: each is tried where the other has nothing to say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from central.activation import guardians, minimum_thresholds, visit_times
from central.activation.evidence import is_challenge_valid
from central.codes import Code
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest, Person, Verdict
from central.settings import Evidence, Settings
from kiosk.simulators.people import made_up_number
from tests.central.test_guardians import CONSENT, of_child, papers_seen
from tests.central.test_reviews import AT, BEGAN, GOOD, STAFF, STRICT, SUPERVISOR, fault, review, signature
from tests.support.protocol_terminal import person, verdict, verdicts

COLLEAGUE = {"700125": STAFF["700124"]}
"""A second clerk of the same terminal."""


# ── signatures ───────────────────────────────────────────────────────────────────────────────────


def not_live() -> list[dict[str, Any]]:
    given = verdicts()
    for one in given:
        if one["check"] == "liveness":
            one.update(answer="retry", code="face.not_live", measured={"live_median": 0.06})
    return given


def approved(second: dict[str, Any] | None) -> dict[str, Any]:
    return review("face.not_live", reason="light", second=second)


def test_a_supervisors_second_signature_counts() -> None:
    assert fault(STAFF | COLLEAGUE, verdicts=not_live(), reviews=[approved(SUPERVISOR)]) is None


def test_another_clerks_second_signature_does_not() -> None:
    """Everything is right about it but the role: known, of this terminal, another person, in time."""
    colleague = approved(signature("700125", at=BEGAN + 45))
    assert fault(STAFF | COLLEAGUE, verdicts=not_live(), reviews=[colleague]) is Code.EVIDENCE_REVIEW


def test_the_second_signature_comes_after_the_first() -> None:
    late = review("face.not_live", reason="light", first=signature(at=AT), second=SUPERVISOR)
    early = signature("700200", "supervisor", AT - 61)
    assert fault(verdicts=not_live(), reviews=[late | {"second": early}]) is Code.EVIDENCE_REVIEW
    in_time = signature("700200", "supervisor", AT - 59)  # clocks may be off by a minute
    assert fault(verdicts=not_live(), reviews=[late | {"second": in_time}]) is None


@pytest.mark.parametrize(
    "code",
    [
        "face.not_live", "card.portrait_photographed", "card.number_irregular", "card.child",
        "light.unclear", "light.unseen", "light.declined", "way.attest", "way.clerk",
    ],
)  # fmt: skip
def test_what_two_people_must_sign(code: str) -> None:
    assert Evidence().overruling[code].second


@pytest.mark.parametrize(
    "code",
    [
        "face.mismatch", "face.left", "face.changed", "face.liveness_unknown", "card.expired",
        "card.number_invalid", "speech.wrong_digits", "lips.still", "head.wrong", "touch.wrong",
        "stream.repeated", "stream.unknown", "phone.malformed", "light.absent",
    ],
)  # fmt: skip
def test_what_nobody_may_sign_away(code: str) -> None:
    twice = review(code, second=SUPERVISOR)
    assert fault(reviews=[twice]) is Code.EVIDENCE_REVIEW


# ── digits ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ratio", [-20.0, 0.0, 8.5])
@pytest.mark.parametrize("right", [5, 6])
def test_enough_right_digits_need_no_ratio(right: int, ratio: float) -> None:
    good = verdict("digits")
    good["measured"] |= {"right": right, "llr": ratio}
    assert minimum_thresholds.are_digits_sufficient(Verdict.model_validate(good), 2e-4)


@pytest.mark.parametrize(
    ("right", "ratio", "enough"),
    [(4, 8.517, True), (4, 8.51, False), (3, 8.6, False), (4, -8.6, False)],  # ln(1 / 2e-4) = 8.517
)
def test_one_less_needs_a_ratio_that_cannot_be_guessed(right: int, ratio: float, enough: bool) -> None:
    good = verdict("digits")
    good["measured"] |= {"right": right, "llr": ratio}
    assert minimum_thresholds.are_digits_sufficient(Verdict.model_validate(good), 2e-4) is enough


@pytest.mark.parametrize(("count", "right"), [(4, 4), (5, 5), (6, 5), (7, 6), (8, 6)])
def test_so_many_of_so_many_cannot_be_guessed(count: int, right: int) -> None:
    """Typed, not computed: with p = 1/9 a digit, the chance of `right` or more is at most 2 in 10 000."""
    assert minimum_thresholds.unguessable(count, 2e-4) == right


# ── thresholds, of which verdicts ────────────────────────────────────────────────────────────────


def with_required(check: str, answer: str, **numbers: Any) -> list[dict[str, Any]]:
    given = verdicts(**{check: answer})
    for one in given:
        if one["check"] == check:
            one["required"] |= numbers
    return given


MINIMUMS = [
    ("card", "min_age", 18, 17),
    ("card", "min_age_guarded", 14, 13),
    ("guardian", "min_age", 18, 17),
    ("face", "accept", 0.40, 0.399),
    ("face", "review", 0.363, 0.362),
    ("face", "min_frames", 3, 2),
    ("liveness", "min_live", 0.05, 0.049),
    ("continuity", "max_gap_s", 2, 2.01),
    ("continuity", "compared", 1, 0),
    ("digits", "early_s", 0.3, 0.301),
    ("digits", "late_s", 1.5, 1.501),
    ("lips", "moved", 2, 1),
    ("lips", "rise", 0.02, 0.019),
    ("lips", "chance", 0.2, 0.21),
    ("lips", "before_s", 0.6, 0.601),
    ("lips", "after_s", 0.6, 0.601),
    ("light", "gain", 0.02, 0.019),
    ("light", "fit", 0.7, 0.699),
    ("light", "steps", 5, 4),
    ("light", "beaten", 1, 0.999),
    ("stream", "max_repeats", 10, 11),
    ("stream", "min_noise", 0.1, 0.099),
    ("stream", "max_still_s", 10, 10.1),
    ("stream", "max_fps", 240, 241),
    ("stream", "min_jitter_ms", 0.001, 0.0009),
    ("head", "right", 4, 3),
    ("head", "early_s", 0.1, 0.09),
    ("head", "window_s", 6, 6.1),
    ("head", "turn_deg", 10, 9.9),
    ("head", "nod_deg", 8, 7.9),
    ("head", "rest_deg", 7, 7.1),
    ("touch", "right", 4, 3),
]
"""Typed from resources/protocol/README.md and the law, not taken from the settings: bound, and beyond it."""


def of_way(check: str, **numbers: Any) -> Code | None:
    """Judge a request of the way that needs the check, with other thresholds in its verdict."""
    way = check if check in WAYS else "voice"
    given = verdicts() if way == "voice" else way_verdicts(way)
    more: dict[str, Any] = {"reviews": way_reviews(way)}
    if check == "guardian":
        papers = papers_seen(second=SUPERVISOR)
        given, more = of_child(), {"reviews": [papers], "guardian": CONSENT}
    for one in given:
        if one["check"] == check:
            one["required"] |= numbers
    return fault(way=way, verdicts=given, **more)


@pytest.mark.parametrize(("check", "name", "bound", "beyond"), MINIMUMS)
def test_each_minimum_of_central(check: str, name: str, bound: float, beyond: float) -> None:
    assert of_way(check, **{name: bound}) is None
    assert of_way(check, **{name: beyond}) is Code.EVIDENCE_LOWERED


def test_no_minimum_is_untested() -> None:
    floors = {(check, name) for check, names in Evidence().floors.items() for name in names}
    assert floors == {(check, name) for check, name, *_ in MINIMUMS}


# ── what each way needs ──────────────────────────────────────────────────────────────────────────

WAYS = {
    "head": ("card", "phone", "face", "continuity", "head", "liveness", "light", "stream"),
    "touch": ("card", "phone", "face", "continuity", "touch", "liveness", "light", "stream"),
    "clerk": ("card", "phone"),
}


def way_verdicts(way: str) -> list[dict[str, Any]]:
    return [verdict(check) for check in WAYS[way]]


def way_reviews(way: str) -> list[dict[str, Any]]:
    if way == "touch":
        return [review("way.attest", reason="cannot_speak", second=SUPERVISOR)]
    return [review("way.clerk", reason="own_wish", second=SUPERVISOR)] if way == "clerk" else []


@pytest.mark.parametrize(("way", "check"), [(way, check) for way, checks in WAYS.items() for check in checks])
def test_each_way_needs_all_of_its_checks(way: str, check: str) -> None:
    given, reviews = way_verdicts(way), way_reviews(way)
    assert fault(way=way, verdicts=given, reviews=reviews) is None
    rest = [one for one in given if one["check"] != check]
    assert fault(way=way, verdicts=rest, reviews=reviews) is Code.EVIDENCE_INCOMPLETE
    failed = [*given, verdict(check, "refuse", "card.expired")]
    assert fault(way=way, verdicts=failed, reviews=reviews) is Code.EVIDENCE_INCOMPLETE
    unsure = fault(way=way, verdicts=[*given, verdict(check, "review")], reviews=reviews)
    assert unsure is (None if check == "stream" else Code.EVIDENCE_INCOMPLETE)


@pytest.mark.parametrize("way", ["touch", "clerk"])
def test_a_way_with_a_clerk_needs_that_clerks_review(way: str) -> None:
    assert fault(way=way, verdicts=way_verdicts(way)) is Code.EVIDENCE_REVIEW
    other = [review("face.uncertain")]
    assert fault(way=way, verdicts=way_verdicts(way), reviews=other) is Code.EVIDENCE_REVIEW


def test_the_streams_thresholds_count_even_if_it_only_goes_along_as_evidence() -> None:
    assert fault(verdicts=with_required("stream", "review", max_repeats=10)) is None
    loose = with_required("stream", "review", max_repeats=11)
    assert fault(verdicts=loose) is Code.EVIDENCE_LOWERED


@pytest.mark.parametrize("check", ["lips", "liveness"])
def test_in_simulation_what_is_no_pass_needs_no_thresholds(check: str) -> None:
    name = "min_live" if check == "liveness" else "moved"
    simulation = Settings(data=Path(), simulation=True)
    assert fault(settings=simulation, verdicts=with_required(check, "review", **{name: 0})) is None
    passed = with_required(check, "pass", **{name: 0})
    assert fault(settings=simulation, verdicts=passed) is Code.EVIDENCE_LOWERED


def test_verdicts_that_the_way_does_not_ask_for_do_not_count() -> None:
    """Another way was tried before, at a terminal that set other limits for it."""
    before = verdict("head") | {"required": {"right": 1, "early_s": 0.0}}
    assert fault(verdicts=[before, *verdicts()]) is None


# ── the challenge's time ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expires", "valid"),
    [(BEGAN, True), (BEGAN - 0.1, False)],  # expired the moment the visit began
)
def test_a_challenge_is_in_force_when_the_visit_begins(expires: float, valid: bool) -> None:
    request = ActivationRequest.model_validate(ALL["activation-request"])
    assert is_challenge_valid(request, replace(GOOD, expires_unix=expires), AT + 60) is valid


@pytest.mark.parametrize(
    ("ended", "possible"),
    [
        (AT + 300, True),  # after the arrival, by a clock that is five minutes fast
        (AT + 300.1, False),
        (BEGAN - 60, True),  # before the challenge was issued, by a clock that may be so far off
        (BEGAN - 60.1, False),
    ],
)
def test_a_visit_lies_between_its_challenge_and_its_arrival(ended: float, possible: bool) -> None:
    assert (visit_times.impossible(ended, BEGAN, AT, STRICT) == "") is possible


def test_a_visit_does_not_end_before_it_began() -> None:
    body = ALL["activation-request"] | {"began_unix": BEGAN, "at_unix": BEGAN}
    assert is_challenge_valid(ActivationRequest.model_validate(body), GOOD, AT)
    body["at_unix"] = BEGAN - 0.1
    assert not is_challenge_valid(ActivationRequest.model_validate(body), GOOD, AT)


# ── ages, by the date in China ───────────────────────────────────────────────────────────────────

YOUNG = verdicts()
YOUNG[0].update(answer="review", code="card.under_age")


def refused(born: tuple[int, int, int], at: datetime, given: Any = None, guardian: Any = None) -> Any:
    """Judge the sealed part of a request made at `at`, of a person born then."""
    day = datetime(*born).date()
    consent = {"language": "zh-Hans", "text_sha256": "ab" * 32}
    theirs = None
    if guardian is not None:
        number = made_up_number(2, datetime(*guardian).date())
        theirs = {"number": number, "name": "测试", "consent": consent}
    inside = Person.model_validate(person(number=made_up_number(1, day), guardian=theirs))
    body = ALL["activation-request"] | {
        "at_unix": at.timestamp(),
        "verdicts": given or verdicts(),
        "guardian": consent if guardian else None,
    }
    return guardians.sealed_part_refusal(ActivationRequest.model_validate(body), inside)


NOON = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)  # noon in China
GUARDIAN = (1980, 1, 1)


@pytest.mark.parametrize(
    ("born", "adult"),
    [((2008, 6, 16), False), ((2008, 6, 15), True), ((2008, 6, 14), True), ((2008, 7, 1), False),
     ((2008, 5, 31), True)],
)  # fmt: skip
def test_who_is_eighteen_comes_alone(born: tuple[int, int, int], adult: bool) -> None:
    assert refused(born, NOON) is (None if adult else Code.EVIDENCE_GUARDIAN)
    assert refused((2018, 1, 1), NOON, guardian=born) is (None if adult else Code.EVIDENCE_GUARDIAN)


@pytest.mark.parametrize(
    ("born", "child"), [((2012, 6, 16), True), ((2012, 6, 15), False), ((2012, 6, 14), False)]
)
def test_for_whom_is_not_fourteen_a_guardian_applies(born: tuple[int, int, int], child: bool) -> None:
    assert refused(born, NOON, guardian=GUARDIAN) is (None if child else Code.EVIDENCE_GUARDIAN)
    assert refused(born, NOON, given=YOUNG) is (Code.EVIDENCE_GUARDIAN if child else None)


@pytest.mark.parametrize(
    ("at", "adult"),
    [
        (datetime(2026, 6, 14, 15, 59, 59, tzinfo=UTC), False),  # 23:59:59 of the day before, in China
        (datetime(2026, 6, 14, 16, 0, 0, tzinfo=UTC), True),  # midnight in China; still the 14th in UTC
        (datetime(2026, 6, 15, 15, 59, 59, tzinfo=UTC), True),
    ],
)
def test_a_birthday_begins_at_midnight_in_china(at: datetime, adult: bool) -> None:
    assert refused((2008, 6, 15), at) is (None if adult else Code.EVIDENCE_GUARDIAN)
    child = refused((2012, 6, 15), at, guardian=GUARDIAN)
    assert child is (Code.EVIDENCE_GUARDIAN if adult else None)


def test_who_was_born_on_29_february_is_of_age_on_1_march() -> None:
    born, day = (2008, 2, 29), datetime(2026, 2, 28, 4, tzinfo=UTC)
    assert refused(born, day) is Code.EVIDENCE_GUARDIAN
    assert refused(born, day + timedelta(days=1)) is None


def test_a_birthday_is_one_at_both_ends() -> None:
    from kiosk.card.facts import completed_years
    from kiosk.china_time import china_date

    for hour in range(48):
        at = NOON + timedelta(hours=hour)
        for day in range(10, 20):
            born = datetime(2008, 6, day).date()
            theirs = completed_years(born, china_date(at.timestamp()))
            assert guardians.age(made_up_number(1, born), at.timestamp()) == theirs

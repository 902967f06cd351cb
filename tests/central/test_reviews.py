"""Clerks' decisions are checked against the clerks and rules that central knows, for each way."""

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest

from central.activation import evidence
from central.activation.evidence import ChallengeFacts
from central.codes import Code
from central.fleet.clerks import StaffPeriod
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest
from central.settings import Settings
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, person, verdict, verdicts

BEGAN, AT = 1_784_512_290.25, 1_784_512_345.5
GOOD = ChallengeFacts(
    terminal="GZ-009", used_by="7K2M-Q4XR-09TB-HC5D", issued_unix=BEGAN - 100, expires_unix=BEGAN + 100
)
STRICT = Settings(data=Path())
STAFF = {
    "700124": [StaffPeriod("clerk", 0.0, None)],
    "700200": [StaffPeriod("supervisor", 0.0, None)],
    "700300": [StaffPeriod("clerk", 0.0, BEGAN - 3600)],
}


def signature(clerk: str = "700124", role: str = "clerk", at: float = BEGAN + 40) -> dict[str, Any]:
    return {"clerk": clerk, "role": role, "at_unix": at}


SUPERVISOR = signature("700200", "supervisor", BEGAN + 45)


def review(code: str = "face.uncertain", **other: Any) -> dict[str, Any]:
    return {
        "code": code,
        "decision": "approve",
        "reason": "same_person",
        "overruled": [code],
        "first": signature(),
        "second": None,
        "asked_unix": BEGAN + 30,
    } | other


def uncertain_face(**answers: str | None) -> list[dict[str, Any]]:
    """Return verdicts that pass, except for an uncertain face."""
    given = verdicts(**answers)
    for one in given:
        if one["check"] == "face":
            one.update(answer="review", code="face.uncertain")
    return given


def fault(staff: Any = STAFF, settings: Settings = STRICT, **other: Any) -> Code | None:
    body = ALL["activation-request"] | {"verdicts": verdicts(), "reviews": []} | other
    return evidence.refusal(ActivationRequest.model_validate(body), GOOD, AT + 60, settings, staff)


HEAD = [*verdicts(digits=None, lips=None), verdict("head")]
TOUCH = [*verdicts(digits=None, lips=None), verdict("touch")]
CLERK = verdicts(face=None, liveness=None, digits=None, lips=None, continuity=None, stream=None)


# ── what a review waives ─────────────────────────────────────────────────────────────────────────


def test_an_approved_uncertain_face_is_accepted() -> None:
    assert fault(verdicts=uncertain_face(), reviews=[review()]) is None


def test_an_uncertain_face_without_review_is_refused() -> None:
    assert fault(verdicts=uncertain_face()) is Code.EVIDENCE_INCOMPLETE


def test_a_review_waives_its_own_check_only() -> None:
    assert fault(verdicts=uncertain_face(digits="retry"), reviews=[review()]) is Code.EVIDENCE_INCOMPLETE
    mismatch = verdicts(face="refuse")
    assert fault(verdicts=mismatch, reviews=[review()]) is Code.EVIDENCE_INCOMPLETE


def test_a_code_waives_only_the_check_of_the_table() -> None:
    given = verdicts()
    given[4].update(answer="retry", code="face.uncertain")
    assert given[4]["check"] == "digits"
    assert fault(verdicts=given, reviews=[review()]) is Code.EVIDENCE_INCOMPLETE


@pytest.mark.parametrize(
    "bad",
    [
        review("face.mismatch"),
        review("speech.wrong_digits"),
        review(overruled=["face.not_live"]),
        review(overruled=[]),
        review(reason="other_person"),
        review(decision="refuse", overruled=[]),
        review(decision="again"),
        review(first=signature("700999")),
        review(first=signature("700300")),
        review(first=signature(role="supervisor")),
        review(first=signature(at=BEGAN - 600)),
        review(first=signature(at=AT + 600)),
        review("face.not_live"),
        review("face.not_live", second=signature("700200", "clerk", BEGAN + 45)),
        review("face.not_live", second=signature("700124", "supervisor", BEGAN + 45)),
        review(second=signature("700999", "supervisor", BEGAN + 45)),
    ],
    ids=lambda r: f"{r['code']} {r['decision']} {r['first']['clerk']} {r['second'] and r['second']['clerk']}",
)
def test_invalid_reviews_are_refused(bad: dict[str, Any]) -> None:
    assert fault(verdicts=uncertain_face(), reviews=[review(), bad]) is Code.EVIDENCE_REVIEW


def test_the_second_signature_is_another_persons() -> None:
    first = signature("700200", "supervisor")
    twice = review("face.not_live", first=first, second=SUPERVISOR)
    assert fault(verdicts=verdicts(), reviews=[twice]) is Code.EVIDENCE_REVIEW


def test_a_decision_to_try_again_waives_nothing() -> None:
    again = review(decision="again", overruled=[], reason="light")
    assert fault(reviews=[again]) is None
    assert fault(verdicts=uncertain_face(), reviews=[again]) is Code.EVIDENCE_INCOMPLETE


def test_reviews_of_unknown_clerks_are_refused() -> None:
    assert fault(staff={}, verdicts=uncertain_face(), reviews=[review()]) is Code.EVIDENCE_REVIEW


# ── the ways ─────────────────────────────────────────────────────────────────────────────────────


def test_the_way_head_needs_its_checks() -> None:
    assert fault(way="head", verdicts=HEAD) is None
    assert fault(way="head", verdicts=verdicts()) is Code.EVIDENCE_INCOMPLETE
    assert fault(way="voice", verdicts=HEAD) is Code.EVIDENCE_INCOMPLETE


def test_the_light_of_a_failed_voice_try_does_not_count_for_another_way() -> None:
    light = {"check": "light", "answer": "pass", "code": "ok", "required": {}}
    before = [light | {"measured": {"colours": "of another challenge"}}]
    assert fault(way="head", verdicts=before + HEAD) is None
    assert fault(verdicts=before + verdicts()) is Code.EVIDENCE_INCOMPLETE


def test_the_way_touch_needs_an_attestation() -> None:
    assert fault(way="touch", verdicts=TOUCH) is Code.EVIDENCE_REVIEW
    assert fault(way="touch", verdicts=TOUCH, reviews=[review("way.attest")]) is None
    assert fault(way="touch", verdicts=CLERK, reviews=[review("way.attest")]) is Code.EVIDENCE_INCOMPLETE


def test_the_way_clerk_needs_two_signatures() -> None:
    both = review("way.clerk", reason="own_wish", second=SUPERVISOR)
    assert fault(way="clerk", verdicts=CLERK, reviews=[both]) is None
    assert fault(way="clerk", verdicts=CLERK, reviews=[both | {"second": None}]) is Code.EVIDENCE_REVIEW
    assert fault(way="clerk", verdicts=CLERK) is Code.EVIDENCE_REVIEW
    assert fault(way="voice", verdicts=CLERK, reviews=[both]) is Code.EVIDENCE_INCOMPLETE
    expired = [
        v | ({"answer": "refuse", "code": "card.expired"} if v["check"] == "card" else {}) for v in CLERK
    ]
    assert fault(way="clerk", verdicts=expired, reviews=[both]) is Code.EVIDENCE_INCOMPLETE


def test_a_way_that_the_settings_do_not_name_is_refused() -> None:
    only_voice = Settings.model_validate(
        {"data": ".", "evidence": {"ways": {"voice": STRICT.evidence.ways["voice"].model_dump()}}}
    )
    assert fault(settings=only_voice) is None
    assert fault(way="head", verdicts=HEAD, settings=only_voice) is Code.EVIDENCE_WAY


# ── over the wire ────────────────────────────────────────────────────────────────────────────────


def body(terminal: ProtocolTerminal, first: str, **sealed: Any) -> dict[str, Any]:
    now = time.time()
    decided = review(first=signature(first, at=now), asked_unix=now)
    good = terminal.activation(verdicts=uncertain_face(), reviews=[decided])
    good["sealed"] = terminal.seal(person(reviews=[decided]) | sealed, good["id"])
    return good


@pytest.fixture
def clerk(central: RunningCentral, terminal: ProtocolTerminal) -> str:
    return central.command("clerk", "add", terminal.name).split()[1]


def test_a_review_counts_and_is_shown_on_the_page(terminal: ProtocolTerminal, clerk: str) -> None:
    sent = body(terminal, clerk)
    assert terminal.activate(sent).json()["status"] == "ACTIVATED"
    page = terminal.session.get(f"{terminal.central.url}/look-up/{sent['id']}", timeout=20)
    page.encoding = "utf-8"
    assert "店员当面核对并签名" in page.text
    assert clerk not in page.text


def test_a_clerk_of_another_terminal_is_refused(terminal: ProtocolTerminal) -> None:
    assert terminal.activate(body(terminal, "700124")).json()["code"] == "evidence.review"


def test_reviews_must_be_equal_outside_and_inside(terminal: ProtocolTerminal, clerk: str) -> None:
    assert terminal.activate(body(terminal, clerk, reviews=[])).json()["code"] == "evidence.review"


def test_the_way_must_be_equal_outside_and_inside(terminal: ProtocolTerminal) -> None:
    sent = terminal.activation(way="head", verdicts=copy.deepcopy(HEAD))
    assert terminal.activate(sent).json()["code"] == "evidence.review"
    good = terminal.activation(way="head", verdicts=HEAD)
    good["sealed"] = terminal.seal(person(way="head"), good["id"])
    assert json.loads(terminal.activate(good).text)["status"] == "ACTIVATED"


# ── a photographed portrait, a young person ──────────────────────────────────────────────────────


def looked_at(check: str, code: str) -> list[dict[str, Any]]:
    given = verdicts()
    for one in given:
        if one["check"] == check:
            one.update(answer="review", code=code)
    return given


def test_a_photographed_portrait_needs_both_signatures() -> None:
    given = looked_at("face", "card.portrait_photographed")
    one = review("card.portrait_photographed")
    assert fault(verdicts=given, reviews=[one]) is not None
    assert fault(verdicts=given, reviews=[one | {"second": SUPERVISOR}]) is None


def test_a_young_person_needs_a_guardian_as_the_reason() -> None:
    given = looked_at("card", "card.under_age")
    assert fault(verdicts=given) is not None
    assert fault(verdicts=given, reviews=[review("card.under_age")]) is not None
    assert fault(verdicts=given, reviews=[review("card.under_age", reason="guardian")]) is None
    grey_face = review(reason="guardian")
    assert fault(verdicts=uncertain_face(), reviews=[grey_face]) is not None

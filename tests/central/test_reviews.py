"""Clerks' decisions are checked against the clerks and rules that central knows, for each way."""

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.activation import evidence
from central.activation.evidence import ChallengeFacts
from central.codes import Code
from central.fleet.clerks import StaffPeriod
from central.fleet.readers import ReaderPeriod
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest
from central.settings import Settings
from tests.support.protocol_terminal import ProtocolTerminal, consent, person, verdict, verdicts, visit_number
from tests.support.review_signer import commitment, key_of, public_key, signed

BEGAN, AT = 1_784_512_290.25, 1_784_512_345.5
GOOD = ChallengeFacts(
    terminal="GZ-009", used_by="7K2M-Q4XR-09TB-HC5D", issued_unix=BEGAN - 100, expires_unix=BEGAN + 100
)
STRICT = Settings(data=Path())
CHALLENGE = ALL["activation-request"]["challenge"]


def period(
    clerk: str, role: str = "clerk", from_unix: float = 0.0, until_unix: float | None = None
) -> StaffPeriod:
    return StaffPeriod(role=role, public_key=public_key(clerk), from_unix=from_unix, until_unix=until_unix)


STAFF = {
    "700124": [period("700124")],
    "700200": [period("700200", "supervisor")],
    "700300": [period("700300", until_unix=BEGAN - 3600)],
}


def signature(clerk: str = "700124", role: str = "clerk", at: float = BEGAN + 40) -> dict[str, Any]:
    return {"clerk": clerk, "role": role, "at_unix": at}


SUPERVISOR = signature("700200", "supervisor", BEGAN + 45)


def review(code: str = "face.uncertain", **other: Any) -> dict[str, Any]:
    return {
        "code": code,
        "challenge": CHALLENGE if code.startswith("way.") else None,
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


def readers_of(request: ActivationRequest) -> list[ReaderPeriod]:
    """The reader of the request, pinned all the time."""
    assert request.reader is not None
    return [ReaderPeriod(request.reader, 0.0, None)]


def fault(staff: Any = STAFF, settings: Settings = STRICT, **other: Any) -> Code | None:
    """Return why the request is refused; its reviews are signed."""
    other["reviews"] = [signed(one) for one in other.get("reviews", [])]
    return fault_as_it_is(staff, settings, **other)


def fault_as_it_is(staff: Any = STAFF, settings: Settings = STRICT, **other: Any) -> Code | None:
    agreed = {"consent": consent(other.get("way"))}
    body = ALL["activation-request"] | agreed | {"verdicts": verdicts()} | other
    request = ActivationRequest.model_validate(body)
    return evidence.refusal(request, GOOD, AT + 60, settings, staff, readers_of(request))


HEAD = [*verdicts(digits=None, lips=None), verdict("head")]
TOUCH = [*verdicts(digits=None, lips=None), verdict("touch")]
CLERK = verdicts(face=None, liveness=None, digits=None, lips=None, light=None, continuity=None, stream=None)


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


@pytest.mark.parametrize(("way", "given"), [("voice", verdicts()), ("head", HEAD), ("touch", TOUCH)])
def test_no_way_before_the_camera_does_without_light(way: str, given: list[dict[str, Any]]) -> None:
    signed = [review("way.attest", second=SUPERVISOR)] if way == "touch" else []
    assert fault(way=way, verdicts=given, reviews=signed) is None
    dark = [one for one in given if one["check"] != "light"]
    earlier = verdict("light") | {"measured": {"colours": "of another challenge"}}
    for unlit in (dark, [*dark, verdict("light", "retry", "light.unclear")], [earlier, *dark]):
        assert fault(way=way, verdicts=unlit, reviews=signed) is Code.EVIDENCE_INCOMPLETE


def test_an_unclear_light_needs_both_signatures_and_an_absent_one_is_final() -> None:
    unclear = [*verdicts(light=None), verdict("light", "retry", "light.unclear")]
    alone, both = review("light.unclear"), review("light.unclear", second=SUPERVISOR)
    assert fault(verdicts=unclear, reviews=[alone]) is Code.EVIDENCE_REVIEW
    assert fault(verdicts=unclear, reviews=[both]) is None
    absent = [*verdicts(light=None), verdict("light", "retry", "light.absent")]
    assert fault(verdicts=absent, reviews=[both]) is Code.EVIDENCE_INCOMPLETE
    overruled = review("light.absent", second=SUPERVISOR)
    assert fault(verdicts=absent, reviews=[overruled]) is Code.EVIDENCE_REVIEW


def test_the_way_touch_needs_an_attestation() -> None:
    assert fault(way="touch", verdicts=TOUCH) is Code.EVIDENCE_REVIEW
    alone, both = review("way.attest"), review("way.attest", second=SUPERVISOR)
    assert fault(way="touch", verdicts=TOUCH, reviews=[alone]) is Code.EVIDENCE_REVIEW
    assert fault(way="touch", verdicts=TOUCH, reviews=[both]) is None
    assert fault(way="touch", verdicts=CLERK, reviews=[both]) is Code.EVIDENCE_INCOMPLETE


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


Account = tuple[str, Ed25519PrivateKey]


def body(
    terminal: ProtocolTerminal, clerk: Account, at: float | None = None, **sealed: Any
) -> dict[str, Any]:
    """Return a request of `at` (default: now) with a review that this clerk signed."""
    at, visit = time.time() if at is None else at, visit_number()
    number, key = clerk
    who = person()
    decided = review(first=signature(number, at=at), asked_unix=at, persons=[commitment(who)])
    decided = signed(decided, visit, terminal.name, {number: key})
    times = {"began_unix": at - 1, "at_unix": at + 1}
    good = terminal.activation(id=visit, verdicts=uncertain_face(), reviews=[decided], **times)
    good["sealed"] = terminal.seal(who | {"reviews": [decided]} | sealed, good["id"])
    return good


@pytest.fixture
def clerk(terminal: ProtocolTerminal) -> Account:
    return terminal.add_clerk()


def test_a_review_counts_and_is_shown_on_the_page(terminal: ProtocolTerminal, clerk: Account) -> None:
    sent = body(terminal, clerk)
    assert terminal.activate(sent).json()["status"] == "ACTIVATED"
    page = terminal.session.get(f"{terminal.central.url}/look-up/{sent['id']}", timeout=20)
    page.encoding = "utf-8"
    assert "店员当面核对并签名" in page.text
    assert clerk[0] not in page.text


def test_a_clerk_of_another_terminal_is_refused(terminal: ProtocolTerminal) -> None:
    assert terminal.activate(body(terminal, ("700124", key_of("700124")))).json()["code"] == "evidence.review"


def test_reviews_must_be_equal_outside_and_inside(terminal: ProtocolTerminal, clerk: Account) -> None:
    assert terminal.activate(body(terminal, clerk, reviews=[])).json()["code"] == "evidence.review"


def test_the_way_must_be_equal_outside_and_inside(terminal: ProtocolTerminal) -> None:
    sent = terminal.activation(way="head", verdicts=copy.deepcopy(HEAD))
    assert terminal.activate(sent).json()["code"] == "evidence.review"
    measured_anew = [*verdicts(digits=None, lips=None), verdict("head")]
    good = terminal.activation(way="head", verdicts=measured_anew)
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

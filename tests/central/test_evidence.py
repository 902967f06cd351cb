"""Evidence that is missing, early, late or not passed is refused, by the rule alone and by the server."""

import time
from pathlib import Path
from typing import Any

import pytest

from central.activation import evidence, light_colours
from central.activation.evidence import ChallengeFacts
from central.codes import Code
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest
from central.settings import Settings
from kiosk.visit.rules import light as terminals_light
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import CHECKS, ProtocolTerminal, person, verdicts

REQUIRED = ("card", "phone", "face", "digits", "continuity")
BEGAN = 1_784_512_290.25
NOW = BEGAN + 60
GOOD = ChallengeFacts(
    terminal="GZ-009", used_by="7K2M-Q4XR-09TB-HC5D", issued_unix=BEGAN - 100, expires_unix=BEGAN + 100
)
STRICT = Settings(data=Path())


def request(**other: Any) -> ActivationRequest:
    return ActivationRequest.model_validate(
        ALL["activation-request"] | {"verdicts": verdicts(), "reviews": []} | other
    )


def fault(challenge: ChallengeFacts | None = GOOD, settings: Settings = STRICT, **other: Any) -> Code | None:
    return evidence.refusal(request(**other), challenge, NOW, settings)


def test_good_evidence_is_accepted() -> None:
    assert fault() is None


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("answer", [None, "retry", "refuse"])
def test_no_check_may_be_missing_or_failed(check: str, answer: str | None) -> None:
    assert fault(verdicts=verdicts(**{check: answer})) is Code.EVIDENCE_INCOMPLETE


@pytest.mark.parametrize("check", [*REQUIRED, "liveness", "lips"])
def test_a_review_verdict_is_not_a_pass(check: str) -> None:
    assert fault(verdicts=verdicts(**{check: "review"})) is Code.EVIDENCE_INCOMPLETE


def test_review_verdicts_suffice_for_the_stream_and_in_simulation_for_lips_and_liveness() -> None:
    assert fault(verdicts=verdicts(stream="review")) is None
    simulation = Settings(data=Path(), simulation=True)
    assert fault(verdicts=verdicts(liveness="review", lips="review"), settings=simulation) is None


def test_the_last_verdict_counts() -> None:
    assert fault(verdicts=verdicts(digits="retry") + verdicts()) is None
    assert fault(verdicts=verdicts() + verdicts(digits="retry")) is Code.EVIDENCE_INCOMPLETE


def lit(colours: object, answer: str = "pass") -> list[dict[str, Any]]:
    measured = {} if colours is None else {"colours": colours}
    return [
        *verdicts(),
        {"check": "light", "answer": answer, "code": "ok", "measured": measured, "required": {}},
    ]


def test_a_light_that_passed_showed_the_challenges_own_colours() -> None:
    own = light_colours.colours(request().challenge, 13)
    assert fault(verdicts=lit(own)) is None
    for other in (light_colours.colours("another", 13), "", None, 7):
        assert fault(verdicts=lit(other)) is Code.EVIDENCE_INCOMPLETE
    assert fault(verdicts=lit(None, "review")) is None


def test_both_sides_derive_the_same_colours() -> None:
    """Terminal and central share no code, only `resources/protocol`."""
    for challenge in ("0f2d6a4be1c84b7f9a3b5c6d7e8f9012", "c1", "x" * 64):
        assert light_colours.colours(challenge, 64) == terminals_light.colours(challenge, 64)
    assert light_colours.colours("0f2d6a4be1c84b7f9a3b5c6d7e8f9012", 13) == "BAGAGBAGRABGB"


def test_evidence_without_verdicts_is_refused() -> None:
    assert fault(verdicts=[]) is Code.EVIDENCE_INCOMPLETE


@pytest.mark.parametrize(
    "challenge",
    [
        None,
        ChallengeFacts(
            terminal="GZ-010",
            used_by=GOOD.used_by,
            issued_unix=GOOD.issued_unix,
            expires_unix=GOOD.expires_unix,
        ),
        ChallengeFacts(
            terminal="GZ-009", used_by=None, issued_unix=GOOD.issued_unix, expires_unix=GOOD.expires_unix
        ),
        ChallengeFacts(
            terminal="GZ-009",
            used_by="0000-0000-0000-0000",
            issued_unix=GOOD.issued_unix,
            expires_unix=GOOD.expires_unix,
        ),
        ChallengeFacts(
            terminal="GZ-009", used_by=GOOD.used_by, issued_unix=GOOD.issued_unix, expires_unix=BEGAN - 1
        ),
        ChallengeFacts(
            terminal="GZ-009", used_by=GOOD.used_by, issued_unix=BEGAN + 120, expires_unix=BEGAN + 1e6
        ),
    ],
    ids=["unknown", "another terminal's", "not taken", "another visit's", "expired", "issued since"],
)
def test_an_invalid_challenge_is_refused(challenge: ChallengeFacts | None) -> None:
    assert fault(challenge) is Code.CHALLENGE_INVALID


def test_a_challenge_fetched_during_the_visit_is_valid() -> None:
    fetched = ChallengeFacts(
        terminal="GZ-009", used_by=GOOD.used_by, issued_unix=BEGAN + 90, expires_unix=BEGAN + 1e6
    )
    assert fault(fetched, at_unix=BEGAN + 90) is None
    assert fault(fetched, at_unix=BEGAN + 90 - 60) is None  # clocks may be off by so much
    assert fault(fetched, at_unix=BEGAN + 90 - 61) is Code.CHALLENGE_INVALID


def test_impossible_visit_times_are_refused() -> None:
    later = ChallengeFacts(
        terminal="GZ-009", used_by=GOOD.used_by, issued_unix=BEGAN, expires_unix=BEGAN + 1e6
    )
    assert fault(later, began_unix=NOW + 301, at_unix=NOW + 302) is Code.CHALLENGE_INVALID
    assert fault(later, at_unix=BEGAN - 1) is Code.CHALLENGE_INVALID


@pytest.mark.parametrize("versions", [{}, {"kiosk": "1.0"}, {"kiosk": ""}, {"face_engine": "0.1"}])
def test_unknown_versions_are_refused(versions: dict[str, str]) -> None:
    assert fault(versions=versions) is Code.EVIDENCE_VERSION


def test_simulated_evidence_is_accepted_in_simulation_only() -> None:
    assert fault(simulated=True) is Code.EVIDENCE_SIMULATED


# ── over the wire ────────────────────────────────────────────────────────────────────────────────


def test_a_timely_visit_may_be_delivered_late(terminal: ProtocolTerminal) -> None:
    """The challenge need only be in force when the visit began."""
    receipt = terminal.activate(terminal.activation(at_unix=time.time() + 1)).json()
    assert receipt["status"] == "ACTIVATED"


def test_a_visit_after_the_challenge_expired_is_refused(terminal: ProtocolTerminal) -> None:
    eight_days = time.time() + 8 * 24 * 3600
    receipt = terminal.activate(terminal.activation(began_unix=eight_days, at_unix=eight_days + 9)).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "challenge.invalid")


def test_another_terminals_challenge_is_refused(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    receipt = terminal.activate(terminal.activation(challenge=ProtocolTerminal(central).challenge())).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "challenge.invalid")


def test_a_used_challenge_is_refused(terminal: ProtocolTerminal) -> None:
    first = terminal.activation()
    assert terminal.activate(first).json()["status"] == "ACTIVATED"
    again = terminal.activate(terminal.activation(challenge=first["challenge"])).json()
    assert (again["status"], again["code"]) == ("REFUSED", "challenge.invalid")


def test_a_refusal_is_final(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    request = terminal.activation(verdicts=verdicts(face="review"))
    first, second = terminal.activate(request).json(), terminal.activate(request).json()
    assert first == second
    assert (first["status"], first["code"], first["credential"]) == ("REFUSED", "evidence.incomplete", None)
    assert central.credentials(first["id"]) == 0


def test_sealed_data_cannot_be_moved_to_another_visit(terminal: ProtocolTerminal) -> None:
    """What one visit sealed opens for no other visit and no other terminal."""
    for sealed in (
        terminal.seal(person(), "0000-0000-0000-0000"),
        terminal.seal(person(), "7K2M-Q4XR-09TB-HC5D", "GZ-009"),
    ):
        receipt = terminal.activate(terminal.activation(sealed=sealed)).json()
        assert (receipt["status"], receipt["code"]) == ("REFUSED", "evidence.unsealable")


@pytest.mark.parametrize(
    "who",
    [
        person(number="990001199001010014"),  # wrong check character
        person(phone="123"),
        person(password="1234"),
        person(name=""),
        person(picture="?"),
        person(extra=1),
        {},
        [],
        "x",
    ],
    ids=lambda who: str(who)[:12],
)
def test_malformed_sealed_data_is_refused(terminal: ProtocolTerminal, who: Any) -> None:
    request = terminal.activation()
    request["sealed"] = terminal.seal(who, request["id"])
    receipt = terminal.activate(request).json()
    assert (receipt["status"], receipt["code"]) == ("REFUSED", "evidence.unsealable")


@pytest.mark.parametrize(
    "change", [{"key": "0" * 16}, {"algorithm": "none"}, {"data": "AAAA"}, {"data": "A" * 200}]
)
def test_unknown_keys_and_algorithms_are_refused(terminal: ProtocolTerminal, change: dict[str, str]) -> None:
    request = terminal.activation()
    request["sealed"] = request["sealed"] | change
    assert terminal.activate(request).json()["code"] == "evidence.unsealable"


def test_a_picture_without_consent_is_refused(terminal: ProtocolTerminal) -> None:
    assert terminal.activate(terminal.activation(person(picture="AAAA"))).json()["code"] == "evidence.refused"

"""Evidence that is missing, early, late or not passed is refused, by the rule alone and by the server."""

import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from central.activation import evidence, light_colours
from central.activation.evidence import ChallengeFacts
from central.codes import Code
from central.fleet.readers import ReaderPeriod
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest, Reader
from central.settings import Evidence, Settings
from kiosk.model import Language
from kiosk.phrases import Phrases, load
from kiosk.ui import consents_document
from kiosk.visit.rules import light as terminals_light
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import CHECKS, ProtocolTerminal, person, verdict, verdicts

REQUIRED = ("card", "phone", "face", "digits", "continuity")
BEGAN = 1_784_512_290.25
NOW = BEGAN + 60
GOOD = ChallengeFacts(
    terminal="GZ-009", used_by="7K2M-Q4XR-09TB-HC5D", issued_unix=BEGAN - 100, expires_unix=BEGAN + 100
)
READER = Reader.model_validate(ALL["activation-request"]["reader"])
PINNED = (ReaderPeriod(READER, BEGAN - 1000, None),)
STRICT = Settings(data=Path())


def request(**other: Any) -> ActivationRequest:
    return ActivationRequest.model_validate(
        ALL["activation-request"] | {"verdicts": verdicts(), "reviews": []} | other
    )


def fault(challenge: ChallengeFacts | None = GOOD, settings: Settings = STRICT, **other: Any) -> Code | None:
    return evidence.refusal(request(**other), challenge, NOW, settings, readers=PINNED)


def test_good_evidence_is_accepted() -> None:
    assert fault() is None


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("answer", [None, "retry", "refuse"])
def test_no_check_may_be_missing_or_failed(check: str, answer: str | None) -> None:
    assert fault(verdicts=verdicts(**{check: answer})) is Code.EVIDENCE_INCOMPLETE


@pytest.mark.parametrize("check", [*REQUIRED, "liveness", "lips", "light"])
def test_a_review_verdict_is_not_a_pass(check: str) -> None:
    assert fault(verdicts=verdicts(**{check: "review"})) is Code.EVIDENCE_INCOMPLETE


def test_review_verdicts_suffice_for_the_stream_and_in_simulation_for_liveness_lips_and_light() -> None:
    assert fault(verdicts=verdicts(stream="review")) is None
    simulation = Settings(data=Path(), simulation=True)
    assert (
        fault(verdicts=verdicts(liveness="review", lips="review", light="review"), settings=simulation)
        is None
    )


def test_the_last_verdict_counts() -> None:
    assert fault(verdicts=verdicts(digits="retry") + verdicts()) is None
    assert fault(verdicts=verdicts() + verdicts(digits="retry")) is Code.EVIDENCE_INCOMPLETE


@pytest.mark.parametrize("way", ["voice", "head", "touch"])
def test_a_light_that_passed_showed_the_challenges_own_colours(way: str) -> None:
    policy = STRICT.evidence.ways[way]
    own = light_colours.colours(request().challenge, 13)
    for colours in (own, own[:8]):
        assert evidence.is_light_valid(request(verdicts=lit(colours)), policy)
    for other in (light_colours.colours("another", 13), "", None, 7):
        assert not evidence.is_light_valid(request(verdicts=lit(other)), policy)
        assert fault(verdicts=lit(other)) is Code.EVIDENCE_INCOMPLETE


def lit(colours: object) -> list[dict[str, Any]]:
    light = verdict("light")
    return [*verdicts(light=None), light | {"measured": light["measured"] | {"colours": colours}}]


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
    ],
    ids=["unknown", "another terminal's", "not taken", "another visit's", "expired"],
)
def test_an_invalid_challenge_is_refused(challenge: ChallengeFacts | None) -> None:
    assert fault(challenge) is Code.CHALLENGE_INVALID


def test_a_challenge_fetched_during_the_visit_is_valid() -> None:
    fetched = ChallengeFacts(
        terminal="GZ-009", used_by=GOOD.used_by, issued_unix=BEGAN + 90, expires_unix=BEGAN + 1e6
    )
    assert fault(fetched, at_unix=BEGAN + 90) is None


def test_a_visit_that_ends_before_it_begins_is_refused() -> None:
    assert fault(GOOD, at_unix=BEGAN - 1) is Code.CHALLENGE_INVALID


@pytest.mark.parametrize("versions", [{}, {"kiosk": "1.0"}, {"kiosk": ""}, {"face_engine": "0.1"}])
def test_unknown_versions_are_refused(versions: dict[str, str]) -> None:
    assert fault(versions=versions) is Code.EVIDENCE_VERSION


def test_simulated_evidence_is_accepted_in_simulation_only() -> None:
    assert fault(simulated=True) is Code.EVIDENCE_SIMULATED


def agreed(text: str, language: str = "zh-Hans") -> dict[str, Any]:
    return {"language": language, "text_sha256": text, "picture": False}


TEXTS = [load(language) for language in Language]
OWN_TEXT = sha256(b"a site's own text").hexdigest()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.language.value)
def test_every_text_of_the_terminals_screens_is_known(text: Phrases) -> None:
    assert fault(consent=agreed(text.consent_sha256(), text.language)) is None


@pytest.mark.parametrize(
    "consent",
    [
        agreed("e3" * 32),
        agreed(OWN_TEXT),
        agreed(TEXTS[0].clerk_consent_sha256()),  # of another way
        agreed(TEXTS[0].guardian_consent_sha256()),
        agreed(TEXTS[1].consent_sha256()),  # of another language
        agreed(TEXTS[0].consent_sha256(), "fr"),
    ],
)
def test_consent_to_another_text_is_refused(consent: dict[str, Any]) -> None:
    assert fault(consent=consent) is Code.CONSENT_UNKNOWN


def test_a_site_may_add_texts_of_its_own() -> None:
    own = Settings(data=Path(), evidence=Evidence(more_consents={"face": frozenset({OWN_TEXT})}))
    assert fault(settings=own, consent=agreed(OWN_TEXT)) is None
    assert fault(settings=own, consent=agreed(OWN_TEXT), way="clerk") is Code.CONSENT_UNKNOWN


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({}, None),
        ({"purpose": "renew"}, None),
        ({"reference": {"language": "zh-Hans", "text_sha256": "e3" * 32}}, Code.CONSENT_UNKNOWN),
        ({"purpose": "new_password"}, Code.CONSENT_UNKNOWN),
        ({"way": "clerk", "consent": agreed(TEXTS[0].clerk_consent_sha256())}, Code.CONSENT_UNKNOWN),
        (
            {"guardian": {"language": "zh-Hans", "text_sha256": TEXTS[0].guardian_consent_sha256()}},
            Code.CONSENT_UNKNOWN,
        ),
    ],
)
def test_a_picture_is_kept_only_of_an_owner_who_was_filmed(other: dict[str, Any], code: Code | None) -> None:
    own = Settings(data=Path(), evidence=Evidence(more_consents={"kept_picture": frozenset({OWN_TEXT})}))
    kept = {"reference": {"language": "zh-Hans", "text_sha256": OWN_TEXT}}
    assert fault(settings=own, **kept | other) is code
    if code is None:
        assert fault(**kept | other) is Code.CONSENT_UNKNOWN, "no release shows such a text"


def test_the_list_of_consent_texts_is_current() -> None:
    assert consents_document.PATH.read_text(encoding="utf-8") == consents_document.document(), (
        "run python -m kiosk.ui.consents_document"
    )


# ── over the wire ────────────────────────────────────────────────────────────────────────────────


def test_a_timely_visit_may_be_delivered_late(terminal: ProtocolTerminal) -> None:
    """The challenge need only be in force when the visit began."""
    receipt = terminal.activate(terminal.activation(at_unix=time.time() + 1)).json()
    assert receipt["status"] == "ACTIVATED"


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
        person(password={}),
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

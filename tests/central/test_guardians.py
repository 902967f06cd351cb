"""A guardian applies for a child: what the request must hold, and what is stored."""

import copy
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from central.activation import guardians
from central.codes import Code
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest, Person
from central.security.keys import PERSONAL_DATA
from central.security.personal_data import PersonalData
from central.settings import Evidence, Settings
from central.storage.tables import Credential
from kiosk.phrases import load
from kiosk.simulators.people import made_up_number
from tests.central.test_reviews import AT, STRICT, SUPERVISOR, fault, review, signature
from tests.support.central_server import RunningCentral
from tests.support.protocol_terminal import ProtocolTerminal, person, verdicts, visit_number
from tests.support.review_signer import commitment, signed

CONSENT = {"language": "zh-Hans", "text_sha256": load("zh-Hans").guardian_consent_sha256()}
PAPERS = ("household_register", "birth_certificate", "guardianship_paper")


def of_child(**answers: str | None) -> list[dict[str, Any]]:
    """Return passing verdicts for a child's card, with the guardian's card read too."""
    given = verdicts(**answers)
    given[0].update(answer="review", code="card.child")
    return [*given, verdicts()[0] | {"check": "guardian"}]


def papers_seen(reason: str = "household_register", **other: Any) -> dict[str, Any]:
    return review("card.child", reason=reason, **{"second": SUPERVISOR} | other)


# ── what the terminal says must be consistent ────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", PAPERS)
def test_a_child_with_a_guardian_and_a_paper_is_accepted(reason: str) -> None:
    assert fault(verdicts=of_child(), reviews=[papers_seen(reason)], guardian=CONSENT) is None


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"guardian": None}, Code.EVIDENCE_GUARDIAN),
        ({"reviews": []}, Code.EVIDENCE_GUARDIAN),
        ({"reviews": [papers_seen("guardian")]}, Code.EVIDENCE_REVIEW),
        ({"reviews": [papers_seen("same_person")]}, Code.EVIDENCE_REVIEW),
        ({"reviews": [papers_seen(decision="again", overruled=[])]}, Code.EVIDENCE_GUARDIAN),
        ({"verdicts": of_child()[:-1]}, Code.EVIDENCE_GUARDIAN),
        ({"verdicts": [*of_child()[:-1], of_child()[-1] | {"answer": "retry"}]}, Code.EVIDENCE_GUARDIAN),
        ({"verdicts": [*verdicts(), of_child()[-1]]}, Code.EVIDENCE_GUARDIAN),
        ({"verdicts": of_child(face="refuse")}, Code.EVIDENCE_INCOMPLETE),
        ({"verdicts": of_child(digits="retry")}, Code.EVIDENCE_INCOMPLETE),
    ],
)
def test_every_part_of_the_attestation_is_required(other: dict[str, Any], code: Code) -> None:
    whole = {"verdicts": of_child(), "reviews": [papers_seen()], "guardian": CONSENT}
    assert fault(**whole | other) is code


def test_the_guardian_saw_a_text_of_their_own() -> None:
    whole = {"verdicts": of_child(), "reviews": [papers_seen()]}
    other = CONSENT | {"text_sha256": load("zh-Hans").consent_sha256()}
    assert fault(**whole, guardian=other) is Code.CONSENT_UNKNOWN


def test_a_guardian_for_an_adult_is_refused() -> None:
    assert fault(guardian=CONSENT) is Code.EVIDENCE_GUARDIAN


def test_children_are_refused_if_the_settings_do_not_allow_them() -> None:
    table = {code: rule for code, rule in STRICT.evidence.overruling.items() if code != "card.child"}
    none = Settings(data=Path(), evidence=Evidence(overruling=table))
    assert (
        fault(settings=none, verdicts=of_child(), reviews=[papers_seen()], guardian=CONSENT)
        is Code.EVIDENCE_REVIEW
    )


# ── and with the dates of birth in the sealed numbers ────────────────────────────────────────────


def born(years: float, seed: int = 1) -> str:
    """Return the made-up ID number of a person of this age at `AT`."""
    at = datetime.fromtimestamp(AT, UTC) - timedelta(days=365.25 * years)
    return made_up_number(seed, at.date())


def sealed(number: str, guardian: str | None = None, **other: Any) -> Person:
    theirs = {"number": guardian, "name": "测试", "consent": CONSENT} if guardian else None
    return Person.model_validate(person(number=number, guardian=theirs) | other)


def agree(inside: Person, outside: Any = None, given_verdicts: Any = None) -> Code | None:
    body = ALL["activation-request"] | {
        "guardian": outside,
        "verdicts": given_verdicts or verdicts(),
        "at_unix": AT,
    }
    return guardians.sealed_part_refusal(ActivationRequest.model_validate(body), inside)


def test_ages_come_from_the_id_numbers() -> None:
    assert agree(sealed(born(8), born(40, 2)), CONSENT) is None
    assert agree(sealed(born(13.9), born(18.1, 2)), CONSENT) is None


@pytest.mark.parametrize(("child", "guardian"), [(14.1, 40), (8, 17.9), (8, 8), (40, 40)])
def test_a_guardian_is_an_adult_and_the_person_a_child(child: float, guardian: float) -> None:
    assert agree(sealed(born(child), born(guardian, 2)), CONSENT) is Code.EVIDENCE_GUARDIAN


def test_a_child_without_a_guardian_is_refused() -> None:
    assert agree(sealed(born(8))) is Code.EVIDENCE_GUARDIAN
    assert agree(sealed(born(13.9))) is Code.EVIDENCE_GUARDIAN
    assert agree(sealed(born(18.1))) is None


def test_from_fourteen_to_seventeen_a_guardian_must_be_present() -> None:
    young = verdicts()
    young[0].update(answer="review", code="card.under_age")
    assert agree(sealed(born(16))) is Code.EVIDENCE_GUARDIAN
    assert agree(sealed(born(16)), given_verdicts=young) is None


def test_guardian_consent_must_be_equal_outside_and_inside() -> None:
    whole = sealed(born(8), born(40, 2))
    assert agree(whole, None) is Code.EVIDENCE_GUARDIAN
    assert agree(whole, CONSENT | {"text_sha256": "cd" * 32}) is Code.EVIDENCE_GUARDIAN
    assert agree(sealed(born(8)), CONSENT) is Code.EVIDENCE_GUARDIAN


def test_a_number_without_a_date_of_birth_is_neither_guardian_nor_child() -> None:
    foreign = "ABC123456789012"
    assert guardians.age(foreign, AT) is None
    assert agree(sealed(born(8), foreign), CONSENT) is Code.EVIDENCE_GUARDIAN
    assert agree(sealed(foreign, born(40)), CONSENT) is Code.EVIDENCE_GUARDIAN
    assert agree(sealed(foreign)) is None


def test_repr_hides_the_guardian() -> None:
    whole = sealed(born(8), born(40, 2))
    assert born(40, 2) not in repr(whole.guardian)
    assert born(40, 2) not in repr(whole)


# ── by the server ────────────────────────────────────────────────────────────────────────────────


def numbers() -> tuple[str, str]:
    """Return new ID numbers of a child and a guardian."""
    year = time.gmtime().tm_year
    return _born_in(year - 8), _born_in(year - 40)


def _born_in(year: int) -> str:
    number = person()["number"]
    first = f"{number[:6]}{year}{number[8:10]}15{number[14:17]}"
    first = first[:10] + "01" + first[12:]
    total = sum(int(digit) * 2 ** (17 - i) for i, digit in enumerate(first))
    return first + "10X98765432"[total % 11]


def asked(terminal: ProtocolTerminal, child: str, guardian: str) -> dict[str, Any]:
    number, key = terminal.add_clerk()
    boss, boss_key = terminal.add_clerk("--supervisor")
    now, visit = time.time(), visit_number()
    first, second = signature(number, at=now), signature(boss, "supervisor", now)
    who = person(number=child)
    adult = {"number": guardian, "name": "测试", "salt": who["salt"]}
    persons = [commitment(adult), commitment(who)]
    papers = papers_seen(first=first, second=second, asked_unix=now, persons=persons)
    given_review = signed(papers, visit, terminal.name, {number: key, boss: boss_key})
    who |= {"reviews": [given_review], "guardian": adult | {"consent": CONSENT}}
    body = terminal.activation(who, id=visit, verdicts=of_child(), reviews=[given_review], guardian=CONSENT)
    return body | {"at_unix": time.time(), "began_unix": now - 20, "sealed": terminal.seal(who, body["id"])}


def test_the_childs_credential_records_the_guardian(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    child, guardian = numbers()
    answer = terminal.activate(asked(terminal, child, guardian)).json()
    assert (answer["status"], answer["code"]) == ("ACTIVATED", "ok")
    row = credential(central, answer["credential"])
    personal_data = PersonalData((central.data / "keys" / PERSONAL_DATA).read_bytes())
    assert (row.person, row.guardian) == (personal_data.person(child), personal_data.person(guardian))
    again = terminal.activate(asked(terminal, child, guardian)).json()
    assert (again["status"], again["code"]) == ("REFUSED", "person.already_open")


def credential(central: RunningCentral, serial: str) -> Credential:
    database = central.open_database()
    try:
        with database.read() as session:
            return session.scalars(select(Credential).where(Credential.serial == serial)).one()
    finally:
        database.close()


@pytest.mark.parametrize("doubtful", ["child", "guardian"])
def test_the_register_is_asked_about_child_and_guardian(
    central: RunningCentral, terminal: ProtocolTerminal, doubtful: str
) -> None:
    child, guardian = numbers()
    number = child if doubtful == "child" else guardian
    people = {"people": [{"number": number, "answer": "mismatch"}]}
    requests.put(f"{central.url}/simulation/people", json=people, verify=str(central.ca), timeout=20)
    answer = terminal.activate(asked(terminal, child, guardian)).json()
    assert (answer["status"], answer["code"]) == ("REFUSED", "person.mismatch")


def test_a_guardian_removed_from_the_outside_is_noticed(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    body = asked(terminal, *numbers())
    changed = copy.deepcopy(body)
    changed["guardian"] = {"language": "en", "text_sha256": load("en").guardian_consent_sha256()}
    answer = terminal.activate(changed).json()
    assert (answer["status"], answer["code"]) == ("REFUSED", "evidence.guardian")

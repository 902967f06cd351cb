"""An ID number that breaks the rules of its making counts only with two signatures."""

import time
from typing import Any

import pytest

from central.activation import guardians, numbers
from central.codes import Code
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest, Person
from tests.central.test_guardians import CONSENT, born
from tests.central.test_reviews import AT, SUPERVISOR, fault, review, signature
from tests.support.protocol_terminal import ProtocolTerminal, person, verdicts, visit_number
from tests.support.review_signer import commitment, signed

WRONG = "990001199001010014"  # the check character is another one
OLD = "990001900101001"
CHILDS = "990001202001010011"


def irregular() -> list[dict[str, Any]]:
    """Return passing verdicts, the card's number being irregular."""
    given = verdicts()
    given[0].update(answer="review", code=numbers.CODE)
    given[0]["measured"] |= {"number_valid": False}
    return given


def two_signed(**other: Any) -> dict[str, Any]:
    return review(numbers.CODE, **{"reason": "card_and_paper", "second": SUPERVISOR} | other)


def test_clerk_and_supervisor_together() -> None:
    assert fault(verdicts=irregular(), reviews=[two_signed()]) is None


@pytest.mark.parametrize(
    ("reviews", "code"),
    [
        ([], Code.EVIDENCE_INCOMPLETE),
        ([two_signed(second=None)], Code.EVIDENCE_REVIEW),
        ([two_signed(reason="same_person")], Code.EVIDENCE_REVIEW),
        ([two_signed(second=signature("700124", "supervisor"))], Code.EVIDENCE_REVIEW),
        ([two_signed(decision="again", overruled=[])], Code.EVIDENCE_INCOMPLETE),
    ],
)
def test_anything_less_is_refused(reviews: list[dict[str, Any]], code: Code) -> None:
    assert fault(verdicts=irregular(), reviews=reviews) is code


def judged(
    number: str, card: list[dict[str, Any]], reviews: list[dict[str, Any]], guardian: str | None = None
) -> bool:
    theirs = {"number": guardian, "name": "测试", "consent": CONSENT} if guardian else None
    request = ActivationRequest.model_validate(
        ALL["activation-request"] | {"verdicts": card, "reviews": reviews, "at_unix": AT}
    )
    return numbers.are_regular(request, Person.model_validate(person(number=number, guardian=theirs)))


@pytest.mark.parametrize("number", [WRONG, OLD])
def test_the_sealed_number_is_taken_only_where_it_was_signed_for(number: str) -> None:
    assert judged(number, irregular(), [two_signed()])
    assert not judged(number, verdicts(), [two_signed()])  # the card's last verdict says otherwise
    assert not judged(number, irregular(), [])
    assert not judged(number, verdicts(), [])
    assert judged(born(40), verdicts(), [])


# ── young people, children and guardians ─────────────────────────────────────────────────────────


def then(code: str, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the verdicts with a second one about the card: its owner is too young besides."""
    return [given[0], given[0] | {"code": code}, *given[1:]]


def with_guardian(given: list[dict[str, Any]], code: str = "ok") -> list[dict[str, Any]]:
    """Return the verdicts with one about a guardian's card."""
    answer = "pass" if code == "ok" else "review"
    return [*given, verdicts()[0] | {"check": "guardian", "answer": answer, "code": code}]


def of_child_and_guardian(child: str, guardian: str) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Return the sealed person, the two approvals of irregular numbers, and the persons' commitments."""
    theirs = {"number": guardian, "name": "测试", "consent": CONSENT}
    sealed = person(number=child, guardian=theirs)
    model = Person.model_validate(sealed)
    assert model.guardian is not None
    both = [model.guardian.commitment, model.commitment]
    return two_signed(persons=both[1:]), two_signed(persons=both), both


def papers() -> dict[str, Any]:
    return review("card.child", reason="household_register", second=SUPERVISOR)


def test_a_guardians_number_is_taken_only_where_it_was_signed_for() -> None:
    assert judged(born(8), verdicts(), [], born(40, 2))
    assert not judged(born(8), verdicts(), [], WRONG)
    given = with_guardian(verdicts(), numbers.CODE)
    of_child, of_guardian, _ = of_child_and_guardian(born(8), OLD)
    assert judged(born(8), given, [of_guardian], OLD)
    assert not judged(born(8), given, [of_child], OLD), "signed for before the guardian's card was read"
    assert not judged(born(8), with_guardian(verdicts()), [of_guardian], OLD), "the verdict says otherwise"
    assert not judged(born(8), given, [], OLD)


def test_two_irregular_numbers_are_signed_for_twice() -> None:
    of_child, of_guardian, _ = of_child_and_guardian(CHILDS, OLD)
    given = with_guardian(then("card.child", irregular()), numbers.CODE)
    assert judged(CHILDS, given, [of_child, of_guardian], OLD)
    assert not judged(CHILDS, given, [of_guardian], OLD)
    assert not judged(CHILDS, given, [of_child], OLD)


@pytest.mark.parametrize("guardians_too", [False, True])
def test_a_child_with_an_irregular_number_is_taken_with_a_guardian_and_papers(guardians_too: bool) -> None:
    given = with_guardian(then("card.child", irregular()), numbers.CODE if guardians_too else "ok")
    given_reviews = [two_signed(), *([two_signed()] if guardians_too else []), papers()]
    assert fault(verdicts=given, reviews=given_reviews, guardian=CONSENT) is None
    assert fault(verdicts=given, reviews=given_reviews[:-1], guardian=CONSENT) is Code.EVIDENCE_GUARDIAN
    assert fault(verdicts=given, reviews=given_reviews) is Code.EVIDENCE_GUARDIAN


def sealed_fault(
    child: str, guardian: str | None, given: list[dict[str, Any]], signed_for: list[dict[str, Any]]
) -> Code | None:
    theirs = {"number": guardian, "name": "测试", "consent": CONSENT} if guardian else None
    body = {
        "verdicts": given,
        "reviews": signed_for,
        "at_unix": AT,
        "guardian": CONSENT if guardian else None,
    }
    request = ActivationRequest.model_validate(ALL["activation-request"] | body)
    return guardians.sealed_part_refusal(
        request, Person.model_validate(person(number=child, guardian=theirs))
    )


def test_where_numbers_give_no_age_the_cards_verdict_counts() -> None:
    of_child, of_guardian, _ = of_child_and_guardian(OLD, WRONG)
    child = with_guardian(then("card.child", irregular()), numbers.CODE)
    assert sealed_fault(OLD, WRONG, child, [of_child, of_guardian]) is None
    assert sealed_fault(OLD, None, then("card.child", irregular()), [of_child]) is Code.EVIDENCE_GUARDIAN
    young = then("card.under_age", irregular())
    assert sealed_fault(OLD, None, young, [two_signed()]) is None
    adult = with_guardian(irregular(), numbers.CODE)
    assert sealed_fault(OLD, WRONG, adult, [of_child, of_guardian]) is Code.EVIDENCE_GUARDIAN


def test_a_young_person_is_attested_besides() -> None:
    young = then("card.under_age", irregular())
    beside = review("card.under_age", reason="guardian")
    assert fault(verdicts=young, reviews=[two_signed(), beside]) is None
    assert fault(verdicts=young, reviews=[two_signed()]) is Code.EVIDENCE_INCOMPLETE


def test_the_date_of_birth_in_an_irregular_number_decides_nothing() -> None:
    body = ALL["activation-request"] | {"at_unix": AT, "guardian": None}
    who = Person.model_validate(person(number=CHILDS))
    trusted = ActivationRequest.model_validate(body | {"verdicts": verdicts(), "reviews": []})
    signed_for = ActivationRequest.model_validate(body | {"verdicts": irregular(), "reviews": [two_signed()]})
    assert guardians.sealed_part_refusal(trusted, who) is Code.EVIDENCE_GUARDIAN
    assert guardians.sealed_part_refusal(signed_for, who) is None


@pytest.mark.parametrize(
    ("second", "answer"), [(True, ("ACTIVATED", "ok")), (False, ("REFUSED", "evidence.review"))]
)
def test_the_server_takes_it_with_both_signatures_only(
    terminal: ProtocolTerminal, second: bool, answer: tuple[str, str]
) -> None:
    number, key = terminal.add_clerk()
    boss, boss_key = terminal.add_clerk("--supervisor")
    now, visit = time.time(), visit_number()
    also = signature(boss, "supervisor", now) if second else None
    who = person(
        number=OLD[:-3] + visit[-3:].translate(str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0" * 26))
    )
    persons = [commitment(who)]
    given = two_signed(first=signature(number, at=now), second=also, asked_unix=now, persons=persons)
    given = signed(given, visit, terminal.name, {number: key, boss: boss_key})
    who["reviews"] = [given]
    body = terminal.activation(who, id=visit, verdicts=irregular(), reviews=[given])
    body |= {"at_unix": time.time(), "began_unix": now - 20, "sealed": terminal.seal(who, visit)}
    receipt = terminal.activate(body).json()
    assert (receipt["status"], receipt["code"]) == answer

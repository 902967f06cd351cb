"""What is sent, byte for byte, and what is believed."""

import json

import pytest
from msgspec.structs import replace

from central.protocol import messages as central_messages
from kiosk.activation.messages import (
    RequestOrigin,
    Sealed,
    SealingKey,
    personal_bytes,
    problem_code,
    read_health,
    read_receipt,
    request_body,
)
from kiosk.activation.sealing import HPKE, Sealer
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unreachable
from kiosk.model import (
    Challenge,
    Check,
    Decision,
    DigitHeard,
    RequestStatus,
    Role,
    StreamSeen,
    Verdict,
    VerdictAnswer,
    Way,
)
from kiosk.visit.rules.digits import judge_digits
from kiosk.visit.rules.light import judge_light
from kiosk.visit.rules.lips import judge_lips
from kiosk.visit.rules.stream import judge_stream
from tests.support.activation_terminal import CARD, PASSWORD, order
from tests.support.protocol_terminal import stretched
from tests.support.visit_driver import LIMITS

GOOD = {
    "id": "A",
    "status": "ACTIVATED",
    "code": "ok",
    "credential": "C-1",
    "recheck_unix": None,
    "at_unix": 5.0,
}


def receipt(**changes) -> bytes:
    return json.dumps(GOOD | changes).encode()


def test_a_good_receipt_is_believed():
    read = read_receipt(receipt(later="unknown keys are no harm"), "A")
    assert (read.status, read.credential) == (RequestStatus.ACTIVATED, "C-1")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"null",
        b'"ACTIVATED"',
        b'{"errcode": 0}',
        b"<html>ok</html>",
        receipt()[:-1],
        receipt(id="B"),
        receipt(status="activated"),
        receipt(status="OK"),
        receipt(status=None),
        receipt(credential=None),
        receipt(credential=""),
        receipt(code="person.not_found"),
        receipt(code="something.new"),
        receipt(at_unix="now"),
        receipt(at_unix=True),
        receipt(status="REFUSED", code="ok", credential=None),
        receipt(status="REFUSED", code="person.not_found"),
        receipt(status="PENDING"),
        b"\xff\xfe" + receipt(),
        receipt().replace(b'"ok"', b'"\xff"'),
        receipt().replace(b"5.0", b"1e999"),
        *(
            json.dumps({k: v for k, v in GOOD.items() if k != left_out}).encode()
            for left_out in ("id", "status", "code", "at_unix")
        ),
    ],
)
def test_what_is_not_wholly_understood_is_no_answer(raw):
    with pytest.raises(Unreachable) as raised:
        read_receipt(raw, "A")
    assert raised.value.code is Code.CENTRAL_FAULT


def test_a_refusal_with_a_code_of_a_later_central_stays_a_refusal():
    read = read_receipt(receipt(status="REFUSED", code="person.on_the_moon", credential=None), "A")
    assert (read.status, read.code) == (RequestStatus.REFUSED, Code.EVIDENCE_REFUSED)


def test_a_delay_with_a_code_of_a_later_central_stays_a_delay():
    read = read_receipt(receipt(status="PENDING", code="register.on_the_moon", credential=None), "A")
    assert (read.status, read.code) == (RequestStatus.PENDING, Code.AUTHORITY_UNAVAILABLE)


def test_a_good_sign_of_life_is_read():
    read = read_health(b'{"status": "ok", "time_unix": 5.5, "simulation": true, "version": "1"}')
    assert (read.time_unix, read.simulation) == (5.5, True)


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"status": "ok"}', b'{"status": "ill", "time_unix": 1}'])
def test_a_sign_of_life_must_be_one(raw):
    with pytest.raises(Unreachable):
        read_health(raw)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"{}", b'{"code": "no.such"}', b'{"code": 5}', b"\xff"])
def test_an_unknown_problem_has_no_code(raw):
    assert problem_code(raw) is None


def body(visit: str = "A", picture: bytes | None = None, agreed: bool = False, stub=None) -> bytes:
    from kiosk.activation.encoding import to_base64url

    public = to_base64url(stub.sealing_key.public_key().public_bytes_raw())
    asked = order(visit, picture=agreed)
    sealed = Sealer(SealingKey("s1", HPKE, public)).seal(
        personal_bytes(CARD, asked.evidence, picture, PASSWORD), visit, "T-1"
    )
    return request_body(
        visit, asked.evidence, origin=RequestOrigin("T-1", True, {"kiosk": "1"}), sealed=sealed, at_unix=7.0
    )


def test_nothing_personal_is_outside_the_seal(stub):
    raw = body(stub=stub, picture=b"JPEG", agreed=True).decode()
    for personal in (CARD.number, CARD.name, "13900000000", "27182818", CARD.address):
        assert personal not in raw


def test_central_opens_what_was_sealed(stub):
    opened = stub.open_sealed(body(stub=stub, picture=b"\xff\xd8JPEG", agreed=True))
    assert opened == {
        "number": CARD.number,
        "name": CARD.name,
        "salt": CARD.salt,
        "phone": "13900000000",
        "password": stretched("27182818"),
        "picture": "/9hKUEVH",
        "way": "voice",
        "reviews": [],
        "purpose": "open",
        "guardian": None,
    }


def test_without_consent_the_picture_stays_here(stub):
    assert stub.open_sealed(body(stub=stub, picture=b"JPEG", agreed=False))["picture"] is None


def test_a_seal_cannot_be_moved_to_another_visit_or_terminal(stub):
    from cryptography.exceptions import InvalidTag

    made = json.loads(body(stub=stub))
    for change in ({"id": "B"}, {"terminal": "T-2"}):
        with pytest.raises(InvalidTag):
            stub.open_sealed(json.dumps(made | change).encode())


@pytest.mark.parametrize(
    "key",
    [
        SealingKey("s", "HPKE-SOMETHING-ELSE", "A" * 43),
        SealingKey("s", HPKE, "short"),
        SealingKey("s", HPKE, "ü" * 43),
        SealingKey("s", HPKE, ""),
    ],
)
def test_an_unusable_sealing_key_is_said_at_once(key):
    with pytest.raises(IdentityError):
        Sealer(key)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Check, central_messages.Check),
        (VerdictAnswer, central_messages.VerdictAnswer),
        (Way, central_messages.Way),
    ],
)
def test_terminal_and_central_know_the_same_words(ours, theirs):
    assert {word.value for word in ours} == {word.value for word in theirs}


@pytest.mark.parametrize(("words", "field"), [(Role, "role"), (Decision, "decision")])
def test_central_takes_every_word_of_a_review(words, field):
    model = central_messages.ReviewSignature if words is Role else central_messages.Review
    assert {word.value for word in words} == set(model.model_fields[field].annotation.__args__)


def long_verdicts() -> tuple[Verdict, ...]:
    """One of each check; those with measures in words as long as they get."""
    challenge = Challenge(id="c" * 22, digits=(1, 2, 3, 4, 5, 6, 7, 8), gaps_s=(1.5,) * 8, expires_unix=0.0)
    shown = [100.0 + 2.0 * i for i in range(8)]
    heard = [
        DigitHeard(
            at=s + 1.0,
            window=i,
            scores=(-9.87654,) * 11,
            began=s + 1.23,
            ended=s + 1.78,
            level_dbfs=-30.1,
            snr_db=9.9,
            clipped=0.5,
            extra=9,
            pitch_hz=123.4,
            floor_dbfs=-40.0,
        )
        for i, s in enumerate(shown)
    ]
    grave = replace(LIMITS.stream, refuses=tuple(code for code in Code if code.value.startswith("stream.")))
    worst = StreamSeen(
        frames=999,
        held=99,
        repeated=99,
        backwards=99,
        fps=999.9,
        jitter_ms=0.0,
        noise=0.0,
        loop_s=1.5,
        still_s=99.9,
    )
    made = [
        judge_digits(challenge, shown, heard, LIMITS.digits, LIMITS.sound),
        judge_digits(challenge, shown, [], LIMITS.digits, LIMITS.sound),
        judge_lips(heard, [], LIMITS.lips),
        judge_light(challenge, [100.0 + 0.4 * i for i in range(100)], [], LIMITS.light),
        judge_stream(worst, grave),
    ]
    return (*(Verdict(check=check, answer=VerdictAnswer.PASS) for check in Check), *made)


def test_central_can_read_every_check_however_much_was_measured(stub):
    asked = order("7K2M-Q4XR-09TB-HC5D")
    evidence = replace(asked.evidence, verdicts=long_verdicts() * 8)  # a visit with every try of every way
    made = json.loads(body(asked.visit, stub=stub))
    sealed = Sealed(**made["sealed"])
    raw = request_body(
        asked.visit, evidence, origin=RequestOrigin("T-1", True, {"kiosk": "1"}), sealed=sealed, at_unix=7.0
    )
    read = central_messages.ActivationRequest.model_validate_json(raw)
    assert [v.check.value for v in read.verdicts] == [v.check.value for v in evidence.verdicts]

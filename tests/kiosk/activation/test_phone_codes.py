"""The thread that asks central for one-time codes: it answers every order, whatever becomes of it."""

import threading

import pytest

from kiosk.activation.messages import (
    PhoneCodeReply,
    PhoneProofReply,
    Sealed,
    read_phone_code_reply,
    read_phone_proof_reply,
)
from kiosk.activation.phone_codes import PhoneCodes
from kiosk.codes import Code
from kiosk.errors import IdentityError, Unacceptable, Unreachable, Untrusted
from kiosk.events import PhoneCodeAnswered, PhoneProofAnswered, ProvePhone, SendPhoneCode
from kiosk.model import PhoneCodeStatus, PhoneProofStatus

PHONE = "19912345678"


class FakeCentral:
    """Stands in for `Caller` and its gateway; `fault` is raised instead of an answer."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked: list[object] = []
        self.gateway = self

    def seal(self, visit, phone):
        return Sealed("k", "a", f"{len(phone)} digits")

    def send_phone_code(self, request, answer_s):
        return self._answer(request, PhoneCodeReply(status="sent", again_s=60.0, required=True))

    def prove_phone(self, request, answer_s):
        return self._answer(request, PhoneProofReply(status="wrong", tries_left=3))

    def _answer(self, request, reply):
        if self.fault is not None:
            raise self.fault
        self.asked.append(request)
        return reply


def asked(central: FakeCentral, *, connected: bool = True) -> list[object]:
    """The answers to both orders."""
    stop, answers = threading.Event(), []

    def post(event):
        answers.append(event)
        if len(answers) == 2:
            stop.set()

    codes = PhoneCodes(lambda: central, post=post, connected=lambda: connected)
    codes.send(SendPhoneCode("V", PHONE, 1), "en")
    codes.prove(ProvePhone("V", PHONE, 2, code="204861"))
    codes.run(stop)
    return answers


def test_central_is_asked_and_its_answers_are_posted():
    central = FakeCentral()
    assert asked(central) == [
        PhoneCodeAnswered(request=1, status=PhoneCodeStatus.SENT, again_s=60.0, required=True),
        PhoneProofAnswered(request=2, status=PhoneProofStatus.WRONG, tries_left=3),
    ]
    sent, proof = central.asked
    assert (sent.id, sent.language, proof.code) == ("V", "en", "204861")


UNREACHABLE = [
    PhoneCodeAnswered(request=1, status=PhoneCodeStatus.UNREACHABLE),
    PhoneProofAnswered(request=2, status=PhoneProofStatus.UNREACHABLE),
]


@pytest.mark.parametrize(
    "fault",
    [
        Unreachable(Code.CENTRAL_UNREACHABLE),
        Untrusted(Code.CENTRAL_UNTRUSTED),
        Unacceptable(Code.TERMINAL_HELD),
        IdentityError(Code.IDENTITY_MISSING),
    ],
)
def test_every_failure_is_an_answer_too_and_logs_no_number(fault, caplog):
    central = FakeCentral()
    central.fault = fault
    assert asked(central) == UNREACHABLE
    assert PHONE not in caplog.text
    assert "204861" not in caplog.text


def test_without_a_line_nobody_is_asked():
    central = FakeCentral()
    assert asked(central, connected=False) == UNREACHABLE
    assert central.asked == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"status":"lost","again_s":1,"required":false}',
        b'{"status":"sent","again_s":-1,"required":true}',
    ],
)
def test_an_answer_that_is_not_understood_is_no_answer(raw):
    for read in (read_phone_code_reply, read_phone_proof_reply):
        with pytest.raises(Unreachable):
            read(raw)

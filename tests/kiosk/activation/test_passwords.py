"""The password that a customer chose is stretched beside the visit, and forgotten with it."""

import gc
import threading
import weakref

import pytest
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from kiosk.activation import passwords
from kiosk.activation.encoding import from_base64url
from kiosk.activation.passwords import PasswordStretcher, stretch
from kiosk.events import StretchPassword

TYPED = "27182818"


@pytest.fixture
def stretching(monkeypatch):
    """Holds every stretching until it is set; the cost is the lowest that there is."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    go = threading.Event()
    slow = lambda password: go.wait(60) and stretch(password)  # noqa: E731
    monkeypatch.setattr(passwords, "stretch", slow)
    return go


def test_the_cost_is_what_was_decided():
    made = stretch(TYPED)
    assert (made.memory_kib, made.passes, made.lanes) == (65_536, 3, 1)
    expected = hash_secret_raw(
        TYPED.encode(),
        from_base64url(made.salt),
        time_cost=3,
        memory_cost=65_536,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )
    assert from_base64url(made.hash) == expected


def test_no_salt_serves_twice(monkeypatch):
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    assert stretch(TYPED).salt != stretch(TYPED).salt


def test_the_visit_goes_on_meanwhile_and_gets_the_result_when_it_asks(stretching):
    stretcher = PasswordStretcher()
    stretcher.begin(StretchPassword("V", TYPED))  # returns, though nothing is done yet
    threading.Timer(0.05, stretching.set).start()
    made = stretcher.take("V")
    assert made is not None
    assert made == stretcher.take("V")


def test_another_visit_gets_nothing(stretching):
    stretching.set()
    stretcher = PasswordStretcher()
    assert stretcher.take("V") is None
    stretcher.begin(StretchPassword("V", TYPED))
    assert stretcher.take("W") is None
    stretcher.forget()
    assert stretcher.take("V") is None


def test_the_password_that_was_typed_last_counts(stretching):
    stretcher = PasswordStretcher()
    stretching.set()
    stretcher.begin(StretchPassword("V", TYPED))
    first = stretcher.take("V")
    stretcher.begin(StretchPassword("V", "31415926"))
    second = stretcher.take("V")
    assert None not in (first, second)
    assert first != second


def test_without_memory_for_it_there_is_no_password(monkeypatch):
    def fail(password: str):
        raise HashingError("Memory allocation error")

    monkeypatch.setattr(passwords, "stretch", fail)
    stretcher = PasswordStretcher()
    stretcher.begin(StretchPassword("V", TYPED))
    assert stretcher.take("V") is None


class Watched(str):
    """A text whose end can be seen."""


def test_the_digits_are_dropped_once_they_are_stretched(stretching):
    """Before the visit is over: neither the order nor the thread keeps them."""
    stretcher, typed = PasswordStretcher(), Watched("58204716")
    alive = weakref.ref(typed)
    stretcher.begin(StretchPassword("V", typed))
    del typed
    assert alive() is not None
    stretching.set()
    assert stretcher.take("V") is not None
    gc.collect()
    assert alive() is None


def test_an_order_does_not_show_it():
    assert TYPED not in repr(StretchPassword("V", TYPED))
    assert "A" * 20 not in repr(stretch(TYPED))

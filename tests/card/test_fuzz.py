"""A little of `make fuzz`, and that it would find something."""

from kiosk.codes import Code
from kiosk.errors import DeviceLost
from tests.card import fuzz


def test_mangled_answers_end_in_a_card_or_in_a_code():
    ended = {fuzz.one(seed) for seed in range(1, 400)}
    assert "the card" in ended
    assert len(ended) > 8


def test_a_crash_is_a_finding(monkeypatch, capsys):
    monkeypatch.setattr(fuzz, "parse", lambda *_: 1 / 0)
    _, findings = fuzz.run(1, 0.5)
    assert findings > 0
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_a_hang_is_a_finding(monkeypatch):
    class Endless(fuzz.Line):
        def receive(self, timeout_s: float) -> bytes:
            self.now += fuzz.LONGEST_S
            raise DeviceLost(Code.READER_LOST, "after an age")

    monkeypatch.setattr(fuzz, "Line", Endless)
    _, findings = fuzz.run(1, 0.2)
    assert findings > 0

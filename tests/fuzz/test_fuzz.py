"""A little of `make fuzz` at every door, and that it would find something."""

from pathlib import Path

import pytest

from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.model import ActivationReceipt, RequestStatus
from tests.fuzz import __main__ as fuzz
from tests.fuzz import files, reader, wire
from tests.fuzz.doors import DOORS

CASES = {"reader": 400, "central": 25, "audio": 24, "image": 60, "parcel": 60, "manifest": 60}
WORDS = {
    "reader": "the card",
    "central": "activations 422",
    "settings": "taken: production",
    "manifest": "read, and files missing",
    "logs": "unbroken, visit's log read",
    "staff": "counts read, roster read",
    "wire": "receipt: central.fault",
    "parcel": "central: refused",
    "audio": "file: sound",
    "image": "file: a picture",
}
"""What must be among the ends: a door that refuses everything is not tried behind its first check."""


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy, of numbers that are none
def test_hostile_input_ends_in_a_word(name: str, tmp_path: Path):
    with DOORS[name](tmp_path) as one:
        ended = {one(seed) for seed in range(1, CASES.get(name, 150) + 1)}
    assert len(ended) > 1, ended
    assert WORDS[name] in ended, ended


def test_a_crash_is_a_finding(monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setattr(files, "production", None)
    with DOORS["settings"](tmp_path) as one:
        _, findings = fuzz.run("settings", one, 1, 0.5)
    assert findings > 0
    assert "AttributeError" in capsys.readouterr().out


def test_a_wrong_answer_is_a_finding(monkeypatch, tmp_path: Path):
    other = ActivationReceipt(id="another's", status=RequestStatus.PENDING)
    monkeypatch.setattr(wire.messages, "read_receipt", lambda *_: other)
    with DOORS["wire"](tmp_path) as one:
        _, findings = fuzz.run("wire", one, 1, 0.5)
    assert findings > 0


def test_a_hang_of_the_reader_is_a_finding(monkeypatch):
    class Endless(reader.NetworkProxy):
        def receive(self, timeout_s: float) -> bytes:
            self.now += reader.LONGEST_S
            raise DeviceLost(Code.READER_LOST, "after an age")

    monkeypatch.setattr(reader, "NetworkProxy", Endless)
    _, findings = fuzz.run("reader", reader.one, 1, 0.2)
    assert findings > 0


def test_the_command_tells_cases_and_findings(capsys):
    assert fuzz.main(["--door", "logs", "wire", "--seconds", "0.2"]) == 0
    out = capsys.readouterr().out
    assert "logs: " in out
    assert "wire: " in out
    assert out.count("0 findings") == 2

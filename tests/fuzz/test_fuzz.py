"""The short form of `make fuzz` at every target, and tests that faults would be found."""

from pathlib import Path

import pytest

from kiosk.codes import Code
from kiosk.errors import DeviceLost
from kiosk.model import ActivationReceipt, RequestStatus
from tests.fuzz import __main__ as fuzz
from tests.fuzz import answers, files, reader
from tests.fuzz.targets import TARGETS

CASES = {"reader": 400, "central": 25, "audio": 24, "image": 60, "usb": 60, "manifest": 60}
EXPECTED_END = {
    "reader": "the card",
    "central": "activations 422",
    "settings": "taken: production",
    "manifest": "read, and files missing",
    "logs": "unbroken, visit's log read",
    "staff": "counts read, roster read",
    "answers": "receipt: central.fault",
    "usb": "central: refused",
    "audio": "file: sound",
    "image": "file: a picture",
}
"""One end that must occur: a target that refuses everything is not tested beyond its first check."""


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy, of numbers that are none
def test_malformed_input_ends_as_expected(name: str, tmp_path: Path):
    with TARGETS[name](tmp_path) as run_case:
        ended = {run_case(seed) for seed in range(1, CASES.get(name, 150) + 1)}
    assert len(ended) > 1, ended
    assert EXPECTED_END[name] in ended, ended


def test_a_crash_is_a_finding(monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setattr(files, "production", None)
    with TARGETS["settings"](tmp_path) as run_case:
        _, findings = fuzz.run("settings", run_case, 1, 0.5)
    assert findings > 0
    assert "AttributeError" in capsys.readouterr().out


def test_a_wrong_answer_is_a_finding(monkeypatch, tmp_path: Path):
    other = ActivationReceipt(id="another's", status=RequestStatus.PENDING)
    monkeypatch.setattr(answers.messages, "read_receipt", lambda *_: other)
    with TARGETS["answers"](tmp_path) as run_case:
        _, findings = fuzz.run("answers", run_case, 1, 0.5)
    assert findings > 0


def test_a_hang_of_the_reader_is_a_finding(monkeypatch):
    class Endless(reader.ScriptedReader):
        def receive(self, timeout_s: float) -> bytes:
            self.now += reader.LONGEST_S
            raise DeviceLost(Code.READER_LOST, "after an age")

    monkeypatch.setattr(reader, "ScriptedReader", Endless)
    _, findings = fuzz.run("reader", reader.run_case, 1, 0.2)
    assert findings > 0


def test_the_command_tells_cases_and_findings(capsys):
    assert fuzz.main(["--target", "logs", "answers", "--seconds", "0.2"]) == 0
    out = capsys.readouterr().out
    assert "logs: " in out
    assert "answers: " in out
    assert out.count("0 findings") == 2

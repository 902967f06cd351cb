"""Two people who read in turns: counted by pitch, with the product's synthetic customers."""

import json

import pytest

from evaluation.__main__ import main
from kiosk.visit.rules.reading_faults import far_pitches
from tests.evaluation.speech.speech_folders import customer, made_up


@pytest.mark.parametrize(
    ("pitches", "far"),
    [
        ([], None),
        ([200.0, 210.0], None),
        ([200.0, 210.0, 190.0, 205.0, 195.0, 200.0], 0),
        ([200.0, 210.0, 190.0, 205.0, 110.0, 200.0], 1),
        ([200.0, 400.0, 190.0, 205.0, 110.0, 200.0], 2),
        ([110.0, 220.0, 110.0, 220.0, 110.0, 110.0], 2),
    ],
)
def test_pitches_far_from_the_others_are_counted(pitches, far):
    assert far_pitches(pitches) == far


def test_one_speaker_and_two_in_turns(tmp_path, capsys):
    for name in ("zf_xiaoyi", "zm_yunyang"):
        customer(tmp_path / name, name)
    out = tmp_path / "out.json"
    arguments = ["voices", "--data", str(tmp_path), "--readings", "40", "--json", str(out)]
    assert main(arguments) == 0
    found = json.loads(out.read_text())
    assert found["speakers"] == ["zf_xiaoyi", "zm_yunyang"]
    assert sum(found["one"].values()) == 80
    assert sum(found["two"].values()) == 40
    share = {who: sum(n for far, n in found[who].items() if far != "0") for who in ("one", "two")}
    assert share["two"] / 40 > share["one"] / 80
    assert "2 speakers" in capsys.readouterr().out


def test_one_speaker_alone_cannot_be_compared(tmp_path, capsys):
    made_up(tmp_path / "anna")
    assert main(["voices", "--data", str(tmp_path / "anna")]) == 2
    assert "1 speakers" in capsys.readouterr().err

"""`kiosk evaluate speech` from the command line to the report."""

import json
import shutil
import subprocess
import sys

import pytest
import soundfile

from evaluation.__main__ import main
from evaluation.speech import drivers
from evaluation.speech.datasets import read
from evaluation.speech.measurement import Plan, measure
from kiosk.model import SAMPLE_RATE
from kiosk.settings import load
from kiosk.simulators.voice import Voice
from tests.evaluation.speech.speech_folders import CUSTOMERS, bad_files, customer, made_up, table
from tests.support.sounds import PitchRecogniser, mix, noise

FEW = ("--driver", "embedded", "--challenges", "2", "--snr", "25", "--noise", "white,hum", "--codes", "50")


def evaluate(*arguments):
    return main(["speech", *map(str, arguments)])


@pytest.fixture
def data(tmp_path):
    """A synthetic customer and some files that are of no use."""
    folder = customer(tmp_path / "data" / "customer", takes=("1",))
    bad = bad_files(tmp_path / "data" / "bad")
    table(tmp_path / "data" / "bad", [(name, 3, "x") for names in bad.values() for name in names])
    shutil.copy(folder / "3-1.ogg", tmp_path / "data" / "bad" / "3.ogg")
    return tmp_path / "data"


def recorded(folder, digits=(3, 1, 4, 1, 5, 9)):
    """A recording of a challenge, and the same sound with another one's digits."""
    voice = Voice(CUSTOMERS / "zm_yunyang", 1)
    shown = [1.0 + 1.3 * i for i in range(len(digits))]
    said = [(voice.say(d, 0), at + 0.4) for d, at in zip(digits, shown, strict=True)]
    folder.mkdir(parents=True)
    soundfile.write(folder / "a.flac", mix(noise(11.0), *said), SAMPLE_RATE)
    shutil.copy(folder / "a.flac", folder / "b.flac")
    times, right = ",".join(f"{t:.2f}" for t in shown), "".join(map(str, digits))
    rows = [("a.flac", right, times, "right"), ("b.flac", right[::-1], times, "wrong")]
    return table(folder, rows, "challenge.tsv", ("file", "digits", "shown", "speaker"))


def loaded(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_command_measures_counts_and_writes(data, tmp_path, capsys):
    out = tmp_path / "out" / "result.json"
    assert evaluate("--data", data, *FEW, "--json", out, "--plots", tmp_path / "plots") == 0
    told = capsys.readouterr().out
    assert "skipped, too_long: 1" in told
    result = loaded(out)
    assert (result["rows"], result["clips"], result["digits_needed"]) == (22, 10, 5)
    assert len(result["skipped"]["unreadable"]) == 4
    (driver,) = result["drivers"]
    assert driver["isolated"]["overall"]["trials"] == 10
    assert driver["isolated"]["overall"]["errors"] <= 3
    assert [(p["snr_db"], p["noise"], p["trials"]) for p in driver["by_condition"]] == [
        (25.0, "white", 2),
        (25.0, "hum", 2),
    ]
    assert [r["far"]["trials"] for r in driver["by_snr"][0]["rules"]] == [200] * 4
    assert driver["cost"]["cpu_ms"] > 0
    assert driver["cost"]["process_mb"] > driver["cost"]["engine_mb"] > 5
    drawn = sorted(p.name for p in (tmp_path / "plots").iterdir())
    assert drawn == ["confusions-embedded.png", "rules-embedded.png"]
    assert all((tmp_path / "plots" / name).read_bytes().startswith(b"\x89PNG") for name in drawn)


def measured(folder, seed=1):
    """The whole measurement with the recogniser that knows voices by their pitch; its cost is unknown."""
    plan = Plan(seed=seed, snrs_db=(3.0,), noises=("babble",), challenges=3, wrong_codes=1000)
    found = {"pitch": drivers.RecordingRecogniser(PitchRecogniser())}
    return measure(read(folder, load().speech), found, {}, load(), plan=plan)


def test_the_same_seed_gives_the_same_result_and_another_speaker_changes_nothing(tmp_path):
    made_up(tmp_path / "one")
    one, same, other = measured(tmp_path), measured(tmp_path), measured(tmp_path, seed=2)
    assert one == same
    assert one.drivers[0].by_snr != other.drivers[0].by_snr
    made_up(tmp_path / "another", "bela")
    more = measured(tmp_path)
    assert one.drivers[0].by_speaker[0] == more.drivers[0].by_speaker[0]
    assert [p.speaker for p in more.drivers[0].by_speaker] == ["anna", "bela"]
    assert one.drivers[0].cost is None


def test_recordings_are_measured_as_they_are(tmp_path, capsys):
    out = tmp_path / "result.json"
    folder = recorded(tmp_path / "data")
    assert evaluate("--data", folder, "--driver", "embedded", "--json", out) == 0
    assert "as recorded" in capsys.readouterr().out
    right, wrong = loaded(out)["drivers"][0]["recordings_by_speaker"]
    assert (right["speaker"], wrong["speaker"]) == ("right", "wrong")
    assert right["rules"][0]["frr"]["errors"] == 0
    assert wrong["rules"][0]["frr"]["errors"] == 1


def test_speakers_with_too_few_digits_are_reported(tmp_path, capsys):
    folder = customer(tmp_path / "data", takes=("1",))
    table(folder, [("3-1.ogg", 3, "anna"), ("4-1.ogg", 4, "anna")])
    assert evaluate("--data", folder, "--driver", "embedded") == 0
    told = capsys.readouterr().out
    assert "too few different digits for challenges: anna" in told
    assert "simulated challenges" not in told


def test_nothing_usable_is_status_1(tmp_path, capsys):
    table(tmp_path, [("gone.wav", 3, "x")])
    assert evaluate("--data", tmp_path, "--driver", "embedded") == 1
    assert "skipped, missing: 1" in capsys.readouterr().out


def test_a_named_recogniser_without_its_model_is_status_1_and_others_are_reported(data, tmp_path, capsys):
    site = tmp_path / "site.toml"
    site.write_text(f'[models]\nfolder = "{tmp_path}"\n[recogniser]\ndriver = "vosk"\nmodel = "gone"\n')
    quick = ("--challenges", "0", "--settings", site, "--data", data / "customer")
    assert evaluate(*quick, "--driver", "vosk") == 1
    assert "not measured, vosk: model.missing" in capsys.readouterr().out
    assert evaluate(*quick) == 0
    told = capsys.readouterr().out
    assert "not measured, vosk: model.missing" in told
    assert "embedded" in told


def test_what_cannot_be_used_is_refused(data, tmp_path, capsys):
    assert evaluate("--data", data, "--driver", "nobody") == 2
    assert "nobody" in capsys.readouterr().err
    assert evaluate("--data", tmp_path / "nowhere") == 2
    (tmp_path / "site.toml").write_text("[speech]\nloudness = 11\n")
    assert evaluate("--data", data, "--settings", tmp_path / "site.toml") == 2
    assert "loudness" in capsys.readouterr().err
    for wrong in (("--noise", "jazz"), ("--snr", "nan"), ("--codes", "-1"), ("--challenges", "many")):
        with pytest.raises(SystemExit) as end:
            evaluate("--data", data, *wrong)
        assert end.value.code == 2


def test_the_command_ends_with_2_for_a_folder_that_is_not_there(tmp_path):
    command = [sys.executable, "-m", "kiosk", "evaluate", "speech", "--data", str(tmp_path / "gone")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "gone" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_every_installed_recogniser_is_known():
    assert {"embedded", "vosk", "fused"} <= set(drivers.installed())
    own = drivers.choice("embedded", load())
    assert (own.driver, drivers.choice("vosk", load()).options) == ("embedded", {})

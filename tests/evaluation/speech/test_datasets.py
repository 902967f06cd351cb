"""Tables of labelled speech."""

import numpy as np
import pytest
import soundfile

from evaluation.speech.datasets import read
from kiosk.errors import SettingsError
from kiosk.model import SAMPLE_RATE
from kiosk.settings import load as load_settings
from tests.evaluation.speech.speech_folders import bad_files, clip, made_up, table
from tests.support.sounds import mix, noise, voice

SPEECH = load_settings().speech


def test_a_folder_with_a_table(tmp_path):
    data = read(made_up(tmp_path), SPEECH)
    assert [c.digit for c in data.clips] == list(range(10))
    assert {c.speaker for c in data.clips} == {"anna"}
    assert (data.rows, data.skipped, data.recordings) == (10, {}, [])


def test_a_folder_of_folders_gives_speakers_their_folders_names(tmp_path):
    made_up(tmp_path / "b")
    made_up(tmp_path / "a")
    table(tmp_path / "a", [("4.wav", 4)], head=("file", "digits"))
    (tmp_path / "notes").mkdir()
    data = read(tmp_path, SPEECH)
    assert [(c.speaker, c.digit) for c in data.clips[:2]] == [("a", 4), ("anna", 0)]
    assert data.rows == 11


def test_bad_files_are_counted_by_reason_and_the_good_one_is_used(tmp_path):
    bad = bad_files(tmp_path)
    soundfile.write(tmp_path / "good.wav", clip(5), SAMPLE_RATE)
    names = [name for found in bad.values() for name in found]
    table(tmp_path, [*((name, 3, "x") for name in names), ("good.wav", 5, "x")])
    data = read(tmp_path, SPEECH)
    assert {r: [f.split("/")[1] for f in files] for r, files in data.skipped.items()} == bad
    assert [c.digit for c in data.clips] == [5]


@pytest.mark.parametrize("label", ["", "three", "3a", "-3", "\u00b3", "\uff13", "3.0", "0" * 40])
def test_a_label_that_is_no_digits(tmp_path, label):
    soundfile.write(tmp_path / "a.wav", clip(3), SAMPLE_RATE)
    data = read(table(tmp_path, [("a.wav", label, "x")]), SPEECH)
    assert (data.clips, list(data.skipped)) == ([], ["label"])


def test_a_file_that_is_listed_twice_counts_once(tmp_path):
    soundfile.write(tmp_path / "a.wav", clip(3), SAMPLE_RATE)
    data = read(table(tmp_path, [("a.wav", 3, "x"), ("a.wav", 8, "x")]), SPEECH)
    assert ([c.digit for c in data.clips], list(data.skipped)) == ([3], ["twice"])


def test_a_short_row_and_spaces(tmp_path):
    soundfile.write(tmp_path / "a.wav", clip(3), SAMPLE_RATE)
    data = read(table(tmp_path, [(" a.wav ", " 3 "), ("a.wav",)]), SPEECH)
    assert [(c.digit, c.speaker) for c in data.clips] == [(3, tmp_path.name)]
    assert data.rows == 2


def test_connected_digits_are_cut_at_their_pauses(tmp_path):
    said = [(voice(d), 0.2 + 0.7 * i) for i, d in enumerate((4, 0, 9))]
    soundfile.write(tmp_path / "a.wav", mix(noise(2.5, -75.0), *said), SAMPLE_RATE)
    data = read(table(tmp_path, [("a.wav", "409", "x")]), SPEECH)
    assert [c.digit for c in data.clips] == [4, 0, 9]
    loudest = [np.argmax(np.abs(np.fft.rfft(c.samples, SAMPLE_RATE))) for c in data.clips]
    assert loudest == pytest.approx([460, 300, 660], abs=2)


def test_digits_that_run_into_each_other_are_not_guessed(tmp_path):
    said = [(voice(d), 0.2 + 0.4 * i) for i, d in enumerate((4, 0, 9))]
    soundfile.write(tmp_path / "a.wav", mix(noise(2.0, -75.0), *said), SAMPLE_RATE)
    data = read(table(tmp_path, [("a.wav", "409", "x")]), SPEECH)
    assert (data.clips, list(data.skipped)) == ([], ["not_separable"])


HEAD = ("file", "digits", "shown", "speaker")


def test_a_recording_with_its_display_times(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(4.0), SAMPLE_RATE)
    data = read(table(tmp_path, [("a.wav", "31", "1.0, 2.25", "x")], "challenge.tsv", HEAD), SPEECH)
    (one,) = data.recordings
    assert (one.digits, one.shown, one.speaker, len(one.samples)) == ((3, 1), (1.0, 2.25), "x", 64000)


@pytest.mark.parametrize(
    "shown", ["", "1.0", "1,2,3", "2,1", "1,1", "-1,2", "0,1", "1,9", "1,nan", "one,two"]
)
def test_display_times_that_do_not_fit(tmp_path, shown):
    soundfile.write(tmp_path / "a.wav", noise(4.0), SAMPLE_RATE)
    data = read(table(tmp_path, [("a.wav", "31", shown, "x")], "challenge.tsv", HEAD), SPEECH)
    assert (data.recordings, list(data.skipped)) == ([], ["times"])


def test_data_that_cannot_be_used_at_all(tmp_path):
    with pytest.raises(SettingsError, match=r"labels\.tsv"):
        read(tmp_path, SPEECH)
    with pytest.raises(SettingsError, match="No such file"):
        read(tmp_path / "nowhere", SPEECH)
    with pytest.raises(SettingsError, match="no column digits"):
        read(table(tmp_path, [("a.wav", 3)], head=("file", "label")), SPEECH)
    with pytest.raises(SettingsError, match="no column shown"):
        read(table(tmp_path / "b", [], "challenge.tsv", ("file", "digits")), SPEECH)
    (tmp_path / "labels.tsv").write_bytes(b"file\tdigits\n\xff\xfe.wav\t3\n")
    with pytest.raises(SettingsError, match="UnicodeDecodeError"):
        read(tmp_path, SPEECH)

"""Folders of labelled speech for the tests: made-up voices, the product's synthetic ones, and bad files."""

import shutil

import numpy as np
import soundfile

from evaluation.speech.noise import NOISES
from evaluation.speech.offline_listener import longest_reading_s, simulate_reading
from evaluation.speech.reading_plan import plan_reading
from kiosk.model import SAMPLE_RATE
from kiosk.paths import RESOURCES
from kiosk.settings import load
from tests.support.sounds import PitchRecogniser, noise, voice
from tests.support.visit_driver import changed

SPEECH = load().speech
AT_ONCE = changed(load().visit, digits={"wait_s": 0.0})
"""Limits under which digits come at their times, whatever is heard."""
CUSTOMERS = RESOURCES / "sounds" / "customer"


def table(folder, rows, name="labels.tsv", head=("file", "digits", "speaker")):
    """Write a table and make its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(map(str, row)) for row in (head, *rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def clip(digit, before_s=0.1, behind_s=0.2, dbfs=-20.0):
    """Return a made-up voice with a little silence around it."""
    silence = [noise(s, -75.0, seed=digit) for s in (before_s, behind_s)]
    return np.concatenate([silence[0], voice(digit, dbfs=dbfs), silence[1]])


def read_aloud(clips, noise="white", snr_db=25.0, seed=1, manner="plain", limits=AT_ONCE):
    """Return the sound of a challenge that was read in a noise."""
    random = np.random.default_rng(seed)
    person = plan_reading("anna", clips, manner, random)
    ground = NOISES[noise](round(longest_reading_s(person, limits) * SAMPLE_RATE), random)
    ground = ground * np.float32(person.level * 10 ** (-snr_db / 20))
    return simulate_reading(person, ground, PitchRecogniser(), SPEECH, limits)[0]


def made_up(folder, speaker="anna", digits=range(10)):
    """Write one clip of each digit, for the recogniser that knows them by their pitch."""
    table(folder, [(f"{d}.wav", d, speaker) for d in digits])
    for digit in digits:
        soundfile.write(folder / f"{digit}.wav", clip(digit), SAMPLE_RATE)
    return folder


def customer(folder, name="zf_xiaoyi", takes=("1", "2")):
    """Copy the clips of one of the product's synthetic customers."""
    rows = [(f"{d}-{take}.ogg", d, name) for d in range(10) for take in takes]
    table(folder, rows)
    for file, _, _ in rows:
        shutil.copy(CUSTOMERS / name / file, folder / file)
    return folder


def bad_files(folder):
    """Return reason → the files that have it; none of them is listed yet."""
    folder.mkdir(parents=True, exist_ok=True)
    good = clip(3)
    write = soundfile.write
    write(folder / "empty.wav", np.zeros(0, np.float32), SAMPLE_RATE)
    write(folder / "nan.wav", np.where(np.arange(len(good)) == 900, np.nan, good), SAMPLE_RATE, "FLOAT")
    write(folder / "huge.wav", good * 1e9, SAMPLE_RATE, "FLOAT")
    write(folder / "long.flac", np.tile(clip(1)[:8000], 600), 8000)  # ten minutes
    write(folder / "slow.wav", good, 100)
    write(folder / "silent.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    (folder / "corrupt.mp3").write_bytes(bytes(range(256)) * 20)
    (folder / "cut.wav").write_bytes((folder / "slow.wav").read_bytes()[:30])
    (folder / "headless.raw").write_bytes(bytes(4000))
    (folder / "nothing.ogg").write_bytes(b"")
    return {
        "empty": ["empty.wav"],
        "not_finite": ["nan.wav", "huge.wav"],
        "too_long": ["long.flac"],
        "rate": ["slow.wav"],
        "silent": ["silent.wav"],
        "unreadable": ["corrupt.mp3", "cut.wav", "headless.raw", "nothing.ogg"],
        "missing": ["not there.wav", "x" * 300 + ".wav"],
    }

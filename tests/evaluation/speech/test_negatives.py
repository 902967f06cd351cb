"""Sounds that answer nothing never pass: through the real listener, whatever the file."""

import json

import numpy as np
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.__main__ import main
from evaluation.speech import negatives
from evaluation.speech.challenge_audio import ChallengeAudio
from evaluation.speech.offline_listener import challenge_of, play_recording
from kiosk.model import SAMPLE_RATE, VerdictAnswer
from kiosk.paths import RESOURCES
from kiosk.settings import load
from kiosk.visit.rules.digits import judge_digits
from tests.support.sounds import PitchRecogniser, cough, noise, voice

SETTINGS = load()
DIGITS, SHOWN = (3, 1, 4, 0, 5, 9), (1.0, 2.4, 3.8, 5.2, 6.6, 8.0)
CUSTOMER = RESOURCES / "sounds" / "customer" / "zf_xiaoyi"


def all_at_once():
    """Ten voices that say the ten digits together."""
    return np.sum([voice(d, 0.5, -30.0) for d in range(10)], axis=0).astype(np.float32)


def folder_of_sounds(folder):
    t = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    sounds = {
        "tones/a.wav": 0.3 * np.sin(2 * np.pi * 440 * t),
        "tones/b.flac": 0.3 * np.sign(np.sin(2 * np.pi * 1000 * t)),
        "music/scale.wav": np.concatenate([voice(d, 0.2) for d in (0, 2, 4, 5, 7, 9, 7, 5, 4, 2) * 3]),
        "digits/at-once.wav": np.tile(all_at_once(), 8),
        "digits/one.wav": voice(4),
        "shouting.wav": np.clip(40 * cough(3.5), -1, 1),
        "silence.wav": np.full(SAMPLE_RATE, 1e-6),
        "empty.wav": np.zeros(0),
    }
    for name, sound in sounds.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, sound, SAMPLE_RATE)
    soundfile.write(folder / "nan.wav", np.full(8000, np.nan), SAMPLE_RATE, subtype="FLOAT")
    soundfile.write(folder / "rate.wav", np.zeros(300), 300)
    (folder / "words.txt").write_text("no sound")
    (folder / "broken.ogg").write_bytes(b"OggS" + bytes(50))
    return folder


def test_nothing_passes_and_bad_files_are_counted(tmp_path):
    found = {"pitch": PitchRecogniser()}
    result = negatives.measure(folder_of_sounds(tmp_path), found, SETTINGS, challenges=3, codes=200, seed=1)
    assert {k.kind for k in result.kinds} == {"tones", "music", "digits", "."}
    assert sum(k.passed.errors for k in result.kinds) == 0
    assert sum(k.passed.trials for k in result.kinds) == 6 * 3
    assert sum(k.guessed.trials for k in result.kinds) == 6 * 3 * 200
    assert sum(len(names) for names in result.skipped.values()) == 6
    assert {"silent", "empty", "not_finite", "rate", "unreadable"} == set(result.skipped)
    text = negatives.format_report(result)
    assert "0/18" in text
    assert negatives.measure(tmp_path, found, SETTINGS, challenges=3, codes=200, seed=1) == result


def test_the_command_needs_either_data_or_negatives(tmp_path, capsys):
    assert main(["speech"]) == 2
    assert main(["speech", "--data", str(tmp_path), "--negatives", str(tmp_path)]) == 2
    assert main(["speech", "--negatives", str(tmp_path / "nowhere")]) == 2
    assert "--negatives" in capsys.readouterr().err


def test_the_real_recogniser_takes_no_prompt_for_an_answer(tmp_path, capsys):
    """Our own prompts, Mandarin and English, as if somebody's television said them."""
    for language in ("zh-Hans", "en"):
        (tmp_path / language).mkdir()
        for path in sorted((RESOURCES / "sounds" / "prompts" / language).glob("*d.ogg"))[:2]:
            (tmp_path / language / path.name).write_bytes(path.read_bytes())
    out = tmp_path.parent / "negatives.json"
    ask = ["--driver", "embedded", "--challenges", "1", "--codes", "50", "--json", str(out)]
    assert main(["speech", "--negatives", str(tmp_path), *ask]) == 0
    kinds = json.loads(out.read_text())["kinds"]
    assert sum(k["passed"]["trials"] for k in kinds) == 4
    assert sum(k["passed"]["errors"] for k in kinds) == 0


def heard(sound):
    """The verdict on six digits while this sounds, looped, and that it ends."""
    scene = ChallengeAudio(
        speaker="x", digits=DIGITS, shown=SHOWN, samples=np.resize(sound, 12 * SAMPLE_RATE).astype(np.float32)
    )
    got = play_recording(scene, PitchRecogniser(), SETTINGS.speech, SETTINGS.visit)
    return judge_digits(challenge_of(scene), SHOWN, got, SETTINGS.visit.digits, SETTINGS.visit.sound)


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(
        st.tuples(
            st.sampled_from(["tone", "digit", "noise", "click", "zeros", "dc", "nan", "inf", "full"]),
            st.floats(0.01, 1.5),
            st.integers(0, 9),
            st.floats(-70.0, 6.0),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_no_made_up_sound_passes_or_hangs(pieces):
    """Pieces of anything, in any order; the made-up recogniser understands every "digit" in it perfectly."""
    sound = np.concatenate([piece(*p) for p in pieces])
    verdict = heard(sound if len(sound) else np.zeros(1))
    said = "".join(str(p[2]) for p in pieces if p[0] == "digit")
    if len(said) < 2:  # who says one digit over and over, or none, has not read six
        assert verdict.answer is VerdictAnswer.RETRY
    assert verdict.code.value.startswith("speech.") or verdict.answer is VerdictAnswer.PASS


def piece(kind, seconds, digit, dbfs):
    count = round(seconds * SAMPLE_RATE)
    match kind:
        case "tone":
            return 10 ** (dbfs / 20) * np.sin(np.arange(count) * (0.05 + 0.1 * digit))
        case "digit":
            return voice(digit, max(0.1, seconds), dbfs)
        case "noise":
            return noise(seconds, dbfs, digit)
        case "click":
            return np.eye(1, count, 0)[0]
        case "zeros":
            return np.zeros(count)
        case "dc":
            return np.full(count, 0.5)
        case "nan":
            return np.full(count, np.nan)
        case "inf":
            return np.full(count, np.inf)
    return np.where(np.arange(count) // 50 % 2, 1.0, -1.0)

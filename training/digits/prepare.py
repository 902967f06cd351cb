"""Recordings to corpus files: decoded, trimmed, levelled, and repeated with other voices.

A handful of people is few. WORLD takes a recording apart into pitch, spectral envelope and noise; another
pitch, vocal-tract length and tempo make other speakers of the same words.
"""

from __future__ import annotations

import argparse
import csv
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import butter, sosfilt

from training.digits import corpus, words
from training.digits.corpus import RATE, Clip
from training.voices import sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyworld

SEED = 2017
TRAINABLE = ("davinfifield", "hsk1_notes")  # public domain, CC0
LEFT_OUT = ("zf_xiaoni", "zm_yunxia")  # synthetic voices that a fold is trained without
DIGIT_THROATS, SYLLABLE_THROATS, KOKORO_THROATS = 60, 2, 2


def read(path: Path) -> sound.Samples:
    """Decode one clip to mono 16 kHz, without rumble, cut to the voice, at -23 dBFS."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sound.resample(samples.mean(axis=1), rate, RATE)
    clear = sosfilt(butter(2, 70, "highpass", fs=RATE, output="sos"), mono).astype(np.float32)
    return sound.to_level(_longest_run(clear), RATE, -23)


def _longest_run(samples: sound.Samples, gap_s: float = 0.25) -> sound.Samples:
    """Keep the most energetic stretch without a long gap (drops clicks before and after)."""
    loud = sound.levels(samples, RATE)
    floor = max(float(loud.max()) * 10 ** (-25 / 20), float(np.percentile(loud, 10)) * 2)
    above = np.flatnonzero(loud >= floor)
    runs = np.split(above, np.flatnonzero(np.diff(above) > gap_s * 100) + 1)
    best = max(runs, key=lambda run: float((loud[run] ** 2).sum()))
    block, pad = RATE // 100, RATE // 50
    return samples[max(0, best[0] * block - pad) : (best[-1] + 1) * block + pad].copy()


def digits(folder: Path, only: str | None = None) -> list[Clip]:
    """Read a folder of single-digit clips with its `labels.tsv`."""
    with (folder / "labels.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if len(row["digits"]) == 1]
    return [
        Clip(read(folder / row["file"]), int(row["digits"]), row["spoken"], row["speaker"], folder.name)
        for row in rows
        if only is None or row["speaker"] == only
    ]


def syllables(folder: Path) -> list[Clip]:
    """Read the syllables that are no digit in any tone."""
    paths = [p for p in sorted(folder.glob("*.mp3")) if words.syllable_is_negative(p.stem)]
    return [Clip(read(p), words.OTHER, p.stem, folder.name, "syllables") for p in paths]


@dataclass(frozen=True)
class Voice:
    """A clip taken apart by WORLD: pitch per 5 ms, spectral envelope, share of noise."""

    pitch: np.ndarray
    envelope: np.ndarray
    breath: np.ndarray


def analyse_voice(samples: sound.Samples) -> Voice:
    """Analyse a clip once; it is transformed several times later."""
    x = samples.astype(np.float64)
    rough, times = pyworld.dio(x, RATE, frame_period=5.0)
    pitch = pyworld.stonemask(x, rough, times, RATE)
    return Voice(pitch, pyworld.cheaptrick(x, pitch, times, RATE), pyworld.d4c(x, pitch, times, RATE))


def transform_voice(voice: Voice, rng: np.random.Generator) -> sound.Samples:
    """Say the same with another pitch, melody range, vocal tract (x0.82-1.3) and tempo (x0.7-1.35)."""
    tract = float(np.exp(rng.uniform(np.log(0.82), np.log(1.3))))
    bins = np.arange(voice.envelope.shape[1])
    logs = np.log(voice.envelope + 1e-16)
    envelope = np.exp(np.stack([np.interp(bins / tract, bins, row) for row in logs]))
    pitch = _melody(voice.pitch, rng, tract)
    tempo = float(rng.uniform(0.7, 1.35))
    made = pyworld.synthesize(pitch, envelope, voice.breath, RATE, 5.0 / tempo)
    return sound.to_level(made.astype(np.float32), RATE, -23)


def _melody(pitch: np.ndarray, rng: np.random.Generator, tract: float) -> np.ndarray:
    """Scale pitch with the tract (small people speak higher), and stretch its movement."""
    voiced = pitch > 0
    if not voiced.any():
        return pitch
    centre = float(np.exp(np.log(pitch[voiced]).mean()))
    scale = tract**2 * rng.uniform(0.75, 1.35)
    moved = np.where(voiced, centre * scale * (np.maximum(pitch, 1) / centre) ** rng.uniform(0.4, 1.3), 0)
    return np.clip(moved, 0, 600)


def with_other_voices(clips: list[Clip], count: int, rng: np.random.Generator) -> list[Clip]:
    """Return the clips and `count` variants of each."""
    made = []
    for clip in clips:
        voice = analyse_voice(clip.samples)
        made += [
            replace(clip, samples=transform_voice(voice, rng), source=f"{clip.source}-world")
            for _ in range(count)
        ]
    return clips + made


def recordings(data: Path, work: Path) -> None:
    """Write `human/*.npz`."""
    rng = np.random.default_rng(SEED)
    for name in TRAINABLE:
        clips = with_other_voices(digits(data / "digits" / name), DIGIT_THROATS, rng)
        corpus.save(work / "human" / f"{name}.npz", clips)
    negatives = with_other_voices(syllables(data / "syllables" / "davinfifield"), SYLLABLE_THROATS, rng)
    corpus.save(work / "human" / "syllables.npz", negatives)


def synthetic(work: Path) -> None:
    """Write `kokoro-world/*.npz`: the made-up speakers' digits from other throats."""
    for path in sorted((work / "kokoro").glob("person-*.npz")):
        target = work / "kokoro-world" / path.name
        if not target.exists():
            clips = [c for c in corpus.load(path) if c.label != words.OTHER]
            rng = np.random.default_rng([SEED, int(path.stem.split("-")[1])])
            corpus.save(target, with_other_voices(clips, KOKORO_THROATS, rng)[len(clips) :])


def folders(work: Path, customers: Path) -> None:
    """Write `speakers/<name>`, as `kiosk evaluate speech` reads them: synthetic voices to measure with."""
    for path in sorted((work / "kokoro").glob("person-*.npz")):
        clips = [c for c in corpus.load(path) if c.label != words.OTHER]
        if clips[0].speaker in LEFT_OUT:
            _folder(work / "speakers" / clips[0].speaker, clips[: len(words.DIGIT_WORDS)])  # those said alone
    for voice in sorted(p for p in customers.iterdir() if p.is_dir()):
        _folder(work / "speakers" / voice.name, _customer(voice))


def _customer(folder: Path) -> list[Clip]:
    clips = []
    for path in sorted(folder.glob("*.ogg")):
        word, (samples, rate) = path.stem.split("-")[0], soundfile.read(path, dtype="float32")
        label = 1 if word == "yao" else int(word)
        clips.append(Clip(sound.resample(samples, rate, RATE), label, word, folder.name, "customer"))
    return clips


def _folder(target: Path, clips: list[Clip]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    rows = ["file\tdigits\tspeaker"]
    for number, clip in enumerate(clips):
        soundfile.write(target / f"{number:02d}.wav", clip.samples, RATE)
        rows.append(f"{number:02d}.wav\t{clip.label}\t{clip.speaker}")
    (target / "labels.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def main() -> None:
    """Prepare the recordings under `--data`, the synthetic clips already in `--work`, or the test folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("recordings", "synthetic", "folders"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, required=True)
    chosen = parser.parse_args()
    match chosen.what:
        case "recordings":
            recordings(chosen.data, chosen.work)
        case "synthetic":
            synthetic(chosen.work)
        case _:
            folders(chosen.work, Path("resources/sounds/customer"))


if __name__ == "__main__":
    main()

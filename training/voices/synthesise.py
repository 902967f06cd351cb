"""Make the product's sounds with Kokoro-82M: simulated customers' digits, prompts, and pages read aloud.

Customers are two voices that never train the recogniser. Prompts come from the phrase catalogues
(`[prompt]` in `resources/phrases/<language>.toml`), and so do the sentences of the pages
(`kiosk.read_aloud`); only those whose sentence changed are made again.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from kiosk.read_aloud import spoken_sentences
from training import parts
from training.voices import kokoro, sound
from training.voices.g2p import english, mandarin

CUSTOMERS = ("zf_xiaoyi", "zm_yunyang")
CUSTOMER_WORDS = {
    "0": "零", "1": "一", "2": "二", "3": "三", "4": "四", "5": "五",
    "6": "六", "7": "七", "8": "八", "9": "九", "yao": "幺",
}  # fmt: skip
TAKE_SPEEDS = (0.7, 0.85)  # read one by one from a screen, people are slower than the voices' own pace
FULL_STOP = "."  # without it some single syllables come out mumbled (measured on a training voice)
CUSTOMER_RATE, CUSTOMER_DBFS = 16_000, -23.0
PROMPT_RATE, PROMPT_DBFS = 24_000, -20.0
LONGEST_UTTERANCE = 380  # phonemes; the model takes 510
PAUSE_S = 0.35  # between the utterances of a paragraph
ENDS = re.compile(r"(?<=[。！？；：])|(?<=[.!?;:])\s+")
"""Where a paragraph may be divided."""


@dataclass(frozen=True)
class Format:
    """How clips are written: of few bytes where there are many."""

    rate: int
    subtype: str
    compression: float | None = None


PROMPT_FORMAT = Format(PROMPT_RATE, "VORBIS")
PAGE_FORMAT = Format(16_000, "OPUS", 0.96)  # about 2.3 kB/s; players take 16 kHz


@dataclass(frozen=True)
class Language:
    """How the prompts of one catalogue are spoken."""

    voice: str
    phonemes: Callable[[str], str]
    speed: float


LANGUAGES = {"zh-Hans": Language("zf_xiaoxiao", mandarin, 0.95), "en": Language("af_heart", english, 1.0)}


def write(
    path: Path, samples: sound.Samples, rate: int, subtype: str = "VORBIS", compression: float | None = None
) -> None:
    """Write a mono Ogg file. `compression`: 0 to 1, libsndfile's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, format="OGG", subtype=subtype, compression_level=compression)


def say(
    model: kokoro.Kokoro, phonemes: str, voice: str, speed: float, rate: int, dbfs: float
) -> sound.Samples:
    """Speak phonemes with one voice, trimmed and levelled. Raises ValueError: too many for one utterance."""
    known = model.known(phonemes)
    if len(known) > LONGEST_UTTERANCE:
        raise ValueError(f"{len(known)} phonemes in one utterance")
    spoken = model.speak(known, kokoro.style_table(voice)[len(known) - 1], speed)
    low = sound.resample(spoken.samples, kokoro.RATE, rate)
    return sound.to_level(sound.trim(low, rate), rate, dbfs)


def customers(model: kokoro.Kokoro, folder: Path) -> None:
    """Write `<voice>/<word>-<take>.ogg` and `levels.toml`, the voiced RMS measured in each file."""
    lines = ["# voiced RMS of every clip as decoded, dBFS; written by training/voices/synthesise.py"]
    for voice in CUSTOMERS:
        lines.append(f"\n[{voice}]")
        for word, text in CUSTOMER_WORDS.items():
            for take, speed in enumerate(TAKE_SPEEDS, start=1):
                path = folder / voice / f"{word}-{take}.ogg"
                write(
                    path,
                    say(model, mandarin(text) + FULL_STOP, voice, speed, CUSTOMER_RATE, CUSTOMER_DBFS),
                    CUSTOMER_RATE,
                )
                lines.append(f'"{path.stem}" = {measured(path):.1f}')
    (folder / "levels.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measured(path: Path) -> float:
    """Return the voiced RMS of a file in dBFS."""
    samples, rate = soundfile.read(path, dtype="float32")
    return sound.decibels(sound.voiced_rms(samples, rate))


def read_index(path: Path) -> dict[str, dict[str, str]]:
    """Read which text each prompt clip was made from: language -> key -> sha256."""
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_index(path: Path, index: dict[str, dict[str, str]]) -> None:
    """Write the index, sorted, so that it only differs where clips do."""
    lines = [
        "# sha256 of the UTF-8 sentence each clip was made from; written by training/voices/synthesise.py"
    ]
    for language, keys in sorted(index.items()):
        lines += ["", f"[{language}]", *(f'"{key}" = "{digest}"' for key, digest in sorted(keys.items()))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def clips(
    model: Callable[[], kokoro.Kokoro],
    sentences: Mapping[str, Mapping[str, str]],
    folder: Path,
    how: Format,
) -> list[str]:
    """Bring the clips of a folder up to date with the sentences (language -> key); return what was made."""
    folder.mkdir(parents=True, exist_ok=True)
    index, made = read_index(folder / "index.toml"), []
    for language, texts in sentences.items():
        known = {key: digest for key, digest in index.get(language, {}).items() if key in texts}
        index[language] = known
        for key, text in texts.items():
            path, digest = folder / language / f"{key}.ogg", parts.sha256(text.encode())
            if path.exists() and known.get(key) == digest:
                continue
            samples = speak(model(), text, LANGUAGES[language], how.rate)
            write(path, samples, how.rate, how.subtype, how.compression)
            known[key] = digest
            write_index(folder / "index.toml", index)  # after each, so that an interrupted run loses nothing
            made.append(f"{language}/{key}")
        for stale in (folder / language).glob("*.ogg"):
            if stale.stem not in texts:
                stale.unlink()
    write_index(folder / "index.toml", index)
    return made


def speak(model: kokoro.Kokoro, text: str, how: Language, rate: int) -> sound.Samples:
    """Speak a paragraph, as many sentences at a time as the model takes."""
    said: list[sound.Samples] = []
    for phonemes in utterances(model, text, how):
        if said:
            said.append(np.zeros(round(PAUSE_S * rate), np.float32))
        said.append(say(model, phonemes, how.voice, how.speed, rate, PROMPT_DBFS))
    return np.concatenate(said)


def utterances(model: kokoro.Kokoro, text: str, how: Language) -> list[str]:
    """Return the phonemes of a text, divided at the ends of its sentences where they are too many."""
    found: list[str] = []
    taken = ""
    for sentence in filter(None, ENDS.split(text)):
        longer = f"{taken} {sentence}".strip()
        if taken and len(model.known(how.phonemes(longer))) > LONGEST_UTTERANCE:
            found.append(how.phonemes(taken))
            longer = sentence
        taken = longer
    return [*found, how.phonemes(taken)]


def catalogues(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the phrase catalogues of the languages that are spoken."""
    return {
        language: tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
        for language in LANGUAGES
    }


def main() -> None:
    """Make customers' digits, prompts, pages, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("customers", "prompts", "pages", "all"))
    parser.add_argument("--resources", type=Path, default=Path("resources"))
    chosen = parser.parse_args()
    loaded: list[kokoro.Kokoro] = []

    def model() -> kokoro.Kokoro:
        if not loaded:
            loaded.append(kokoro.Kokoro())
        return loaded[0]

    sounds, tables = chosen.resources / "sounds", catalogues(chosen.resources / "phrases")
    if chosen.what in ("customers", "all"):
        customers(model(), sounds / "customer")
    if chosen.what in ("prompts", "all"):
        texts = {language: table["prompt"] for language, table in tables.items()}
        print(*clips(model, texts, sounds / "prompts", PROMPT_FORMAT), sep="\n")
    if chosen.what in ("pages", "all"):
        texts = {language: spoken_sentences(table) for language, table in tables.items()}
        print(*clips(model, texts, sounds / "read_aloud", PAGE_FORMAT), sep="\n")


if __name__ == "__main__":
    main()

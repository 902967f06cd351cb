"""Make the product's sounds with Kokoro-82M: simulated customers' digits, and voice prompts.

Customers are two voices that never train the recogniser. Prompts come from the phrase catalogues
(`[prompt]` in `resources/phrases/<language>.toml`); only those whose sentence changed are made again.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import soundfile

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


@dataclass(frozen=True)
class Language:
    """How the prompts of one catalogue are spoken."""

    voice: str
    phonemes: Callable[[str], str]
    speed: float


LANGUAGES = {"zh-Hans": Language("zf_xiaoxiao", mandarin, 0.95), "en": Language("af_heart", english, 1.0)}


def write(path: Path, samples: sound.Samples, rate: int) -> None:
    """Write a mono Ogg Vorbis file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, format="OGG", subtype="VORBIS")


def say(
    model: kokoro.Kokoro, phonemes: str, voice: str, speed: float, rate: int, dbfs: float
) -> sound.Samples:
    """Speak phonemes with one voice, trimmed and levelled."""
    known = model.known(phonemes)[:LONGEST_UTTERANCE]
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


def prompts(model: Callable[[], kokoro.Kokoro], catalogues: Path, folder: Path) -> list[str]:
    """Bring the prompt clips up to date with the catalogues; return what was made."""
    folder.mkdir(parents=True, exist_ok=True)
    index, made = read_index(folder / "index.toml"), []
    for language, how in LANGUAGES.items():
        catalogue = catalogues / f"{language}.toml"
        if not catalogue.exists():
            continue
        texts = tomllib.loads(catalogue.read_text(encoding="utf-8")).get("prompt", {})
        known = {key: digest for key, digest in index.get(language, {}).items() if key in texts}
        index[language] = known
        for key, text in texts.items():
            path, digest = folder / language / f"{key}.ogg", parts.sha256(text.encode())
            if path.exists() and known.get(key) == digest:
                continue
            write(
                path,
                say(model(), how.phonemes(text), how.voice, how.speed, PROMPT_RATE, PROMPT_DBFS),
                PROMPT_RATE,
            )
            known[key] = digest
            write_index(folder / "index.toml", index)  # after each, so that an interrupted run loses nothing
            made.append(f"{language}/{key}")
        for stale in (folder / language).glob("*.ogg"):
            if stale.stem not in texts:
                stale.unlink()
    write_index(folder / "index.toml", index)
    return made


def main() -> None:
    """Make customers' digits, prompts, or both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("customers", "prompts", "all"))
    parser.add_argument("--resources", type=Path, default=Path("resources"))
    chosen = parser.parse_args()
    loaded: list[kokoro.Kokoro] = []

    def model() -> kokoro.Kokoro:
        if not loaded:
            loaded.append(kokoro.Kokoro())
        return loaded[0]

    if chosen.what != "prompts":
        customers(model(), chosen.resources / "sounds" / "customer")
    if chosen.what != "customers":
        print(
            *prompts(model, chosen.resources / "phrases", chosen.resources / "sounds" / "prompts"), sep="\n"
        )


if __name__ == "__main__":
    main()

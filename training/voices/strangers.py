"""Make `tests/kiosk/speech/strangers/`: digits in English and in Cantonese, no answer to Mandarin ones.

Kokoro has no Cantonese voice: a Mandarin one says the digits from their IPA (Jyutping ling4 jat1 ji6 saam1
sei3 ng5 luk6 cat1 baat3 gau2), with Mandarin's tones as near as they go. Intelligible, no more.
The voice, zf_xiaoyi, is one that the digit recogniser never heard. With `labels.tsv`
`kiosk evaluate speech --data tests/kiosk/speech/strangers` answers the digits shown in Cantonese.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.voices import kokoro
from training.voices.g2p import english
from training.voices.synthesise import FULL_STOP, say, write

RATE, DBFS, SPEED = 16_000, -23.0, 0.85
ENGLISH = ("am_michael", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
CANTONESE = ("zf_xiaoyi", ["lɪŋ↘", "jɐt", "ji↘", "sam→", "sei→", "ŋ↓", "lʊk", "ʦʰɐt", "pat", "kɐu↗"])


def main() -> None:
    """Write `<language>-<digit>.ogg`, twenty files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("tests/kiosk/speech/strangers"))
    folder = parser.parse_args().to
    model = kokoro.Kokoro()
    spoken = {"english": (ENGLISH[0], [english(word) for word in ENGLISH[1]]), "cantonese": CANTONESE}
    for language, (voice, digits) in spoken.items():
        for digit, phonemes in enumerate(digits):
            samples = say(model, phonemes + FULL_STOP, voice, SPEED, RATE, DBFS)
            write(folder / f"{language}-{digit}.ogg", samples, RATE)
    rows = [f"cantonese-{digit}.ogg\t{digit}\tmade-up Cantonese" for digit in range(10)]
    (folder / "labels.tsv").write_text("\n".join(["file\tdigits\tspeaker", *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()

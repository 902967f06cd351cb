"""Training voices made with Kokoro: people who do not exist say digits, and what is not a digit.

A person is a melody (Mandarin voices, mixed) and a colour (any voice). `zf_xiaoyi` and `zm_yunyang` are never
used: they measure.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.digits import corpus, words
from training.digits.corpus import Clip
from training.voices import kokoro, sound
from training.voices.g2p import english, mandarin

SEED = 20170
PEOPLE = 76
MELODIES = ("zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zm_yunjian", "zm_yunxi", "zm_yunxia")
COLOURS = (
    "af_bella", "af_heart", "af_kore", "af_nova", "af_sarah", "af_sky", "am_adam", "am_echo", "am_fenrir",
    "am_michael", "am_onyx", "am_puck", "bf_emma", "bf_isabella", "bf_lily", "bm_daniel", "bm_george",
    "bm_lewis",
    "ef_dora", "em_alex", "ff_siwis", "hf_alpha", "hf_beta", "hm_omega", "hm_psi", "if_sara", "im_nicola",
    "jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo", "pf_dora", "pm_alex",
)  # fmt: skip
ENDINGS = ("", ".", "!", ",", "?", "…")
TONES = "→↗↓↘"

Mix = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Person:
    """One made-up speaker: who lends the melody, who the colour, which accent, how fast, and a name."""

    melodies: Mix
    colours: Mix
    accent: tuple[tuple[str, str], ...]  # word → phonemes
    tempo: float
    flat: float  # how often a tone is another one
    name: str

    def style(self, row: int) -> kokoro.Samples:
        """Return the style for an utterance of about `row` phonemes."""
        return kokoro.blend(list(self.melodies), row, list(self.colours))


def person(index: int) -> Person:
    """Return the index-th made-up speaker: the first six are the voices themselves."""
    if index < len(MELODIES):
        own = ((MELODIES[index], 1.0),)
        return Person(own, own, (), 1.0, 0.0, MELODIES[index])
    rng = np.random.default_rng([SEED, index])
    melodies = _mixed(rng, MELODIES, 3)
    foreign = _mixed(rng, COLOURS, 3)
    share = float(rng.choice([0.0, rng.uniform(0.2, 0.8), 1.0], p=[0.2, 0.5, 0.3]))
    colours = (*((v, w * (1 - share)) for v, w in melodies), *((v, w * share) for v, w in foreign))
    colours = tuple((v, w) for v, w in colours if w)
    name = "+".join(v for v, _ in dict(melodies + colours).items())
    tempo = float(np.exp(rng.normal(0, 0.2)))
    return Person(melodies, colours, words.accent(rng), tempo, float(rng.choice([0, 0.15, 0.4])), name)


def _mixed(rng: np.random.Generator, voices: tuple[str, ...], most: int) -> Mix:
    """Draw one to `most` voices with random weights that add up to 1."""
    names = rng.choice(voices, int(rng.integers(1, most + 1)), replace=False)
    return tuple((str(n), float(w)) for n, w in zip(names, rng.dirichlet(np.ones(len(names))), strict=True))


class Speaker:
    """Lets one person say words, isolated or in a string, and cuts them out."""

    def __init__(self, voice: kokoro.Kokoro, who: Person, rng: np.random.Generator) -> None:
        self._voice, self._who, self._rng = voice, who, rng

    def _speak(self, phonemes: str) -> kokoro.SynthesisedSpeech:
        row = len(phonemes) - 1 + int(self._rng.integers(0, 20))
        tempo = self._who.tempo * float(self._rng.uniform(0.75, 1.3))
        return self._voice.speak(phonemes, self._who.style(row), tempo)

    def _digit(self, word: str) -> str:
        """Return a digit word's phonemes in this person's accent, now and then with another tone."""
        phonemes = dict(self._who.accent).get(word, mandarin(word))
        if self._rng.random() < self._who.flat:
            other = str(self._rng.choice([*TONES]))
            phonemes = "".join(other if c in TONES else c for c in phonemes)
        return self._voice.known(phonemes)

    def _clip(self, samples: kokoro.Samples, word: str, label: int) -> Clip:
        low = sound.resample(samples, kokoro.RATE, corpus.RATE)
        return Clip(
            sound.to_level(sound.trim(low, corpus.RATE), corpus.RATE, -23),
            label,
            word,
            self._who.name,
            "kokoro",
        )

    def digit(self, word: str) -> Clip:
        """Say one digit word alone."""
        return self.isolated(self._digit(word), word, words.DIGIT_WORDS[word])

    def isolated(self, phonemes: str, word: str, label: int) -> Clip:
        """Say one word alone."""
        spoken = self._speak(self._voice.known(phonemes) + str(self._rng.choice(ENDINGS)))
        return self._clip(spoken.samples, word, label)

    def string(self, said: list[str]) -> list[Clip]:
        """Say digit words without a pause and cut them at the synthesiser's own phoneme times."""
        pieces = [self._digit(word) for word in said]
        spoken = self._speak(" ".join(pieces))
        firsts = np.cumsum([0, *(len(p) + 1 for p in pieces)])
        edges = [int(spoken.starts[i]) for i in firsts[:-1]] + [int(spoken.starts[-1])]
        pad = int(0.02 * kokoro.RATE)
        cuts = zip(edges, edges[1:], said, strict=False)
        return [
            self._clip(spoken.samples[max(0, a - pad) : b + pad], w, words.DIGIT_WORDS[w]) for a, b, w in cuts
        ]


def record(voice: kokoro.Kokoro, index: int) -> list[Clip]:
    """Let the index-th person say every digit word twice or more, and some that are none."""
    rng = np.random.default_rng([SEED, index, 1])
    speaker = Speaker(voice, person(index), rng)
    said = list(words.DIGIT_WORDS)
    clips = [speaker.digit(w) for w in said]
    order = [said[i] for i in rng.permutation(len(said))]
    clips += speaker.string(order[:6]) + speaker.string(order[6:])
    for text in rng.choice(words.neighbours(), 2, replace=False):
        clips.append(speaker.isolated(mandarin(str(text)), str(text), words.OTHER))
    text = str(rng.choice(words.PHRASES))
    clips.append(speaker.isolated(mandarin(text), text, words.OTHER))
    if rng.random() < 0.5:
        text = str(rng.choice(words.ENGLISH))
        clips.append(speaker.isolated(english(text), text, words.OTHER))
    return clips


def asides(voice: kokoro.Kokoro, index: int) -> list[Clip]:
    """Let the index-th person hesitate and say Cantonese digits: none of it is a Mandarin digit."""
    rng = np.random.default_rng([SEED, index, 2])
    speaker = Speaker(voice, person(index), rng)
    said = [*rng.choice(words.HESITATIONS, 3, replace=False), *words.CANTONESE]
    return [speaker.isolated(str(phonemes), str(phonemes), words.OTHER) for phonemes in said]


def main() -> None:
    """Record people `--first` .. `--last`, one file each; those that exist are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=PEOPLE)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    voice = kokoro.Kokoro(chosen.threads)
    for index in range(chosen.first, chosen.last):
        for name, recorded in (("person", record), ("asides", asides)):
            path = chosen.work / "kokoro" / f"{name}-{index:03d}.npz"
            if not path.exists():
                corpus.save(path, recorded(voice, index))


if __name__ == "__main__":
    main()

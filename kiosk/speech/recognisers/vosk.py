"""Digits with vosk (Kaldi): any vosk model of any language, restricted by a grammar of single digit words.

A confidence of vosk says how sure the decoder is *among the words of its grammar*: speech outside of it
often gets nearly 1, and the unknown word rarely fires. So these scores are no gate against strange words;
what protects is that each expected digit has to win in its own window.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import vosk
from msgspec import Struct, field
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError
from kiosk.model import SAMPLE_RATE
from kiosk.models.folders import verified
from kiosk.ports import Context, Samples
from kiosk.speech.digits import CLASSES, MANDARIN, OTHER, meant

SOUNDS_LIKE: Mapping[str, str] = {"〇": "零", "两": "二"}
"""Words that may be missing from a model if the other one is there: 〇 is 零 in another writing, and 两 is
no word for reading single digits aloud."""
TAIL_S = 0.3
"""Silence behind the sound: Kaldi's network looks ahead, the last word would be cut off."""
FLOOR = 1e-3
"""Share of the whole probability that every class gets at least: vosk's certainty is not ours."""


class VoskSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`model`: the name under which `kiosk models install --from` installed it. `lexicon`: word → digit.

    `unknown`: the model's own word for all that is none of these.
    """

    model: str = "vosk-model-small-cn-0.22"
    unknown: str = "[unk]"
    lexicon: dict[str, int] = field(default_factory=lambda: dict(MANDARIN))


class Word(Struct, frozen=True):
    """A word of vosk's answer; times in seconds since the beginning of the sound, `conf` 0…1."""

    word: str
    start: float
    end: float
    conf: float


class Vosk:
    """Driver `vosk`. Raises ModelError when made: a model that is missing, altered or lacks a word."""

    Settings = VoskSettings
    name = "vosk"

    def __init__(self, settings: VoskSettings, context: Context) -> None:
        _check_lexicon(settings.lexicon)
        folder = verified(context.models, settings.model)
        self.version = folder.name
        self._lexicon = settings.lexicon
        self._model = _load(folder)
        words = _known_words(self._model, settings)
        self._recogniser = vosk.KaldiRecognizer(self._model, SAMPLE_RATE, grammar(words))
        self._recogniser.SetWords(True)

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """See `kiosk.ports.Recogniser`. vosk finds the words itself; those before `onset` answer nothing."""
        try:
            return scores(self._words(samples), self._lexicon, onset / SAMPLE_RATE)
        except Exception as error:
            raise EngineError(Code.SPEECH_ENGINE_FAILED, f"vosk: {type(error).__name__}") from error

    def _words(self, samples: Samples) -> list[Word]:
        self._recogniser.Reset()
        said = []
        if self._recogniser.AcceptWaveform(_pcm(samples)):
            said.append(self._recogniser.Result())
        said.append(self._recogniser.FinalResult())
        return [_word(w) for text in said for w in json.loads(text).get("result", [])]


def grammar(words: Iterable[str]) -> str:
    """Each word a phrase of its own: a phrase of several would teach the decoder their order."""
    return json.dumps(list(words), ensure_ascii=False)


def scores(words: Iterable[Word], lexicon: Mapping[str, int], onset_s: float = 0.0) -> tuple[float, ...]:
    """Eleven log posteriors from vosk's words, as far as they lie behind the onset of the voice.

    A word gives its confidence, weighted with its share of the whole spoken time, to its class and the rest
    of its share to "other"; no word at all is wholly "other". Every class keeps `FLOOR`:
    p(c) = FLOOR + (1 − 11·FLOOR) · Σ share(w)·conf(w) over the words of c.
    """
    spoken = [(w, w.end - max(w.start, onset_s)) for w in words if w.end > onset_s]
    whole = sum(length for _, length in spoken)
    mass = np.zeros(CLASSES)
    for word, length in spoken:
        share = length / whole if whole > 0 else 1 / len(spoken)
        conf = min(1.0, max(0.0, word.conf))
        mass[meant(word.word, lexicon)] += share * conf
    mass[OTHER] += 1.0 - mass.sum()
    return tuple(float(p) for p in np.log(FLOOR + (1 - CLASSES * FLOOR) * mass))


def _check_lexicon(lexicon: Mapping[str, int]) -> None:
    wrong = set(lexicon.values()) - set(range(10))
    missing = set(range(10)) - set(lexicon.values())
    if wrong or missing:
        detail = f"lexicon: no word for {sorted(missing)}, no digits {sorted(wrong)}"
        raise ModelError(Code.MODEL_VOCABULARY, detail)


def _load(folder: Path) -> Any:
    vosk.SetLogLevel(-1)
    try:
        return vosk.Model(str(folder))
    except Exception:
        raise ModelError(Code.MODEL_UNUSABLE, f"{folder.name}: vosk cannot load it") from None


def _known_words(model: Any, settings: VoskSettings) -> list[str]:
    """The words of the grammar that the model knows: vosk drops others with only a line in its log."""
    words = [*settings.lexicon, settings.unknown]
    known = [w for w in words if model.vosk_model_find_word(w) >= 0]
    missing = [w for w in words if w not in known and SOUNDS_LIKE.get(w) not in known]
    if missing:
        raise ModelError(Code.MODEL_VOCABULARY, f"the model does not know {' '.join(missing)}")
    return known


def _pcm(samples: Samples) -> bytes:
    """16-bit samples with silence behind them; no numbers become silence."""
    whole = np.concatenate([np.nan_to_num(samples), np.zeros(round(TAIL_S * SAMPLE_RATE), np.float32)])
    pcm: NDArray[np.int16] = (np.clip(whole, -1.0, 1.0) * 32767).astype("<i2")
    return pcm.tobytes()


def _word(raw: Mapping[str, Any]) -> Word:
    return Word(str(raw["word"]), float(raw["start"]), float(raw["end"]), float(raw.get("conf", 0.0)))

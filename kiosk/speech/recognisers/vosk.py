"""Recognise digits with vosk (Kaldi): any vosk model, restricted by a grammar of single digit words.

The package `vosk` is imported when the driver is made: it brings requests along, which programs that use
another recogniser do without.

A confidence of vosk says how sure the decoder is *among the words of its grammar*: speech outside of it
often gets nearly 1, and the unknown word rarely fires. So these scores are no gate against strange words;
the protection is that each expected digit has to win in its own window.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError
from kiosk.model import SAMPLE_RATE
from kiosk.models.folders import verified
from kiosk.ports import Context, Samples
from kiosk.speech.digits import CLASSES, MANDARIN, OTHER, class_of

SOUNDS_LIKE: Mapping[str, str] = {"〇": "零", "两": "二"}
"""Words that may be missing from a model if the other one is there: 〇 is 零 in another writing, and 两 is
no word for reading single digits aloud."""
TAIL_S = 0.3
"""Silence behind the sound: Kaldi's network looks ahead, the last word would be cut off."""
FLOOR = 1e-3
"""Least share of the whole probability that every class gets: vosk's certainty is not taken at face value."""


class VoskSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`model`: the name under which `kiosk models install --from` installed it. `lexicon`: word → digit.

    `unknown`: the model's own word for all that is none of these.
    """

    model: str = "vosk-model-small-cn-0.22"
    unknown: str = "[unk]"
    lexicon: dict[str, int] = field(default_factory=lambda: dict(MANDARIN))


class VoskWord(Struct, frozen=True, kw_only=True):
    """A word of vosk's result; times in seconds since the beginning of the sound, `conf` 0…1."""

    word: str
    start: float
    end: float
    conf: float


class Vosk:
    """Driver `vosk`. The constructor raises ModelError: a model that is missing, altered or lacks a word."""

    Settings = VoskSettings
    name = "vosk"

    def __init__(self, settings: VoskSettings, context: Context) -> None:
        try:
            import vosk
        except (ImportError, OSError) as error:
            detail = f"the package vosk cannot be loaded: {type(error).__name__}"
            raise ModelError(Code.MODEL_UNUSABLE, detail) from None
        _check_lexicon(settings.lexicon)
        folder = verified(context.models, settings.model)
        self.version = folder.name
        self._lexicon = settings.lexicon
        self._model = _load(folder)
        words = _known_words(self._model, settings)
        self._recogniser = vosk.KaldiRecognizer(self._model, SAMPLE_RATE, grammar(words))
        self._recogniser.SetWords(True)

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """Return log posteriors, see `kiosk.ports.Recogniser`. Words that end before `onset` do not count."""
        try:
            return scores(self._words(samples), self._lexicon, onset / SAMPLE_RATE)
        except Exception as error:
            raise EngineError(Code.SPEECH_ENGINE_FAILED, f"vosk: {type(error).__name__}") from error

    def _words(self, samples: Samples) -> list[VoskWord]:
        self._recogniser.Reset()
        results = []
        if self._recogniser.AcceptWaveform(_pcm(samples)):
            results.append(self._recogniser.Result())
        results.append(self._recogniser.FinalResult())
        return [_word(raw) for text in results for raw in json.loads(text).get("result", [])]


def grammar(words: Iterable[str]) -> str:
    """Return vosk's grammar with each word as a phrase of its own.

    A phrase of several words would teach the decoder their order.
    """
    return json.dumps(list(words), ensure_ascii=False)


def scores(words: Iterable[VoskWord], lexicon: Mapping[str, int], onset_s: float = 0.0) -> tuple[float, ...]:
    """Return eleven log posteriors from vosk's words, as far as they lie behind the onset of the voice.

    A word adds its confidence, weighted with its share of the whole spoken time, to its class and the
    remainder of its share to "other"; no word at all is wholly "other". Every class keeps `FLOOR`:
    p(c) = FLOOR + (1 − 11·FLOOR) · Σ share(w)·conf(w) over the words of c.
    """
    spoken = [(w, w.end - max(w.start, onset_s)) for w in words if w.end > onset_s]
    whole = sum(length for _, length in spoken)
    mass = np.zeros(CLASSES)
    for word, length in spoken:
        share = length / whole if whole > 0 else 1 / len(spoken)
        conf = min(1.0, max(0.0, word.conf))
        mass[class_of(word.word, lexicon)] += share * conf
    mass[OTHER] += 1.0 - mass.sum()
    return tuple(float(p) for p in np.log(FLOOR + (1 - CLASSES * FLOOR) * mass))


def _check_lexicon(lexicon: Mapping[str, int]) -> None:
    wrong = set(lexicon.values()) - set(range(10))
    missing = set(range(10)) - set(lexicon.values())
    if wrong or missing:
        detail = f"lexicon: no word for {sorted(missing)}, no digits {sorted(wrong)}"
        raise ModelError(Code.MODEL_VOCABULARY, detail)


def _load(folder: Path) -> Any:
    import vosk

    vosk.SetLogLevel(-1)
    try:
        return vosk.Model(str(folder))
    except Exception:
        raise ModelError(Code.MODEL_UNUSABLE, f"{folder.name}: vosk cannot load it") from None


def _known_words(model: Any, settings: VoskSettings) -> list[str]:
    """Return the words of the grammar that the model knows: vosk drops others with only a line in its log.

    Raises ModelError(MODEL_VOCABULARY) if one that is needed is missing.
    """
    words = [*settings.lexicon, settings.unknown]
    known = [w for w in words if model.vosk_model_find_word(w) >= 0]
    missing = [w for w in words if w not in known and SOUNDS_LIKE.get(w) not in known]
    if missing:
        raise ModelError(Code.MODEL_VOCABULARY, f"the model does not know {' '.join(missing)}")
    return known


def _pcm(samples: Samples) -> bytes:
    """Return 16-bit samples with silence behind them; NaN and infinity become silence or full scale."""
    whole = np.concatenate([np.nan_to_num(samples), np.zeros(round(TAIL_S * SAMPLE_RATE), np.float32)])
    pcm: NDArray[np.int16] = (np.clip(whole, -1.0, 1.0) * 32767).astype("<i2")
    return pcm.tobytes()


def _word(raw: Mapping[str, Any]) -> VoskWord:
    return VoskWord(
        word=str(raw["word"]),
        start=float(raw["start"]),
        end=float(raw["end"]),
        conf=float(raw.get("conf", 0.0)),
    )

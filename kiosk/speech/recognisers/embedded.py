"""The recogniser that comes with the terminal: one ONNX file, 1.28 s of sound in, eleven log posteriors out.

The window is cut around the onset of the voice, as the network was trained: the onset lies `LEAD_S` after
the window's beginning. The voice is heard twice, a little slower and a little faster, and the two answers are
averaged: speakers whom the network never heard are understood more often so. What the weights are and how
they were measured: `resources/models/digits-encoder.md`.
"""

from typing import Any

import numpy as np
import onnxruntime
from msgspec import Struct
from numpy.typing import NDArray

from kiosk import models
from kiosk.codes import Code
from kiosk.errors import EngineError, ModelError
from kiosk.model import SAMPLE_RATE
from kiosk.models.manifest import read
from kiosk.ports import Context, Samples
from kiosk.speech.digits import CLASSES

WINDOW = 20_480
"""Samples of the network's window: 1.28 s."""
LEAD_S = 0.25
"""Sound before the onset in the window."""
SPEEDS = (0.93, 1.08)
"""How fast the voice is played to the network, pitch and all; chosen on speakers left out of training."""


class EmbeddedSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`model`: name of the weights in the manifest. `threads`: of the network's own pool."""

    model: str = "digits-encoder"
    threads: int = 1


class Embedded:
    """Driver `embedded`. Raises ModelError when made: missing, altered or not working weights."""

    Settings = EmbeddedSettings
    name = "embedded"

    def __init__(self, settings: EmbeddedSettings, context: Context) -> None:
        manifest = context.resources / "models" / "manifest.toml"
        weights = models.load(context.models, settings.model, manifest)
        self.version = next(entry.version for entry in read(manifest) if entry.name == settings.model)
        self._session = _session(weights, settings.threads)
        self._test()

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """See `kiosk.ports.Recogniser`."""
        try:
            (scores,) = self._session.run(["log_probs"], {"audio": windows(samples, onset)})
        except Exception as error:
            raise EngineError(Code.SPEECH_ENGINE_FAILED, f"onnxruntime: {type(error).__name__}") from error
        if not np.isfinite(scores).all():
            raise EngineError(Code.SPEECH_ENGINE_FAILED, "scores are no numbers")
        return tuple(float(s) for s in pooled(scores))

    def _test(self) -> None:
        """Weights that load may still be wrong: unlike sounds must give unlike, normalised answers."""
        try:
            answers = np.array([self.score(sound, 0) for sound in _unlike_sounds()])
        except EngineError as error:
            raise ModelError(Code.MODEL_UNUSABLE, f"self-test: {error.detail}") from error
        if answers.shape != (3, CLASSES) or not np.isfinite(answers).all():
            raise ModelError(Code.MODEL_UNUSABLE, "self-test: not 11 finite numbers")
        if not np.allclose(np.exp(answers).sum(axis=1), 1.0, atol=1e-2):
            raise ModelError(Code.MODEL_UNUSABLE, "self-test: the posteriors do not add up to 1")
        if np.ptp(answers, axis=0).max() < 1e-3:
            raise ModelError(Code.MODEL_UNUSABLE, "self-test: the same answer to every sound")


def windows(samples: Samples, onset: int) -> Samples:
    """(n,) → (2, 20480): the window at each of `SPEEDS`."""
    return np.stack([window(played(samples, speed), round(onset / speed)) for speed in SPEEDS])


def pooled(log_posteriors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k, 11) → (11,): the normalised geometric mean of the k answers, as log posteriors."""
    mean = log_posteriors.mean(axis=0)
    return np.asarray(mean - np.logaddexp.reduce(mean), np.float32)


def played(samples: Samples, speed: float) -> Samples:
    """(n,) → (about n / speed,): as a tape that runs faster or slower sounds, linear between the samples."""
    at = np.arange(0.0, len(samples) - 1, speed)
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32) if len(at) else samples


def window(samples: Samples, onset: int) -> Samples:
    """(n,) → (20480,): the voice's onset `LEAD_S` after the beginning, silence where there is no sound."""
    cut = np.zeros(WINDOW, np.float32)
    begin = onset - round(LEAD_S * SAMPLE_RATE)
    piece = samples[max(0, begin) : max(0, begin + WINDOW)]
    at = max(0, -begin)
    cut[at : at + len(piece)] = piece[: WINDOW - at]
    return np.clip(np.nan_to_num(cut), -1.0, 1.0)


def _session(weights: bytes, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(Code.MODEL_UNUSABLE, f"onnxruntime: {type(error).__name__}") from error


def _unlike_sounds() -> list[Samples]:
    """Silence, a low harmonic tone, hiss."""
    t = np.arange(WINDOW) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 8)) * 0.1
    hiss = np.random.default_rng(1).standard_normal(WINDOW) * 0.05
    return [np.zeros(WINDOW, np.float32), np.asarray(tone, np.float32), hiss.astype(np.float32)]

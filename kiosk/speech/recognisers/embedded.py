"""Recognise digits with the terminal's own network: ONNX, 1.28 s of sound in, eleven log posteriors out.

The window is cut around the onset of the voice, as the network was trained: the onset lies `LEAD_S` after
the window's beginning. The voice is scored twice, a little slower and a little faster, and the two answers
are averaged: speakers who were not in the training data are understood more often so. What the weights are
and how they were measured: `resources/models/digits-encoder.md`.
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
"""How fast the voice is presented to the network, pitch included; chosen on speakers left out of training."""


class EmbeddedSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`model`: name of the weights in the manifest. `threads`: of the network's own pool."""

    model: str = "digits-encoder"
    threads: int = 1


class Embedded:
    """Driver `embedded`. The constructor raises ModelError: missing, altered or not working weights."""

    Settings = EmbeddedSettings
    name = "embedded"

    def __init__(self, settings: EmbeddedSettings, context: Context) -> None:
        manifest = context.resources / "models" / "manifest.toml"
        weights = models.load(context.models, settings.model, manifest)
        self.version = next(entry.version for entry in read(manifest) if entry.name == settings.model)
        self._session = _session(weights, settings.threads)
        self._self_test()

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """Return log posteriors, see `kiosk.ports.Recogniser`. Raises EngineError."""
        try:
            (scores,) = self._session.run(["log_probs"], {"audio": windows(samples, onset)})
        except Exception as error:
            raise EngineError(Code.SPEECH_ENGINE_FAILED, f"onnxruntime: {type(error).__name__}") from error
        if not np.isfinite(scores).all():
            raise EngineError(Code.SPEECH_ENGINE_FAILED, "scores are no numbers")
        return tuple(float(s) for s in pooled(scores))

    def _self_test(self) -> None:
        """Raise ModelError unless unlike sounds give unlike, normalised answers.

        Weights that load may still be wrong.
        """
        try:
            answers = np.array([self.score(sound, 0) for sound in _test_sounds()])
        except EngineError as error:
            raise ModelError(Code.MODEL_UNUSABLE, f"self-test: {error.detail}") from error
        if answers.shape != (3, CLASSES) or not np.isfinite(answers).all():
            raise ModelError(Code.MODEL_UNUSABLE, "self-test: not 11 finite numbers")
        if not np.allclose(np.exp(answers).sum(axis=1), 1.0, atol=1e-2):
            raise ModelError(Code.MODEL_UNUSABLE, "self-test: the posteriors do not add up to 1")
        if np.ptp(answers, axis=0).max() < 1e-3:
            raise ModelError(Code.MODEL_UNUSABLE, "self-test: the same answer to every sound")


def windows(samples: Samples, onset: int) -> Samples:
    """Return the network's window at each of `SPEEDS`: (n,) → (2, 20480)."""
    return np.stack([window(change_speed(samples, speed), round(onset / speed)) for speed in SPEEDS])


def pooled(log_posteriors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the normalised geometric mean of k answers as log posteriors: (k, 11) → (11,)."""
    mean = log_posteriors.mean(axis=0)
    return np.asarray(mean - np.logaddexp.reduce(mean), np.float32)


def change_speed(samples: Samples, speed: float) -> Samples:
    """Change speed and pitch together, linear between the samples: (n,) → (about n / speed,)."""
    at = np.arange(0.0, len(samples) - 1, speed)
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32) if len(at) else samples


def window(samples: Samples, onset: int) -> Samples:
    """Cut the network's window, the voice's onset `LEAD_S` after its beginning: (n,) → (20480,).

    Where there is no sound it is filled with silence.
    """
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
    options.enable_cpu_mem_arena = False  # it would keep the memory that loading needed: 6 MB
    try:
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(Code.MODEL_UNUSABLE, f"onnxruntime: {type(error).__name__}") from error


def _test_sounds() -> list[Samples]:
    """Return silence, a low harmonic tone and hiss."""
    t = np.arange(WINDOW) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 8)) * 0.1
    hiss = np.random.default_rng(1).standard_normal(WINDOW) * 0.05
    return [np.zeros(WINDOW, np.float32), np.asarray(tone, np.float32), hiss.astype(np.float32)]

"""Kokoro-82M as a function from phonemes and a style to samples, with the length of every phoneme.

A style is 256 numbers: the first half colours the voice, the second half leads length and melody. So a
Mandarin melody can be given another voice's colour, which is how a few voices become many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from training import parts

RATE = 24_000
FRAME = 600  # samples per duration step
_DURATIONS = "/encoder/Clip_output_0"  # whole frames per token, inside the published graph
_HALF = 128

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class SynthesisedSpeech:
    """Synthetic speech: float32 samples at `RATE`, and where each phoneme begins (samples)."""

    samples: Samples
    starts: NDArray[np.int64]


@cache
def style_table(voice: str, cache_folder: Path = parts.CACHE) -> Samples:
    """Return one voice's styles, [510, 256]: a row per phoneme count."""
    path = parts.kokoro_voices(cache_folder) / f"{voice}.bin"
    return np.fromfile(path, dtype=np.float32).reshape(-1, 2 * _HALF)


def blend(
    voices: list[tuple[str, float]], row: int, colours: list[tuple[str, float]] | None = None
) -> Samples:
    """Mix rows of several voices by weight; `colours`, likewise, replace the half that holds the timbre."""
    style = _mixed(voices, row)
    if colours is not None:
        style[:_HALF] = _mixed(colours, row)[:_HALF]
    return style


def _mixed(voices: list[tuple[str, float]], row: int) -> Samples:
    style = sum(weight * style_table(voice)[row] for voice, weight in voices)
    return np.asarray(style, dtype=np.float32) / np.float32(sum(weight for _, weight in voices))


class Kokoro:
    """The loaded synthesiser (about 0.6 s of two threads per second of speech)."""

    def __init__(self, threads: int = 2) -> None:
        self._vocabulary = parts.kokoro_vocabulary()
        model = onnx.load_from_string(parts.kokoro_model())
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(_DURATIONS, onnx.TensorProto.FLOAT, None)
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def known(self, phonemes: str) -> str:
        """Drop the characters the model has no token for."""
        return "".join(c for c in phonemes if c in self._vocabulary)

    def speak(self, phonemes: str, style: Samples, speed: float = 1.0) -> SynthesisedSpeech:
        """Synthesise phonemes (every character known) with one [256] style."""
        tokens = [0, *(self._vocabulary[c] for c in phonemes), 0]
        audio, frames = self._session.run(
            None,
            {
                "tokens": np.array([tokens], dtype=np.int64),
                "style": style.reshape(1, -1).astype(np.float32),
                "speed": np.array([speed], dtype=np.float32),
            },
        )
        starts = np.concatenate([[0], np.cumsum(frames.ravel())])[1:].astype(np.int64) * FRAME
        return SynthesisedSpeech(np.asarray(audio, dtype=np.float32).ravel(), starts)

"""The network: log-mel and lower encoder of Whisper base on one 1.28 s window, attentive pooling, a head.

Shapes: audio [N, 20480] float32 (16 kHz) -> log_probs [N, 11] (natural logarithm, digits 0-9 then `other`).
Unlike Whisper, the loudest mel cell of every window is moved to one fixed level, so gain does not matter.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.digits.words import CLASSES

RATE = 16_000
WINDOW = 20_480
_FFT, _HOP, _MELS = 400, 160, 80
_WIDTH, _HEADS = 512, 8
_POSITIONS = WINDOW // _HOP // 2
_LOUDEST = 1.4  # log10 power given to the loudest mel cell: ordinary speech, as Whisper saw it
_CTRANSLATE2_TYPES = {0: np.float32, 4: np.float16}


def mel_filters() -> Tensor:
    """Return the Slaney-scale filter bank Whisper uses, [80, 201]."""
    hz = np.linspace(0, RATE / 2, _FFT // 2 + 1)
    edges = _slaney_hz(np.linspace(_slaney_mel(0.0), _slaney_mel(RATE / 2), _MELS + 2))
    slopes = edges[:, None] - hz[None]
    widths = np.diff(edges)
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return torch.tensor(filters, dtype=torch.float32)


def _slaney_mel(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + np.log(hz / 1000) * 27 / np.log(6.4)


def _slaney_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def fourier_kernels() -> Tensor:
    """Return Hann-windowed cosines and sines as a convolution, [402, 1, 400]."""
    n = np.arange(_FFT)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / _FFT)
    angle = 2 * np.pi * np.arange(_FFT // 2 + 1)[:, None] * n[None] / _FFT
    both = np.concatenate([np.cos(angle), np.sin(angle)]) * window
    return torch.tensor(both[:, None], dtype=torch.float32)


class LogMel(nn.Module):
    """Audio [N, 20480] to Whisper's log-mel [N, 80, 128], levelled to the window's loudest cell."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", fourier_kernels())
        self.register_buffer("filters", mel_filters())

    def forward(self, audio: Tensor) -> Tensor:
        padded = functional.pad(audio[:, None], (_FFT // 2, _FFT // 2), mode="reflect")
        waves = functional.conv1d(padded, self.kernels, stride=_HOP)[:, :, :-1]
        real, imaginary = waves[:, : _FFT // 2 + 1], waves[:, _FFT // 2 + 1 :]
        power = torch.matmul(self.filters, real * real + imaginary * imaginary)
        decades = torch.log10(torch.clamp(power, min=1e-10))
        loudest = torch.amax(decades, dim=(1, 2), keepdim=True)
        return (torch.clamp(decades - loudest, min=-8.0) + _LOUDEST + 4.0) / 4.0


def masked(mel: Tensor) -> Tensor:
    """Hide a band of up to 12 mels from half of the windows and up to 0.12 s from half (SpecAugment)."""
    hidden = mel.clone()
    for one in hidden:
        if torch.rand(()) < 0.5:
            first, width = int(torch.randint(_MELS, ())), int(torch.randint(1, 13, ()))
            one[first : first + width] = one.mean()
        if torch.rand(()) < 0.5:
            first, width = int(torch.randint(one.shape[1], ())), int(torch.randint(1, 13, ()))
            one[:, first : first + width] = one.mean()
    return hidden


class Convolution(nn.Linear):
    """Three taps over time, [N, T, in] -> [N, T / step, out], as one matrix: it becomes int8 like others."""

    def __init__(self, wide: int, out: int, step: int) -> None:
        super().__init__(3 * wide, out)
        self._step = step

    def forward(self, x: Tensor) -> Tensor:
        count = x.shape[1]
        padded = functional.pad(x, (0, 0, 1, 1))
        taps = [padded[:, tap : tap + count : self._step] for tap in range(3)]
        return super().forward(torch.cat(taps, dim=2))


class Layer(nn.Module):
    """One pre-norm transformer layer, as in Whisper."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(_WIDTH)
        self.qkv = nn.Linear(_WIDTH, 3 * _WIDTH)
        self.joined = nn.Linear(_WIDTH, _WIDTH)
        self.feed_norm = nn.LayerNorm(_WIDTH)
        self.widen = nn.Linear(_WIDTH, 4 * _WIDTH)
        self.narrow = nn.Linear(4 * _WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.joined(self._attend(self.attention_norm(x)))
        return x + self.narrow(functional.gelu(self.widen(self.feed_norm(x))))

    def _attend(self, x: Tensor) -> Tensor:
        heads = self.qkv(x).reshape(-1, _POSITIONS, 3, _HEADS, _WIDTH // _HEADS).permute(2, 0, 3, 1, 4)
        scores = torch.matmul(heads[0], heads[1].transpose(2, 3)) * (_WIDTH // _HEADS) ** -0.5
        mixed = torch.matmul(torch.softmax(scores, dim=-1), heads[2])
        return mixed.transpose(1, 2).reshape(-1, _POSITIONS, _WIDTH)


class Pooling(nn.Module):
    """Attentive mean and spread over time: [N, 64, 512] -> [N, 1024]."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(_WIDTH, 64), nn.Tanh(), nn.Linear(64, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.softmax(self.score(x), dim=1)
        mean = (weight * x).sum(dim=1)
        spread = (weight * x * x).sum(dim=1) - mean * mean
        return torch.cat([mean, torch.sqrt(torch.clamp(spread, min=1e-4))], dim=1)


class DigitNet(nn.Module):
    """The recogniser: the lowest `layers` of Whisper's six; those below `tuned_from` keep their weights."""

    def __init__(self, tuned_from: int = 0, layers: int = 3) -> None:
        super().__init__()
        self.tuned_from = tuned_from
        self.mel = LogMel()
        self.conv1 = Convolution(_MELS, _WIDTH, 1)
        self.conv2 = Convolution(_WIDTH, _WIDTH, 2)
        self.register_buffer("positions", torch.zeros(_POSITIONS, _WIDTH))
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.norm = nn.LayerNorm(_WIDTH)
        self.pool = Pooling()
        self.head = nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(2 * _WIDTH, 256),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(256, len(CLASSES)),
        )

    def tuned(self) -> list[nn.Parameter]:
        """Return the encoder parameters that training may change."""
        modules = [*self.layers[self.tuned_from :], self.norm]
        return [p for module in modules for p in module.parameters()]

    def fresh(self) -> list[nn.Parameter]:
        """Return the parameters that start from nothing."""
        return [*self.pool.parameters(), *self.head.parameters()]

    def lower(self, audio: Tensor) -> Tensor:
        """Run what training leaves alone."""
        x = self.mel(audio)
        if self.training:
            x = masked(x)
        x = functional.gelu(self.conv1(x.transpose(1, 2)))
        x = functional.gelu(self.conv2(x)) + self.positions
        for layer in self.layers[: self.tuned_from]:
            x = layer(x)
        return x

    def upper(self, x: Tensor) -> Tensor:
        """Run what training changes, to log posteriors."""
        for layer in self.layers[self.tuned_from :]:
            x = layer(x)
        return functional.log_softmax(self.head(self.pool(self.norm(x))), dim=1)

    def forward(self, audio: Tensor) -> Tensor:
        return self.upper(self.lower(audio))


def _text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<H", file.read(2))
    return file.read(length)[:-1].decode()


def read_ctranslate2(model: bytes) -> dict[str, np.ndarray]:
    """Read the tensors of a CTranslate2 model file (binary version 6)."""
    tensors = {}
    with BytesIO(model) as file:
        file.read(4)
        _text(file)
        _, count = struct.unpack("<II", file.read(8))
        for _ in range(count):
            name = _text(file)
            (rank,) = struct.unpack("<B", file.read(1))
            shape = struct.unpack(f"<{rank}I", file.read(4 * rank))
            kind, size = struct.unpack("<BI", file.read(5))
            data = file.read(size)
            if kind in _CTRANSLATE2_TYPES:
                tensors[name] = (
                    np.frombuffer(data, _CTRANSLATE2_TYPES[kind]).reshape(shape).astype(np.float32)
                )
    return tensors


def _layer_names(n: int) -> dict[str, str]:
    theirs, ours = f"encoder/layer_{n}", f"layers.{n}"
    return {
        f"{ours}.attention_norm": f"{theirs}/self_attention/layer_norm",
        f"{ours}.qkv": f"{theirs}/self_attention/linear_0",
        f"{ours}.joined": f"{theirs}/self_attention/linear_1",
        f"{ours}.feed_norm": f"{theirs}/ffn/layer_norm",
        f"{ours}.widen": f"{theirs}/ffn/linear_0",
        f"{ours}.narrow": f"{theirs}/ffn/linear_1",
    }


def load_whisper(net: DigitNet, model: bytes) -> None:
    """Copy the published encoder into the network; positions are cropped to the window."""
    theirs = read_ctranslate2(model)
    for name in ("encoder/conv1", "encoder/conv2"):
        weight = theirs[f"{name}/weight"]  # [out, in, 3]
        theirs[f"{name}/weight"] = weight.transpose(0, 2, 1).reshape(len(weight), -1)
    names = {"conv1": "encoder/conv1", "conv2": "encoder/conv2", "norm": "encoder/layer_norm"}
    for n in range(len(net.layers)):
        names |= _layer_names(n)
    state = {"positions": theirs["encoder/position_encodings/encodings"][:_POSITIONS]}
    for ours, there in names.items():
        scale = "gamma" if f"{there}/gamma" in theirs else "weight"
        shift = "beta" if scale == "gamma" else "bias"
        state |= {f"{ours}.weight": theirs[f"{there}/{scale}"], f"{ours}.bias": theirs[f"{there}/{shift}"]}
    missing = net.load_state_dict({k: torch.tensor(v) for k, v in state.items()}, strict=False)
    if missing.unexpected_keys:
        raise ValueError(f"tensors without a place: {missing.unexpected_keys}")

"""A small shop's noises, rooms and microphones, all synthetic. Samples are float32 at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

from training.digits.corpus import RATE, Clip

Samples = NDArray[np.float32]
Rng = np.random.Generator


def levelled(samples: NDArray[np.floating]) -> Samples:
    """Scale to RMS 1."""
    return (samples / (np.sqrt((samples**2).mean()) + 1e-12)).astype(np.float32)


def babble(clips: list[Clip], seconds: float, rng: Rng) -> Samples:
    """Overlay three to eight people who say unrelated things."""
    length = int(seconds * RATE)
    total = np.zeros(length, np.float32)
    for _ in range(int(rng.integers(3, 9))):
        gain, at = rng.uniform(0.3, 1.0), int(rng.integers(0, RATE))
        while at < length:
            clip = clips[int(rng.integers(len(clips)))].samples
            part = clip[: length - at]
            total[at : at + len(part)] += gain * part
            at += len(clip) + int(rng.exponential(0.15) * RATE)
    return levelled(total)


def coloured(seconds: float, rng: Rng) -> Samples:
    """Noise whose power falls as f^-(0..2), breathing slowly."""
    length = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20) ** rng.uniform(0, 1)
    slow = np.interp(np.arange(length), np.arange(0, length + RATE, RATE // 2)[: length // (RATE // 2) + 2],
                     rng.uniform(0.3, 1.0, length // (RATE // 2) + 2))  # fmt: skip
    return levelled(np.fft.irfft(spectrum, length) * slow)


def hum(seconds: float, rng: Rng) -> Samples:
    """Mains and fridge: harmonics of 50 Hz over a little noise."""
    t = np.arange(int(seconds * RATE)) / RATE
    base = rng.uniform(49.5, 50.5) * rng.integers(1, 3)
    waves = sum(
        rng.uniform(0, 1) / k * np.sin(2 * np.pi * k * base * t + rng.uniform(0, 6)) for k in range(1, 14)
    )
    return levelled(waves + 0.05 * rng.standard_normal(len(t)))


def machine(seconds: float, rng: Rng) -> Samples:
    """A coffee machine: noise through resonances, switching on and off, with a motor's tone."""
    length = int(seconds * RATE)
    total = np.zeros(length)
    for _ in range(int(rng.integers(2, 5))):
        angle, radius = 2 * np.pi * rng.uniform(150, 5000) / RATE, rng.uniform(0.9, 0.995)
        total += levelled(
            lfilter([1.0], [1, -2 * radius * np.cos(angle), radius**2], rng.standard_normal(length))
        )
    t = np.arange(length) / RATE
    total += rng.uniform(0, 1) * np.sign(np.sin(2 * np.pi * rng.uniform(60, 240) * t))
    steps = np.repeat(rng.uniform(0.1, 1.0, length // 8000 + 1), 8000)[:length]
    return levelled(total * np.convolve(steps, np.ones(800) / 800, "same"))


def music(seconds: float, rng: Rng) -> Samples:
    """A radio: chords of decaying harmonic notes, sometimes with a beat."""
    length, total, at = int(seconds * RATE), np.zeros(int(seconds * RATE)), 0
    while at < length:
        note_length = int(rng.choice([0.125, 0.25, 0.5]) * rng.uniform(0.8, 1.2) * RATE)
        t = np.arange(note_length) / RATE
        for semitone in rng.choice([0, 3, 4, 5, 7, 9, 12, 16, 19], 3):
            pitch = 130.8 * 2 ** ((semitone + rng.integers(0, 12)) / 12)
            wave = sum(
                np.sin(2 * np.pi * k * pitch * t) / k ** rng.uniform(0.8, 2)
                for k in range(1, 8)
                if k * pitch < 7000
            )
            total[at : at + note_length] += (wave * np.exp(-t * rng.uniform(1, 8)))[: max(0, length - at)]
        at += note_length
    return levelled(total)


def clatter(seconds: float, rng: Rng) -> Samples:
    """Coins, cups, keys, beeps of the till: short resonant knocks at random times."""
    length = int(seconds * RATE)
    total = 0.01 * rng.standard_normal(length)
    for at in rng.integers(0, length, int(seconds * rng.uniform(1, 5))):
        t = np.arange(min(int(rng.uniform(0.02, 0.3) * RATE), length - at)) / RATE
        for pitch in rng.uniform(300, 7000, int(rng.integers(1, 5))):
            total[at : at + len(t)] += (
                rng.uniform(0.1, 1) * np.sin(2 * np.pi * pitch * t) * np.exp(-t * rng.uniform(10, 120))
            )
    return levelled(total)


def noises(clips: list[Clip], rng: Rng, seconds: float = 12.0, each: int = 8) -> dict[str, list[Samples]]:
    """Make several tracks of every kind."""
    makers: dict[str, Callable[[], Samples]] = {
        "babble": lambda: babble(clips, seconds, rng),
        "coloured": lambda: coloured(seconds, rng),
        "hum": lambda: hum(seconds, rng),
        "machine": lambda: machine(seconds, rng),
        "music": lambda: music(seconds, rng),
        "clatter": lambda: clatter(seconds, rng),
    }
    return {
        name: [make() for _ in range(each * (3 if name == "babble" else 1))] for name, make in makers.items()
    }


def room(rng: Rng) -> Samples:
    """Return one impulse response: a direct path, a few early echoes, a diffuse tail (T60 0.1-0.5 s)."""
    decay = rng.uniform(0.1, 0.5)
    t = np.arange(int(min(decay, 0.35) * RATE)) / RATE
    response = rng.standard_normal(len(t)) * np.exp(-6.9 * t / decay) * rng.uniform(0.02, 0.12)
    response[: int(0.003 * RATE)] = 0
    for at in rng.integers(int(0.002 * RATE), int(0.03 * RATE), 4):
        response[at] += rng.uniform(-0.5, 0.5)
    response[0] = 1.0
    return response.astype(np.float32)


def in_room(samples: Samples, response: Samples) -> Samples:
    """Let a window sound in a room; length is kept."""
    return fftconvolve(samples, response)[: len(samples)].astype(np.float32)


def microphone(samples: Samples, rng: Rng) -> Samples:
    """Colour a window: band limits (telephone to full), tilt, and a few soft peaks."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    low = rng.choice([20, 80, 150, 250, 350], p=[0.2, 0.3, 0.25, 0.15, 0.1]) * rng.uniform(0.8, 1.2)
    high = rng.choice([7900, 7000, 5500, 4000, 3400], p=[0.35, 0.2, 0.15, 0.2, 0.1]) * rng.uniform(0.9, 1.0)
    gain = 1 / np.sqrt(1 + (low / np.maximum(hz, 1)) ** 6) / np.sqrt(1 + (hz / high) ** 12)
    decibels = rng.uniform(-4, 4) * np.log2(np.maximum(hz, 60) / 1000)
    for _ in range(3):
        centre, width = np.exp(rng.uniform(np.log(150), np.log(6000))), rng.uniform(0.3, 1.0)
        decibels += rng.uniform(-6, 6) * np.exp(-((np.log2(np.maximum(hz, 20) / centre) / width) ** 2))
    return np.fft.irfft(spectrum * gain * 10 ** (np.clip(decibels, -18, 18) / 20), len(samples)).astype(
        np.float32
    )

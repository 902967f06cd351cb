"""Camera and microphone for Chromium: a made-up picture as Y4M, which keeps its rate, and a tone as WAV."""

import wave
from pathlib import Path

import numpy as np

CHROMIUM = Path("/usr/bin/chromium")


def write_camera(path: Path, *, luma: int = 140, frames: int = 60, fps: int = 20) -> Path:
    """Write a bright oval that moves a little on a darker ground, 320×240."""
    height, width = 240, 320
    y, x = np.mgrid[:height, :width]
    chroma = np.full((height // 2, width // 2), 128, np.uint8).tobytes()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for n in range(frames):
            middle = 160 + 8 * np.sin(2 * np.pi * n / frames)
            oval = ((x - middle) / 70) ** 2 + ((y - 120) / 95) ** 2 < 1
            picture = np.where(oval, luma, luma // 2).astype(np.uint8)
            file.write(b"FRAME\n" + picture.tobytes() + chroma + chroma)
    return path


def write_microphone(path: Path, *, level: float = 0.3, seconds: float = 4.0) -> Path:
    """Write bursts of a tone, 16 kHz mono."""
    t = np.arange(int(16000 * seconds)) / 16000
    tone = level * np.sin(2 * np.pi * 220 * t) * (np.sin(2 * np.pi * 2 * t) > 0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((tone * 32767).astype("<i2").tobytes())
    return path

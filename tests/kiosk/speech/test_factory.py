"""kiosk.speech without a terminal: no Qt, no network, no database, no settings file."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import kiosk.speech
from kiosk.errors import SettingsError
from kiosk.paths import RESOURCES
from kiosk.speech.factory import make_recogniser
from tests.support.onnx_stub import lively, network
from tests.support.recognisers import stub_context

FOREIGN = (
    "PySide6",
    "cv2",
    "requests",
    "sqlite3",
    "sounddevice",
    "vosk",
    "kiosk.bootstrap",
    "kiosk.activation",
)
CODE = """
import importlib, json, sys
from pathlib import Path
opened = []
sys.addaudithook(lambda name, given: opened.append(str(given[0])) if name == "open" else None)
for module in {modules!r}:
    importlib.import_module(module)
import numpy
from kiosk.speech.factory import make_recogniser
folder = Path({folder!r})
recogniser = make_recogniser(models=folder, resources=folder)
scores = recogniser.score(numpy.zeros(16_000, numpy.float32), 4_000)
loaded = [name for name in {foreign!r} if name in sys.modules]
settings = [name for name in opened if "settings" in Path(name).parts]
print(json.dumps([len(scores), loaded, settings]))
"""


def test_recognition_runs_in_a_fresh_interpreter_without_terminal(tmp_path: Path) -> None:
    stub_context(tmp_path, network(lively()))
    modules = [m.name for m in pkgutil.walk_packages(kiosk.speech.__path__, "kiosk.speech.") if not m.ispkg]
    assert "kiosk.speech.recognisers.vosk" in modules
    code = CODE.format(modules=modules, folder=str(tmp_path), foreign=FOREIGN)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=RESOURCES.parent, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [11, [], []]


def test_an_unknown_driver_or_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        make_recogniser("none-such", models=tmp_path)
    with pytest.raises(SettingsError):
        make_recogniser(options={"modell": "x"}, models=tmp_path)

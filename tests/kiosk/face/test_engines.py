"""The face engines are usable without a terminal: no Qt, no network client, no database, no settings."""

import pkgutil
import subprocess
import sys
from importlib.metadata import entry_points

import msgspec
import numpy as np
import pytest

import kiosk.face
from kiosk.face.engines import DRIVERS, load_engines
from tests.support.faces import MODELS, needs_models, photo

FOREIGN = ("PySide6", "requests", "sqlite3", "sounddevice")


def modules_after(imports: str) -> set[str]:
    """What a fresh interpreter has loaded after these imports."""
    script = f"import sys, {imports}; print('\\n'.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_no_module_of_the_package_loads_qt_or_network_or_database():
    modules = [module.name for module in pkgutil.iter_modules(kiosk.face.__path__, "kiosk.face.")]
    assert modules
    assert not modules_after(", ".join(modules)).intersection(FOREIGN)


def test_the_engines_load_no_settings_of_a_terminal():
    assert not modules_after("kiosk.face.engines").intersection(("kiosk.settings", *FOREIGN))


@pytest.mark.parametrize("port", DRIVERS)
def test_the_factory_knows_the_drivers_that_the_package_registers(port):
    registered = entry_points(group=f"kiosk.{port}")
    assert {entry.name: entry.value for entry in registered} == {
        name: f"{driver.__module__}:{driver.__name__}" for name, driver in DRIVERS[port].items()
    }


@needs_models
def test_engines_from_a_folder_and_options_find_and_measure_a_face():
    engines = load_engines(MODELS, liveness="none", options={"face_engine": {"longest_px": 240}})
    (face,) = engines.face_engine.detect(photo("hopper"))
    assert np.linalg.norm(engines.face_engine.embed(photo("hopper"), face)) == pytest.approx(1, abs=1e-4)
    assert engines.face_landmarks.measure(photo("hopper"), face).presence > 0.5
    assert engines.liveness.score(photo("hopper"), face) is None


def test_an_unknown_option_is_refused():
    with pytest.raises(msgspec.ValidationError):
        load_engines(MODELS, options={"face_engine": {"min_likeness": 0.1}})


def test_an_unknown_driver_is_refused():
    with pytest.raises(KeyError):
        load_engines(MODELS, face_engine="eigenfaces")

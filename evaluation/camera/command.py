"""`kiosk evaluate camera`: on what do the thresholds for covered and turned cameras rest?

Simulated feeds only: the empty shop and the two people of the demo, in full, little and hardly any light,
and each fault of the simulated camera. Printed are the least and the greatest of every measure that
`kiosk/capture/camera_health.py` and `kiosk/face/orientation.py` compare with a threshold.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from evaluation import options as shared
from kiosk.capture.camera_health import DARK, FLAT, measure_lens
from kiosk.codes import Code
from kiosk.drivers import make_driver
from kiosk.errors import ModelError
from kiosk.face.orientation import AHEAD, SURE, scores
from kiosk.paths import RESOURCES
from kiosk.ports import Context, Image
from kiosk.settings import Settings
from kiosk.simulators.camera import Fault, with_fault
from kiosk.simulators.camera_effects import SimulatedSensor
from kiosk.simulators.head import EmptyShop, SimulatedHead
from kiosk.simulators.shop import PORTRAITS

Scene = Callable[[float], Image]
GAINS = (1.0, 0.3, 0.1, 0.05)
TURNED: tuple[Fault, ...] = ("none", "upside_down", "on_its_side")
COVERED: tuple[Fault, ...] = ("covered", "finger")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk evaluate camera`."""
    parser.add_argument("--settings", type=Path, help="the site's TOML file (default: the defaults alone)")
    parser.add_argument("--frames", type=int, default=12, help="frames of each feed")
    parser.add_argument("--seed", type=int, default=1, help="for the sensor's noise (default: 1)")


def run(options: argparse.Namespace) -> int:
    """Print a line for each feed and return 0. Raises SettingsError, ModelError, EngineError."""
    settings = shared.read_settings(options)
    times = [1.0 + 0.9 * n for n in range(options.frames)]
    people = dict(_people(settings))
    print("simulated feeds; grey levels of a coarse picture, least and greatest\n")
    print(f"covered: structure below {FLAT}, or brightness below {DARK:.0f} and detail below {FLAT}\n")
    print(f"{'feed':<24} {'brightness':>14} {'structure':>14} {'detail':>14}")
    for name, scene in _lens_feeds(people, options.seed):
        seen = [measure_lens(scene(at)) for at in times]
        columns = ([s.brightness for s in seen], [s.structure for s in seen], [s.detail for s in seen])
        print(f"{name:<24} {' '.join(f'{_span(column):>14}' for column in columns)}")
    print(f"\nturned: the best other position at least {SURE} and {AHEAD} above the upright one\n")
    print(f"{'feed':<24} {'upright':>14} {'best other':>14}")
    detect = make_driver(settings, "face_engine", _context(settings)).detect
    for name, scene in people.items():
        if name != "empty shop":
            for fault in TURNED:
                found = [scores(with_fault(scene(at), fault, at), detect) for at in times]
                upright, other = [f[0] for f in found], [max(f[1:]) for f in found]
                print(f"{name + ', ' + fault:<24} {_span(upright, 3):>14} {_span(other, 3):>14}")
    return 0


def _lens_feeds(people: dict[str, Scene], seed: int) -> Iterator[tuple[str, Scene]]:
    sensor = SimulatedSensor((640, 480), seed)
    for name, scene in people.items():
        for gain in GAINS:
            yield f"{name}, light {gain:g}", partial(_dimmed, sensor, scene, gain)
    for fault in COVERED:
        yield fault, partial(_faulty, people["empty shop"], fault)


def _dimmed(sensor: SimulatedSensor, scene: Scene, gain: float, at: float) -> Image:
    return sensor.capture(np.clip(scene(at) * gain, 0, 255).astype(np.uint8), at)


def _faulty(scene: Scene, fault: Fault, at: float) -> Image:
    return with_fault(scene(at), fault, at)


def _people(settings: Settings) -> Iterator[tuple[str, Scene]]:
    models = settings.path(settings.models.folder)
    yield "empty shop", EmptyShop().render
    for seed, (name, file) in enumerate(PORTRAITS.items()):
        photo = cv2.imread(str(models / "people" / file))
        if photo is None:
            raise ModelError(Code.MODEL_MISSING, f"portrait for simulation: {file}")
        yield name, SimulatedHead(np.asarray(photo, np.uint8), seed=seed, models=models).render


def _context(settings: Settings) -> Context:
    models = settings.path(settings.models.folder)
    return Context(resources=RESOURCES, models=models, simulation=True, clock=lambda: 0.0)


def _span(values: list[float], digits: int = 1) -> str:
    return f"{min(values):.{digits}f} – {max(values):.{digits}f}"

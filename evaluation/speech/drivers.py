"""The recognisers that are installed, made as the terminal makes them, and what each costs."""

import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct

from evaluation.options import chosen_driver
from evaluation.speech.results import Cost
from kiosk.errors import KioskError, SettingsError
from kiosk.ports import Recogniser, Samples
from kiosk.settings import DriverChoice, Settings

log = logging.getLogger(__name__)

COST_TIMEOUT_S = 120.0
PORT = "recogniser"
FUSED = "fused"


class CostRequest(Struct, frozen=True):
    """Input of the process that measures the cost.

    `settings`: a settings file, "" for the defaults; `sounds`: an .npz of the onsets and, for each, (n,)
    samples.
    """

    driver: str
    settings: str
    sounds: str


class RecordingRecogniser:
    """Passes sounds on to a recogniser and keeps the first of them: on these its cost is measured."""

    KEPT_SOUNDS = 24

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self.version = recogniser.version
        self.sounds: list[tuple[Samples, int]] = []

    @property
    def name(self) -> str:
        """Name of the recogniser that gave the last answer."""
        return self._recogniser.name

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """See `kiosk.ports.Recogniser`."""
        if len(self.sounds) < self.KEPT_SOUNDS:
            self.sounds.append((samples.copy(), onset))
        return self._recogniser.score(samples, onset)


def installed() -> list[str]:
    """Return the names of all recogniser drivers."""
    return sorted(point.name for point in entry_points(group=f"kiosk.{PORT}"))


def choice(name: str, settings: Settings) -> DriverChoice:
    """Return the settings' own section if it is about this driver, else the driver's defaults.

    `fused` has the keys of the other two in tables of their own; they are taken from, and lent to, these.
    """
    own = settings.recogniser
    if own.driver == name:
        return own
    if own.driver == FUSED:
        return DriverChoice(name, own.options.get(name, {}))
    return DriverChoice(name, {own.driver: own.options} if name == FUSED else {})


def load_recogniser(name: str, settings: Settings) -> Recogniser:
    """Load one driver. Raises SettingsError, ModelError, ImportError (its library is not installed)."""
    recogniser: Recogniser = chosen_driver(PORT, choice(name, settings), settings)
    return recogniser


def load_all(
    names: Sequence[str], settings: Settings
) -> tuple[dict[str, RecordingRecogniser], dict[str, str]]:
    """Return the drivers that could be loaded, and why the others could not. Raises SettingsError."""
    loaded, missing = {}, {}
    for name in names:
        try:
            loaded[name] = RecordingRecogniser(load_recogniser(name, settings))
        except SettingsError:
            raise
        except (KioskError, ImportError, OSError) as error:  # OSError: a library that does not load
            missing[name] = str(error)
    return loaded, missing


def measure_cost(name: str, recogniser: RecordingRecogniser, settings: Settings) -> Cost | None:
    """Measure CPU and memory on the kept sounds, in a process that does nothing else; None if it fails."""
    if not recogniser.sounds:
        return None
    with tempfile.TemporaryDirectory() as folder:
        sounds = Path(folder) / "sounds.npz"
        onsets = np.array([onset for _, onset in recogniser.sounds])
        np.savez(sounds, onsets, *[samples for samples, _ in recogniser.sounds])
        request = msgspec.json.encode(CostRequest(name, settings.file, str(sounds)))
        command = [sys.executable, "-m", "evaluation.speech.cost"]
        try:
            done = subprocess.run(
                command, input=request, capture_output=True, check=True, timeout=COST_TIMEOUT_S
            )
            return msgspec.json.decode(done.stdout, type=Cost)
        except (subprocess.SubprocessError, msgspec.DecodeError) as error:
            log.warning("cost of %s not measured: %s", name, type(error).__name__)
            return None

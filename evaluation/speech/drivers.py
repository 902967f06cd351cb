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


class Ask(Struct, frozen=True):
    """What the process that measures the cost is told: driver, settings file ("": the defaults), sounds.

    `sounds`: an .npz of the onsets and, for each, (n,) samples.
    """

    driver: str
    settings: str
    sounds: str


class Noted:
    """A recogniser that keeps the first sounds it was asked about: on them its cost is measured."""

    MOST = 24

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self.version = recogniser.version
        self.asked: list[tuple[Samples, int]] = []

    @property
    def name(self) -> str:
        """Who gave the last answer."""
        return self._recogniser.name

    def score(self, samples: Samples, onset: int) -> tuple[float, ...]:
        """See `kiosk.ports.Recogniser`."""
        if len(self.asked) < self.MOST:
            self.asked.append((samples.copy(), onset))
        return self._recogniser.score(samples, onset)


def installed() -> list[str]:
    """Names of all recogniser drivers."""
    return sorted(point.name for point in entry_points(group=f"kiosk.{PORT}"))


def choice(name: str, settings: Settings) -> DriverChoice:
    """The settings' own section if it is about this driver, else the driver's defaults.

    `fused` has the keys of the other two in tables of their own, and takes and lends them here.
    """
    own = settings.recogniser
    if own.driver == name:
        return own
    if own.driver == FUSED:
        return DriverChoice(name, own.options.get(name, {}))
    return DriverChoice(name, {own.driver: own.options} if name == FUSED else {})


def make(name: str, settings: Settings) -> Recogniser:
    """Raises SettingsError, ModelError, ImportError (its library is not installed)."""
    recogniser: Recogniser = chosen_driver(PORT, choice(name, settings), settings)
    return recogniser


def make_all(names: Sequence[str], settings: Settings) -> tuple[dict[str, Noted], dict[str, str]]:
    """Those that could be made, and why the others could not. Raises SettingsError."""
    made, missing = {}, {}
    for name in names:
        try:
            made[name] = Noted(make(name, settings))
        except SettingsError:
            raise
        except (KioskError, ImportError, OSError) as error:  # OSError: a library that does not load
            missing[name] = str(error)
    return made, missing


def cost(name: str, noted: Noted, settings: Settings) -> Cost | None:
    """CPU and memory on the sounds that were noted, in a process that does nothing else; None if it fails."""
    if not noted.asked:
        return None
    with tempfile.TemporaryDirectory() as folder:
        sounds = Path(folder) / "sounds.npz"
        onsets = np.array([onset for _, onset in noted.asked])
        np.savez(sounds, onsets, *[samples for samples, _ in noted.asked])
        return _in_own_process(Ask(name, settings.file, str(sounds)))


def _in_own_process(ask: Ask) -> Cost | None:
    command = [sys.executable, "-m", "evaluation.speech.cost"]
    try:
        done = subprocess.run(
            command, input=msgspec.json.encode(ask), capture_output=True, check=True, timeout=COST_TIMEOUT_S
        )
        return msgspec.json.decode(done.stdout, type=Cost)
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        log.warning("cost of %s not measured: %s", ask.driver, type(error).__name__)
        return None

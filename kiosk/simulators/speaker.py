"""Driver `simulated`: loudspeaker that plays into the simulated shop."""

import threading

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceMissing
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Context, Samples


class SimulatedSpeakerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`pace`: a prompt lasts its length times this factor; 0 in quick tests."""

    pace: float = 1.0


class SimulatedSpeaker:
    """Implements `ports.Speaker`: passes prompts to the shop and blocks as long as they last."""

    Settings = SimulatedSpeakerSettings

    def __init__(self, settings: SimulatedSpeakerSettings, context: Context) -> None:
        self._pace = settings.pace
        self._shop = context.world
        self._clock = context.clock
        self._stopped = threading.Event()

    def open(self) -> None:
        """Raise DeviceMissing where there is no simulated shop."""
        if self._shop is None:
            raise DeviceMissing(Code.SPEAKER_MISSING, "there is no simulated shop")
        self._stopped.clear()

    def play(self, samples: Samples) -> None:
        """Play (n,) samples at 16 kHz; return at their end or at `stop`."""
        self._shop.prompt(samples, self._clock())
        self._stopped.wait(len(samples) / SAMPLE_RATE * self._pace)
        self._stopped.clear()

    def stop(self) -> None:
        """End the prompt that plays, or that is about to."""
        self._stopped.set()

    def close(self) -> None:
        """Do nothing: there is no device."""

"""Driver `simulated`: the loudspeaker of the simulated shop; whoever is there hears it."""

import threading

from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceMissing
from kiosk.model import SAMPLE_RATE
from kiosk.ports import Context, Samples


class SimulatedSpeakerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`pace`: a prompt lasts its length times this; 0 in tests that have no time."""

    pace: float = 1.0


class SimulatedSpeaker:
    """Tells the world what is being said, and lasts as long as the sound."""

    Settings = SimulatedSpeakerSettings

    def __init__(self, settings: SimulatedSpeakerSettings, context: Context) -> None:
        self._pace = settings.pace
        self._world = context.world
        self._clock = context.clock
        self._silence = threading.Event()

    def open(self) -> None:
        if self._world is None:
            raise DeviceMissing(Code.SPEAKER_MISSING, "there is no simulated world")
        self._silence.clear()

    def play(self, samples: Samples) -> None:
        self._world.prompt(samples, self._clock())
        self._silence.wait(len(samples) / SAMPLE_RATE * self._pace)
        self._silence.clear()

    def stop(self) -> None:
        """Ends the prompt that plays, or that is just about to."""
        self._silence.set()

    def close(self) -> None:
        pass

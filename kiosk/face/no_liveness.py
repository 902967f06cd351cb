"""Driver `none`: no anti-spoof model, so no score; the rules decide whether that is allowed."""

from typing import ClassVar

from msgspec import Struct

from kiosk.ports import Context, Face, Image


class NoLivenessSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """No options."""


class NoLiveness:
    """`ports.Liveness` that never has a score."""

    Settings: ClassVar[type[Struct]] = NoLivenessSettings
    name = "none"
    version = "none"

    def __init__(self, settings: NoLivenessSettings, context: Context) -> None:
        pass

    def score(self, image: Image, face: Face) -> None:
        """Return None, which never passes where liveness is required."""

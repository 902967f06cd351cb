"""Settings of the workers: `resources/settings/verification.toml`, over what the engines need besides.

Every threshold that decides stands in that file; what the terminal's settings add is about cards, prompts and
screens, of which a clip has none.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.model import FaceThresholds
from kiosk.paths import RESOURCES
from kiosk.settings import (
    DigitLimits,
    FaceLimits,
    FaceSettings,
    LightLimits,
    LipLimits,
    LivenessLimits,
    SoundLimits,
    SpeechSettings,
    StreamLimits,
    VisitSettings,
    load,
)

FILE = RESOURCES / "settings" / "verification.toml"
Part = TypeVar("Part", bound=Struct)


class WorkerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[worker]."""

    lease_s: float
    poll_s: float


class ClockLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[clock]: whether the times of clip, page and central belong together."""

    min_matched: float  # share of frames that have a capture time
    answer_most_s: float  # from the handing out of a digit to the chunk that holds its reading
    drift_most_s: float  # by which the way of the digits from central to the page may differ


class LikenessLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[likeness]: cosine similarities of SFace."""

    accept: float
    review: float
    same_face: float


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that a verdict depends on, beside engines and job."""

    worker: WorkerSettings
    clock: ClockLimits
    likeness: FaceThresholds
    face: FaceSettings
    presence: FaceLimits
    speech: SpeechSettings
    visit: VisitSettings  # with digits, sound, lips, liveness, light and stream of this file

    @property
    def digits(self) -> DigitLimits:
        """Return the limits of the reading."""
        return self.visit.digits


def load_settings(file: Path = FILE) -> Settings:
    """Return the settings of a file. Raises SettingsError."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        base = load()
        visit = base.visit
        likeness = msgspec.convert(tables["likeness"], LikenessLimits)
        limits = msgspec.structs.replace(
            visit,
            face=_over(visit.face, tables["presence"], FaceLimits),
            digits=_over(visit.digits, tables["digits"], DigitLimits),
            sound=_over(visit.sound, tables["sound"], SoundLimits),
            lips=_over(visit.lips, tables["lips"], LipLimits),
            liveness=_over(visit.liveness, tables["liveness"], LivenessLimits),
            light=_over(visit.light, tables["light"], LightLimits),
            stream=_over(visit.stream, tables["stream"], StreamLimits),
            pace=msgspec.structs.replace(visit.pace, factor=1.0),  # the display times are what they were
        )
        return Settings(
            worker=msgspec.convert(tables["worker"], WorkerSettings),
            clock=msgspec.convert(tables["clock"], ClockLimits),
            likeness=FaceThresholds(
                accept=likeness.accept,
                accept_photographed=likeness.accept,
                review=likeness.review,
                same_face=likeness.same_face,
            ),
            face=_over(base.face, tables["face"], FaceSettings),
            presence=limits.face,
            speech=_over(base.speech, tables["speech"], SpeechSettings),
            visit=limits,
        )
    except (OSError, ValueError, KeyError, msgspec.ValidationError) as error:
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{file}: {error}") from None


def _over(base: Part, table: Mapping[str, Any], kind: type[Part]) -> Part:
    """Return `base` with the values of a table. Raises ValidationError, also for an unknown key."""
    return msgspec.convert(msgspec.structs.asdict(base) | dict(table), kind)

"""Simulated readings under the light challenge: a live head or an attack, a shop, a screen, a camera."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from msgspec import Struct

from evaluation.attacks import SPECIES, AttackInstrument, make
from evaluation.attacks.screen import ScreenReplay, ScreenSettings
from kiosk.face.reflection import Reflection
from kiosk.model import Challenge, FaceSeen, Verdict
from kiosk.ports import FaceEngine, Image
from kiosk.settings import VisitSettings
from kiosk.simulators.head import SimulatedHead
from kiosk.simulators.light import (
    GAMMA,
    AutoCorrection,
    LightingConditions,
    LitCamera,
    ReflectanceMap,
    ScreenColours,
)
from kiosk.visit.rules.light import colours, judge_light

LIVE = "live"
STREAMS = ("recorded", "tinted", "relit")
"""Injected streams: a video of the person at an earlier challenge; a video that is tinted as a whole, or a
face that is lit by software, by an attacker who sees the screen."""
ATTACKS = (*SPECIES, *STREAMS)
SHOP_LX = (50, 100, 200, 400, 700, 1000)
_SIZE = (320, 240)
_STEPS = 13
_COMPUTING_S = 0.15  # delay of a computed reaction
_ALBEDO = (0.25, 1.0)  # linear light of the portrait: dark skin … as photographed
_PASSER_BY_SHARE = 0.3  # share of readings in which somebody walks past behind


class LightTrial(Struct, frozen=True, kw_only=True):
    """One reading; `verdict`: of the light rule under the settings."""

    species: str
    shop_lx: int
    portrait: int
    verdict: Verdict


class PasserBy(Struct, frozen=True):
    """Somebody walks past behind: from when, how fast (picture widths a second), colour of the coat (BGR)."""

    began: float
    speed: float
    coat: tuple[int, int, int]


class TrialConditions(Struct, frozen=True, kw_only=True):
    """What is drawn for one reading. `late_s`: delay of the pictures against the screen.

    `began`: where the reading begins in the subject's own time.
    """

    lighting: LightingConditions
    correction: AutoCorrection
    fps: float
    late_s: float
    began: float
    passer_by: PasserBy | None


class LightTrials:
    """Simulates readings; subjects are made once for each portrait, albedo and pose."""

    def __init__(
        self, detector: FaceEngine, portraits: list[Image], *, models: Path, limits: VisitSettings
    ) -> None:
        self._detector, self._portraits, self._models, self._limits = detector, portraits, models, limits
        self._subjects: dict[tuple[str, int, float], AttackInstrument] = {}

    def trial(self, species: str, shop_lx: int, number: int, seed: int) -> LightTrial:
        """Simulate reading `number` of a species in a light; the same seed gives the same.

        Raises EngineError.
        """
        names = (LIVE, *ATTACKS)
        random = np.random.default_rng([seed, names.index(species), shop_lx, number])
        portrait = number % len(self._portraits)
        subject = self._subject(species, portrait, random)
        conditions = draw_conditions(shop_lx, random)
        own, earlier = f"{seed}-{species}-{shop_lx}-{number}", f"earlier {seed}-{number}"
        holds = [self._limits.light.hold_s + random.uniform(0, 0.02) for _ in range(_STEPS)]
        times = np.cumsum([0.5, *holds])
        screen = ScreenColours(tuple(float(t) for t in times[:-1]), colours(own, _STEPS))
        camera = _camera(species, subject, conditions, screen, earlier)
        seen = self._watch(camera, conditions, float(times[-1]))
        challenge = Challenge(id=own, digits=(0,), gaps_s=(1.0,), expires_unix=0.0)
        verdict = judge_light(challenge, screen.times, seen, self._limits.light)
        return LightTrial(species=species, shop_lx=shop_lx, portrait=portrait, verdict=verdict)

    def _watch(
        self, camera: Callable[[float], Image], conditions: TrialConditions, ends: float
    ) -> list[FaceSeen]:
        """Measure every frame as the terminal does; faces are detected in every third."""
        reflection, seen, face = Reflection(), [], None
        for i in range(int(ends * conditions.fps)):
            at = i / conditions.fps
            image = camera(at)
            if i % 3 == 0 or face is None:
                found = self._detector.detect(image)
                face = found[0] if found else None
            light = reflection.measure(image, face) if face is not None else None
            seen.append(FaceSeen(at=at + conditions.late_s, seq=i, faces=int(face is not None), light=light))
        return seen

    def _subject(self, species: str, portrait: int, random: np.random.Generator) -> AttackInstrument:
        albedo = float(random.choice(np.geomspace(*_ALBEDO, 4)))
        nod = float(np.clip(np.rint(random.normal(0, 8) / 4) * 4, -12, 12)) if species == "screen" else 0.0
        key = (species, portrait, albedo + nod)
        if key not in self._subjects:
            photo = np.asarray(self._portraits[portrait] * albedo ** (1 / GAMMA), np.uint8)
            if species == "screen":
                subject: AttackInstrument = ScreenReplay(
                    photo, ScreenSettings(nod_deg=nod), size=_SIZE, seed=portrait, models=self._models
                )
            elif species in SPECIES:
                subject = make(species, photo, size=_SIZE, seed=portrait, models=self._models)
            else:
                subject = SimulatedHead(photo, _SIZE, seed=portrait, models=self._models)
            self._subjects[key] = subject
        return self._subjects[key]


def draw_conditions(shop_lx: int, random: np.random.Generator) -> TrialConditions:
    """Draw lamp, screen, camera and passer-by for a shop of this illuminance."""
    lighting = LightingConditions(
        shop_lx=float(shop_lx),
        kelvin=float(random.uniform(2700, 6500)),
        nits=float(random.uniform(250, 400)),
        distance_m=float(random.uniform(0.4, 0.7)),
    )
    correction = AutoCorrection(
        exposure=float(random.uniform(0.5, 1.0)),
        exposure_s=float(random.uniform(0.2, 1.0)),
        balance=float(random.uniform(0, 0.9)),
        balance_s=float(random.uniform(1, 5)),
    )
    blue, green, red = (int(level) for level in random.integers(20, 230, 3))
    passer_by = PasserBy(float(random.uniform(0, 6)), float(random.uniform(0.2, 0.8)), (blue, green, red))
    return TrialConditions(
        lighting=lighting,
        correction=correction,
        fps=float(random.uniform(8, 15)),
        late_s=float(random.uniform(0.02, 0.12)),
        began=float(random.uniform(0, 1000)),
        passer_by=passer_by if random.random() < _PASSER_BY_SHARE else None,
    )


def _camera(
    species: str,
    subject: AttackInstrument,
    conditions: TrialConditions,
    screen: ScreenColours,
    earlier: str,
) -> Callable[[float], Image]:
    """Return a function of time that gives the camera's picture, or that of the stream injected for it."""
    camera = LitCamera(conditions.lighting, conditions.correction, seed=int(conditions.began * 1000))
    shown = ScreenColours(screen.times, colours(earlier, _STEPS)) if species == "recorded" else screen
    late = _COMPUTING_S if species in ("tinted", "relit") else 0.0

    def picture(at: float) -> Image:
        own = conditions.began + at
        reflectance: ReflectanceMap | float = subject.reflectance(own, conditions.lighting.wall)
        plain = _with_passer_by(subject.render(own), reflectance, conditions, at)
        if species == "tinted":
            reflectance = 1.0
        return camera.capture(plain, reflectance, shown.at(at - late), at)

    return picture


def _with_passer_by(
    plain: Image, reflectance: ReflectanceMap | float, conditions: TrialConditions, at: float
) -> Image:
    """Draw somebody in a coat who walks past behind what reflects the screen's light."""
    passer_by = conditions.passer_by
    if passer_by is None or isinstance(reflectance, float):
        return plain
    wide = plain.shape[1]
    left = int(((at - passer_by.began) * passer_by.speed - 0.3) * wide)
    band = slice(max(0, left), max(0, left + wide // 4))
    behind = reflectance[:, band] < 2 * conditions.lighting.wall
    plain[:, band][behind] = passer_by.coat
    return plain

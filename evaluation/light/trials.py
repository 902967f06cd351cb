"""Simulated readings under the light challenge: a live head or an attack, a shop, a screen, a camera."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec import Struct

from evaluation.attacks import SPECIES, make
from evaluation.attacks.screen import ScreenReplay, ScreenSettings
from kiosk.face.reflection import Reflection
from kiosk.model import Challenge, FaceSeen, Verdict
from kiosk.ports import FaceEngine, Image
from kiosk.settings import VisitSettings
from kiosk.simulators.head import Head
from kiosk.simulators.light import GAMMA, Automatic, LitCamera, Map, ScreenColours, Surroundings
from kiosk.visit.rules.light import colours, judge_light

LIVE = "live"
STREAMS = ("recorded", "tinted", "relit")
"""A video of the person at an earlier challenge; a stream that is tinted, or whose face is lit by software,
by somebody who sees the screen."""
ATTACKS = (*SPECIES, *STREAMS)
SHOP_LX = (50, 100, 200, 400, 700, 1000)
_SIZE = (320, 240)
_STEPS = 13
_LATE_S = 0.15  # how much later than light a computed answer comes
_ALBEDO = (0.25, 1.0)  # linear light of the portrait: dark skin … as photographed
_PASSERS = 0.3  # share of readings in which somebody walks past behind


class Subject(Protocol):
    def render(self, at: float, *, mouth: float = 0.0) -> Image: ...

    def answers(self, at: float, wall: float = 0.04) -> Map | float: ...


class Trial(Struct, frozen=True):
    """One reading: `light` as the settings' rule judged it."""

    species: str
    shop_lx: int
    portrait: int
    verdict: Verdict


class Scene(Struct, frozen=True):
    """What is drawn for one reading."""

    where: Surroundings
    automatic: Automatic
    fps: float
    late_s: float  # of the pictures against the screen
    began: float  # where in the subject's own time it begins
    passer: tuple[float, float, tuple[int, int, int]] | None  # when, how fast (widths a second), colour


class Booth:
    """Makes readings; subjects are made once for each portrait."""

    def __init__(
        self, detector: FaceEngine, portraits: list[Image], models: Path, limits: VisitSettings
    ) -> None:
        self._detector, self._portraits, self._models, self._limits = detector, portraits, models, limits
        self._made: dict[tuple[str, int, float], Subject] = {}

    def trial(self, species: str, shop_lx: int, number: int, seed: int) -> Trial:
        """Reading `number` of that species in that light; the same seed gives the same. Raises
        EngineError.
        """
        names = (LIVE, *ATTACKS)
        random = np.random.default_rng([seed, names.index(species), shop_lx, number])
        portrait = number % len(self._portraits)
        subject = self._subject(species, portrait, random)
        scene = _drawn(shop_lx, random)
        own, other = f"{seed}-{species}-{shop_lx}-{number}", f"earlier {seed}-{number}"
        times = np.cumsum(
            [0.5] + [self._limits.light.hold_s + random.uniform(0, 0.02) for _ in range(_STEPS)]
        )
        screen = ScreenColours(tuple(float(t) for t in times[:-1]), colours(own, _STEPS))
        seen = self._watched(_lit(species, subject, scene, screen, other), scene, float(times[-1]), number)
        challenge = Challenge(id=own, digits=(0,), gaps_s=(1.0,), expires_unix=0.0)
        verdict = judge_light(challenge, screen.times, seen, self._limits.light)
        return Trial(species, shop_lx, portrait, verdict)

    def _watched(
        self, picture: Callable[[float], Image], scene: Scene, ends: float, seed: int
    ) -> list[FaceSeen]:
        reflection, seen, face = Reflection(), [], None
        for i in range(int(ends * scene.fps)):
            at = i / scene.fps
            image = picture(at)
            if i % 3 == 0 or face is None:
                found = self._detector.detect(image)
                face = found[0] if found else None
            light = reflection.measure(image, face) if face is not None else None
            seen.append(FaceSeen(at=at + scene.late_s, seq=i, faces=int(face is not None), light=light))
        return seen

    def _subject(self, species: str, portrait: int, random: np.random.Generator) -> Subject:
        albedo = float(random.choice(np.geomspace(*_ALBEDO, 4)))
        nod = float(np.clip(np.rint(random.normal(0, 8) / 4) * 4, -12, 12)) if species == "screen" else 0.0
        key = (species, portrait, albedo + nod)
        if key not in self._made:
            photo = np.asarray(self._portraits[portrait] * albedo ** (1 / GAMMA), np.uint8)
            self._made[key] = self._make(species, photo, portrait, nod)
        return self._made[key]

    def _make(self, species: str, photo: Image, seed: int, nod: float) -> Subject:
        if species == "screen":
            return ScreenReplay(photo, ScreenSettings(nod_deg=nod), _SIZE, seed, self._models)
        if species in SPECIES:
            return make(species, photo, _SIZE, seed, self._models)
        return Head(photo, _SIZE, seed, self._models)


def _drawn(shop_lx: int, random: np.random.Generator) -> Scene:
    where = Surroundings(
        shop_lx=float(shop_lx),
        kelvin=float(random.uniform(2700, 6500)),
        nits=float(random.uniform(250, 400)),
        distance_m=float(random.uniform(0.4, 0.7)),
    )
    automatic = Automatic(
        exposure=float(random.uniform(0.5, 1.0)),
        exposure_s=float(random.uniform(0.2, 1.0)),
        balance=float(random.uniform(0, 0.9)),
        balance_s=float(random.uniform(1, 5)),
    )
    coat = tuple(int(level) for level in random.integers(20, 230, 3))
    passer = (float(random.uniform(0, 6)), float(random.uniform(0.2, 0.8)), (coat[0], coat[1], coat[2]))
    return Scene(
        where,
        automatic,
        fps=float(random.uniform(8, 15)),
        late_s=float(random.uniform(0.02, 0.12)),
        began=float(random.uniform(0, 1000)),
        passer=passer if random.random() < _PASSERS else None,
    )


def _lit(
    species: str, subject: Subject, scene: Scene, screen: ScreenColours, other: str
) -> Callable[[float], Image]:
    """Pictures by time: of `subject` in that light, or of the stream that is fed instead."""
    camera = LitCamera(scene.where, scene.automatic, seed=int(scene.began * 1000))
    shown = ScreenColours(screen.times, colours(other, _STEPS)) if species == "recorded" else screen
    late = _LATE_S if species in ("tinted", "relit") else 0.0

    def picture(at: float) -> Image:
        own = scene.began + at
        answer: Map | float = subject.answers(own, scene.where.wall)
        plain = _passed(subject.render(own), answer, scene, at)
        if species == "tinted":
            answer = 1.0
        return camera.see(plain, answer, shown.at(at - late), at)

    return picture


def _passed(plain: Image, answer: Map | float, scene: Scene, at: float) -> Image:
    """Somebody in a coat walks past behind whatever is lit."""
    if scene.passer is None or isinstance(answer, float):
        return plain
    began, speed, coat = scene.passer
    wide = plain.shape[1]
    left = int(((at - began) * speed - 0.3) * wide)
    band = slice(max(0, left), max(0, left + wide // 4))
    behind = answer[:, band] < 2 * scene.where.wall
    plain[:, band][behind] = coat
    return plain

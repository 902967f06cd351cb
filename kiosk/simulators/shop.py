"""Simulated shop: what the simulated camera, microphone, loudspeaker and card reader perceive.

`Context.world` holds the `SimulatedShop` while the terminal runs in simulation.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from kiosk.china_time import china_today
from kiosk.codes import Code
from kiosk.errors import CardError, ModelError
from kiosk.model import SAMPLE_RATE, IdCard, Way
from kiosk.ports import Image, Samples
from kiosk.simulators.card_picture import card_picture, with_card_held
from kiosk.simulators.customer import POSES, Customer
from kiosk.simulators.head import EmptyShop, SimulatedHead
from kiosk.simulators.light import LitCamera, ReflectanceMap
from kiosk.simulators.people import BORN, CHILD_BORN, Person
from kiosk.simulators.portrait import chip_portrait, detect_face, encode_portrait, id_photo

PORTRAITS = {"collins": "astronaut.png", "hopper": "grace_hopper.jpg"}
"""Public-domain photographs that come with Python packages; installed by `kiosk models install`."""
BETWEEN = {"collins-between": ("collins", "hopper", 0.52)}
"""Portraits blended from two people: a card only somewhat like its holder (cosine 0.35 ± 0.02)."""
EMPTY_SHOP_DBFS = -60.0
"""Level of the noise while no customer is present."""


class Head(Protocol):
    """What is before the camera: a `SimulatedHead`, or an attack instrument in its place."""

    def render(self, at: float, *, mouth: float = 0.0, turn: float = 0.0, nod: float = 0.0) -> Image: ...

    def reflectance(self, at: float, wall: float = 0.04) -> ReflectanceMap | float: ...


MakeInstrument = Callable[[str, Image, int, Path], Head]
"""(species, photo of the person, seed, folder of the weights) → what is shown instead of the person."""


class SimulatedShop:
    """Holds at most one customer; all methods may be called from any thread."""

    def __init__(self, models: Path, make_instrument: MakeInstrument | None = None) -> None:
        """`models`: folder of the weights, with the photographs below it. `make_instrument`: for customers
        whose `face` is "species:name:seed", who attack with a photo of the person of that name.
        """
        self._models = models
        self._make_instrument = make_instrument
        self._lock = threading.Lock()
        self._heads: dict[str, Head] = {}
        self._portraits: dict[str, bytes] = {}
        self._printed_cards: dict[str, Image] = {}
        self._empty = EmptyShop()
        self._customer: Customer | None = None
        self._camera = LitCamera()
        self._noise = np.random.default_rng(7)

    def prepare(self) -> None:
        """Load all heads and portraits now: each costs half a second that no customer need wait for."""
        for name in PORTRAITS:
            self._head(name)
            self._portrait(name)

    def enter(self, customer: Customer) -> None:
        """Put this customer before the terminal. Raises ModelError.

        Heads and their poses are computed here: each costs between a tenth and half a second the first time,
        and a gap in the camera's frames would look like an attack.
        """
        for name in (customer.behaviour.face, customer.behaviour.swaps_to):
            self._head(name)
        self._portrait(customer.behaviour.card_of)
        if Way.HEAD in (customer.behaviour.way, customer.behaviour.changes_to):
            for turn, nod in POSES:
                self._head(customer.face).render(0.0, turn=turn, nod=nod)
        with self._lock:
            self._customer = customer

    def leave(self) -> None:
        """Take the customer away."""
        with self._lock:
            self._customer = None

    # ── what the simulated drivers ask ───────────────────────────────────────────────────────────

    def picture(self, at: float) -> Image:
        """Return the camera's picture at `at` seconds, (480, 640, 3) BGR."""
        customer = self._present()
        if customer is None:
            return self._empty.render(at)
        head = self._head(customer.face)
        turn, nod = customer.head_pose(at)
        picture = head.render(at, mouth=customer.mouth_opening(at), turn=turn, nod=nod)
        if customer.card_shown:
            return with_card_held(picture, self._printed_card(customer), at)
        light = customer.light
        if light is None:
            self._camera = LitCamera()
            return picture
        return self._camera.capture(picture, head.reflectance(at), light.at(at), at)

    def sound(self, at: float, count: int) -> Samples:
        """Return the `count` samples that the microphone hears from `at` on, (count,) at 16 kHz."""
        customer = self._present()
        level = customer.behaviour.noise_dbfs if customer else EMPTY_SHOP_DBFS
        mixed = self._noise.standard_normal(count, dtype=np.float32) * np.float32(10 ** (level / 20))
        for utterance in customer.utterances() if customer else ():
            first = round((utterance.at - at) * SAMPLE_RATE)
            begin, end = max(0, first), min(count, first + len(utterance.samples))
            if begin < end:
                mixed[begin:end] += utterance.samples[begin - first : end - first]
        clipped: Samples = np.clip(mixed, -1.0, 1.0)
        return clipped

    def card(self) -> IdCard | CardError | None:
        """Return the card on the reader, the error of one that cannot be read, or None."""
        customer = self._present()
        if customer is None or not customer.card_on_reader:
            return None
        if customer.behaviour.card == "unreadable":
            return CardError(Code.CARD_UNREADABLE, "simulated")
        card = self._person(customer).card()
        customer.card_found()
        return card

    def prompt(self, samples: Samples, at: float) -> None:
        """Take note that the terminal begins to speak at `at`; simulated customers do not listen."""

    # ── people, heads and portraits ──────────────────────────────────────────────────────────────

    def _present(self) -> Customer | None:
        customer = self._customer
        return customer if customer is not None and customer.present else None

    def _person(self, customer: Customer) -> Person:
        kind = customer.behaviour.card
        return Person(
            seed=customer.behaviour.seed,
            born=CHILD_BORN if customer.childs_card else BORN,
            portrait=self._portrait(customer.behaviour.card_of),
            valid_to=china_today() - timedelta(days=1) if kind == "expired" else None,
            number_wrong=kind == "wrong_number",
        )

    def _printed_card(self, customer: Customer) -> Image:
        """Return the side of the customer's card that shows the portrait; the last one is kept."""
        card, name = self._person(customer).card(), customer.behaviour.card_of
        key = f"{name} {card.number}"
        if key not in self._printed_cards:
            photo = self._photo(name)
            self._printed_cards = {key: card_picture(card, photo, detect_face(photo, self._models))}
        return self._printed_cards[key]

    def _photo(self, name: str) -> Image:
        path = self._models / "people" / PORTRAITS[name]
        photo = cv2.imread(str(path))
        if photo is None:
            raise ModelError(Code.MODEL_MISSING, f"portrait for simulation: {path.name}")
        return np.asarray(photo, dtype=np.uint8)

    def _head(self, name: str) -> Head:
        with self._lock:
            if name not in self._heads:
                self._heads[name] = self._made_head(name)
            return self._heads[name]

    def _made_head(self, name: str) -> Head:
        if self._make_instrument is None or ":" not in name:
            return SimulatedHead(self._photo(name), seed=len(self._heads), models=self._models)
        species, person, seed = name.split(":")
        return self._make_instrument(species, self._photo(person), int(seed), self._models)

    def _portrait(self, name: str) -> bytes:
        """Return the chip's portrait of this name, or the blend of two people's."""
        if name not in self._portraits:
            if name in BETWEEN:
                first, second, share = BETWEEN[name]
                one, other = (self._id_photo(first), self._id_photo(second))
                blend = np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)
                self._portraits[name] = encode_portrait(blend)
            else:
                self._portraits[name] = chip_portrait(self._photo(name), self._models)
        return self._portraits[name]

    def _id_photo(self, name: str) -> Image:
        photo = self._photo(name)
        return id_photo(photo, detect_face(photo, self._models))

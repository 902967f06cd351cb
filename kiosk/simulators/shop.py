"""The simulated shop (`World`): a room, its noise and light, and whoever stands before the terminal."""

import threading
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np

from kiosk.codes import Code
from kiosk.errors import CardError, ModelError
from kiosk.model import SAMPLE_RATE, IdCard, Way
from kiosk.ports import Image, Samples
from kiosk.simulators.card_picture import card_picture, held
from kiosk.simulators.customer import POSES, Customer
from kiosk.simulators.head import EmptyShop, Head
from kiosk.simulators.light import LitCamera
from kiosk.simulators.people import BORN, CHILD_BORN, Person
from kiosk.simulators.portrait import chip_portrait, id_photo, packed, sitter

PORTRAITS = {"collins": "astronaut.png", "hopper": "grace_hopper.jpg"}
"""Public-domain photographs that come with Python packages; installed by `kiosk models install`."""
BETWEEN = {"collins-between": ("collins", "hopper", 0.52)}
"""Portraits between two people: a card that looks only somewhat like who brings it (cosine 0.35 ± 0.02)."""


class Shop:
    """Holds at most one customer; all methods may be called from any thread."""

    def __init__(self, models: Path) -> None:
        """`models`: folder of the weights, with the photographs below it."""
        self._models = models
        self._lock = threading.Lock()
        self._heads: dict[str, Head] = {}
        self._portraits: dict[str, bytes] = {}
        self._prints: dict[str, Image] = {}
        self._room = EmptyShop()
        self._customer: Customer | None = None
        self._camera = LitCamera()
        self._noise = np.random.default_rng(7)

    def enter(self, customer: Customer) -> None:
        """Somebody comes before the terminal."""
        for name in (customer.behaviour.face, customer.behaviour.swaps_to):
            self._head(name)  # costs half a second; not while frames are wanted
        self._portrait(customer.behaviour.card_of)
        if Way.HEAD in (customer.behaviour.way, customer.behaviour.changes_to):
            for (
                turn,
                nod,
            ) in POSES:  # each costs a tenth of a second the first time; a gap would look like a cut
                self._head(customer.face).render(0.0, turn=turn, nod=nod)
        with self._lock:
            self._customer = customer

    def leave(self) -> None:
        """The place before the terminal is empty."""
        with self._lock:
            self._customer = None

    # ── World ────────────────────────────────────────────────────────────────────────────────────

    def picture(self, at: float) -> Image:
        customer = self._present()
        if customer is None:
            return self._room.render(at)
        head = self._head(customer.face)
        turn, nod = customer.pose(at)
        scene = head.render(at, mouth=customer.loudness(at), turn=turn, nod=nod)
        if customer.card_shown:
            return held(scene, self._print(customer), at)
        light = customer.light
        if light is None:
            self._camera = LitCamera()
            return scene
        return self._camera.see(scene, head.answers(at), light.at(at), at)

    def sound(self, at: float, count: int) -> Samples:
        customer = self._present()
        level = customer.behaviour.noise_dbfs if customer else -60.0
        heard = self._noise.standard_normal(count, dtype=np.float32) * np.float32(10 ** (level / 20))
        for spoken in customer.utterances() if customer else ():
            first = round((spoken.at - at) * SAMPLE_RATE)
            begin, end = max(0, first), min(count, first + len(spoken.samples))
            if begin < end:
                heard[begin:end] += spoken.samples[begin - first : end - first]
        mixed: Samples = np.clip(heard, -1.0, 1.0)
        return mixed

    def card(self) -> IdCard | CardError | None:
        customer = self._present()
        if customer is None or not customer.card_on_reader:
            return None
        kind = customer.behaviour.card
        if kind == "unreadable":
            return CardError(Code.CARD_UNREADABLE, "simulated")
        return self._person(customer).card()

    def prompt(self, samples: Samples, at: float) -> None:
        """Nobody in this shop is disturbed by prompts."""

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _present(self) -> Customer | None:
        customer = self._customer
        return customer if customer is not None and customer.present else None

    def _person(self, customer: Customer) -> Person:
        kind = customer.behaviour.card
        return Person(
            seed=customer.behaviour.seed,
            born=CHILD_BORN if customer.childs_card else BORN,
            portrait=self._portrait(customer.behaviour.card_of),
            valid_to=date.today() - timedelta(days=1) if kind == "expired" else None,
            number_wrong=kind == "wrong_number",
        )

    def _print(self, customer: Customer) -> Image:
        """What the customer's card looks like."""
        person, name = self._person(customer).card(), customer.behaviour.card_of
        key = f"{name} {person.number}"
        if key not in self._prints:
            photo = self._photo(name)
            self._prints = {key: card_picture(person, photo, sitter(photo, self._models))}
        return self._prints[key]

    def _photo(self, name: str) -> Image:
        path = self._models / "people" / PORTRAITS[name]
        photo = cv2.imread(str(path))
        if photo is None:
            raise ModelError(Code.MODEL_MISSING, f"portrait for simulation: {path.name}")
        return np.asarray(photo, dtype=np.uint8)

    def _head(self, name: str) -> Head:
        with self._lock:
            if name not in self._heads:
                self._heads[name] = Head(self._photo(name), seed=len(self._heads), models=self._models)
            return self._heads[name]

    def _portrait(self, name: str) -> bytes:
        if name not in self._portraits:
            between = BETWEEN.get(name)
            made = self._between(*between) if between else chip_portrait(self._photo(name), self._models)
            self._portraits[name] = made
        return self._portraits[name]

    def _between(self, one: str, other: str, share: float) -> bytes:
        photos = [self._photo(name) for name in (one, other)]
        first, second = (id_photo(photo, sitter(photo, self._models)) for photo in photos)
        return packed(np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8))

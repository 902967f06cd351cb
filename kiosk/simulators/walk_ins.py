"""Who comes to a simulated terminal: one customer after the other, led or left to themselves."""

import time
from pathlib import Path

from kiosk import events as e
from kiosk.model import Stage
from kiosk.paths import RESOURCES
from kiosk.ports import Engine
from kiosk.simulators.customer import Behaviour, Customer, TouchDriver
from kiosk.simulators.shop import Shop
from kiosk.simulators.voice import Voice
from kiosk.worker import Worker

VOICES = RESOURCES / "sounds" / "customer"


class CustomerRunner:
    """Lets customers into the shop and passes on to them what they can see of the terminal."""

    def __init__(self, shop: Shop, voices: Path = VOICES) -> None:
        self._shop = shop
        self._voices = voices
        self._customer: Customer | None = None
        self._screen: e.Show | None = None
        self._worker: Worker | None = None

    def join(self, engine: Engine) -> None:
        """From now on customers see the screen."""
        engine.subscribe(self._see)

    def enter(self, behaviour: Behaviour, hand: TouchDriver | None) -> Customer:
        """A new customer; the one before is gone. Without `hand` somebody else must touch the screen."""
        self.leave()
        voice = Voice(self._voices / behaviour.voice, behaviour.seed)
        customer = Customer(behaviour, hand, voice, time.monotonic)
        self._shop.enter(customer)
        self._customer = customer
        self._worker = Worker("customer", customer.run).start()
        if self._screen is not None:
            customer.see(self._screen)
        return customer

    def leave(self) -> None:
        """Nobody is there."""
        self._customer = None
        self._shop.leave()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.Show):
            self._screen = notice
        if self._customer is not None:
            self._customer.see(notice)


class AutomaticCustomers(CustomerRunner):
    """For a person who tries the terminal with the mouse: face, voice and card are always there.

    With each visit the made-up card is another one, as central opens one credential a person.
    """

    def __init__(self, shop: Shop, first_seed: int = 500) -> None:
        super().__init__(shop)
        self._seed = first_seed

    def _see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.Show) and notice.stage is Stage.IDLE:
            self._seed += 1
            self.enter(Behaviour(seed=self._seed), None)
        super()._see(notice)

"""Run simulated customers at a simulated terminal, one after the other."""

import time
from pathlib import Path

from kiosk import events as e
from kiosk.model import Stage
from kiosk.paths import RESOURCES
from kiosk.ports import Engine
from kiosk.simulators.customer import Customer, CustomerBehaviour, NewestCode, TouchDriver
from kiosk.simulators.shop import SimulatedShop
from kiosk.simulators.voice import Voice
from kiosk.worker import Worker

VOICES = RESOURCES / "sounds" / "customer"


class CustomerRunner:
    """Brings one customer at a time into the shop and passes the terminal's notices on to them."""

    def __init__(
        self,
        shop: SimulatedShop,
        voices: Path = VOICES,
        *,
        newest_code: NewestCode = lambda _: "",
    ) -> None:
        """`newest_code`: how customers read the messages on their phones."""
        self._shop = shop
        self._newest_code = newest_code
        self._voices = voices
        self._customer: Customer | None = None
        self._screen: e.Show | None = None
        self._worker: Worker | None = None

    def join(self, engine: Engine) -> None:
        """Subscribe to the engine: from now on customers see the screen."""
        engine.subscribe(self._see)

    def enter(self, behaviour: CustomerBehaviour, touch: TouchDriver | None) -> Customer:
        """Replace the present customer by a new one. Without `touch` the screen is operated by others."""
        self.leave()
        voice = Voice(self._voices / behaviour.voice, behaviour.seed)
        customer = Customer(
            behaviour,
            touch=touch,
            voice=voice,
            clock=time.monotonic,
            newest_code=self._newest_code,
        )
        self._shop.enter(customer)
        self._customer = customer
        self._worker = Worker("customer", customer.run).start()
        if self._screen is not None:
            customer.see(self._screen)
        return customer

    def leave(self) -> None:
        """Take the present customer away."""
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
    """Face, voice and card for a person who tries the terminal with the mouse.

    With each visit the made-up card is another one, as central opens one credential a person.
    """

    def __init__(self, shop: SimulatedShop, first_seed: int = 500) -> None:
        super().__init__(shop)
        self._seed = first_seed

    def _see(self, notice: e.Notice) -> None:
        if isinstance(notice, e.Show) and notice.stage is Stage.IDLE:
            self._seed += 1
            self.enter(CustomerBehaviour(seed=self._seed), None)
        super()._see(notice)

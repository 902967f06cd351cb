"""A clock that is wrong, or is set, at the whole terminal and the real central, in simulated time.

The customers do everything right: nobody may be refused for the clock, and nobody is served while it is known
to be wrong.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.codes import Code
from kiosk.model import Device
from tests.soak import simulation as soak
from tests.soak.comparison import compare
from tests.soak.script import Script
from tests.soak.simulation import ShopSimulation

DAY_S = 86_400.0


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShopSimulation]:
    monkeypatch.setattr(soak, "drawn", honest)
    made = ShopSimulation(tmp_path, 3, 0)
    yield made
    made.close()


def honest(seed: int, person: int, _: list[int]) -> Script:
    """Return a customer who does everything right."""
    return Script(person=person, seed=seed)


def passes(shop: ShopSimulation, seconds: float) -> None:
    until = shop.clock.monotonic() + seconds
    while shop.clock.monotonic() < until:
        shop.step()


def until(shop: ShopSimulation, done: Callable[[], bool], most_s: float = 3600.0) -> None:
    end = shop.clock.monotonic() + most_s
    while not done():
        assert shop.clock.monotonic() < end, shop.terminal.engine._faults
        shop.step()


def missing(shop: ShopSimulation) -> Code | None:
    return shop.terminal.engine._faults.get(Device.CLOCK)


def results(shop: ShopSimulation) -> tuple[int, list[str], int]:
    """Return how many credentials were opened, who was turned away, and how many central refused."""
    shop.settle()
    found = compare(shop.outcome_log, shop.folder / "storage", shop.central.made.database)
    assert found.good, found
    return found.opened, found.turned_away, found.refused_by_central


@pytest.mark.timeout(300)
@pytest.mark.parametrize("off_s", [-7200.0, -90.0, 3600.0])
def test_a_clock_set_in_the_middle_of_visits_refuses_nobody(shop: ShopSimulation, off_s: float) -> None:
    for _ in range(3):
        until(shop, lambda: shop.customer is not None and shop.terminal.engine.serving)
        passes(shop, 50.0)  # the card has been read
        shop.clock.off_s = off_s
        until(shop, lambda: missing(shop) is Code.CLOCK_OFF)
        passes(shop, 120.0)
        shop.clock.off_s = 0.0
        until(shop, lambda: missing(shop) is None)
    opened, turned_away, refused = results(shop)
    assert (turned_away, refused) == ([], 0)
    assert opened >= 3


@pytest.mark.timeout(300)
def test_visits_without_a_line_by_a_clock_that_is_ahead_are_settled(shop: ShopSimulation) -> None:
    until(shop, lambda: shop.done >= 1)
    shop.close_terminal()
    shop.line.down()
    shop.clock.off_s = 1800.0  # ahead: nothing that is known to be past tells
    shop.open_terminal()
    until(shop, lambda: shop.done >= 5)
    shop.line.up()
    passes(shop, 120.0)
    shop.clock.off_s = 0.0
    opened, turned_away, refused = results(shop)
    assert (turned_away, refused) == ([], 0)
    assert opened >= 4


@pytest.mark.timeout(300)
@pytest.mark.parametrize("off_s", [-150 * DAY_S, -7200.0])
def test_after_a_power_cut_with_a_clock_that_is_behind_nobody_is_served_until_it_is_right(
    shop: ShopSimulation, off_s: float
) -> None:
    until(shop, lambda: shop.done >= 1)
    passes(shop, 200.0)
    shop.close_terminal()
    shop.line.down()
    shop.clock.off_s = off_s
    before = shop.done
    shop.open_terminal()
    passes(shop, 600.0)
    assert (missing(shop), shop.done) == (Code.CLOCK_OFF, before)
    shop.clock.off_s = 0.0
    shop.line.up()
    until(shop, lambda: shop.done > before)
    assert results(shop)[1:] == ([], 0)

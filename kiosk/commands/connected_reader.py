"""The card reader that is connected, for the commands that pin or check it."""

from kiosk.drivers import driver_context, make_driver
from kiosk.model import ReaderIdentity
from kiosk.ports import Context
from kiosk.settings import Settings


def device_context(settings: Settings) -> Context:
    """Return what drivers are given outside of a running terminal; in simulation a shop of its own."""
    shop = None
    if settings.mode == "simulation":
        from kiosk.simulators.shop import SimulatedShop

        shop = SimulatedShop(settings.path(settings.models.folder))
    return driver_context(settings, shop)


def connected_reader(settings: Settings, context: Context | None = None) -> ReaderIdentity:
    """Ask the reader which one it is. Raises SettingsError, DeviceError: a running terminal has it."""
    driver = make_driver(settings, "card_reader", context or device_context(settings))
    try:
        driver.open()
        found: ReaderIdentity = driver.identity()
    finally:
        driver.close()
    return found


def describe_reader(reader: ReaderIdentity | None) -> str:
    """Describe a reader in one line for the technician; None: none is pinned."""
    if reader is None:
        return "none is pinned"
    return f"security module {reader.sam}, {f'USB socket {reader.socket}' if reader.socket else 'not on USB'}"

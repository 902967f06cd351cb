"""The drivers that the settings choose, made with what every driver may know of its surroundings."""

import time
from collections.abc import Callable
from typing import Any

from kiosk.codes import Code
from kiosk.errors import SettingsError
from kiosk.paths import RESOURCES
from kiosk.ports import Context
from kiosk.settings import DriverChoice, Settings, driver_class, driver_settings


def driver_context(
    settings: Settings, world: Any = None, clock: Callable[[], float] = time.monotonic
) -> Context:
    """Return what the drivers are given. `world`: the simulated shop."""
    return Context(
        resources=RESOURCES,
        models=settings.path(settings.models.folder),
        simulation=settings.mode == "simulation",
        clock=clock,
        world=world,
    )


def make_driver(settings: Settings, port: str, context: Context) -> Any:
    """Return the adapter that the settings choose for a port.

    Raises SettingsError (unknown driver or key; a simulator outside simulation), ModelError.
    """
    kind, options = chosen_driver(settings, port)
    return kind(options, context)


def chosen_driver(settings: Settings, port: str) -> tuple[Any, Any]:
    """Return class and checked settings of a port's driver. Raises SettingsError."""
    choice: DriverChoice = getattr(settings, port)
    if choice.driver == "simulated" and settings.mode != "simulation":
        raise SettingsError(Code.SETTINGS_SIMULATION_ONLY, f"{settings.file}: [{port}] driver = 'simulated'")
    kind = driver_class(port, choice, settings.file)
    return kind, driver_settings(port, choice, kind.Settings, settings.file)

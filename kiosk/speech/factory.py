"""Make recognisers without a terminal: for programs that score sound and have no settings file."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kiosk.paths import RESOURCES
from kiosk.ports import Context, Recogniser
from kiosk.settings import DriverChoice, driver_class, driver_settings


def make_recogniser(
    driver: str = "embedded",
    options: Mapping[str, Any] | None = None,
    *,
    models: Path,
    resources: Path = RESOURCES,
    clock: Callable[[], float] = time.monotonic,
) -> Recogniser:
    """Return the recogniser that the entry point `driver` of group `kiosk.recogniser` names.

    `options`: the driver's own keys, as in the `[recogniser]` table of a settings file. `models`: folder of
    installed weights. Raises SettingsError (unknown driver or key), ModelError.
    """
    choice = DriverChoice(driver, dict(options or {}))
    kind = driver_class("recogniser", choice)
    context = Context(resources=resources, models=models, simulation=False, clock=clock)
    recogniser: Recogniser = kind(driver_settings("recogniser", choice, kind.Settings), context)
    return recogniser

"""Chooses the population register that the settings name."""

import logging
from importlib.metadata import entry_points

from central.activation.authority import Authority, NoAuthority
from central.activation.simulated_authority import SimulatedAuthority
from central.settings import Settings

log = logging.getLogger(__name__)


def load_authority(settings: Settings) -> Authority:
    """Return the register of `[authority] driver`, an entry point of group "central.authority".

    Without a driver it is the simulated register in simulation, else none. Raises LookupError for a driver
    that is not installed.
    """
    driver = settings.authority.driver
    if not driver and settings.simulation:
        return SimulatedAuthority(settings.data / "people.json")
    if not driver:
        log.warning("no register is connected: every activation will wait")
        return NoAuthority()
    found = entry_points(group="central.authority", name=driver)
    if not found:
        raise LookupError(f"[authority] driver = {driver!r} is not installed")
    authority: Authority = next(iter(found)).load()(**settings.authority.options)
    return authority

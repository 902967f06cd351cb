"""Chooses the registry and the carrier of messages that the settings name."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from permit.messages.port import MessagePort
from permit.messages.simulated import SimulatedMessages
from permit.registry.port import Registry
from permit.registry.simulated import SimulatedRegistry
from permit.settings import Driver, Settings, SettingsError

SIMULATED = "simulated"
PEOPLE = "permits.json"
"""What the simulated registry knows, in the data folder."""


def load_registry(settings: Settings, clock: Callable[[], float]) -> Registry:
    """Return the registry: an entry point of group "permit.registry", or the simulated one in simulation.

    Raises SettingsError.
    """
    if settings.simulation and settings.registry.driver in ("", SIMULATED):
        return SimulatedRegistry(settings.data / PEOPLE, clock)
    registry: Registry = _load("registry", settings.registry)
    return registry


def load_messages(settings: Settings) -> MessagePort:
    """Return the carrier: an entry point of group "permit.messages", or the simulated one in simulation.

    Raises SettingsError.
    """
    if settings.simulation and settings.messages.driver in ("", SIMULATED):
        return SimulatedMessages(settings.data / "messages.jsonl")
    messages: MessagePort = _load("messages", settings.messages)
    return messages


def _load(kind: str, driver: Driver) -> Any:
    found = entry_points(group=f"permit.{kind}", name=driver.driver)
    if driver.driver in ("", SIMULATED) or not found:
        raise SettingsError(
            f"[{kind}] driver = {driver.driver!r} is not installed, or is for simulation only"
        )
    return next(iter(found)).load()(**driver.options)

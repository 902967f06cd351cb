"""Chooses the provider of text messages that the settings name."""

from importlib.metadata import entry_points

from central.phones.http_gateway import HttpGateway
from central.phones.messages import MessagePort
from central.phones.simulated import SimulatedMessages
from central.settings import Settings

HTTP, SIMULATED = "http", "simulated"


def load_messages(settings: Settings) -> MessagePort | None:
    """Return the provider of `[phone_codes] driver`; None: no message is sent.

    It is "http", "none", or an entry point of group "central.messages". Without a driver it is the simulated
    one in simulation, else none. Raises LookupError for a driver that is not installed, and for the simulated
    one in production: it keeps numbers and codes readable. Raises ValueError for unusable options.
    """
    driver = settings.phone_codes.driver
    if settings.simulation and driver in ("", SIMULATED):
        return SimulatedMessages(settings.data / "messages.jsonl")
    if driver in ("", "none"):
        return None
    if driver == HTTP:
        return HttpGateway(**settings.phone_codes.options)
    found = entry_points(group="central.messages", name=driver)
    if driver == SIMULATED or not found:
        raise LookupError(f"[phone_codes] driver = {driver!r} is not installed, or is for simulation only")
    port: MessagePort = next(iter(found)).load()(**settings.phone_codes.options)
    return port

"""Driver `webhook`: one HTTP POST to a bell, a chat or a home-automation box."""

import ipaddress
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import DeviceLost, DeviceMissing
from kiosk.model import ClerkCallFacts
from kiosk.ports import Context
from kiosk.urls import redacted

_LOCAL_NAMES = (".local", ".lan", ".home.arpa", ".internal")
_FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)


class WebhookCall:
    """Implements `ports.ClerkCall`. The message says which terminal calls and when, nothing about people."""

    reaches = True

    class Settings(Struct, frozen=True, forbid_unknown_fields=True):
        """`url`: https, or http within the shop's own network. `ca`: PEM that its certificate must chain to;
        empty: the system's. `timeout_s`: for the connection, and again for the answer.
        """

        url: str
        ca: str = ""
        timeout_s: float = 3.0

        def __post_init__(self) -> None:
            parts = urlsplit(self.url)
            secure = parts.scheme == "https" and parts.hostname
            if not secure and not (parts.scheme == "http" and is_local(parts.hostname or "")):
                raise ValueError(
                    "url must begin with https://, or with http:// and an address of this network"
                )
            if not 0 < self.timeout_s <= 10:
                raise ValueError("timeout_s must be between 0 and 10")

    def __init__(self, settings: Settings, context: Context) -> None:
        self._settings = settings
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between two machines of one shop

    def probe(self) -> None:
        """Open a connection and close it, without a message. Raises DeviceMissing."""
        parts = urlsplit(self._settings.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            urllib3.util.connection.create_connection(
                (parts.hostname or "", port), self._settings.timeout_s
            ).close()
        except _FAULTS as error:
            raise DeviceMissing(Code.CLERK_CALL_FAILED, self._detail(error)) from None

    def call(self, facts: ClerkCallFacts) -> None:
        """Post the message. Raises DeviceLost unless the other side took it (2xx)."""
        settings = self._settings
        body = msgspec.json.encode({"event": "clerk_wanted"} | msgspec.to_builtins(facts))
        try:
            answer = self._session.post(
                settings.url,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=settings.timeout_s,
                verify=settings.ca or True,
                allow_redirects=False,
                stream=True,  # the body of the answer is not wanted, however long it is
            )
            answer.close()
        except _FAULTS as error:
            raise DeviceLost(Code.CLERK_CALL_FAILED, self._detail(error)) from None
        if not 200 <= answer.status_code < 300:
            raise DeviceLost(Code.CLERK_CALL_FAILED, f"{redacted(settings.url)}: {answer.status_code}")

    def end(self) -> None:
        """Do nothing: a message cannot be taken back."""

    def _detail(self, error: Exception) -> str:
        """Return what went wrong without the address's path, which may be a secret."""
        return f"{redacted(self._settings.url)}: {type(error).__name__}"


def is_local(host: str) -> bool:
    """Return whether a host is surely in the shop's own network: only there may a message go unencrypted."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_LOCAL_NAMES))
    return address.is_private

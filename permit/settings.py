"""Frozen settings: defaults here, overridden by `permit.toml` in the data folder, then by the command line.

Units are in the names. Unknown keys are refused. Secrets are files in the data folder, never settings;
`DATABASE_URL` comes from the environment because it may hold a password.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
    model_validator,
)

SQLITE = "permit.sqlite3"
"""The database in the data folder, where no other is named."""


class SettingsError(Exception):
    """The settings cannot be used; the text names file and key."""


def _https(address: str) -> str:
    """Return an address that is `https://host` or `https://host:port`. Raises ValueError."""
    parts = urlsplit(address)
    whole = parts.scheme == "https" and parts.netloc and not (parts.path or parts.query or parts.fragment)
    if not whole:
        raise ValueError("not https://host or https://host:port")
    return address


Address = Annotated[str, AfterValidator(_https)]


class Section(BaseModel):
    """A table of the settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Http(Section):
    """Connections. Without certificate and key a proxy in front must speak TLS."""

    certificate: Path | None = None  # PEM; relative to the data folder
    key: Path | None = None
    # Addresses or networks of proxies whose X-Forwarded-For is believed. No others': anybody can send it.
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()
    max_bytes: int = Field(default=16_384, ge=1024)  # of a form
    # Mobile networks put thousands of people behind one address; persons and numbers have their own limits.
    per_s: float = Field(default=20.0, gt=0)  # requests of each address, on average …
    burst: int = Field(default=600, ge=1)  # … and at once
    posts_per_s: float = Field(default=5.0, gt=0)  # forms of each address
    posts_burst: int = Field(default=200, ge=1)

    @model_validator(mode="after")
    def _both(self) -> "Http":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        return self


class Login(Section):
    """Authentication at central, by OpenID Connect."""

    issuer: Address
    client_id: str = "permit"
    # keys/client.key, made by `permit init`; or keys/client.secret, as `central relying-party add` printed it
    authentication: Literal["private_key_jwt", "client_secret_basic"] = "private_key_jwt"
    ca: Path | None = None  # PEM of a private authority, relative to the data folder; None: the system's
    levels: tuple[str, ...] = Field(
        default=("urn:central:acr:face", "urn:central:acr:credential+face"), min_length=1
    )
    max_age_s: int = Field(default=600, ge=60, le=3600)


class Driver(Section):
    """A driver: an entry point, or "simulated" in simulation."""

    driver: str = ""
    options: dict[str, Any] = {}


class Binding(Section):
    """When the registry is asked again for a permit that it does not know."""

    after_s: tuple[float, ...] = (60, 300, 1200, 3600, 4 * 3600, 12 * 3600, *(24 * 3600,) * 6)
    after_in_simulation_s: tuple[float, ...] = (5, 10, 20, 40, 60, 120, 300, 600, 3600)


class Reminders(Section):
    """Reminders before something expires."""

    days_before: tuple[Annotated[int, Field(ge=1, le=366)], ...] = (90, 30, 7)


class Worker(Section):
    """Work in the background; several processes share it."""

    poll_s: float = Field(default=2.0, gt=0)
    renewal_ask_s: float = Field(default=3600.0, gt=0)
    renewal_ask_in_simulation_s: float = Field(default=15.0, gt=0)


class PhoneCodes(Section):
    """One-time codes."""

    again_s: float = Field(default=60.0, ge=0)  # between two codes to one number


class Settings(Section):
    """All settings of the service."""

    data: Path
    simulation: bool = False
    database_url: str = ""  # "": SQLite in the data folder
    address: Address
    login: Login
    http: Http = Http()
    registry: Driver = Driver()
    messages: Driver = Driver()
    binding: Binding = Binding()
    phone_codes: PhoneCodes = PhoneCodes()
    reminders: Reminders = Reminders()
    worker: Worker = Worker()

    @property
    def database(self) -> str:
        """Return the URL of the database."""
        return self.database_url or f"sqlite:///{self.data / SQLITE}"

    @property
    def keys(self) -> Path:
        """Return the folder of the keys."""
        return self.data / "keys"

    @property
    def ask_after_s(self) -> tuple[float, ...]:
        """Return the pauses before the registry is asked again."""
        return self.binding.after_in_simulation_s if self.simulation else self.binding.after_s

    @property
    def renewal_ask_s(self) -> float:
        """Return how often the registry is asked about a request that it has received."""
        worker = self.worker
        return worker.renewal_ask_in_simulation_s if self.simulation else worker.renewal_ask_s

    def path(self, path: Path | None) -> Path | None:
        """Return a path of the settings, from the data folder on."""
        return None if path is None else self.data / path


def load(data: Path, database_url: str = "", simulation: bool = False) -> Settings:
    """Return the settings of `data/permit.toml`. Raises SettingsError."""
    path = data / "permit.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: {error}") from None
    fixed = {"data": data, "database_url": database_url, "simulation": simulation}
    if clash := sorted(tables.keys() & fixed.keys()):
        raise SettingsError(f"{path}: {clash[0]}: given on the command line or in the environment only")
    try:
        return Settings.model_validate(tables | fixed)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise SettingsError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None

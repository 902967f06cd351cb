"""One HTTPS call to central, and what can become of it, in our own words."""

import time
from http.client import HTTPException
from pathlib import Path
from ssl import SSLCertVerificationError
from urllib.parse import urlsplit

import requests
import urllib3
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import CentralError, SettingsError, Unreachable, Untrusted

MAX_ANSWER = 1 << 20
"""Bytes. Central's longest answer, 200 challenges, has about 80 KB."""
_CHUNK = 1 << 16


def check_url(url: str, file: str = "") -> None:
    """Raises SettingsError, naming `file`, unless `url` is https with a host."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        where = f"{file}: " if file else ""
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{where}[central] url must begin with https://")


class Response(Struct, frozen=True):
    status: int
    body: bytes


class HttpClient:
    """Keeps one connection alive. For one thread.

    Only the certificates in `ca` are believed. Proxies, `.netrc` and certificates of the environment are not
    looked at, redirects not followed.
    """

    def __init__(self, url: str, ca: Path, connect_s: float, answer_s: float) -> None:
        """Raises SettingsError unless `url` is https."""
        check_url(url)
        self._url = url.rstrip("/")
        self._ca = ca
        self._connect_s = connect_s
        self._answer_s = answer_s
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        answer_s: float | None = None,
    ) -> Response:
        """Send and read the whole answer. Raises Unreachable (outcome unknown), Untrusted."""
        try:
            return self._call(method, path, body, headers or {}, answer_s or self._answer_s)
        except CentralError:
            self.close()
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            # A connection that failed once is not used again: the next try begins with a fresh one.
            self.close()
            raise translated(error) from error

    def close(self) -> None:
        self._session.close()

    def _call(
        self, method: str, path: str, body: bytes, headers: dict[str, str], answer_s: float
    ) -> Response:
        if body:
            headers = {"Content-Type": "application/json"} | headers
        if not self._ca.is_file():
            raise Untrusted(Code.CENTRAL_UNTRUSTED, "there is no certificate to know central by")
        with self._session.request(
            method,
            self._url + path,
            data=body or None,
            headers=headers,
            timeout=(self._connect_s, answer_s),
            verify=str(self._ca),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Response(response.status_code, _read(response, answer_s))


def translated(error: Exception) -> CentralError:
    """Untrusted if the other end could not prove to be central; everything else is a line that broke."""
    if any(isinstance(cause, SSLCertVerificationError) for cause in _causes(error)):
        return Untrusted(Code.CENTRAL_UNTRUSTED, "the certificate does not chain to the one we know")
    return Unreachable(Code.CENTRAL_UNREACHABLE, type(error).__name__)


def _read(response: requests.Response, within_s: float) -> bytes:
    """The body; `within_s` and `MAX_ANSWER` hold for the whole, not for each piece."""
    until = time.monotonic() + within_s
    body = b""
    # `read1` gives what has come; `iter_content` would wait for whole pieces, however slowly they drip.
    while piece := response.raw.read1(_CHUNK, decode_content=False):
        body += piece
        if len(body) > MAX_ANSWER:
            raise Unreachable(Code.CENTRAL_FAULT, "an answer without end")
        if time.monotonic() > until:
            raise Unreachable(Code.CENTRAL_UNREACHABLE, "the answer did not end in time")
    return body


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and all that it wraps: requests and urllib3 keep the reason in several places."""
    found: list[BaseException] = []
    open_: list[object] = [error]
    while open_:
        one = open_.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            open_ += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found

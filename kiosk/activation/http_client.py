"""Make one HTTPS call at a time to central; errors of requests and urllib3 become CentralError."""

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

MAX_RESPONSE_BYTES = 1 << 20
"""Central's longest answer, 200 challenges, has about 80 KB."""
_CHUNK_BYTES = 1 << 16


def check_url(url: str, file: str = "") -> None:
    """Raise SettingsError, naming `file`, unless `url` is https with a host."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        where = f"{file}: " if file else ""
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{where}[central] url must begin with https://")


class HttpResponse(Struct, frozen=True):
    """Status and whole body."""

    status: int
    body: bytes


class HttpClient:
    """HTTPS client that keeps one connection alive. For one thread.

    Only the certificates in `ca` are trusted. Proxies, `.netrc` and certificates of the environment are
    ignored, redirects not followed.
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
    ) -> HttpResponse:
        """Send one request and read the whole response. Raises Unreachable (outcome unknown), Untrusted.

        `answer_s`: limit for the response, instead of the client's own.
        """
        try:
            return self._call(method, path, body, headers or {}, answer_s or self._answer_s)
        except CentralError:
            self.close()
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            # A connection that failed once is not used again: the next try begins with a fresh one.
            self.close()
            raise central_error(error) from error

    def close(self) -> None:
        """Close the connection; the next call opens a fresh one."""
        self._session.close()

    def _call(
        self, method: str, path: str, body: bytes, headers: dict[str, str], answer_s: float
    ) -> HttpResponse:
        if body:
            headers = {"Content-Type": "application/json"} | headers
        if not self._ca.is_file():
            raise Untrusted(Code.CENTRAL_UNTRUSTED, "there is no certificate to verify central with")
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
            return HttpResponse(response.status_code, _read(response, answer_s))


def central_error(error: Exception) -> CentralError:
    """Return Untrusted if the certificate could not be verified, else Unreachable."""
    if any(isinstance(cause, SSLCertVerificationError) for cause in _causes(error)):
        return Untrusted(Code.CENTRAL_UNTRUSTED, "the certificate does not chain to the known one")
    return Unreachable(Code.CENTRAL_UNREACHABLE, type(error).__name__)


def _read(response: requests.Response, within_s: float) -> bytes:
    """Read the body; `within_s` and `MAX_RESPONSE_BYTES` hold for the whole, not for each piece."""
    until = time.monotonic() + within_s
    body = b""
    # `read1` returns what has arrived; `iter_content` would wait for whole pieces, however slowly they come.
    while piece := response.raw.read1(_CHUNK_BYTES, decode_content=False):
        body += piece
        if len(body) > MAX_RESPONSE_BYTES:
            raise Unreachable(Code.CENTRAL_FAULT, "the answer is too long")
        if time.monotonic() > until:
            raise Unreachable(Code.CENTRAL_UNREACHABLE, "the answer did not end in time")
    return body


def _causes(error: BaseException) -> list[BaseException]:
    """Return the exception and all that it wraps: requests and urllib3 keep the reason in several places."""
    causes: list[BaseException] = []
    unvisited: list[object] = [error]
    while unvisited:
        cause = unvisited.pop()
        if isinstance(cause, BaseException) and cause not in causes:
            causes.append(cause)
            unvisited += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return causes

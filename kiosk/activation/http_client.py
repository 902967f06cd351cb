"""Make one HTTPS call at a time to central; errors of requests and urllib3 become CentralError.

Every call carries a fresh `Request-Id`, which both ends log: the two logs can be joined by it.
"""

import logging
import secrets
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from ssl import SSLCertVerificationError, SSLEOFError, SSLZeroReturnError
from urllib.parse import urlsplit

import requests
import urllib3
from msgspec import Struct

from kiosk.codes import Code
from kiosk.errors import CentralError, SettingsError, Unreachable, Untrusted

log = logging.getLogger(__name__)

MAX_RESPONSE_BYTES = 1 << 20
"""Central's longest answer, 200 challenges, has about 80 KB."""
IDLE_S = 60.0
"""A connection that was idle for longer is not used again: central, a proxy or a router may have dropped it.

Longer than the pause between two heartbeats, shorter than central keeps a connection.
"""
_CHUNK_BYTES = 1 << 16
_CUT = (
    ConnectionResetError,
    BrokenPipeError,
    SSLEOFError,
    SSLZeroReturnError,
)
"""The first covers `http.client.RemoteDisconnected`."""
_NOT_NOW = {9, 10}
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED."""


def check_url(url: str, file: str = "") -> None:
    """Raise SettingsError, naming `file`, unless `url` is https with a host."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        where = f"{file}: " if file else ""
        raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{where}[central] url must begin with https://")


class HttpResponse(Struct, frozen=True):
    """Status and whole body.

    `content_type` is in lower case, without parameters; `retry_after_s`: how long the other end asks to wait.
    """

    status: int
    body: bytes
    content_type: str = ""
    retry_after_s: float | None = None


class KeptConnectionCut(Unreachable):
    """A connection kept from an earlier call was closed before the answer: perhaps before the request came.

    What may be repeated is worth one more try, on a fresh connection.
    """


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
        self._kept_since: float | None = None  # end of the last call, if its connection was kept
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
        id, began, outcome = secrets.token_hex(16), time.monotonic(), "failed"
        named = (headers or {}) | {"Request-Id": id}
        try:
            response = self._send(method, path, body, named, answer_s or self._answer_s)
            outcome = str(response.status)
            return response
        finally:
            ms = (time.monotonic() - began) * 1000
            log.info("%s %s %s %.0f ms request_id=%s", method, _route(path), outcome, ms, id)

    def close(self) -> None:
        """Close the connection; the next call opens a fresh one."""
        self._session.close()
        self._kept_since = None

    def _send(
        self, method: str, path: str, body: bytes, headers: dict[str, str], answer_s: float
    ) -> HttpResponse:
        if self._kept_since is not None and time.monotonic() - self._kept_since > IDLE_S:
            self.close()
        try:
            response = self._call(method, path, body, headers, answer_s)
        except CentralError:
            self.close()
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            # A connection that failed once is not used again: the next try begins with a fresh one.
            was_kept = self._kept_since is not None
            self.close()
            raise central_error(error, was_kept=was_kept) from error
        self._kept_since = time.monotonic()
        return response

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
            return HttpResponse(
                status=response.status_code,
                body=_read(response, answer_s),
                content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                retry_after_s=retry_after_s(response.headers),
            )


def central_error(error: Exception, *, was_kept: bool = False) -> CentralError:
    """Return Untrusted if the certificate could not be verified, else Unreachable.

    One that is only not valid yet, or not any more, is a matter of time: its chain has been verified by then.
    `was_kept`: the connection was one of an earlier call.
    """
    causes = _causes(error)
    refused = [cause for cause in causes if isinstance(cause, SSLCertVerificationError)]
    if any(cause.verify_code in _NOT_NOW for cause in refused):
        return Unreachable(Code.CENTRAL_CERTIFICATE_DATES, str(refused[0].verify_message))
    if refused:
        return Untrusted(Code.CENTRAL_UNTRUSTED, "the certificate does not chain to the known one")
    cut = was_kept and any(isinstance(cause, _CUT) for cause in causes)
    return (KeptConnectionCut if cut else Unreachable)(Code.CENTRAL_UNREACHABLE, type(error).__name__)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks to wait (RFC 9110, 10.2.3); None if it is not there.

    A date is compared with the answer's own `Date`: the clock of this machine may be wrong.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, wait.total_seconds())


def _route(path: str) -> str:
    """Return a path without what follows its second part: it may name a visit."""
    return "/".join(path.partition("?")[0].split("/")[:3])


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

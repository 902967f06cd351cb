"""What routes need of a request: its session, its form, sent from this site, and not too often."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from permit.codes import Code
from permit.errors import PermitError
from permit.sessions.sessions import Session
from permit.web.pages import SESSION, service_of

MAX_FIELDS = 40
MOST_NAMES = 50_000
_FORM = "application/x-www-form-urlencoded"


def find_session(request: Request) -> Session | None:
    """Return the browser's session; None if it has none."""
    secret = request.cookies.get(SESSION)
    return None if secret is None else service_of(request).sessions.find(secret)


async def read_form(request: Request) -> dict[str, str]:
    """Return the form of a POST that this site's own page has sent. Raises PermitError.

    Browsers send `Origin` with every POST; a form of another site has another one, or "null".
    """
    if request.headers.get("origin") != service_of(request).settings.address:
        raise PermitError(Code.ELSEWHERE)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise PermitError(Code.MALFORMED)
    body = await _read_body(request)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise PermitError(Code.MALFORMED) from None
    return dict(pairs)


async def _read_body(request: Request) -> bytes:
    body, most = bytearray(), service_of(request).settings.http.max_bytes
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise PermitError(Code.MALFORMED)
    return bytes(body)


def client_of(request: Request) -> str:
    """Return the caller's IPv4 address, or the /64 of an IPv6 address: one subscriber has all of it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))


class RateLimiter:
    """A token bucket for each name: `per_s` on average, `burst` at once; of the last `MOST_NAMES` names."""

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, name: str) -> None:
        """Take one token of `name`. Raises PermitError if there is none."""
        now = self._clock()
        with self._lock:
            left, since = self._buckets.get(name, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._per_s)
            self._buckets[name] = (left - 1 if left >= 1 else left, now)
            self._buckets.move_to_end(name)
            if len(self._buckets) > MOST_NAMES:
                self._buckets.popitem(last=False)
        if left < 1:
            raise PermitError(Code.TOO_OFTEN)


Browser = Annotated[Session | None, Depends(find_session)]
Form = Annotated[dict[str, str], Depends(read_form)]

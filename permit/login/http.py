"""Calls the OpenID Connect provider: JSON over TLS, small, in time, without proxies and redirections."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import requests

from permit.codes import Code
from permit.errors import PermitError

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
MAX_BYTES = 262_144


class Http:
    """Fetches JSON objects. Every failure is PermitError LOGIN_UNAVAILABLE; the log gets its kind."""

    def __init__(self, ca: Path | None) -> None:
        """`ca`: a private certificate authority to trust; None: the system's."""
        self._verify: str | bool = str(ca) if ca is not None else True

    def get(self, url: str) -> dict[str, Any]:
        """Return a document. Raises PermitError."""
        status, body = self._call("GET", url)
        if status != requests.codes.ok:
            log.error("the provider answered %d", status)
            raise PermitError(Code.LOGIN_UNAVAILABLE)
        return body

    def post(
        self, url: str, form: Mapping[str, str], auth: tuple[str, str] | None
    ) -> tuple[int, dict[str, Any]]:
        """Send a form, with basic authentication if `auth`; return status and body. Raises PermitError."""
        return self._call("POST", url, form, auth)

    def _call(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        try:
            with requests.Session() as session:
                session.trust_env = False
                with session.request(
                    method, url, data=form, auth=auth, verify=self._verify, timeout=TIMEOUT_S,
                    allow_redirects=False, stream=True,
                ) as answer:  # fmt: skip
                    text = answer.raw.read(MAX_BYTES + 1, decode_content=True)
            if len(text) > MAX_BYTES:
                raise ValueError("too large")
            return answer.status_code, msgspec.json.decode(text, type=dict[str, Any])
        except (requests.RequestException, OSError, ValueError, msgspec.MsgspecError) as error:
            log.error("the provider cannot be used: %s", type(error).__name__)
            raise PermitError(Code.LOGIN_UNAVAILABLE) from None

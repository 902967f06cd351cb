"""Text messages through a provider's HTTP interface, without a program for each provider.

    [phone_codes]
    driver = "http"
    [phone_codes.options]
    url = "https://sms.example/send"
    body = '{"to": "+86{phone}", "template": "42", "values": ["{code}"]}'
    headers_file = "/etc/central/sms-headers"    # lines "Authorization: Bearer …"; readable by central only
    accepted = '"status": *"OK"'                 # a regular expression; "": any answer 200 … 299

`{phone}`, `{code}`, `{text}` and `{language}` are filled in, escaped for JSON, or for a form where
`content_type` says so. A provider whose requests need a computed signature needs a driver of its own.
"""

import json
import re
import stat
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from central.phones.messages import CodeMessage

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MAX_ANSWER_BYTES = 64 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: the number goes to the provider that was named, and nowhere else."""


class HttpGateway:
    """Posts each message to `url`. Raises ValueError for settings that cannot work."""

    def __init__(
        self,
        *,
        url: str,
        body: str,
        content_type: str = JSON,
        headers_file: str = "",
        accepted: str = "",
        within_s: float = 3.0,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("[phone_codes.options] url must begin with https://")
        if content_type not in (JSON, FORM):
            raise ValueError(f"[phone_codes.options] content_type is {JSON} or {FORM}")
        if "{phone}" not in body or not ("{code}" in body or "{text}" in body):
            raise ValueError("[phone_codes.options] body needs {phone}, and {code} or {text}")
        self._url, self._body, self._within_s = url, body, within_s
        self._escape = _json_text if content_type == JSON else quote
        self._accepted = re.compile(accepted)
        self._headers = {"Content-Type": content_type} | _read_headers(headers_file)
        self._opener = build_opener(ProxyHandler({}), _NoRedirects)

    def send(self, message: CodeMessage) -> None:
        """Post the message. Raises OSError, ValueError."""
        values = {
            "phone": message.phone,
            "code": message.code,
            "text": message.text,
            "language": message.language,
        }
        filled = re.sub(
            r"\{(phone|code|text|language)\}", lambda found: self._escape(values[found[1]]), self._body
        )
        request = Request(self._url, filled.encode(), self._headers, method="POST")  # noqa: S310 - checked above
        with self._opener.open(request, timeout=self._within_s) as answer:
            said = answer.read(MAX_ANSWER_BYTES).decode(errors="replace")
            if answer.status >= HTTPStatus.MULTIPLE_CHOICES or not self._accepted.search(said):
                raise ValueError("the provider did not take the message")


def _json_text(text: str) -> str:
    return json.dumps(text)[1:-1]


def _read_headers(path: str) -> dict[str, str]:
    """Return the headers in a file, which hold secrets.

    Raises ValueError if others can read it, or if it cannot be read here.
    """
    if not path:
        return {}
    try:
        mode, lines = Path(path).stat().st_mode, Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise ValueError(f"{path}: must be readable by central's user only (chmod 600)")
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}

"""Addresses as they may be shown and logged: that of a network camera holds its name and password."""

import re

MASK = "••••"
# Up to the last "@": a password need not be escaped as it should. Cameras also take it in path and query.
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/+)(\S*@)?([^\s/?#]*)(\S*)")


def redacted(text: str) -> str:
    """Return `text` with every address in it cut to scheme, host and port; a mask stands for the rest."""
    return _URL.sub(_redacted, text)


def _redacted(found: re.Match[str]) -> str:
    scheme, user, host, rest = found.groups()
    return f"{scheme}{f'{MASK}@' if user else ''}{host}{rest if len(rest) < 2 else f'/{MASK}'}"

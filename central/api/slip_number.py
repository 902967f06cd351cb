"""Reads the number of a slip as people type it."""

import re
import unicodedata

from central.protocol.messages import VISIT_NUMBER

_ALIKE = str.maketrans("OIL", "011")
"""Letters that no number has, and the digits they were taken for (Crockford's base 32)."""


def read(typed: str) -> str | None:
    """Return the number in its own spelling; None if it cannot be one.

    Case, dashes, blanks and full-width characters of a Chinese keyboard do not matter.
    """
    text = unicodedata.normalize("NFKC", typed[:200]).upper().translate(_ALIKE)
    characters = re.sub(r"[\s\-\u2010-\u2015\u2212._·、，,]", "", text)
    number = "-".join(characters[i : i + 4] for i in range(0, len(characters), 4))
    return number if re.fullmatch(VISIT_NUMBER, number) else None

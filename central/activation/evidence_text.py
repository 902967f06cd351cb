"""Reads the evidence of a request as it is stored."""

import json
from typing import Any


def read_evidence(text: str) -> dict[str, Any]:
    """Return the evidence; nothing if it was erased, or cannot be read: the state is known without it."""
    try:
        evidence = json.loads(text) if text else {}
    except ValueError:
        return {}
    return evidence if isinstance(evidence, dict) else {}

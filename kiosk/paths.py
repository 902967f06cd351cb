"""The folder of the resources: inside an installed package, or at the top of a checkout."""

from pathlib import Path

_CHECKOUT = Path(__file__).parents[1] / "resources"
_WHEEL = Path(__file__).parent / "_resources"

RESOURCES = _WHEEL if _WHEEL.is_dir() else _CHECKOUT

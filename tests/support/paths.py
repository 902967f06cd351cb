"""Folders that several test packages read."""

from pathlib import Path

MODELS = Path(__file__).parents[2] / "var" / "models"
"""Where `kiosk models install` puts the weights."""

"""Whole measurements run real engines on many pictures: on a busy machine they take many minutes."""

from pathlib import Path

import pytest

BUSY_MACHINE_S = 1800


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.timeout(BUSY_MACHINE_S))

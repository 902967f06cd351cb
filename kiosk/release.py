"""The date of this release: a terminal that has not been updated for too long goes out of service."""

from datetime import UTC, datetime

RELEASED = datetime(2026, 11, 24, tzinfo=UTC)

"""When this program was released: a terminal that nobody has updated for too long serves nobody."""

from datetime import UTC, datetime

RELEASED = datetime(2026, 11, 24, tzinfo=UTC)

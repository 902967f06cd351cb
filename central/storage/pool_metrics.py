"""Counts the database connections that are in use."""

from typing import Any

from sqlalchemy import Engine, QueuePool, event

from central import metrics


def watch(engine: Engine) -> None:
    """Keep the metrics of the engine's pool current from now on."""
    if isinstance(engine.pool, QueuePool):
        metrics.POOL_SIZE.inc(engine.pool.size() + engine.pool._max_overflow)

    @event.listens_for(engine, "checkout")
    def _taken(*_: Any) -> None:
        metrics.POOL_IN_USE.inc()

    @event.listens_for(engine, "checkin")
    def _returned(*_: Any) -> None:
        metrics.POOL_IN_USE.dec()

"""Metrics of this process, as Prometheus counts them; `central.api.metrics` serves them.

No label names a terminal, a visit or a person, and every label has few values. With several worker processes
each writes to files in PROMETHEUS_MULTIPROC_DIR, and a scrape of any of them shows the sum of all.
"""

import os

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nothing reads

_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_REGISTER_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)

REQUEST_SECONDS = Histogram(
    "central_request_seconds", "Time to answer a request", ("method", "route"), buckets=_REQUEST_S
)
REQUESTS = Counter("central_requests", "Requests answered", ("method", "route", "status"))
PROBLEMS = Counter("central_problems", "Requests refused, by code", ("code",))
SHED = Counter("central_requests_shed", "Requests turned away before any work, by the limit", ("limit",))
ACTIVATIONS = Counter(
    "central_activations", "Decisions about requests, by status and class of code", ("status", "reason")
)
REGISTER_CALLS = Counter("central_register_calls", "Questions to the population register", ("result",))
REGISTER_SECONDS = Histogram(
    "central_register_seconds", "Time until the population register answered", buckets=_REGISTER_S
)
REGISTER_RUNNING = Gauge(
    "central_register_calls_running",
    "Questions that the population register has not answered yet",
    multiprocess_mode="livesum",
)
REGISTER_HUNG = Counter("central_register_hung", "Questions that took longer than their time-out")
POOL_IN_USE = Gauge(
    "central_database_connections_in_use",
    "Database connections that are in use",
    multiprocess_mode="livesum",
)
POOL_SIZE = Gauge(
    "central_database_connections_max",
    "Database connections that may be in use",
    multiprocess_mode="livesum",
)
POOL_EXHAUSTED = Counter(
    "central_database_pool_exhausted", "Requests that waited for a database connection in vain"
)
ERASED_UNIX = Gauge(
    "central_erasure_last_run_timestamp_seconds",
    "When a process last erased what was due",
    multiprocess_mode="max",
)


def is_multiprocess() -> bool:
    """Return whether this is one of several processes that count together."""
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ


def count_decision(status: str, code: str) -> None:
    """Count a decision about a request; `code` counts by its class, the part before the first dot."""
    ACTIVATIONS.labels(status, code.partition(".")[0]).inc()

"""Counts and times the questions to a population register, and knows whether it answered lately."""

import threading

from central import metrics
from central.activation.authority import Authority, MatchResult


class MeasuredAuthority:
    """A register that is asked through this: the answers of `authority`, counted."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._lock = threading.Lock()
        self._failures = 0

    @property
    def failures(self) -> int:
        """Return how many answers in a row were failures, up to now."""
        return self._failures

    def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
        """Return the register's answer. Raises what it raises."""
        result = "failed"
        try:
            with metrics.REGISTER_RUNNING.track_inprogress(), metrics.REGISTER_SECONDS.time():
                answer = MatchResult(self._authority.check(name, number, picture))
            result = answer.value
            return answer
        finally:
            metrics.REGISTER_CALLS.labels(result).inc()
            with self._lock:
                failed = result in ("failed", MatchResult.UNAVAILABLE)
                self._failures = self._failures + 1 if failed else 0

    def reference(self, name: str, number: str) -> bytes | None:
        """Return the register's photo. Raises what it raises."""
        with metrics.REGISTER_RUNNING.track_inprogress(), metrics.REGISTER_SECONDS.time():
            return self._authority.reference(name, number)

"""Threads of their own for work that waits for the register, so that nothing else waits with it.

A call into a foreign library cannot be ended from outside. One that takes longer than its time-out gives its
place to another and goes on alone; if it returns, its result is used like any other. So many calls may hang
at once as `hung_most` says; beyond it the places stay taken, and work waits until one returns or central is
started again.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from central import metrics

log = logging.getLogger(__name__)

HUNG_MOST = 64
"""Calls that may hang beside those that run; each holds a thread and one person's data in memory."""


@dataclass(frozen=True, kw_only=True)
class WorkerCounts:
    """State of the workers, for metrics. `hung`: calls past their time-out that have not returned."""

    running: int
    queued: int
    hung: int
    hung_total: int
    returned_late_total: int


Done = Future[BaseException | None]
"""Holds what the work raised, or None."""


@dataclass(eq=False)
class _Job:
    work: Callable[[], object]
    when_overdue: Callable[[], object]
    done: Done = field(default_factory=Future)
    started: float = 0.0
    is_late: bool = False


class AuthorityWorkers:
    """Does at most `most` pieces of work at a time, each for `timeout_s`; more wait in a queue.

    Call `expire` about once a second: it finds what takes too long. `clock`: monotonic, in seconds.
    """

    def __init__(
        self,
        most: int,
        timeout_s: float,
        hung_most: int = HUNG_MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._timeout_s = timeout_s
        self._hung_most = hung_most
        self._clock = clock
        self._changed = threading.Condition()
        self._queue: deque[_Job] = deque()
        self._running: set[_Job] = set()
        self._threads = 0  # idle or with a place; those that hang have none
        self._hung = self._hung_total = self._late_total = 0
        self._closed = False

    def start(self, work: Callable[[], object], when_overdue: Callable[[], object] = lambda: None) -> Done:
        """Do `work` as soon as a place is free; the future is done when it is.

        `when_overdue` is called once, by the caller of `expire`, if the work takes longer than the time-out.
        """
        job = _Job(work, when_overdue)
        with self._changed:
            if self._closed:
                job.done.cancel()
                return job.done
            self._queue.append(job)
            self._fill_places()
            self._changed.notify()
        return job.done

    def withdraw(self, done: Done) -> bool:
        """Take work out of the queue; return False if it was begun."""
        with self._changed:
            waiting = next((job for job in self._queue if job.done is done), None)
            if waiting is not None:
                self._queue.remove(waiting)
        return waiting is not None

    def free(self) -> int:
        """Return how much work would be begun at once."""
        with self._changed:
            return self._places()

    def wait_for_place(self, timeout_s: float) -> None:
        """Wait until work would be begun at once, at most so long; return at once when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._places() > 0, timeout_s)

    def expire(self) -> None:
        """Report work that takes too long, and give its places to other work."""
        overdue, before = [], self._clock() - self._timeout_s
        with self._changed:
            for job in [job for job in self._running if job.started <= before]:
                if not job.is_late:
                    job.is_late = True
                    self._hung_total += 1
                    overdue.append(job)
                if self._hung < self._hung_most:
                    self._running.remove(job)
                    self._hung += 1
                    self._threads -= 1
            self._fill_places()
            hung = self._hung
        metrics.REGISTER_HUNG.inc(len(overdue))
        for job in overdue:
            log.error("no answer of the register for %g s; %d calls hang", self._timeout_s, hung)
            attempt(job.when_overdue)

    def counts(self) -> WorkerCounts:
        """Return how much runs, waits and hangs now."""
        with self._changed:
            return WorkerCounts(
                running=len(self._running),
                queued=len(self._queue),
                hung=self._hung,
                hung_total=self._hung_total,
                returned_late_total=self._late_total,
            )

    def close(self, timeout_s: float) -> None:
        """Begin nothing more and wait for what runs, at most `timeout_s`; the rest is due after its lease."""
        with self._changed:
            self._closed = True
            while self._queue:
                self._queue.popleft().done.cancel()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running, timeout_s)

    def _places(self) -> int:
        return max(0, self._most - len(self._running) - len(self._queue))

    def _fill_places(self) -> None:
        """Start a thread for work that would wait although there is a place. The lock is held."""
        while self._threads < min(self._most, len(self._running) + len(self._queue)):
            self._threads += 1
            threading.Thread(target=self._serve, name="authority", daemon=True).start()

    def _serve(self) -> None:
        has_place = True
        while has_place and (job := self._take()) is not None:
            error = attempt(job.work)
            with self._changed:
                has_place = job in self._running
                if has_place:
                    self._running.remove(job)
                else:  # another thread has its place
                    self._hung -= 1
                self._late_total += job.is_late
                self._changed.notify_all()
            job.done.set_result(error)

    def _take(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            if self._closed:
                return None
            job = self._queue.popleft()
            job.started = self._clock()
            self._running.add(job)
            return job


def attempt(work: Callable[[], object]) -> BaseException | None:
    """Call `work` and return what it raises. Its type is logged, but not its text, which may be personal."""
    try:
        work()
    except BaseException as error:
        log.error("work for the register failed: %s", type(error).__name__)
        return error
    return None

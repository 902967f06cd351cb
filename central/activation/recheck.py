"""Asks the register again when a request is due, in workers of its own.

When to ask is in the database (`recheck_unix`, `absent`), so a restart forgets nothing; any number of
processes share the work.
"""

import threading
from functools import partial

from central.activation.activations import Activations, Claim
from central.activation.authority_workers import AuthorityWorkers, attempt
from central.storage.clock import DatabaseClock


class Rechecker:
    """Thread with one round every `poll_s`; a round that fails is logged and the next one comes.

    A round claims as many due requests as workers are free. `others`: workers whose time-outs it watches too.
    """

    def __init__(
        self,
        activations: Activations,
        clock: DatabaseClock,
        workers: AuthorityWorkers,
        others: AuthorityWorkers,
        *,
        poll_s: float,
    ) -> None:
        self._activations = activations
        self._clock = clock
        self._workers = workers
        self._others = others
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recheck", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop thread and workers; a request that is half done then is taken up after its lease."""
        self._stop.set()
        self._workers.close(timeout_s)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            for step in (self._clock.refresh, self._others.expire, self._workers.expire):
                attempt(step)
            if self._start_due():
                self._workers.wait_for_place(self._poll_s)
            else:
                self._stop.wait(self._poll_s)

    def _start_due(self) -> bool:
        """Start what is due; return whether more may be due than workers are free."""
        free = self._workers.free()
        if not free:
            return True
        claims: list[Claim] = []
        attempt(lambda: claims.extend(self._activations.claim_due(free)))
        for claim in claims:
            self._workers.start(
                partial(self._activations.resume, claim), partial(self._activations.give_up, claim)
            )
        return len(claims) == free

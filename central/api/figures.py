"""Figures about the whole system for Prometheus, read from the database and the key files at a scrape.

They are the same whichever process is asked, and at most `refresh_s` old, so that scrapes cost the database
little however many there are.
"""

import logging
import platform
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central import __version__
from central.fleet import alarms
from central.security import keys
from central.settings import Observability, Settings
from central.storage.database import Database
from central.storage.tables import Activation, Status, Terminal, TerminalState

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DatabaseFigures:
    """What the database says at one time."""

    at: float  # monotonic, seconds
    terminals: dict[str, int]  # by state
    terminals_seen: int  # enrolled, with a heartbeat of late
    terminals_out: dict[str, int]  # of these out of service, by code
    waiting: int  # requests in the terminals' outboxes
    pending: int
    due: int
    oldest_due_s: float  # how long the first one has been due; 0: none is
    alarms: dict[str, int]  # open, by kind


class Figures(Collector):
    """Collector of the system's figures. `database` may be called from any thread."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._lock = threading.Lock()
        self._last: DatabaseFigures | None = None

    def database(self) -> DatabaseFigures:
        """Return the database's figures, at most `refresh_s` old. Raises SQLAlchemyError."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last.at > self._rules.refresh_s:
                with self._database.read() as session:
                    self._last = read(session, time.time(), self._rules.terminal_seen_s)
            return self._last

    def are_keys_current(self) -> bool:
        """Return whether sealing key and server certificate are young enough."""
        now, day = time.time(), 86_400.0
        expires = self._certificate_expires()
        sealing = min((age for name, age in self._key_ages(now) if name.startswith("sealing-")), default=0.0)
        is_valid = expires is None or expires - now > self._rules.certificate_days * day
        return is_valid and sealing < self._rules.key_days * day

    def collect(self) -> Iterator[Metric]:
        """Return the metrics; without those of the database if it does not answer."""
        labels = {
            "version": __version__,
            "python": platform.python_version(),
            "database": self._database.engine.dialect.name,
        }
        yield InfoMetricFamily("central_build", "What runs", labels)
        yield from self._collect_keys()
        try:
            found = self.database()
        except Exception as error:
            log.error("no figures from the database: %s", type(error).__name__)
            yield _gauge("central_database_up", "Whether the database answered", 0)
            return
        yield _gauge("central_database_up", "Whether the database answered", 1)
        yield from _database_metrics(found)

    @property
    def _rules(self) -> Observability:
        return self._settings.observability

    def _collect_keys(self) -> Iterator[Metric]:
        ages = GaugeMetricFamily("central_key_age_seconds", "Time since a key was made", labels=["key"])
        for name, age in self._key_ages(time.time()):
            ages.add_metric([name], age)
        yield ages
        if (expires := self._certificate_expires()) is not None:
            name = "central_certificate_expires_timestamp_seconds"
            yield _gauge(name, "When the server's certificate ends", expires)

    def _key_ages(self, now: float) -> Iterator[tuple[str, float]]:
        folder = self._settings.data / "keys"
        for path in (folder / keys.CHALLENGE, folder / keys.PERSONAL_DATA, *keys.sealing_files(folder)):
            yield path.stem, max(0.0, now - path.stat().st_mtime)

    def _certificate_expires(self) -> float | None:
        path = self._settings.data / "keys" / "server.pem"
        if not path.exists():  # it is elsewhere, or a proxy has it
            return None
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()


def read(session: Session, now: float, seen_s: float) -> DatabaseFigures:
    """Return the figures of the database. `seen_s`: a terminal counts as seen so long after a heartbeat."""
    is_seen = (Terminal.state == TerminalState.ENROLLED) & (Terminal.seen_unix > now - seen_s)
    by_state = session.execute(
        select(
            Terminal.state, func.count(), func.count().filter(is_seen), func.sum(Terminal.waiting)
        ).group_by(Terminal.state)
    ).all()
    out = session.execute(
        select(Terminal.out_code, func.count())
        .where(is_seen, Terminal.out_code != "")
        .group_by(Terminal.out_code)
    ).all()
    is_pending = Activation.status == Status.PENDING.value
    is_due = is_pending & (Activation.recheck_unix <= now) & (Activation.lease_unix <= now)
    pending = session.scalar(select(func.count()).where(is_pending)) or 0
    due, oldest = session.execute(select(func.count(), func.min(Activation.recheck_unix)).where(is_due)).one()
    return DatabaseFigures(
        at=time.monotonic(),
        terminals={state: count for state, count, _, _ in by_state},
        terminals_seen=sum(seen for _, _, seen, _ in by_state),
        terminals_out={code: count for code, count in out if code},
        waiting=sum(waiting or 0 for *_, waiting in by_state),
        pending=pending,
        due=due,
        oldest_due_s=0.0 if oldest is None else now - oldest,
        alarms=dict(Counter(alarm.what for alarm in alarms.open_alarms(session))),
    )


def _database_metrics(found: DatabaseFigures) -> Iterator[Metric]:
    yield _gauges("central_terminals", "Terminals by state", "state", found.terminals)
    yield _gauge(
        "central_terminals_seen", "Enrolled terminals with a heartbeat of late", found.terminals_seen
    )
    yield _gauges(
        "central_terminals_out_of_service",
        "Of these, that serve nobody, by code",
        "code",
        found.terminals_out,
    )
    yield _gauge("central_outbox_waiting", "Requests that wait in outboxes, by the heartbeats", found.waiting)
    yield _gauge("central_recheck_pending", "Requests that wait for the register", found.pending)
    yield _gauge("central_recheck_due", "Requests whose next check is due", found.due)
    yield _gauge("central_recheck_oldest_due_seconds", "How long the first is due", found.oldest_due_s)
    yield _gauges("central_alarms_open", "Alarms nobody has looked into, by kind", "kind", found.alarms)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value)


def _gauges(name: str, text: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family

"""`/healthz` and `/readyz`: who is sent requests, and what operators are told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from central.activation.authority import MatchResult, ask
from central.activation.measured_authority import MeasuredAuthority
from central.api import readiness
from central.security import certificates
from central.storage.schema import is_schema_served
from tests.support.central_server import RunningCentral
from tests.support.in_process_central import InProcessCentral

ALL = {"database", "keys", "process", "queue", "register", "schema"}


@pytest.fixture
def within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessCentral]:
    monkeypatch.setattr(readiness, "CACHE_S", -1.0)
    central = InProcessCentral(tmp_path)
    yield central
    central.close()


def ready(central: InProcessCentral) -> tuple[int, str, set[str]]:
    """Status, word and failed checks of `/readyz`."""
    answer = central.client.request("GET", "/readyz")
    body = answer.json()
    assert set(body["checks"]) == ALL
    return answer.status_code, body["status"], {n for n, said in body["checks"].items() if said != "ok"}


def test_both_answer_without_a_signature(central: RunningCentral) -> None:
    assert central.get("/healthz") == {"status": "ok"}
    assert central.get("/readyz") == {"status": "ok", "checks": dict.fromkeys(sorted(ALL), "ok")}


def test_a_process_that_stops_is_not_ready(within: InProcessCentral) -> None:
    within.service.readiness.stopping = True
    assert ready(within) == (503, "unavailable", {"process"})
    assert within.client.request("GET", "/healthz").status_code == 200


def test_without_its_database_it_is_not_ready(
    within: InProcessCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def fail() -> Iterator[None]:
        raise OperationalError("SELECT", {}, Exception("gone"))
        yield

    with monkeypatch.context() as patch:
        patch.setattr(within.service.database, "read", fail)
        assert ready(within) == (503, "unavailable", {"database", "schema", "queue"})
        assert within.client.request("GET", "/healthz").status_code == 200
    assert ready(within)[0] == 200


def test_a_database_that_hangs_delays_no_answer(
    within: InProcessCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, entered = threading.Event(), []

    @contextmanager
    def hang() -> Iterator[None]:
        entered.append(1)
        hangs.wait(60)
        raise OperationalError("SELECT", {}, Exception("gone"))
        yield

    monkeypatch.setattr(readiness, "LIMIT_S", 0.05)
    monkeypatch.setattr(within.service.database, "read", hang)
    try:
        for _ in range(3):
            assert ready(within) == (503, "unavailable", {"database", "schema", "queue"})
        assert len(entered) == 1  # those who ask do not add to what hangs
    finally:
        hangs.set()


def test_a_register_that_is_silent_is_told_and_stops_nothing(within: InProcessCentral) -> None:
    class Silent:
        def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
            raise TimeoutError

    register = within.service.readiness._authority
    answering, register._authority = register._authority, Silent()
    for _ in range(readiness.REGISTER_FAILURES):
        assert ready(within)[0] == 200
        assert ask(register, "", "", None) is MatchResult.UNAVAILABLE
    assert ready(within) == (200, "degraded", {"register"})
    register._authority = answering
    ask(register, "", "", None)
    assert ready(within) == (200, "ok", set())


def test_failures_are_counted_in_a_row() -> None:
    class Register:
        answer = MatchResult.UNAVAILABLE

        def check(self, name: str, number: str, picture: bytes | None) -> MatchResult:
            return self.answer

    register = Register()
    measured = MeasuredAuthority(register)
    for _ in range(3):
        measured.check("", "", None)
    assert measured.failures == 3
    register.answer = MatchResult.NOT_FOUND
    measured.check("", "", None)
    assert measured.failures == 0


@pytest.mark.parametrize(
    ("revision", "served"),
    [("0001", False), ("9999", True), ("9999-since-9998", False), ("another", False), (None, False)],
)
def test_only_this_schema_and_later_ones_that_serve_both_are_served(
    within: InProcessCentral, revision: str | None, served: bool
) -> None:
    with within.service.database.write() as session:
        session.execute(text("DELETE FROM alembic_version"))
        if revision is not None:
            session.execute(text("INSERT INTO alembic_version VALUES (:r)"), {"r": revision})
        assert is_schema_served(session) is served
    assert ready(within)[0] == (200 if served else 503)


def test_a_check_that_is_overdue_is_told(within: InProcessCentral, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(within.service.readiness, "_queue_s", -1.0)
    assert ready(within) == (200, "degraded", {"queue"})


@pytest.mark.parametrize("setting", ["key_days", "certificate_days"])
def test_old_keys_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, within: InProcessCentral
) -> None:
    certificates.make(tmp_path / "keys", ["localhost"])
    rules = within.service.settings.observability
    changed = rules.model_copy(update={"key_days": 0.0} if setting == "key_days" else {setting: 1e5})
    settings = within.service.settings.model_copy(update={"observability": changed})
    monkeypatch.setattr(within.service.figures, "_settings", settings)
    assert ready(within) == (200, "degraded", {"keys"})

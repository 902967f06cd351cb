"""Prometheus metrics: what they count, what they never name, and the files that use them."""

import json
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from central.api import admin
from central.security import certificates
from tests.support.central_server import RunningCentral, running_central
from tests.support.in_process_central import InProcessCentral
from tests.support.protocol_terminal import ProtocolTerminal, person

PACKAGING = Path(__file__).parents[2] / "packaging"
LABELS = {
    *("method", "route", "status", "code", "limit", "reason", "result", "state", "kind", "key"),
    *("version", "python", "database", "le"),
    *("implementation", "major", "minor", "patchlevel", "generation"),  # of the client's own
}
MOST_SERIES = 1500
VISIT = "0000-1111-2222-3333"
SETTINGS = "[observability]\nport = 0\nrefresh_s = 0\n"


def scrape(central: RunningCentral) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Value of each series, by name and labels."""
    found = re.search(r"metrics at (http://127\.0\.0\.1:\d+/metrics)", central.log.read_text("utf-8"))
    assert found
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(found[1], timeout=30) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def total(series: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    """The sum of a metric's series that have these labels."""
    return sum(v for (n, have), v in series.items() if n == name and labels.items() <= dict(have).items())


@pytest.mark.parametrize("multiprocess", [False, True])
def test_traffic_is_counted_and_named_by_nothing_personal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, multiprocess: bool
) -> None:
    if multiprocess:
        (tmp_path / "metrics").mkdir()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    with running_central(tmp_path, settings=SETTINGS) as central:
        terminal, who = ProtocolTerminal(central), person(name="欧阳测试")
        done = terminal.activate(terminal.activation(who)).json()
        assert done["status"] == "ACTIVATED"
        central.people(default="mismatch")
        refused = terminal.activate(terminal.activation()).json()
        assert refused["code"] == "person.mismatch"
        central.people(default="unavailable")
        assert terminal.activate(terminal.activation()).json()["status"] == "PENDING"
        terminal.look_up(done["id"])
        with pytest.raises(urllib.error.HTTPError):
            central.get(f"/v1/{done['id']}/{terminal.name}")
        with pytest.raises(urllib.error.HTTPError):
            central.open("INVENTED", "/v1/health")
        series = scrape(central)
    assert total(series, "central_activations_total", status="ACTIVATED", reason="ok") == 1
    assert total(series, "central_activations_total", status="REFUSED", reason="person") == 1
    assert total(series, "central_activations_total", status="PENDING", reason="authority") >= 1
    assert total(series, "central_requests_total", route="/v1/activations", status="200") == 3
    assert total(series, "central_request_seconds_count", route="/v1/activations") == 3
    assert total(series, "central_register_calls_total", result="match") == 1
    assert total(series, "central_register_seconds_count") >= 3
    assert total(series, "central_recheck_pending") == 1
    assert total(series, "central_terminals", state="enrolled") == 1
    assert total(series, "central_database_up") == 1
    assert total(series, "central_database_connections_max") == 40
    assert total(series, "central_erasure_last_run_timestamp_seconds") > 1e9
    assert total(series, "central_build_info", database="sqlite") == 1
    assert total(series, "central_key_age_seconds", key="challenge") >= 0
    labels = [label for _, have in series for label in have]
    assert {name for name, _ in labels} <= LABELS
    values = " ".join(value for _, value in labels)
    secrets = (terminal.name, done["id"], refused["id"], done["credential"], "INVENTED", *who.values())
    assert [secret for secret in secrets if secret and secret in values] == []
    assert len(series) < MOST_SERIES


def test_terminals_cannot_reach_the_metrics(central: RunningCentral) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        central.get("/metrics")
    assert refused.value.code == 404
    assert "metrics at" not in central.log.read_text("utf-8")  # without the setting nowhere


def test_terminals_that_are_seen_are_counted(tmp_path: Path) -> None:
    with running_central(tmp_path, settings=SETTINGS) as central:
        alive, _silent = ProtocolTerminal(central), ProtocolTerminal(central)
        assert total(scrape(central), "central_terminals_seen") == 0
        beat = {"versions": {"kiosk": "0.1.0"}, "waiting": 2, "oldest_s": 1.0, "lost": [VISIT]}
        beat |= {"sealing": "HPKE-X25519-SHA256-AES256GCM"}
        assert alive.send("POST", "/v1/heartbeat", json.dumps(beat).encode()).status_code == 200
        series = scrape(central)
    assert total(series, "central_terminals_seen") == 1
    assert total(series, "central_terminals", state="enrolled") == 2
    assert total(series, "central_outbox_waiting") == 2
    assert total(series, "central_alarms_open", kind="request.lost") == 1


def names_of(central: InProcessCentral) -> set[str]:
    """Names of all series that central can have, also of metrics that have counted nothing yet."""
    names: set[str] = set()
    for family in admin.registry(central.service).collect():
        more = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}
        names |= {family.name + ending for ending in more.get(family.type, ("",))}
    return names


@pytest.fixture
def within(tmp_path: Path) -> Iterator[InProcessCentral]:
    central = InProcessCentral(tmp_path)
    certificates.make(tmp_path / "keys", ["localhost"])
    yield central
    central.close()


def expressions() -> list[tuple[str, str]]:
    """Every PromQL expression of the alert rules and the dashboard, with its title."""
    rules = yaml.safe_load((PACKAGING / "prometheus" / "alerts.yml").read_text("utf-8"))
    found = [(rule["alert"], rule["expr"]) for group in rules["groups"] for rule in group["rules"]]
    board = json.loads((PACKAGING / "grafana" / "central.json").read_text("utf-8"))
    return found + [
        (panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]
    ]


def test_alerts_and_dashboard_name_metrics_that_exist(within: InProcessCentral) -> None:
    known, named = names_of(within), set()
    for title, expression in expressions():
        metrics = set(re.findall(r"\b(?:central|process|python)_\w+", expression))
        assert metrics <= known, (title, metrics - known)
        assert metrics or "up{" in expression or "ALERTS{" in expression, title
        named |= metrics
    watched = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in named}
    own = {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in known if name.startswith("central_")}
    assert own - watched == set()  # nothing is counted that nobody looks at


def test_each_alert_says_how_urgent_it_is_and_what_is_wrong() -> None:
    rules = yaml.safe_load((PACKAGING / "prometheus" / "alerts.yml").read_text("utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert rule["labels"]["severity"] in ("page", "ticket", "escalated"), rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]


def test_alerts_of_each_urgency_reach_somebody() -> None:
    told = yaml.safe_load((PACKAGING / "prometheus" / "alertmanager.yml").read_text("utf-8"))
    receivers = {one["name"] for one in told["receivers"]}
    routes = {
        one["matchers"][0]: one.get("receiver", told["route"]["receiver"]) for one in told["route"]["routes"]
    }
    assert routes.keys() == {f'severity="{urgency}"' for urgency in ("page", "ticket", "escalated")}
    assert set(routes.values()) | {told["route"]["receiver"]} == receivers
    assert not any(
        "mute_time_intervals" in one for one in told["route"]["routes"] if "ticket" not in str(one)
    )


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("promtool", ("test", "rules", "alerts_test.yml")),
        ("promtool", ("check", "config", "prometheus.yml")),
        ("amtool", ("check-config", "alertmanager.yml")),
    ],
)
def test_the_programs_that_read_the_files_take_them(program: str, arguments: tuple[str, ...]) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: Debian's prometheus, prometheus-alertmanager")
    ran = subprocess.run(
        [program, *arguments], cwd=PACKAGING / "prometheus", capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_without_a_database_there_are_metrics_that_say_so(
    within: InProcessCentral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(within.service.database, "read", None)
    samples = {
        sample.name: sample.value
        for family in admin.registry(within.service).collect()
        for sample in family.samples
    }
    assert samples["central_database_up"] == 0
    assert "central_terminals_seen" not in samples


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = f"[observability]\nport = {port}\n"
        with pytest.raises(RuntimeError), running_central(tmp_path, settings=settings):
            pass
    log = (tmp_path / "central.log").read_text("utf-8")
    assert f"[observability] 127.0.0.1 port {port}: Address already in use" in log

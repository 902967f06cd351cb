"""Every request has an id: in the answer, in a problem's body, in central's log and in the terminal's."""

import json
import logging
import re
import time
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from central.api.access_log import read_id
from central.logging_setup import JsonFormatter, TextFormatter, request_id
from kiosk.activation.http_client import HttpClient
from tests.support.central_server import RunningCentral, running_central
from tests.support.protocol_terminal import ProtocolTerminal

ID = "0123456789abcdef-TEST_id"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECRET = "139" + "0000" + "1234"


def lines_of(central: RunningCentral, id: str, timeout_s: float = 60.0) -> list[dict[str, object]]:
    """The lines of central's log about one request; the last one is written after its answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        lines = [line for line in central.log.read_text("utf-8").splitlines() if line.startswith("{")]
        found = [line for line in map(json.loads, lines) if line.get("request_id") == id]
        if any(line["logger"] == "central.requests" for line in found):
            return found
        assert time.monotonic() < deadline, f"no line about {id}"
        time.sleep(0.05)


def test_the_answer_and_the_log_carry_the_terminals_id(
    central: RunningCentral, terminal: ProtocolTerminal
) -> None:
    signed = terminal.signed("GET", "/v1/roster", b"")
    answer = terminal.send("GET", "/v1/roster", signed=signed | {"Request-Id": ID})
    assert answer.status_code == 200  # the id need not be signed
    assert answer.headers["Request-Id"] == ID
    (line,) = lines_of(central, ID)
    assert line["route"] == "/v1/roster"
    assert line["terminal"] == terminal.name
    assert line["status"] == 200


def test_a_problem_names_the_request(central: RunningCentral, terminal: ProtocolTerminal) -> None:
    answer = terminal.send("GET", "/v1/activations/0000-0000-0000-0000")
    assert answer.status_code == 404
    id = answer.json()["request_id"]
    assert id == answer.headers["Request-Id"]
    (line,) = lines_of(central, id)
    assert line["code"] == "request.unknown"


def test_lines_of_other_loggers_carry_the_id_too(central: RunningCentral) -> None:
    terminal, late = ProtocolTerminal(central), {"created": 1_000_000_000, "expires": 1_000_000_060}
    signed = terminal.signed("GET", "/v1/roster", b"", **late)
    answer = terminal.send("GET", "/v1/roster", signed=signed)
    lines = lines_of(central, answer.headers["Request-Id"])
    assert {line["logger"] for line in lines} == {"central.fleet.signatures", "central.requests"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"request-id": ID}, ID),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"request-id": ID, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, ID),
        ({"request-id": "short"}, None),
        ({"request-id": "x" * 65}, None),
        ({"request-id": 'a"}\n{"level": "FORGED'}, None),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"traceparent": TRACE}, None),
        ({}, None),
    ],
)
def test_an_id_that_is_not_valid_is_replaced(headers: dict[str, str], expected: str | None) -> None:
    id = read_id(Headers(headers))
    assert id == expected if expected else re.fullmatch(r"[0-9a-f]{32}", id)


def test_the_terminals_log_names_the_same_id(
    central: RunningCentral, caplog: pytest.LogCaptureFixture
) -> None:
    client = HttpClient(central.url, Path(central.ca), 5.0, 10.0)
    with caplog.at_level(logging.INFO, "kiosk.activation.http_client"):
        client.call("GET", "/v1/visits/ABCD-ABCD-ABCD-ABCD")
    client.close()
    (line,) = [r.getMessage() for r in caplog.records if r.name == "kiosk.activation.http_client"]
    assert "ABCD" not in line
    found = re.fullmatch(r"GET /v1/visits 401 \d+ ms request_id=([0-9a-f]{32})", line)
    assert found, line
    assert lines_of(central, found[1])


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_the_message_of_an_exception_is_not_logged(formatter: logging.Formatter) -> None:
    try:
        int(SECRET + "x")
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "failed", "exc_info": (type(error), error, error.__traceback__)}
        )
    written = formatter.format(record)
    assert SECRET not in written
    assert "ValueError" in written


def test_a_json_line_is_one_line_whatever_the_message() -> None:
    token = request_id.set(ID)
    try:
        written = JsonFormatter().format(logging.makeLogRecord({"msg": 'two\nlines "quoted"'}))
    finally:
        request_id.reset(token)
    assert "\n" not in written
    assert json.loads(written)["message"] == 'two\nlines "quoted"'
    assert json.loads(written)["request_id"] == ID


def test_the_log_is_text_where_that_is_wanted(tmp_path: Path) -> None:
    with running_central(tmp_path, arguments=("--log", "text")) as central:
        central.get("/v1/health")
        central.stop()
        assert re.search(r"INFO central\.requests GET /v1/health 200 - - \d+ ms", central.log.read_text())

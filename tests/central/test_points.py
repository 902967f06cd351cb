"""Acceptance points: which are told to people, in which order, and with what the fleet's file says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.fleet import points, terminals
from central.storage.database import Database
from central.storage.tables import Terminal, TerminalState
from tests.support.in_process_central import InProcessCentral

NOON = datetime(2026, 11, 28, 4, 0, tzinfo=UTC).timestamp()  # 12:00 in China
CANTON_TOWER = (23.1064, 113.3245)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def add(database: Database, name: str, **columns: object) -> None:
    values: dict[str, object] = {
        "state": TerminalState.ENROLLED, "place": f"{name}店", "district": "海珠区", "seen_unix": NOON - 10,
    }  # fmt: skip
    with database.write() as session:
        session.add(Terminal(id=name, **(values | columns)))


def found(database: Database, **asked: object) -> list[points.Point]:
    with database.read() as session:
        return points.nearest(session, now=NOON, alive_s=300.0, **asked)  # type: ignore[arg-type]


def names(database: Database, **asked: object) -> list[str]:
    return [point.terminal for point in found(database, **asked)]


def test_the_nearest_that_serves_comes_first(database: Database) -> None:
    near = {"latitude": 23.10, "longitude": 113.32, "precision": "point"}
    add(database, "silent", **near, seen_unix=NOON - 301)
    add(database, "closed", **near, hours="18:00-02:00")
    add(database, "far", latitude=23.20, longitude=113.27, precision="district", hours="07:00-23:00")
    add(database, "near", **near)
    add(database, "unplaced")
    add(database, "broken", **near, out_code="camera.lost")
    assert names(database, at=CANTON_TOWER, limit=9) == [
        "near",
        "far",
        "unplaced",
        "closed",
        "broken",
        "silent",
    ]
    best, second = found(database, at=CANTON_TOWER, limit=2)
    assert best.distance_m == pytest.approx(846, abs=5)
    assert (best.precision, best.open, best.alive) == ("point", None, True)
    assert (second.precision, second.open) == ("district", True)


def test_a_terminal_that_is_expected_or_revoked_is_no_point(database: Database) -> None:
    add(database, "expected", state=TerminalState.EXPECTED)
    add(database, "revoked", state=TerminalState.REVOKED)
    add(database, "nowhere", place="")
    assert names(database) == []
    with database.read() as session:
        assert points.districts(session) == ["海珠区"], "of the one without an address"


def test_a_district_has_its_own_points_and_one_without_any_gets_the_others(database: Database) -> None:
    add(database, "here")
    add(database, "there", district="天河区")
    assert names(database, district="天河区") == ["there"]
    assert names(database, district="南沙区") == ["here", "there"]


@pytest.mark.parametrize(
    ("hours", "at", "open_"),
    [
        ("07:00-23:00", "07:00", True),
        ("07:00-23:00", "23:00", False),
        ("18:00-02:00", "01:59", True),
        ("18:00-02:00", "02:00", False),
        ("00:00-24:00", "23:59", True),
        ("", "12:00", None),
        ("all day", "12:00", None),
    ],
)
def test_opening_hours_are_those_of_china(hours: str, at: str, open_: bool | None) -> None:
    moment = datetime.fromisoformat(f"2026-11-28T{at}+08:00").timestamp()
    assert points.is_open(hours, moment) is open_


def test_a_distance_is_that_of_the_great_circle() -> None:
    assert points.distance_m((23.0, 113.0), (23.0, 113.0)) == 0
    assert points.distance_m((0.0, 0.0), (0.0, 180.0)) == pytest.approx(20_015_087, rel=1e-6)


# ── the file of the fleet ────────────────────────────────────────────────────────────────────────


def test_every_announced_point_has_a_place(database: Database) -> None:
    with database.write() as session:
        assert terminals.load_fleet(session) == 45
        rows = session.query(Terminal).all()
        assert all(22.5 < (row.latitude or 0) < 23.6 and 113 < (row.longitude or 0) < 114 for row in rows)
        assert not any("奧" in row.place for row in rows)


def test_places_and_hours_of_known_terminals_are_brought_up_to_date(
    database: Database, tmp_path: Path
) -> None:
    add(database, "GZ-001", place="旧址")
    file = tmp_path / "fleet.csv"
    head = "terminal,district,address,kind,latitude,longitude,precision,hours\n"
    file.write_text(head + "GZ-001,南沙区,新址,,22.8,113.5,point,07:00-23:00\n", encoding="utf-8")
    with database.write() as session:
        assert terminals.load_fleet(session, file) == 0
    with database.read() as session:
        row = session.get_one(Terminal, "GZ-001")
        assert (row.latitude, row.longitude, row.precision, row.hours) == (
            22.8,
            113.5,
            "point",
            "07:00-23:00",
        )
        assert row.place == "旧址", "moved by its enrolment alone"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("here,113.5,point,", "two numbers"),
        ("22.8,,point,", "two numbers"),
        ("nan,113.5,point,", "no such place"),
        ("122.8,113.5,point,", "no such place"),
        ("22.8,113.5,about,", "precision"),
        (",,,nine to five", "hours"),
    ],
)
def test_a_malformed_line_is_named_and_nothing_is_loaded(
    database: Database, tmp_path: Path, cells: str, said: str
) -> None:
    file = tmp_path / "fleet.csv"
    head = "terminal,district,address,kind,latitude,longitude,precision,hours\nGZ-001,南沙区,一,,,,,\n"
    file.write_text(f"{head}GZ-002,南沙区,二,,{cells}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rf":3: .*{said}"), database.write() as session:
        terminals.load_fleet(session, file)
    with database.read() as session:
        assert session.query(Terminal).count() == 0


# ── the route ────────────────────────────────────────────────────────────────────────────────────


def test_a_stranger_is_told_points_without_a_signature(tmp_path: Path, database_url: str) -> None:
    central = InProcessCentral(tmp_path, database_url=database_url)
    try:
        add(central.service.database, "GZ-001", latitude=22.8, longitude=113.5, precision="district")
        answer = central.client.request("GET", "/points?latitude=23.1&longitude=113.3")
        assert answer.status_code == 200
        (point,) = answer.json()["points"]
        assert (point["place"], point["alive"], answer.json()["districts"]) == ("GZ-001店", False, ["海珠区"])
        for bad in ("latitude=nan&longitude=1", "latitude=1000&longitude=1", "latitude=x&longitude=1"):
            assert central.client.request("GET", f"/points?{bad}").json()["code"] == "request.malformed"
    finally:
        central.close()

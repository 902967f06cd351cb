import argparse
import csv
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from central import __version__, settings
from central.__main__ import main, parser
from central.commands import SUMMARIES
from central.settings import SQLITE
from central.storage.database import Database, migrate
from tests.support.central_server import RunningCentral


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def command(data: Path, *arguments: str) -> int:
    mask = os.umask(0o077)
    try:
        return main([*arguments, "--data", str(data)])
    finally:
        os.umask(mask)


def command_lines(parser: argparse.ArgumentParser) -> Iterator[list[str]]:
    """Every command and subcommand that `parser` knows."""
    yield []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from ([name, *rest] for rest in command_lines(below))


LINES = list(command_lines(parser()))


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_every_command_answers_help(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*line, "--help"])
    assert ended.value.code == 0
    assert " ".join(["usage: central", *line]) in capsys.readouterr().out


def test_every_command_is_known() -> None:
    folder = Path(main.__code__.co_filename).parent / "commands"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "common"}
    assert {name.replace("-", "_") for name in SUMMARIES} == modules
    assert ["clerk", "reset-pin"] in LINES


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out.strip()) == (0, __version__)


def test_help_does_not_import_the_web_framework() -> None:
    code = "import sys, central.__main__; sys.exit('fastapi' in sys.modules or 'uvicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_init_twice_keeps_every_key(data: Path) -> None:
    assert command(data, "init") == 0
    before = {path: path.read_bytes() for path in (data / "keys").iterdir()}
    assert command(data, "init", "--host", "elsewhere") == 0
    assert {path: path.read_bytes() for path in (data / "keys").iterdir()} == before
    for path in before:
        assert path.stat().st_mode & 0o077 == 0, path


def test_loading_the_fleet_twice_adds_it_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "init") == command(data, "fleet", "load") == command(data, "fleet", "load") == 0
    output = capsys.readouterr().out
    assert "45 new terminals\n0 new terminals" in output
    assert command(data, "enrol-code", "GZ-009") == command(data, "show") == 0
    assert "expected   45" in capsys.readouterr().out


FLEET = "terminal,district,address,kind\nS-1,D,=1+1,\nS-2,D,<b>楼</b>,\nS-3,D,三号,\n"


def test_codes_of_many_terminals_are_written_for_those_not_enrolled(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, to = tmp_path / "shops.csv", tmp_path / "codes"
    file.write_text(FLEET, encoding="utf-8")
    assert command(data, "init") == command(data, "enrol-code", "S-3") == command(data, "revoke", "S-3") == 0
    assert command(data, "enrol-codes", str(file), "--to", str(to)) == 0
    said = capsys.readouterr().out
    assert "2 codes" in said
    assert "revoked: S-3" in said
    rows = list(csv.DictReader((to / "codes.csv").read_text("utf-8-sig").splitlines()))
    assert [(row["terminal"], row["place"]) for row in rows] == [("S-1", "'=1+1"), ("S-2", "<b>楼</b>")]
    assert all(re.fullmatch(r"(\w{4}-){2}\w{4}", row["code"]) for row in rows)
    page = (to / "codes.html").read_text("utf-8")
    assert page.count("<svg") == 2
    assert "&lt;b&gt;" in page
    assert rows[0]["code"] in page
    assert to.stat().st_mode & 0o077 == 0
    assert command(data, "enrol-codes", str(file), "--to", str(to)) == 2, "would replace codes"


@pytest.mark.parametrize(
    ("row", "named"),
    [("S-1,D,twice,", "line 2"), ("S 9,D,a place,", "letters"), ("S-9,D,a place,", "no such place on earth")],
)
def test_a_file_with_a_fault_makes_no_code(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, named: str
) -> None:
    file, to = tmp_path / "shops.csv", tmp_path / "codes"
    lines = FLEET.replace("kind", "kind,latitude,longitude") + row + (",99,0" if "S-9" in row else ",")
    file.write_text(lines, encoding="utf-8")
    assert command(data, "init") == 0
    assert command(data, "enrol-codes", str(file), "--to", str(to)) == 2
    assert named in capsys.readouterr().err
    assert not to.exists()
    assert command(data, "show") == 0
    assert "terminals" not in capsys.readouterr().out


def test_revoking_an_unknown_terminal_fails(data: Path) -> None:
    assert command(data, "init") == 0
    assert command(data, "revoke", "nobody") == 1


def test_run_without_init(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "run", "--port", "0") == 2
    assert "central init" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["server.key", "challenge.pem", "sealing-1.pem", "vault.secret"])
def test_a_key_that_others_can_read_is_refused(
    data: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(data, "init") == 0
    (data / "keys" / name).chmod(0o640)
    assert command(data, "run", "--port", "0") == 2
    assert name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("speed = 1", "speed"),
        ("[requests]\nper_s = 'fast'", "requests.per_s"),
        ("simulation = true", "simulation"),
        ("[[[", "central.toml"),
    ],
)
def test_bad_settings_are_named(
    data: Path, text: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data.mkdir()
    (data / "central.toml").write_text(text)
    assert command(data, "init") == 2
    output = capsys.readouterr().err
    assert named in output
    assert "central.toml" in output


def test_an_unknown_register_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "init") == 0
    (data / "central.toml").write_text('[authority]\ndriver = "oracle"\n')
    assert command(data, "run", "--port", "0") == 2
    assert "oracle" in capsys.readouterr().err


def test_database_url_comes_from_the_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{data / 'other.sqlite3'}")
    assert command(data, "init") == 0
    assert (data / "other.sqlite3").exists()
    assert settings.load(data).database.endswith("central.sqlite3")


def test_no_command_migrates_by_itself(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "init") == 0
    with closing(Database(f"sqlite:///{data / SQLITE}")) as database:
        migrate(database.engine, "base")
        migrate(database.engine, "0012")
    for line in (["show"], ["run", "--port", "0"], ["init"], ["run", "--init", "--port", "0"]):
        capsys.readouterr()
        assert command(data, *line) == 2
        assert "run `central migrate`" in capsys.readouterr().err
    assert command(data, "migrate") == command(data, "migrate") == command(data, "show") == 0


def test_workers_need_postgresql(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "run", "--init", "--workers", "2", "--port", "0") == 2
    assert "PostgreSQL" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("database", "named"),
    [("postgres", "neither sqlite nor"), ("postgresql://central:secret@db/central", "DATABASE_URL")],
)
def test_a_database_that_cannot_be_chosen_is_named(
    data: Path, capsys: pytest.CaptureFixture[str], database: str, named: str
) -> None:
    assert command(data, "show", "--database", database) == 2
    said = capsys.readouterr().err
    assert named in said
    assert "secret" not in said


def test_a_folder_with_two_databases_needs_a_choice(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "init") == 0
    (data / "postgresql").mkdir()
    assert command(data, "show") == 2
    assert "--database" in capsys.readouterr().err
    assert command(data, "show", "--database", "sqlite") == 0


def test_a_certificate_of_another_authority_is_not_trusted(central: RunningCentral, data: Path) -> None:
    assert command(data, "init") == 0
    central_ca = central.ca
    try:
        central.ca = data / "keys" / "ca.pem"
        with pytest.raises(OSError) as refused:  # noqa: PT011 - urllib wraps it
            central.get("/v1/health")
        assert isinstance(refused.value.reason, ssl.SSLCertVerificationError)  # type: ignore[attr-defined]
    finally:
        central.ca = central_ca


@pytest.mark.parametrize(
    ("encoding", "status", "said"),
    [("utf-8-sig", 0, "1 new terminals"), ("gbk", 2, "GBK"), ("utf-16", 2, "UTF-16")],
)
def test_a_fleet_as_a_spreadsheet_saves_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str, status: int, said: str
) -> None:
    file = tmp_path / "fleet.csv"
    file.write_bytes("terminal,district,address,kind\r\nGZ-099,海珠区,示例街,\r\n".encode(encoding))
    assert command(data, "init") == 0
    capsys.readouterr()
    assert command(data, "fleet", "load", str(file)) == status
    assert said in "".join(capsys.readouterr())


def test_settings_in_another_encoding_are_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "init") == 0
    (data / "central.toml").write_bytes("# 中心\n".encode("gbk"))
    capsys.readouterr()
    assert command(data, "show") == 2
    assert "GBK" in capsys.readouterr().err
    (data / "central.toml").write_bytes("# 中心\n".encode("utf-8-sig"))
    assert command(data, "show") == 0

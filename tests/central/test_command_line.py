import os
import ssl
from pathlib import Path

import pytest

from central import settings
from central.__main__ import main
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


def test_init_twice_keeps_every_key(data: Path) -> None:
    assert command(data, "init") == 0
    before = {path: path.read_bytes() for path in (data / "keys").iterdir()}
    assert command(data, "init", "--host", "elsewhere") == 0
    assert {path: path.read_bytes() for path in (data / "keys").iterdir()} == before
    for path in before:
        assert path.stat().st_mode & 0o077 == 0, path


def test_fleet_is_loaded_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "init") == command(data, "fleet", "load") == command(data, "fleet", "load") == 0
    said = capsys.readouterr().out
    assert "45 new terminals\n0 new terminals" in said
    assert command(data, "enrol-code", "GZ-009") == command(data, "show") == 0
    assert "expected   45" in capsys.readouterr().out


def test_revoking_a_stranger(data: Path) -> None:
    assert command(data, "init") == 0
    assert command(data, "revoke", "nobody") == 1


def test_run_without_init(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "run", "--port", "0") == 2
    assert "central init" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["server.key", "challenge.pem", "sealing-1.pem", "vault.secret"])
def test_an_exposed_key(data: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
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
def test_bad_settings(data: Path, text: str, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    data.mkdir()
    (data / "central.toml").write_text(text)
    assert command(data, "init") == 2
    said = capsys.readouterr().err
    assert named in said
    assert "central.toml" in said


def test_unknown_register(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(data, "init") == 0
    (data / "central.toml").write_text('[authority]\ndriver = "oracle"\n')
    assert command(data, "run", "--port", "0") == 2
    assert "oracle" in capsys.readouterr().err


def test_database_url_comes_from_the_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{data / 'other.sqlite3'}")
    assert command(data, "init") == 0
    assert (data / "other.sqlite3").exists()
    assert settings.load(data).database.endswith("central.sqlite3")


def test_another_authority_is_not_trusted(central: RunningCentral, data: Path) -> None:
    assert command(data, "init") == 0
    central_ca = central.ca
    try:
        central.ca = data / "keys" / "ca.pem"
        with pytest.raises(OSError) as refused:  # noqa: PT011 - urllib wraps it
            central.get("/v1/health")
        assert isinstance(refused.value.reason, ssl.SSLCertVerificationError)  # type: ignore[attr-defined]
    finally:
        central.ca = central_ca

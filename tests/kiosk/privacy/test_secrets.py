"""No secret in the repository, in what is packed from it, or in the list of processes."""

import ast
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import __main__ as program
from kiosk.card import portrait
from kiosk.card.protocol import PORTRAIT_BYTES
from kiosk.errors import CardError
from kiosk.models import installer

ROOT = Path(__file__).parents[3]
VECTORS = "resources/protocol/vectors.json"
"""Published on purpose, so that other programs can be checked against ours; keys of nothing else."""

MATERIAL = {
    "private key (PEM)": rb"-----BEGIN [A-Z ]*PRIVATE KEY",
    "private key (JWK)": rb"\"d\"\s*:\s*\"[A-Za-z0-9_-]{40,}\"",
    "seed or secret": rb"(?i)(secret|private|seed|pepper)\"?\s*[:=]\s*[\"'][A-Za-z0-9+/_-]{32,}={0,2}[\"']",
    "password in a URL": rb"(?i)[a-z+]+://[^/\s:@\"'{]+:[^/\s:@\"'{]+@",
}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    names = [name for name in listed.decode().split("\0") if name]
    if not names:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def found_in(content: bytes) -> list[str]:
    return [what for what, pattern in MATERIAL.items() if re.search(pattern, content)]


ALLOWED = {
    (VECTORS, "private key (JWK)"),
    (VECTORS, "seed or secret"),
    ("tests/kiosk/capture/test_camera_identity.py", "password in a URL"),  # made up, and never logged
    ("tests/kiosk/contracts/test_camera.py", "password in a URL"),
    ("tests/central/test_commands.py", "password in a URL"),  # made up, and refused
}


def test_nothing_that_is_tracked_holds_key_material():
    names = {path: path.relative_to(ROOT).as_posix() for path in tracked() if path != Path(__file__)}
    found = {(name, what) for path, name in names.items() for what in found_in(path.read_bytes())}
    assert found == ALLOWED


def test_the_published_keys_are_used_for_nothing_else():
    vectors = json.loads((ROOT / VECTORS).read_text())
    keys = [vectors["sealed"]["private"], vectors["sealed_sm"]["private"], vectors["request"]["key"]]
    texts = [key if isinstance(key, str) else json.dumps(key) for key in keys]
    for path in tracked():
        if path.suffix in (".py", ".toml", ".json", ".md") and path != ROOT / VECTORS:
            content = path.read_text(encoding="utf-8")
            assert not any(text in content for text in texts), path


@pytest.mark.parametrize(
    "planted",
    [
        b"-----BEGIN PRIVATE KEY-----\nMC4CAQ",
        b'{"kty":"OKP","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}',
        b"pepper = 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k='",
        b"DATABASE_URL=postgresql://central:hunter2@db/central",
    ],
)
def test_the_search_finds_what_there_is(planted: bytes):
    assert found_in(b"x = 1\n" + planted + b"\n") != []


# ── the list of processes ────────────────────────────────────────────────────────────────────────

STARTERS = {
    "kiosk/card/portrait.py", "kiosk/models/installer.py", "kiosk/process_hardening.py",
    "central/storage/private_cluster.py",
}  # fmt: skip
"""The files of the product that start a program; each is examined below."""


def test_no_other_module_starts_a_program():
    found = set()
    for package in ("kiosk", "central"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(("kiosk/evaluate/", "demo/")) and _starts(path):
                found.add(name)
    assert found == STARTERS


def _starts(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    calls = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    return "subprocess" in imported or bool(calls & {"execve", "execv", "system", "popen", "posix_spawn"})


def test_a_portrait_goes_to_the_makers_library_by_pipe(tmp_path: Path, monkeypatch):
    library = tmp_path / "libwlt.so"
    library.touch()
    given = {}

    def run(command: list[str], **named: object) -> None:
        given.update(named, command=command)
        raise OSError

    monkeypatch.setattr(portrait.subprocess, "run", run)
    driver = portrait.VendorPortraitDecoder
    decoder = driver(driver.Settings(library=str(library)), None)
    card = bytes(range(256)) * (PORTRAIT_BYTES // 256)
    with pytest.raises(CardError):
        decoder.decode(card)
    assert given["input"] == card
    assert given["command"] == [sys.executable, "-m", "kiosk.card.unpack", str(library), "unpack"]


def test_weights_are_fetched_by_name_and_nothing_else():
    source = Path(installer.__file__).read_text(encoding="utf-8")
    assert "token" not in source.lower()
    assert "password" not in source.lower()


def test_the_one_time_code_is_read_not_passed(tmp_path: Path, monkeypatch):
    """`kiosk enrol` asks for it; an argument would stand in the list of processes."""
    seen = []
    monkeypatch.setattr("kiosk.activation.identity.enrol", lambda *given, reader: seen.append(given) or 1 / 0)
    monkeypatch.setattr(sys, "stdin", io.StringIO("ABCD-EFGH-JKLM\n"))
    site = tmp_path / "settings.toml"
    site.write_text(
        'mode = "simulation"\n[card_reader]\ndriver = "simulated"\n[central]\nurl = "https://127.0.0.1:1"\n'
    )
    with pytest.raises(ZeroDivisionError):
        program.main(["enrol", "--settings", str(site)])
    assert "ABCD-EFGH-JKLM" in seen[0]

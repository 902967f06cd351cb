"""Model files: installed from real folders and a real wheel, and every alteration found."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kiosk.__main__ import main
from kiosk.codes import Code
from kiosk.commands.models import sealed
from kiosk.errors import ModelError
from kiosk.models import MANIFEST, install, load, locate, read, verify
from kiosk.models.installer import fetch

CONTENT = {"a.onnx": b"weights of a" * 1000, "b.onnx": b"weights of b", "people/c.png": b"a picture"}


def entry(name: str, file: str, origin: str, kind: str = "weights", needed_for: str = "face_engine") -> str:
    content = CONTENT[file]
    digest = hashlib.sha256(content).hexdigest()
    return f"""
[[model]]
name = "{name}"
file = "{file}"
version = "1"
licence = "MIT"
kind = "{kind}"
needed_for = "{needed_for}"
size = {len(content)}
sha256 = "{digest}"
origin = {origin}
"""


PACKAGE = '{ package = "none-such", version = "1", member = "x" }'


@pytest.fixture
def manifest(tmp_path) -> Path:
    path = tmp_path / "manifest.toml"
    text = entry("a", "a.onnx", PACKAGE)
    text += entry("b", "b.onnx", '"operator"', needed_for="liveness")
    text += entry("c", "people/c.png", PACKAGE, "people", "simulation")
    path.write_text(text)
    return path


@pytest.fixture
def carried(tmp_path) -> Path:
    """A folder of the operator, with the files somewhere below it."""
    for file, content in CONTENT.items():
        path = tmp_path / "carried" / "deep" / Path(file).name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "carried"


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "models"


def fault(call) -> ModelError:
    with pytest.raises(ModelError) as caught:
        call()
    return caught.value


def test_from_a_folder(manifest, carried, folder):
    lines: list[str] = []
    install(manifest, folder, source=carried, report=lines.append)
    assert verify(folder, manifest=manifest) == []
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == set(CONTENT)
    assert len(lines) == 3
    assert load(folder, "a", manifest) == CONTENT["a.onnx"]
    assert locate(folder, "c", manifest) == folder / "people" / "c.png"


def test_a_second_time_nothing_is_touched(manifest, carried, folder):
    install(manifest, folder, source=carried, report=lambda _: None)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    lines: list[str] = []
    install(manifest, folder, report=lines.append)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    assert all("present" in line for line in lines)


@pytest.mark.parametrize(
    "alter",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path: path.write_bytes(b""),
    ],
)
def test_an_altered_file_is_found_and_replaced(manifest, carried, folder, alter):
    install(manifest, folder, source=carried, report=lambda _: None)
    alter(folder / "a.onnx")
    (found,) = verify(folder, manifest=manifest)
    assert found.code is Code.MODEL_ALTERED
    assert fault(lambda: locate(folder, "a", manifest)).code is Code.MODEL_ALTERED
    assert fault(lambda: load(folder, "a", manifest)).code is Code.MODEL_ALTERED
    install(manifest, folder, source=carried, report=lambda _: None)
    assert verify(folder, manifest=manifest) == []


def test_a_missing_file_is_found(manifest, folder):
    assert [f.code for f in verify(folder, manifest=manifest)] == [Code.MODEL_MISSING] * 3
    assert fault(lambda: locate(folder, "a", manifest)).code is Code.MODEL_MISSING
    assert fault(lambda: locate(folder, "no such model", manifest)).code is Code.MODEL_MISSING
    folder.mkdir()
    (folder / "a.onnx").mkdir()
    assert fault(lambda: locate(folder, "a", manifest)).code is Code.MODEL_MISSING


def test_only_what_is_needed(manifest, carried, folder):
    install(manifest, folder, only=["liveness", "a"], source=carried, report=lambda _: None)
    assert verify(folder, ["liveness", "face_engine"], manifest) == []
    assert len(verify(folder, ["simulation"], manifest)) == 1
    assert fault(lambda: verify(folder, ["livenes"], manifest)).code is Code.MODEL_MISSING


def test_a_wrong_file_is_never_installed(manifest, carried, folder):
    (carried / "deep" / "a.onnx").write_bytes(b"something else")
    error = fault(lambda: install(manifest, folder, source=carried, report=lambda _: None))
    assert error.code is Code.MODEL_ALTERED
    assert not (folder / "a.onnx").exists()
    assert verify(folder, ["liveness", "simulation"], manifest) == []


def test_the_right_one_of_two_files_of_one_name_is_taken(manifest, carried, folder):
    (carried / "a.onnx").write_bytes(b"an older version")
    install(manifest, folder, source=carried, report=lambda _: None)
    assert verify(folder, manifest=manifest) == []


def test_what_the_folder_lacks(manifest, tmp_path, folder):
    lines: list[str] = []
    error = fault(lambda: install(manifest, folder, source=tmp_path / "empty", report=lines.append))
    assert error.code is Code.MODEL_NOT_FETCHED
    assert "a.onnx" in error.detail
    assert "c.png" in error.detail
    assert any(line.startswith("b: provided by the operator") for line in lines)


def test_an_operators_file_needs_no_network(manifest, folder):
    lines: list[str] = []
    install(manifest, folder, only=["b"], report=lines.append)
    assert "--from" in lines[0]


def test_no_half_file_is_left(manifest, carried, folder):
    folder.mkdir()
    (folder / "people").write_text("in the way")
    error = fault(lambda: install(manifest, folder, source=carried, report=lambda _: None))
    assert error.code is Code.MODEL_NOT_FETCHED
    assert not list(folder.rglob("*.part"))


def test_a_manifest_that_cannot_be_read(tmp_path):
    broken = tmp_path / "manifest.toml"
    for text in ("[[model]", "[[model]]\nname = 'a'", entry("a", "a.onnx", '"somewhere"')):
        broken.write_text(text)
        assert fault(lambda: read(broken)).code is Code.MODEL_UNUSABLE
    assert fault(lambda: read(tmp_path / "none.toml")).code is Code.MODEL_UNUSABLE


def test_the_commands(manifest, carried, folder, capsys):
    common = ["--folder", str(folder), "--manifest", str(manifest)]
    assert main(["models", "verify", *common]) == 1
    assert "model.missing" in capsys.readouterr().err
    assert main(["models", "install", *common, "--from", str(carried)]) == 0
    assert main(["models", "verify", *common]) == 0
    assert main(["models", "verify", *common, "--only", "nonsense"]) == 1
    capsys.readouterr()
    assert main(["models", "list", *common]) == 0
    assert capsys.readouterr().out.count("present") == 3


def test_sealing_changes_two_lines_of_one_entry(manifest):
    before = manifest.read_text()
    after = sealed(before, "b", b"trained once more")
    changed = [(a, b) for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b]
    assert [b.split(" ")[0] for _, b in changed] == ["size", "sha256"]
    manifest.write_text(after)
    assert {e.name: e.size for e in read(manifest)}["b"] == len(b"trained once more")
    assert {e.name: e.size for e in read(manifest)}["a"] == len(CONTENT["a.onnx"])


# ── what the product ships ───────────────────────────────────────────────────────────────────────


def test_the_manifest_of_the_product():
    entries = read()
    names = [e.name for e in entries]
    assert len(set(names)) == len(names)
    assert len({e.file for e in entries}) == len(entries)
    assert all(re.fullmatch("[0-9a-f]{64}", e.sha256) and e.size > 1000 and e.licence for e in entries)
    assert {e.name for e in entries if e.origin == "operator"} == {"minifasnet-v2", "minifasnet-v1se"}
    assert all(e.needed_for == "simulation" for e in entries if e.kind == "people")


def test_bundled_files_are_the_ones_of_the_manifest():
    bundled = [e.name for e in read() if e.origin == "bundled"]
    if not bundled:
        pytest.skip("no model is bundled yet")
    assert verify(MANIFEST.parent / "nowhere", bundled) == []


# ── the registry ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A small real package, by the ordinary client."""
    try:
        return fetch("iniconfig==2.0.0", tmp_path_factory.mktemp("wheel"), lambda _: None)
    except ModelError as error:
        pytest.skip(f"no package registry can be reached: {error.detail[:80]}")


def test_a_member_of_a_real_package(wheel, tmp_path, folder, monkeypatch):
    member = "iniconfig/__init__.py"
    content = zipfile.ZipFile(wheel).read(member)
    manifest = tmp_path / "manifest.toml"
    monkeypatch.setitem(CONTENT, "x", content)
    origin = f'{{ package = "iniconfig", version = "2.0.0", member = "{member}" }}'
    absent = entry("y", "x", origin).replace("__init__.py", "none.py").replace('file = "x"', 'file = "y"')
    manifest.write_text(entry("x", "x", origin) + absent)
    lines: list[str] = []
    assert "none.py" in fault(lambda: install(manifest, folder, report=lines.append)).detail
    assert (folder / "x").read_bytes() == content
    assert not (folder / "y").exists()
    assert lines.count("iniconfig==2.0.0: fetching") == 1


def test_a_registry_that_does_not_answer(monkeypatch, tmp_path):
    """Nothing listens on port 9 of this machine; pip is really run, and its complaint is passed on."""
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setattr("kiosk.models.installer.PAUSE_S", 0.0)
    monkeypatch.setattr("kiosk.models.installer.ATTEMPTS", 2)
    lines: list[str] = []
    error = fault(lambda: fetch("iniconfig==2.0.0", tmp_path, lines.append))
    assert error.code is Code.MODEL_NOT_FETCHED
    assert "ERROR" in error.detail
    assert len(lines) == 2


def test_it_runs_as_a_module(manifest, folder):
    command = [sys.executable, "-m", "kiosk", "models", "verify", "--folder", folder, "--manifest", manifest]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr

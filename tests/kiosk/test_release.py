"""What is installed is known by its digest, and drivers come from packages that the settings name."""

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import production, release, settings
from kiosk.errors import SettingsError

ENTRY = "[kiosk.card_reader]\nforeign = foreign:Reader\nsam-v = foreign:Reader\n"
TRY = """
import sys
from pathlib import Path
from kiosk import production, settings
from kiosk.settings import driver_class
read = settings.load(Path(sys.argv[1]))
print(driver_class("card_reader", read.card_reader).__module__)
production.check(read)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    (folder / "inside" / "__pycache__").mkdir(parents=True)
    (folder / "inside" / "rule.py").write_text("PASS = False\n")
    return folder


def digest(program: Path) -> str:
    return release.digest(program, program / "inside")


def test_the_digest_is_the_same_until_a_file_changes(program: Path) -> None:
    first = digest(program)
    (program / "inside" / "__pycache__" / "rule.pyc").write_bytes(b"compiled here")
    assert digest(program) == first
    (program / "inside" / "rule.py").write_text("PASS = True\n")
    assert digest(program) != first


@pytest.mark.parametrize("name", ["more.py", "inside/more.py", "inside/more.so"])
def test_a_file_more_or_less_is_another_release(program: Path, name: str) -> None:
    first = digest(program)
    (program / name).write_text("")
    assert digest(program) != first


def test_two_files_that_change_names_are_another_release(program: Path) -> None:
    (program / "one.py").write_text("1")
    (program / "two.py").write_text("2")
    first = digest(program)
    (program / "one.py").write_text("2")
    (program / "two.py").write_text("1")
    assert digest(program) != first


def foreign(folder: Path) -> Path:
    """A package that anybody may put beside ours, with a reader that says what it is told to say."""
    info = folder / "foreign-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY)
    (folder / "foreign.py").write_text(
        "from msgspec import Struct\n\n\nclass Reader:\n    class Settings(Struct):\n        pass\n"
    )
    return folder


def tried(folder: Path, text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    path = f"{foreign(folder)}:{Path(release.__file__).parents[1]}"
    command = [sys.executable, "-c", TRY, str(file)]
    return subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": path}, check=False, timeout=60
    )


def test_production_takes_no_driver_of_a_package_that_is_not_named(tmp_path: Path) -> None:
    text = '[card_reader]\ndriver = "foreign"\n'
    refused = tried(tmp_path / "bad", text, tmp_path)
    assert refused.returncode != 0
    assert "driver_packages to hold 'foreign'" in refused.stderr
    named = f'driver_packages = ["kiosk", "foreign"]\n{text}'
    assert tried(tmp_path / "named", named, tmp_path).returncode == 0


def test_a_foreign_driver_of_the_same_name_does_not_take_the_place_of_ours(tmp_path: Path) -> None:
    usual = tried(tmp_path / "bad", '[card_reader]\ndriver = "sam-v"\n', tmp_path)
    assert (usual.returncode, usual.stdout.strip()) == (0, "kiosk.capture.card_reader"), usual.stderr


def test_another_package_in_the_path_is_another_release(tmp_path: Path, monkeypatch) -> None:
    first = release.digest()
    monkeypatch.syspath_prepend(str(foreign(tmp_path / "more")))
    assert release.digest() != first


def test_without_its_own_package_nothing_is_production(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("driver_packages = []\n")
    with pytest.raises(SettingsError, match="driver_packages"):
        production.check(settings.load(file))

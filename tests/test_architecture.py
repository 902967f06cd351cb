"""Check what the repository promises about itself: links, commands, imports, sizes, words, licences."""

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import grimp
import pytest

from tests.support import structure

ROOT = Path(__file__).parents[1]
HOSTS = re.compile(r"(pythonhosted|pypi\.org|npmjs|deb\.debian)", re.IGNORECASE)
PAGES = ("README.md", "README.zh-CN.md", "docs/provisioning.md", "docs/provisioning.zh-CN.md")


def tracked(*endings):
    """Return the repository's files with one of these endings."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\0")
    paths = [ROOT / name for name in listed if name.endswith(endings)]
    if not paths:
        pytest.skip("not a git checkout")
    return [p for p in paths if p.is_file()]


def test_every_link_leads_to_a_file():
    broken = []
    for page in tracked(".md"):
        text = page.read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", text)
        targets = [a or b for a, b in links if not (a or b).startswith("http")]
        broken += [f"{page.relative_to(ROOT)}: {t}" for t in targets if not (page.parent / t).exists()]
    assert broken == []


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE)
        assert named, page
        assert set(named) <= targets, page


def test_every_kiosk_command_that_is_named_exists():
    known = subprocess.run(
        [sys.executable, "-m", "kiosk", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for page in PAGES:
        named = set(re.findall(r"(?:`|^)kiosk ([a-z]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE))
        assert named, page
        assert [name for name in named if f"    {name}" not in known] == [], page


def test_no_registry_host_is_written_down():
    found = [
        p.relative_to(ROOT)
        for p in tracked(".py", ".sh", ".md", ".toml", "Makefile", "setup")
        if HOSTS.search(p.read_text(encoding="utf-8")) and p != Path(__file__)
    ]
    assert found == []


def test_functions_are_small():
    """Median at most 9 lines, nine of ten at most 31: the measure of the codebases that serve as models."""
    lengths = sorted(
        structure.length(function)
        for folder in structure.FOLDERS
        for path in structure.tracked(folder)
        for function in structure.functions(ast.parse(path.read_text(encoding="utf-8")))
    )
    assert median(lengths) <= 9
    assert lengths[len(lengths) * 9 // 10] <= 31


def test_modules_import_each_other_in_one_direction_only():
    """A circle of imports, if there is one, is named by CycleError."""
    graph = grimp.build_graph(*structure.FOLDERS, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()


@pytest.mark.parametrize("folder", structure.FOLDERS)
def test_retired_words_do_not_return(folder):
    """Metaphors and replaced names, in docstrings and comments."""
    assert structure.measure(folder).replaced == {}


def test_the_repository_carries_no_data_of_people():
    """Sounds here are synthetic; pictures of people come from packages, never from this repository."""
    pictures = [p.relative_to(ROOT).as_posix() for p in tracked(".jpg", ".jpeg", ".png", ".bmp", ".webp")]
    assert [p for p in pictures if not p.startswith("docs/pictures/")] == []


def test_the_wheel_carries_the_four_programs():
    """Neither the laboratory with its attacks nor the demo's director may reach a terminal."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    assert wheel["packages"] == ["kiosk", "central", "permit", "verification"]
    folders = {path.name for path in (ROOT / "resources").iterdir() if path.is_dir()}
    assert len(folders) > 5
    assert wheel["force-include"] == {
        f"resources/{name}": f"kiosk/_resources/{name}" for name in folders - {"demo", "protocol"}
    }


def test_every_package_the_program_runs_with_has_its_licence_in_the_notice():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = requirements["dependencies"] + requirements["optional-dependencies"]["central"]
    names = [re.split(r"[\[<>=~ ]", requirement)[0].lower() for requirement in wanted]
    assert len(names) > 20
    assert [name for name in names if f"| {name} |" not in notice] == []

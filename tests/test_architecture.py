"""The house keeps its own rules: links lead somewhere, commands exist, nothing of a workplace is left."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
HOSTS = re.compile(r"(pythonhosted|pypi\.org|npmjs|deb\.debian)", re.IGNORECASE)


def tracked(*endings):
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


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "docs/provisioning.md"])
def test_links_lead_somewhere(name):
    page = ROOT / name
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", text)
    targets = [a or b for a, b in links if not (a or b).startswith("http")]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "docs/provisioning.md"):
        named = re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert named
        assert set(named) <= targets, page


def test_every_kiosk_command_that_is_named_exists():
    known = subprocess.run(
        [sys.executable, "-m", "kiosk", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for page in (ROOT / "README.md", ROOT / "docs/provisioning.md"):
        for command in set(re.findall(r"`kiosk ([a-z]+)|^kiosk ([a-z]+)", page.read_text(encoding="utf-8"))):
            assert f"    {command[0] or command[1]}" in known, command


def test_no_registry_host_is_written_down():
    found = [
        p.relative_to(ROOT)
        for p in tracked(".py", ".sh", ".md", ".toml", "Makefile", "setup")
        if HOSTS.search(p.read_text(encoding="utf-8")) and p != Path(__file__)
    ]
    assert found == []


def test_functions_are_small():
    """The middle one at most 9 lines, nine of ten at most 31: the measure of codebases worth imitating."""
    lengths = []
    for path in [*(ROOT / "kiosk").rglob("*.py"), *(ROOT / "central").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lengths.append(node.end_lineno - node.lineno + 1)
    lengths.sort()
    assert median(lengths) <= 9
    assert lengths[len(lengths) * 9 // 10] <= 31


def test_the_repository_carries_no_data_of_people():
    """Sounds here are synthetic; pictures of people come from packages, never from this repository."""
    pictures = [p.relative_to(ROOT).as_posix() for p in tracked(".jpg", ".jpeg", ".png", ".bmp", ".webp")]
    assert [p for p in pictures if not p.startswith("docs/pictures/")] == []

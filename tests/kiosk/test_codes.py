"""No code without a place that raises it: what nobody raises has sentences that nobody ever reads."""

import ast
from collections.abc import Iterator
from pathlib import Path

from central.codes import Code as CentralCode
from kiosk.codes import Code

ROOT = Path(__file__).parents[2]
TABLES = frozenset({"kiosk/production.py", "kiosk/ui/codes_document.py"})
"""Lists of codes that others raise."""


def named(package: str, root: Path = ROOT) -> set[str]:
    """Every `Code.X` of the package's sources, outside of `codes.py` and mere tables."""
    return {name for path in (root / package).rglob("*.py") for name in _names(path, root)}


def _names(path: Path, root: Path) -> Iterator[str]:
    if path.name == "codes.py" or path.relative_to(root).as_posix() in TABLES:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Code":
            yield node.attr


def test_every_code_is_raised_somewhere():
    by_central = {CentralCode[name].value for name in named("central") if name in CentralCode.__members__}
    here = named("kiosk")
    dead = [code.value for code in Code if code.name not in here and code.value not in by_central]
    assert dead == []


def test_every_code_of_centrals_is_raised_there():
    assert set(CentralCode.__members__) - named("central") == set()


def test_the_search_sees_a_code_that_nobody_raises(tmp_path: Path):
    (tmp_path / "kiosk").mkdir()
    (tmp_path / "kiosk" / "a.py").write_text("x = Code.OK\n# Code.DISK_LOW\ny = 'Code.CLOCK_OFF'\n")
    assert named("kiosk", tmp_path) == {"OK"}

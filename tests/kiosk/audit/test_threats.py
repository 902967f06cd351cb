"""docs/threats.md names real tests: a threat that says it is covered must be."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROWS = [
    line
    for line in (ROOT / "docs/threats.md").read_text("utf-8").splitlines()
    if re.match(r"\| [STRIDE] \|", line)
]


def test_every_category_of_stride_has_threats() -> None:
    assert len(ROWS) > 25
    assert {row[2] for row in ROWS} == set("STRIDE")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[2].strip()[:50])
def test_the_test_that_is_named_exists(row: str) -> None:
    covered = row.split("|")[4].strip()
    named = re.findall(r"`([^`]+)`", covered)
    assert named or covered == "none"
    for name in named:
        file, _, function = name.partition("::")
        assert (ROOT / file).exists(), name
        if function:
            tree = ast.parse((ROOT / file).read_text("utf-8"))
            assert function in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, name

"""Each kind of fault is the one that it says, and a weak test is found out."""

import subprocess
from pathlib import Path

import pytest

from tests.mutants import __main__ as command
from tests.mutants import targets
from tests.mutants.operators import Mutant, find_mutants
from tests.mutants.trial import Outcome, TreeCopy


def faults(source: str) -> set[tuple[str, str]]:
    """Return kind and changed source of every fault."""
    raw = source.encode()
    return {(mutant.kind, mutant.apply(raw).decode()) for mutant in find_mutants(raw)}


@pytest.mark.parametrize(
    ("source", "kind", "becomes"),
    [
        ("x = a < b", "comparison flipped", {"x = a <= b", "x = a >= b"}),
        ("x = a >= b", "comparison flipped", {"x = a > b", "x = a < b"}),
        ("x = (a) == (b)", "comparison flipped", {"x = (a) != (b)"}),
        ("x = a is None", "comparison flipped", {"x = a is not None"}),
        ("x = a  is  not None", "comparison flipped", {"x = a  is None"}),
        ("x = a not in b", "comparison flipped", {"x = a in b"}),
        ("x = 0 < a <= 9", "comparison flipped",
         {"x = 0 <= a <= 9", "x = 0 >= a <= 9", "x = 0 < a < 9", "x = 0 < a > 9"}),
        ("x = a and b", "and/or swapped", {"x = a or b"}),
        ("x = a or b or c", "and/or swapped", {"x = a and b or c", "x = a or b and c"}),
        ("x = a and (b or c) and d", "condition dropped",
         {"x =  (b or c) and d", "x = a  and d", "x = a and (b or c) ", "x = a and ( c) and d",
          "x = a and (b ) and d"}),
        ("x = not a", "not dropped", {"x = a"}),
        ("x = -a", "sign dropped", {"x = a"}),
        ("x = a - b", "arithmetic swapped", {"x = a + b"}),
        ("x = a * b / c", "arithmetic swapped", {"x = a / b / c", "x = a * b * c"}),
        ("x = 7", "constant changed", {"x = (8)", "x = (6)"}),
        ("x = 0.5", "constant changed", {"x = (1.0)", "x = (0.25)"}),
        ("x = True", "True/False swapped", {"x = False"}),
        ("x = any(y)", "any/all, min/max swapped", {"x = all(y)"}),
        ("if a:\n    f()", "guard removed", {"if False:\n    f()"}),
        ("def f():\n    return a", "return removed", {"def f():\n    pass"}),
        ("raise a", "raise removed", {"pass"}),
        ("f(a)", "statement removed", {"pass"}),
        ("a.b = c", "statement removed", {"pass"}),
        ("a.b, c = d", "statement removed", {"pass"}),
        ("a += b", "statement removed", {"pass"}),
        ("x = {a, b}", "entry dropped", {"x = { b}", "x = {a, }"}),
        ("x = [a, *b]", "entry dropped", {"x = [ *b]", "x = [a, ]"}),
        ("x = (A.b, 'c')", "entry dropped", {"x = ( 'c')", "x = (A.b, )"}),
        ("x = {a: (b), **c}", "entry dropped", {"x = { **c}", "x = {a: (b), }"}),
        ("x = '身份证' < b", "comparison flipped", {"x = '身份证' <= b", "x = '身份证' >= b"}),
    ],
)  # fmt: skip
def test_each_fault_is_the_one_that_it_says(source, kind, becomes):
    assert {changed for found, changed in faults(source) if found == kind} == becomes


@pytest.mark.parametrize(
    "source",
    [
        '"""Say what it is for: 1 < 2."""',
        "assert a < b",
        "from a import b",
        "def f(x: Literal[1] = a) -> dict[str, Literal[2]]: ...",
        "@decorator(frozen=True)\nclass A(Struct, frozen=True): ...",
        "log.error(a)",
        "x = f'{a:.2f}'",
        "x = a, b",  # a pair, not a table
        "x = f(a)",  # everything would fail without it
        "def __repr__(self):\n    return a",
    ],
)
def test_what_decides_nothing_is_left_alone(source):
    assert faults(source) == set()


def test_every_fault_compiles_and_names_its_line():
    source = Path(command.ROOT, "kiosk/visit/rules/lips.py").read_bytes()
    found = find_mutants(source)
    assert len(found) > 80
    for mutant in found:
        changed = mutant.apply(source)
        compile(changed, "", "exec")
        before, after = source.splitlines(), changed.splitlines()
        assert before[: mutant.line - 1] == after[: mutant.line - 1]
        assert before[mutant.line - 1] != after[mutant.line - 1]


# ── a tree with a weak test ──────────────────────────────────────────────────────────────────────

RULE = "def is_adult(age):\n    return age >= 18\n"
WEAK = "from shop.rule import is_adult\n\ndef test_adult():\n    assert is_adult(40) and not is_adult(2)\n"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small repository whose test never tries the bound itself."""
    root = tmp_path / "tree"
    for name, text in {"shop/__init__.py": "", "shop/rule.py": RULE, "checks/test_rule.py": WEAK}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    monkeypatch.setattr(targets, "TESTS", {"shop/rule.py": ("checks/test_rule.py",)})
    return root


def test_a_weak_test_lets_a_fault_survive(tree, capsys):
    assert command.main(["--count", "0"], tree) == 0
    printed = capsys.readouterr().out
    assert "shop/rule.py:2 comparison flipped\n" in printed
    assert "-    return age >= 18\n+    return age > 18\n" in printed
    assert "killed  " in printed
    assert (tree / "shop" / "rule.py").read_text() == RULE  # the tree itself was never touched


def test_a_better_test_kills_it(tree, tmp_path):
    (tree / "checks" / "test_rule.py").write_text(WEAK + "    assert is_adult(18) and not is_adult(17)\n")
    (flipped,) = [m for m in find_mutants(RULE.encode()) if b"age > 18" in m.apply(RULE.encode())]
    copy = TreeCopy(tree, tmp_path / "copy")
    assert copy.attempt("shop/rule.py", flipped, ("checks/test_rule.py",), 60.0) is Outcome.KILLED
    assert copy.test(("checks/test_rule.py",), 60.0).passed  # the fault is out again


def test_a_loop_that_never_ends_is_neither_killed_nor_survived(tree, tmp_path):
    endless = Mutant(
        kind="", line=2, start=len("def is_adult(age):\n    "), end=len(RULE), text=b"while True: pass\n"
    )
    copy = TreeCopy(tree, tmp_path / "copy")
    assert copy.attempt("shop/rule.py", endless, ("checks/test_rule.py",), 5.0) is Outcome.TIMED_OUT
    assert copy.test(("checks/test_rule.py",), 60.0).passed


def test_tests_that_fail_without_a_fault_measure_nothing(tree, capsys):
    (tree / "checks" / "test_rule.py").write_text("def test_nothing():\n    assert False\n")
    assert command.main(["--count", "3"], tree) == 1
    assert "noticed" not in capsys.readouterr().out


def test_a_seed_draws_the_same_faults_again():
    files = ["kiosk/visit/rules/lips.py", "kiosk/visit/rules/face.py"]
    drawn = [command.draw(command.ROOT, files, 5, seed) for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(faults) for faults in drawn] == [5, 5, 5]


def test_every_pattern_names_a_file_and_every_test_exists():
    files = targets.deciding_files(command.ROOT)
    for pattern, tests in targets.TESTS.items():
        assert any(targets.tests_for(path) is tests for path in files), pattern
        assert [test for test in tests if not (command.ROOT / test).exists()] == []

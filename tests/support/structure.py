"""Print figures about the code's structure: `python -m tests.support.structure [FOLDER ...]`.

One row a folder: files, lines, functions (median and 90th percentile of their length), the share of private
functions, the share of those that are used once, public docstrings that begin with a verb, and words that the
project's vocabulary replaced. `tests/test_architecture.py` holds some of them to limits.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
FOLDERS = ("kiosk", "central", "permit", "evaluation", "demo")
REPLACED = re.compile(
    r"\b(whoever|nobody's|the dear part|signs? of life|goes? round|in our own words|the house|"
    r"doors?|greets?|tells? of|is told|are told|was told|errands?|courier|ledger|witness|desk)\b",
    re.IGNORECASE,
)
"""Metaphors and retired names, searched in docstrings and comments."""
FIRST_WORDS_THAT_ARE_NO_VERBS = """
a an the this that these those it its what which who whose how where when why whether if is are was were
does do has have may must can not no nothing nobody never always all each every any some one two three so in
on of for from to with without as at by before after between until while and or but than then here there true
false none also only same other another seconds hours degrees now digits
"""


@dataclass(kw_only=True)
class Figures:
    """What is counted over the files of one folder."""

    files: int = 0
    lines: int = 0
    lengths: list[int] = field(default_factory=list)
    private: int = 0
    used_once: int = 0
    documented: int = 0
    begin_with_verb: int = 0
    replaced: Counter[str] = field(default_factory=Counter)

    def row(self) -> str:
        """Return the figures as one line of the printed table."""
        lengths = sorted(self.lengths)
        ninety = lengths[len(lengths) * 9 // 10]
        return (
            f"{self.files:>6} {self.lines:>7} {len(lengths):>6} {median(lengths):>5.0f} {ninety:>4} "
            f"{_share(self.private, len(lengths)):>8} {_share(self.used_once, self.private):>8} "
            f"{_share(self.begin_with_verb, self.documented):>8} {self.replaced.total():>6}"
        )


def measure(folder: str) -> Figures:
    """Count over the tracked Python files below `folder` (migrations left out)."""
    figures = Figures()
    for path in tracked(folder):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        figures.files += 1
        figures.lines += source.count("\n")
        figures.replaced.update(word.lower() for word in REPLACED.findall(prose(source, tree)))
        _count_functions(tree, figures)
    return figures


def tracked(folder: str) -> list[Path]:
    """Return the Python files that git knows below `folder`, without migrations. Raises on an empty list."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    paths = [ROOT / name for name in listed if name.endswith(".py") and "migrations/versions" not in name]
    paths = [path for path in paths if path.is_file()]
    if not paths:
        raise FileNotFoundError(f"{folder}: no tracked Python files")
    return paths


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method, nested ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the number of lines from `def` to the last statement."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def prose(source: str, tree: ast.AST) -> str:
    """Return the text of all docstrings and comments."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, documented)]
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join(docstrings + [t.string for t in tokens if t.type == tokenize.COMMENT])


def begins_with_verb(docstring: str) -> bool:
    """Judge the first word: a capitalised word that is no article, pronoun, question word or "-s" form."""
    word = re.split(r"\W", docstring.strip())[0]
    third_person = word.endswith("s") and not word.endswith("ss")
    return (
        word[:1].isupper() and word.lower() not in FIRST_WORDS_THAT_ARE_NO_VERBS.split() and not third_person
    )


def _count_functions(tree: ast.AST, figures: Figures) -> None:
    uses = Counter(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
    uses.update(n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute))
    for function in functions(tree):
        figures.lengths.append(length(function))
        docstring = ast.get_docstring(function)
        if function.name.startswith("_"):
            if not function.name.startswith("__"):
                figures.private += 1
                figures.used_once += uses[function.name] <= 1
        elif docstring:
            figures.documented += 1
            figures.begin_with_verb += begins_with_verb(docstring)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def main(folders: list[str]) -> None:
    """Print the table."""
    print(f"{'folder':<20} {'files':>6} {'lines':>7} {'func.':>6} {'med.':>5} {'p90':>4} "
          f"{'private':>8} {'once':>8} {'verb':>8} {'words':>6}")  # fmt: skip
    for folder in folders:
        print(f"{folder:<20} {measure(folder).row()}")


if __name__ == "__main__":
    main(sys.argv[1:] or list(FOLDERS))

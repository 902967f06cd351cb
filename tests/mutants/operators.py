"""Finds the small faults that can be put into a Python source, each a stretch of bytes that is replaced.

Left out is what decides nothing: docstrings, annotations, assertions, imports, decorators, base classes,
formatted text, logging and `__repr__`.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_FLIPPED = {
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "is": ("is not",),
    "is not": ("is",),
    "in": ("not in",),
    "not in": ("in",),
}
_OPERATOR = re.compile(rb"is\s+not\b|not\s+in\b|\bis\b|\bin\b|[<>]=?|[=!]=")
_OPPOSITE = {b"any": b"all", b"all": b"any", b"min": b"max", b"max": b"min"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A fault: `text` in the place of the bytes from `start` to `end`. `kind`: what was done."""

    kind: str
    line: int
    start: int
    end: int
    text: bytes

    def apply(self, source: bytes) -> bytes:
        """Return the source with this fault."""
        return source[: self.start] + self.text + source[self.end :]


def find_mutants(source: bytes) -> list[Mutant]:
    """Return every fault for `source` that still compiles, in the order of their places."""
    return [
        mutant
        for mutant in sorted(set(_Finder(source).found()), key=lambda m: (m.start, m.end, m.text))
        if mutant.apply(source) != source and _compiles(mutant.apply(source))
    ]


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


class _Finder:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def found(self) -> Iterator[Mutant]:
        for node in _deciding(ast.parse(self._source)):
            for operators in _OPERATORS.get(type(node), ()):
                yield from operators(self, node)

    # ── places ───────────────────────────────────────────────────────────────────────────────────

    def _begin(self, node: ast.AST) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.AST) -> int:
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.AST) -> bytes:
        return self._source[self._begin(node) : self._end(node)]

    def _between(self, kind: str, start: int, end: int, text: bytes) -> Mutant:
        line = self._source.count(b"\n", 0, start) + 1
        return Mutant(kind=kind, line=line, start=start, end=end, text=text)

    def _replaced(self, kind: str, node: ast.AST, text: bytes) -> Mutant:
        return self._between(kind, self._begin(node), self._end(node), text)

    def _token(self, before: ast.AST, after: ast.AST, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Return what stands between two neighbours; brackets around them are no part of it."""
        found = pattern.search(self._source, self._end(before), self._begin(after))
        assert found is not None
        return found

    # ── operators ────────────────────────────────────────────────────────────────────────────────

    def _comparison(self, node: ast.Compare) -> Iterator[Mutant]:
        for before, after in zip([node.left, *node.comparators], node.comparators, strict=False):
            token = self._token(before, after, _OPERATOR)
            for other in _FLIPPED[b" ".join(token[0].split()).decode()]:
                yield self._between("comparison flipped", token.start(), token.end(), other.encode())

    def _and_or(self, node: ast.BoolOp) -> Iterator[Mutant]:
        word, other = (b"and", b"or") if isinstance(node.op, ast.And) else (b"or", b"and")
        for before, after in zip(node.values, node.values[1:], strict=False):
            token = self._token(before, after, re.compile(rb"\b" + word + rb"\b"))
            yield self._between("and/or swapped", token.start(), token.end(), other)
            brackets = self._source.count(b"(", token.end(), self._begin(after))
            closed = re.compile(rb"(?:\s*\)){%d}" % brackets).match(self._source, self._end(after))
            yield self._between("condition dropped", token.start(), closed.end(), b"")
            if before is node.values[0]:
                yield self._between("condition dropped", self._begin(node), token.end(), b"")

    def _not(self, node: ast.UnaryOp) -> Iterator[Mutant]:
        if isinstance(node.op, ast.Not):
            yield self._replaced("not dropped", node, self._text(node.operand))
        elif isinstance(node.op, ast.USub):
            yield self._replaced("sign dropped", node, self._text(node.operand))

    def _sum(self, node: ast.BinOp) -> Iterator[Mutant]:
        other = {ast.Add: (b"+", b"-"), ast.Sub: (b"-", b"+"), ast.Mult: (b"*", b"/"), ast.Div: (b"/", b"*")}
        if type(node.op) in other and not isinstance(node.left, ast.Constant | ast.JoinedStr):
            word, swapped = other[type(node.op)]
            token = self._token(node.left, node.right, re.compile(re.escape(word)))
            yield self._between("arithmetic swapped", token.start(), token.end(), swapped)

    def _constant(self, node: ast.Constant) -> Iterator[Mutant]:
        if isinstance(node.value, bool):
            yield self._replaced("True/False swapped", node, str(not node.value).encode())
        elif isinstance(node.value, int):
            for other in (node.value + 1, node.value - 1):
                yield self._replaced("constant changed", node, f"({other})".encode())
        elif isinstance(node.value, float):
            for other in (node.value * 2, node.value / 2) if node.value else (1.0,):
                yield self._replaced("constant changed", node, f"({other})".encode())

    def _call(self, node: ast.Call) -> Iterator[Mutant]:
        if isinstance(node.func, ast.Name) and (other := _OPPOSITE.get(self._text(node.func))):
            yield self._replaced("any/all, min/max swapped", node.func, other)

    def _guard(self, node: ast.If) -> Iterator[Mutant]:
        """A condition that never holds; for an `elif` as well."""
        yield self._replaced("guard removed", node.test, b"False")

    def _return(self, node: ast.Return) -> Iterator[Mutant]:
        if node.value is not None:
            yield self._replaced("return removed", node, b"pass")

    def _raise(self, node: ast.Raise) -> Iterator[Mutant]:
        yield self._replaced("raise removed", node, b"pass")

    def _statement(self, node: ast.Expr | ast.Assign | ast.AugAssign) -> Iterator[Mutant]:
        """A call or a change of state; a name that is bound is left, as everything would fail without it."""
        if isinstance(node, ast.Assign) and not any(_changes_state(target) for target in node.targets):
            return
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom):
            return
        yield self._replaced("statement removed", node, b"pass")

    def _entries(self, node: ast.Set | ast.List | ast.Tuple) -> Iterator[Mutant]:
        """One entry fewer. Tuples count where they are tables of names or numbers only."""
        if isinstance(node, ast.Tuple) and not (isinstance(node.ctx, ast.Load) and _is_table(node)):
            return
        yield from self._each_dropped(node.elts, [self._end(entry) for entry in node.elts])

    def _dict_entries(self, node: ast.Dict) -> Iterator[Mutant]:
        keys = [value if key is None else key for key, value in zip(node.keys, node.values, strict=True)]
        starts = [
            self._begin(first) - (2 if key is None else 0) for first, key in zip(keys, node.keys, strict=True)
        ]
        yield from self._dropped(starts, [self._end(value) for value in node.values])

    def _each_dropped(self, entries: list[ast.expr], ends: list[int]) -> Iterator[Mutant]:
        yield from self._dropped([self._begin(entry) for entry in entries], ends)

    def _dropped(self, starts: list[int], ends: list[int]) -> Iterator[Mutant]:
        for start, end in zip(starts, ends, strict=True):
            comma = re.compile(rb"\)*\s*,").match(self._source, end)
            yield self._between("entry dropped", start, comma.end() if comma else end, b"")


_OPERATORS: dict[type[ast.AST], tuple[Callable[..., Iterator[Mutant]], ...]] = {
    ast.Compare: (_Finder._comparison,),
    ast.BoolOp: (_Finder._and_or,),
    ast.UnaryOp: (_Finder._not,),
    ast.BinOp: (_Finder._sum,),
    ast.Constant: (_Finder._constant,),
    ast.Call: (_Finder._call,),
    ast.If: (_Finder._guard,),
    ast.Return: (_Finder._return,),
    ast.Raise: (_Finder._raise,),
    ast.Expr: (_Finder._statement,),
    ast.Assign: (_Finder._statement,),
    ast.AugAssign: (_Finder._statement,),
    ast.Set: (_Finder._entries,),
    ast.List: (_Finder._entries,),
    ast.Tuple: (_Finder._entries,),
    ast.Dict: (_Finder._dict_entries,),
}


def _deciding(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below `node` that can be put at fault."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        if name == "keywords" and isinstance(node, ast.ClassDef):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_left_out(child):
                yield child
                yield from _deciding(child)


def _is_left_out(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
        return True
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("log.")


def _changes_state(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple):
        return any(map(_changes_state, target.elts))
    return isinstance(target, ast.Attribute | ast.Subscript)


def _is_table(node: ast.Tuple) -> bool:
    return len(node.elts) > 0 and all(
        isinstance(entry, ast.Constant | ast.Attribute | ast.Starred) for entry in node.elts
    )

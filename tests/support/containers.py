"""What a package holds that may grow: found in its source, so that none is forgotten."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EMPTY_AT_FIRST = {"ByteCache", "Counter", "OrderedDict", "bytearray", "defaultdict", "deque"}
EMPTY_AT_FIRST |= {"IdSet", "dict", "list", "set"}


def growing(root: Path) -> Iterator[str]:
    """Yield each attribute and module's name that begins as an empty container, and each cached function."""
    for file in sorted(root.rglob("*.py")):
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        tree = ast.parse(file.read_text(encoding="utf-8"))
        yield from (f"{module}.{name}" for name in (*_names(tree.body), *_cached(tree)))
        for one in ast.walk(tree):
            if isinstance(one, ast.ClassDef):
                yield from (f"{module}.{one.name}.{name}" for name in _attributes(one))


def _attributes(made: ast.ClassDef) -> Iterator[str]:
    for one in ast.walk(made):
        if isinstance(one, (ast.Assign, ast.AnnAssign)) and _is_empty(one.value):
            for target in _targets(one):
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                    yield target.attr


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for one in body:
        if isinstance(one, (ast.Assign, ast.AnnAssign)) and _is_empty(one.value):
            yield from (target.id for target in _targets(one) if isinstance(target, ast.Name))


def _cached(tree: ast.Module) -> Iterator[str]:
    for one in ast.walk(tree):
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
            kinds = [ast.unparse(decorator).partition("(")[0] for decorator in one.decorator_list]
            # A property's is its object's alone.
            if any(kind.endswith("cache") for kind in kinds):
                yield one.name


def _targets(one: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return one.targets if isinstance(one, ast.Assign) else [one.target]


def _is_empty(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List):
        return not value.elts
    if not isinstance(value, ast.Call):
        return False
    # Such as `dict[str, int]()` and `collections.deque()`.
    made = value.func.value if isinstance(value.func, ast.Subscript) else value.func
    name = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", "")
    # What is filled from something has the size of that; a cache, and what makes missing values, is empty.
    return name in EMPTY_AT_FIRST and (not value.args or name in {"ByteCache", "defaultdict"})

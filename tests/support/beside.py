"""Finds what the source code runs beside its caller, and what it catches whatever it is."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src"
# Calls, by the last part of their name, that make a task, a thread or a process.
BESIDE = {
    "create_task": "task",
    "ensure_future": "task",
    "TaskGroup": "task",
    "Thread": "thread",
    "Timer": "thread",
    "ThreadPoolExecutor": "thread",
    "to_thread": "thread",
    "run_in_executor": "thread",
    "Popen": "process",
    "create_subprocess_exec": "process",
    "fork": "process",
}
BROAD = {"Exception": "except Exception", "BaseException": "except BaseException"}


def found() -> list[tuple[str, str, str]]:
    """Return the file, the function and the kind of each, in order; a file's path begins below `src`."""
    return sorted(
        (str(path.relative_to(SOURCE)), function, kind)
        for path in SOURCE.rglob("*.py")
        for function, kind in _of(ast.parse(path.read_text("utf-8")), "module")
    )


def _of(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        function = node.name
    if isinstance(node, ast.Call):
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in BESIDE:
            yield function, BESIDE[name]
    if isinstance(node, ast.ExceptHandler):
        caught = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
        for one in caught:
            name = "BaseException" if one is None else getattr(one, "id", "")
            if name in BROAD:
                yield function, BROAD[name]
    for child in ast.iter_child_nodes(node):
        yield from _of(child, function)

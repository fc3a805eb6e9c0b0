"""Decisions and states know no clock, no chance, no database and nothing above them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STANDARD = {
    "__future__", "bisect", "calendar", "collections.abc",
    "contextlib", "dataclasses", "datetime", "functools", "inspect", "itertools", "re", "types", "typing",
    "unicodedata", "uuid",
}  # fmt: skip
OF_WORKFLOWS = {"logging"}
"""A workflow goes on after a failure, and reports it."""
IMPURE = {"now", "utcnow", "today", "uuid1", "uuid4", "getenv", "urandom", "open", "print"}
ROOMS = {"domain": ("domain",), "commands": ("commands", "domain")}
MODULES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def is_workflow(path: Path) -> bool:
    """Workflows are given a clock, which they call as their own `now`."""
    return path.is_relative_to(ROOT / "commands/workflows")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module in ROOMS)
            if node.module not in ROOMS:
                yield str(node.module)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_what_is_pure_and_below_it(path: Path) -> None:
    below = ROOMS[path.relative_to(ROOT).parts[0]]
    standard = STANDARD | OF_WORKFLOWS if is_workflow(path) else STANDARD
    for module in imported(path):
        assert module in standard or module.split(".")[0] in below, f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_calls_no_clock_and_no_chance(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and not (is_workflow(path) and ast.unparse(node.func) == "self.now"):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called not in IMPURE, f"{name_of(path)}:{node.lineno} calls {called}"


def test_no_import_goes_round_in_a_circle() -> None:
    imports = {name_of(path): set(imported(path)) for path in MODULES}
    waiting = {name: names & imports.keys() for name, names in imports.items()}
    while waiting:
        free = {name for name, names in waiting.items() if not names & waiting.keys()}
        assert free, f"a circle among {sorted(waiting)}"
        waiting = {name: names for name, names in waiting.items() if name not in free}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_opens_with_a_sentence(path: Path) -> None:
    opening = ast.get_docstring(ast.parse(path.read_text()))
    assert opening
    assert opening.splitlines()[0].endswith(".")

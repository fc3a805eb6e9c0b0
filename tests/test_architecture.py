"""The house keeps its shape: who may know whom, where SQL stands, how a module opens and what it may be called."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = ("domain", "commands", "projections", "queries", "adapters")
MAY_IMPORT = {
    "domain": {"domain"},
    "commands": {"commands", "domain"},
    "projections": {"projections", "domain"},
    "queries": {"queries", "projections", "domain", "psycopg"},
}
"""Beside the standard library; adapters may import everything."""

ROOMS_OF_SQL = ("projections/", "queries/", "adapters/postgres/", "adapters/lab/")
"""The lab is no part of the product: it looks at the database from outside, so that it can contradict it."""

SQL = re.compile(
    r"\bselect\b.+\bfrom\b|\binsert\s+into\b|\bupdate\s+\w+(\.\w+)?\s+set\b|\bdelete\s+from\b|\btruncate\s+\w+\b"
    r"|\bcreate\s+(temporary\s+|unique\s+)?(table|index|schema|function|view)\b"
    r"|\bcopy\s+\w+.*\b(from stdin|to stdout)\b",
    re.DOTALL,
)
ROOMS_OF_HTTP = ("adapters/web/", "adapters/lab/")
"""The lab is a client of the API, and measures it beside a bare one."""
STATUSES = {"status", "status_code"}
TERMS = re.compile(r"hiring_?manager", re.IGNORECASE)
"""What recruiters call a person is no name of ours."""
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc", "info", "process"}


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (HOUSE / room).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


every_module = pytest.mark.parametrize("path", modules(*ROOMS), ids=name_of)
everything_written = pytest.mark.parametrize("path", modules(*ROOMS, "tests"), ids=name_of)


def test_no_two_modules_import_each_other_not_even_by_a_detour() -> None:
    graph = grimp.build_graph(*ROOMS)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 80
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("path", modules(*MAY_IMPORT), ids=name_of)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    allowed = MAY_IMPORT[name_of(path).split("/")[0]] | sys.stdlib_module_names
    assert set(imported(parsed(path))) <= allowed


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level names of everything that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole way"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize(
    "path", [path for path in modules(*ROOMS) if not name_of(path).startswith(ROOMS_OF_SQL)], ids=name_of
)
def test_sql_stands_only_in_its_rooms(path: Path) -> None:
    assert [text for text in texts(parsed(path)) if SQL.search(text)] == []


def texts(tree: ast.Module) -> Iterator[str]:
    """Every string literal that is not a docstring or another bare statement; the parts of an f-string together."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            yield " ".join(part for part in parts if isinstance(part, str))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_the_heuristic_knows_sql_when_it_sees_it() -> None:
    assert SQL.search("\n    select position\n    from batch")
    assert SQL.search("update consumer_offset set offset_id = 1")
    assert not SQL.search("Selected candidates stay; an updated answer is set apart, copy it from there")


def http_statuses_in(tree: ast.Module) -> Iterator[int]:
    """The lines that handle an HTTP status: a `status` that is a whole number, or the names that libraries give it."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=ast.Name("int")) if name in STATUSES:
                yield node.lineno
            case ast.AnnAssign(target=ast.Name(name), annotation=ast.Name("int")) if name in STATUSES:
                yield node.lineno
            case ast.keyword(arg=str(name), value=ast.Constant(int())) if name in STATUSES:
                yield node.value.lineno
            case ast.Compare(left=ast.Attribute(attr=name) | ast.Name(name), comparators=[ast.Constant(int())]):
                yield from [node.lineno] if name in STATUSES else []
            case ast.Attribute(attr="status_code" | "HTTPStatus") | ast.Name("HTTPStatus"):
                yield node.lineno


@every_module
def test_http_statuses_stand_in_the_web_alone(path: Path) -> None:
    if not name_of(path).startswith(ROOMS_OF_HTTP):
        assert list(http_statuses_in(parsed(path))) == [], f"{name_of(path)}: an HTTP status belongs to adapters/web"


def test_the_heuristic_knows_an_http_status_when_it_sees_it() -> None:
    for text in (
        "class Answer:\n    status: int",
        "def answer(status: int): ...",
        "Response(status_code=201)",
        "answer.status == 404",
        "response.status_code",
        "HTTPStatus.CREATED",
    ):
        assert list(http_statuses_in(ast.parse(text))), text
    for text in ("class Job:\n    status: str", "Job(status='open')", "job.status == 'open'", "len(statuses) == 200"):
        assert not list(http_statuses_in(ast.parse(text))), text


@everything_written
def test_a_module_opens_with_what_it_is_about(path: Path) -> None:
    tree = parsed(path)
    if not tree.body and path.name == "__init__.py":
        return
    opening = ast.get_docstring(tree)
    assert opening is not None
    assert re.match(r"[A-Z`]", opening), "a sentence"


@everything_written
def test_a_module_has_a_name_that_says_something(path: Path) -> None:
    parts = [TERMS.sub("", part) for part in path.relative_to(HOUSE).with_suffix("").parts]
    words = {word for part in parts for word in part.split("_")}
    assert not words & BANNED_NAMES


@every_module
def test_nothing_is_named_a_manager_or_a_helper(path: Path) -> None:
    classes = [node.name for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)]
    named = [TERMS.sub("", name) for name in classes]
    assert [name for name in named if re.search(r"(Manager|Helper|Utils?|Data|Info)$", name)] == []

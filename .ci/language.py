"""Finds the words that the house does not use: people where there are none, and names that name no payload."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

WORDS = re.compile(
    r"somebody|whoever|nobody|anybody|doorkeeper|crier|KEYS_ARE_AMISS"
    r"|(?<![a-z])(clerks?|desks?|shelf|kin|askers?)(?![a-z])"
    r"|\b(those who ask|by itself|lets? go|letting go|(is|was|were) faster)\b"
    r"|(?<![a-z])(is|are|was|were|be|been|being)[ _]told(?![a-z])",
    re.IGNORECASE,
)
"""Words for people, where there are none, and words that the field has other words for."""
NAMES = frozenset({"told", "asked", "found", "known", "said", "one", "thing"})
"""No names of classes or variables: they do not say what is in them."""
CLASSES = re.compile(r"Desk|Clerk|Introduced|Rated|Guarded|Asker|Asking|Asked|Course|Turn|Shelf|\w+Pages")
"""Names that classes had before they took the terms of the field."""
FROZEN = re.compile(
    "clerk:(expiry|erasure|retention)"  # actors in stored events
    "|erasure-is-asked-by-nobody"  # codes of rules, in stored deliveries and rejected files
    "|referral-was-asked-of-somebody-else"
    "|(nobody|somebody)(;|@)"  # placeholders that stand for no address (domain/addresses.py)
    "|what nobody else dares"  # the text of a golden row
    '|OTHER_USER = "nobody"'  # a user that every Unix has
)
"""What is stored or hashed and does not change, and what other systems call so."""
FROZEN_NAMES = {("domain/access.py", "asked"), ("adapters/intake/imports/ledger.py", "known")}
"""Fields of stored events, and the number of known lines in the state of an import and in its public form."""
NOT_PROSE = {".json", ".lock", ".pem", ".woff2", ".png"}
ABOUT_THE_WORDS = {".ci/language.py", "tests/test_language.py"}
"""The only files of the tree that may use the words: they name them."""


def complaints_about(path: str, text: str) -> Iterator[str]:
    """Yield the lines of a file that use a word or a name that the house does not use."""
    for number, line in enumerate(text.splitlines(), 1):
        for word in WORDS.finditer(FROZEN.sub("", line)):
            yield f"{path}:{number}: '{word.group()}' is not a word of the house: {line.strip()[:80]}"
    if path.endswith(".py"):
        for number, name in names_in(ast.parse(text)):
            if name.strip("_").lower() in NAMES and (path, name) not in FROZEN_NAMES:
                yield f"{path}:{number}: the name '{name}' does not say what it holds"


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of every class, parameter and variable that a module binds."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, "one" if CLASSES.fullmatch(name) else name


def all_complaints(paths: Sequence[Path]) -> Iterator[str]:
    """Yield the complaints about every file of prose or code."""
    for path in paths:
        if path.suffix not in NOT_PROSE and str(path) not in ABOUT_THE_WORDS:
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                continue
            yield from complaints_about(str(path), text)

"""Reports the lengths of functions; refuses paths of one machine, package indexes and words the house gave up."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import language

LONGEST_AT_P90 = 25
OF_ONE_MACHINE = re.compile(r"(^|[^\w.])/(home|root|work|opt|Users)/\w|[A-Z]:\\Users")
OF_ONE_INDEX = re.compile(
    r"--(extra-)?index-url|--find-links|--trusted-host|\b(pypi|pythonhosted|npmjs|artifactory|nexus)\."
    r"|\b(registry|resolved|source)\W{1,4}https?:"
)
FREE_OF_RULES = {".ci/tidy.py"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [Path(name) for name in listed.split("\0") if name and Path(name).is_file()]


def function_lengths() -> list[tuple[int, str]]:
    """Return (lines, where) of every function outside the tests."""
    lengths = []
    for path in tracked("*.py"):
        if path.parts[0] != "tests":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    lengths.append((lines, f"{path}:{node.lineno} {node.name}"))
    return sorted(lengths)


def forbidden_lines() -> Iterator[str]:
    """Yield the lines that tie a file to one machine or one package index."""
    for path in tracked():
        if str(path) in FREE_OF_RULES:
            continue
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if OF_ONE_MACHINE.search(line) or OF_ONE_INDEX.search(line):
                yield f"{path}:{number}: names a path of one machine or a package index: {line.strip()[:80]}"


def main() -> int:
    lengths = function_lengths()
    sizes = [lines for lines, _ in lengths]
    p90 = sizes[int(len(sizes) * 0.9) - 1]
    print(f"functions: {len(sizes)}, median {statistics.median(sizes):.0f} lines, 90th percentile {p90}; the longest:")
    print("\n".join(f"  {lines} {where}" for lines, where in lengths[:-4:-1]))
    complaints = list(forbidden_lines())
    words = list(language.all_complaints(tracked()))
    complaints += words
    print(f"language: {len(words)} lines use words or names that the house gave up")
    if p90 > LONGEST_AT_P90:
        complaints.append(f"the 90th percentile of function length is {p90} lines; {LONGEST_AT_P90} at most")
    print("\n".join(complaints) or "files: nothing of one machine or one package index")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

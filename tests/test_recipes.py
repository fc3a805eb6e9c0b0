"""The recipes of CONTRIBUTING are followed word for word, in a copy of the checkout."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
RECIPES = {
    "Add a touchpoint kind in five minutes": (),
    "Add an aggregate": (),
    "Add a command": (),
    "Add a worker": (),
    "Add a read model": (),
    "Add a question": (),
    "Add an endpoint": ("Add a question",),
}
"""The recipes that are followed here, and the ones that each builds on."""
RUNS = {"Add an aggregate": ("tests.golden.write",)}
"""The modules that a recipe has run after its changes."""
NEEDS_NO_DATABASE = (
    "tests/adapters/web/test_raises.py",
    "tests/adapters/web/test_url_scheme.py",
    "tests/adapters/test_workers.py::test_the_compose_file_and_the_drill_run_every_worker_once",
)
PLACE = re.compile(
    r"(# |<!-- )in (?P<file>\S+), (?P<where>after|before|instead of|at the end)(: (?P<line>.*?))?( -->)?"
)


@dataclass(frozen=True, slots=True)
class Step:
    """A block of code of a recipe: its first line names a new file, or a place in an old one."""

    place: str
    text: str

    def apply(self, house: Path) -> Path:
        """Make the change, and return the file. The line that names the place must stand in the file once."""
        place = PLACE.fullmatch(self.place)
        if place is None:
            path = house / self.place.removeprefix("# ")
            assert not path.exists(), f"{self.place} is there already"
            path.write_text(self.text)
            return path
        path, line = house / place["file"], place["line"]
        content = path.read_text()
        if place["where"] == "at the end":
            path.write_text(f"{content}\n\n{self.text}")
            return path
        assert content.count(f"{line}\n") == 1, f"{self.place!r} does not name one line"
        changed = {"after": f"{line}\n{self.text}", "before": f"{self.text}{line}\n", "instead of": self.text}
        path.write_text(content.replace(f"{line}\n", changed[place["where"]]))
        return path


def steps_of(recipe: str) -> list[Step]:
    """Return the steps of the recipe, in order."""
    text = (HOUSE / "CONTRIBUTING.md").read_text()
    part = text.split(f"\n## {recipe}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^ {3}```(?:python|markdown|yaml)\n(.*?)^ {3}```$", part, flags=re.MULTILINE | re.DOTALL)
    assert blocks, f"the recipe {recipe!r} has no step"
    return [Step(*textwrap.dedent(block).split("\n", 1)) for block in blocks]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of what is checked in, in its present state."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=HOUSE,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (HOUSE / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HOUSE / name, tmp_path / name)
    return tmp_path


def run(house: Path, *command: str) -> None:
    """Run a module of Python there; it must succeed."""
    ran = subprocess.run([sys.executable, "-m", *command], cwd=house, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_works_as_it_is_written(house: Path, recipe: str) -> None:
    steps = [step for name in (*RECIPES[recipe], recipe) for step in steps_of(name)]
    files = {str(step.apply(house).relative_to(house)) for step in steps}
    linted = sorted(name for name in files if not name.endswith(".yml"))
    run(house, "ruff", "check", "--no-cache", *linted)
    run(house, "ruff", "format", "--check", "--no-cache", *linted)
    for module in RUNS.get(recipe, ()):
        run(house, module)
    without_database = [name for name in files if name.startswith(("tests/queries", "tests/domain", "tests/commands"))]
    run(house, "pytest", "-q", "-x", "-p", "no:cacheprovider", *NEEDS_NO_DATABASE, *sorted(without_database))


def test_an_integration_is_added_by_its_recipe(house: Path) -> None:
    files = [step.apply(house).relative_to(house) for step in steps_of("Add an integration")]
    written = sorted({str(name) for name in files if name.suffix == ".py"})
    run(house, "ruff", "check", "--no-cache", *written)
    run(house, "ruff", "format", "--check", "--no-cache", *written)
    every = "tests/adapters/intake/integrations/test_every_integration.py"
    run(house, "pytest", "-q", "-x", "-p", "no:cacheprovider", every, "-k", "acorn or registry or believed")

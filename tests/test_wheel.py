"""A built wheel holds all that the product needs: an editable install hides files that were left out."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("domain", "commands", "projections", "queries", "adapters")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
START = "import adapters; print(adapters.__file__); from adapters.cli.main import main; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this commit's files: built from a copy, for a build leaves a folder behind."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in files_of("pyproject.toml", *ROOMS):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), str(source), where=built)
    (made,) = built.glob("perennial-*.whl")
    return made


def files_of(*places: str) -> list[str]:
    return run("git", "-c", "safe.directory=*", "ls-files", *places, where=ROOT).splitlines()


def run(*words: str, where: Path, **more: str) -> str:
    done = subprocess.run(words, cwd=where, env={**os.environ, **more}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_it_holds_every_file_of_the_rooms(wheel: Path) -> None:
    assert set(zipfile.ZipFile(wheel).namelist()) >= set(files_of(*ROOMS))


def test_it_runs_the_demo_outside_the_clone(wheel: Path, open_path: Path) -> None:
    installed = open_path / "installed"
    run(*PIP, "install", "--no-deps", "--target", str(installed), str(wheel), where=open_path)
    output = run(
        sys.executable, "-c", START, "demo", "--check", "--events", "3000", where=open_path, PYTHONPATH=str(installed)
    )
    assert output.startswith(str(installed))
    assert "ready after" in output

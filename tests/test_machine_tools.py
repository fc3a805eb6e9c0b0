"""What the tests run and pip cannot bring is seen to before the first test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "machine-tools"
WORKS_WITHOUT_ROOT = ("bash", "id", "env")
STARTED = re.compile(r"""which\("([\w-]+)"\)(?! or)""")


def programs_of(folder: Path) -> set[str]:
    return {name for path in folder.rglob("*.py") for name in STARTED.findall(path.read_text(encoding="utf-8"))}


def programs_seen_to() -> set[str]:
    table = SCRIPT.read_text(encoding="utf-8").split('needed="')[1].split('"')[0]
    return {line.split()[0] for line in table.splitlines() if line.strip()}


def test_every_program_that_the_tests_start_is_seen_to() -> None:
    started = programs_of(ROOT / "tests") | programs_of(ROOT / "adapters/lab/drill")
    assert {"go", "chromium"} <= started - set(WORKS_WITHOUT_ROOT)
    assert started - set(WORKS_WITHOUT_ROOT) - {"gcc"} <= programs_seen_to()


def test_make_test_and_the_gate_both_begin_with_the_script() -> None:
    makefile, gate = (ROOT / "Makefile").read_text(encoding="utf-8"), (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\ntest: programs tools\n" in makefile
    assert "\nprograms:\n\t@.ci/machine-tools\n" in makefile
    assert '"$here/.ci/machine-tools"\n' in gate


def test_where_it_may_install_nothing_it_names_the_command_to_type(tmp_path: Path) -> None:
    for name in WORKS_WITHOUT_ROOT:
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "id").unlink()
    (tmp_path / "id").write_text("#!/usr/bin/env bash\necho 1000\n", encoding="utf-8")
    (tmp_path / "id").chmod(0o755)
    done = subprocess.run(
        [SCRIPT], env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert all(program in done.stderr for program in programs_seen_to())
    assert "sudo apt-get install golang-go ca-certificates chromium gcc libc6-dev" in done.stderr

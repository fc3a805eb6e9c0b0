"""Every command is documented, and its help says what it does and explains each argument and option."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from adapters.cli.main import GROUPS, cli

HOUSE = Path(__file__).parents[3]
PAGE = HOUSE / "docs" / "command-line.md"
MODULES_WITHOUT_COMMANDS = {"__init__", "main", "bundles", "dates", "errors", "log", "progress", "stopping"}


def commands_below(command: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Yield (name, command) of every command, a name such as 'api-keys add'."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(names), command
    else:
        for name, child in below.items():
            yield from commands_below(child, *names, name)


COMMANDS = dict(commands_below(get_command(cli)))
every_command = pytest.mark.parametrize("name", COMMANDS)


def test_the_page_has_every_command_with_what_it_does() -> None:
    rows = dict(re.findall(r"^\| `([a-z -]+)` \| (.+) \|$", PAGE.read_text(), flags=re.MULTILINE))
    assert rows == {name: " ".join(command.help.split("\n\n")[0].split()) for name, command in COMMANDS.items()}


def test_every_module_of_commands_is_one_group() -> None:
    modules = {path.stem for path in (HOUSE / "adapters" / "cli").glob("*.py")}
    assert len(GROUPS) == len(modules - MODULES_WITHOUT_COMMANDS)


@every_command
def test_the_help_says_what_a_command_does_and_explains_its_options(name: str) -> None:
    first = COMMANDS[name].help.split("\n\n")[0]
    assert first.endswith((".", ")"))
    assert first[0].isupper()
    for parameter in COMMANDS[name].params:
        if not getattr(parameter, "hidden", False) and parameter.name != "help":
            assert parameter.help, f"{name}: {parameter.name}"


@every_command
def test_an_example_names_its_own_command_and_options_that_it_has(name: str) -> None:
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    for example in re.findall(r"Example: (perennial [^`]+?)(?:\. `|$)", COMMANDS[name].help, flags=re.MULTILINE):
        assert example.startswith(f"perennial {name}"), example
        if name not in ("bench", "drill"):  # their parsers are in the lab
            assert set(re.findall(r"--[a-z-]+", example)) <= options


def test_without_a_command_the_help_is_shown() -> None:
    shown = CliRunner().invoke(cli, [])
    assert "migrate" in shown.output
    assert "erasure-proposals" in shown.output

"""Commands that measure and break the service from outside. They need the development dependencies."""

from __future__ import annotations

import signal

import typer

from adapters.cli.errors import ModuleIsNotInstalled

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Every word after the command, --help included, is for the parser of the lab."""

group = typer.Typer()


@group.command(context_settings=PASSED_ON)
def bench(context: typer.Context) -> None:
    """Measure this machine: every figure is a ratio to a stock library or a physical limit, taken in the same run.

    Example: perennial bench --only sequenced --seconds 3. `perennial bench --help` lists the options.
    """
    try:
        from adapters.lab.bench.run import run  # needs libraries that serving does not
    except ModuleNotFoundError as error:
        raise ModuleIsNotInstalled(str(error.name)) from error
    run(context.args)


@group.command(context_settings=PASSED_ON)
def drill(context: typer.Context) -> None:
    """Kill processes at random under load and verify that no acknowledged command is lost. Exit code 1: a violation.

    Example: perennial drill --rounds 50 --seed 7. `perennial drill --help` lists the options.
    """
    try:
        from adapters.lab.drill.run import run  # needs libraries that serving does not
    except ModuleNotFoundError as error:
        raise ModuleIsNotInstalled(str(error.name)) from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)  # the drill ends its own processes, which takes time
    run(context.args)

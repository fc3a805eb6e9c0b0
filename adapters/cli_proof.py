"""What an operator and an auditor type about the proofs: sequence the log, and verify it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from adapters import bootstrap, cli_bundles
from adapters.postgres.proofs import Proofs
from adapters.settings import Settings
from adapters.showing import fold_bar, say

proof = typer.Typer()
LATE = 60.0
"""Seconds. It should be five; whoever watches from outside does not want to be woken for every restart."""


@contextmanager
def sequencing(conninfo: str, settings: Settings) -> Iterator[None]:
    """The sequencer in a thread of its own, stopped at the end."""
    stop = threading.Event()
    with bootstrap.sequencer(conninfo, settings) as sequencer:
        thread = threading.Thread(target=sequencer.run, args=(stop,), name="sequencer")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@proof.command()
def sequence(
    once: Annotated[bool, typer.Option("--once", help="Stop when the log's present head is signed.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say how long events wait; exit code 1 when that is too long.")
    ] = False,
) -> None:
    """Give every event its place in the Merkle tree and sign checkpoints, as long as it runs. SIGTERM ends it cleanly.

    It alone needs the signing folder. A log that does not extend the last checkpoint signed is signed no more.
    """
    settings = Settings()
    with bootstrap.database(settings, make=not check) as conninfo:
        if check:
            show_waiting(conninfo)
            return
        bootstrap.migrated(conninfo)
        with fold_bar("sequencing") as told, bootstrap.sequencer(conninfo, settings, partial(told, "")) as sequencer:
            try:
                position = sequencer.catch_up()
                say.print(f"signed up to position {position}")
                if not once:
                    sequencer.run(threading.Event())
            except KeyboardInterrupt:
                say.print("stopped")


def show_waiting(conninfo: str) -> None:
    """Exit code 1 when the sequencer is late: it does not run, or it refuses to sign."""
    with bootstrap.projector(conninfo) as datastore:
        seconds = Proofs(datastore).waits()
    say.print(f"the oldest event without a checkpoint has waited for {seconds:.1f} s", highlight=False)
    if seconds > LATE:
        raise typer.Exit(1)


@proof.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="The bundle, as `perennial audit-bundle` wrote it.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint that you kept: the bundle must lead on from it.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The log's verifier key as you got it elsewhere: its text, or a file.")
    ] = None,
    dispatches: Annotated[
        bool, typer.Option("--dispatches", help="Also show that nothing was sent without a living consent.")
    ] = False,
) -> None:
    """Verify a bundle with nothing but its file: no database, no keys, no network. Exit code 1: it does not hold."""
    cli_bundles.verify_bundle(bundle, cli_bundles.held(key, checkpoint), dispatches=dispatches)


@proof.command("audit-bundle")
def audit_bundle(
    candidate: Annotated[UUID | None, typer.Option(help="All records of this candidate, each event proved.")] = None,
    since: Annotated[int | None, typer.Option(min=0, help="Every event after this position; 0: the whole log.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file; left out: standard output.")] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="An older checkpoint to lead on from; may be repeated.")
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Lay personal data open too.")] = False,
) -> None:
    """Write a file with which somebody who does not trust us can verify events, with `perennial verify` or without.

    The export is recorded in the log.
    """
    if (candidate is None) == (since is None):
        raise typer.BadParameter("name either --candidate or --since")
    asked = cli_bundles.Asked(candidate, since, tuple(checkpoint or ()), opened)
    cli_bundles.make_bundle(asked, out, Settings())

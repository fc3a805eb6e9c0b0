"""What an operator and an auditor type about the proofs: sequence the log, and verify it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from adapters import bootstrap
from adapters.cli import bundles as cli_bundles
from adapters.cli.progress import bar, fold_bar, say
from adapters.cli.stopping import STOPPED, until_stopped
from adapters.postgres.proof.log_verification import Held, verify_log
from adapters.postgres.proof.tree_rows import Proofs
from adapters.proof.note import read_signing_key, read_verifier_key
from adapters.proof.signer import FORK, KEY, RECORD
from adapters.runtime.worker import Host
from adapters.settings import Settings
from adapters.workers import named, running


class NothingIsSigned(Exception):
    """Nothing is signed yet, and no key is named. Start the sequencer (`perennial sequence --once`), or name --key."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


proof = typer.Typer()
LATE = 60.0
"""Seconds. It should be five; whoever watches from outside does not want to be woken for every restart."""


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
    with until_stopped(), bootstrap.database(settings, make=not check) as conninfo:
        if check:
            show_waiting(conninfo, settings.signing / FORK)
            return
        bootstrap.migrated(conninfo)
        with fold_bar("sequencing") as told, bootstrap.sequencer(conninfo, settings, partial(told, "")) as sequencer:
            say.print(f"signed up to position {sequencer.catch_up()}")
        if not once:
            with ExitStack() as stack, running(named(["sequencer"]), Host(conninfo, settings, stack)):
                STOPPED.wait()


def show_waiting(conninfo: str, fork: Path) -> None:
    """Exit code 1 when the sequencer is late: it does not run, or it refuses to sign, and then `fork` says why."""
    if fork.exists():
        say.print(f"[red]{escape(str(fork))} stands: nothing is signed until somebody removes it[/red]", soft_wrap=True)
        raise typer.Exit(1)
    with bootstrap.projector(conninfo) as datastore:
        seconds = Proofs(datastore).waits()
    say.print(f"the oldest event without a checkpoint has waited for {seconds:.1f} s", highlight=False)
    if seconds > LATE:
        raise typer.Exit(1)


@proof.command()
def verify(
    bundle: Annotated[
        Path | None, typer.Argument(help="The bundle, as `perennial audit-bundle` wrote it; or instead --log.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="The whole log in the database, event by event.")] = False,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint that you kept: what is verified must lead on from it.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The log's verifier key as you got it elsewhere: its text, or a file.")
    ] = None,
    dispatches: Annotated[
        bool, typer.Option("--dispatches", help="Also show that nothing was sent without a living consent.")
    ] = False,
) -> None:
    """Verify a bundle with nothing but its file (no database, no keys, no network), or the whole log.

    The log: every leaf is rebuilt from its event and the tree from the leaves; tiles and every signed checkpoint must
    agree, and what is kept outside of the database. Exit code 1: it does not hold, and each finding is told.
    """
    if log == (bundle is not None) or (log and dispatches):
        raise typer.BadParameter("name either a bundle or --log; --dispatches goes with a bundle")
    if bundle is None:
        verify_whole_log(Settings(), key, checkpoint)
        return
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


def verify_whole_log(settings: Settings, key: str | None, checkpoint: Path | None) -> None:
    """Exit code 1 with what was found, each in a sentence. Errors: KeyCannotBeRead, NothingIsSigned, LogIsNotMade."""
    with bootstrap.database(settings, make=False) as conninfo:
        bootstrap.require_log(conninfo)
        held = held_outside(conninfo, settings, key, checkpoint)
        with leaf_bar(conninfo) as told:
            verified = verify_log(conninfo, held, told)
    for finding in verified.findings:
        say.print(f"[red]{escape(str(finding))}[/red]", highlight=False, soft_wrap=True)
    say.print(
        f"{verified.leaves} leaves were rebuilt from their events and compared with their tiles and "
        f"{verified.checkpoints} checkpoints; {verified.waiting} events wait for their leaf",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if verified.findings:
        say.print("[red]This is not the log that was signed.[/red]")
        raise typer.Exit(1)
    for outside in held.notes:
        say.print(f"it leads on from {escape(outside)}", highlight=False, soft_wrap=True)
    say.print("nothing was found: this is the log that was signed")


def held_outside(conninfo: str, settings: Settings, key: str | None, checkpoint: Path | None) -> Held:
    """What the log is held against. Errors: KeyCannotBeRead, NothingIsSigned."""
    named = cli_bundles.held(key, checkpoint)
    notes = {} if named.checkpoint is None else {f"the checkpoint in {checkpoint}": named.checkpoint}
    record, secret = settings.signing / RECORD, settings.signing / KEY
    if record.exists():
        notes[f"the signing folder's {RECORD}"] = record.read_text(encoding="utf-8", errors="replace")
    if named.key is not None:
        return Held(read_verifier_key(named.key), notes)
    if secret.exists():
        return Held(read_signing_key(secret.read_text(encoding="utf-8", errors="replace")).verifier, notes)
    with bootstrap.projector(conninfo) as datastore:
        told = Proofs(datastore).verifier_key()
    if told is None:
        raise NothingIsSigned
    say.print("[yellow]the key is the database's own word: hold it from elsewhere, and name it with --key[/yellow]")
    return Held(read_verifier_key(told), notes)


@contextmanager
def leaf_bar(conninfo: str) -> Iterator[Callable[[int], None]]:
    """A progress bar with an ETA, by leaves."""
    with bootstrap.projector(conninfo) as datastore, bar("rebuilding leaves", Proofs(datastore).leaves()) as told:
        yield told

"""Commands about proofs: sequence the log, verify it, and write and verify bundles."""

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
from adapters.cli.bundles import BundleRequest, held_by_auditor, make_bundle, verify_bundle
from adapters.cli.progress import counting_bar, fold_bar, stderr
from adapters.cli.stopping import STOPPED, until_stopped
from adapters.postgres.proof.log_verification import Held, Verified, verify_log
from adapters.postgres.proof.tree_rows import Proofs
from adapters.proof.note import VerifierKey, read_signing_key, read_verifier_key
from adapters.proof.signer import FORK, KEY, RECORD
from adapters.runtime.worker import Host
from adapters.settings import Settings
from adapters.workers import named, running
from domain.errors import ExplainedError


class NothingIsSigned(ExplainedError):
    """Nothing signed

    Nothing is signed yet, and no key is given.

    Start the sequencer (`perennial sequence --once`), or give --key.
    """


LATE = 60.0
"""Seconds that an event may wait for its checkpoint. Usually it is five; a restart of the sequencer is no alarm."""

group = typer.Typer()


@group.command()
def sequence(
    once: Annotated[bool, typer.Option("--once", help="Stop when the present head of the log is signed.")] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help=f"Only print how long events wait; exit code 1 above {LATE:.0f} seconds."),
    ] = False,
) -> None:
    """Add every event to the Merkle tree and sign checkpoints, until SIGTERM or SIGINT.

    It alone needs the signing folder. It refuses to sign a log that does not extend its last checkpoint.
    Example: perennial sequence --once
    """
    settings = Settings()
    with until_stopped(), bootstrap.database(settings, make=not check) as conninfo:
        if check:
            show_waiting(conninfo, settings.signing / FORK)
            return
        bootstrap.migrated(conninfo)
        with (
            fold_bar("sequencing") as progress,
            bootstrap.sequencer(conninfo, settings, partial(progress, "")) as sequencer,
        ):
            stderr.print(f"signed up to position {sequencer.catch_up()}")
        if not once:
            with ExitStack() as stack, running(named(["sequencer"]), Host(conninfo, settings, stack)):
                STOPPED.wait()


def show_waiting(conninfo: str, fork: Path) -> None:
    """Print how long the oldest event waits. Raise Exit with code 1 when it is too long, or `fork` exists."""
    if fork.exists():
        text = f"[red]{escape(str(fork))} exists: nothing is signed until it is removed (docs/proof.md)[/red]"
        stderr.print(text, soft_wrap=True)
        raise typer.Exit(1)
    with bootstrap.projector(conninfo) as datastore:
        seconds = Proofs(datastore).waits()
    stderr.print(f"the oldest event without a checkpoint has waited for {seconds:.1f} s", highlight=False)
    if seconds > LATE:
        raise typer.Exit(1)


@group.command()
def verify(
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle that `perennial audit-bundle` wrote. Give either it or --log.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Verify the whole log in the database, event by event.")] = False,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The file of a checkpoint that you kept; what is verified must extend it.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The log's verifier key from an independent source: its text, or a file.")
    ] = None,
    dispatches: Annotated[
        bool, typer.Option("--dispatches", help="Verify also that nothing was sent without a consent in effect.")
    ] = False,
) -> None:
    """Verify a bundle with nothing but its file (no database, no keys, no network), or the whole log with --log.

    --log rebuilds every leaf from its event and the tree from the leaves, and compares them with the tiles, every
    signed checkpoint and what is kept outside of the database. Exit code 1 when it does not hold, with each finding.
    Example: perennial verify trail.json --checkpoint kept.txt
    """
    if log == (bundle is not None) or (log and dispatches):
        raise typer.BadParameter("give either a bundle or --log; --dispatches goes with a bundle")
    if bundle is None:
        verify_whole_log(Settings(), key, checkpoint)
        return
    verify_bundle(bundle, held_by_auditor(key, checkpoint), dispatches=dispatches)


@group.command("audit-bundle")
def audit_bundle(
    candidate: Annotated[UUID | None, typer.Option(help="All records of this candidate, each event proved.")] = None,
    since: Annotated[int | None, typer.Option(min=0, help="Every event after this position; 0: the whole log.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file of the bundle. Default: standard output.")] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="The file of an older checkpoint that the bundle must extend; may be repeated."),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Include personal data in plain text.")] = False,
) -> None:
    """Write a bundle: a file of events and proofs that an auditor verifies without access to the service.

    It is recorded in the log as an export. Example: perennial audit-bundle --since 0 --out everything.json
    """
    if (candidate is None) == (since is None):
        raise typer.BadParameter("give either --candidate or --since")
    make_bundle(BundleRequest(candidate, since, tuple(checkpoint or ()), opened), out, Settings())


def verify_whole_log(settings: Settings, key: str | None, checkpoint: Path | None) -> None:
    """Verify the log and print each finding; with any, exit code 1. Errors: KeyCannotBeRead, NothingIsSigned."""
    with bootstrap.database(settings, make=False) as conninfo:
        bootstrap.require_log(conninfo)
        held = held_outside(conninfo, settings, key, checkpoint)
        with leaf_bar(conninfo) as progress:
            verified = verify_log(conninfo, held, progress)
    show_findings(verified)
    if verified.findings:
        stderr.print("[red]This is not the log that was signed.[/red]")
        raise typer.Exit(1)
    for note in held.notes:
        stderr.print(f"it extends {escape(note)}", highlight=False, soft_wrap=True)
    stderr.print("no differences: this is the log that was signed")


def show_findings(verified: Verified) -> None:
    """Print each difference, and how much was compared."""
    for finding in verified.findings:
        stderr.print(f"[red]{escape(str(finding))}[/red]", highlight=False, soft_wrap=True)
    stderr.print(
        f"{verified.leaves} leaves were rebuilt from their events and compared with their tiles and "
        f"{verified.checkpoints} checkpoints; {verified.waiting} events wait for their leaf",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def held_outside(conninfo: str, settings: Settings, key: str | None, checkpoint: Path | None) -> Held:
    """Return the key and the checkpoints to verify against, as far as possible from outside of the database.

    Errors: KeyCannotBeRead, NothingIsSigned.
    """
    held = held_by_auditor(key, checkpoint)
    notes = {} if held.checkpoint is None else {f"the checkpoint in {checkpoint}": held.checkpoint}
    record, secret = settings.signing / RECORD, settings.signing / KEY
    if record.exists():
        notes[f"the signing folder's {RECORD}"] = record.read_text(encoding="utf-8", errors="replace")
    if held.key is not None:
        return Held(read_verifier_key(held.key), notes)
    if secret.exists():
        return Held(read_signing_key(secret.read_text(encoding="utf-8", errors="replace")).verifier, notes)
    return Held(key_in_database(conninfo), notes)


def key_in_database(conninfo: str) -> VerifierKey:
    """Return the verifier key that the database has, and print a warning about it. Errors: NothingIsSigned."""
    with bootstrap.projector(conninfo) as datastore:
        text = Proofs(datastore).verifier_key()
    if text is None:
        raise NothingIsSigned
    stderr.print("[yellow]the key comes from the database itself: get it from elsewhere, and pass it as --key[/yellow]")
    return read_verifier_key(text)


@contextmanager
def leaf_bar(conninfo: str) -> Iterator[Callable[[int], None]]:
    """Yield the callback of a progress bar by leaves, with an ETA."""
    with (
        bootstrap.projector(conninfo) as datastore,
        counting_bar("rebuilding leaves", Proofs(datastore).leaves()) as update,
    ):
        yield update

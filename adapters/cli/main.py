"""What an operator types: start it, fill it, follow it, mend it."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.progress import TaskProgressColumn, TextColumn, TimeElapsedColumn

from adapters import bootstrap
from adapters.access.policy import Role
from adapters.access.refusals import IntegrationStandsAlone, KeyDoesNotExist, ScopeIsWiderThanRole
from adapters.bootstrap import ReadModelIsUnknown
from adapters.cli import bundles as cli_bundles
from adapters.cli.api_keys import HOW_TO_BEGIN, api_keys, demo_keys, nobody_may_ask
from adapters.cli.consents import consent
from adapters.cli.deliveries import delivering
from adapters.cli.erasure_proposals import ProposalsAreNotFolded, proposals
from adapters.cli.erasures import NobodyIsNamed, privacy
from adapters.cli.handshakes import handshaking
from adapters.cli.keys import keys
from adapters.cli.progress import bar, drawn, fold_bar, printable, say
from adapters.cli.proofs import NothingIsSigned, proof
from adapters.cli.retention import keeping
from adapters.cli.stopping import STOPPED, stop, until_stopped
from adapters.cli.subject_access import subject
from adapters.cli.working import working
from adapters.erasure.retention_rules import RetentionFileIsWrong
from adapters.intake.imports.encodings import delimiter_named, encoding_named
from adapters.intake.imports.importing import Order, Report, collecting_between
from adapters.intake.imports.importing import Progress as ImportProgress
from adapters.intake.imports.ledger import OUTCOMES, REJECTED, Standing
from adapters.intake.imports.lines import format_of
from adapters.intake.imports.mapping import PLAIN, read_mapping
from adapters.intake.imports.refusals import FileCannotBeImported
from adapters.intake.imports.upload_store import UploadStore
from adapters.intake.integrations.handshakes import IntegrationHasNoHandshake, IntegrationHasSecret
from adapters.intake.integrations.index import IntegrationDoesNotExist, integration_named
from adapters.lab.synthetic.history import history
from adapters.lab.synthetic.truth import truth
from adapters.postgres.embedded.data_folder import EmbeddedServerCannotRun
from adapters.postgres.keys.epochs import EpochsAreMissing, KeysAreBeingRotated, WrappedKeyIsBroken
from adapters.postgres.keys.key_file import (
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    KeyFileCannotBeWritten,
    KeyFileIsAnothers,
    KeyFileIsUnusable,
)
from adapters.postgres.log.recorder import LogIsNotMade
from adapters.postgres.log.synthetic_log import LogIsNotEmpty, load_synthetic
from adapters.postgres.migrate import PhoneRegionIsFixed
from adapters.postgres.projector import folds
from adapters.postgres.projector.rebuild import IsBeingRebuilt, SwapFoundNoMoment
from adapters.postgres.proof.tree_rows import TreeIsTorn
from adapters.proof.note import KeyCannotBeRead
from adapters.proof.signer import ForkFound, SigningFolderIsUnusable
from adapters.runtime.redaction import guard_logs, secrets_of
from adapters.runtime.worker import Host, Worker
from adapters.settings import Settings
from adapters.web.app import create_app
from adapters.web.framework.document import Api
from adapters.web.framework.serving import server_of
from adapters.workers import WORKERS, WorkerIsUnknown, named, running
from commands.workflows.apply_retention import ReadModelsAreBehind
from domain.errors import Refused


class PortIsTaken(Exception):
    """{host}:{port} cannot be listened on ({error}). Stop what listens there, or set PERENNIAL_PORT."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__((self.__doc__ or "").format(host=host, port=port, error=error.strerror))


COMPLAINTS = (
    *cli_bundles.COMPLAINTS,
    Refused,
    NobodyIsNamed,
    ForkFound,
    SigningFolderIsUnusable,
    TreeIsTorn,
    NothingIsSigned,
    KeyCannotBeRead,
    KeyDoesNotExist,
    IntegrationStandsAlone,
    ScopeIsWiderThanRole,
    PortIsTaken,
    KeyFileIsAnothers,
    PhoneRegionIsFixed,
    bootstrap.ReadModelsAreOfAnotherZone,
    KeyFileIsUnusable,
    LogIsNotEmpty,
    LogIsNotMade,
    ReadModelIsUnknown,
    WorkerIsUnknown,
    IntegrationDoesNotExist,
    IntegrationHasNoHandshake,
    IntegrationHasSecret,
    IsBeingRebuilt,
    SwapFoundNoMoment,
    FileCannotBeImported,
    EmbeddedServerCannotRun,
    EpochIsNotInKeyFile,
    EpochKeyIsDoubled,
    EpochKeyIsWrong,
    EpochsAreMissing,
    KeyFileCannotBeWritten,
    KeysAreBeingRotated,
    WrappedKeyIsBroken,
    ReadModelsAreBehind,
    RetentionFileIsWrong,
    ProposalsAreNotFolded,
)
DEMO_EVENTS = 100_000
DEMO_SEED = 7
LAST_DAY_OF_THE_DEMO = date(2026, 7, 1)
AUDIT_OF_THE_DEMO = (
    "To check a consent trail without trusting us: .venv/bin/perennial audit-bundle "
    "--candidate 10b9116b-c422-4b6f-93e8-387241ce8d00 --out trail.json, "
    "then .venv/bin/perennial verify trail.json (docs/audit.md)"
)
"""Somebody whose two records were merged, who gave a consent, was written to because of it and took it back."""
WORTH_ASKING = (
    (Role.ANALYST, "/v1/metrics/pipeline-growth?from=2025-01-01&to=2026-07-01"),
    (Role.ANALYST, "/v1/metrics/time-to-fill?from=2024-01-01&to=2026-01-01&as_of=2026-03-01"),
    (Role.RECRUITER, "/v1/candidates?q=berlin&limit=3"),
)

cli = typer.Typer(
    help="Perennial: a recruiting team's relationship log. Settings: PERENNIAL_... variables and DATABASE_URL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
cli.add_typer(keys, name="keys")
cli.add_typer(handshaking, name="handshakes")
cli.add_typer(keeping)
cli.add_typer(subject)
cli.add_typer(proof)
cli.add_typer(working)
cli.add_typer(privacy)
cli.add_typer(consent)
cli.add_typer(delivering)
cli.add_typer(api_keys, name="api-keys")
cli.add_typer(proposals, name="erasure-proposals")


def main() -> None:
    """Runs the command line. Exit codes: 0 done, 1 refused with a reason, 2 wrong usage or settings."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    redaction = guard_logs(known_secrets())
    try:
        cli()
    except COMPLAINTS as complaint:
        for line in str(complaint).split("\n"):
            say.print(printable(line), style="red", markup=False, highlight=False)
        sys.exit(1)
    except psycopg.errors.UndefinedTable:
        say.print(f"[red]{LogIsNotMade.__doc__}[/red]", highlight=False)
        sys.exit(1)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        told = redaction.of(str(error))
        say.print(f"[red]The database cannot be used: {told} Check DATABASE_URL.[/red]", highlight=False)
        sys.exit(1)
    except SettingsError as error:
        say.print(f"[red]{error}. Lists are written as JSON.[/red]", highlight=False)
        sys.exit(2)
    except ValidationError as error:
        for wrong in error.errors():
            say.print(f"[red]setting {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}[/red]", highlight=False)
        sys.exit(2)
    except Exception:  # logged here: Python's own traceback would bypass the filter of secrets
        logging.getLogger(__name__).exception("nobody expected this")
        sys.exit(1)


def known_secrets() -> list[str]:
    """The secrets among the settings; none where these cannot be read, which whoever needs them will say."""
    try:
        return secrets_of(Settings())
    except (ValidationError, SettingsError):
        return []


@cli.command("migrate")
def migrate_() -> None:
    """Bring the database to this version. Safe to repeat; run it before the first start and after each upgrade."""
    settings = Settings()
    with bootstrap.database(settings) as conninfo:
        for name in bootstrap.migrated(conninfo):
            say.print(f"applied {name}", highlight=False)
        bootstrap.bound(conninfo, settings)
    say.print("the database is up to date")


@cli.command()
def serve(
    workers: Annotated[bool, typer.Option(help="Run all background workers in this process too.")] = True,
) -> None:
    """Serve the HTTP API, and run every background worker beside it unless --no-workers says otherwise."""
    settings = Settings()
    with until_stopped(), ExitStack() as stack:
        listening = listen(stack, settings)
        conninfo = stack.enter_context(bootstrap.database(settings))
        bootstrap.migrated(conninfo)
        serve_until_stopped(stack, listening, conninfo, settings, WORKERS if workers else ())


def listen(stack: ExitStack, settings: Settings) -> socket.socket:
    """Takes the port before anything long is begun. Errors: PortIsTaken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return stack.enter_context(socket.create_server((settings.host, settings.port), family=family, backlog=2048))
    except OSError as error:
        raise PortIsTaken(settings.host, settings.port, error) from error


def serve_until_stopped(
    stack: ExitStack, listening: socket.socket, conninfo: str, settings: Settings, workers: Sequence[Worker]
) -> None:
    bootstrap.require_zone(conninfo, settings)
    log = stack.enter_context(bootstrap.open_log(conninfo, settings))
    stack.enter_context(running(workers, Host(conninfo, settings, stack, log)))
    services = bootstrap.services(log, settings)
    if not settings.oidc_issuer and nobody_may_ask(services.api_keys, services.now()):
        say.print(f"nobody has an API key yet; make the first: {HOW_TO_BEGIN}", highlight=False, soft_wrap=True)
    app = create_app(services)
    threading.Thread(target=prepare, args=(app,), name="description", daemon=True).start()
    server_of(app).run(sockets=[listening])


def prepare(app: Api) -> None:
    """Works out the description, a second of work that no request has to wait for then. What is there by now stays, so
    the collector need not look at it again and again: each look holds up every request."""
    app.openapi()
    gc.collect()
    gc.freeze()


@cli.command()
def project(
    once: Annotated[bool, typer.Option(help="Stop when the log's present head is reached.")] = False,
) -> None:
    """Fold the log into the read models up to its present head, with a progress bar; then work on, as `work projector
    key-rotation` does, unless --once."""
    settings = Settings()
    with until_stopped(), ExitStack() as stack:
        conninfo = stack.enter_context(bootstrap.database(settings))
        bootstrap.migrated(conninfo)
        bootstrap.bound(conninfo, settings)
        with bootstrap.projector(conninfo) as datastore, fold_bar("folding") as progress:
            say.print(f"caught up at position {bootstrap.runner(datastore, settings, progress).catch_up()}")
        if not once:
            stack.enter_context(running(named(["projector", "key-rotation"]), Host(conninfo, settings, stack)))
            STOPPED.wait()


@cli.command()
def rebuild(name: Annotated[str, typer.Argument(help="The read model, as `perennial status` names it.")]) -> None:
    """Build a read model anew beside the one being served, then swap. Queries go on; a killed rebuild resumes."""
    settings = Settings()
    model = bootstrap.read_model(name)
    with (
        bootstrap.database(settings, make=False) as conninfo,
        bootstrap.projector(conninfo) as datastore,
        fold_bar(f"rebuilding {model.name}") as progress,
    ):
        bootstrap.bound(conninfo, settings)
        position = bootstrap.rebuild(datastore, settings, name, progress).rebuild()
    say.print(f"{model.schema} is served from its new rows, at position {position}")


@cli.command()
def reconcile(source: Annotated[str, typer.Argument(help="The integration, such as greenhouse.")]) -> None:
    """Read all that an integration has delivered once more, and add what is missing. Safe to repeat."""
    settings = Settings()
    outcomes: Counter[str] = Counter()
    with (
        bootstrap.database(settings, make=False) as conninfo,
        bootstrap.open_log(conninfo, settings) as log,
    ):
        sweep, integration = bootstrap.sweep(log, settings), integration_named(source)
        with bar(f"reading {source} again", sweep.deliveries.count(source)) as show:
            for done, swept in enumerate(sweep.sweep(integration), start=1):
                outcomes[swept.outcome if swept.reason is None else f"{swept.outcome}: {swept.reason}"] += 1
                show(done)
    for outcome, n in sorted(outcomes.items()):
        say.print(f"{n} {outcome}", highlight=False)


def refuse_source(value: str | None) -> None:
    """Raises BadParameter: a source is where people come from, and the system of a file has an option of its own."""
    if value is not None:
        raise typer.BadParameter(f"The system that the file comes from is named by --system {value}.")


@cli.command("import")
def import_(
    kind: Annotated[str, typer.Argument(help="candidates, touchpoints, consents, requisitions or applications.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A .csv, .ndjson or .jsonl file.")],
    system: Annotated[str, typer.Option(help="The system it comes from, as a code: old-crm. The same one every time.")],
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A TOML file that puts its words into ours.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide every line and write nothing.")] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="Where rejected lines go, to be mended; else beside the file.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Where to say what became of each line (CSV).")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="csv or ndjson, where the file's name does not say it.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between the cells of CSV: one character, or 'tab'. Left out: detected.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Such as utf-8, utf-16-le or windows-1252. Left out: detected.")
    ] = None,
    source: Annotated[str | None, typer.Option(hidden=True, is_eager=True, callback=refuse_source)] = None,
) -> None:
    """Import history from a file, line by line and only once: killed and started again it goes on; docs/imports.md.

    Exit code 1 when lines were rejected. They stand in a file of their own, which can be mended and imported again.
    """
    settings = Settings()
    wording = (PLAIN if mapping is None else read_mapping(mapping)).written(
        None if delimiter is None else delimiter_named(delimiter),
        None if encoding is None else encoding_named(encoding),
    )
    order = Order(file, kind, system, format_ or format_of(file), wording)
    to = {REJECTED: rejected or file.with_name(f"{file.stem}.rejected{file.suffix}"), OUTCOMES: report}
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        importer = bootstrap.importer(log, settings)
        UploadStore(importer.folder).sweep(importer.now())
        what = f"{'trying' if dry_run else 'importing'} {kind}"
        with import_bar(what) as shown, collecting_between(shown) as progress:
            done = importer.import_file(order, to, dry_run=dry_run, progress=progress)
    show_import(done, order.format, to[REJECTED], dry_run=dry_run)
    if done.standing.rejected:
        raise typer.Exit(1)


@contextmanager
def import_bar(what: str) -> Iterator[ImportProgress]:
    """A progress bar by the bytes that are read, with an ETA."""
    lines = TextColumn("{task.fields[lines]} lines, {task.fields[rejected]} rejected")
    with drawn(TaskProgressColumn(), lines, TimeElapsedColumn()) as progress:
        task = progress.add_task(what, total=None, lines=0, rejected=0)

        def told(read: int, size: int, standing: Standing) -> None:
            progress.update(task, completed=read, total=size, lines=standing.lines, rejected=standing.rejected)

        yield told


def show_import(done: Report, written: str, rejected: Path | None, *, dry_run: bool) -> None:
    """How the file was read and what became of it, in a few lines."""
    standing = done.standing
    between = f" with {done.writing.delimiter!r} between its cells" if written == "csv" else ""
    say.print(f"read as {(done.writing.encoding or '').upper()}{between}", highlight=False, markup=False)
    if done.went_on_after:
        say.print(f"it was begun before, and went on after line {done.went_on_after}", highlight=False)
    added = f"{standing.added} {'would be added' if dry_run else 'added'} ({standing.events} events)"
    rest = f"{standing.known} known already, {standing.rejected} rejected"
    say.print(f"{standing.lines} lines: {added}, {rest}", highlight=False)
    for rule, lines in sorted(standing.reasons.items()):
        say.print(f"  {lines} {rule}", highlight=False)
    for note, lines in sorted(standing.notes.items()):
        say.print(f"  {lines} {note} (--report says which lines)", highlight=False)
    if standing.rejected:
        say.print(
            f"the rejected lines, each with its reason, stand in {rejected}: mend them, and import that file",
            soft_wrap=True,
        )


@cli.command()
def generate(
    events: Annotated[int, typer.Argument(min=100, help="How many events.")] = DEMO_EVENTS,
    seed: Annotated[int, typer.Option(help="The same seed and size give the same history.")] = DEMO_SEED,
    years: Annotated[int, typer.Option(min=1, max=50, help="How many years it covers.")] = 5,
    ends_on: Annotated[str, typer.Option(help="The day before which it ends (YYYY-MM-DD).")] = str(
        LAST_DAY_OF_THE_DEMO
    ),
    truth_file: Annotated[Path, typer.Option(help="Where the true figures go.")] = Path("truth.json"),
) -> None:
    """Fill an EMPTY log with an invented history; the true figures go beside it. The log is labelled synthetic."""
    settings = Settings()
    with bootstrap.database(settings) as conninfo:
        bootstrap.migrated(conninfo)
        invent(
            conninfo,
            settings,
            events=events,
            seed=seed,
            years=years,
            ends_on=date.fromisoformat(ends_on),
            to=truth_file,
        )


def invent(conninfo: str, settings: Settings, *, events: int, seed: int, years: int, ends_on: date, to: Path) -> None:
    """Generates, loads, and writes the truth file."""
    told = history(events, seed, ends_on=ends_on, years=years)
    with (
        bootstrap.open_log(conninfo, settings, bootstrap.OWNER) as owner,
        bar("writing the history", len(told)) as show,
    ):
        for written in load_synthetic(owner, told.recorded(), told.time_index()):
            show(written)
    to.parent.mkdir(parents=True, exist_ok=True)
    truth(told).write(to)
    say.print(f"{len(told)} events written; the true figures are in {to}", highlight=False)


@cli.command()
def demo(
    events: Annotated[int, typer.Option(min=100, help="How many events the history has.")] = DEMO_EVENTS,
    check: Annotated[bool, typer.Option(help="Stop after the figures are there, instead of serving.")] = False,
) -> None:
    """Invent five years of recruiting, fold them, serve them, and say where to look. Nothing needs to be installed."""
    begun = time.monotonic()
    settings = Settings()
    with until_stopped(), ExitStack() as stack:
        listening = None if check else listen(stack, settings)
        conninfo = stack.enter_context(bootstrap.database(settings))
        bootstrap.migrated(conninfo)
        if log_is_empty(conninfo):
            invent(
                conninfo, settings, events=events, seed=DEMO_SEED, years=5, ends_on=LAST_DAY_OF_THE_DEMO,
                to=settings.data_folder / "truth.json",
            )  # fmt: skip
        with bootstrap.projector(conninfo) as datastore, fold_bar("folding it") as progress:
            bootstrap.runner(datastore, settings, progress).catch_up()
        with fold_bar("signing it") as told, bootstrap.sequencer(conninfo, settings, partial(told, "")) as sequencer:
            sequencer.catch_up()
        say.print(f"ready after {time.monotonic() - begun:.0f} s.", highlight=False)
        if events == DEMO_EVENTS:
            say.print(AUDIT_OF_THE_DEMO, highlight=False, soft_wrap=True)
        if listening:
            show_demo(conninfo, settings)
            serve_until_stopped(stack, listening, conninfo, settings, WORKERS)


def log_is_empty(conninfo: str) -> bool:
    with bootstrap.projector(conninfo) as datastore, datastore.pool.connection() as connection:
        return folds.log_length(connection) == 0


def show_demo(conninfo: str, settings: Settings) -> None:
    """A key for each role, and what is worth asking with them."""
    base = f"http://{settings.host}:{settings.port}"
    with bootstrap.api_keys(conninfo) as known:
        keys = demo_keys(known, datetime.now(UTC))
    say.print("A key for each role (those of the demo before are revoked):", highlight=False)
    for role, key in keys.items():
        say.print(f"  {role:<16}{key}", highlight=False, soft_wrap=True)
    say.print("Worth asking:", highlight=False)
    for role, path in WORTH_ASKING:
        say.print(f"  curl -H 'Authorization: Bearer {keys[role]}' '{base}{path}'", highlight=False, soft_wrap=True)
    say.print(f"  {base}/docs", highlight=False, soft_wrap=True)


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measure this machine: every figure as a ratio to a stock library or a physical limit, side by side in one run."""
    from adapters.lab.bench.run import run  # the benchmark needs libraries that serving does not

    run(context.args)


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def drill(context: typer.Context) -> None:
    """Kill everything at random under load, and show that nothing acknowledged is lost. Exit code 1 on a violation."""
    from adapters.lab.drill.run import run  # the drill starts processes that serving does not need to know of

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)  # it takes the time that its processes need to end
    run(context.args)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()

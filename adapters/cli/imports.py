"""The command that imports files of history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskProgressColumn, TextColumn, TimeElapsedColumn

from adapters import bootstrap
from adapters.cli.log import existing_log
from adapters.cli.progress import progress_bar, stderr
from adapters.intake.imports.encodings import delimiter_named, encoding_named
from adapters.intake.imports.importing import Order, Progress, Report, collecting_between
from adapters.intake.imports.ledger import OUTCOMES, REJECTED, Standing
from adapters.intake.imports.lines import format_of
from adapters.intake.imports.mapping import PLAIN, Wording, read_mapping
from adapters.intake.imports.upload_store import UploadStore
from adapters.settings import Settings

group = typer.Typer()


def refuse_source(value: str | None) -> None:
    """Raise BadParameter: --source is a likely mistake for --system. A source is where a candidate comes from."""
    if value is not None:
        raise typer.BadParameter(f"The system that the file comes from is named by --system {value}.")


InputFile = typer.Argument(exists=True, dir_okay=False, help="A .csv, .ndjson or .jsonl file.")
MappingFile = typer.Option(exists=True, dir_okay=False, help="A TOML file that translates its columns and values.")
Kind = Annotated[str, typer.Argument(help="candidates, touchpoints, consents, requisitions or applications.")]
System = Annotated[
    str, typer.Option(help="The system that the file comes from, as a code: old-crm. Use the same one every time.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide every line, but record nothing.")]
RejectedFile = Annotated[
    Path | None, typer.Option(help="The file for rejected lines. Default: NAME.rejected.csv beside the file.")
]
ReportFile = Annotated[Path | None, typer.Option(help="A CSV file for the outcome of every line. Default: none.")]
Format = Annotated[
    str | None, typer.Option("--format", help="csv or ndjson. Default: by the ending of the file's name.")
]
Delimiter = Annotated[
    str | None, typer.Option(help="What separates the cells of CSV: one character, or 'tab'. Default: detected.")
]
Encoding = Annotated[str | None, typer.Option(help="Such as utf-8, utf-16-le or windows-1252. Default: detected.")]
Source = Annotated[str | None, typer.Option(hidden=True, is_eager=True, callback=refuse_source)]


@group.command("import")
def import_(
    kind: Kind,
    file: Annotated[Path, InputFile],
    system: System,
    mapping: Annotated[Path | None, MappingFile] = None,
    dry_run: DryRun = False,
    rejected: RejectedFile = None,
    report: ReportFile = None,
    format_: Format = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    source: Source = None,
) -> None:
    """Import history from a file, each line once: a killed import resumes when it is started again (docs/imports.md).

    Exit code 1 when lines are rejected. They are in a file of their own, to be corrected and imported.
    Example: perennial import candidates people.csv --system old-crm --dry-run
    """
    settings = Settings()
    wording = wording_of(mapping, delimiter, encoding)
    order = Order(file, kind, system, format_ or format_of(file), wording)
    files = {REJECTED: rejected or file.with_name(f"{file.stem}.rejected{file.suffix}"), OUTCOMES: report}
    outcome = run_import(settings, order, files, dry_run=dry_run)
    show_reading(order, outcome)
    show_outcome(outcome.standing, files[REJECTED], dry_run=dry_run)
    if outcome.standing.rejected:
        raise typer.Exit(1)


def wording_of(mapping: Path | None, delimiter: str | None, encoding: str | None) -> Wording:
    """Return how the file is read. Errors: those of a mapping file, an unknown delimiter or encoding."""
    wording = PLAIN if mapping is None else read_mapping(mapping)
    return wording.written(
        None if delimiter is None else delimiter_named(delimiter),
        None if encoding is None else encoding_named(encoding),
    )


def run_import(settings: Settings, order: Order, files: Mapping[str, Path | None], *, dry_run: bool) -> Report:
    """Import the file with a progress bar, and return the outcome. Errors: FileCannotBeImported."""
    title = f"{'checking' if dry_run else 'importing'} {order.kind}"
    with existing_log(settings) as log:
        importer = bootstrap.importer(log, settings)
        UploadStore(importer.folder).sweep(importer.now())
        with import_bar(title) as shown, collecting_between(shown) as progress:
            return importer.import_file(order, files, dry_run=dry_run, progress=progress)


@contextmanager
def import_bar(title: str) -> Iterator[Progress]:
    """Yield the callback of a progress bar by bytes that are read, with an ETA."""
    lines = TextColumn("{task.fields[lines]} lines, {task.fields[rejected]} rejected")
    with progress_bar(TaskProgressColumn(), lines, TimeElapsedColumn()) as bar:
        task = bar.add_task(title, total=None, lines=0, rejected=0)

        def update(read: int, size: int, standing: Standing) -> None:
            bar.update(task, completed=read, total=size, lines=standing.lines, rejected=standing.rejected)

        yield update


def show_reading(order: Order, report: Report) -> None:
    """Print the encoding and the delimiter that the file is read with, and where a resumed import continued."""
    between = f" with {report.writing.delimiter!r} between its cells" if order.format == "csv" else ""
    encoding = (report.writing.encoding or "").upper()
    stderr.print(f"read as {encoding}{between}", highlight=False, markup=False)
    if report.went_on_after:
        stderr.print(f"resumed an earlier run after line {report.went_on_after}", highlight=False)


def show_outcome(standing: Standing, rejected: Path | None, *, dry_run: bool) -> None:
    """Print how many lines were added, already recorded and rejected, by rule and by note."""
    added = f"{standing.added} {'would be added' if dry_run else 'added'} ({standing.events} events)"
    rest = f"{standing.known} already recorded, {standing.rejected} rejected"
    stderr.print(f"{standing.lines} lines: {added}, {rest}", highlight=False)
    for rule, lines in sorted(standing.reasons.items()):
        stderr.print(f"  {lines} {rule}", highlight=False)
    for note, lines in sorted(standing.notes.items()):
        stderr.print(f"  {lines} {note} (--report lists the lines)", highlight=False)
    if standing.rejected:
        stderr.print(
            f"The rejected lines, each with its reason, are in {rejected}. Correct them and import that file.",
            soft_wrap=True,
        )

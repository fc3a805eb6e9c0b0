"""The command that answers a person who asks what is stored about them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from adapters import bootstrap
from adapters.access.operators import operator
from adapters.cli.log import existing_log
from adapters.cli.progress import stderr
from adapters.exports.pages import subject_access_page
from adapters.exports.plain import as_json
from adapters.settings import Settings

group = typer.Typer()


@group.command("subject-access")
def subject_access(
    candidate: Annotated[UUID, typer.Argument(help="The id of any record of the person.")],
    out: Annotated[Path, typer.Option(help="The file: an HTML page if its name ends in .html, else JSON.")],
) -> None:
    """Write everything that is stored about a person into a file that only you can read. It is recorded as an export.

    Example: perennial subject-access 0198f3a0-7c1e-7000-8000-00000000a001 --out subject.html
    """
    settings = Settings()
    with existing_log(settings) as log:
        answer = bootstrap.subject_reports(log, settings).report_on(candidate, operator())
    write_private(out, subject_access_page(answer).html.encode() if out.suffix == ".html" else as_json(answer))
    stderr.print(
        f"{len(answer.events)} events, {len(answer.named_in)} events of others that name the person,"
        f" {len(answer.deliveries)} deliveries and {len(answer.seen)} accesses are in {out};"
        f" recorded as export {answer.export}",
        highlight=False,
        soft_wrap=True,
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)

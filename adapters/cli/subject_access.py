"""What an operator types when a person asks what we hold about them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from adapters import bootstrap
from adapters.access.operators import operator
from adapters.cli.progress import say
from adapters.settings import Settings
from adapters.web.endpoints.subject_access import page_of, subject_access_of
from adapters.web.framework.plain import as_json, plain

subject = typer.Typer()


@subject.command("subject-access")
def subject_access(
    candidate: Annotated[UUID, typer.Argument(help="Any record of the person.")],
    out: Annotated[Path, typer.Option(help="Where it goes: a page if it ends in .html, else JSON.")],
) -> None:
    """Write everything we hold about a person into a file that only you may read. It is recorded as an export."""
    settings = Settings()
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        found = subject_access_of(bootstrap.services(log, settings), operator(), candidate)
    text = bytes(page_of(found).body) if out.suffix == ".html" else as_json(plain(found))
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
    say.print(
        f"{len(found.events)} events, {len(found.named_in)} elsewhere that name them, {len(found.deliveries)}"
        f" deliveries and {len(found.seen)} accesses are in {out}; recorded as export {found.export}",
        highlight=False,
        soft_wrap=True,
    )

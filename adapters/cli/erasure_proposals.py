"""What an operator types about proposals to erase people: list them, accept or decline one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.access.operators import operator
from adapters.cli.deliveries import written_age
from adapters.cli.erasures import shown
from adapters.cli.progress import say
from adapters.postgres.log.event_log import EventLog
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings
from adapters.web.framework.plain import plain
from commands.decline_erasure_proposal import DeclineErasureProposal
from commands.handle import Occasion, handle
from projections.erasure_proposals import ERASURE_PROPOSALS
from queries.erasure_proposals import ErasureProposals, State, erasure_proposals
from queries.question import AsOf

proposals = typer.Typer(
    help="Proposals of other systems to erase people: a privacy officer decides on each; docs/privacy.md.",
    no_args_is_help=True,
)
LONGEST_PAGE = 10_000


class ProposalsAreNotFolded(Exception):
    """The read model of the proposals was never folded. Run `perennial project --once`, then list them again."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


WIDE = 220
"""Characters: an id is never cut off, because an operator copies it."""
Candidate = Annotated[UUID, typer.Argument(help="Any record of the person.")]
Proposal = Annotated[UUID, typer.Argument(help="The proposal, as `list` shows it.")]


@proposals.command("list")
def list_(
    state: Annotated[State, typer.Option(help="open, accepted, declined or closed.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=LONGEST_PAGE, help="How many, at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON list on standard output.")] = False,
) -> None:
    """List what other systems propose to erase, the oldest first; it changes nothing."""
    with opened() as (log, settings):
        position = bootstrap.position_in(log, ERASURE_PROPOSALS.name)
        if not position:
            raise ProposalsAreNotFolded
        with log.recorder.datastore.pool.connection() as connection:
            as_of = AsOf(position, datetime.now(UTC), settings.zone)
            found = erasure_proposals(connection, as_of, state, None, limit)
    if as_json:
        typer.echo(json.dumps(plain([asdict(one) for one in found.proposals])))
    else:
        show(found, state)


@proposals.command()
def accept(
    candidate: Candidate,
    proposal: Proposal,
    by: Annotated[str, typer.Option(help="Who wants it: self, recruiter or retention.")] = "recruiter",
    ground: Annotated[str, typer.Option(help="Why, as a code.")] = "art-17",
) -> None:
    """Accept a proposal and erase the person for good, in whichever records they stand.

    Exit code 1 where something must be waited for: a server, or `erase --resume`, goes on with it.
    """
    with opened() as (log, settings):
        erasing = bootstrap.erasing(log, settings)
        erasure = shown(erasing.accept(candidate, proposal, by=by, ground=ground, actor=operator().actor))
    if erasure.state != "completed":
        raise typer.Exit(1)


@proposals.command()
def decline(
    candidate: Candidate,
    proposal: Proposal,
    ground: Annotated[str, typer.Option(help="Why, as a code, such as merged-there or consent-stands.")],
    note: Annotated[str | None, typer.Option(help="Free text, sealed for the person.")] = None,
) -> None:
    """Decline a proposal: the person is kept, and the proposal is closed."""
    now = datetime.now(UTC)
    command = DeclineErasureProposal(candidate=candidate, proposal=proposal, ground=ground, note=note, now=now)
    with opened() as (log, _):
        done = handle(log, bootstrap.VERB_OF, Occasion(ENTROPY.new_id(), operator().actor, now), lambda: (command,))
    say.print(f"declined: {candidate} is kept (position {done.position})", highlight=False)


@contextmanager
def opened() -> Iterator[tuple[EventLog, Settings]]:
    """The log, and the settings it is opened by."""
    settings = Settings()
    with bootstrap.database(settings, make=False) as conninfo, bootstrap.open_log(conninfo, settings) as log:
        yield log, settings


def show(found: ErasureProposals, state: State) -> None:
    columns = ("candidate", "proposal", "source", "kind", "fields", "age", "decided by", "ground")
    table = Table(*(Column(name, no_wrap=name != "fields") for name in columns))
    for one in found.proposals:
        age = written_age(timedelta(seconds=one.age_seconds))
        table.add_row(
            str(one.candidate), str(one.proposal), one.source, one.kind, ", ".join(one.fields), age, one.decided_by,
            one.ground,
        )  # fmt: skip
    Console(width=WIDE).print(table)
    say.print(f"{found.n} {state}, as known at position {found.position}; nothing was changed", highlight=False)

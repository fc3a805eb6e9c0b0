"""Commands about proposals of other systems to erase a person: list, accept and decline them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table

from adapters import bootstrap
from adapters.access.operators import operator
from adapters.cli.dates import written_age
from adapters.cli.erasures import exit_unless_completed
from adapters.cli.erasures import show as show_erasure
from adapters.cli.log import existing_log
from adapters.cli.progress import stderr
from adapters.exports.plain import plain
from adapters.postgres.log.event_log import EventLog
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings
from commands.decline_erasure_proposal import DeclineErasureProposal
from commands.handle import Occasion, handle
from domain.errors import ExplainedError
from projections.erasure_proposals import ERASURE_PROPOSALS
from queries.erasure_proposals import ErasureProposals, State, erasure_proposals
from queries.question import AsOf

LONGEST_PAGE = 10_000
WIDE = 220
"""Characters of the table: ids are copied, and never cut off."""

group = typer.Typer(
    name="erasure-proposals",
    help="List, accept and decline proposals of other systems to erase a person (docs/privacy.md).",
    no_args_is_help=True,
)
Candidate = Annotated[UUID, typer.Argument(help="The id of any record of the person.")]
Proposal = Annotated[UUID, typer.Argument(help="The id of the proposal, as `list` shows it.")]


class ProposalsAreNotFolded(ExplainedError):
    """Read model not folded

    The read model of the proposals was never folded.

    Run `perennial project --once`, then list them again.
    """


@group.command("list")
def list_(
    state: Annotated[State, typer.Option(help="open, accepted, declined or closed.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=LONGEST_PAGE, help="How many proposals, at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list on standard output.")] = False,
) -> None:
    """List the proposals of other systems to erase a person, the oldest first. It changes nothing."""
    settings = Settings()
    with existing_log(settings) as log:
        answer = proposals_in(log, settings.zone, state, limit)
    if as_json:
        typer.echo(json.dumps(plain([asdict(proposal) for proposal in answer.proposals])))
    else:
        show(answer, state)


def proposals_in(log: EventLog, zone: str, state: State, limit: int) -> ErasureProposals:
    """Return the proposals as far as they are folded. Errors: ProposalsAreNotFolded."""
    position = bootstrap.position_in(log, ERASURE_PROPOSALS.name)
    if not position:
        raise ProposalsAreNotFolded
    with log.recorder.datastore.pool.connection() as connection:
        return erasure_proposals(connection, AsOf(position, datetime.now(UTC), zone), state, None, limit)


@group.command()
def accept(
    candidate: Candidate,
    proposal: Proposal,
    by: Annotated[str, typer.Option(help="Who requests the erasure: self, recruiter or retention.")] = "recruiter",
    ground: Annotated[str, typer.Option(help="The legal ground, as a code.")] = "art-17",
) -> None:
    """Accept a proposal and erase the person for good, with all their records.

    Exit code 1 when a part of it must wait; the worker erasures, or `perennial erase --resume`, continues it.
    """
    settings = Settings()
    with existing_log(settings) as log:
        erasing = bootstrap.erasing(log, settings)
        erasure = erasing.accept(candidate, proposal, by=by, ground=ground, actor=operator().actor)
    show_erasure(erasure)
    exit_unless_completed([erasure])


@group.command()
def decline(
    candidate: Candidate,
    proposal: Proposal,
    ground: Annotated[str, typer.Option(help="Why, as a code, such as merged-there or consent-stands.")],
    note: Annotated[str | None, typer.Option(help="Free text, sealed with the person's key. Default: none.")] = None,
) -> None:
    """Decline a proposal: the person is kept, and the proposal is closed."""
    now = datetime.now(UTC)
    command = DeclineErasureProposal(candidate=candidate, proposal=proposal, ground=ground, note=note, now=now)
    with existing_log(Settings()) as log:
        done = handle(log, bootstrap.VERB_OF, Occasion(ENTROPY.new_id(), operator().actor, now), lambda: (command,))
    stderr.print(f"declined: {candidate} is kept (position {done.position})", highlight=False)


def show(answer: ErasureProposals, state: State) -> None:
    """Print the proposals as a table."""
    columns = ("candidate", "proposal", "source", "kind", "fields", "age", "decided by", "ground")
    table = Table(*(Column(name, no_wrap=name != "fields") for name in columns))
    for proposal in answer.proposals:
        age = written_age(timedelta(seconds=proposal.age_seconds))
        table.add_row(
            str(proposal.candidate), str(proposal.proposal), proposal.source, proposal.kind,
            ", ".join(proposal.fields), age, proposal.decided_by, proposal.ground,
        )  # fmt: skip
    Console(width=WIDE).print(table)
    stderr.print(f"{answer.n} {state}, as of position {answer.position}; nothing was changed", highlight=False)

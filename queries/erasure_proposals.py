"""Whose erasure do other systems propose, since when, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections import linked_records
from projections.erasure_proposals import ERASURE_PROPOSALS
from queries.question import AsOf

DEFINITION = "erasure-proposals"
VERSION = 1
State = Literal["open", "accepted", "declined", "closed"]


@dataclass(frozen=True, slots=True)
class ErasureProposal:
    """Another system's proposal to erase a person, and how it was decided.

    `candidate` is the record that speaks for the person, `record` the one that the other system named. `kind`: what it
    did with the person, 'delete' or 'anonymise', and `fields` what it anonymised. `state`: 'open', 'accepted',
    'declined' for `ground`, or 'closed': the erasure was requested without it.
    """

    candidate: UUID
    record: UUID
    proposal: UUID
    source: str
    kind: str
    fields: tuple[str, ...]
    proposed_at: datetime
    age_seconds: int
    state: State
    decided_at: datetime | None
    decided_by: str | None
    ground: str | None
    position: int


@dataclass(frozen=True, slots=True)
class ErasureProposals:
    """A page of proposals, the oldest first; `n` have the state. `next`: the `cursor` of the following page; null: this
    is the last."""

    definition: str
    version: int
    position: int
    as_of: datetime
    n: int
    proposals: tuple[ErasureProposal, ...]
    next: str | None


_JUDGED = """
select known.*, decided.at as decided_at, decided.actor, decided.ground,
       case when decided.decision is not null then decided.decision
            when exists (select from erasure_proposals.request
                         where record = known.record and position <= %(position)s) then 'closed'
            else 'open' end as state
from erasure_proposals.proposal known
left join lateral (
    select at, actor, ground, decision from erasure_proposals.decision
    where record = known.record and proposal = known.proposal and position <= %(position)s
    order by position limit 1) decided on true
where known.position <= %(position)s
"""
_LINKED = linked_records.persons(
    "erasure_proposals",
    "select distinct record, %(position)s::bigint from page join erasure_proposals.linked using (record)",
)
_QUESTION = f"""
with judged as materialized (select * from ({_JUDGED}) one where state = %(state)s),
page as materialized (
    select * from judged where %(after)s::bigint is null or position > %(after)s order by position limit %(limit)s
)
select (select count(*) from judged), coalesce(person, page.record), page.record, proposal, source, kind, fields, at,
       state, decided_at, actor, ground, page.position
from (select) one left join page on true
left join (select distinct asked, person from ({_LINKED}) known_of) person on person.asked = page.record
order by page.position
"""


def erasure_proposals(
    connection: psycopg.Connection[Any], as_of: AsOf, state: State = "open", after: str | None = None, limit: int = 100
) -> ErasureProposals:
    """At most `limit` proposals of the state, `after` the `next` of the page before."""
    parameters = {"position": as_of.position, "state": state, "after": after, "limit": limit + 1}
    statement = ERASURE_PROPOSALS.render(_QUESTION, ERASURE_PROPOSALS.schema, as_of.zone)
    rows = psycopg.Cursor(connection, row_factory=tuple_row).execute(statement.encode(), parameters).fetchall()
    proposals = [proposal_of(as_of.at, *row[1:]) for row in rows if row[1] is not None]
    page = tuple(proposals[:limit])
    following = str(page[-1].position) if len(proposals) > limit else None
    return ErasureProposals(DEFINITION, VERSION, as_of.position, as_of.at, rows[0][0], page, following)


def proposal_of(
    now: datetime,
    candidate: UUID,
    record: UUID,
    proposal: UUID,
    source: str,
    kind: str,
    fields: list[str],
    at: datetime,
    state: State,
    decided_at: datetime | None,
    actor: str | None,
    ground: str | None,
    position: int,
) -> ErasureProposal:
    return ErasureProposal(
        candidate=candidate,
        record=record,
        proposal=proposal,
        source=source,
        kind=kind,
        fields=tuple(fields),
        proposed_at=at,
        age_seconds=max(int((now - at).total_seconds()), 0),
        state=state,
        decided_at=decided_at,
        decided_by=actor,
        ground=ground,
        position=position,
    )

"""Who is this candidate to us: how they came, when we last heard from them, how far it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections import linked_records, segments
from projections.candidate_summary import CANDIDATE_SUMMARY, STANDING_HIRE
from queries.question import AsOf

DEFINITION = "candidate-summary"
VERSION = 3


@dataclass(frozen=True, slots=True)
class CandidateSummary:
    """One candidate as known at the position, all records of the person together.

    `merged_into` is the record that speaks for the person where another one was asked for; it gives the segments, and
    `entered_at` is the earliest entry of all. `contacts` and `engagements` count touchpoints that the catalogue calls
    so and no machine made; `hired_at` is the earliest hire that was not undone.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    candidate: UUID
    merged_into: UUID | None
    entered_at: datetime
    source: str
    role: str
    location: str
    contacts: int
    engagements: int
    last_contact: datetime | None
    last_engagement: datetime | None
    prospects: int
    applications: int
    hired_at: datetime | None


# A record's row is right when nothing about it is newer; what it said earlier is found from its facts.
_RECORD = f"""
    select entered_at, contacts, engagements, last_contact, last_engagement,
           prospects, applications, hired_at
    from candidate_summary.candidate where candidate = of.record and known <= of.position and entered is not null
    union all
    select entered_at, touched.contacts, touched.engagements, touched.last_contact,
           touched.last_engagement, reached.prospects, reached.applications, reached.hired_at
    from candidate_summary.candidate
    cross join lateral (
        select coalesce(sum(n) filter (where contact), 0), coalesce(sum(n) filter (where engagement), 0),
               max(at) filter (where contact), max(at) filter (where engagement)
        from (select at, contact, engagement, sum(n) as n from candidate_summary.touch
              where candidate = of.record and position <= of.position
              group by at, contact, engagement having sum(n) > 0) held
    ) touched (contacts, engagements, last_contact, last_engagement)
    cross join lateral (
        select count(*) filter (where milestone = 'prospect'), count(*) filter (where milestone = 'applied'),
               min(at) filter (where {STANDING_HIRE.format(position="of.position")})
        from candidate_summary.milestone where candidate = of.record and position <= of.position
    ) reached (prospects, applications, hired_at)
    where candidate = of.record and known > of.position and entered <= of.position
"""

_PERSON = linked_records.persons("candidate_summary", "select %(candidate)s::uuid, %(position)s::bigint")
_QUESTION = f"""
select nullif(of.person, of.asked), min(entered_at), max(segment.source), max(segment.role), max(segment.location),
       sum(contacts)::int, sum(engagements)::int, max(last_contact), max(last_engagement),
       sum(prospects)::int, sum(applications)::int, min(hired_at)
from ({_PERSON}) of cross join lateral ({_RECORD}) record
left join candidate_summary.segment on of.record = of.person and {segments.holds("of.person", "of.position")}
group by of.person, of.asked
having bool_or(of.record = of.person)
"""


def candidate(connection: psycopg.Connection[Any], candidate: UUID, as_of: AsOf) -> CandidateSummary | None:
    """Return the summary of the record's person; None where no person of this id had entered by the position."""
    statement = CANDIDATE_SUMMARY.render(_QUESTION, CANDIDATE_SUMMARY.schema, as_of.zone)
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    row = cursor.execute(statement.encode(), {"candidate": candidate, "position": as_of.position}).fetchone()
    if row is None:
        return None
    return CandidateSummary(DEFINITION, VERSION, as_of.position, as_of.at, candidate, *row)

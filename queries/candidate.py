"""Who is this candidate to us: how they came, when we last heard from them, how far it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections.candidate_summary import CANDIDATE_SUMMARY
from queries.question import AsOf

DEFINITION = "candidate-summary"
VERSION = 1


@dataclass(frozen=True, slots=True)
class CandidateSummary:
    """One candidate as known at the position.

    `contacts` and `engagements` count touchpoints that the catalogue calls so and no machine made; `hired_at` is the
    earliest hire.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    candidate: UUID
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


# The row is right when nothing about the candidate is newer; what it said earlier is found from its facts.
_QUESTION = """
select entered_at, source, role, location, contacts, engagements, last_contact, last_engagement,
       prospects, applications, hired_at
from candidate_summary.candidate where candidate = %(candidate)s and known <= %(position)s and entered is not null
union all
select entered_at, source, role, location, touched.contacts, touched.engagements, touched.last_contact,
       touched.last_engagement, reached.prospects, reached.applications, reached.hired_at
from candidate_summary.candidate
cross join lateral (
    select coalesce(sum(n) filter (where contact), 0), coalesce(sum(n) filter (where engagement), 0),
           max(at) filter (where contact), max(at) filter (where engagement)
    from (select at, contact, engagement, sum(n) as n from candidate_summary.touch
          where candidate = %(candidate)s and position <= %(position)s
          group by at, contact, engagement having sum(n) > 0) held
) touched (contacts, engagements, last_contact, last_engagement)
cross join lateral (
    select count(*) filter (where milestone = 'prospect'), count(*) filter (where milestone = 'applied'),
           min(at) filter (where milestone = 'hired')
    from candidate_summary.milestone where candidate = %(candidate)s and position <= %(position)s
) reached (prospects, applications, hired_at)
where candidate = %(candidate)s and known > %(position)s and entered <= %(position)s
"""


def candidate(connection: psycopg.Connection[Any], candidate: UUID, as_of: AsOf) -> CandidateSummary | None:
    """The candidate's summary; None where nobody of this id had entered by the position."""
    statement = CANDIDATE_SUMMARY.render(_QUESTION, CANDIDATE_SUMMARY.schema, as_of.zone)
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    row = cursor.execute(statement.encode(), {"candidate": candidate, "position": as_of.position}).fetchone()
    if row is None:
        return None
    return CandidateSummary(DEFINITION, VERSION, as_of.position, as_of.at, candidate, *row)

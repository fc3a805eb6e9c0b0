"""What does a candidate allow us: the answer to each purpose on each channel, at any time, as known at any position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections.consent_state import CONSENT_STATE
from queries.question import AsOf

DEFINITION = "consent-state"
VERSION = 1
Status = Literal["given", "refused", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The answer that holds for a purpose on a channel ('*': on all), since when, and the event that says so."""

    purpose: str
    channel: str
    status: Status
    since: datetime
    valid_until: datetime | None
    event: UUID


@dataclass(frozen=True, slots=True)
class Consents:
    """All answers of a candidate that held at `valid_at`; a purpose and channel not listed was not answered."""

    definition: str
    version: int
    position: int
    as_of: datetime
    candidate: UUID
    valid_at: datetime
    states: tuple[ConsentState, ...]


# Of the answers at the same moment one that forbids wins over one that allows.
_QUESTION = """
with known as (
    select purpose, channel, at, valid_until, event_id,
           case when status = 'given' and valid_until <= %(valid_at)s then 'expired' else status end as status
    from consent_state.answer
    where candidate = %(candidate)s and position <= %(position)s and at <= %(valid_at)s
), asked as (select distinct purpose, channel from known)
select distinct on (asked.purpose, asked.channel)
       asked.purpose, asked.channel, known.status, known.at, known.valid_until, known.event_id
from asked join known on known.purpose = asked.purpose and known.channel in (asked.channel, '*')
order by asked.purpose, asked.channel, known.at desc, known.status = 'given', known.event_id
"""


def consents(
    connection: psycopg.Connection[Any], candidate: UUID, as_of: AsOf, valid_at: datetime | None = None
) -> Consents:
    """What the candidate allowed at `valid_at` (by default at the time of `as_of`), as known at the position."""
    moment = valid_at or as_of.at
    statement = CONSENT_STATE.render(_QUESTION, CONSENT_STATE.schema, as_of.zone)
    asked = {"candidate": candidate, "position": as_of.position, "valid_at": moment}
    rows = psycopg.Cursor(connection, row_factory=tuple_row).execute(statement.encode(), asked).fetchall()
    states = tuple(ConsentState(*row) for row in rows)
    return Consents(DEFINITION, VERSION, as_of.position, as_of.at, candidate, moment, states)

"""What does a candidate allow us: the answer to each purpose on each channel, at any time, as known at any position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from projections import linked_records
from projections.consent_state import CONSENT_STATE, HOLDS
from queries.question import AsOf

DEFINITION = "consent-state"
VERSION = 4
Status = Literal["given", "refused", "withdrawn", "withheld", "expired"]


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The answer that holds for a purpose on a channel ('*': on all), since when, and the event that says so.

    `withheld` is no answer: since the merge with `merged_with`, one of the records allows it and the other denied it.
    """

    purpose: str
    channel: str
    status: Status
    since: datetime
    valid_until: datetime | None
    event: UUID
    merged_with: UUID | None


@dataclass(frozen=True, slots=True)
class Consents:
    """All answers that held at `valid_at`; a purpose and channel not listed was not answered.

    The answers of all `records` of the person count together. `merged_into` is the record that speaks for the person,
    where another one was asked for.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    candidate: UUID
    merged_into: UUID | None
    records: tuple[UUID, ...]
    valid_at: datetime
    states: tuple[ConsentState, ...]


# Of the answers at the same moment one that forbids wins over one that allows, and a person's over what is withheld,
# which the survivor's stream says first.
_PERSON = linked_records.persons("consent_state", "select %(candidate)s::uuid, %(position)s::bigint")
_QUESTION = f"""
with of as materialized ({_PERSON}), known as (
    select purpose, channel, at, valid_until, event_id, candidate, survivor,
           case candidate when absorbed then survivor else absorbed end as merged_with,
           case when status = 'given' and valid_until <= %(valid_at)s then 'expired' else status end as status
    from of join consent_state.answer on answer.candidate = of.record
    where answer.position <= %(position)s and at <= %(valid_at)s
          and {HOLDS.format(answer="answer", position="%(position)s", at="%(valid_at)s")}
), asked as (select distinct purpose, channel from known), held as (
    select distinct on (asked.purpose, asked.channel)
           asked.purpose, asked.channel, known.status, known.at, known.valid_until, known.event_id,
           known.merged_with
    from asked join known on known.purpose = asked.purpose and known.channel in (asked.channel, '*')
    order by asked.purpose, asked.channel, known.at desc, known.status = 'given', known.status = 'withheld',
             known.candidate is distinct from known.survivor, known.event_id
)
select nullif(person, asked), records, held.*
from (select person, asked, array_agg(record order by record) as records from of group by person, asked) person
left join held on true
order by purpose, channel
"""


def consents(
    connection: psycopg.Connection[Any], candidate: UUID, as_of: AsOf, valid_at: datetime | None = None
) -> Consents:
    """Return what the person of the record allowed at `valid_at` (by default at the time of `as_of`), as known."""
    moment = valid_at or as_of.at
    statement = CONSENT_STATE.render(_QUESTION, CONSENT_STATE.schema, as_of.zone)
    parameters = {"candidate": candidate, "position": as_of.position, "valid_at": moment}
    rows = psycopg.Cursor(connection, row_factory=tuple_row).execute(statement.encode(), parameters).fetchall()
    states = tuple(ConsentState(*row[2:]) for row in rows if row[2] is not None)
    merged_into, records = rows[0][:2]
    return Consents(
        DEFINITION, VERSION, as_of.position, as_of.at, candidate, merged_into, tuple(records), moment, states
    )

"""Which consents end soon, so that the people can be asked again in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from domain.purposes import CONSENT_CHANNELS
from projections import linked_records
from projections.consent_state import CONSENT_STATE, HOLDS
from queries.question import AsOf

DEFINITION = "consents-expiring"
VERSION = 2


@dataclass(frozen=True, slots=True)
class After:
    """Where a page ended: the consent that it ended with, and until when that holds."""

    valid_until: datetime
    event: UUID


@dataclass(frozen=True, slots=True)
class ExpiringConsent:
    """A consent that holds and is about to end: on which channels it is still what decides, and until when.

    `candidate` is the record that speaks for the person, `record` the one in which the consent stands.
    """

    candidate: UUID
    record: UUID
    purpose: str
    channels: tuple[str, ...]
    valid_until: datetime
    event: UUID


@dataclass(frozen=True, slots=True)
class Expiring:
    """A page of the consents that end after the time of `as_of` and not after `until`, the soonest first; `n` in all.

    `next`: where the following page begins; None: this is the last.
    """

    position: int
    as_of: datetime
    until: datetime
    n: int
    consents: tuple[ExpiringConsent, ...]
    next: After | None


# A consent that a later answer took back or renewed is about nothing any more.
_LINKED = linked_records.persons(
    "consent_state", "select distinct candidate, %(position)s::bigint from due join consent_state.linked l"
    " on l.record = due.candidate"
)  # fmt: skip
_QUESTION = f"""
with due as materialized (
    select * from consent_state.answer
    where status = 'given' and position <= %(position)s and at <= %(now)s
          and valid_until > %(now)s and valid_until <= %(until)s
          and (%(purpose)s::text is null or purpose = %(purpose)s)
), of as materialized (
    select asked, person, record from ({_LINKED}) known_of
    union all
    select distinct candidate, candidate, candidate from due
    where not exists (select from consent_state.linked where record = due.candidate)
), living as (
    select of.person, due.candidate, due.purpose, due.valid_until, due.event_id, array_agg(due.channel) as channels
    from due join (select distinct asked, person from of) of on of.asked = due.candidate
    where not exists (
        select from of member join consent_state.answer later on later.candidate = member.record
        where member.asked = due.candidate and later.purpose = due.purpose and later.channel in (due.channel, '*')
              and later.position <= %(position)s and later.at <= %(now)s
              and {HOLDS.format(answer="later", position="%(position)s", at="%(now)s")}
              and (later.at > due.at
                   or later.at = due.at and (later.status <> 'given' or later.valid_until <= %(now)s))
    )
    group by of.person, due.candidate, due.purpose, due.valid_until, due.event_id
)
select (select count(*) from living), page.* from (select) one left join (
    select person, candidate, purpose, channels, valid_until, event_id from living
    where %(after)s::timestamptz is null or (valid_until, event_id) > (%(after)s, %(event)s::uuid)
    order by valid_until, event_id limit %(limit)s
) page on true
order by page.valid_until, page.event_id
"""


def expiring(
    connection: psycopg.Connection[Any],
    as_of: AsOf,
    within: timedelta,
    purpose: str | None = None,
    after: After | None = None,
    limit: int = 100,
) -> Expiring:
    """At most `limit` consents that hold at the time of `as_of` and end within so much time, as known."""
    until = as_of.at + within
    parameters = {
        "position": as_of.position, "now": as_of.at, "until": until, "purpose": purpose, "limit": limit + 1,
        "after": after and after.valid_until, "event": after and after.event,
    }  # fmt: skip
    statement = CONSENT_STATE.render(_QUESTION, CONSENT_STATE.schema, as_of.zone)
    rows = psycopg.Cursor(connection, row_factory=tuple_row).execute(statement.encode(), parameters).fetchall()
    consents = [consent_of(*row[1:]) for row in rows if row[1] is not None]
    page = tuple(consents[:limit])
    following = After(page[-1].valid_until, page[-1].event) if len(consents) > limit else None
    return Expiring(as_of.position, as_of.at, until, rows[0][0], page, following)


def consent_of(
    person: UUID, record: UUID, purpose: str, channels: list[str], valid_until: datetime, event: UUID
) -> ExpiringConsent:
    named = tuple(channel for channel in CONSENT_CHANNELS if channel in channels)
    return ExpiringConsent(person, record, purpose, named, valid_until, event)

"""Which deliveries of integrations were not applied, since when, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from domain.candidate import CandidateReferred, CandidateSourced, ErasureRequested

State = Literal["waiting", "kept", "refused"]
ERASED = "erased"
MOST_COUNTED = 100_000
"""Deliveries that the counts by reason cover, the oldest first."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which deliveries are listed: of this state, source and action, received before this time; None: any."""

    state: State | None = None
    source: str | None = None
    action: str | None = None
    received_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class After:
    """The place of a delivery in the list; the following page begins after it."""

    received_at: datetime
    source: str
    delivery_id: str


@dataclass(frozen=True, slots=True)
class UnappliedDelivery:
    """A delivery that waits for its cause, is kept unused, or was refused by a rule. It has nothing of the body.

    `about` is the stream that it was sealed for, `subject` the stream that it tells of, `waits_for` the stream in which
    its cause will appear. All three are None for a delivery of a person who was erased or whose erasure was requested,
    and for one that was kept without its body. `of_candidate`: whether `about` is a candidate of the log.
    """

    source: str
    delivery_id: str
    action: str
    state: State
    reason: str
    received_at: datetime
    about: UUID | None
    subject: UUID | None
    waits_for: UUID | None
    of_candidate: bool


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many deliveries have this state and reason."""

    state: State
    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """A page of the deliveries that were not applied, the oldest first, and the counts by reason of all pages.

    `exact`: whether the counts cover all of them. `next`: where the following page begins; None: this is the last.
    """

    deliveries: tuple[UnappliedDelivery, ...]
    reasons: tuple[ReasonCount, ...]
    exact: bool
    next: After | None


_STATE = """
case when outcome = 'waiting' then 'waiting' when reason = any(%(rules)s) then 'refused' else 'kept' end
"""
_SOUGHT = f"""
    outcome <> 'applied'
    and (%(state)s::text is null or {_STATE} = %(state)s)
    and (%(source)s::text is null or source = %(source)s) and (%(action)s::text is null or action = %(action)s)
    and (%(received_before)s::timestamptz is null or received_at < %(received_before)s)
"""
_PAGE = f"""
with page as materialized (
    select source, delivery_id, action, {_STATE} as state, coalesce(reason, 'unknown') as reason, received_at, people,
           subject, waits_for, body = '' as emptied
    from delivery
    where {_SOUGHT}
          and (%(after)s::timestamptz is null
               or (received_at, source, delivery_id) > (%(after)s, %(after_source)s::text, %(after_id)s::text))
    order by received_at, source, delivery_id limit %(limit)s
), judged as (
    select page.*, exists (
        select from event where stream_id = any(page.people) and type = %(requested)s) as person_is_erased
    from page
)
select source, delivery_id, action, case when person_is_erased then 'kept' else state end as state,
       case when person_is_erased then %(erased)s else reason end as reason, received_at,
       case when not hidden then people[1] end as about, case when not hidden then subject end as subject,
       case when not hidden then waits_for end as waits_for,
       not hidden and exists (select from event where stream_id = people[1] and type = any(%(entries)s)) as of_candidate
from judged cross join lateral (select person_is_erased or emptied as hidden) what
order by received_at, source, delivery_id
"""
_REASONS = f"""
select {_STATE} as state, coalesce(reason, 'unknown') as reason, count(*) as n
from (select outcome, reason from delivery where {_SOUGHT}
      order by received_at, source, delivery_id limit %(most)s) counted
group by 1, 2 order by n desc, state, reason
"""


def deliveries(
    connection: psycopg.Connection[Any],
    sought: Sought,
    rules: Collection[str],
    after: After | None = None,
    limit: int = 100,
) -> Deliveries:
    """Return at most `limit` deliveries. `rules`: the reasons that are rules, which refused what was delivered."""
    parameters = {
        "state": sought.state, "source": sought.source, "action": sought.action,
        "received_before": sought.received_before, "rules": list(rules), "limit": limit + 1, "most": MOST_COUNTED,
        "requested": ErasureRequested.stored_name, "erased": ERASED, "after": after and after.received_at,
        "entries": [CandidateSourced.stored_name, CandidateReferred.stored_name],
        "after_source": after and after.source, "after_id": after and after.delivery_id,
    }  # fmt: skip
    with connection.cursor(row_factory=class_row(UnappliedDelivery)) as cursor:
        rows = cursor.execute(_PAGE.encode(), parameters).fetchall()
    with connection.cursor(row_factory=class_row(ReasonCount)) as cursor:
        reasons = cursor.execute(_REASONS.encode(), parameters).fetchall()
    page, last = rows[:limit], rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else After(last.received_at, last.source, last.delivery_id)
    exact = sum(count.n for count in reasons) < MOST_COUNTED
    return Deliveries(tuple(page), tuple(reasons), exact, following)

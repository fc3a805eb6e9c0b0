"""A stretch of a history turned from columns into the domain's events, as a log would give them back."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from adapters.lab.synthetic import events_of_jobs, events_of_people
from adapters.lab.synthetic.cast import COLUMNS, Cast, Row, times, uuids
from adapters.lab.synthetic.columns import NONE, Block, Column, Names, Type
from adapters.lab.synthetic.communities import BY_SELF
from adapters.lab.synthetic.people import BY_MERGE
from domain.event import Event, Recorded

ROWS = 8192
"""Rows turned at a time; nothing that is made depends on it."""

MAKERS = {**events_of_people.MAKERS, **events_of_jobs.MAKERS}
BY_CANDIDATE = frozenset({Type.GIVEN, Type.REFUSED, Type.SUBMITTED, Type.LEFT, Type.ACCEPTED, Type.DECLINED})
RECRUITERS = tuple(f"recruiter-{number:02}" for number in range(24))
OF_ONE_APPLICATION = frozenset(
    {Type.HIRED, Type.FILLED, Type.UNHIRED, Type.REOPENED, Type.TURNED_INTO, Type.VOUCHED_FOR}
)
OF_ONE_REFERRAL = frozenset({Type.REFERRAL_ASKED, Type.MADE, Type.TAKEN_UP, Type.TOUCHPOINT})
OF_ONE_MERGE = frozenset({Type.MERGED, Type.UNMERGED})
IMPORTER = "import:legacy-crm"


def actor(type_: int, row: Row) -> str:
    """Return the actor of the row's event; all events of one append have the same."""
    if row.imported:
        return IMPORTER
    if type_ == Type.TOUCHPOINT and events_of_people.REPORTER[row.kind] == "mailer":
        return "mailer"
    by_merge = type_ in OF_ONE_MERGE or (type_ == Type.WITHDRAWN and row.flag & BY_MERGE)
    themselves = type_ in BY_CANDIDATE or (row.community != NONE and row.flag == BY_SELF)
    if themselves or (type_ == Type.WITHDRAWN and not by_merge):
        return "candidate"
    number = row.other if by_merge else row.referral if row.referral != NONE else row.person
    return RECRUITERS[number % len(RECRUITERS)]


def correlation(cast: Cast, type_: int, row: Row, id_: UUID) -> UUID:
    """Return the correlation: of a message with its fates, of a hire with the opening it fills; else of the event
    alone."""
    if row.message != NONE:
        return cast.messages[row.message]
    if type_ in OF_ONE_APPLICATION and row.application != NONE:
        return cast.application(row.application)
    if type_ in OF_ONE_REFERRAL and row.referral != NONE:
        return cast.referral(row.referral)
    by_merge = type_ in OF_ONE_MERGE or (type_ == Type.WITHDRAWN and row.flag & BY_MERGE)
    return cast.streams[row.other] if by_merge else id_


def page(cast: Cast, rows: Block, versions: Column, names: Names) -> Iterator[Recorded[Event]]:
    """Yield the events of some rows, in their order."""
    types, streams = rows["type"].tolist(), rows["stream"].tolist()
    touchpoints = cast.touchpoints(rows["touch"])
    facts = map(Row._make, zip(*(rows[name].tolist() for name in COLUMNS), touchpoints, strict=True))
    ids, recorded_at, occurred_at = uuids(names), times(rows["recorded"]), times(rows["occurred"])
    columns = zip(types, streams, versions.tolist(), ids, recorded_at, occurred_at, facts, strict=True)
    for type_, stream, version, id_, known_at, was_at, row in columns:
        yield Recorded(
            cast.streams[stream],
            version,
            MAKERS[type_](cast, row),
            id_,
            known_at,
            was_at,
            "stated",
            actor(type_, row),
            None,
            correlation(cast, type_, row, id_),
        )

"""What rows refer to by number: people, jobs, and the ids of all streams, openings, messages and touchpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from adapters.lab.synthetic.columns import EPOCH, NONE, Block, Column, Names, Type
from adapters.lab.synthetic.jobs import Jobs
from adapters.lab.synthetic.people import People
from domain.event import Event


@dataclass(frozen=True, slots=True)
class Cast:
    """All that rows refer to by number: people, jobs, and the ids of streams, openings, messages and consents."""

    people: People
    persons: list[int]
    jobs: Jobs
    streams: list[UUID]
    openings: list[UUID]
    messages: list[UUID]
    consents: list[UUID]
    touches: Names
    first_referral: int
    first_community: int

    def touchpoints(self, numbers: Column) -> list[UUID]:
        """Return the ids of these touchpoints (any id for NONE)."""
        return uuids(Names(self.touches.high[numbers], self.touches.low[numbers]))

    def message(self, number: int) -> UUID | None:
        """Return the id of a message; None for NONE."""
        return self.messages[number] if number != NONE else None

    def application(self, number: int) -> UUID:
        """Return the id of an application's stream."""
        return self.streams[len(self.people) + len(self.jobs.requisition_role) + number]

    def referral(self, number: int) -> UUID:
        """Return the id of a referral's stream."""
        return self.streams[self.first_referral + number]

    def community(self, number: int) -> UUID:
        """Return the id of a talent community's stream."""
        return self.streams[self.first_community + number]

    def requisition(self, number: int) -> UUID | None:
        """Return the id of a requisition's stream; None for NONE."""
        return self.streams[len(self.people) + number] if number != NONE else None


def uuids(names: Names) -> list[UUID]:
    """Return the ids as UUIDs."""
    return [UUID(int=high << 64 | low) for high, low in zip(names.high.tolist(), names.low.tolist(), strict=True)]


def times(column: Column) -> list[datetime]:
    """Microseconds from 1970 as times in UTC."""
    return [at.replace(tzinfo=UTC) for at in column.astype("datetime64[us]").tolist()]


def time(at: int) -> datetime:
    """One such time."""
    return EPOCH + timedelta(microseconds=at)


class Row(NamedTuple):
    """What one row says, in the columns that differ from type to type."""

    person: int
    touch: int
    kind: int
    message: int
    machine: int
    authorised: int
    consent: int
    requisition: int
    opening: int
    application: int
    referral: int
    community: int
    other: int
    imported: int
    referrer: int
    code: int
    flag: int
    until: int
    new_kind: int
    new_at: int
    new_machine: int
    touchpoint: UUID


COLUMNS = Row._fields[:-1]

Maker = Callable[[Cast, Row], Event]
"""Makes the event of one type from a row of that type."""


def consent_ids(rows: Block, names: Names) -> list[UUID]:
    """Return the ids of the events that gave each consent, by its number."""
    where = np.flatnonzero(rows["type"] == Type.GIVEN)
    where = where[np.argsort(rows["consent"][where], kind="stable")]
    return uuids(Names(names.high[where], names.low[where]))

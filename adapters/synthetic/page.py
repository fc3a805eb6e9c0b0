"""A stretch of a history turned from columns into the domain's events, as a log would give them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from adapters.synthetic import shape
from adapters.synthetic.columns import EPOCH, NONE, Block, Column, Names, Type
from adapters.synthetic.jobs import Jobs
from adapters.synthetic.kinds import KINDS, NEEDS_CONSENT, WITHDRAWS
from adapters.synthetic.people import People
from adapters.synthetic.words import (
    LEAVING_WORDS,
    NOTES,
    REFERRAL_WORDS,
    WRONG_WORDS,
    email_of,
    name_of,
    phone_of,
    quality,
)
from domain.application import (
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CandidateHired,
    OfferAccepted,
    ProspectAdded,
    StageEntered,
)
from domain.candidate import CandidateReferred, CandidateSourced, ProfileFactLearned
from domain.consent import ConsentGiven, ConsentRefused, ConsentWithdrawn
from domain.event import Event, Recorded
from domain.purposes import CONSENT_CHANNELS
from domain.requisition import OpeningCancelled, OpeningFilled, OpeningOpened, RequisitionOpened
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded

ROWS = 8192
"""Rows turned at a time; nothing that is made depends on it."""

PURPOSE_OF = tuple(shape.TALENT_POOL if names_purpose else None for names_purpose in NEEDS_CONSENT | WITHDRAWS)
NOTED = tuple(name.startswith(("note-", "call-", "meeting-", "voicemail-")) for name in KINDS)
REPORTER = tuple("mailer" if name.startswith("email-") else "recruiter" for name in KINDS)
NOTICE = ("talent-pool-notice", "2", "5b2a9d0c" * 8)


@dataclass(frozen=True, slots=True)
class Cast:
    """All that rows refer to by number: people, jobs, and the ids of streams, openings, messages and consents."""

    people: People
    jobs: Jobs
    streams: list[UUID]
    openings: list[UUID]
    messages: list[UUID]
    consents: list[UUID]
    touches: Names

    def touchpoints(self, numbers: Column) -> list[UUID]:
        """The ids of these touchpoints (any id for NONE)."""
        return uuids(Names(self.touches.high[numbers], self.touches.low[numbers]))

    def message(self, number: int) -> UUID | None:
        """The id of a message, None for NONE."""
        return self.messages[number] if number != NONE else None

    def application(self, number: int) -> UUID:
        """The id of an application's stream."""
        return self.streams[len(self.people) + len(self.jobs.requisition_role) + number]

    def requisition(self, number: int) -> UUID | None:
        """The id of a requisition's stream, None for NONE."""
        return self.streams[len(self.people) + number] if number != NONE else None


def uuids(names: Names) -> list[UUID]:
    """The ids as UUIDs."""
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
    referrer: int
    code: int
    flag: int
    until: int
    new_kind: int
    new_at: int
    new_machine: int
    touchpoint: UUID


COLUMNS = Row._fields[:-1]

# Each of the functions below makes the event of one type from a row of that type.
Maker = Callable[[Cast, Row], Event]


def sourced(cast: Cast, row: Row) -> Event:
    person, people = row.person, cast.people
    name, phones = name_of(person), (phone_of(person),) if person % 3 == 0 else ()
    source, role, location = segments(people, person)
    board, outside_id = ("synthetic-board", f"board-{person}") if person % 10 == 0 else (None, None)
    return CandidateSourced(source, role, location, board, outside_id, name, (email_of(person),), phones)


def referred(cast: Cast, row: Row) -> Event:
    person, people = row.person, cast.people
    words = REFERRAL_WORDS[person % len(REFERRAL_WORDS)]
    referrer, referrer_name = cast.streams[row.referrer], name_of(row.referrer)
    mails, name = (email_of(person),), name_of(person)
    return CandidateReferred(*segments(people, person), referrer, name, mails, (), referrer_name, words)


def segments(people: People, person: int) -> tuple[str, str, str]:
    """Source, role and location of a candidate."""
    return (
        shape.SOURCES[people.source[person]],
        shape.ROLES[people.role[person]],
        shape.LOCATIONS[people.location[person]],
    )


def learned(cast: Cast, row: Row) -> Event:
    value = quality(row.touch)
    return ProfileFactLearned(shape.FACTS[row.code], "cv" if row.person % 2 else "recruiter", value)


def given(cast: Cast, row: Row) -> Event:
    channels = shape.CHANNEL_SETS[row.code]
    stated = ("consent", "eu", *NOTICE, "en", "web-form", "self")
    return ConsentGiven(shape.TALENT_POOL, channels, *stated, time(row.until), None)


def refused(cast: Cast, row: Row) -> Event:
    return ConsentRefused(shape.TALENT_POOL, CONSENT_CHANNELS, *NOTICE[:2], "web-form", "self", None)


def withdrawn(cast: Cast, row: Row) -> Event:
    channels = CONSENT_CHANNELS if row.flag % 2 else ("email",)
    cause = row.touchpoint if row.touch != NONE else None
    way = KINDS[row.kind] if row.kind != NONE else "portal"
    reason = LEAVING_WORDS[row.person % len(LEAVING_WORDS)] if cause is None else None
    return ConsentWithdrawn(shape.TALENT_POOL, channels, row.flag >= 2, way, cause, reason)


def corrected(cast: Cast, row: Row) -> Event:
    message, undone = cast.message(row.message), row.new_kind == NONE
    return TouchpointCorrected(
        touchpoint=row.touchpoint,
        was_kind=KINDS[row.kind],
        was_at=time(row.until),
        was_message=message,
        was_machine=bool(row.machine),
        kind=None if undone else KINDS[row.new_kind],
        at=None if undone else time(row.new_at),
        message=None if undone else message,
        machine=bool(row.new_machine),
        reason=WRONG_WORDS[row.touch % len(WRONG_WORDS)],
    )


def requisition_opened(cast: Cast, row: Row) -> Event:
    number, jobs = row.requisition, cast.jobs
    role, location = shape.ROLES[jobs.requisition_role[number]], shape.LOCATIONS[row.code]
    evergreen = bool(jobs.evergreen[number])
    source = shape.REQUISITION_SOURCES[row.kind]
    return RequisitionOpened(role, location, source, evergreen, None, None, f"{role} {number}")


def opened(cast: Cast, row: Row) -> Event:
    return OpeningOpened(cast.openings[row.opening], None)


def filled(cast: Cast, row: Row) -> Event:
    opening, application = cast.openings[row.opening], cast.application(row.application)
    return OpeningFilled(opening, application, cast.streams[row.person], time(row.until))


def cancelled(cast: Cast, row: Row) -> Event:
    return OpeningCancelled(cast.openings[row.opening], shape.CANCELLATION_REASONS[row.code])


def submitted(cast: Cast, row: Row) -> Event:
    requisition, source = cast.requisition(row.requisition), shape.SOURCES[cast.people.source[row.person]]
    if requisition is None:
        raise AssertionError("an application without a requisition")
    return ApplicationSubmitted(cast.streams[row.person], requisition, source, None, None)


def prospect(cast: Cast, row: Row) -> Event:
    requisition, source = cast.requisition(row.requisition), shape.SOURCES[cast.people.source[row.person]]
    return ProspectAdded(cast.streams[row.person], requisition, source, None, None)


def stage(cast: Cast, row: Row) -> Event:
    return StageEntered(cast.streams[row.person], cast.requisition(row.requisition), shape.STAGES[row.code])


def rejected(cast: Cast, row: Row) -> Event:
    reason = shape.REJECTION_REASONS[row.code]
    return ApplicationRejected(cast.streams[row.person], cast.requisition(row.requisition), reason, None)


def left(cast: Cast, row: Row) -> Event:
    reason = shape.WITHDRAWAL_REASONS[row.code]
    return ApplicationWithdrawn(cast.streams[row.person], cast.requisition(row.requisition), reason, None)


def accepted(cast: Cast, row: Row) -> Event:
    requisition = cast.streams[len(cast.people) + row.requisition]
    return OfferAccepted(cast.streams[row.person], requisition, cast.openings[row.opening])


def hired(cast: Cast, row: Row) -> Event:
    requisition = cast.requisition(row.requisition)
    return CandidateHired(cast.streams[row.person], requisition, cast.openings[row.opening])


def touched(cast: Cast, row: Row) -> Event:
    kind, authorised = row.kind, row.authorised
    return TouchpointRecorded(
        row.touchpoint,
        KINDS[kind],
        cast.message(row.message),
        row.machine == 1,
        PURPOSE_OF[kind],
        None if authorised == NONE else authorised == 1,
        cast.consents[row.consent] if row.consent != NONE else None,
        REPORTER[kind],
        NOTES[row.touch % len(NOTES)] if NOTED[kind] else None,
    )


MAKERS: dict[int, Maker] = {
    Type.SOURCED: sourced,
    Type.REFERRED: referred,
    Type.FACT: learned,
    Type.GIVEN: given,
    Type.REFUSED: refused,
    Type.WITHDRAWN: withdrawn,
    Type.TOUCHPOINT: touched,
    Type.CORRECTED: corrected,
    Type.REQUISITION: requisition_opened,
    Type.OPENED: opened,
    Type.FILLED: filled,
    Type.CANCELLED: cancelled,
    Type.SUBMITTED: submitted,
    Type.PROSPECT: prospect,
    Type.STAGE: stage,
    Type.REJECTED: rejected,
    Type.LEFT: left,
    Type.ACCEPTED: accepted,
    Type.HIRED: hired,
}
BY_CANDIDATE = frozenset({Type.GIVEN, Type.REFUSED, Type.WITHDRAWN, Type.SUBMITTED, Type.LEFT})
RECRUITERS = tuple(f"recruiter-{number:02}" for number in range(24))
TOGETHER = frozenset({Type.HIRED, Type.FILLED})


def actor(type_: int, row: Row) -> str:
    """Who says so."""
    if type_ == Type.TOUCHPOINT and REPORTER[row.kind] == "mailer":
        return "mailer"
    return "candidate" if type_ in BY_CANDIDATE else RECRUITERS[row.person % len(RECRUITERS)]


def correlation(cast: Cast, type_: int, row: Row, id_: UUID) -> UUID:
    """What belongs together: a message with its fates, a hire with the opening it fills; else the event alone."""
    if row.message != NONE:
        return cast.messages[row.message]
    return cast.application(row.application) if type_ in TOGETHER else id_


def page(cast: Cast, rows: Block, versions: Column, names: Names) -> Iterator[Recorded[Event]]:
    """The events of some rows, in their order."""
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


def consent_ids(rows: Block, names: Names) -> list[UUID]:
    """The ids of the events that gave each consent, by its number."""
    where = np.flatnonzero(rows["type"] == Type.GIVEN)
    where = where[np.argsort(rows["consent"][where], kind="stable")]
    return uuids(Names(names.high[where], names.low[where]))

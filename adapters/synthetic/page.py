"""A stretch of a history turned from columns into the domain's events, as a log would give them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

import numpy as np

from adapters.synthetic import shape
from adapters.synthetic.columns import EPOCH, NONE, Block, Column, Names, Type
from adapters.synthetic.communities import BY_SELF, MEMBERS
from adapters.synthetic.jobs import Jobs
from adapters.synthetic.kinds import FOLLOWING, KINDS, WITHDRAWS
from adapters.synthetic.people import BY_MERGE, ENTIRELY, ON_EVERY_CHANNEL, People
from adapters.synthetic.words import (
    LEAVING_WORDS,
    MERGE_WORDS,
    NOTES,
    REFERRAL_WORDS,
    UNMERGE_WORDS,
    WRONG_WORDS,
    email_of,
    learned_of,
    name_of,
    phone_of,
)
from domain.application import (
    ApplicationMovedBack,
    ApplicationReferred,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationTransferred,
    ApplicationUnrejected,
    ApplicationWithdrawn,
    CandidateHired,
    CandidateUnhired,
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    OfferRescinded,
    ProspectAdded,
    StageEntered,
)
from domain.candidate import (
    CandidateReferred,
    CandidatesMerged,
    CandidateSourced,
    CandidatesUnmerged,
    CommunityJoined,
    CommunityLeft,
    ProfileFactLearned,
)
from domain.consent import ConsentGiven, ConsentRefused, ConsentWithdrawn
from domain.event import Event, Recorded
from domain.purposes import CONSENT_CHANNELS
from domain.referral import (
    CREDIT_RULE,
    ReferralAccepted,
    ReferralAsked,
    ReferralCredited,
    ReferralDeclined,
    ReferralMade,
    ReferralTurnedIntoApplication,
)
from domain.requisition import (
    HiringManagerAssigned,
    OpeningCancelled,
    OpeningFilled,
    OpeningOpened,
    OpeningReopened,
    RecruiterAssigned,
    RequisitionHeld,
    RequisitionOpened,
    RequisitionResumed,
    TargetDateSet,
)
from domain.talent_community import CommunityFounded
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from domain.touchpoint_kinds import kind_named

ROWS = 8192
"""Rows turned at a time; nothing that is made depends on it."""

PURPOSE_OF = tuple(
    shape.TALENT_POOL if withdraws else kind_named(name).purpose
    for name, withdraws in zip(KINDS, WITHDRAWS, strict=True)
)
NOTED = tuple(name.startswith(("note-", "call-", "meeting-", "voicemail-")) for name in KINDS)
REPORTER = tuple(
    "perennial" if name in FOLLOWING else "mailer" if name.startswith("email-") else "recruiter" for name in KINDS
)
REFERRAL_NOTICE = ("referral-notice", "1", "1c7e40aa" * 8)
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
    first_referral: int
    first_community: int

    def touchpoints(self, numbers: Column) -> list[UUID]:
        """The ids of these touchpoints (any id for NONE)."""
        return uuids(Names(self.touches.high[numbers], self.touches.low[numbers]))

    def message(self, number: int) -> UUID | None:
        """The id of a message, None for NONE."""
        return self.messages[number] if number != NONE else None

    def application(self, number: int) -> UUID:
        """The id of an application's stream."""
        return self.streams[len(self.people) + len(self.jobs.requisition_role) + number]

    def referral(self, number: int) -> UUID:
        """The id of a referral's stream."""
        return self.streams[self.first_referral + number]

    def community(self, number: int) -> UUID:
        """The id of a talent community's stream."""
        return self.streams[self.first_community + number]

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

# Each of the functions below makes the event of one type from a row of that type.
Maker = Callable[[Cast, Row], Event]


def sourced(cast: Cast, row: Row) -> Event:
    person = int(cast.people.person[row.person])
    name, phones = name_of(person), (phone_of(person),) if person % 3 == 0 else ()
    source, role, location = segments(cast.people, row.person)
    board, outside_id = ("synthetic-board", f"board-{row.person}") if row.person % 10 == 0 else (None, None)
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
    fact, role = shape.FACTS[row.code], shape.ROLES[cast.people.role[row.person]]
    told_by = "import" if row.imported else TOLD_BY[row.person % len(TOLD_BY)]
    return ProfileFactLearned(fact, told_by, learned_of(fact, role, row.person, row.touch))


TOLD_BY = ("self", "recruiter", "enrichment")


def given(cast: Cast, row: Row) -> Event:
    channels, method = shape.CHANNEL_SETS[row.code], "import" if row.imported else "web-form"
    evidence = f"export of the older system, line {row.consent + 1}" if row.imported else None
    notice = REFERRAL_NOTICE if row.flag else NOTICE
    stated = ("consent", "eu", *notice, "en", method, "self", time(row.until), evidence)
    return ConsentGiven(shape.REFERRAL_CONTACT if row.flag else shape.TALENT_POOL, channels, *stated)


def refused(cast: Cast, row: Row) -> Event:
    method = "import" if row.imported else "web-form"
    return ConsentRefused(shape.TALENT_POOL, CONSENT_CHANNELS, *NOTICE[:2], method, "self", None)


def withdrawn(cast: Cast, row: Row) -> Event:
    entirely = row.flag & ENTIRELY > 0
    if row.flag & BY_MERGE:
        shut = tuple(name for bit, name in enumerate(CONSENT_CHANNELS) if row.code >> bit & 1)
        return ConsentWithdrawn(shape.TALENT_POOL, shut, entirely, "merge", None, None)
    channels = CONSENT_CHANNELS if row.flag & ON_EVERY_CHANNEL else ("email",)
    cause = row.touchpoint if row.touch != NONE else None
    way = KINDS[row.kind] if row.kind != NONE else "portal"
    reason = LEAVING_WORDS[row.code] if cause is None else None
    return ConsentWithdrawn(shape.TALENT_POOL, channels, entirely, way, cause, reason)


def merged(cast: Cast, row: Row) -> Event:
    survivor, absorbed = cast.streams[row.other], cast.streams[row.person]
    evidence = ("same-address",) if row.person % 3 else ("same-address", "same-name-and-employer")
    return CandidatesMerged(survivor, absorbed, evidence, MERGE_WORDS[row.person % len(MERGE_WORDS)])


def unmerged(cast: Cast, row: Row) -> Event:
    words = UNMERGE_WORDS[row.person % len(UNMERGE_WORDS)]
    return CandidatesUnmerged(cast.streams[row.other], cast.streams[row.person], words)


def founded(cast: Cast, row: Row) -> Event:
    around, topic = shape.COMMUNITIES[row.community]
    return CommunityFounded(around, topic, f"Everybody around {topic.replace('-', ' ')}")


def joined(cast: Cast, row: Row) -> Event:
    return CommunityJoined(cast.community(row.community), MEMBERS[row.flag])


def quitted(cast: Cast, row: Row) -> Event:
    words = LEAVING_WORDS[row.person % len(LEAVING_WORDS)] if row.flag == BY_SELF else None
    return CommunityLeft(cast.community(row.community), MEMBERS[row.flag], words)


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


def reopened(cast: Cast, row: Row) -> Event:
    undone = cast.application(row.application) if row.application != NONE else None
    return OpeningReopened(cast.openings[row.opening], "same" if row.flag else "new", undone, None)


def held(cast: Cast, row: Row) -> Event:
    return RequisitionHeld(shape.HOLD_REASONS[row.code], None)


def resumed(cast: Cast, row: Row) -> Event:
    return RequisitionResumed(None)


def target(cast: Cast, row: Row) -> Event:
    return TargetDateSet(date(1970, 1, 1) + timedelta(days=row.until))


def manager(cast: Cast, row: Row) -> Event:
    return HiringManagerAssigned(shape.USERS[row.code])


def recruiter(cast: Cast, row: Row) -> Event:
    return RecruiterAssigned(shape.USERS[row.code])


def job(cast: Cast, row: Row) -> UUID:
    """The requisition of a row that must have one."""
    return cast.streams[len(cast.people) + row.requisition]


def seat(cast: Cast, row: Row) -> UUID | None:
    """The opening of a row, if it names one."""
    return cast.openings[row.opening] if row.opening != NONE else None


def submitted(cast: Cast, row: Row) -> Event:
    return ApplicationSubmitted(cast.streams[row.person], job(cast, row), shape.SOURCES[row.code], None, None)


def prospect(cast: Cast, row: Row) -> Event:
    requisition, source = cast.requisition(row.requisition), shape.SOURCES[row.code]
    return ProspectAdded(cast.streams[row.person], requisition, source, None, None)


def stage(cast: Cast, row: Row) -> Event:
    return StageEntered(cast.streams[row.person], cast.requisition(row.requisition), shape.STAGES[row.code])


def moved_back(cast: Cast, row: Row) -> Event:
    to, why = shape.STAGES[row.code], shape.MOVE_REASONS[row.flag]
    return ApplicationMovedBack(cast.streams[row.person], cast.requisition(row.requisition), to, why)


def transferred(cast: Cast, row: Row) -> Event:
    to, why = cast.streams[len(cast.people) + row.other], shape.TRANSFER_REASONS[row.code]
    return ApplicationTransferred(cast.streams[row.person], cast.requisition(row.requisition), to, why)


def rejected(cast: Cast, row: Row) -> Event:
    reason = shape.REJECTION_REASONS[row.code]
    return ApplicationRejected(cast.streams[row.person], cast.requisition(row.requisition), reason, None)


def unrejected(cast: Cast, row: Row) -> Event:
    reason = shape.UNREJECTION_REASONS[row.code]
    return ApplicationUnrejected(cast.streams[row.person], cast.requisition(row.requisition), reason, None)


def left(cast: Cast, row: Row) -> Event:
    reason = shape.WITHDRAWAL_REASONS[row.code]
    return ApplicationWithdrawn(cast.streams[row.person], cast.requisition(row.requisition), reason, None)


def offered(cast: Cast, row: Row) -> Event:
    return OfferMade(cast.streams[row.person], job(cast, row), seat(cast, row))


def accepted(cast: Cast, row: Row) -> Event:
    return OfferAccepted(cast.streams[row.person], job(cast, row), cast.openings[row.opening])


def declined(cast: Cast, row: Row) -> Event:
    reason = shape.OFFER_REASONS[row.code]
    return OfferDeclined(cast.streams[row.person], job(cast, row), seat(cast, row), reason, None)


def rescinded(cast: Cast, row: Row) -> Event:
    by, reason = "candidate" if row.flag else "us", shape.OFFER_REASONS[row.code]
    return OfferRescinded(cast.streams[row.person], job(cast, row), seat(cast, row), by, reason, None)


def hired(cast: Cast, row: Row) -> Event:
    return CandidateHired(cast.streams[row.person], job(cast, row), cast.openings[row.opening])


def unhired(cast: Cast, row: Row) -> Event:
    reason = shape.UNHIRE_REASONS[row.code]
    return CandidateUnhired(cast.streams[row.person], job(cast, row), seat(cast, row), reason, None)


def vouched_for(cast: Cast, row: Row) -> Event:
    referral, referrer = cast.referral(row.referral), cast.streams[row.referrer]
    return ApplicationReferred(cast.streams[row.person], cast.requisition(row.requisition), referral, referrer)


def asked(cast: Cast, row: Row) -> Event:
    return ReferralAsked(cast.streams[row.referrer], cast.requisition(row.requisition), None)


def made(cast: Cast, row: Row) -> Event:
    named = cast.streams[row.referrer], cast.streams[row.person], cast.requisition(row.requisition)
    words = REFERRAL_WORDS[row.referral % len(REFERRAL_WORDS)] if row.referral % 2 else None
    return ReferralMade(*named, shape.RELATIONS[row.code], words)


def taken_up(cast: Cast, row: Row) -> Event:
    return ReferralAccepted(cast.streams[row.referrer], cast.streams[row.person])


def turned_down(cast: Cast, row: Row) -> Event:
    by, reason = "candidate" if row.flag else "recruiter", shape.REFERRAL_REASONS[row.code]
    return ReferralDeclined(cast.streams[row.referrer], cast.streams[row.person], by, reason)


def turned_into(cast: Cast, row: Row) -> Event:
    named = cast.streams[row.referrer], cast.streams[row.person]
    return ReferralTurnedIntoApplication(*named, cast.application(row.application))


def credited(cast: Cast, row: Row) -> Event:
    named = cast.streams[row.referrer], cast.streams[row.person], cast.application(row.application)
    return ReferralCredited(*named, time(row.until), CREDIT_RULE)


def touched(cast: Cast, row: Row) -> Event:
    kind, authorised = row.kind, row.authorised
    touchpoint, message = (
        own_ids(cast, row) if KINDS[kind] in FOLLOWING else (row.touchpoint, cast.message(row.message))
    )
    return TouchpointRecorded(
        touchpoint,
        KINDS[kind],
        message,
        row.machine == 1,
        PURPOSE_OF[kind],
        None if authorised == NONE else authorised == 1,
        cast.consents[row.consent] if row.consent != NONE else None,
        "import" if row.imported else REPORTER[kind],
        NOTES[row.touch % len(NOTES)] if NOTED[kind] else None,
    )


def own_ids(cast: Cast, row: Row) -> tuple[UUID, UUID | None]:
    """The touchpoint and the message of what follows from something else, as the commands make them."""
    name = KINDS[row.kind]
    if row.community != NONE:
        # Everybody joins a community at most once here.
        return uuid5(cast.community(row.community), f"{cast.streams[row.person]} joined after 0 turns"), None
    referral = cast.referral(row.referral)
    return uuid5(referral, name), referral if name == "referral-asked" else None


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
    Type.MERGED: merged,
    Type.UNMERGED: unmerged,
    Type.JOINED: joined,
    Type.QUIT: quitted,
    Type.FOUNDED: founded,
    Type.REOPENED: reopened,
    Type.HELD: held,
    Type.RESUMED: resumed,
    Type.TARGET: target,
    Type.MANAGER: manager,
    Type.RECRUITER: recruiter,
    Type.BACK: moved_back,
    Type.UNREJECTED: unrejected,
    Type.UNHIRED: unhired,
    Type.OFFERED: offered,
    Type.DECLINED: declined,
    Type.RESCINDED: rescinded,
    Type.TRANSFERRED: transferred,
    Type.VOUCHED_FOR: vouched_for,
    Type.ASKED: asked,
    Type.MADE: made,
    Type.TAKEN_UP: taken_up,
    Type.TURNED_DOWN: turned_down,
    Type.TURNED_INTO: turned_into,
    Type.CREDITED: credited,
}
BY_CANDIDATE = frozenset({Type.GIVEN, Type.REFUSED, Type.SUBMITTED, Type.LEFT, Type.ACCEPTED, Type.DECLINED})
RECRUITERS = tuple(f"recruiter-{number:02}" for number in range(24))
OF_ONE_APPLICATION = frozenset(
    {Type.HIRED, Type.FILLED, Type.UNHIRED, Type.REOPENED, Type.TURNED_INTO, Type.VOUCHED_FOR}
)
OF_ONE_REFERRAL = frozenset({Type.ASKED, Type.MADE, Type.TAKEN_UP, Type.TOUCHPOINT})
OF_ONE_MERGE = frozenset({Type.MERGED, Type.UNMERGED})
IMPORTER = "import:legacy-crm"


def actor(type_: int, row: Row) -> str:
    """Who says so."""
    if row.imported:
        return IMPORTER
    if type_ == Type.TOUCHPOINT and REPORTER[row.kind] == "mailer":
        return "mailer"
    themselves = type_ in BY_CANDIDATE or (type_ == Type.WITHDRAWN and not row.flag & BY_MERGE)
    return "candidate" if themselves else RECRUITERS[row.person % len(RECRUITERS)]


def correlation(cast: Cast, type_: int, row: Row, id_: UUID) -> UUID:
    """What belongs together: a message with its fates, a hire with the opening it fills; else the event alone."""
    if row.message != NONE:
        return cast.messages[row.message]
    if type_ in OF_ONE_APPLICATION and row.application != NONE:
        return cast.application(row.application)
    if type_ in OF_ONE_REFERRAL and row.referral != NONE:
        return cast.referral(row.referral)
    return cast.streams[row.person] if type_ in OF_ONE_MERGE else id_


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

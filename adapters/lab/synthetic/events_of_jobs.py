"""The events of jobs and applications, made from rows."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from adapters.lab.synthetic import shape
from adapters.lab.synthetic.cast import Cast, Maker, Row, time
from adapters.lab.synthetic.columns import NONE, Type
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
from domain.event import Event
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
    """Return the requisition of a row that must have one."""
    return cast.streams[len(cast.people) + row.requisition]


def seat(cast: Cast, row: Row) -> UUID | None:
    """Return the opening of a row; None if it names none."""
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


MAKERS: dict[int, Maker] = {
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
}

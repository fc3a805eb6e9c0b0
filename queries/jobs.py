"""How does this job or this application stand, after everything that was done and undone?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from domain.application import (
    APPLICATION,
    OFFERS,
    STAGES,
    STANDING,
    Application,
    ApplicationDoesNotExist,
    ApplicationReferred,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CandidateHired,
    OfferDeclined,
    OfferRescinded,
    ProspectAdded,
)
from domain.application import Offer as LastOffer
from domain.codes import text_of
from domain.event import Aggregate, Event, Personal, Recorded
from domain.requisition import (
    CLOSINGS,
    HOLDS,
    OPENINGS,
    REQUISITION,
    HiringManagerAssigned,
    OpeningCancelled,
    OpeningFilled,
    OpeningOpened,
    OpeningReopened,
    RecruiterAssigned,
    Requisition,
    RequisitionDateCorrected,
    RequisitionDoesNotExist,
    RequisitionOpened,
    RequisitionRenamed,
    TargetDateSet,
)
from domain.streams import Loads


@dataclass(frozen=True, slots=True)
class Opening:
    """One seat: 'open', 'filled' or 'cancelled' `since`; `application`: whose hire fills it."""

    opening: UUID
    state: str
    since: datetime
    opened_at: datetime
    application: UUID | None
    outside_id: Personal[str | None]


@dataclass(frozen=True, slots=True)
class RequisitionPage:
    """A job as it stands. `held_since` null: it is not on hold; `closed_since` null: it is not closed. What was
    personal and has been erased is null. `role_text` and its like: the text that a code was made of; null where it
    came as a code.

    `withheld`: everything personal is null, as the reader's role may not read people.
    """

    requisition: UUID
    role: str
    role_text: Personal[str | None]
    location: str
    location_text: Personal[str | None]
    source: str
    source_text: Personal[str | None]
    evergreen: bool
    title: Personal[str | None]
    outside_source: str | None
    outside_id: Personal[str | None]
    opened_at: datetime
    held_since: datetime | None
    closed_since: datetime | None
    target: date | None
    hiring_manager: Personal[str | None]
    recruiter: Personal[str | None]
    openings: Sequence[Opening]
    version: int
    withheld: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """The application entered a stage at a time; with `stage` null it was transferred to another job then.

    `stage_text`: the text that the code was made of.
    """

    at: datetime
    stage: str | None
    stage_text: Personal[str | None]


@dataclass(frozen=True, slots=True)
class Offer:
    """The last offer: 'made', 'accepted', 'declined' or 'rescinded'; `opening` null: for none in particular."""

    state: str
    requisition: UUID
    opening: UUID | None
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """An application as it stands: 'prospect', 'submitted', 'rejected', 'withdrawn' or 'hired' (into `opening`).

    `left`: the jobs that it was transferred away from, in the order in which it left them. `source_text`, `stage_text`:
    the texts that the codes were made of; null where they came as codes. `withheld`: they are null because the reader's
    role may not read people.
    """

    application: UUID
    candidate: UUID
    requisition: UUID | None
    source: str
    source_text: Personal[str | None]
    state: str
    began_at: datetime
    ended_at: datetime | None
    opening: UUID | None
    stage: str | None
    stage_text: Personal[str | None]
    stages: Sequence[Visit]
    offer: Offer | None
    left: Sequence[UUID | None]
    referral: UUID | None
    referrer: UUID | None
    version: int
    withheld: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """What only this question needs of an opening: its number there, when it was recorded, and when last reopened."""

    recorded_at: datetime
    outside_id: Personal[str | None]
    reopened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A requisition's state under the domain's rules, and the entry and dates that only this question needs."""

    requisition: Requisition
    entry: RequisitionOpened | None = None
    opened_at: datetime | None = None
    seats: Mapping[UUID, Seat] = field(default_factory=dict)


def evolve_job(job: Job, recorded: Recorded[Event]) -> Job:
    """Return the job after one more event."""
    former = job.requisition.openings
    job = replace(job, requisition=REQUISITION.evolve(job.requisition, recorded))
    match recorded.event:
        case RequisitionOpened() as event if job.entry is None:
            return replace(job, entry=event, opened_at=recorded.at)
        case OpeningOpened(opening=opening) as event if opening not in former:
            return replace(job, seats={**job.seats, opening: Seat(recorded.at, event.outside_id)})
        case OpeningReopened(opening=opening) if opening in job.seats:
            seat = job.seats[opening]
            seat = replace(seat, reopened_at=max(seat.reopened_at or recorded.at, recorded.at))
            return replace(job, seats={**job.seats, opening: seat})
        case _:
            return job


@dataclass(frozen=True, slots=True)
class ApplicationRecord:
    """An application's state under the domain's rules, and the source and dates that only this question needs."""

    application: Application
    source: str = "unknown"
    began_at: datetime | None = None
    referred: ApplicationReferred | None = None


def evolve_application(record: ApplicationRecord, recorded: Recorded[Event]) -> ApplicationRecord:
    """Return the application after one more event. Its source is that of its submission, else that of its prospect."""
    record = replace(record, application=APPLICATION.evolve(record.application, recorded))
    match recorded.event:
        case ProspectAdded() | ApplicationSubmitted() as event:
            began_at = recorded.at if record.began_at is None else min(record.began_at, recorded.at)
            is_late = isinstance(event, ProspectAdded) and record.application.submitted
            return replace(record, source=record.source if is_late else event.source, began_at=began_at)
        case ApplicationReferred() as event if record.referred is None:
            return replace(record, referred=event)
        case _:
            return record


JOB = Aggregate("job", lambda requisition: Job(Requisition(requisition)), evolve_job)
APPLICATION_RECORD = Aggregate(
    "application-record", lambda application: ApplicationRecord(Application(application)), evolve_application
)
DESCRIBED: tuple[type[Event], ...] = (
    *(TargetDateSet, HiringManagerAssigned, RecruiterAssigned, RequisitionRenamed, RequisitionDateCorrected),
)
OF_JOB: frozenset[type[Event]] = frozenset((RequisitionOpened, *DESCRIBED, *OPENINGS, *HOLDS, *CLOSINGS))
OF_APPLICATION: frozenset[type[Event]] = frozenset((*STANDING, *STAGES, *OFFERS, ApplicationReferred))
STATES: Mapping[type[Event] | None, str] = {
    None: "open",
    OpeningFilled: "filled",
    OpeningCancelled: "cancelled",
    ApplicationRejected: "rejected",
    ApplicationWithdrawn: "withdrawn",
    CandidateHired: "hired",
    OfferDeclined: "declined",
    OfferRescinded: "rescinded",
}


def requisition(log: Loads, requisition: UUID) -> RequisitionPage:
    """Read how the requisition stands, with its openings. Errors: RequisitionDoesNotExist."""
    loaded = log.load_all({requisition: (JOB, OF_JOB)})[requisition]
    return page_of_job(requisition, loaded.state, loaded.version)


def application(log: Loads, application: UUID) -> ApplicationPage:
    """Read how the application stands, and the stages it entered. Errors: ApplicationDoesNotExist."""
    loaded = log.load_all({application: (APPLICATION_RECORD, OF_APPLICATION)})[application]
    return page_of_application(application, loaded.state, loaded.version)


def page_of_job(requisition: UUID, job: Job, version: int) -> RequisitionPage:
    """Return the answer for a requisition's state. Errors: RequisitionDoesNotExist."""
    if job.entry is None or job.opened_at is None:
        raise RequisitionDoesNotExist(requisition=requisition)
    return RequisitionPage(
        requisition=requisition,
        role=job.entry.role,
        role_text=text_of(job.entry.role),
        location=job.entry.location,
        location_text=text_of(job.entry.location),
        source=job.entry.source,
        source_text=text_of(job.entry.source),
        evergreen=job.entry.evergreen,
        title=job.requisition.title.last,
        outside_source=job.entry.outside_source,
        outside_id=job.entry.outside_id,
        opened_at=job.requisition.opened.last or job.opened_at,
        held_since=job.requisition.held_since,
        closed_since=job.requisition.closed_since,
        target=job.requisition.target.last,
        hiring_manager=job.requisition.hiring_manager.last,
        recruiter=job.requisition.recruiter.last,
        openings=openings_of(job),
        version=version,
        withheld=False,
    )


def openings_of(job: Job) -> list[Opening]:
    """Return the openings in the order in which they were opened."""
    openings = [opening_of(job.requisition, opening, seat) for opening, seat in job.seats.items()]
    return sorted(openings, key=lambda opening: (opening.opened_at, opening.opening))


def opening_of(requisition: Requisition, opening: UUID, seat: Seat) -> Opening:
    """Return the opening: without an end of its own it is cancelled while its job is closed, and then open again."""
    end, ending = requisition.end_of(opening), requisition.openings[opening]
    opened_at = requisition.opened_at_of(opening) or seat.recorded_at
    turns = (opened_at, seat.reopened_at, requisition.closed_since or requisition.reopened_at)
    since = max(turn for turn in turns if turn is not None) if end is None else end.at
    if end is None and requisition.closed_since is not None:
        ending = OpeningCancelled
    return Opening(
        opening=opening,
        state=STATES[ending],
        since=since,
        opened_at=opened_at,
        application=requisition.taken_by.get(opening),
        outside_id=seat.outside_id,
    )


def page_of_application(stream: UUID, record: ApplicationRecord, version: int) -> ApplicationPage:
    """Return the answer for an application's state. Errors: ApplicationDoesNotExist."""
    application, referred = record.application, record.referred
    if application.candidate is None or record.began_at is None:
        raise ApplicationDoesNotExist(application=stream)
    beginning = "submitted" if application.submitted else "prospect"
    return ApplicationPage(
        application=stream,
        candidate=application.candidate,
        requisition=application.requisition,
        source=record.source,
        source_text=text_of(record.source),
        state=beginning if application.ending is None else STATES[application.ending],
        began_at=record.began_at,
        ended_at=application.ended_at,
        opening=None if application.hire is None else application.hire.opening,
        stage=application.stages.last,
        stage_text=text_of(application.stages.last),
        stages=visits_of(application),
        offer=None if application.offer is None else offer_of(application.offer),
        left=[turn.value for turn in application.left.turns],
        referral=None if referred is None else referred.referral,
        referrer=None if referred is None else referred.referrer,
        version=version,
        withheld=False,
    )


def visits_of(application: Application) -> list[Visit]:
    """Return the stages that it entered, and its transfers. A statement that it is in the stage it is in already is no
    visit, in whatever order the statements came."""
    came = {turn.at for turn in application.left.turns}
    turns = [turn for turn in application.stages.turns if turn.value is not None or turn.at in came]
    before = [None, *(turn.value for turn in turns)]
    return [
        Visit(turn.at, turn.value, text_of(turn.value))
        for turn, former in zip(turns, before, strict=False)
        if turn.value is None or turn.value != former
    ]


def offer_of(offer: LastOffer) -> Offer:
    """Return the offer as the answer has it."""
    standing = "made" if offer.accepted_at is None else "accepted"
    state = standing if offer.ending is None else STATES[offer.ending]
    return Offer(state, offer.requisition, offer.opening, offer.accepted_at)

"""One job or one application, opened for reading: how it stands after everything that was done and undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from adapters.web.framework.etag import etag
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.shapes import shown_to
from adapters.web.framework.who import Who
from adapters.web.services import Services
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

    `withheld`: so is all that is personal, as the reader's role may not read people.
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
    """The application entered a stage at a time; with `stage` null it came to another job then. `stage_text`: the text
    that the code was made of."""

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
    """How an opening began, since when it stands as it does, and when it was last opened, by the dates told."""

    opened_at: datetime
    since: datetime
    outside_id: Personal[str | None]
    freed: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A requisition as the rules know it, and what only readers want to know."""

    requisition: Requisition
    entry: RequisitionOpened | None = None
    opened_at: datetime | None = None
    seats: Mapping[UUID, Seat] = field(default_factory=dict)


def evolve_job(job: Job, recorded: Recorded[Event]) -> Job:
    """The job after one more event."""
    former = job.requisition.openings
    job = replace(job, requisition=REQUISITION.evolve(job.requisition, recorded))
    match recorded.event:
        case RequisitionOpened() as event if job.entry is None:
            return replace(job, entry=event, opened_at=recorded.at)
        case OpeningOpened(opening=opening) as event if opening not in former:
            seat = Seat(recorded.at, recorded.at, event.outside_id, recorded.at)
            return replace(job, seats={**job.seats, opening: seat})
        case OpeningReopened(opening=opening) if opening in job.seats:
            seat = replace(job.seats[opening], freed=max(job.seats[opening].freed, recorded.at))
            return turned(replace(job, seats={**job.seats, opening: seat}), former, recorded.at)
        case _:
            return turned(job, former, recorded.at)


def turned(job: Job, former: Mapping[UUID, type[Event] | None], at: datetime) -> Job:
    """The job with the seats that an event turned; a seat is open since it was last opened, however late we know."""
    now = job.requisition.openings
    changed = {
        opening: replace(seat, since=seat.freed if now[opening] is None else at)
        for opening, seat in job.seats.items()
        if former[opening] is not now[opening]
    }
    return replace(job, seats={**job.seats, **changed})


@dataclass(frozen=True, slots=True)
class Way:
    """An application as the rules know it, and what only readers want to know."""

    application: Application
    source: str = "unknown"
    began_at: datetime | None = None
    referred: ApplicationReferred | None = None


def evolve_way(way: Way, recorded: Recorded[Event]) -> Way:
    """The application after one more event; the submission of a prospect says anew where it came from."""
    way = replace(way, application=APPLICATION.evolve(way.application, recorded))
    match recorded.event:
        case ProspectAdded() | ApplicationSubmitted() as event:
            began_at = recorded.at if way.began_at is None else min(way.began_at, recorded.at)
            return replace(way, source=event.source, began_at=began_at)
        case ApplicationReferred() as event if way.referred is None:
            return replace(way, referred=event)
        case _:
            return way


JOB = Aggregate("job", lambda requisition: Job(Requisition(requisition)), evolve_job)
WAY = Aggregate("way", lambda application: Way(Application(application)), evolve_way)
DESCRIBED: tuple[type[Event], ...] = (
    *(TargetDateSet, HiringManagerAssigned, RecruiterAssigned, RequisitionRenamed, RequisitionDateCorrected),
)
OF_JOB: frozenset[type[Event]] = frozenset((RequisitionOpened, *DESCRIBED, *OPENINGS, *HOLDS, *CLOSINGS))
OF_WAY: frozenset[type[Event]] = frozenset((*STANDING, *STAGES, *OFFERS, ApplicationReferred))
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


@dataclass(frozen=True, slots=True)
class JobEndpoints:
    """The endpoints about one requisition and about one application."""

    services: Services

    def requisition(self, requisition: UUID, who: Who) -> Answered[RequisitionPage]:
        """How a requisition stands, with its openings; the ETag is the version of its stream."""
        loaded = self.services.log.load(JOB, requisition, OF_JOB)
        page = shown_to(who, page_of_job(requisition, loaded.state, loaded.version))
        return answered(page, headers={"ETag": etag(loaded.version)})

    def application(self, application: UUID, who: Who) -> Answered[ApplicationPage]:
        """How an application stands, and the way it came; the ETag is the version of its stream."""
        loaded = self.services.log.load(WAY, application, OF_WAY)
        page = shown_to(who, page_of_application(application, loaded.state, loaded.version))
        named = (page.candidate, page.referrer)
        self.services.readings.viewed(who, "application", [person for person in named if person is not None])
        return answered(page, headers={"ETag": etag(loaded.version)})


def page_of_job(requisition: UUID, job: Job, version: int) -> RequisitionPage:
    """Raises RequisitionDoesNotExist."""
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
    """The openings in the order in which they were opened."""
    found = [opening_of(job.requisition, opening, seat) for opening, seat in job.seats.items()]
    return sorted(found, key=lambda opening: (opening.opened_at, opening.opening))


def opening_of(requisition: Requisition, opening: UUID, seat: Seat) -> Opening:
    """The opening as it stands: one without an end is given up while its job is closed, and then open again."""
    ending, since = requisition.openings[opening], seat.since
    if ending is None:
        with_job = requisition.closed_since or requisition.reopened_at or since
        ending, since = OpeningCancelled if requisition.closed_since else None, max(since, with_job)
    return Opening(
        opening=opening,
        state=STATES[ending],
        since=since,
        opened_at=seat.opened_at,
        application=requisition.taken_by.get(opening),
        outside_id=seat.outside_id,
    )


def page_of_application(stream: UUID, way: Way, version: int) -> ApplicationPage:
    """Raises ApplicationDoesNotExist."""
    application, referred = way.application, way.referred
    if application.candidate is None or way.began_at is None:
        raise ApplicationDoesNotExist(application=stream)
    beginning = "submitted" if application.submitted else "prospect"
    return ApplicationPage(
        application=stream,
        candidate=application.candidate,
        requisition=application.requisition,
        source=way.source,
        source_text=text_of(way.source),
        state=beginning if application.ending is None else STATES[application.ending],
        began_at=way.began_at,
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
    """The stages that it entered, and the transfers; how it began is told apart. To be said to stand where it stands
    is no visit, in whatever order that was told."""
    came = {turn.at for turn in application.left.turns}
    turns = [turn for turn in application.stages.turns if turn.value is not None or turn.at in came]
    before = [None, *(turn.value for turn in turns)]
    return [
        Visit(turn.at, turn.value, text_of(turn.value))
        for turn, former in zip(turns, before, strict=False)
        if turn.value is None or turn.value != former
    ]


def offer_of(offer: LastOffer) -> Offer:
    standing = "made" if offer.accepted_at is None else "accepted"
    state = standing if offer.ending is None else STATES[offer.ending]
    return Offer(state, offer.requisition, offer.opening, offer.accepted_at)

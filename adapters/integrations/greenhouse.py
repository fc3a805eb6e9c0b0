"""Greenhouse tells us what happened to candidates and jobs there; whatever a delivery mentions, we come to know."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.integrations.inbound import Integration, PartIsMissing, Told, Understood, written_action
from adapters.integrations.outside import Outside, code_of
from commands.accept_offer import AcceptOffer
from commands.add_prospect import AddProspect
from commands.enter_stage import EnterStage
from commands.hire_candidate import HireCandidate
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.reject_application import RejectApplication
from commands.source_candidate import SourceCandidate
from commands.submit_application import SubmitApplication
from commands.verb import Command
from domain import application, candidate, requisition
from domain.application import APPLICATION, Application, ApplicationRejected, CandidateHired
from domain.candidate import CANDIDATE
from domain.event import Aggregate, Event
from domain.requisition import REQUISITION, Requisition, RequisitionOpened

SOURCE = "greenhouse"
SCHEME = "sha256 "
REQUISITION_READS: tuple[type[Event], ...] = (RequisitionOpened, *requisition.OPENINGS)
APPLICATION_READS: tuple[type[Event], ...] = (*application.BEGINNINGS, *application.ENDINGS)

NOT_USED_YET = frozenset({
    "application_updated", "candidate_anonymized", "delete_application", "delete_candidate", "department_deleted",
    "interview_deleted", "job_approved", "job_deleted", "job_interview_stage_deleted", "job_post_created",
    "job_post_deleted", "job_post_updated", "job_updated", "merge_candidate", "offer_approved", "offer_created",
    "offer_deleted", "offer_updated", "office_deleted", "scorecard_deleted", "unhire_candidate", "unreject_candidate",
    "update_candidate",
})  # fmt: skip
"""What Greenhouse may also say; it is kept until somebody needs it."""

Commands = Iterator[Command]


def is_signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether `Signature: sha256 <hex>` is the HMAC-SHA256 of the raw body under the secret; in constant time."""
    given = headers.get("signature", "")
    expected = SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given.strip().lower().encode(), expected.encode())


def delivery_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("greenhouse-event-id", "").strip() or None


@dataclass(frozen=True, slots=True)
class When:
    """A time and how we know it, as a command takes them."""

    at: datetime | None
    how: str

    def fields(self) -> dict[str, Any]:
        return {"occurred_at": self.at, "occurred_how": self.how}


NOT_TOLD = When(None, "unknown")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what one delivery says, and gives everything in it the stream that it has for ever."""

    told: Told

    def when(self, part: Outside, *names: str, within: str = "") -> When:
        """The first of these times that is given, at most now: its derivation names it, like 'derived.applied_at'."""
        for name in names:
            at = part.moment(name, self.told.zone)
            if at is not None:
                return When(min(at, self.told.now), f"derived.{within}{name}")
        return NOT_TOLD

    def stream(self, kind: str, part: Outside) -> UUID:
        return self.told.stream(kind, required_id(kind, part))

    def state(self, aggregate: Aggregate[Any], stream: UUID, reads: Sequence[type[Event]]) -> Any:
        return self.told.log.load(aggregate, stream, frozenset(reads)).state

    # --- what a delivery mentions comes to be known

    def candidate(self, body: Outside, job: Outside | None, moment: When) -> Commands:
        """Sources the person, unless we know them."""
        person = body.part("candidate")
        stream = self.stream("candidate", person)
        if self.state(CANDIDATE, stream, candidate.ENTRIES).exists:
            return
        known = [self.when(person, "created_at", within="candidate."), self.when(body, "applied_at"), moment]
        names = [person.text("first_name"), person.text("last_name")]
        yield SourceCandidate(
            candidate=stream,
            source=source_of(body),
            role=UNKNOWN_JOB.role if job is None else seat_of(job).role,
            location=UNKNOWN_JOB.location if job is None else seat_of(job).location,
            outside_source=SOURCE,
            outside_id=required_id("candidate", person),
            name=" ".join(name for name in names if name) or None,
            emails=texts(person, "email_addresses"),
            phones=texts(person, "phone_numbers"),
            now=self.told.now,
            **earliest(known).fields(),
        )

    def requisition(self, job: Outside, moment: When) -> Commands:
        """Opens the requisition and those of its openings that the delivery names, unless we know them."""
        stream = self.stream("requisition", job)
        known: Requisition = self.state(REQUISITION, stream, REQUISITION_READS)
        opened = self.opened(job, moment)
        if not known.exists:
            yield OpenRequisition(
                requisition=stream,
                role=seat_of(job).role,
                location=seat_of(job).location,
                source=SOURCE,
                outside_source=SOURCE,
                outside_id=required_id("requisition", job),
                title=job.text("name"),
                now=self.told.now,
                **opened.fields(),
            )
        for seat in self.unknown_seats(known, job):
            yield self.open(stream, job, seat, opened)

    def opened(self, job: Outside, moment: When) -> When:
        """When the job was opened; where nothing says so, no later than what we are told of it."""
        named = self.when(job, "opened_at", "open_date", "created_at", within="job.")
        return moment if named is NOT_TOLD else named

    def open(self, stream: UUID, job: Outside, seat: Outside, opened: When) -> OpenOpening:
        named = self.openings_of(job, seat)
        own = self.when(seat, "opened_at", "open_date", within="opening.")
        when = opened if own is NOT_TOLD else own
        outside_id = seat.text("opening_id") or seat.text("id")
        return OpenOpening(
            requisition=stream, opening=named[0], outside_id=outside_id, now=self.told.now, **when.fields()
        )

    def openings_of(self, job: Outside, seat: Outside) -> list[UUID]:
        """The ids that this seat may have with us: by its visible number, by its hidden one."""
        job_id = required_id("requisition", job)
        numbers = [("opening", seat.text("opening_id")), ("opening-id", seat.text("id"))]
        return [self.told.stream(kind, f"{job_id}/{number}") for kind, number in numbers if number is not None]

    def unknown_seats(self, known: Requisition, job: Outside) -> list[Outside]:
        """The numbered seats in the delivery that are no openings of the requisition yet, each once."""
        seats = {ids[0]: (ids, seat) for seat in job.parts("openings") if (ids := self.openings_of(job, seat))}
        return [seat for ids, seat in seats.values() if known.openings.keys().isdisjoint(ids)]

    def application(self, body: Outside, job: Outside | None, moment: When) -> Commands:
        """Submits the application, or adds the prospect, unless we know them; with everything they stand on."""
        yield from self.candidate(body, job, moment)
        if job is not None:
            yield from self.requisition(job, moment)
        stream = self.stream("application", body)
        known: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        applied = earliest([self.when(body, "applied_at"), moment])
        if body.is_true("prospect") or job is None:
            if not known.exists:
                yield AddProspect(requisition=self.job_of(job), **self.begun(stream, body, applied))
        elif not known.submitted and known.ending is None:
            yield SubmitApplication(requisition=self.stream("requisition", job), **self.begun(stream, body, applied))

    def job_of(self, job: Outside | None) -> UUID | None:
        return None if job is None else self.stream("requisition", job)

    def begun(self, stream: UUID, body: Outside, applied: When) -> dict[str, Any]:
        return {
            "application": stream,
            "candidate": self.stream("candidate", body.part("candidate")),
            "source": source_of(body),
            "outside_source": SOURCE,
            "outside_id": required_id("application", body),
            "now": self.told.now,
            **applied.fields(),
        }

    def stage(self, body: Outside, entered: When) -> Commands:
        """Enters the current stage, where the delivery names one."""
        stage = body.part("current_stage")
        if stage.text("name") or stage.text("id"):
            yield EnterStage(
                application=self.stream("application", body),
                stage=code_of(stage.text("name"), numbered("stage", stage)),
                now=self.told.now,
                **entered.fields(),
            )

    # --- what each action says

    def applied(self, body: Outside) -> Commands:
        when = self.when(body, "applied_at", "last_activity_at")
        yield from self.application(body, only_job(body), when)
        yield from self.stage(body, when)

    def moved(self, body: Outside) -> Commands:
        when = self.when(body, "last_activity_at")
        yield from self.application(body, only_job(body), when)
        yield from self.stage(body, when)

    def rejected(self, body: Outside) -> Commands:
        when = self.when(body, "rejected_at", "last_activity_at")
        yield from self.application(body, only_job(body), when)
        stream = self.stream("application", body)
        if self.state(APPLICATION, stream, APPLICATION_READS).ending is not ApplicationRejected:
            reason = body.part("rejection_reason")
            yield RejectApplication(
                application=stream,
                reason=code_of(reason.text("name"), numbered("reason", reason)),
                note=body.text("rejection_details") or body.part("rejection_details").text("name"),
                now=self.told.now,
                **when.fields(),
            )

    def hired(self, body: Outside) -> Commands:
        """The offer was accepted and the candidate hired: into the opening that is named, or into the only one open."""
        job = only_job(body)
        accepted = self.when(body.part("offer"), "resolved_at", within="offer.")
        when = self.hired_when(body, job, accepted)
        stream = self.stream("application", body)
        if self.state(APPLICATION, stream, APPLICATION_READS).ending is CandidateHired:
            return
        submitted = Outside(body.found | {"prospect": False})
        yield from self.application(submitted, job, when)
        if job is None:
            yield HireCandidate(application=stream, now=self.told.now, **when.fields())
            return
        opening, to_open = self.seat_filled(body, job, when)
        yield from to_open
        requisition = self.stream("requisition", job)
        named: dict[str, Any] = {"application": stream, "requisition": requisition, "opening": opening}
        if opening is not None and accepted is not NOT_TOLD:
            yield AcceptOffer(**named, now=self.told.now, **accepted.fields())
        yield HireCandidate(**named, now=self.told.now, **when.fields())

    def hired_when(self, body: Outside, job: Outside | None, accepted: When) -> When:
        """When the hire was: when the offer was accepted, else when the seat or the job was closed."""
        known = [
            accepted,
            self.when(body.part("opening"), "closed_at", within="opening."),
            NOT_TOLD if job is None else self.when(job, "closed_at", "close_date", within="job."),
            self.when(body, "last_activity_at"),
        ]
        return next((when for when in known if when is not NOT_TOLD), NOT_TOLD)

    def seat_filled(self, body: Outside, job: Outside, when: When) -> tuple[UUID | None, list[Command]]:
        """The opening that the hire takes (None: none can be told, or it was taken before), opened first if unknown."""
        stream = self.stream("requisition", job)
        known: Requisition = self.state(REQUISITION, stream, REQUISITION_READS)
        opened_here = [self.openings_of(job, seat)[0] for seat in self.unknown_seats(known, job)]
        free = {*opened_here, *(opening for opening, ended in known.openings.items() if ended is None)}
        ids = self.openings_of(job, body.part("opening"))
        if not ids:
            return (free.pop() if len(free) == 1 else None), []
        taken = next((opening for opening in ids if opening in free or opening in known.openings), None)
        if taken is not None:
            return (taken if taken in free else None), []
        return ids[0], [self.open(stream, job, body.part("opening"), self.opened(job, when))]

    def job_opened(self, job: Outside) -> Commands:
        yield from self.requisition(job, self.when(job, "created_at", within="job."))


@dataclass(frozen=True, slots=True)
class Seat:
    """The segments of a job."""

    role: str
    location: str


UNKNOWN_JOB = Seat("unknown", "unknown")


def seat_of(job: Outside) -> Seat:
    office = next(iter(job.parts("offices")), Outside({}))
    return Seat(
        role=code_of(job.text("name"), numbered("job", job)),
        location=code_of(office.text("name"), numbered("office", office)),
    )


def source_of(body: Outside) -> str:
    source = body.part("source")
    return code_of(source.text("name") or source.text("public_name"), numbered("source", source))


def numbered(kind: str, part: Outside) -> str | None:
    """A code for something whose name gives none: 'office-17'."""
    number = part.text("id")
    return None if number is None else code_of(f"{kind}-{number}")


def required_id(kind: str, part: Outside) -> str:
    """The vendor's id; raises PartIsMissing."""
    found = part.text("id")
    if found is None:
        raise PartIsMissing(f"{kind}-id-is-missing")
    return found


def texts(person: Outside, name: str) -> tuple[str, ...]:
    values = (part.text("value") for part in person.parts(name))
    return tuple(value for value in values if value is not None)


def only_job(body: Outside) -> Outside | None:
    """The job of an application; None for a prospect for none or several."""
    jobs = body.parts("jobs") or [body.part("job")]
    jobs = [job for job in jobs if job.text("id") is not None]
    return jobs[0] if len(jobs) == 1 or (jobs and not body.is_true("prospect")) else None


def earliest(known: Sequence[When]) -> When:
    """The earliest of the times that are told."""
    told = [(when.at, when) for when in known if when.at is not None]
    return min(told, key=lambda one: one[0])[1] if told else NOT_TOLD


Action = Callable[[Reader, Outside], Commands]
OF_APPLICATIONS: Mapping[str, Action] = {
    "new_candidate_application": Reader.applied,
    "new_prospect_application": Reader.applied,
    "candidate_stage_change": Reader.moved,
    "reject_candidate": Reader.rejected,
    "hire_candidate": Reader.hired,
}
OF_JOBS: Mapping[str, Action] = {
    "job_created": Reader.job_opened,
}


def read(found: Outside, told: Told) -> Understood:
    """What a delivery means. Raises PartIsMissing."""
    action, payload, reader = written_action(found), found.part("payload"), Reader(told)
    body, job = payload.part("application"), payload.part("job")
    if action in OF_APPLICATIONS:
        required_id("application", body)
        person = reader.stream("candidate", body.part("candidate"))
        return Understood(action, person, lambda: list(OF_APPLICATIONS[action](reader, body)))
    if action in OF_JOBS:
        stream = reader.stream("requisition", job)
        if job.text("status") == "draft":
            return Understood(action, stream, reason="job-is-a-draft")
        return Understood(action, stream, lambda: list(OF_JOBS[action](reader, job)))
    return Understood(action, about(payload, reader), reason=why_not_used(action))


def why_not_used(action: str) -> str:
    if action == "ping":
        return "ping"
    return "not-used-yet" if action in NOT_USED_YET else "unknown-action"


def about(payload: Outside, reader: Reader) -> UUID | None:
    """Whom a delivery is about that we do not use: the person in it, if there is one."""
    people = (payload.part("application", "candidate"), payload.part("candidate"), payload.part("person"))
    found = next((person.text("id") for person in people if person.text("id")), None)
    return None if found is None else reader.told.stream("candidate", found)


INTEGRATION = Integration(SOURCE, "body-signed", is_signed, delivery_id, read)

"""Greenhouse delivers what happened to candidates and jobs there; whatever a delivery mentions is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.intake.code_spelling import code_of, spellings_of
from adapters.intake.integrations.facts import UNDATED, Facts, Person, When
from adapters.intake.integrations.inbound import (
    Assurance,
    CauseIsMissing,
    DeliveryContext,
    Headers,
    Integration,
    PartIsMissing,
    Secrets,
    Understood,
    written_action,
)
from adapters.intake.integrations.outside import Outside
from adapters.intake.integrations.restating import (
    HIRING_MANAGER,
    OPENED,
    RECRUITER,
    STAGE,
    STATUS,
    TITLE,
    StatementKeys,
    opened_of,
    statement_key,
)
from adapters.intake.integrations.signatures import is_signed_by_one
from adapters.intake.integrations.turns import TURNS, Turns
from adapters.postgres.tables.deliveries import SubjectDelivery
from commands.accept_offer import AcceptOffer
from commands.add_prospect import AddProspect
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.attached import Statement
from commands.close_requisition import CloseRequisition
from commands.correct_opening_date import CorrectOpeningDate
from commands.decline_offer import DeclineOffer
from commands.enter_stage import EnterStage
from commands.follow_outside_offer import FollowOutsideOffer
from commands.hire_candidate import HireCandidate
from commands.make_offer import MakeOffer
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.reject_application import RejectApplication
from commands.rename_requisition import RenameRequisition
from commands.reopen_opening import ReopenOpening
from commands.reopen_requisition import ReopenRequisition
from commands.rescind_offer import RescindOffer
from commands.submit_application import SubmitApplication
from commands.take_back_decline import TakeBackDecline
from commands.unhire_candidate import UnhireCandidate
from commands.unreject_application import UnrejectApplication
from commands.verb import LONGEST_LIST, MOST_FACTS, Command
from domain import application, candidate, requisition
from domain.application import APPLICATION, Application, ApplicationRejected, CandidateHired
from domain.erasure_proposal import ANONYMISE, DELETE
from domain.errors import Refused
from domain.event import Aggregate, Event, Recorded
from domain.outside_offer import ACCEPTED, DECLINED, MADE, OUTSIDE_OFFER, RESCINDED, OutsideOffer, OutsideOfferFollowed
from domain.requisition import (
    REQUISITION,
    OpeningCancelled,
    OpeningFilled,
    OpeningReopened,
    Requisition,
    RequisitionDateCorrected,
    RequisitionOpened,
)

SOURCE = "greenhouse"
SCHEME = "sha256 "
SIGNS = {
    "Signature": "`sha256 ` and the HMAC-SHA256 of the raw body, in hex",
    "Greenhouse-Event-ID": "the delivery's own id",
}
REQUISITION_READS: tuple[type[Event], ...] = (RequisitionOpened, RequisitionDateCorrected, *requisition.OPENINGS)
APPLICATION_READS: tuple[type[Event], ...] = (
    *application.STANDING,
    *application.STAGES,
    *application.OFFERS,
)
JOB_CLOSED = "job-closed"
"""Why releases before `requisition-closed.v1` gave an opening up."""
WITH_JOB = "derived.job.opened_at"
"""How the date of an opening is derived that has none of its own."""
ANONYMISED_NAME = "Anonymized"
"""The first name of everyone whose name was anonymised there; the id is then the last name."""
CREATED, ACCEPTED_THERE, REJECTED = "Created", "Accepted", "Rejected"
TAKEN = {"offer_status": ACCEPTED_THERE}
"""The statuses of an offer in Greenhouse, and the one that a hire implies."""

KEPT: Mapping[str, str] = {
    "ping": "ping",
    "delete_application": "history-is-not-deleted",
    "job_deleted": "history-is-not-deleted",
    "department_deleted": "not-part-of-a-history",
    "office_deleted": "not-part-of-a-history",
    "interview_deleted": "not-part-of-a-history",
    "scorecard_deleted": "not-part-of-a-history",
    "job_interview_stage_deleted": "not-part-of-a-history",
    "job_post_created": "not-part-of-a-history",
    "job_post_updated": "not-part-of-a-history",
    "job_post_deleted": "not-part-of-a-history",
}
"""Actions that are kept and not used, and why."""

ITS_TIME = (
    *("last_activity_at", "updated_at", "rejected_at", "resolved_at", "closed_at", "hired_at"),
    *("applied_at", "sent_on", "opened_at", "created_at"),
)
"""The fields that say when something was so; the first that is given counts."""
MAY_PASS: tuple[type[Refused], ...] = (
    *(application.ApplicationHasEnded, application.ApplicationDoesNotExist, application.ApplicationIsNotRejected),
    *(application.CandidateIsNotHired, application.OfferIsNotOut, application.OfferIsOut, application.OfferWasAccepted),
    *(candidate.CandidateDoesNotExist, requisition.RequisitionDoesNotExist),
)
"""What is refused until an earlier delivery arrives."""

Commands = Iterator[Command]


def verify(headers: Headers, body: bytes, secrets: Secrets) -> bool:
    """Return whether `Signature: sha256 <hex>` is the HMAC-SHA256 of the raw body under one of the secrets."""
    scheme, signature = headers.get("signature", "").strip()[: len(SCHEME)], headers.get("signature", "").strip()
    return scheme.lower() == SCHEME and is_signed_by_one([signature[len(SCHEME) :]], body, secrets)


def identify(headers: Headers, _: bytes) -> str | None:
    return headers.get("greenhouse-event-id", "").strip() or None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one delivery, and gives everything in it the stream that it has for ever."""

    delivery: DeliveryContext

    def when(self, part: Outside, *names: str, within: str = "") -> When:
        """Return the first of these times that is given, at most now. The derivation names it: 'derived.applied_at'."""
        for name in names:
            at = part.moment(name, self.delivery.zone)
            if at is not None:
                return When(min(at, self.delivery.now), f"derived.{within}{name}")
        return UNDATED

    def time_of(self, part: Outside) -> datetime | None:
        """Return the time of a body: the first field that says when something of it was so."""
        times = [part.moment(name, self.delivery.zone) for name in ITS_TIME]
        given = next((at for at in times if at is not None), None)
        return None if given is None else min(given, self.delivery.now)

    def stream(self, kind: str, part: Outside) -> UUID:
        return self.delivery.stream(kind, required_id(kind, part))

    @property
    def facts(self) -> Facts:
        """The facts that all vendors deliver."""
        return Facts(SOURCE, self.delivery)

    def state(self, aggregate: Aggregate[Any], stream: UUID, reads: Sequence[type[Event]]) -> Any:
        return self.facts.state(aggregate, stream, reads)

    # --- what a delivery mentions is recorded

    def candidate(self, body: Outside, job: Outside | None, moment: When) -> Commands:
        """Source the person, unless they are known."""
        person = body.part("candidate")
        times = [self.when(person, "created_at", within="candidate."), self.when(body, "applied_at"), moment]
        yield from self.sourced(person, body, job, times)

    def sourced(self, person: Outside, body: Outside, job: Outside | None, times: Sequence[When]) -> Commands:
        """Source the person with all that the delivery says of them, unless they are known."""
        seat = UNKNOWN_JOB if job is None else seat_of(job)
        yield from self.facts.sourced(self.person(person, body, times), source_of(body), seat.role, seat.location)

    def person(self, person: Outside, body: Outside, times: Sequence[When] = ()) -> Person:
        """Return what the delivery says of the person. `times`: those that say when they came."""
        stated = {fact: tuple(filter(None, values(person))) for fact, values in ABOUT_A_PERSON.items()}
        return Person(required_id("candidate", person), earliest(times), self.said_of(person, body), stated)

    def said_of(self, person: Outside, body: Outside) -> When:
        """Return the time as of which the delivery describes the person."""
        own = self.when(person, "updated_at", "last_activity", within="candidate.")
        return self.when(body, "last_activity_at", "applied_at") if own is UNDATED else own

    def requisition(self, job: Outside, moment: When) -> Commands:
        """Open the requisition and those of its openings that the delivery names, unless they are known."""
        stream = self.stream("requisition", job)
        state: Requisition = self.state(REQUISITION, stream, REQUISITION_READS)
        opened = self.opened(job, moment)
        if not state.exists:
            yield OpenRequisition(
                requisition=stream,
                role=seat_of(job).role,
                location=seat_of(job).location,
                source=SOURCE,
                outside_source=SOURCE,
                outside_id=required_id("requisition", job),
                title=job.text("name"),
                now=self.delivery.now,
                **opened.fields(),
            )
        for seat in self.unknown_seats(state, job):
            yield self.open(state, job, seat, opened)

    def opened(self, job: Outside, moment: When) -> When:
        """Return when the job was opened; where nothing says so, no later than the delivery."""
        named = self.when(job, "opened_at", "open_date", "created_at", within="job.")
        return moment if named is UNDATED else named

    def open(self, state: Requisition, job: Outside, seat: Outside, opened: When) -> OpenOpening:
        """Open an opening: where nothing says when, it was opened with its job, as far as that is known."""
        named, own = self.openings_of(job, seat), self.seat_opened(seat)
        with_job = When(state.opened.last or opened.at or self.delivery.now, WITH_JOB)
        when = with_job if own is UNDATED else own
        outside_id = seat.text("opening_id") or seat.text("id")
        return OpenOpening(
            requisition=state.id, opening=named[0], outside_id=outside_id, now=self.delivery.now, **when.fields()
        )

    def seat_opened(self, seat: Outside) -> When:
        return self.when(seat, "opened_at", "open_date", within="opening.")

    def seats_dated(self, job: Outside, seats: Sequence[Outside], as_of: When) -> Iterator[CorrectOpeningDate]:
        """Yield the opening dates of the openings that have a date of their own."""
        dated = [seat for seat in seats if self.seat_opened(seat).at is not None]
        stream = self.stream("requisition", job)
        state: Requisition = self.state(REQUISITION, stream, REQUISITION_READS) if dated else Requisition(stream)
        for seat in dated:
            ids, opened_at = self.openings_of(job, seat), self.seat_opened(seat).at
            if ids and opened_at is not None:
                opening = next((opening_id for opening_id in ids if opening_id in state.openings), ids[0])
                named: dict[str, Any] = {"requisition": stream, "opening": opening, "now": self.delivery.now}
                yield CorrectOpeningDate(opened_at=opened_at, **named, **as_of.fields())

    def seats_stated(self, job: Outside, seats: Sequence[Outside], as_of: When) -> Iterator[Statement]:
        if as_of.at is not None:
            for dated in self.seats_dated(job, seats, as_of):
                yield Statement(dated.requisition, opened_of(dated.opening), as_of.at)

    def openings_of(self, job: Outside, seat: Outside) -> list[UUID]:
        """Return the ids that this seat may have here: by its visible number, by its hidden one."""
        job_id = required_id("requisition", job)
        numbers = [("opening", seat.text("opening_id")), ("opening-id", seat.text("id"))]
        return [self.delivery.stream(kind, f"{job_id}/{number}") for kind, number in numbers if number is not None]

    def unknown_seats(self, state: Requisition, job: Outside) -> list[Outside]:
        """Return the numbered seats in the delivery that are no openings of the requisition yet, each once."""
        seats = {ids[0]: (ids, seat) for seat in job.parts("openings") if (ids := self.openings_of(job, seat))}
        return [seat for ids, seat in seats.values() if state.openings.keys().isdisjoint(ids)]

    def application(self, body: Outside, job: Outside | None, moment: When) -> Commands:
        """Submit the application, or add the prospect, unless it is known; with everything that it stands on."""
        yield from self.candidate(body, job, moment)
        if job is not None:
            yield from self.requisition(job, moment)
        stream = self.stream("application", body)
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        applied = earliest([self.when(body, "applied_at"), moment])
        if body.is_true("prospect") or job is None:
            if state.may_have_been_prospect(applied.at or self.delivery.now):
                begun = self.begun(stream, body, applied)
                yield AddProspect(requisition=self.job_of(job), in_any_order=state.exists, **begun)
        elif state.may_be_submitted(applied.at or self.delivery.now):
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
            "now": self.delivery.now,
            **applied.fields(),
        }

    def stage(self, body: Outside, entered: When) -> Commands:
        """Enter the current stage, where the delivery names one."""
        stage = stage_named(body)
        if stage is None:
            return
        stream = self.stream("application", body)
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        if entered.at is None or state.stage_at(entered.at) not in spellings_of(*stage):
            passed = self.is_passed(stream, self.time_of(body))
            yield self.enter(body, code_of(*stage), entered, in_any_order=passed)

    def enter(self, body: Outside, stage: str, entered: When, *, in_any_order: bool) -> EnterStage:
        return EnterStage(
            application=self.stream("application", body),
            stage=stage,
            in_any_order=in_any_order,
            now=self.delivery.now,
            **entered.fields(),
        )

    def is_passed(self, application: UUID, moment: datetime | None) -> bool:
        """Return whether a later end or reversal is known: then the delivery describes the past, whatever its date."""
        return moment is not None and any(turn.told_at > moment for turn in self.delivery.others(application, TURNS))

    # --- the values that a delivery states and that replace one another, to be stated again after a late delivery

    def application_statements(self, action: str, body: Outside) -> Iterator[Statement]:
        yield from self.facts.person_statements(self.person(body.part("candidate"), body))
        entered = self.when(body, *STAGED.get(action, ()))
        if entered.at is not None and stage_named(body) is not None:
            yield Statement(self.stream("application", body), STAGE, entered.at)
        if (seat := self.seat_of_hire(action, body)) is not None:
            yield from self.seats_stated(*seat)

    def restate_application(self, action: str, body: Outside, keys: StatementKeys) -> Commands:
        """State the facts and the stage of an application again. No end refuses them, and the stage keeps its code."""
        yield from self.facts.restate_person(self.person(body.part("candidate"), body), keys)
        stream, stage = self.stream("application", body), stage_named(body)
        if (stream, STAGE) in keys and stage is not None:
            entered = self.when(body, *STAGED.get(action, ()))
            state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
            stands = None if entered.at is None else state.stage_at(entered.at)
            code = stands if stands in spellings_of(*stage) else code_of(*stage)
            yield self.enter(body, code, entered, in_any_order=True)
        if (seat := self.seat_of_hire(action, body)) is not None:
            yield from (dated for dated in self.seats_dated(*seat) if statement_key(dated) in keys)

    def seat_of_hire(self, action: str, body: Outside) -> tuple[Outside, Sequence[Outside], When] | None:
        """Return the job and the opening that a hire names, and when it was."""
        job = only_job(body)
        if action != "hire_candidate" or job is None:
            return None
        accepted = self.when(body.part("offer"), "resolved_at", within="offer.")
        return job, [body.part("opening")], self.hired_when(body, job, accepted)

    def job_statements(self, job: Outside, as_of: When) -> Iterator[Statement]:
        team = job.part("hiring_team")
        stated = {
            TITLE: job.text("name"),
            OPENED: job.text("opened_at") or job.text("open_date"),
            HIRING_MANAGER: team.parts("hiring_managers"),
            RECRUITER: team.parts("recruiters"),
        }
        stream, stands = self.stream("requisition", job), self.job_stands(job, as_of)
        if as_of.at is not None:
            yield from (Statement(stream, what, as_of.at) for what in stated if stated[what])
        if stands.occurred_at is not None:
            yield Statement(stream, STATUS, stands.occurred_at)
        yield from self.seats_stated(job, job.parts("openings"), as_of)

    # --- what each action says

    def applied(self, body: Outside) -> Commands:
        when, job = self.when(body, "applied_at", "last_activity_at"), only_job(body)
        yield from self.application(body, job, when)
        state: Application = self.state(APPLICATION, self.stream("application", body), APPLICATION_READS)
        is_new = state.exists and not (state.submitted or body.is_true("prospect") or job is None)
        if is_new and not state.may_be_submitted(when.at or self.delivery.now):
            raise CauseIsMissing("application-has-ended", self.stream("application", body))
        yield from self.stage(body, when)

    def moved(self, body: Outside) -> Commands:
        when = self.when(body, "last_activity_at")
        yield from self.application(body, only_job(body), when)
        yield from self.stage(body, when)

    def rejected(self, body: Outside) -> Commands:
        when = self.when(body, "rejected_at", "last_activity_at")
        yield from self.application(body, only_job(body), when)
        stream = self.stream("application", body)
        turns = self.turns(body, "reject_candidate")
        if turns is None and self.state(APPLICATION, stream, APPLICATION_READS).ending is ApplicationRejected:
            return
        late = turns is not None and turns.comes_late()
        reason = body.part("rejection_reason")
        yield RejectApplication(
            application=stream,
            reason=code_of(reason.text("name"), numbered("reason", reason)),
            note=body.text("rejection_details") or body.part("rejection_details").text("name"),
            in_any_order=late,
            now=self.delivery.now,
            **when.fields(),
        )

    def turns(self, body: Outside, action: str) -> Turns | None:
        """Return the ends of the application in all deliveries, with this one; None where it is the only one."""
        stream, told_at = self.stream("application", body), self.time_of(body)
        others = self.delivery.others(stream, TURNS)
        return Turns(SubjectDelivery(stream, "", action, "now", told_at), others) if told_at and others else None

    def unrejected(self, body: Outside) -> Commands:
        when = self.when(body, "last_activity_at")
        yield from self.application(body, only_job(body), when)
        stream = self.stream("application", body)
        if not self.state(APPLICATION, stream, APPLICATION_READS).of(ApplicationRejected):
            raise CauseIsMissing("application-is-not-rejected", stream)
        turns = self.turns(body, "unreject_candidate")
        if turns is not None:
            turns.require_reversal()
        yield UnrejectApplication(
            application=stream, in_any_order=turns is not None, now=self.delivery.now, **when.fields()
        )
        yield from self.stage(body, when)

    def unhired(self, body: Outside) -> Commands:
        when = self.when(body, "last_activity_at")
        yield from self.application(body, only_job(body), when)
        stream = self.stream("application", body)
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        if state.hire is None:
            raise CauseIsMissing("candidate-is-not-hired", stream)
        turns = self.turns(body, "unhire_candidate")
        if turns is not None:
            turns.require_reversal()
        yield UnhireCandidate(
            application=stream,
            requisition=state.hire.requisition,
            in_any_order=turns is not None,
            now=self.delivery.now,
            **when.fields(),
        )
        yield from self.stage(body, when)

    def updated(self, person: Outside) -> Commands:
        """Learn what the delivery says of a person whom an application brought, with the source and the job."""
        self.facts.require_person(self.stream("candidate", person))
        yield from self.sourced(person, Outside({}), None, [])

    def merged(self, person: Outside) -> Commands:
        """Merge the person into the record that Greenhouse kept, once deliveries of their own brought both."""
        absorbed, kept = self.stream("candidate", person), Outside({"id": person.json.get("new_candidate_id")})
        survivor = self.stream("candidate", kept)
        for record in (absorbed, survivor):
            self.facts.require_person(record)
        yield from self.facts.merged(survivor, absorbed)

    def erasure(self, action: str, payload: Outside) -> Commands:
        """Propose to erase a person who was deleted or anonymised there."""
        fields = anonymised(payload) if OF_ERASURES[action] == ANONYMISE else ()
        yield from self.facts.erasure_proposed(self.person_gone(payload), action, OF_ERASURES[action], fields)

    def person_gone(self, payload: Outside) -> UUID:
        """Return the record of the person that a delivery deletes or anonymises. Raises PartIsMissing."""
        record = about(payload, self)
        if record is None:
            raise PartIsMissing("candidate-id-is-missing")
        return record

    def offered(self, offer: Outside) -> Commands:
        """Follow an offer: it is made when it is sent, and its status says how it ends."""
        stream = self.delivery.stream("application", required(offer, "application_id"))
        yield from self.offer_told(stream, self.job_named(offer), offer)

    def offer_told(self, stream: UUID, requisition: UUID, offer: Outside) -> Commands:
        """Yield what is news of this version of the offer. A version with a time of its own is an offer of its own; one
        with the times of another is the same offer, edited."""
        named = self.offer_named(stream, offer)
        followed: OutsideOffer = self.state(OUTSIDE_OFFER, named, (OutsideOfferFollowed,))
        version, status = version_of(offer, followed), offer.text("offer_status")
        steps = followed.steps(version)
        sent = self.when(offer, "sent_on", "sent_at", within="offer.")
        resolved = self.when(offer, "resolved_at", within="offer.")
        if status == REJECTED and (DECLINED, resolved.at) in followed.dated:
            return
        again = status == ACCEPTED_THERE and followed.was_declined_before(version, resolved.at)
        passed = self.is_passed(stream, self.time_of(offer))
        named_job: dict[str, Any] = {"application": stream, "requisition": requisition, "in_any_order": passed}
        is_made = MADE in steps or sent is UNDATED or (MADE, sent.at) in followed.dated
        if again or not is_made:
            made = resolved if again else earliest([sent, resolved])
            yield MakeOffer(**named_job, anew=True, now=self.delivery.now, **made.fields())
            yield self.follow(named, stream, version, MADE, sent)
        is_accepted = ACCEPTED in steps or (ACCEPTED, resolved.at) in followed.dated
        if status == ACCEPTED_THERE and (again or not is_accepted):
            declined_at = None if again else followed.declined_at.get(version)
            no = None if declined_at is None else When(declined_at, "derived.offer.resolved_at")
            if no is not None:
                yield TakeBackDecline(application=stream, now=self.delivery.now, **no.fields())
            yield AcceptOffer(**named_job, anew=True, now=self.delivery.now, **resolved.fields())
            yield self.follow(named, stream, version, ACCEPTED, resolved)
            if no is not None:
                yield self.rescinded(stream, no)
        if status == REJECTED and not followed.has_ended(version):
            yield self.turned_down(stream, ACCEPTED in steps, resolved)
            yield self.follow(named, stream, version, DECLINED, resolved)

    def turned_down(self, stream: UUID, was_accepted: bool, resolved: When) -> Command:
        """Return the decline of the offer, or the rescission of its acceptance, undated where it precedes all
        acceptances."""
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        if not (was_accepted and state.acceptances):
            return DeclineOffer(application=stream, in_any_order=True, now=self.delivery.now, **resolved.fields())
        first = min(acceptance.at for acceptance in state.acceptances)
        when = UNDATED if resolved.at is not None and resolved.at < first else resolved
        return self.rescinded(stream, when)

    def rescinded(self, stream: UUID, when: When) -> Command:
        """Return the rescission of the acceptance by the candidate; a hire that is known already was later, or on
        another offer."""
        return RescindOffer(
            application=stream, by="candidate", in_any_order=True, now=self.delivery.now, **when.fields()
        )

    def offer_named(self, application: UUID, offer: Outside) -> UUID:
        """Return the stream of the offer: by its number there, else by the day on which it was sent."""
        number = offer.text("id") or offer.text("sent_on") or offer.text("resolved_at")
        return self.delivery.stream("offer", f"{application}/{number}")

    def follow(self, named: UUID, application: UUID, version: int, step: str, when: When) -> FollowOutsideOffer:
        return FollowOutsideOffer(
            offer=named, application=application, version=version, step=step, now=self.delivery.now, **when.fields()
        )

    def offer_deleted(self, offer: Outside) -> Commands:
        """Rescind the offer, unless it has ended or its hire stands."""
        stream = self.delivery.stream("application", required(offer, "application_id"))
        named = self.offer_named(stream, offer)
        followed: OutsideOffer = self.state(OUTSIDE_OFFER, named, (OutsideOfferFollowed,))
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        version = version_of(offer, followed)
        if followed.has_ended(version) or state.ending is CandidateHired:
            return
        yield RescindOffer(application=stream, by="us", reason="deleted-in-greenhouse", now=self.delivery.now)
        yield self.follow(named, stream, version, RESCINDED, UNDATED)

    def job_named(self, part: Outside) -> UUID:
        return self.delivery.stream("requisition", required(part, "job_id"))

    def hired(self, body: Outside) -> Commands:
        """Accept the offer and hire the candidate, into the opening that is named."""
        job = only_job(body)
        accepted = self.when(body.part("offer"), "resolved_at", within="offer.")
        when = self.hired_when(body, job, accepted)
        stream = self.stream("application", body)
        turns = self.turns(body, "hire_candidate")
        if turns is None and self.state(APPLICATION, stream, APPLICATION_READS).ending is CandidateHired:
            return
        late = turns is not None and turns.comes_late()
        submitted = Outside(body.json | {"prospect": False})
        yield from self.application(submitted, job, when)
        if job is None:
            yield HireCandidate(application=stream, in_any_order=late, now=self.delivery.now, **when.fields())
            return
        opening, to_open = self.seat_filled(body, job, when)
        yield from to_open
        yield from self.seats_dated(job, [body.part("opening")], when)
        requisition = self.stream("requisition", job)
        if accepted is not UNDATED:
            yield from self.offer_told(stream, requisition, Outside(body.part("offer").json | TAKEN))
        yield HireCandidate(
            application=stream,
            requisition=requisition,
            opening=opening,
            accepted_at=accepted.at,
            in_any_order=late,
            although_taken=opening is not None,
            now=self.delivery.now,
            **when.fields(),
        )

    def hired_when(self, body: Outside, job: Outside | None, accepted: When) -> When:
        """Return when the hire was: when the offer was accepted, else when the seat or the job was closed."""
        times = [
            accepted,
            self.when(body.part("opening"), "closed_at", within="opening."),
            UNDATED if job is None else self.when(job, "closed_at", "close_date", within="job."),
            self.when(body, "last_activity_at"),
        ]
        return next((when for when in times if when is not UNDATED), UNDATED)

    def seat_filled(self, body: Outside, job: Outside, when: When) -> tuple[UUID | None, list[Command]]:
        """Return the opening that the hire takes, by its body alone (None: it names none), and what opens it if it is
        unknown."""
        seat = self.seat_named(body, job)
        if seat is None:
            return None, []
        state: Requisition = self.state(REQUISITION, self.stream("requisition", job), REQUISITION_READS)
        ids = self.openings_of(job, seat)
        opened_here = {self.openings_of(job, unknown)[0] for unknown in self.unknown_seats(state, job)}
        taken = next((opening for opening in ids if opening in opened_here or opening in state.openings), None)
        if taken is not None:
            return taken, []  # also where another hire holds it: what undid that arrives later, or was before it
        return ids[0], [self.open(state, job, seat, self.opened(job, when))]

    def seat_named(self, body: Outside, job: Outside) -> Outside | None:
        """Return the opening that a hire names, else the only one that its body lists; None: a hire of the job alone.

        Which openings are free would depend on what has arrived.
        """
        if self.openings_of(job, body.part("opening")):
            return body.part("opening")
        listed = {ids[0]: seat for seat in job.parts("openings") if (ids := self.openings_of(job, seat))}
        return next(iter(listed.values())) if len(listed) == 1 else None

    def job_opened(self, job: Outside) -> Commands:
        """Open the job with its openings, unless they are known; else record what is new of it."""
        yield from self.requisition(job, self.when(job, "created_at", within="job."))
        yield from self.job_said(job, self.job_told("job_created", job))

    def job_told(self, action: str, job: Outside) -> When:
        """Return the time as of which a delivery describes the job."""
        if action != "job_updated":
            return self.when(job, "updated_at", "created_at", within="job.")
        otherwise = ("closed_at",) if job.text("status") == "closed" else ()
        return self.when(job, "updated_at", *otherwise, within="job.")

    def job_said(self, job: Outside, as_of: When) -> Commands:
        """Yield the name of the job, its opening date, and who works on it, as Greenhouse numbers them: the first of
        several."""
        fields = {"requisition": self.stream("requisition", job), "now": self.delivery.now, **as_of.fields()}
        name, opened = job.text("name"), self.when(job, "opened_at", "open_date", within="job.")
        if name is not None:
            yield RenameRequisition(title=name, **fields)
        if opened.at is not None:
            yield CorrectOpeningDate(opened_at=opened.at, **fields)
        yield from self.seats_dated(job, job.parts("openings"), as_of)
        team = job.part("hiring_team")
        for role, assign in (("hiring_managers", AssignHiringManager), ("recruiters", AssignRecruiter)):
            named = next((member.text("user_id") for member in team.parts(role)), None)
            if named is not None:
                yield assign(user=f"greenhouse-user-{named}", **fields)

        yield self.job_stands(job, as_of)

    def job_stands(self, job: Outside, as_of: When) -> CloseRequisition | ReopenRequisition:
        """Return that the job was closed, or open, at that time. The body of a closed job says since when."""
        fields: dict[str, Any] = {"requisition": self.stream("requisition", job), "now": self.delivery.now}
        if job.text("status") != "closed":
            return ReopenRequisition(**fields, **as_of.fields())
        closed = self.when(job, "closed_at", within="job.")
        return CloseRequisition(**fields, **(as_of if closed is UNDATED else closed).fields())

    def job_changed(self, job: Outside) -> Commands:
        """Record what is new of the job; only a job that is known can be closed."""
        stream, as_of = self.stream("requisition", job), self.job_told("job_updated", job)
        if job.text("status") == "closed":
            if not self.state(REQUISITION, stream, REQUISITION_READS).exists:
                raise CauseIsMissing("job-is-not-known-yet", stream)
            yield from self.requisition(job, as_of)
            yield from self.job_said(job, as_of)
            return
        yield from self.requisition(job, self.when(job, "created_at", within="job."))
        yield from self.job_said(job, as_of)
        closed: Closed = self.state(CLOSED, stream, REQUISITION_READS)
        for opening in sorted(closed.by(as_of.at or self.delivery.now)):
            yield ReopenOpening(
                requisition=stream, opening=opening, need="same", now=self.delivery.now, **as_of.fields()
            )


@dataclass(frozen=True, slots=True)
class Closed:
    """The openings that releases before `requisition-closed.v1` gave up with their job, and since when, unless they
    were opened again."""

    openings: Mapping[UUID, datetime] = field(default_factory=dict)

    def by(self, moment: datetime) -> list[UUID]:
        """Return the openings that were given up by then."""
        return [opening for opening, since in self.openings.items() if since <= moment]


def evolve_closed(closed: Closed, recorded: Recorded[Event]) -> Closed:
    match recorded.event:
        case OpeningCancelled(opening=opening, reason=reason) if reason == JOB_CLOSED:
            return Closed({**closed.openings, opening: recorded.at})
        case OpeningReopened(opening=opening) | OpeningFilled(opening=opening):
            return Closed({cancelled: since for cancelled, since in closed.openings.items() if cancelled != opening})
        case _:
            return closed


CLOSED = Aggregate("closed-openings", lambda _: Closed(), evolve_closed)


def anonymised(payload: Outside) -> tuple[str, ...]:
    """Return the fields that were anonymised, each once, in order; any unknown one as 'other'."""
    listed = payload.json.get("anonymized_fields")
    named = listed if isinstance(listed, list) else []
    names = {name if isinstance(name, str) and name in ANONYMISED_FIELDS else "other" for name in named}
    return tuple(sorted(names))


def version_of(offer: Outside, followed: OutsideOffer) -> int:
    """Return the version of the offer in the delivery; where it names none, the newest that was followed."""
    version = offer.text("version") or ""
    return int(version) if version.isascii() and version.isdigit() and len(version) <= 9 else max(followed.newest, 1)


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


def stage_named(body: Outside) -> tuple[str | None, str | None] | None:
    """Return the name of the current stage and a code in its place; None where the delivery names none."""
    stage = body.part("current_stage")
    name, otherwise = stage.text("name"), numbered("stage", stage)
    return None if name is None and otherwise is None else (name, otherwise)


def source_of(body: Outside) -> str:
    source = body.part("source")
    return code_of(source.text("name") or source.text("public_name"), numbered("source", source))


def numbered(kind: str, part: Outside) -> str | None:
    """Return a code for something whose name gives none: 'office-17'."""
    number = part.text("id")
    return None if number is None else code_of(f"{kind}-{number}")


def required_id(kind: str, part: Outside) -> str:
    """Return the vendor's id. Raises PartIsMissing."""
    outside_id = part.text("id")
    if outside_id is None:
        raise PartIsMissing(f"{kind}-id-is-missing")
    return outside_id


def required(part: Outside, name: str) -> str:
    """Return a text of the part. Raises PartIsMissing."""
    text = part.text(name)
    if text is None:
        raise PartIsMissing(f"{name.replace('_', '-')}-is-missing")
    return text


def name_of(person: Outside) -> str | None:
    """Return the person's name; None where there is none, also where Greenhouse put its own in its place."""
    names = [person.text("first_name"), person.text("last_name")]
    if names == [ANONYMISED_NAME, person.text("id")]:
        return None
    return " ".join(name for name in names if name) or None


def links(person: Outside) -> tuple[str, ...]:
    return (*texts(person, "website_addresses"), *texts(person, "social_media_addresses"))


def tags(person: Outside) -> list[str]:
    listed = person.json.get("tags")
    named = [Outside({"tag": tag}).text("tag") for tag in listed] if isinstance(listed, list) else []
    return [tag for tag in named if tag is not None]


Values = Mapping[str, Callable[[Outside], Sequence[str | None]]]
"""Facts of a profile, and where a delivery has them."""


ABOUT_A_PERSON: Values = {
    "email": lambda person: texts(person, "email_addresses"),
    "phone": lambda person: texts(person, "phone_numbers"),
    "name": lambda person: [name_of(person)],
    "current-role": lambda person: [person.text("title")],
    "current-employer": lambda person: [person.text("company")],
    "location": lambda person: texts(person, "addresses"),
    "link": links,
    "tag": tags,
}
"""Addresses first: that one was kept out is to be known before the rest of an erased person is refused."""


def texts(person: Outside, name: str) -> tuple[str, ...]:
    values = (part.text("value") for part in person.parts(name))
    return tuple(value for value in values if value is not None)


def only_job(body: Outside) -> Outside | None:
    """Return the job of an application; None for a prospect for none or several."""
    jobs = body.parts("jobs") or [body.part("job")]
    jobs = [job for job in jobs if job.text("id") is not None]
    return jobs[0] if len(jobs) == 1 or (jobs and not body.is_true("prospect")) else None


def earliest(times: Sequence[When]) -> When:
    """Return the earliest of the times, undated where none has a date."""
    dated = [(when.at, when) for when in times if when.at is not None]
    return min(dated, key=lambda pair: pair[0])[1] if dated else UNDATED


Action = Callable[[Reader, Outside], Commands]
OF_APPLICATIONS: Mapping[str, Action] = {
    "new_candidate_application": Reader.applied,
    "new_prospect_application": Reader.applied,
    "application_updated": Reader.moved,
    "candidate_stage_change": Reader.moved,
    "reject_candidate": Reader.rejected,
    "unreject_candidate": Reader.unrejected,
    "hire_candidate": Reader.hired,
    "unhire_candidate": Reader.unhired,
}
AT_ITS_TIME = ("last_activity_at",)
STAGED: Mapping[str, tuple[str, ...]] = {
    "new_candidate_application": ("applied_at", *AT_ITS_TIME),
    "new_prospect_application": ("applied_at", *AT_ITS_TIME),
    **dict.fromkeys(
        ("application_updated", "candidate_stage_change", "unreject_candidate", "unhire_candidate"), AT_ITS_TIME
    ),
}
"""The actions that say in which stage an application is, and from when on."""
OF_PEOPLE: Mapping[str, tuple[str, Action]] = {
    "update_candidate": ("candidate", Reader.updated),
    "merge_candidate": ("person", Reader.merged),
}
OF_ERASURES: Mapping[str, str] = {"candidate_anonymized": ANONYMISE, "delete_candidate": DELETE}
"""What was done with a person there, by action."""
ANONYMISED_FIELDS = frozenset(
    (
        *("activity_items", "addresses", "all_offer_versions", "application_questions", "attachments"),
        *("candidate_photo", "candidate_stage_data", "coordinator", "credited_to", "custom_application_fields"),
        *("custom_candidate_fields", "custom_rejection_question_fields", "current_company", "current_title"),
        *("education", "email_addresses", "employment", "emails", "follow_up_reminders", "full_name", "headline"),
        *("inmails", "innotes", "location", "notes", "offers", "phone_numbers", "prospect_jobs", "prospect_offices"),
        *("prospect_offices_and_departments", "prospect_owner", "prospect_pool_and_stage", "recruiter"),
        *("referral_questions", "rejection_notes", "rejection_reasons", "scorecards_and_interviews"),
        *("social_media_links", "source", "tags", "third_party_integrations", "touchpoints", "websites"),
    )
)
"""What Greenhouse can anonymise of a person. Anything else in its list may be free text, and becomes 'other'."""
OF_OFFERS: Mapping[str, Action] = {
    "offer_created": Reader.offered,
    "offer_approved": Reader.offered,
    "offer_updated": Reader.offered,
    "offer_deleted": Reader.offer_deleted,
}
OF_JOBS: Mapping[str, Action] = {
    "job_created": Reader.job_opened,
    "job_approved": Reader.job_opened,
    "job_updated": Reader.job_changed,
}


def translate(document: Outside, delivery: DeliveryContext) -> Understood:
    """Return what a delivery means. One that lacks a part is about its person all the same, and is erased with them."""
    action, payload, reader = written_action(document), document.part("payload"), Reader(delivery)
    try:
        return meaning(action, payload, reader)
    except PartIsMissing as missing:
        return Understood(action, about(payload, reader), reason=missing.reason)


LISTS: Mapping[str, int] = {
    "email_addresses": LONGEST_LIST,
    "phone_numbers": LONGEST_LIST,
    **dict.fromkeys(("addresses", "website_addresses", "social_media_addresses", "tags", "openings"), MOST_FACTS),
}
"""The lists that a delivery is read for, and how many values of each are taken at most."""


def require_short_lists(*parts: Outside) -> None:
    """Raises PartIsMissing, naming the list, where one has more values than are taken."""
    for part in parts:
        for name, longest in LISTS.items():
            values = part.json.get(name)
            if isinstance(values, list) and len(values) > longest:
                raise PartIsMissing(f"{name.replace('_', '-')}-has-too-many-values")


def meaning(action: str, payload: Outside, reader: Reader) -> Understood:
    """Return what a delivery means. Raises PartIsMissing."""
    of_application = payload.part("application")
    jobs = (payload.part("job"), of_application.part("job"), *of_application.parts("jobs"))
    people = (payload.part("candidate"), payload.part("person"), of_application.part("candidate"))
    require_short_lists(*people, *jobs)
    if action in OF_APPLICATIONS:
        body = payload.part("application")
        required_id("application", body)
        person, subject = reader.stream("candidate", body.part("candidate")), reader.stream("application", body)
        return Understood(
            action,
            person,
            lambda: list(OF_APPLICATIONS[action](reader, body)),
            subject=subject,
            told_at=reader.time_of(body),
            statements=tuple(reader.application_statements(action, body)),
            restate=lambda keys: list(reader.restate_application(action, body, keys)),
        )
    if action in OF_PEOPLE:
        named, say = OF_PEOPLE[action]
        return read_person(action, payload.part(named), say, reader)
    if action in OF_ERASURES:
        person = reader.person_gone(payload)
        return Understood(action, person, lambda: list(reader.erasure(action, payload)), subject=person)
    if action in OF_OFFERS:
        return read_offer(action, payload, reader)
    if action in OF_JOBS:
        return read_job(action, payload.part("job"), reader)
    return Understood(action, about(payload, reader), reason=KEPT.get(action, "unknown-action"))


def read_person(action: str, part: Outside, say: Action, reader: Reader) -> Understood:
    person, updated = reader.stream("candidate", part), action == "update_candidate"
    return Understood(
        action,
        person,
        lambda: list(say(reader, part)),
        subject=person,
        told_at=reader.time_of(part),
        statements=tuple(reader.facts.person_statements(reader.person(part, Outside({})))) if updated else (),
        restate=lambda keys: list(reader.facts.restate_person(reader.person(part, Outside({})), keys)),
    )


def read_offer(action: str, payload: Outside, reader: Reader) -> Understood:
    """Return what a delivery about an offer means. Only the application says whom it is about."""
    offer = payload.part("offer") if payload.part("offer").json else payload
    stream = reader.delivery.stream("application", required(offer, "application_id"))
    state: Application = reader.state(APPLICATION, stream, APPLICATION_READS)
    status, sent = offer.text("offer_status"), offer.text("sent_on") or offer.text("sent_at")
    if action != "offer_deleted" and status not in (CREATED, ACCEPTED_THERE, REJECTED):
        return Understood(action, state.candidate, reason="offer-is-in-no-state-that-counts")
    if action != "offer_deleted" and sent is None and status == CREATED:
        return Understood(action, state.candidate, reason="offer-was-not-sent")

    def plan() -> list[Command]:
        if not state.exists:
            raise CauseIsMissing("application-is-not-known-yet", stream)
        return list(OF_OFFERS[action](reader, offer))

    return Understood(action, state.candidate, plan, subject=stream, told_at=reader.time_of(offer))


def read_job(action: str, job: Outside, reader: Reader) -> Understood:
    stream = reader.stream("requisition", job)
    if job.text("status") == "draft":
        return Understood(action, stream, reason="job-is-a-draft")
    as_of = reader.job_told(action, job)
    return Understood(
        action,
        stream,
        lambda: list(OF_JOBS[action](reader, job)),
        subject=stream,
        told_at=reader.time_of(job),
        statements=tuple(reader.job_statements(job, as_of)),
        restate=lambda keys: [command for command in reader.job_said(job, as_of) if statement_key(command) in keys],
    )


def about(payload: Outside, reader: Reader) -> UUID | None:
    """Return the person in a delivery that is not used, if there is one."""
    people = (payload.part("application", "candidate"), payload.part("candidate"), payload.part("person"))
    ids = [person.text("id") for person in people]
    named = next((outside_id for outside_id in (*ids, payload.text("candidate_id")) if outside_id), None)
    return None if named is None else reader.delivery.stream("candidate", named)


def content(document: Outside) -> object:
    """Return all that Greenhouse says; the id and the time of a delivery are not in it."""
    return [document.json.get("action"), document.json.get("payload")]


GREENHOUSE = Integration(
    name=SOURCE,
    title="Greenhouse",
    assurance=Assurance.BODY_SIGNED,
    verify=verify,
    identify=identify,
    translate=translate,
    signs=SIGNS,
    content=content,
    may_pass=MAY_PASS,
)

"""The facts that outside systems deliver about people, jobs and applications, and the commands that they become.

A vendor's module reads a delivery into these facts. The rules of order stand here once: what is news, which of two
values is newer, which end of an application stands, and which records are one person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from adapters.intake.code_spelling import code_of, spellings_of
from adapters.intake.integrations.inbound import CauseIsMissing, DeliveryContext, Understood
from adapters.intake.integrations.restating import OPENED, STAGE, TITLE, StatementKeys, statement_key
from commands.add_prospect import AddProspect
from commands.addresses import ADDRESSES
from commands.attached import Statement
from commands.complete_segments import CompleteSegments
from commands.correct_opening_date import CorrectOpeningDate
from commands.enter_stage import EnterStage
from commands.hire_candidate import HireCandidate
from commands.learn_profile_fact import LearnProfileFact
from commands.merge_candidates import MergeCandidates
from commands.open_requisition import OpenRequisition
from commands.propose_erasure import ProposeErasure
from commands.reject_application import RejectApplication
from commands.rename_requisition import RenameRequisition
from commands.source_candidate import SourceCandidate
from commands.submit_application import SubmitApplication
from commands.unhire_candidate import UnhireCandidate
from commands.unreject_application import UnrejectApplication
from commands.verb import Command
from domain import application, candidate, requisition
from domain.application import (
    APPLICATION,
    Application,
    ApplicationRejected,
    CandidateHired,
)
from domain.candidate import CANDIDATE, Candidate, told_by
from domain.codes import UNKNOWN
from domain.erasure_proposal import DELETE
from domain.errors import Refused
from domain.event import Aggregate, Event
from domain.profile_facts import holds_many
from domain.requisition import REQUISITION, Requisition, RequisitionOpened

Commands = Iterator[Command]
APPLICATION_READS: tuple[type[Event], ...] = (*application.STANDING, *application.STAGES)
MAY_PASS: tuple[type[Refused], ...] = (
    *(application.ApplicationHasEnded, application.ApplicationDoesNotExist, application.ApplicationIsNotRejected),
    *(application.CandidateIsNotHired, candidate.CandidateDoesNotExist, requisition.RequisitionDoesNotExist),
)
"""What is refused until an earlier delivery arrives."""


@dataclass(frozen=True, slots=True)
class When:
    """A time, and how it is derived, as a command takes them."""

    at: datetime | None
    how: str

    def fields(self) -> dict[str, Any]:
        return {"occurred_at": self.at, "occurred_how": self.how}


UNDATED = When(None, "unknown")


class State(StrEnum):
    """How an application stands in the outside system."""

    ACTIVE = "active"
    REJECTED = "rejected"
    HIRED = "hired"


@dataclass(frozen=True, slots=True)
class Standing:
    """An application stands in a state since a time. reason: why it was rejected, as a code."""

    state: State
    since: When
    reason: str = UNKNOWN


@dataclass(frozen=True, slots=True)
class Named:
    """Something that is named by a text, and by a code where the text gives none."""

    text: str | None
    otherwise: str | None = None

    @property
    def code(self) -> str:
        return code_of(self.text, self.otherwise)

    @property
    def spellings(self) -> frozenset[str]:
        return spellings_of(self.text, self.otherwise)


@dataclass(frozen=True, slots=True)
class Person:
    """A person, by the vendor's id. entered: when they came. as_of: from when on the values hold, by profile fact."""

    id: str
    entered: When = UNDATED
    as_of: When = UNDATED
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A job, by the vendor's id."""

    id: str
    title: str | None
    opened: When = UNDATED
    as_of: When = UNDATED

    @property
    def role(self) -> str:
        return code_of(self.title, code_of(f"job-{self.id}"))


@dataclass(frozen=True, slots=True)
class Way:
    """An application, by the vendor's id. considered: since when it is a prospect's; submitted: since when it is an
    applicant's. stages: those that it entered, each with the time. standings: in which states it stands or stood."""

    id: str
    person: Person
    job: Job | None
    source: str
    considered: When | None = None
    submitted: When | None = None
    stages: Sequence[tuple[Named, When]] = ()
    standings: Sequence[Standing] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Turns the facts of one delivery of a vendor into commands. Each stream follows from the vendor's id."""

    vendor: str
    delivery: DeliveryContext

    def stream(self, kind: str, outside_id: str) -> UUID:
        return self.delivery.stream(kind, outside_id)

    def state(self, aggregate: Aggregate[Any], stream: UUID, reads: Sequence[type[Event]]) -> Any:
        return self.delivery.log.load(aggregate, stream, frozenset(reads)).state

    def when(self, at: datetime | None, name: str) -> When:
        """Return a time of the body, at most now, derived from the field of this name: 'derived.archived_at'."""
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        return UNDATED if at is None else When(min(at, self.delivery.now), f"derived.{snake}")

    # --- people

    def sourced(self, person: Person, source: str, role: str = UNKNOWN, location: str = UNKNOWN) -> Commands:
        """Source the person unless they are there, learn what is said of them, and complete their segments."""
        stream = self.stream("candidate", person.id)
        record: Candidate = self.state(CANDIDATE, stream, candidate.SEGMENTS)
        if not record.exists:
            yield SourceCandidate(
                candidate=stream,
                source=source,
                role=role,
                location=location,
                outside_source=self.vendor,
                outside_id=person.id,
                now=self.delivery.now,
                **person.entered.fields(),
            )
        yield from self.learned(person)
        if record.exists and record.erasure is None and record.lacks(source, role, location):
            yield CompleteSegments(
                candidate=stream,
                source=source,
                role=role,
                location=location,
                keeps_known=True,
                now=self.delivery.now,
                **person.as_of.fields(),
            )

    def learned(self, person: Person) -> Commands:
        """Learn the values that are news."""
        stream = self.stream("candidate", person.id)
        record: Candidate = self.state(CANDIDATE, stream, (*candidate.ENTRIES, *candidate.FACTS))
        for fact, value in news(record, person.values, self.vendor, person.as_of.at or self.delivery.now):
            yield self.learn(stream, fact, value, person.as_of)

    def learn(self, stream: UUID, fact: str, value: str, when: When) -> LearnProfileFact:
        return LearnProfileFact(
            candidate=stream,
            fact=fact,
            learned_from=self.vendor,
            value=value,
            leaves_out=True,
            now=self.delivery.now,
            **when.fields(),
        )

    def person_statements(self, person: Person) -> Iterator[Statement]:
        """Yield what the delivery states of the person; addresses replace none another."""
        for fact, values in person.values.items():
            if person.as_of.at is not None and fact not in ADDRESSES and values:
                yield Statement(self.stream("candidate", person.id), fact, person.as_of.at)

    def restate_person(self, person: Person, keys: StatementKeys) -> Commands:
        stream = self.stream("candidate", person.id)
        for fact in (fact for fact in person.values if (stream, fact) in keys):
            for value in person.values[fact]:
                yield self.learn(stream, fact, value, person.as_of)

    def require_person(self, record: UUID) -> None:
        """Raises CauseIsMissing where no delivery has brought the person yet."""
        if not self.state(CANDIDATE, record, candidate.SEGMENTS).exists:
            raise CauseIsMissing("candidate-is-not-known-yet", record)

    def speaker(self, record: UUID) -> UUID:
        """Return the record that speaks for the person of this one."""
        above: UUID | None = record
        while above is not None:
            record, above = above, self.state(CANDIDATE, above, candidate.MERGES).merged_into
        return record

    def merged(self, survivor: UUID, absorbed: UUID) -> Commands:
        """Merge two records unless they are one person already."""
        if self.speaker(absorbed) != self.speaker(survivor):
            yield MergeCandidates(
                candidate=self.speaker(survivor),
                absorbed=self.speaker(absorbed),
                evidence=(f"merged-in-{self.vendor}",),
                now=self.delivery.now,
            )

    def erasure_proposed(self, record: UUID, action: str, kind: str = DELETE, fields: Sequence[str] = ()) -> Commands:
        """Propose to erase a person who was deleted or anonymised there. No body says when: it is dated by arrival.

        The id of the proposal follows from what is said, so that a delivery that is read again proposes nothing anew.
        """
        self.require_person(record)
        yield ProposeErasure(
            candidate=record,
            proposal=self.stream("erasure-proposal", " ".join((str(record), action, *fields))),
            source=self.vendor,
            kind=kind,
            fields=tuple(fields),
            now=self.delivery.now,
            occurred_at=min(self.delivery.received or self.delivery.now, self.delivery.now),
            occurred_how="derived.received_at",
        )

    # --- jobs

    def opened(self, job: Job, moment: When = UNDATED) -> Commands:
        """Open the requisition unless it is there: where nothing says when, from when it is mentioned."""
        when = moment if job.opened is UNDATED else job.opened
        stream = self.stream("requisition", job.id)
        state: Requisition = self.state(REQUISITION, stream, (RequisitionOpened,))
        if not state.exists:
            yield OpenRequisition(
                requisition=stream,
                role=job.role,
                source=self.vendor,
                outside_source=self.vendor,
                outside_id=job.id,
                title=job.title,
                now=self.delivery.now,
                **when.fields(),
            )

    def job_stated(self, job: Job) -> Commands:
        """Yield the title and the opening date that the job has as of the delivery."""
        stream = self.stream("requisition", job.id)
        if job.title is not None:
            fields = job.as_of.fields()
            yield RenameRequisition(requisition=stream, title=job.title, now=self.delivery.now, **fields)
        if job.opened.at is not None:
            fields = job.as_of.fields()
            yield CorrectOpeningDate(requisition=stream, opened_at=job.opened.at, now=self.delivery.now, **fields)

    def job_statements(self, job: Job) -> Iterator[Statement]:
        stream, stated = self.stream("requisition", job.id), {TITLE: job.title, OPENED: job.opened.at}
        if job.as_of.at is not None:
            yield from (Statement(stream, what, job.as_of.at) for what in stated if stated[what] is not None)

    # --- applications

    def applied(self, way: Way) -> Commands:
        """Add the prospect, submit the application, or both; with the person and the job that they stand on."""
        role = UNKNOWN if way.job is None else way.job.role
        yield from self.sourced(way.person, way.source, role)
        if way.job is not None:
            yield from self.opened(way.job, way.considered or way.submitted or UNDATED)
        stream = self.stream("application", way.id)
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        if way.considered is not None and state.may_have_been_prospect(way.considered.at or self.delivery.now):
            yield AddProspect(requisition=None, in_any_order=state.exists, **self.begun(way, state, way.considered))
        if way.submitted is None or way.job is None or state.submitted:
            return
        if not state.may_be_submitted(way.submitted.at or self.delivery.now):
            raise CauseIsMissing("application-has-ended", stream)
        yield SubmitApplication(
            requisition=self.stream("requisition", way.job.id), **self.begun(way, state, way.submitted)
        )

    def begun(self, way: Way, state: Application, since: When) -> dict[str, Any]:
        return {
            "application": self.stream("application", way.id),
            "candidate": state.candidate or self.stream("candidate", way.person.id),
            "source": way.source,
            "outside_source": self.vendor,
            "outside_id": way.id,
            "now": self.delivery.now,
            **since.fields(),
        }

    def one_person(self, way: Way, as_of: datetime | None) -> Commands:
        """Merge the records that deliveries name as the application's person: vendors change the id by a merge alone.

        The record that the newest delivery names survives.
        """
        stream, record = self.stream("application", way.id), self.stream("candidate", way.person.id)
        named = [*self.delivery.people(stream), (as_of or self.delivery.now, record)]
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        survivor = max(named)[1]
        absorbed = {state.candidate or record, record, *(other for _, other in named)} - {survivor}
        for other in sorted(absorbed):
            yield from self.merged(survivor, other)

    def staged(self, way: Way) -> Commands:
        """Enter the stages that are news. They were so there: no end refuses them, in whatever order they arrive."""
        stream = self.stream("application", way.id)
        state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
        changed = False  # a stage that is news makes the later ones of this delivery news as well
        for stage, entered in way.stages:
            changed = changed or entered.at is None or state.stage_at(entered.at) not in stage.spellings
            if changed:
                yield self.enter(stream, stage.code, entered)

    def enter(self, stream: UUID, stage: str, entered: When) -> EnterStage:
        return EnterStage(application=stream, stage=stage, in_any_order=True, now=self.delivery.now, **entered.fields())

    def stood(self, way: Way) -> Commands:
        """Bring the ends of the application in line with the states that all deliveries state."""
        stream = self.stream("application", way.id)
        for standing in way.standings:
            state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
            yield from Ends(stream, state, self.delivery.now).stated(standing, self.delivery.stated(stream, STANDINGS))

    def standing_statements(self, way: Way) -> Iterator[Statement]:
        stream = self.stream("application", way.id)
        for standing in way.standings:
            if standing.since.at is not None:
                yield Statement(stream, STANDINGS_OF[standing.state], standing.since.at)

    def application_statements(self, way: Way) -> Iterator[Statement]:
        yield from self.person_statements(way.person)
        yield from self.standing_statements(way)
        stream = self.stream("application", way.id)
        yield from (Statement(stream, STAGE, entered.at) for _, entered in way.stages if entered.at is not None)

    def restate_application(self, way: Way, keys: StatementKeys) -> Commands:
        """State again the facts and stages of the keys. A stage keeps the code by which it was entered."""
        yield from self.restate_person(way.person, keys)
        stream = self.stream("application", way.id)
        if (stream, STAGE) in keys:
            state: Application = self.state(APPLICATION, stream, APPLICATION_READS)
            for stage, entered in way.stages:
                stands = None if entered.at is None else state.stage_at(entered.at)
                yield self.enter(stream, stands if stands in stage.spellings else stage.code, entered)


STANDINGS_OF = {state: f"standing-{state}" for state in State}
"""What a delivery states of an application that stands in a state."""
STANDINGS = tuple(STANDINGS_OF.values())
ORDER = list(State)


@dataclass(frozen=True, slots=True)
class Ends:
    """The ends of an application, and the commands that change in which state it stood from when to when.

    An end and the reversal that takes it back cover the time between their dates; a reversal that is dated before the
    end that it takes back leaves out the time between them (decision 0029). So any stretch can be added or left out,
    whatever is recorded already.
    """

    application: UUID
    recorded: Application
    now: datetime

    def around(self, standing: Standing, stated: Sequence[Statement]) -> tuple[State, tuple[datetime, State] | None]:
        """Return the state before this statement, and the next other statement, with its time."""
        line = sorted((statement.at, STANDINGS.index(statement.what)) for statement in stated)
        here = standing.since.at or self.now, ORDER.index(standing.state)
        before = next((ORDER[state] for moment, state in reversed(line) if (moment, state) <= here), State.ACTIVE)
        return before, next(((moment, ORDER[state]) for moment, state in line if (moment, state) > here), None)

    def stated(self, standing: Standing, stated: Sequence[Statement]) -> Commands:
        """Yield what changes by this state, which holds until the next other statement."""
        before, after = self.around(standing, stated)
        if before is standing.state or (after is None and self.stands_as(standing.state)):
            return
        until = None if after is None else after[0]
        if before is not State.ACTIVE:
            yield from self.left_out(before, standing.since, until)
        if standing.state is not State.ACTIVE:
            goes_on = after is not None and after[1] is standing.state
            yield from self.added(standing, until, goes_on=goes_on)

    def stands_as(self, state: State) -> bool:
        return self.recorded.ending is KINDS.get(state)

    def left_out(self, state: State, since: When, until: datetime | None) -> Commands:
        """Take the stretch out of an end. What goes on after it is ended anew then."""
        if until is not None:
            yield self.end(state, When(until, "derived.next_statement"), self.reason)
        yield self.undo(state, since)

    def added(self, standing: Standing, until: datetime | None, *, goes_on: bool) -> Commands:
        """Add the stretch to an end; where the same end `goes_on` after it and stands, that one gives way to it."""
        if until is None:
            yield self.end(standing.state, standing.since, standing.reason)
            return
        end = self.end(standing.state, standing.since, standing.reason)
        undo = self.undo(standing.state, When(until, "derived.next_statement"))
        gives_way = goes_on and any(end_before.at == until for end_before in self.recorded.of(KINDS[standing.state]))
        yield from (undo, end) if gives_way else (end, undo)

    @property
    def reason(self) -> str:
        """Why it stands rejected."""
        rejected = [end.event for end in self.recorded.ends if isinstance(end.event, ApplicationRejected)]
        return rejected[-1].reason if rejected else UNKNOWN

    def end(self, state: State, when: When, reason: str) -> Command:
        named: dict[str, Any] = {"application": self.application, "in_any_order": True, "now": self.now}
        if state is State.HIRED:
            return HireCandidate(**named, **when.fields())
        return RejectApplication(**named, reason=reason, **when.fields())

    def undo(self, state: State, when: When) -> Command:
        named: dict[str, Any] = {"application": self.application, "in_any_order": True, "now": self.now}
        if state is State.HIRED:
            requisition = None if self.recorded.hire is None else self.recorded.hire.requisition
            return UnhireCandidate(**named, requisition=requisition, **when.fields())
        return UnrejectApplication(**named, **when.fields())


KINDS: Mapping[State, type[Event]] = {State.REJECTED: ApplicationRejected, State.HIRED: CandidateHired}


def news(
    record: Candidate, values: Mapping[str, Sequence[str | None]], vendor: str, by: datetime
) -> Iterator[tuple[str, str]]:
    """Yield the facts that are news: all but what the event that made the candidate says of a fact of which the vendor
    has not said anything yet."""
    entry: set[tuple[str, Any]] = set()
    stated: set[str] = set()
    for recorded in record.telling:
        for learned in told_by(recorded):
            if isinstance(recorded.event, candidate.ENTRIES):
                entry.add((learned.fact, learned.value))
            elif learned.learned_from == vendor and learned.at <= by and not holds_many(learned.fact):
                stated.add(learned.fact)
    for fact, given in values.items():
        for value in given:
            if value is not None and (fact in stated or (fact, value) not in entry):
                yield fact, value


# --- what a delivery means


def meaning_of_application(action: str, facts: Facts, way: Way, as_of: datetime | None) -> Understood:
    """Return what a delivery about an application means. as_of: the time that the delivery gives itself."""

    stream = facts.stream("application", way.id)

    def plan() -> list[Command]:
        return [*facts.applied(way), *facts.one_person(way, as_of), *facts.stood(way), *facts.staged(way)]

    return Understood(
        action,
        facts.stream("candidate", way.person.id),
        plan,
        subject=stream,
        told_at=as_of,
        statements=tuple(facts.application_statements(way)),
        restate=lambda keys: list(facts.restate_application(way, keys)),
        one_at_a_time=bool(way.standings),
    )


def meaning_of_person(action: str, facts: Facts, person: Person, source: str | None = None) -> Understood:
    """Return what a delivery about a person alone means. Without a source it waits until an application has brought the
    person, with the source and the role."""
    record = facts.stream("candidate", person.id)

    def plan() -> list[Command]:
        if source is None:
            facts.require_person(record)
        return list(facts.sourced(person, source or UNKNOWN))

    return Understood(
        action,
        record,
        plan,
        subject=record,
        told_at=person.as_of.at,
        statements=tuple(facts.person_statements(person)),
        restate=lambda keys: list(facts.restate_person(person, keys)),
    )


def meaning_of_job(action: str, facts: Facts, job: Job) -> Understood:
    """Return what a delivery about a job means."""
    stream = facts.stream("requisition", job.id)
    return Understood(
        action,
        stream,
        lambda: [*facts.opened(job), *facts.job_stated(job)],
        subject=stream,
        told_at=job.as_of.at,
        statements=tuple(facts.job_statements(job)),
        restate=lambda keys: [command for command in facts.job_stated(job) if statement_key(command) in keys],
    )


def meaning_of_merge(action: str, facts: Facts, survivor_id: str, absorbed_id: str) -> Understood:
    """Return what a delivery about a merge means; it waits until other deliveries have brought both people."""
    survivor, absorbed = facts.stream("candidate", survivor_id), facts.stream("candidate", absorbed_id)

    def plan() -> list[Command]:
        facts.require_person(absorbed)
        facts.require_person(survivor)
        return list(facts.merged(survivor, absorbed))

    return Understood(action, absorbed, plan, subject=absorbed)


def meaning_of_deletion(action: str, facts: Facts, person_id: str) -> Understood:
    """Return what a delivery about a deleted person means: a proposal to erase them."""
    record = facts.stream("candidate", person_id)
    return Understood(action, record, lambda: list(facts.erasure_proposed(record, action)), subject=record)

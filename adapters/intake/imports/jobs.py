"""Turns lines about jobs and applications of another system into the commands for what is not known yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from adapters.intake.code_spelling import code_of, spellings_of
from adapters.intake.imports.origin import Origin
from adapters.intake.imports.refusals import StepHasNoTime, ValueCannotBeRead
from adapters.intake.imports.row import Row, When
from commands.accept_offer import AcceptOffer
from commands.add_prospect import AddProspect
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.cancel_opening import CancelOpening
from commands.decline_offer import DeclineOffer
from commands.enter_stage import EnterStage
from commands.hire_candidate import HireCandidate
from commands.hold_requisition import HoldRequisition
from commands.make_offer import MakeOffer
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.reject_application import RejectApplication
from commands.rescind_offer import RescindOffer
from commands.resume_requisition import ResumeRequisition
from commands.set_target_date import SetTargetDate
from commands.submit_application import SubmitApplication
from commands.verb import Command
from commands.withdraw_application import WithdrawApplication
from domain.application import Application, ApplicationRejected, ApplicationWithdrawn, CandidateHired
from domain.requisition import Requisition

ONLY_OPENING = "1"
"""The id of the opening of a requisition that names none."""
SIDES = ("us", "candidate")
OUTCOMES = {"rejected": ApplicationRejected, "withdrawn": ApplicationWithdrawn, "hired": CandidateHired}


def requisition(row: Row, origin: Origin, state: Requisition) -> Iterator[Command]:
    """Yield the commands of a line about a job."""
    outside_id, at = row.needed("id"), row.when_needed("at")
    stream = origin.stream("requisition", outside_id)
    if not state.exists:
        yield OpenRequisition(
            requisition=stream,
            role=row.name("role"),
            location=row.name("location"),
            source=row.name("source"),
            evergreen=row.flag("evergreen"),
            outside_source=origin.system,
            outside_id=outside_id,
            title=row.text("title"),
            now=origin.now,
            **at.fields(),
        )
    yield from opened(stream, row, origin, state, at)
    yield from held(stream, row, origin, state)
    yield from settled(stream, row, origin, None if state.exists else at)
    yield from cancelled(stream, row, origin, state)


def opening_of(origin: Origin, requisition_id: str, opening_id: str, system: str | None = None) -> UUID:
    """Return the id of a requisition's opening, as the system's webhooks name it too."""
    return origin.stream("opening", f"{requisition_id}/{opening_id}", system)


def opened(stream: UUID, row: Row, origin: Origin, state: Requisition, at: When) -> Iterator[Command]:
    """Yield the openings that are not known yet."""
    named = row.texts("openings") or (() if state.openings else (ONLY_OPENING,))
    for outside_id in named:
        opening = opening_of(origin, row.needed("id"), outside_id)
        if opening not in state.openings:
            yield OpenOpening(requisition=stream, opening=opening, outside_id=outside_id, now=origin.now, **at.fields())


def held(stream: UUID, row: Row, origin: Origin, state: Requisition) -> Iterator[Command]:
    """Yield the holds and resumptions that are not known yet."""
    turns = [(when, True) for when in row.whens("held_at")] + [(when, False) for when in row.whens("resumed_at")]
    course = state.holds
    for when, holds in sorted(turns, key=lambda turn: turn[0].at):
        if bool(course.at(when.at)) is not holds:
            course = course.turned(when.at, holds)
            given: dict[str, Any] = {"requisition": stream, "now": origin.now, **when.fields()}
            yield HoldRequisition(reason=row.name("reason"), **given) if holds else ResumeRequisition(**given)


def settled(stream: UUID, row: Row, origin: Origin, at: When | None) -> Iterator[Command]:
    """Yield the target date and the people of the job: of its first line since the opening, of a later one from now."""
    given: dict[str, Any] = {"requisition": stream, "now": origin.now, **({} if at is None else at.fields())}
    target = row.day("target_date")
    if target is not None:
        yield SetTargetDate(target=target, **given)
    for column, assign in (("hiring_manager", AssignHiringManager), ("recruiter", AssignRecruiter)):
        user = row.text(column)
        if user is not None:
            yield assign(user=user, **given)


def cancelled(stream: UUID, row: Row, origin: Origin, state: Requisition) -> Iterator[Command]:
    """Yield the cancellations of openings that have not ended. Errors: StepHasNoTime."""
    for outside_id in row.texts("cancelled_openings"):
        opening = opening_of(origin, row.needed("id"), outside_id)
        if state.openings.get(opening) is None:
            when = dated(row, "cancelled_openings", "cancelled_at")
            yield CancelOpening(
                requisition=stream, opening=opening, reason=row.name("reason"), now=origin.now, **when.fields()
            )


def application(row: Row, origin: Origin, state: Application) -> Iterator[Command]:
    """Yield the commands of a line about an application: its beginning, its steps by their times, its end."""
    stream = origin.stream("application", row.needed("id"))
    yield from begun(stream, row, origin, state)
    steps = [*stages(stream, row, origin, state), *offers(stream, row, origin, state)]
    yield from sorted(steps, key=lambda step: step.moment)
    yield from ended(stream, row, origin, state)


def requisition_of(row: Row, origin: Origin) -> UUID | None:
    outside_id = row.text("requisition")
    return None if outside_id is None else origin.stream("requisition", outside_id, row.text("requisition_system"))


def requisition_needed(row: Row, origin: Origin) -> UUID:
    """Return the requisition that the line names. Errors: ValueIsMissing."""
    stream = requisition_of(row, origin)
    if stream is None:
        raise row.missing("requisition")
    return stream


def begun(stream: UUID, row: Row, origin: Origin, state: Application) -> Iterator[Command]:
    """Yield the application or the prospect, unless it is known."""
    given: dict[str, Any] = {
        "application": stream,
        "candidate": origin.candidate(row),
        "source": row.name("source"),
        "outside_source": origin.system,
        "outside_id": row.needed("id"),
        "now": origin.now,
        **row.when_needed("at").fields(),
    }
    if row.flag("prospect"):
        if not state.exists:
            yield AddProspect(requisition=requisition_of(row, origin), **given)
    elif not state.submitted and state.ending is None:
        yield SubmitApplication(requisition=requisition_needed(row, origin), **given)


def stages(stream: UUID, row: Row, origin: Origin, state: Application) -> Iterator[Command]:
    """Yield the stages in which the application did not stand at that time."""
    for stage, when in row.stages("stages"):
        if state.stage_at(when.at) not in spellings_of(stage):
            yield EnterStage(application=stream, stage=code_of(stage), now=origin.now, **when.fields())


def offers(stream: UUID, row: Row, origin: Origin, state: Application) -> Iterator[Command]:
    """Yield the offer, its acceptance and its end, unless they are known. Errors: ValueIsMissing, ValueCannotBeRead."""
    made, accepted = row.when("offered_at"), row.when("accepted_at")
    named: dict[str, Any] = {"application": stream, "now": origin.now}
    if made is not None and state.offer is None:
        requisition = requisition_needed(row, origin)
        yield MakeOffer(requisition=requisition, opening=opening_named(row, origin), **named, **made.fields())
    if accepted is not None and (state.offer is None or state.offer.accepted_at is None):
        opening = opening_named(row, origin)
        if opening is None:
            raise row.missing("opening")
        yield AcceptOffer(requisition=requisition_needed(row, origin), opening=opening, **named, **accepted.fields())
    if state.offer is None or state.offer.ending is None:
        yield from offers_ended(row, named)


def offers_ended(row: Row, named: Mapping[str, Any]) -> Iterator[Command]:
    """Yield the decline or the rescission of the offer. `named`: the fields of every command of the line."""
    declined, rescinded, why = row.when("declined_at"), row.when("rescinded_at"), row.name("offer_reason")
    if declined is not None:
        yield DeclineOffer(reason=why, **named, **declined.fields())
    if rescinded is not None:
        by = row.text("rescinded_by") or "us"
        if by not in SIDES:
            raise ValueCannotBeRead(field="rescinded_by", wanted="one of the two sides", example=" or ".join(SIDES))
        yield RescindOffer(by=by, reason=why, **named, **rescinded.fields())


def opening_named(row: Row, origin: Origin) -> UUID | None:
    outside_id = row.text("opening")
    if outside_id is None:
        return None
    return opening_of(origin, row.needed("requisition"), outside_id, row.text("requisition_system"))


def ended(stream: UUID, row: Row, origin: Origin, state: Application) -> Iterator[Command]:
    """Yield the end, unless the application has ended so. Errors: ValueCannotBeRead, StepHasNoTime."""
    outcome = row.text("outcome")
    if outcome is None:
        return
    if outcome not in OUTCOMES:
        raise ValueCannotBeRead(field="outcome", wanted="an outcome", example=", ".join(OUTCOMES))
    if state.ending is OUTCOMES[outcome]:
        return
    when = dated(row, "outcome", "ended_at")
    given: dict[str, Any] = {"application": stream, "now": origin.now, **when.fields()}
    if outcome == "hired":
        yield HireCandidate(requisition=requisition_of(row, origin), opening=opening_named(row, origin), **given)
    else:
        explanation: dict[str, Any] = {"reason": row.name("reason"), "note": row.text("note")}
        yield (
            RejectApplication(**explanation, **given)
            if outcome == "rejected"
            else WithdrawApplication(**explanation, **given)
        )


def dated(row: Row, step: str, column: str) -> When:
    """Return the time of a step. Errors: StepHasNoTime."""
    when = row.when(column)
    if when is None:
        raise StepHasNoTime(field=step, time=column)
    return when

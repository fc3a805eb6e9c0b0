"""One person's way through one job: submitted or a prospect, through stages, to an end."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.event import Clear, Event, Personal


@dataclass(frozen=True, slots=True)
class ApplicationSubmitted(Event):
    """The candidate applied."""

    stored_name = "application-submitted.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    source: Clear[str]
    outside_source: Clear[str | None]
    outside_id: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ProspectAdded(Event):
    """We consider the candidate, who has not applied; perhaps for a requisition, perhaps for none yet."""

    stored_name = "prospect-added.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    source: Clear[str]
    outside_source: Clear[str | None]
    outside_id: Personal[str | None]


@dataclass(frozen=True, slots=True)
class StageEntered(Event):
    """The application moved to a stage of the job's process."""

    stored_name = "stage-entered.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    stage: Clear[str]


@dataclass(frozen=True, slots=True)
class ApplicationRejected(Event):
    """We said no."""

    stored_name = "application-rejected.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ApplicationWithdrawn(Event):
    """The candidate said no."""

    stored_name = "application-withdrawn.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    reason: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class OfferAccepted(Event):
    """The candidate accepted the offer made for this opening."""

    stored_name = "offer-accepted.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID]
    opening: Clear[UUID]


@dataclass(frozen=True, slots=True)
class CandidateHired(Event):
    """The candidate was hired, into an opening where one is named."""

    stored_name = "candidate-hired.v1"
    person_field = "candidate"

    candidate: Clear[UUID]
    requisition: Clear[UUID | None]
    opening: Clear[UUID | None]

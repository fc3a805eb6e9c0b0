"""Endpoints that give out everything we hold about one person, as JSON and as a page to print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from fastapi import Response

from adapters.access.policy import Action
from adapters.access.principal import OF_OURS, Principal
from adapters.postgres.projector.waiting import wait_until_folded
from adapters.postgres.tables.subject import Subjects
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import PROFILE, STREAM
from adapters.web.framework.plain import Answered, answered, as_json, plain
from adapters.web.framework.printing import printed
from adapters.web.framework.refusals import ReadModelIsBehind
from adapters.web.framework.who import Who
from adapters.web.services import Services
from domain.candidate import CandidateDoesNotExist
from queries.person import person_of
from queries.subject_access import READ_MODELS, SubjectAccess, SubjectSources, subject_access

HOLDS = ("personal", "clear", "deliveries", "accesses")
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SubjectAccessEndpoints:
    """The endpoints that give out everything about one person."""

    services: Services

    def subject_access(self, candidate: UUID, who: Who) -> Answered[SubjectAccess]:
        """Everything we hold about a person, in any of their records, for the person themselves. It is recorded as an
        export before it is answered. Other people's words are not in it."""
        return answered(subject_access_of(self.services, who, candidate), headers=as_file(candidate, "json"))

    def subject_access_page(self, candidate: UUID, who: Who) -> Response:
        """The same as a page to read and to print, complete in itself: it loads nothing from any other place."""
        return page_of(subject_access_of(self.services, who, candidate))

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "POST",
            "/v1/candidates/{candidate}/subject-access-report",
            Action.EXPORT_SUBJECT,
            subject_access,
            example={"format": "perennial-subject-access/1", "profile": PROFILE, "records": [STREAM]},
            raises=(CandidateDoesNotExist, ReadModelIsBehind),
        ),
        Endpoint(
            "POST",
            "/v1/candidates/{candidate}/subject-access-report.html",
            Action.EXPORT_SUBJECT,
            subject_access_page,
            example="<!DOCTYPE html><title>What we hold about you</title>...",
            raises=(CandidateDoesNotExist, ReadModelIsBehind),
            media_type="text/html",
        ),
    )


def subject_access_of(services: Services, who: Principal, candidate: UUID) -> SubjectAccess:
    """Gather it, and record the export. Errors: CandidateDoesNotExist, ReadModelIsBehind."""
    person = person_of(services.log.until_keys_are_destroyed, candidate)
    require_folded(services)
    answer = subject_access(sources_of(services), person, services.new_id(), services.now())
    services.readings.exported(who, "subject-access", person.ids, HOLDS, answer.export)
    return answer


def sources_of(services: Services) -> SubjectSources:
    """Return what the question is answered from."""

    def address_streams(kind: str, text: str) -> Iterable[UUID]:
        return (address.stream for address in services.log.addresses.read(kind, text).addresses)

    return SubjectSources(
        log=services.log.until_keys_are_destroyed,
        mentions=Subjects(services.log.recorder.datastore),
        address_streams=address_streams,
        retention=services.retaining,
        reading=services.reading,
        position_of=services.read_model_position,
        controller=services.controller,
        zone=services.zone,
        colleagues=OF_OURS,
    )


def require_folded(services: Services) -> None:
    """Wait until the read models of the answer have folded the log up to its head. Errors: ReadModelIsBehind."""
    head = services.log.recorder.barrier.head()
    names = [model.name for model in READ_MODELS]
    behind = wait_until_folded(services.read_model_position, names, head, PATIENCE_SECONDS)
    if behind is not None:
        raise ReadModelIsBehind(name=behind.name, position=behind.position, wanted=head, seconds=int(PATIENCE_SECONDS))


def as_file(candidate: UUID, ending: str) -> dict[str, str]:
    """Return the headers by which a browser saves the answer."""
    return {"Content-Disposition": f'attachment; filename="subject-access-{candidate}.{ending}"'}


def page_of(answer: SubjectAccess) -> Response:
    """Return the answer as a page."""
    return printed("subject_access.html", access=answer, worded=worded)


def worded(value: Any) -> str:
    """Return a field's value as text for a reader."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list) and all(isinstance(one, str) for one in value):
        return ", ".join(value) if value else "none"
    text = plain(value)
    return text if isinstance(text, str) else as_json(text).decode()

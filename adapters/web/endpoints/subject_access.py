"""The endpoints of subject access reports: all data about one person, as JSON and as a page to print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from fastapi import Response

from adapters.access.policy import Action
from adapters.exports.pages import subject_access_page
from adapters.postgres.projector.waiting import ReadModelIsBehind
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import PROFILE, STREAM
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.printing import printed
from adapters.web.framework.who import Who
from adapters.web.services import Services
from domain.candidate import CandidateDoesNotExist
from queries.subject_access import SubjectAccess


@dataclass(frozen=True, slots=True)
class SubjectAccessEndpoints:
    """The endpoints of subject access reports."""

    services: Services

    def subject_access(self, candidate: UUID, who: Who) -> Answered[SubjectAccess]:
        """Return all data about a person, from all of their records, for the person themselves.

        It is recorded as an export before it is answered. Texts of other people are left out.
        """
        return answered(self.services.subject_reports.report_on(candidate, who), headers=as_file(candidate, "json"))

    def subject_access_page(self, candidate: UUID, who: Who) -> Response:
        """Return the same report as a page to read and to print. It loads nothing from elsewhere."""
        return printed(subject_access_page(self.services.subject_reports.report_on(candidate, who)))

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


def as_file(candidate: UUID, ending: str) -> dict[str, str]:
    """Return the headers by which a browser saves the answer."""
    return {"Content-Disposition": f'attachment; filename="subject-access-{candidate}.{ending}"'}

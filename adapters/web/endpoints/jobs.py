"""Endpoints about one requisition and about one application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from adapters.access.policy import Action
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.etag import etag
from adapters.web.framework.examples import STREAM
from adapters.web.framework.plain import Answered, answered
from adapters.web.framework.shapes import shown_to
from adapters.web.framework.who import Who
from adapters.web.services import Services
from domain.application import ApplicationDoesNotExist
from domain.requisition import RequisitionDoesNotExist
from queries import jobs
from queries.jobs import ApplicationPage, RequisitionPage


@dataclass(frozen=True, slots=True)
class JobEndpoints:
    """The endpoints about one requisition and about one application."""

    services: Services

    def requisition(self, requisition: UUID, who: Who) -> Answered[RequisitionPage]:
        """Return a requisition with its openings. The ETag is the version of its stream."""
        page = shown_to(who, jobs.requisition(self.services.log, requisition))
        return answered(page, headers={"ETag": etag(page.version)})

    def application(self, application: UUID, who: Who) -> Answered[ApplicationPage]:
        """Return an application with the stages it entered. The ETag is the version of its stream."""
        page = shown_to(who, jobs.application(self.services.log, application))
        named = (page.candidate, page.referrer)
        self.services.readings.viewed(who, "application", [person for person in named if person is not None])
        return answered(page, headers={"ETag": etag(page.version)})

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/requisitions/{requisition}",
            Action.READ_JOBS,
            requisition,
            example={"requisition": STREAM, "withheld": False},
            raises=(RequisitionDoesNotExist,),
        ),
        Endpoint(
            "GET",
            "/v1/applications/{application}",
            Action.READ_JOBS,
            application,
            example={"application": STREAM},
            raises=(ApplicationDoesNotExist,),
        ),
    )

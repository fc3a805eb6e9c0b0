"""Deliveries of integrations that were not applied, over HTTP: since when, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from fastapi import Query
from starlette.concurrency import run_in_threadpool

from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.intake.integrations.listing import ListedDelivery, listed
from adapters.intake.integrations.reasons import refusals
from adapters.postgres.bounded_reading import QuestionTakesTooLong
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import STREAM
from adapters.web.framework.paging import Cursor, Limit, PageRequest
from adapters.web.framework.plain import Answered, rendered
from adapters.web.framework.refusals import CursorCannotBeRead
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Code, Moment
from adapters.web.services import Services
from queries.deliveries import After, Deliveries, ReasonCount, Sought, State, deliveries

ACTION = r"^[A-Za-z0-9_]{1,64}$"


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A page of the deliveries that were not applied, the oldest first.

    `at`: the time from which their ages are counted. `reasons`: how many there are for each reason, on all pages
    together; where `exact` is false, of the oldest 100,000. `next`: the `cursor` of the following page; null: this is
    the last.
    """

    at: datetime
    reasons: Sequence[ReasonCount]
    exact: bool
    deliveries: Sequence[ListedDelivery]
    next: str | None


DELIVERY: Mapping[str, Any] = {
    "id": "1234567890",
    "integration": "greenhouse",
    "action": "unreject_candidate",
    "state": "waiting",
    "age_seconds": 93600,
    "reason": "application-is-not-rejected",
    "detail": "It takes a rejection back, and none is known.",
    "what_to_do": "Nothing: it is applied when its cause comes.",
    "record": STREAM,
    "subject": STREAM,
    "waits_for": STREAM,
}
DELIVERY_COUNT: Mapping[str, Any] = {"state": "waiting", "reason": "application-is-not-rejected", "n": 1}


@dataclass(frozen=True, slots=True)
class DeliveryEndpoints:
    """The endpoint about deliveries."""

    services: Services

    async def deliveries(
        self,
        who: Who,
        state: Annotated[State | None, Query(description="'waiting', 'kept' or 'refused'.")] = None,
        integration: Annotated[Code | None, Query(description="Of this integration, such as greenhouse.")] = None,
        action: Annotated[
            str | None, Query(pattern=ACTION, description="Of this action, as the integration names it.")
        ] = None,
        received_before: Annotated[Moment | None, Query(description="Received before this time.")] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> Answered[DeliveryPage]:
        """List the deliveries that were not applied, the oldest first, with the reason and the age of each.

        A delivery waits for its cause, was refused by a rule, or is kept unused. What was in it is not told.
        """
        sought = Sought(state, integration, action, received_before)
        asked = f"deliveries {sought}"
        page = PageRequest.of(self.services.key_file, asked, cursor)
        after = None if page.place is None else after_of(*page.place)
        found = await run_in_threadpool(self._found, sought, after, limit)
        return await rendered(await run_in_threadpool(self._told, found, page, who))

    def _found(self, sought: Sought, after: After | None, limit: int) -> Deliveries:
        with self.services.reading() as connection:
            return deliveries(connection, sought, refusals(), after, limit)

    def _told(self, found: Deliveries, page: PageRequest, who: Principal) -> DeliveryPage:
        now, key_file, names = self.services.now(), self.services.key_file, who.may(Action.READ_PSEUDONYMS)
        if names:
            people = [one.about for one in found.deliveries if one.of_candidate and one.about is not None]
            self.services.readings.viewed(who, "deliveries", people)
        place = None
        if found.next is not None:
            place = [found.next.received_at.isoformat(), found.next.source, found.next.delivery_id]
        lines = [listed(one, now, key_file, names_records=names) for one in found.deliveries]
        return DeliveryPage(now, found.reasons, found.exact, lines, page.next(place))

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/deliveries",
            Action.READ_DELIVERIES,
            deliveries,
            example={"reasons": [DELIVERY_COUNT], "exact": True, "deliveries": [DELIVERY], "next": None},
            raises=(CursorCannotBeRead, QuestionTakesTooLong),
        ),
    )


def after_of(received_at: str, source: str, delivery_id: str) -> After:
    """Return the place in the list that a cursor names."""
    return After(datetime.fromisoformat(received_at), source, delivery_id)

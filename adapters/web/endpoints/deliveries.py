"""The endpoint about deliveries of integrations that were not applied: age, reason and what to do."""

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
    """A page of the deliveries that were not applied, oldest first.

    `at`: the time at which their ages are computed. `reasons`: the number of deliveries for each reason, on all pages
    together; if `exact` is false, among the oldest 100,000. `next`: the `cursor` of the following page; null: this is
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
        integration: Annotated[Code | None, Query(description="The integration, such as greenhouse.")] = None,
        action: Annotated[
            str | None, Query(pattern=ACTION, description="The action, as the integration names it.")
        ] = None,
        received_before: Annotated[Moment | None, Query(description="Received before this time.")] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> Answered[DeliveryPage]:
        """List the deliveries that were not applied, oldest first, with the reason and the age of each.

        A delivery waits for its cause, was refused by a rule, or is kept unused. Its content is not included.
        """
        sought = Sought(state, integration, action, received_before)
        parameters = f"deliveries {sought}"
        page = PageRequest.of(self.services.key_file, parameters, cursor)
        after = None if page.place is None else after_of(*page.place)
        answer = await run_in_threadpool(self._select, sought, after, limit)
        return await rendered(await run_in_threadpool(self._page, answer, page, who))

    def _select(self, sought: Sought, after: After | None, limit: int) -> Deliveries:
        with self.services.reading() as connection:
            return deliveries(connection, sought, refusals(), after, limit)

    def _page(self, answer: Deliveries, page: PageRequest, who: Principal) -> DeliveryPage:
        now, key_file, names = self.services.now(), self.services.key_file, who.may(Action.READ_PSEUDONYMS)
        if names:
            people = [
                delivery.about for delivery in answer.deliveries if delivery.of_candidate and delivery.about is not None
            ]
            self.services.readings.viewed(who, "deliveries", people)
        place = None
        if answer.next is not None:
            place = [answer.next.received_at.isoformat(), answer.next.source, answer.next.delivery_id]
        lines = [listed(delivery, now, key_file, names_records=names) for delivery in answer.deliveries]
        return DeliveryPage(now, answer.reasons, answer.exact, lines, page.next(place))

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

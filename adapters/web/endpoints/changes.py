"""The stream of changes: the log's events in order, each exactly once, from any position and as they are recorded."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, ClassVar

from fastapi import Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from adapters.access.ownership import Ownership
from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.access.refusals import KeyIsNotValid, TokensCannotBeChecked
from adapters.exports.plain import as_json
from adapters.postgres.log.barrier import PositionLiesAhead
from adapters.postgres.log.changes import FEED_ERRORS, READINGS, Change, Following
from adapters.web.framework.endpoint import Endpoint
from adapters.web.framework.examples import STREAM
from adapters.web.framework.limits import Receive, Scope, Send
from adapters.web.framework.refusals import EventTypeIsUnknown
from adapters.web.framework.shapes import actor_to
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Whole
from adapters.web.services import Services
from domain.catalogue import EVENTS

LOGGER = logging.getLogger(__name__)
RANGE = 500
"""How many positions are read at once. It bounds the memory of a stream whose client does not read."""
BEAT_SECONDS = 15.0
CATCH_UP_BEAT_SECONDS = 1.0
"""Seconds until a stream reports that it passed over events that it does not include."""
ASK_AGAIN_SECONDS = 1.0
"""Seconds between two checks of the reader's key, which may be revoked meanwhile."""
GOOD_FOR_SECONDS = 3.5
"""Seconds that a stream may go on after a check found the key good. The check may read a second-old cache, and five
seconds after its revocation a key must be refused."""
TRY_AGAIN_SECONDS = 0.25
COME_BACK_MILLISECONDS = 1000
MEDIA_TYPE = "text/event-stream"
KNOWN_TYPES = frozenset(event.stored_name for event in EVENTS) - set(READINGS)

Types = Annotated[
    str | None,
    Query(
        max_length=4000,
        pattern=r"^[a-z0-9.-]+(,[a-z0-9.-]+)*$",
        description="Only events of these types, separated by commas; omitted: of all types.",
        examples=["candidate-sourced.v1,candidate-hired.v1"],
    ),
]
FromPosition = Annotated[
    Whole, Query(ge=0, le=2**53, description="Start after this position. 0: from the beginning of the log.")
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern=r"^[0-9]{1,15}$",
        description="The last `id` that arrived. It overrides from_position, because browsers send it automatically.",
    ),
]


CHANGE = f"""id: 1204
event: candidate-hired.v1
data: {{"position":1204,"id":"6b2f5b5e-33a1-5a0e-9c0b-1de0f7a4c001","stream":"{STREAM}","version":7, ...}}

: settled 1210
id: 1210

"""


@dataclass(frozen=True, slots=True)
class ChangeEndpoints:
    """The endpoint of the stream of changes."""

    services: Services
    following: Following

    async def changes(
        self,
        request: Request,
        who: Who,
        from_position: FromPosition = 0,
        types: Types = None,
        last_event_id: LastEventId = None,
    ) -> StreamingResponse:
        """Stream every change after a position as server-sent events, then every new change as it is recorded.

        `id` is the position, `event` the type, `data` the event as JSON without personal fields. A comment with the
        settled position, followed by an `id` alone, states that everything up to that position was sent, even if
        nothing matched. A client that reconnects with the last `id` gets each event exactly once. Accesses to people
        are no changes and are not included. For a role that may not read people, `actor` is only the kind of actor. An
        integration gets the events of records that it made or that came from its source. A stream ends when its key or
        token is no longer valid.
        """
        began, after = time.monotonic(), from_position if last_event_id is None else int(last_event_id)
        wanted = known_types(types)
        head = await self.following.head()
        if after > head:
            raise PositionLiesAhead(position=after, head=head)
        shown = request.headers.get("authorization", "")
        stream = ChangeStream(self.following, self.services.ownership, who, wanted, after, head)
        return WhileGood(stream.text(), partial(self._is, who, shown), began)

    async def _is(self, who: Principal, shown: str) -> bool:
        """Return whether the key or token of the request is still good and belongs to the same principal."""
        try:
            return await self.services.authenticator.principal(shown) == who
        except (KeyIsNotValid, TokensCannotBeChecked):
            return False

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(
            "GET",
            "/v1/changes",
            Action.FOLLOW,
            changes,
            example=CHANGE,
            raises=(EventTypeIsUnknown, PositionLiesAhead),
            media_type="text/event-stream",
            each=Change,
        ),
    )


class WhileGood(StreamingResponse):
    """A stream that ends when its key or token is no longer good.

    The key is checked beside the stream, so neither a busy log nor a client that does not read delays the end. If the
    key cannot be checked for GOOD_FOR_SECONDS, the stream ends too; the client can resume it.
    """

    def __init__(self, text: AsyncIterator[str], is_good: Callable[[], Awaitable[bool]], good_at: float) -> None:
        super().__init__(text, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)
        self._is_good, self._good_at = is_good, good_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming = asyncio.create_task(super().__call__(scope, receive, send))
        watching = asyncio.create_task(self._until_not_good())
        try:
            await asyncio.wait({streaming, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            streaming.cancel()
            watching.cancel()
            await asyncio.gather(streaming, watching, return_exceptions=True)
        if streaming.cancelled():
            await end(send)
        else:
            streaming.result()

    async def _until_not_good(self) -> None:
        while True:
            await asyncio.sleep(self._good_at + ASK_AGAIN_SECONDS - time.monotonic())
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._good_at + GOOD_FOR_SECONDS - began):
                    if not await self._is_good():
                        return
            except TimeoutError:
                LOGGER.warning("a stream of changes is ended: its key could not be checked in time")
                return
            except FEED_ERRORS:
                await asyncio.sleep(TRY_AGAIN_SECONDS)  # the database may be back before the stream must end
            else:
                self._good_at = began


async def end(send: Send) -> None:
    """End a stream in order. Errors: ClientDisconnect if the client does not read: its connection is cut."""
    try:
        async with asyncio.timeout(TRY_AGAIN_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        raise ClientDisconnect from None


def known_types(text: str | None) -> tuple[str, ...]:
    """Return the types in the text. Errors: EventTypeIsUnknown."""
    types = () if text is None else tuple(text.split(","))
    for name in types:
        if name not in KNOWN_TYPES:
            raise EventTypeIsUnknown(type=name)
    return types


@dataclass(slots=True)
class ChangeStream:
    """The stream of one reader.

    `position`: everything up to here was sent or passed over. `head`: the log can be read up to here. `confirmed`: the
    last position that the reader was sent.
    """

    following: Following
    ownership: Ownership
    who: Principal
    types: Sequence[str]
    position: int
    head: int
    confirmed: int = -1
    sent_at: float = float("-inf")

    async def text(self) -> AsyncIterator[str]:
        """Yield the text of the stream, until the server stops or the log cannot be reached."""
        yield f"retry: {COME_BACK_MILLISECONDS}\n\n"
        try:
            while not self.following.closed:
                if self.position < self.head:
                    if text := await self._next_range():
                        yield text
                else:
                    self.head = await self._growth()
                if time.monotonic() >= self._beat_is_due():
                    yield self._noted(self.position, f": settled {self.position}\nid: {self.position}\n\n")
        except FEED_ERRORS as error:
            LOGGER.warning("a stream of changes is ended at position %d: %s", self.position, error)

    async def _next_range(self) -> str:
        upto = min(self.position + RANGE, self.head)
        changes = await self._visible(await self.following.changes(self.position, upto, self.types))
        self.position = upto
        return self._noted(changes[-1].position, "".join(map(self._sent, changes))) if changes else ""

    async def _visible(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Return the changes that the reader may see: an integration sees none of foreign records."""
        if self.who.source is None:
            return changes
        foreign = await run_in_threadpool(self.ownership.foreign, self.who, {change.stream for change in changes})
        return [change for change in changes if change.stream not in foreign]

    def _sent(self, change: Change) -> str:
        return sent(replace(change, actor=actor_to(self.who, change.actor)))

    async def _growth(self) -> int:
        patience = max(0.0, self._beat_is_due() - time.monotonic())
        return max(self.head, await self.following.settled_beyond(self.position, patience))

    def _beat_is_due(self) -> float:
        return self.sent_at + (BEAT_SECONDS if self.confirmed == self.position else CATCH_UP_BEAT_SECONDS)

    def _noted(self, confirmed: int, text: str) -> str:
        self.confirmed, self.sent_at = confirmed, time.monotonic()
        return text


def sent(change: Change) -> str:
    return f"id: {change.position}\nevent: {change.type}\ndata: {as_json(change).decode()}\n\n"

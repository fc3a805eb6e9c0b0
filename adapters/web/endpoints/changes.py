"""Programs follow along: every change in the order of the log, once, as it comes, from whatever position they know."""

from __future__ import annotations

import asyncio
import json
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
from adapters.exports.plain import plain
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
"""Positions looked at at once: what a reader that does not read holds of our memory."""
BEAT_SECONDS = 15.0
CATCH_UP_BEAT_SECONDS = 1.0
"""How soon a reader hears that events which are not for it were passed over."""
ASK_AGAIN_SECONDS = 1.0
"""How long after a look at the reader's key the next one begins: the key may be revoked meanwhile."""
GOOD_FOR_SECONDS = 3.5
"""How long after a look that found the key good a stream may go on. The look itself may remember what was so a second
before, and five seconds after it was revoked a key is good for nothing."""
TRY_AGAIN_SECONDS = 0.25
COME_BACK_MILLISECONDS = 1000
MEDIA_TYPE = "text/event-stream"
KNOWN_TYPES = frozenset(event.stored_name for event in EVENTS) - set(READINGS)

Types = Annotated[
    str | None,
    Query(
        max_length=4000,
        pattern=r"^[a-z0-9.-]+(,[a-z0-9.-]+)*$",
        description="Only events of these types, with commas between them; left out: of all.",
        examples=["candidate-sourced.v1,candidate-hired.v1"],
    ),
]
FromPosition = Annotated[
    Whole, Query(ge=0, le=2**53, description="Tell what comes after this position. 0: everything there is.")
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern=r"^[0-9]{1,15}$",
        description="The last `id` that arrived; goes before from_position, as browsers send it by themselves.",
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
    """The endpoint for those who follow."""

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
        """Every change after a position, as server-sent events, then every new one as it comes.

        `id` is the position, `event` the type, `data` the event as JSON without what is personal. A comment with the
        settled position, and an `id` that stands alone, say that everything up to there has been told, also where
        nothing matched. Whoever comes back with the last `id` misses nothing and hears nothing twice. Who looked at
        whom is no change, and is not told here; to a role that may not read people `actor` says only of what kind. An
        integration is told of what it made, and of what came from its source. A stream ends with the key or the token
        that it was asked with.
        """
        began, after = time.monotonic(), from_position if last_event_id is None else int(last_event_id)
        wanted = known_types(types)
        head = await self.following.head()
        if after > head:
            raise PositionLiesAhead(position=after, head=head)
        shown = request.headers.get("authorization", "")
        told = Telling(self.following, self.services.ownership, who, wanted, after, head)
        return WhileGood(told.text(), partial(self._is, who, shown), began)

    async def _is(self, who: Principal, shown: str) -> bool:
        """Whether what was shown at the door is still good, and names the same as then."""
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
    """A stream that ends when the key or the token that it was asked with is no longer good.

    The key is looked at beside the stream, so neither a busy log nor a reader that does not read puts the end off. A
    key that cannot be looked at for GOOD_FOR_SECONDS ends the stream too: the reader comes back where it was.
    """

    def __init__(self, text: AsyncIterator[str], is_good: Callable[[], Awaitable[bool]], good_at: float) -> None:
        super().__init__(text, headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)
        self._is_good, self._good_at = is_good, good_at

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        telling = asyncio.create_task(super().__call__(scope, receive, send))
        watching = asyncio.create_task(self._until_not_good())
        try:
            await asyncio.wait({telling, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            telling.cancel()
            watching.cancel()
            await asyncio.gather(telling, watching, return_exceptions=True)
        if telling.cancelled():
            await end(send)
        else:
            telling.result()

    async def _until_not_good(self) -> None:
        while True:
            await asyncio.sleep(self._good_at + ASK_AGAIN_SECONDS - time.monotonic())
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._good_at + GOOD_FOR_SECONDS - began):
                    if not await self._is_good():
                        return
            except TimeoutError:
                LOGGER.warning("a reader of the changes is sent away: its key could not be looked at in time")
                return
            except FEED_ERRORS:
                await asyncio.sleep(TRY_AGAIN_SECONDS)  # it may be reached again before the stream must end
            else:
                self._good_at = began


async def end(send: Send) -> None:
    """Ends a stream in order. Errors: ClientDisconnect, where the reader does not read: it is cut off."""
    try:
        async with asyncio.timeout(TRY_AGAIN_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        raise ClientDisconnect from None


def known_types(text: str | None) -> tuple[str, ...]:
    """The types in the text. Errors: EventTypeIsUnknown."""
    types = () if text is None else tuple(text.split(","))
    for name in types:
        if name not in KNOWN_TYPES:
            raise EventTypeIsUnknown(type=name)
    return types


@dataclass(slots=True)
class Telling:
    """One reader: everything up to `position` is behind it, up to `head` it may read on, and up to `known` it knows."""

    following: Following
    ownership: Ownership
    who: Principal
    types: Sequence[str]
    position: int
    head: int
    known: int = -1
    told_at: float = float("-inf")

    async def text(self) -> AsyncIterator[str]:
        """The stream; ends when the server is to stop or the log cannot be reached."""
        yield f"retry: {COME_BACK_MILLISECONDS}\n\n"
        try:
            while not self.following.closed:
                if self.position < self.head:
                    if text := await self._next_range():
                        yield text
                else:
                    self.head = await self._growth()
                if time.monotonic() >= self._beat_is_due():
                    yield self._told(self.position, f": settled {self.position}\nid: {self.position}\n\n")
        except FEED_ERRORS as error:
            LOGGER.warning("a reader of the changes is sent away at position %d: %s", self.position, error)

    async def _next_range(self) -> str:
        upto = min(self.position + RANGE, self.head)
        changes = await self._own(await self.following.changes(self.position, upto, self.types))
        self.position = upto
        return self._told(changes[-1].position, "".join(map(self._sent, changes))) if changes else ""

    async def _own(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Those that are there for whoever follows; to an integration what is foreign is not."""
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
        return self.told_at + (BEAT_SECONDS if self.known == self.position else CATCH_UP_BEAT_SECONDS)

    def _told(self, known: int, text: str) -> str:
        self.known, self.told_at = known, time.monotonic()
        return text


def sent(change: Change) -> str:
    data = json.dumps(plain(change), separators=(",", ":"), ensure_ascii=False)
    return f"id: {change.position}\nevent: {change.type}\ndata: {data}\n\n"

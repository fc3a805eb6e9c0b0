"""Programs follow along: every change in the order of the log, once, as it comes, from whatever position they know."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated

from fastapi import Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from adapters.access.ownership import Ownership
from adapters.access.principal import Principal
from adapters.access.refusals import KeyIsNotValid, TokensCannotBeChecked
from adapters.postgres.barrier import PositionLiesAhead
from adapters.postgres.changes import READINGS, UNREACHABLE, Change, Following
from adapters.web.plain import plain
from adapters.web.refusals import EventTypeIsUnknown
from adapters.web.services import Services
from adapters.web.shapes import actor_to
from adapters.web.who import Who
from adapters.web.writing import Whole
from domain.catalogue import EVENTS

LOGGER = logging.getLogger(__name__)
RANGE = 500
"""Positions looked at at once: what a reader that does not read holds of our memory."""
BEAT_SECONDS = 15.0
CATCH_UP_BEAT_SECONDS = 1.0
"""How soon a reader hears that events which are not for it were passed over."""
ASK_AGAIN_SECONDS = 1.0
"""How long whoever was let in is taken for that before their key is looked at again: it may be revoked meanwhile."""
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


@dataclass(frozen=True, slots=True)
class ChangePages:
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
        after = from_position if last_event_id is None else int(last_event_id)
        wanted = known_types(types)
        head = await self.following.head()
        if after > head:
            raise PositionLiesAhead(after, head)
        shown = request.headers.get("authorization", "")
        told = Telling(self.following, self.services.ownership, who, partial(self._is, who, shown), wanted, after, head)
        return StreamingResponse(told.text(), headers={"Cache-Control": "no-store"}, media_type=MEDIA_TYPE)

    async def _is(self, who: Principal, shown: str) -> bool:
        """Whether what was shown at the door is still good, and names the same as then."""
        try:
            return await self.services.doorkeeper.principal(shown, reading=True) == who
        except (KeyIsNotValid, TokensCannotBeChecked):
            return False


def known_types(text: str | None) -> tuple[str, ...]:
    """The types in the text. Errors: EventTypeIsUnknown."""
    types = () if text is None else tuple(text.split(","))
    for name in types:
        if name not in KNOWN_TYPES:
            raise EventTypeIsUnknown(type=name)
    return types


@dataclass(slots=True)
class Telling:
    """One reader: everything up to `position` is behind it, up to `head` it may read on, and up to `known` it knows.

    `is_still`: whether it is who it was when it came.
    """

    following: Following
    ownership: Ownership
    who: Principal
    is_still: Callable[[], Awaitable[bool]]
    types: Sequence[str]
    position: int
    head: int
    known: int = -1
    told_at: float = float("-inf")
    looked_at: float = field(default_factory=time.monotonic)

    async def text(self) -> AsyncIterator[str]:
        """The stream; ends when the server is to stop, the log cannot be reached, or the reader is let in no more."""
        yield f"retry: {COME_BACK_MILLISECONDS}\n\n"
        try:
            while not self.following.closed and await self._is_let_in():
                if self.position < self.head:
                    if text := await self._next_range():
                        yield text
                else:
                    self.head = await self._growth()
                if time.monotonic() >= self._beat_is_due():
                    yield self._told(self.position, f": settled {self.position}\nid: {self.position}\n\n")
        except UNREACHABLE as error:
            LOGGER.warning("a reader of the changes is sent away at position %d: %s", self.position, error)

    async def _is_let_in(self) -> bool:
        if time.monotonic() < self.looked_at + ASK_AGAIN_SECONDS:
            return True
        self.looked_at = time.monotonic()
        return await self.is_still()

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

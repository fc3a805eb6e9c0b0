"""Questions about the history take turns, so that those of one reader never hold up those of another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from adapters.access.principal import Principal
from adapters.web.framework.refusals import TooManyQuestionsWait

T = TypeVar("T")

READER: ContextVar[Principal | None] = ContextVar("reader", default=None)
"""Whose request is being answered; None: of a request without a key."""
MOST_WAITING = 100
"""Of one reader, in one lane. It bounds the memory that waiting questions take."""
PATIENCE_SECONDS = 60.0


def reader_of(principal: Principal) -> str:
    """Return the name under which the reader's questions take turns."""
    return f"{principal.kind} {principal.name}"


def current_reader() -> str:
    """Return the name under which the questions of the request that is being answered take turns."""
    reader = READER.get()
    return "unknown" if reader is None else reader_of(reader)


@dataclass(slots=True)
class Turn:
    """The questions of one reader in a lane: those at work, and how many there are with those that wait."""

    at_work: asyncio.Semaphore
    count: int = 0


@dataclass(slots=True)
class Lane:
    """Lets so many questions work at once, and so many of one reader among them."""

    at_once: int
    of_one: int
    patience_seconds: float = PATIENCE_SECONDS
    turns: dict[str, Turn] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    async def run(self, reader: str, work: Callable[[], T]) -> T:
        """Return what `work` returns, run in a thread when it is its turn. Errors: TooManyQuestionsWait."""
        turn = self.turns.setdefault(reader, Turn(asyncio.Semaphore(self.of_one)))
        if turn.count >= MOST_WAITING:
            raise TooManyQuestionsWait(waiting=turn.count)
        turn.count += 1
        try:
            await self._wait(turn)
            try:
                return await run_in_threadpool(work)
            finally:
                self._places.release()
                turn.at_work.release()
        finally:
            turn.count -= 1
            if turn.count == 0:
                self.turns.pop(reader, None)

    async def _wait(self, turn: Turn) -> None:
        """Take a place of the reader's own and then one of all readers', or neither."""
        try:
            async with asyncio.timeout(self.patience_seconds):
                await turn.at_work.acquire()
                try:
                    await self._places.acquire()
                except asyncio.CancelledError:
                    turn.at_work.release()
                    raise
        except TimeoutError:
            raise TooManyQuestionsWait(waiting=turn.count) from None


@dataclass(slots=True)
class QuestionQueue:
    """The lanes: heavy questions wait for heavy ones, and light ones for light ones.

    Together they leave connections of the pool to commands. `pages`: searches, and whatever else a page asks of a read
    model.
    """

    light: Lane = field(default_factory=lambda: Lane(at_once=6, of_one=3))
    heavy: Lane = field(default_factory=lambda: Lane(at_once=2, of_one=1))
    pages: Lane = field(default_factory=lambda: Lane(at_once=5, of_one=3))

    def lane(self, *, heavy: bool) -> Lane:
        return self.heavy if heavy else self.light

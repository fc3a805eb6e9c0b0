"""Queues questions in lanes, where readers take turns: the questions of one reader do not delay those of another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from adapters.access.principal import Principal
from adapters.web.framework.refusals import TooManyQuestionsWait

T = TypeVar("T")

READER: ContextVar[Principal | None] = ContextVar("reader", default=None)
"""The principal of the current request; None for a request without a key."""
MOST_WAITING = 100
"""The most questions of one reader in a lane. It bounds the memory of waiting questions."""
PATIENCE_SECONDS = 60.0


def reader_of(principal: Principal) -> str:
    """Return the name under which the reader's questions take turns."""
    return f"{principal.kind} {principal.name}"


def current_reader() -> str:
    """Return the name under which the questions of the current request take turns."""
    reader = READER.get()
    return "unknown" if reader is None else reader_of(reader)


@dataclass(slots=True)
class ReaderQueue:
    """The questions of one reader in a lane. `count`: those at work and those that wait."""

    at_work: asyncio.Semaphore
    count: int = 0


@dataclass(slots=True)
class Lane:
    """A lane: `at_once` questions run at the same time, and at most `of_one` of the same reader."""

    at_once: int
    of_one: int
    patience_seconds: float = PATIENCE_SECONDS
    queues: dict[str, ReaderQueue] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    async def run(self, reader: str, work: Callable[[], T]) -> T:
        """Return what `work` returns, run in a thread when it is its turn. Errors: TooManyQuestionsWait."""
        queue = self.queues.setdefault(reader, ReaderQueue(asyncio.Semaphore(self.of_one)))
        if queue.count >= MOST_WAITING:
            raise TooManyQuestionsWait(waiting=queue.count)
        queue.count += 1
        try:
            await self._wait(queue)
            try:
                return await run_in_threadpool(work)
            finally:
                self._places.release()
                queue.at_work.release()
        finally:
            queue.count -= 1
            if queue.count == 0:
                self.queues.pop(reader, None)

    async def _wait(self, queue: ReaderQueue) -> None:
        """Take a place of the reader's own and then one of all readers', or neither."""
        try:
            async with asyncio.timeout(self.patience_seconds):
                await queue.at_work.acquire()
                try:
                    await self._places.acquire()
                except asyncio.CancelledError:
                    queue.at_work.release()
                    raise
        except TimeoutError:
            raise TooManyQuestionsWait(waiting=queue.count) from None


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class QuestionQueue:
    """The lanes: heavy questions wait for heavy questions, and light questions for light questions.

    Together they leave connections of the pool for commands. `pages`: searches, and the other questions of pages. With
    few processors few questions run at once: more threads would take the interpreter from the event loop, and more
    backends of PostgreSQL the processors, without any answer earlier.
    """

    def __init__(self, processors: int) -> None:
        self.light = Lane(at_once=min(6, processors + 1), of_one=min(3, processors))
        self.heavy = Lane(at_once=max(1, min(2, processors // 2)), of_one=1)
        self.pages = Lane(at_once=min(5, processors), of_one=max(1, min(3, processors // 2)))

    def lane(self, *, heavy: bool) -> Lane:
        return self.heavy if heavy else self.light

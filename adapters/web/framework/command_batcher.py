"""Batches commands: the requests that wait at one moment are handled together in one call."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

TAKEN_AT_ONCE = 32
WORKERS = 2
"""While one waits for the disk, the other handles the next batch."""


@dataclass(frozen=True, slots=True)
class Waiting(Generic[A, R]):
    """A request in the queue, and the future of its answer in its event loop."""

    request: A
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[R] = field(compare=False)


class CommandBatcher(Generic[A, R]):
    """Lets coroutines await answers that `answer_all` computes in worker threads, up to 32 requests in a call."""

    def __init__(self, answer_all: Callable[[Sequence[A]], Sequence[R | Exception]]) -> None:
        self._answer_all = answer_all
        self._queue: queue.SimpleQueue[Waiting[A, R] | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []

    async def answer(self, request: A) -> R:
        """Return the answer to one request. The first call starts the workers. Errors: those of `answer_all`."""
        if not self._workers:
            self._open()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._queue.put(Waiting(request, loop, answer))
        return await answer

    def close(self) -> None:
        """Answer the requests in the queue and stop the workers. Safe to repeat; a later request starts them again."""
        workers, self._workers = self._workers, []
        for _ in workers:
            self._queue.put(None)
        for worker in workers:
            worker.join()

    def _open(self) -> None:
        self._workers = [
            threading.Thread(target=self._serve, name=f"commands-{number}", daemon=True) for number in range(WORKERS)
        ]
        for worker in self._workers:
            worker.start()

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            taken, last = self._taken_with(first)
            first.loop.call_soon_threadsafe(hand_out, taken, self._answers(taken))
            if last:
                return

    def _taken_with(self, first: Waiting[A, R]) -> tuple[list[Waiting[A, R]], bool]:
        """Return the requests that wait by now, and whether the worker ends after them."""
        taken = [first]
        while len(taken) < TAKEN_AT_ONCE:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return taken, True
            taken.append(following)
        return taken, False

    def _answers(self, taken: Sequence[Waiting[A, R]]) -> Sequence[R | Exception]:
        try:
            return self._answer_all([waiting.request for waiting in taken])
        except Exception as error:  # noqa: BLE001 - each waiting request gets it, and the thread lives on
            return [error] * len(taken)


def hand_out(taken: Sequence[Waiting[A, R]], answers: Sequence[R | Exception]) -> None:
    """Set the answer of each request that was not cancelled meanwhile."""
    for waiting, answer in zip(taken, answers, strict=True):
        if waiting.answer.done():
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)

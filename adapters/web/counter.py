"""Where requests wait for the desk: those that wait at one moment are taken there together."""

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
CLERKS = 2
"""While one waits for the disk, the other takes the next."""


@dataclass(frozen=True, slots=True)
class Waiting(Generic[A, R]):
    asking: A
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[R] = field(compare=False)


class Counter(Generic[A, R]):
    """Answers from coroutines what `answer_all` answers in threads, many at once."""

    def __init__(self, answer_all: Callable[[Sequence[A]], Sequence[R | Exception]]) -> None:
        self._answer_all = answer_all
        self._queue: queue.SimpleQueue[Waiting[A, R]] = queue.SimpleQueue()
        for number in range(CLERKS):
            threading.Thread(target=self._serve, name=f"clerk-{number}", daemon=True).start()

    async def answer(self, asking: A) -> R:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._queue.put(Waiting(asking, loop, answer))
        return await answer

    def _serve(self) -> None:
        while True:
            taken = [self._queue.get()]
            while len(taken) < TAKEN_AT_ONCE:
                try:
                    taken.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            taken[0].loop.call_soon_threadsafe(hand_out, taken, self._answers(taken))

    def _answers(self, taken: Sequence[Waiting[A, R]]) -> Sequence[R | Exception]:
        try:
            return self._answer_all([waiting.asking for waiting in taken])
        except Exception as error:  # noqa: BLE001 - those who wait hear of it, and the clerk goes on
            return [error] * len(taken)


def hand_out(taken: Sequence[Waiting[A, R]], answers: Sequence[R | Exception]) -> None:
    """Gives each its answer; who has gone away meanwhile gets none."""
    for waiting, answer in zip(taken, answers, strict=True):
        if waiting.answer.done():
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)

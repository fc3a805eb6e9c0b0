"""Runs questions to read models as of a moment, and waits until the read model has reached it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from psycopg import Connection
from psycopg.errors import UndefinedTable
from starlette.concurrency import run_in_threadpool

from adapters.postgres.log.barrier import PositionLiesAhead
from adapters.postgres.projector.waiting import ReadModelIsBehind
from adapters.web.framework.question_queue import QuestionQueue, current_reader, usable_processors
from adapters.web.framework.refusals import AsOfCannotBeRead, AsOfNumberIsBare
from adapters.web.framework.writing import DAY, MOMENT, Whole
from adapters.web.services import Services
from domain.days import last_instant
from domain.storable import is_storable_moment
from projections.read_model import ReadModel
from queries.question import AsOf

PATIENCE_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.02
LOOKS_FOR_A_READ_MODEL = 5
LARGEST_POSITION = 2**53
POSITION = "position:"
"""The prefix of a log position in `as_of`: a bare number could be a year as well."""

Question = Callable[[Connection[Any], AsOf], Any]
Run = Callable[[Callable[[], Any]], Awaitable[Any]]
AsOfText = Annotated[
    str | None,
    Query(
        alias="as_of",
        max_length=64,
        description="What was known then: a time, a date (its last microsecond; today's means now), or a log position,"
        " written position:1200. Omitted: now.",
        examples=["2026-05-04", "2026-05-04T09:30:00Z", "position:1200"],
    ),
]
MinPosition = Annotated[
    Whole | None,
    Query(
        ge=0,
        le=LARGEST_POSITION,
        description="Wait (5 seconds at most) until the answer includes this position, such as that of a command.",
    ),
]
BARE_NUMBER = re.compile(r"[+-]?[0-9._]+")


class NotSoFarYet(Exception):
    """The read model has not folded the log up to `least` yet; waiting helps."""

    def __init__(self, least: int) -> None:
        super().__init__(least)
        self.least = least


class QueryRunner:
    """Determines the position of an answer, waits until the read model has reached it, and runs the question."""

    def __init__(self, services: Services) -> None:
        self.services, self.queue = services, QuestionQueue(usable_processors())
        self._looks: dict[str, asyncio.Task[int]] = {}

    async def ask(
        self,
        read_model: ReadModel,
        question: Question,
        as_of: str | None,
        min_position: int | None,
        run: Run | None = None,
    ) -> Any:
        """Return the answer. `run`: runs the question in a thread when it is its turn; omitted: in the lane of pages.

        Errors: those of `as_of`, ReadModelIsBehind, TooManyQuestionsWait.
        """
        run = run or partial(self.queue.pages.run, current_reader())
        work = partial(self._ask, read_model.name, question, self.unless_now(as_of), min_position or 0)
        least = min_position or 0
        for _ in range(LOOKS_FOR_A_READ_MODEL):
            try:
                return await run(work)
            except NotSoFarYet as not_yet:
                least = not_yet.least
                await self.position_from(read_model.name, least)
            except UndefinedTable:  # the table is being swapped at this moment, or was never folded
                await asyncio.sleep(LOOK_EVERY_SECONDS)
        raise ReadModelIsBehind(name=read_model.name, position=0, wanted=least, seconds=0)

    def _ask(self, read_model: str, question: Question, as_of: str | None, min_position: int) -> Any:
        """Return the answer, in one run of a thread, because each run waits for a round of the event loop.

        Errors: those of `as_of`, NotSoFarYet.
        """
        wanted = None if as_of is None else self.as_of(as_of)
        least = max(min_position, 0 if wanted is None else wanted.position)
        position = self.services.read_model_position(read_model)
        if position < least:
            raise NotSoFarYet(least)
        with self.services.reading() as connection:
            return question(connection, wanted or self.at_position(position))

    async def position_from(self, read_model: str, least: int) -> int:
        """Return the read model's position once it has reached `least`.

        Errors: PositionLiesAhead, ReadModelIsBehind.
        """
        position: int = await run_in_threadpool(self.services.read_model_position, read_model)
        if position < least:
            await run_in_threadpool(self.require_written, least)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while position < least:
            if time.monotonic() > give_up:
                raise ReadModelIsBehind(name=read_model, position=position, wanted=least, seconds=int(PATIENCE_SECONDS))
            position = await asyncio.shield(self._next_look(read_model))
        return position

    def _next_look(self, read_model: str) -> asyncio.Task[int]:
        """Return the next look at the read model's position: one for all requests that wait for it."""
        look = self._looks.get(read_model)
        if look is None or look.done():
            look = self._looks[read_model] = asyncio.create_task(self._look(read_model))
        return look

    async def _look(self, read_model: str) -> int:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        return await run_in_threadpool(self.services.read_model_position, read_model)

    def unless_now(self, as_of: str | None) -> str | None:
        """Return `as_of`, or None if it is today's date, which means now."""
        today = self.services.now().astimezone(self.services.zone).date()
        return None if as_of == today.isoformat() else as_of

    def as_of(self, text: str) -> AsOf:
        """Return the position of a position, a time or a past date. It never changes.

        Errors: AsOfCannotBeRead, AsOfNumberIsBare, MomentLiesAhead, PositionLiesAhead.
        """
        if text.startswith(POSITION):
            position = position_of(text)
            self.require_written(position)
            return self.at_position(position)
        moment = moment_of(text, self.services)
        return AsOf(self.services.log.recorder.barrier.position_at(moment), moment, self.services.zone.key)

    def require_written(self, position: int) -> None:
        """Check that the log has the position; otherwise waiting is useless. Errors: PositionLiesAhead."""
        head = self.services.log.recorder.barrier.head()
        if position > head:
            raise PositionLiesAhead(position=position, head=head)

    def at_position(self, position: int) -> AsOf:
        return AsOf(position, self.services.log.recorder.barrier.time_of(position), self.services.zone.key)


def position_of(text: str) -> int:
    """Return the number in 'position:1200'. Errors: AsOfCannotBeRead."""
    number = text.removeprefix(POSITION)
    if not (number.isascii() and number.isdigit()):
        raise AsOfCannotBeRead
    return int(number)


def at_position(position: int) -> str:
    """Return the position as `as_of` is written."""
    return f"{POSITION}{position}"


def moment_of(text: str, services: Services) -> datetime:
    """Return the time in the text; of a date its last instant in the organisation's zone.

    Errors: AsOfCannotBeRead, AsOfNumberIsBare.
    """
    if BARE_NUMBER.fullmatch(text):
        raise AsOfNumberIsBare(number=text)
    written = text.replace(" ", "+")  # an unescaped plus of a zone's offset arrives as a blank
    try:
        if re.fullmatch(DAY, text):
            return last_instant(date.fromisoformat(text), services.zone)
        if re.fullmatch(MOMENT, written) and is_storable_moment(moment := datetime.fromisoformat(written)):
            return moment
    except (ValueError, OverflowError):
        raise AsOfCannotBeRead from None
    raise AsOfCannotBeRead


MOST_NAMED = 5
"""The most unknown parameters that an answer names. Each comes with the list of the parameters that exist."""


def refuse_unknown(given: Sequence[tuple[str, str]], accepted: Collection[str], many: Collection[str] = ()) -> None:
    """Check that each parameter is one of `accepted` and is given once; those of `many` may be repeated.

    Without the check, a misspelt parameter would be ignored and the answer would be wrong. Errors:
    RequestValidationError.
    """
    names = [name for name, _ in given]
    hint = f"Unknown parameter. Use one of: {', '.join(sorted(accepted)) or 'none'}"
    wrong = [(name, hint) for name in names if name not in accepted][:MOST_NAMED]
    wrong += [
        (name, "This parameter is given twice") for name in accepted if names.count(name) > 1 and name not in many
    ]
    if wrong:
        raise RequestValidationError(
            [{"type": "parameter", "loc": ("query", name), "msg": text} for name, text in wrong]
        )

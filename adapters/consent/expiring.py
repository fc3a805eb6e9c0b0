"""The clerk who notes the consents that have come to their end: each once, whoever else is at it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

import psycopg

from adapters.postgres.connections import UNREACHABLE
from adapters.postgres.log.append import AlreadyReceived
from adapters.postgres.projector.folds import position_of
from adapters.postgres.tables.offsets import reached
from adapters.runtime.background import beside
from commands.expire_consent import ExpireConsent
from commands.handle import Attached, Handled, Intention, Log, Occasion, Offset, Result
from commands.handle_in_order import handle_in_order
from commands.verb import Verb
from domain.errors import Refused
from projections.consent_state import CONSENT_STATE
from queries.ended import NEVER, EndedConsent, Watch, ended

LOGGER = logging.getLogger(__name__)
ACTOR = "clerk:expiry"
LOOK_EVERY_SECONDS = 60.0
AT_ONCE = 500
UNTIL, POSITION = "expiry:until", "expiry:position"
"""Under which names the log remembers how far the clerks have looked."""
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking once: how many consents had ended, and of how many that was noted now.

    The others were noted before, or did not end by their date: they had been answered anew, or their person erased.
    """

    ended: int
    noted: int


@dataclass(frozen=True, slots=True)
class ExpiryWorker:
    """Looks as long as it is `working`; several, in several processes, do one another no harm.

    reading: opens a connection that may read the read models. now: the time, with its zone.
    """

    log: Log
    verbs: Mapping[type, Verb]
    reading: Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
    now: Callable[[], datetime]
    look_every: float = LOOK_EVERY_SECONDS

    def working(self) -> AbstractContextManager[None]:
        """A thread that works meanwhile; at the end it is through with what it is at."""
        return beside(self._work, "expiry")

    def _work(self, over: threading.Event) -> None:
        while not over.is_set():
            try:
                self.look()
            except UNREACHABLE:
                LOGGER.warning("consents that end wait for the log")
            except Exception:  # a clerk that died would leave consents without their end, and nobody would see it
                LOGGER.exception("consents that end are looked for again in %s s", self.look_every)
            over.wait(self.look_every)

    def look(self) -> Looked:
        """Notes what has ended and is known of by now, as far as the read model knows the log.

        How far it has looked is written down at the end: broken off, it looks again, and nothing is noted twice.
        """
        now = self.now()
        with self.reading() as connection:
            since = watched(connection)
            # neither ever falls: where another clock goes ahead of ours, what has ended by it has ended
            upto = Watch(max(now, since.until), max(position_of(connection, CONSENT_STATE.schema), since.position))
            if upto.position == 0:  # nothing is folded yet, and maybe there are no tables
                return Looked(0, 0)
            found = ended(connection, since, upto)
        blocks = [found[first : first + AT_ONCE] for first in range(0, len(found), AT_ONCE)]
        results = [result for block in blocks for result in self._note(block, upto.until)]
        self._remember(UNTIL, as_number(since.until), as_number(upto.until))
        self._remember(POSITION, since.position, upto.position)
        noted = sum(isinstance(result, Handled) and not result.before for result in results)
        return Looked(len(found), noted)

    def _note(self, found: Sequence[EndedConsent], now: datetime) -> Sequence[Result]:
        """Errors: whatever stood in the way of one and is no refusal."""
        results = handle_in_order(self.log, self.verbs, [intention(one, now) for one in found], once=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, Refused):
                raise result
        return results

    def _remember(self, name: str, before: int, number: int) -> None:
        if number > before:
            try:
                handle_in_order(self.log, self.verbs, [], attach=lambda _: Attached(offset=Offset(name, number)))
            except AlreadyReceived:
                LOGGER.debug("another clerk has looked further")


def intention(found: EndedConsent, now: datetime) -> Intention:
    """To note one consent's end. The command's id is made of the consent's: every clerk makes the same event."""
    command = ExpireConsent(
        candidate=found.candidate,
        consent=found.consent,
        occurred_at=found.valid_until,
        occurred_how="derived.valid_until",
        now=now,
    )
    occasion = Occasion(uuid5(found.consent, "expiry"), ACTOR, now, causation=found.consent)
    return Intention(occasion, lambda: (command,))


def watched(connection: psycopg.Connection[Any]) -> Watch:
    """How far the clerks have looked."""
    until = NEVER.until + reached(connection, UNTIL) * MICROSECOND
    return Watch(until, reached(connection, POSITION))


def as_number(moment: datetime) -> int:
    return (moment - NEVER.until) // MICROSECOND

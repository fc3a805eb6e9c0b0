"""Answers what the workflows ask of the read models: who is overdue, what has ended, who shares addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.postgres.connections import Reading
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.projector import folds
from adapters.postgres.projector.waiting import wait_until_folded
from adapters.postgres.tables.erasures import Erasures
from commands.workflows.apply_retention import DuePerson, ReadModelsAreBehind
from commands.workflows.erase_person import Person
from commands.workflows.expire_consents import Watermark
from domain.retention import Rules
from projections.consent_state import CONSENT_STATE
from projections.directory import DIRECTORY, EVIDENCE
from queries.ended import EndedConsent, Watch, ended
from queries.question import AsOf
from queries.retention import READ_MODELS, Overdue, Retention, Sought, retention
from queries.sharers import sharers

RETENTION_WAITS_SECONDS = 30.0
SHARERS_WAIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class OverduePeople:
    """The people whose retention period is over. head: the log's settled end. position_of: of a read model."""

    reading: Reading
    position_of: Callable[[str], int]
    head: Callable[[], int]
    rules: Rules
    zone: ZoneInfo
    now: Callable[[], datetime]

    def page(self, day: date | None, sought: Sought) -> Retention:
        """Returns one page of them, as of the day; None: today."""
        position = min(self.position_of(model.name) for model in READ_MODELS)
        with self.reading() as connection:
            as_of = AsOf(position, self.now(), self.zone.key)
            return retention(connection, as_of, self.rules, day, sought)

    def overdue(self, day: date | None, sought: Sought) -> Iterator[Overdue]:
        """Returns all of them, page by page."""
        while True:
            page = self.page(day, sought)
            yield from page.people
            if page.next is None:
                return
            sought = replace(sought, after=page.next)

    def due(self) -> Iterator[DuePerson]:
        """Returns those who are to be erased today."""
        return self.overdue(None, Sought(standing="due"))

    def is_due(self, candidate: UUID) -> bool:
        """Returns whether this person is to be erased today."""
        people = self.page(None, Sought(candidate=candidate, limit=1)).people
        return bool(people) and people[0].standing == "due"

    def require_current(self) -> None:
        """Wait until the read models have folded the whole log. Errors: ReadModelsAreBehind."""
        names = [model.name for model in READ_MODELS]
        if wait_until_folded(self.position_of, names, self.head(), RETENTION_WAITS_SECONDS):
            raise ReadModelsAreBehind


@dataclass(frozen=True, slots=True)
class ConsentEnds:
    """The consents that have ended."""

    reading: Reading

    def position(self) -> int:
        """Returns the log position that the read model has folded."""
        with self.reading() as connection:
            return folds.position_of(connection, CONSENT_STATE.schema)

    def ended(self, since: Watermark, upto: Watermark) -> Sequence[EndedConsent]:
        """Returns every consent that the second watermark covers and the first does not, by their end."""
        with self.reading() as connection:
            return ended(connection, Watch(since.until, since.position), Watch(upto.until, upto.position))


def others_shut_out(log: EventLog, erasures: Erasures, person: Person) -> int | None:
    """Return how many living people apart from this one have an address of theirs; None where the directory is behind.

    `person` must still be readable.
    """
    hashes = [(EVIDENCE[kind], key) for kind, text in person.addresses for key in log.addresses.blinds(kind, text)]
    if not hashes:
        return 0
    log.recorder.barrier.expire()
    head = log.recorder.barrier.head()
    with log.recorder.datastore.pool.connection() as connection:
        position_of = partial(folds.position_of, connection)
        if wait_until_folded(position_of, [DIRECTORY.schema], head, SHARERS_WAIT_SECONDS):
            return None
        people = sharers(connection, hashes, person.records)
    return len(people - erasures.asked_for(people))

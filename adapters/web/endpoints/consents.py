"""What a candidate allows us over HTTP: how it stands, how it came to that, line by line, and what ends soon."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Query
from psycopg import Connection
from starlette.concurrency import run_in_threadpool

from adapters.web.endpoints.candidates import At
from adapters.web.endpoints.directory import one_of
from adapters.web.framework import cursor as cursors
from adapters.web.framework.plain import Answered, answered, rendered
from adapters.web.framework.query_runner import AsOfText, MinPosition, QueryRunner, at_position
from adapters.web.framework.who import Who
from adapters.web.framework.writing import Whole
from adapters.web.services import Services
from domain.candidate import CANDIDATE, ENTRIES, MERGES, Candidate
from domain.event import Aggregate, Event, Recorded
from domain.purposes import PURPOSES
from projections.consent_state import CONSENT_STATE
from queries import consents as states
from queries.consent_trail import ASKED, SENDS, Line, Sent, trail
from queries.consents import Consents, ConsentState
from queries.expiring import DEFINITION, VERSION, After, Expiring, ExpiringConsent, expiring
from queries.question import AsOf

LONGEST_PAGE = 500
LONGEST_DAYS = 3660
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SentLine(Sent):
    """A message that cites the answer, as we believe of it: what it was and when, the event that says so, and where
    the proof of that event is."""

    @property
    def proof(self) -> str:
        return proof_of(self.event)


@dataclass(frozen=True, slots=True)
class TrailLine(Line):
    """One thing asked or answered. `renewed`: given while an earlier yes to the same was living; `erased`: taken back
    because the person was erased. `withheld` is no answer: since the merge with `merged_with`, one of the records
    allows it and the other denied it; `lifted_at`: when an un-merge ended that.

    `answered_by` is who answered and `recorded_by` who wrote it down. `everywhere`: a withdrawal that left nothing of
    the purpose. `because_of`: the touchpoint that a withdrawal came with; `consent`: the yes that expired.
    came_from, evidence and note are personal: null where there is none, or where `unreadable` says it was erased.
    `sent`: what was sent because of it. `receipt`: of a yes, where its receipt is.
    """

    sent: tuple[SentLine, ...]

    @property
    def proof(self) -> str:
        return proof_of(self.event)

    @property
    def receipt(self) -> str | None:
        return receipt_of(self.event) if self.what in ("given", "renewed") else None


@dataclass(frozen=True, slots=True)
class ConsentTrail:
    """All answers that held at `valid_at`, and everything that was asked and answered up to then, in that order.

    A purpose and channel not listed in `states` was not answered. The answers of all `records` of the person count
    together. `merged_into` is the record that speaks for the person, where another one was asked for.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    candidate: UUID
    merged_into: UUID | None
    records: tuple[UUID, ...]
    valid_at: datetime
    states: tuple[ConsentState, ...]
    trail: tuple[TrailLine, ...]


@dataclass(frozen=True, slots=True)
class EndingConsent(ExpiringConsent):
    """A consent that holds and is about to end: on which channels it is still what decides, and until when.

    `candidate` is the record that speaks for the person, `record` the one in which the consent stands.
    """

    @property
    def proof(self) -> str:
        return proof_of(self.event)

    @property
    def receipt(self) -> str:
        return receipt_of(self.event)


@dataclass(frozen=True, slots=True)
class EndingConsents:
    """A page of the consents that end after `as_of` and not after `until`, the soonest first; `n` in all.

    `next`: the `cursor` of the following page; null: this is the last.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    until: datetime
    n: int
    consents: tuple[EndingConsent, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Of one record: whether it is a candidate's, with whom it was merged, and what its part of the trail needs."""

    candidate: Candidate
    events: tuple[Recorded[Event], ...] = ()


def evolve(history: History, recorded: Recorded[Event]) -> History:
    """The history after one more event of the record."""
    if isinstance(recorded.event, (*ASKED, *SENDS, *MERGES)):
        history = replace(history, events=(*history.events, recorded))
    return replace(history, candidate=CANDIDATE.evolve(history.candidate, recorded))


def linked_records(history: History) -> Collection[UUID]:
    return CANDIDATE.linked_records(history.candidate)


HISTORY = Aggregate("consent-history", lambda record: History(Candidate(record)), evolve, linked_records)
READS: frozenset[type[Event]] = frozenset((*ENTRIES, *MERGES, *ASKED, *SENDS))


@dataclass(frozen=True, slots=True)
class ConsentEndpoints:
    """The endpoints about what candidates allow us."""

    services: Services
    queries: QueryRunner

    async def consents(
        self, candidate: UUID, who: Who, at: At = None, as_of: AsOfText = None, min_position: MinPosition = None
    ) -> Answered[ConsentTrail]:
        """What a candidate allows us: the answer that holds for each purpose on each channel, and how it came to that.

        The trail has everything that was asked and answered, in which wording, by whom and from where, until when it
        holds and what was sent because of it; each line says where its proof is. Of a merged person it has the lines of
        all records. `at` asks for a past moment, `as_of` for what was known then.
        """

        def question(connection: Connection[Any], known: AsOf) -> Consents:
            return states.consents(connection, candidate, known, at)

        await run_in_threadpool(self._require_record, candidate)
        found: Consents = await self.queries.ask(CONSENT_STATE, question, as_of, min_position)
        return await run_in_threadpool(self._told, found, who)

    async def consents_expiring(
        self,
        who: Who,
        within: Annotated[Whole, Query(ge=1, le=LONGEST_DAYS, description="In so many days from as_of on.")] = 30,
        purpose: Annotated[str | None, one_of(PURPOSES, "Consents to this purpose alone.")] = None,
        cursor: Annotated[str | None, Query(max_length=400, description="The `next` of the page before.")] = None,
        limit: Annotated[Whole, Query(ge=1, le=LONGEST_PAGE, description="How many, at most.")] = 100,
        as_of: AsOfText = None,
        min_position: MinPosition = None,
    ) -> Answered[EndingConsents]:
        """The consents that hold and end soon, the soonest first, so that people can be asked again in time.

        All pages are of the moment of the first, whatever is written meanwhile.
        """
        asked = f"consents-expiring {within} {purpose} {as_of}"
        known_then, after = self.queries.unless_now(as_of), None
        if cursor is not None:
            known_then, valid_until, event = cursors.opened(self.services.key_file, asked, cursor)
            after = After(datetime.fromisoformat(valid_until), UUID(event))

        def question(connection: Connection[Any], known: AsOf) -> Expiring:
            return expiring(connection, known, timedelta(within), purpose, after, limit)

        found: Expiring = await self.queries.ask(CONSENT_STATE, question, known_then, min_position)
        await run_in_threadpool(
            self.services.readings.viewed, who, "consents-expiring", [one.candidate for one in found.consents]
        )
        return await rendered(self._page(found, asked, known_then))

    def _page(self, found: Expiring, asked: str, as_of: str | None) -> EndingConsents:
        following = None
        if found.next is not None:
            place = [as_of or at_position(found.position), found.next.valid_until.isoformat(), str(found.next.event)]
            following = cursors.sealed(self.services.key_file, asked, place)
        told = tuple(linked(EndingConsent, one) for one in found.consents)
        return EndingConsents(
            DEFINITION, VERSION, found.position, found.as_of, found.until, found.n, told, following,
        )  # fmt: skip

    def _told(self, found: Consents, who: Who) -> Answered[ConsentTrail]:
        """Who sees it is recorded before it is answered."""
        loaded = self.services.log.load_all(dict.fromkeys(found.records, (HISTORY, READS)))
        events = [event for history in loaded.values() for event in history.state.events]
        lines = trail_lines(events, found.position, found.valid_at)
        self.services.readings.viewed(who, "consents", found.records)
        told = {one.name: getattr(found, one.name) for one in fields(found)}
        return answered(ConsentTrail(**told, trail=lines))

    def _require_record(self, candidate: UUID) -> None:
        """Errors: CandidateDoesNotExist."""
        known: Candidate = self.services.log.load(CANDIDATE, candidate, frozenset(ENTRIES)).state
        known.require_record()


def trail_lines(events: Iterable[Recorded[Event]], position: int, valid_at: datetime) -> tuple[TrailLine, ...]:
    """The trail of these events of one person, each line with its links."""
    return tuple(
        replace(linked(TrailLine, line), sent=tuple(linked(SentLine, sent) for sent in line.sent))
        for line in trail(events, position, valid_at)
    )


def linked(kind: type[T], told: Any) -> T:
    """The same as `told`, of the kind that knows its links."""
    return kind(**{one.name: getattr(told, one.name) for one in fields(told)})


def proof_of(event: UUID) -> str:
    """Where the proof is that the log holds the event."""
    return f"/v1/events/{event}/proof"


def receipt_of(consent: UUID) -> str:
    """Where the receipt is of the consent that the event records."""
    return f"/v1/consents/{consent}/receipt"

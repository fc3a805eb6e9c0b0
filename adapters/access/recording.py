"""Records who is shown candidates, before the response is sent: one event a request, of a view one an hour."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from adapters.access.principal import Principal
from commands.attached import Attached
from commands.log import ConcurrencyConflict
from domain.access import PeopleExported, PeopleSearched, PeopleViewed
from domain.event import Event, Recorded


class Appends(Protocol):
    """What recording needs of the log."""

    def append_all(self, appends: Sequence[tuple[Sequence[Recorded[Event]], Attached]]) -> Sequence[int | Exception]:
        """For each, the position after it, or what stood in its way."""
        ...


@dataclass(frozen=True, slots=True)
class Readings:
    """Records who sees whom. Each method waits for the disk, shared with all appends of that moment, and raises what
    stood in the way: a request that cannot be recorded is not answered. Programs that read are recorded as well.
    """

    log: Appends
    new_id: Callable[[], UUID]
    now: Callable[[], datetime]
    view_stream: Callable[[str], UUID]
    """The one stream of a view in an hour, by what it is a view of."""

    def viewed(self, who: Principal, page: str, people: Iterable[UUID]) -> None:
        """Record the candidates that a page shows; record nothing if it shows none.

        The same view by the same reader is recorded once in each hour of the clock (UTC), whichever process shows it:
        its stream is named by the hour, and has one event.
        """
        shown = as_told(people)
        if shown:
            hour = self.now().astimezone(UTC).strftime("%Y-%m-%dT%H")
            stream = self.view_stream(" ".join([who.actor, page, hour, *shown]))
            with suppress(ConcurrencyConflict):  # it stands there already
                self._record(who, PeopleViewed(page, shown), stream)

    def searched(self, who: Principal, page: str, people: Iterable[UUID], query: str | None) -> None:
        """Record the candidates that a search found, if any, and its query as it was sent, sealed under a key of its
        own."""
        self._record(who, PeopleSearched(page, as_told(people), query))

    def exported(
        self,
        who: Principal,
        page: str,
        people: Iterable[UUID],
        holds: Collection[str],
        export: UUID | None = None,
    ) -> UUID:
        """Record the candidates whose data leaves as a file, and return the export's id.

        `holds`: codes of what is in the file. `export`: the id that the file names; left out, a new one.
        """
        export = export or self.new_id()
        self._record(who, PeopleExported(export, page, as_told(people), tuple(holds)))
        return export

    def _record(self, who: Principal, event: Event, stream: UUID | None = None) -> None:
        recorded = Recorded(
            stream=stream or self.new_id(),
            version=1,
            event=event,
            id=self.new_id(),
            recorded_at=self.now(),
            actor=who.actor,
        )
        (outcome,) = self.log.append_all([([recorded], Attached())])
        if isinstance(outcome, Exception):
            raise outcome


def as_told(people: Iterable[UUID]) -> tuple[str, ...]:
    """Each once, in an order that says nothing."""
    return tuple(sorted({str(person) for person in people}))

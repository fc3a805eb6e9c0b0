"""Reads the kept deliveries again with today's rules, and adds what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from adapters.intake.integrations.inbound import (
    ERASED,
    KEY_STANDS_TWICE,
    NOT_FETCHED,
    CauseIsMissing,
    Inbox,
    Integration,
    PartIsMissing,
    Understood,
    object_in,
)
from adapters.intake.integrations.restating import statements_in
from adapters.intake.remembering import Histories, RememberingHistories
from adapters.intake.strict_json import KeyStandsTwice
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.tables.deliveries import Deliveries, KeptDelivery
from commands.attached import Statement
from commands.handle import Handled, Intention, Occasion, Unit, handle
from commands.verb import Command, Verb
from domain.candidate import CandidateIsErased
from domain.errors import Refused
from domain.event import Erased
from domain.streams import load_with_linked_records


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of a delivery in a sweep: 'complete' (nothing was missing), 'mended', 'kept' or 'unreadable'.

    A rule may refuse now what was applied long ago: such a delivery stays applied. statements: what it states
    or confirms.
    """

    outcome: str
    reason: str | None = None
    events: int = 0
    position: int | None = None
    statements: Sequence[Statement] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Reads all that one outside system has sent. `opened` gives a delivery's raw body, or Erased."""

    inbox: Inbox
    log: Histories
    verbs: Mapping[type, Verb]
    deliveries: Deliveries
    opened: Callable[[str, str, bytes], bytes | Erased]
    now: Callable[[], datetime]

    def sweep(self, integration: Integration) -> Iterator[Swept]:
        """Yield what becomes of every delivery, in the order of arrival; safe to stop and to run again."""
        remembering = RememberingHistories(self.log)
        again = Again(self.inbox, remembering, self.verbs, self.opened, self.now)
        for delivery in self.deliveries.in_order(integration.name):
            swept = again.read(integration, delivery)
            if delivery.outcome != "applied":
                if swept.outcome in ("mended", "complete"):
                    self.deliveries.settle(delivery, "applied", None, swept.position)
                elif swept.reason == NOT_FETCHED and delivery.outcome == "kept":
                    self.deliveries.fetch_again(delivery, NOT_FETCHED)
                elif swept.reason != delivery.reason:
                    self.deliveries.settle(delivery, delivery.outcome, swept.reason, None)
            self.deliveries.add_statements(delivery, swept.statements)
            yield swept


@dataclass(frozen=True, slots=True)
class Again:
    """Reads one delivery after the other again, and each stream of the log once."""

    inbox: Inbox
    log: RememberingHistories
    verbs: Mapping[type, Verb]
    opened: Callable[[str, str, bytes], bytes | Erased]
    now: Callable[[], datetime]

    def read(self, integration: Integration, delivery: KeptDelivery) -> Swept:
        body = self.opened(delivery.source, delivery.delivery_id, delivery.body) if delivery.body else Erased()
        try:
            document = None if isinstance(body, Erased) else object_in(body)
        except KeyStandsTwice:
            return Swept("unreadable", KEY_STANDS_TWICE)
        if document is None:
            return Swept("unreadable", ERASED if isinstance(body, Erased) else "not-json")
        try:
            understood = self.inbox.understand(
                integration, document, self.now(), self.log, received=delivery.received_at
            )
            return self._complete(integration, understood)
        except CauseIsMissing as missing:
            # what took back its cause once took it back for good
            return Swept("complete") if delivery.outcome == "applied" else Swept("kept", missing.reason)
        except PartIsMissing as missing:
            return Swept("kept", missing.reason)
        except (CandidateIsErased, PersonWasErased):
            return Swept("kept", ERASED)
        except Refused as refusal:
            return Swept("kept", refusal.rule())

    def _complete(self, integration: Integration, understood: Understood) -> Swept:
        """Add what the commands state and the log lacks."""
        if understood.plan is None:
            return Swept("kept", understood.reason)
        commands = understood.plan()
        added = [done for command in commands if (done := self._added(integration, command)) is not None]
        if added:
            newer = self.inbox.restatements(integration, statements_in(commands), self.now(), self.log)
            added += [done for command in newer if (done := self._added(integration, command)) is not None]
        events = sum(len(done.events) for done in added)
        outcome, position = ("mended", added[-1].position) if events else ("complete", None)
        return Swept(outcome, None, events, position, understood.statements)

    def _added(self, integration: Integration, command: Command) -> Handled | None:
        occasion = Occasion(uuid4(), f"integration:{integration.name}", self.now())
        whole = self.log.completed((command,))
        unit = Unit(self.verbs, Intention(occasion, lambda: (command,)), whole.commands)
        decided, _ = unit.decide_over(load_with_linked_records(self.log, unit.wanted()))
        if all(map(self.log.stands, decided)):
            return None
        return handle(self.log, self.verbs, occasion, lambda: (command,))

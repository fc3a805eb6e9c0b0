"""Tests of commands: given(events).when(command).then(events) or .refused(rule)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.catalogue import VERBS
from commands.verb import Command, Events, Load
from domain.application import ApplicationSubmitted
from domain.candidate import CandidateSourced
from domain.consent import ConsentGiven, ConsentWithdrawn
from domain.errors import Refused
from domain.event import Event, Recorded
from domain.requisition import OpeningOpened, RequisitionOpened

ALICE, BOB, JOB, SEAT, OTHER_SEAT, APPLICATION, TOUCHPOINT, MESSAGE = (UUID(int=number) for number in range(1, 9))
DAY = timedelta(days=1)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = START + 100 * DAY

BY_COMMAND = {verb.command: verb for verb in VERBS}


@dataclass(frozen=True, slots=True)
class At:
    """An event that occurred at a time other than the one it was recorded at."""

    occurred_at: datetime
    event: Event


@dataclass(slots=True)
class History:
    """A log in memory: streams of recorded events, and what each verb would decide over them."""

    streams: dict[UUID, list[Recorded[Event]]] = field(default_factory=dict)
    count: int = 0

    def add(self, stream: UUID, event: Event, recorded_at: datetime, occurred_at: datetime | None = None) -> None:
        before = self.streams.setdefault(stream, [])
        self.count += 1
        recorded = Recorded(stream, len(before) + 1, event, event_id(self.count), recorded_at, occurred_at)
        before.append(recorded)

    def decide(self, command: Command, *, reading_everything: bool = False) -> Events:
        """What the verb decides, from the event types it says that it reads or from all of them."""
        verb = BY_COMMAND[type(command)]
        return verb.decide(*(self.state(load, command, reading_everything) for load in verb.loads), command)

    def state(self, load: Load, command: Command, reading_everything: bool) -> object:
        def state_of(stream: UUID) -> Any:
            history = self.streams.get(stream, [])
            read = (entry for entry in history if reading_everything or isinstance(entry.event, load.reads))
            return load.aggregate.fold(stream, read)

        states = {stream: load.aggregate.joined(state_of(stream), state_of) for stream in load.streams(command)}
        return states if load.many else next(iter(states.values()), None)

    def take(self, command: Command) -> Events:
        """Decides and keeps what was decided."""
        decided = self.decide(command)
        for stream, events in decided.items():
            for event in events:
                self.add(stream, event, command.now, command.occurred_at)
        return decided

    def everything(self) -> list[Recorded[Event]]:
        return [recorded for stream in self.streams.values() for recorded in stream]


@dataclass(frozen=True, slots=True)
class When:
    """A history and the command asked of it."""

    history: History
    command: Command

    def then(self, expected: Mapping[UUID, Sequence[Event]]) -> None:
        """Exactly these events are decided (none: an empty mapping)."""
        assert self.history.decide(self.command) == {stream: list(events) for stream, events in expected.items()}

    def refused(self, rule: type[Refused]) -> None:
        """This rule refuses it, and says what is wrong, where and what to do."""
        with pytest.raises(Refused) as caught:
            self.history.decide(self.command)
        assert type(caught.value) is rule
        assert caught.value.what
        assert caught.value.what_to_do
        assert caught.value.where


@dataclass(frozen=True, slots=True)
class Given:
    history: History

    def when(self, command: Command) -> When:
        return When(self.history, command)


def given(streams: Mapping[UUID, Sequence[Event | At]]) -> Given:
    """What has happened: per stream its events, each recorded a day after the one before, from START on."""
    history = History()
    for stream, events in streams.items():
        for number, event in enumerate(events):
            dated = event if isinstance(event, At) else At(START + number * DAY, event)
            history.add(stream, dated.event, START + number * DAY, dated.occurred_at)
    return Given(history)


def event_id(number: int) -> UUID:
    """The id of the history's event of that number, counting from 1."""
    return UUID(int=(1 << 64) + number)


SOURCED = CandidateSourced("career-site", "engineer", "berlin", None, None, "Alice", ("a@example.org",), ())
OPENED = RequisitionOpened("engineer", "berlin", "growth", False, None, None, "Engineer")
SEAT_OPENED = OpeningOpened(SEAT, None)
SUBMITTED = ApplicationSubmitted(ALICE, JOB, "career-site", None, None)
CONSENTED = ConsentGiven(
    purpose="talent_pool",
    channels=("email",),
    basis="consent",
    jurisdiction="de",
    notice="talent-pool",
    notice_version="3",
    notice_sha256=None,
    language="de",
    method="web-form",
    answered_by="self",
    valid_until=None,
    evidence=None,
)


def consented(purpose: str = "talent_pool", *channels: str, until: datetime | None = None) -> ConsentGiven:
    return replace(CONSENTED, purpose=purpose, channels=channels or ("email",), valid_until=until)


def withdrawn(purpose: str = "talent_pool", *channels: str, entirely: bool = False) -> ConsentWithdrawn:
    return ConsentWithdrawn(purpose, channels or ("email",), entirely, "unknown", None, None)

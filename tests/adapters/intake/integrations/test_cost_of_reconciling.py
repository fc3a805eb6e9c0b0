"""What it costs to read deliveries again grows with their number, however few people they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations import greenhouse
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.reconciling import Sweep
from adapters.intake.remembering import RememberingHistories
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.deliveries import Deliveries
from commands.attached import Attached
from commands.handle import Occasion, handle
from commands.learn_profile_fact import LearnProfileFact
from commands.log import ConcurrencyConflict
from domain.candidate import CANDIDATE, ENTRIES, FACTS
from domain.event import Event, Recorded
from domain.streams import Loaded, Wanted
from tests.adapters.intake.integrations.bodies import NEW, SECRET, application, delivery, signed
from tests.adapters.intake.integrations.test_lists import calls
from tests.given import event_id

GREENHOUSE = INTEGRATIONS["greenhouse"]
BEGAN = datetime(2026, 1, 1, 9, tzinfo=UTC)
Receive = Callable[[bytes], object]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def inbox(log: EventLog, key_file: KeyFile) -> Inbox:
    return Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("UTC"))


@pytest.fixture
def receive(inbox: Inbox) -> Receive:
    return lambda body: inbox.receive(GREENHOUSE, [SECRET], signed(body), body, now())


def moves(first: int, n: int) -> list[bytes]:
    """So many changes of stage of one application, each at a time of its own."""
    bodies = []
    for number in range(first, first + n):
        at = (BEGAN + timedelta(minutes=number)).isoformat()
        stage = {"id": number % 5, "name": f"Stage {number % 5}"}
        bodies.append(
            delivery("candidate_stage_change", application=application(last_activity_at=at, current_stage=stage))
        )
    return bodies


@dataclass
class Counting:
    """The log, and how many streams were read of it."""

    log: EventLog
    read: Counter[str] = field(default_factory=Counter)

    def load_all(self, wanted: Wanted) -> Mapping[UUID, Loaded]:
        self.read["streams"] += len(wanted)
        return self.log.load_all(wanted)

    def history(self, stream: UUID) -> list[Recorded[Event]]:
        self.read["histories"] += 1
        return self.log.history(stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log, name)


def sweep_of(log: Any, inbox: Inbox, base: EventLog) -> Sweep:
    return Sweep(inbox, log, VERB_OF, Deliveries(base.recorder.datastore), base.open_delivery, now)


def test_a_stream_is_read_once_however_many_deliveries_are_about_it(
    log: EventLog, inbox: Inbox, receive: Receive
) -> None:
    for body in (NEW, *moves(1, 12)):
        receive(body)
    few = Counting(log)
    list(sweep_of(few, inbox, log).sweep(GREENHOUSE))
    for body in moves(13, 24):
        receive(body)
    many = Counting(log)
    assert {swept.outcome for swept in sweep_of(many, inbox, log).sweep(GREENHOUSE)} == {"complete"}
    assert many.read == few.read


@pytest.mark.parametrize("missing", [False, True])
def test_twice_as_many_deliveries_cost_twice_as_much(
    log: EventLog, inbox: Inbox, receive: Receive, monkeypatch: pytest.MonkeyPatch, missing: bool
) -> None:
    """Also where each of them adds an event to the one stream that they are about."""
    cost, first = [], 1
    receive(NEW)
    for n in (20, 60):
        with monkeypatch.context() as ignorant:
            if missing:
                ignorant.delitem(greenhouse.OF_APPLICATIONS, "candidate_stage_change")
            for body in moves(first, n):
                receive(body)
        first += n
        cost.append(calls(partial(list, sweep_of(log, inbox, log).sweep(GREENHOUSE))))
    few, many = cost
    assert many < 4.6 * few, "20 deliveries, then 80"


def test_what_others_append_meanwhile_is_met_and_read_again(log: EventLog, receive: Receive, key_file: KeyFile) -> None:
    receive(NEW)
    rosa = key_file.stream_of("greenhouse", "candidate", "501")
    remembering, reads = RememberingHistories(log), frozenset((*ENTRIES, *FACTS))
    version = remembering.load(CANDIDATE, rosa, reads).version

    def learn(through: Any, value: str) -> None:
        command = LearnProfileFact(candidate=rosa, fact="tag", learned_from="self", value=value, now=now())
        handle(through, VERB_OF, Occasion(event_id(len(value)), "user:ana", now()), lambda: (command,))

    def ids_in(through: Any) -> list[UUID]:
        return [statement.id for statement in through.load(CANDIDATE, rosa, reads).state.telling]

    learn(log, "a")
    assert remembering.load(CANDIDATE, rosa, reads).version == version
    learn(remembering, "bb")
    assert remembering.load(CANDIDATE, rosa, reads).version == version + 2
    assert ids_in(remembering) == ids_in(log)
    learn(log, "ccc")
    (stale,) = [recorded for recorded in log.history(rosa) if recorded.version == version + 2]
    with pytest.raises(ConcurrencyConflict):
        remembering.append_block([replace(stale, id=event_id(99))], Attached())
    assert ids_in(remembering) == ids_in(log)

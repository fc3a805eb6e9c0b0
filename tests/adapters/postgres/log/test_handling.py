"""Intentions that come at one moment share the way to the log, and no fate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap import VERB_OF
from adapters.postgres.log.event_log import EventLog
from commands.attached import Attached, Idempotency
from commands.handle import Handled, Intention, Occasion, VersionIsNotTheExpectedOne, handle, handle_together
from commands.log import ConcurrencyConflict
from commands.record_touchpoint import RecordTouchpoint
from commands.source_candidate import SourceCandidate
from domain.errors import NotFound

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def occasion() -> Occasion:
    return Occasion(uuid4(), "api:test", NOW)


def touch(candidate: UUID) -> Intention:
    command = RecordTouchpoint(candidate=candidate, touchpoint=uuid4(), kind="email-replied", now=NOW)
    return Intention(occasion(), lambda: (command,))


@pytest.fixture
def candidates(log: EventLog) -> list[UUID]:
    made = [uuid4() for _ in range(3)]
    for candidate in made:
        command = SourceCandidate(
            candidate=candidate, source="fair", role="any", location="any", name="Nora Blum", now=NOW
        )
        handle(log, VERB_OF, occasion(), partial(tuple, [command]))
    return made


def test_many_on_one_stream_are_all_done_one_after_the_other(log: EventLog, candidates: list[UUID]) -> None:
    results = handle_together(log, VERB_OF, [touch(candidates[n % 2]) for n in range(40)])
    assert all(isinstance(result, Handled) for result in results)
    assert [event.version for event in log.history(candidates[0])] == list(range(1, 22))
    assert [event.version for event in log.history(candidates[1])] == list(range(1, 22))


def test_each_has_its_own_result(log: EventLog, candidates: list[UUID]) -> None:
    expected = Intention(occasion(), touch(candidates[1]).plan, expected={candidates[1]: 7})

    def fail() -> tuple[object, ...]:
        raise ValueError("a plan that fails")

    intentions = [touch(candidates[0]), touch(uuid4()), expected, Intention(occasion(), fail), touch(candidates[2])]
    kinds = [type(result) for result in handle_together(log, VERB_OF, intentions)]
    assert kinds[0] is kinds[4] is Handled
    assert issubclass(kinds[1], NotFound)
    assert kinds[2:4] == [VersionIsNotTheExpectedOne, ValueError]


def test_a_record_that_is_there_already_fails_its_own_append_alone(log: EventLog, candidates: list[UUID]) -> None:
    kept = Attached(Idempotency("key", "ab" * 32, {}, NOW + timedelta(days=1)))
    twice = [Intention(occasion(), touch(c).plan, attach=lambda _: kept) for c in candidates[:2]]
    first, second, third = handle_together(log, VERB_OF, [*twice, touch(candidates[2])])
    assert isinstance(first, Handled)
    assert type(second).__name__ == "AlreadyReceived"
    assert isinstance(third, Handled)
    assert [len(log.history(candidate)) for candidate in candidates] == [2, 1, 2]


def test_a_lasting_conflict_ends_as_one(log: EventLog, candidates: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "append_all", lambda appends: [ConcurrencyConflict()] * len(appends))
    with pytest.raises(ConcurrencyConflict):
        handle(log, VERB_OF, occasion(), touch(candidates[0]).plan)

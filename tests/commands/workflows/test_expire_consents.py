"""Every consent that ends is recorded exactly once, however runs interleave, clocks differ and folding lags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from commands.give_consent import GiveConsent
from commands.handle import Occasion, handle
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.workflows.expire_consents import POSITION, UNTIL, Expired, ExpiryWorkflow, Watermark
from domain.consent import ConsentExpired, ConsentGiven
from tests.memory_log import VERB_OF, MemoryLog

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOST = 6


@dataclass(frozen=True, slots=True)
class Ended:
    candidate: UUID
    consent: UUID
    valid_until: datetime


@dataclass(slots=True)
class Ground:
    """The log, a read model that is folded as far as `folded`, and offsets, all in memory."""

    log: MemoryLog = field(default_factory=MemoryLog)
    folded: int = 0
    offsets: dict[str, int] = field(default_factory=dict)

    def give(self, hours: int) -> None:
        """Consent of a new person that ends so many hours after the start."""
        person, given_at = uuid4(), START - 10 * HOUR
        self.do(SourceCandidate(candidate=person, name="A. Person", occurred_at=given_at, now=START))
        self.do(
            GiveConsent(candidate=person, purpose="talent_pool", channels=("email",), occurred_at=given_at,
                        valid_until=START + hours * HOUR, now=START)
        )  # fmt: skip

    def do(self, command: Command) -> None:
        handle(self.log, VERB_OF, Occasion(uuid4(), "user:ana", START), lambda: (command,))

    def fold(self) -> None:
        self.folded = len(self.log.events)

    def position(self) -> int:
        return self.folded

    def ended(self, since: Watermark, upto: Watermark) -> Sequence[Ended]:
        ended = []
        for position, entry in enumerate(self.log.events[: upto.position], 1):
            if isinstance(entry.event, ConsentGiven) and entry.event.valid_until is not None:
                until = entry.event.valid_until
                if until <= upto.until and (until > since.until or position > since.position):
                    ended.append(Ended(entry.stream, entry.id, until))
        return sorted(ended, key=lambda consent: (consent.valid_until, consent.consent))

    def reached(self, consumer: str) -> int:
        return self.offsets.get(consumer, 0)

    def advance(self, before: Mapping[str, int], reached: Mapping[str, int]) -> bool:
        assert before.keys() == reached.keys() == {UNTIL, POSITION}
        assert all(reached[name] >= before[name] for name in before), "an offset never falls"
        if any(self.reached(name) != before[name] for name in before):
            return False
        self.offsets |= reached
        return True

    def recorded(self) -> list[UUID]:
        return [entry.event.consent for entry in self.log.events if isinstance(entry.event, ConsentExpired)]

    def consents(self, hours: int) -> set[UUID]:
        ends = {entry.id: entry.event.valid_until for entry in self.log.events if isinstance(entry.event, ConsentGiven)}
        return {consent for consent, until in ends.items() if until is not None and until <= START + hours * HOUR}


@dataclass(slots=True)
class Interleaved:
    """The read model as one run sees it: at its question, something else happens first."""

    ground: Ground
    meanwhile: Callable[[], object]

    def position(self) -> int:
        return self.ground.position()

    def ended(self, since: Watermark, upto: Watermark) -> Sequence[Ended]:
        ended = self.ground.ended(since, upto)
        self.meanwhile()
        return ended


def workflow(ground: Ground, hours: int, meanwhile: Callable[[], object] = lambda: None) -> ExpiryWorkflow:
    now = START + hours * HOUR
    return ExpiryWorkflow(ground.log, VERB_OF, Interleaved(ground, meanwhile), ground, lambda: now)


hours = st.integers(0, MOST)
runs = st.lists(
    st.tuples(st.sampled_from(["give", "fold", "run", "run-and-meanwhile"]), hours, hours, hours), max_size=10
)


@given(runs)
def test_each_end_is_recorded_once_and_none_is_missed(story: list[tuple[str, int, int, int]]) -> None:
    ground = Ground()
    for what, first, second, third in story:
        match what:
            case "give":
                ground.give(first)
            case "fold":
                ground.fold()
            case "run":
                workflow(ground, first).run()
            case _:

                def meanwhile(ended: int = second, clock: int = third) -> None:
                    """Another process runs by its own clock, after more became known."""
                    ground.give(ended)
                    ground.fold()
                    workflow(ground, clock).run()

                workflow(ground, first, meanwhile).run()
        assert len(set(ground.recorded())) == len(ground.recorded())
    ground.fold()
    workflow(ground, MOST).run()
    assert set(ground.recorded()) == ground.consents(MOST)


def test_two_runs_that_overlap_skip_nothing_that_neither_covers() -> None:
    """One has the later clock, the other knows more of the log; together they know of neither's rest."""
    ground = Ground()
    ground.give(1)
    ground.fold()

    def meanwhile() -> None:
        ground.give(3)
        ground.fold()
        assert workflow(ground, 2).run() == Expired(1, 1)

    workflow(ground, 4, meanwhile).run()
    workflow(ground, 4).run()
    assert set(ground.recorded()) == ground.consents(4)


def test_a_read_model_that_is_folded_anew_is_waited_for() -> None:
    ground = Ground()
    ground.give(1)
    ground.fold()
    assert workflow(ground, 0).run() == Expired(0, 0)
    ground.folded = 1
    assert workflow(ground, 2).run() == Expired(0, 0)
    ground.fold()
    assert workflow(ground, 2).run() == Expired(1, 1)

"""The trail tells the same whatever order its events come in, and stands where the gate stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.consent import (
    ConsentExpired,
    ConsentGiven,
    ConsentRefused,
    ConsentRequested,
    Consents,
    ConsentWithdrawn,
    evolve,
    may,
)
from domain.event import ERASED, Event, Recorded
from queries.consent_trail import stand, trail

ALICE, OTHER = UUID(int=1), UUID(int=2)
START = datetime(2026, 1, 1, tzinfo=UTC)
PURPOSES, CHANNELS = ("talent_pool", "events"), ("email", "text")
moments = st.integers(0, 12).map(lambda day: START + timedelta(day))


def yes(purpose: str = "talent_pool", channels: tuple[str, ...] = ("email",), until: datetime | None = None) -> Event:
    return ConsentGiven(purpose, channels, "consent", "de", "notice", "1", None, "en", "form", "self", until, None)


def no(purpose: str = "talent_pool", channels: tuple[str, ...] = ("email",), method: str = "form") -> ConsentWithdrawn:
    return ConsentWithdrawn(purpose, channels, False, method, None, None)


def recorded(event: Event, day: float, number: int, stream: UUID = ALICE) -> Recorded[Event]:
    at = START + timedelta(days=day)
    return Recorded(stream, number, event, UUID(int=100 + number), at, at, position=number)


@st.composite
def answers(draw: st.DrawFn) -> Event:
    purpose = draw(st.sampled_from(PURPOSES))
    channels = tuple(sorted(draw(st.sets(st.sampled_from(CHANNELS), min_size=1))))
    match draw(st.integers(0, 4)):
        case 0 | 1:
            return yes(purpose, channels, draw(st.none() | moments))
        case 2:
            return ConsentRefused(purpose, channels, "notice", "1", "form", "self", None)
        case 3:
            return ConsentWithdrawn(purpose, channels, draw(st.booleans()), "form", None, None)
        case _:
            return ConsentRequested(purpose, channels, "de", "notice", "1", None, "en", "form", None)


@given(
    facts=st.lists(st.tuples(answers(), st.integers(0, 10), st.sampled_from([ALICE, OTHER])), max_size=8),
    now=moments,
    data=st.data(),
)
def test_it_stands_where_the_gate_stands_in_whatever_order_it_was_read(
    facts: list[tuple[Event, int, UUID]], now: datetime, data: st.DataObject
) -> None:
    events = [recorded(event, day, number, stream) for number, (event, day, stream) in enumerate(facts, 1)]
    lines = trail(data.draw(st.permutations(events)), 100, now)
    assert lines == trail(events, 100, now)
    assert [line.at for line in lines] == sorted(event.at for event in events if event.at <= now)
    consents = Consents()
    for recorded_event in events:
        consents = evolve(consents, recorded_event)
    for purpose in PURPOSES:
        for channel in CHANNELS:
            answer = stand(lines, purpose, channel, now)
            allowed = isinstance(may(consents, purpose, channel, now), UUID)
            assert (answer is not None and answer.status == "given") == allowed


def test_a_renewal_follows_a_living_yes_on_one_of_its_channels() -> None:
    facts = (
        (yes(until=START + timedelta(10)), 0),
        (yes("events"), 1),
        (yes(channels=("text",)), 2),
        (yes(channels=("email", "text")), 3),
        (no(channels=("email", "text")), 4),
        (yes(), 5),
    )
    lines = trail([recorded(event, day, n) for n, (event, day) in enumerate(facts, 1)], 100, START + timedelta(30))
    assert [line.what for line in lines] == ["given", "given", "given", "renewed", "withdrawn", "given"]
    late = trail([recorded(yes(until=START + timedelta(1)), 0, 1), recorded(yes(), 1, 2)], 100, START + timedelta(30))
    assert [line.what for line in late] == ["given", "given"], "it had run out"


def test_what_is_learned_late_is_in_its_place_and_not_there_before_it_was_known() -> None:
    events = [recorded(yes(), 5, 1), recorded(yes(), 2, 2)]
    assert [(line.position, line.what) for line in trail(events, 2, START + timedelta(9))] == [
        (2, "given"),
        (1, "renewed"),
    ]
    assert [(line.position, line.what) for line in trail(events, 1, START + timedelta(9))] == [(1, "given")]


def test_an_erasure_an_end_and_what_cannot_be_read_any_more_say_so() -> None:
    given_then = ConsentGiven(
        "talent_pool", ("email",), "consent", "de", "notice", "1", None, "en", "form", "self", None, ERASED
    )
    ended = ConsentExpired(UUID(int=101), "talent_pool", ("email",))
    events = [recorded(given_then, 0, 1), recorded(no(method="erasure"), 1, 2), recorded(ended, 2, 3)]
    first, erased, expired = trail(events, 100, START + timedelta(9))
    assert (first.unreadable, first.evidence) == (True, ERASED)
    assert (erased.what, erased.unreadable) == ("erased", False)
    assert (expired.what, expired.consent, expired.notice) == ("expired", first.event, None)
    answer = stand((first, erased, expired), "talent_pool", "email", START + timedelta(9))
    assert answer is not None
    assert (answer.status, answer.event) == ("erased", erased.event)

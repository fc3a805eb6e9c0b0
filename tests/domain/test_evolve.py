"""No state ever fails on an event, whatever came before it."""

from __future__ import annotations

import pkgutil
import types
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

import domain
from domain.catalogue import EVENTS
from domain.event import ERASED, Aggregate, Erased, Event, Recorded

PLAIN: dict[object, st.SearchStrategy[Any]] = {
    UUID: st.sampled_from([UUID(int=number) for number in range(4)]),
    str: st.sampled_from(["email", "talent_pool", "email-sent", "x", ""]),
    datetime: st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    date: st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    bool: st.booleans(),
    int: st.integers(0, 3),
    Erased: st.just(ERASED),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type."""
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of(*(values(part) for part in get_args(hint)))
    assert get_origin(hint) is tuple
    return st.lists(values(get_args(hint)[0]), max_size=2).map(tuple)


def events_of(shape: type[Event]) -> st.SearchStrategy[Event]:
    hints = {name: hint for name, hint in get_type_hints(shape).items() if name in shape.__slots__}
    return st.builds(shape, **{name: values(hint) for name, hint in hints.items()})


any_events = st.lists(st.tuples(st.one_of(*(events_of(shape) for shape in EVENTS)), st.none() | PLAIN[datetime]))


AGGREGATES: list[Aggregate[Any]] = [
    var
    for module in pkgutil.iter_modules(domain.__path__)
    for var in vars(import_module(f"domain.{module.name}")).values()
    if isinstance(var, Aggregate)
]


def test_every_aggregate_has_a_name_of_its_own() -> None:
    names = {aggregate.name for aggregate in AGGREGATES}
    assert len(names) == len({id(aggregate) for aggregate in AGGREGATES}) >= 7


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda aggregate: aggregate.name)
@forall(dated=any_events)
def test_any_events_in_any_order_make_a_state(
    aggregate: Aggregate[Any], dated: list[tuple[Event, datetime | None]]
) -> None:
    stream = UUID(int=9)
    state = aggregate.start(stream)
    for version, (event, occurred_at) in enumerate(dated, start=1):
        recorded = Recorded(stream, version, event, UUID(int=version), datetime(2026, 1, 1, tzinfo=UTC), occurred_at)
        assert aggregate.evolve(state, recorded) == aggregate.evolve(state, recorded)
        state = aggregate.evolve(state, recorded)
        assert type(state) is type(aggregate.start(stream))
        assert state.id == stream


def test_an_event_of_tomorrow_changes_nothing() -> None:
    class FromTomorrow(Event):
        stored_name = "from-tomorrow.v1"

    recorded: Recorded[Event] = Recorded(UUID(int=9), 1, FromTomorrow(), UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC))
    for aggregate in AGGREGATES:
        assert aggregate.evolve(aggregate.start(recorded.stream), recorded) == aggregate.start(recorded.stream)

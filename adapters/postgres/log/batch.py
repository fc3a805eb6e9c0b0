"""The relation that every fold, export and later reader takes: a range of the log's events, in their newest form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from domain.event import Upcast

# With no older names about, the generated columns are read as they are stored.
_FUNCTION = """
create or replace function batch(after bigint, upto bigint)
returns table (
    "position" bigint, stream_id uuid, stream_version bigint, event_id uuid, type text,
    at timestamptz, occurred_at timestamptz, occurred_how text, recorded_at timestamptz,
    actor text, causation_id uuid, correlation_id uuid, clear jsonb, people uuid[], state bytea,
    kind text, message uuid
) language sql stable parallel safe as $batch$
    select e.position, e.stream_id, e.stream_version, e.event_id, {type},
           coalesce(e.occurred_at, e.recorded_at), e.occurred_at, e.occurred_how, e.recorded_at,
           e.actor, e.causation_id, e.correlation_id, {clear}, e.people, e.state,
           {kind},
           {message}
    from event e{newest}
    where e.position > $1 and e.position <= $2
$batch$
"""
_AS_STORED = {"type": "e.type", "clear": "e.clear", "kind": "e.kind", "message": "e.message", "newest": ""}
_UPCAST = {
    "type": "coalesce(newest.type, e.type)",
    "clear": "coalesce(newest.clear, e.clear)",
    "kind": "case when newest.type is null then e.kind else newest.clear ->> 'kind' end",
    "message": "case when newest.type is null then e.message else (newest.clear ->> 'message')::uuid end",
}
_NEWEST = """
    cross join lateral (select case e.type {types} end, case e.type {clears} end) newest (type, clear)"""


def batch_function(upcasts: Iterable[Upcast]) -> str:
    """Return the SQL that makes `batch(after, upto)`: events of after < position <= upto, none under an older name."""
    by_name = {upcast.stored_name: upcast for upcast in upcasts}
    if not by_name:
        return _FUNCTION.format(**_AS_STORED)
    ways = {name: way_up(by_name, name) for name in sorted(by_name)}
    types = " ".join(f"when {literal(name)} then {literal(way[-1].becomes)}" for name, way in ways.items())
    clears = " ".join(f"when {literal(name)} then {upcast_all(way, 'e.clear')}" for name, way in ways.items())
    return _FUNCTION.format(**_UPCAST, newest=_NEWEST.format(types=types, clears=clears))


def way_up(by_name: Mapping[str, Upcast], stored_name: str) -> list[Upcast]:
    """Return the upcasts that lead from an older name to the newest, in order."""
    way = [by_name[stored_name]]
    while (following := by_name.get(way[-1].becomes)) is not None:
        way.append(following)
    return way


def upcast_all(way: Iterable[Upcast], clear: str) -> str:
    """Return the SQL expression that applies each upcast in turn to the jsonb expression `clear`."""
    for upcast in way:
        clear = upcast_sql(upcast, clear)
    return clear


def upcast_sql(upcast: Upcast, clear: str) -> str:
    """Return `Upcast.clear` as an SQL expression: a scalar subquery, so that `clear` is computed once."""
    renames = " ".join(f"when {literal(old)} then {literal(new)}" for old, new in upcast.rename.items())
    key = f"case key {renames} else key end" if renames else "key"
    dropped = f" where key <> all ({literal(list(upcast.drop))}::text[])" if upcast.drop else ""
    kept = f"coalesce(jsonb_object_agg({key}, value), '{{}}')"
    return f"(select {literal(Jsonb(upcast.add))} || {kept} from jsonb_each({clear}) old (key, value){dropped})"


def literal(value: Any) -> str:
    return sql.Literal(value).as_string(None)


def make_batch(connection: psycopg.Connection[Any], upcasts: Iterable[Upcast]) -> None:
    """Makes, or makes anew, the function `batch`; in the caller's transaction."""
    connection.execute(batch_function(upcasts).encode())

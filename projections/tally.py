"""Counts that can be asked as of any position: every event's exact differences, summed by month and block."""

from __future__ import annotations

from domain.requisition import RequisitionOpened
from projections import segments
from projections.read_model import Facts

BLOCK_BITS = 14
"""A block is 2^14 positions: an answer adds up whole blocks by month, and reads single differences of the last only."""

_SEGMENT_FOR_GOOD = """
create table {name}.segment (
    entity   uuid primary key,
    source   text not null,
    role     text not null,
    location text not null
);
"""

_TABLES = """
create table {name}.delta (
    position bigint  not null,
    day      date    not null,
    amount   integer not null,
    n        integer not null,
    what     text    not null,
    source   text    not null,
    role     text    not null,
    location text    not null
);
create index on {name}.delta (position);
create index on {name}.delta (day);
create table {name}.month (
    block     bigint  not null,
    n         integer not null,
    month     date    not null,
    amount    integer not null,
    dimension text    not null collate "C",
    value     text    not null collate "C",
    what      text    not null collate "C",
    primary key (dimension, value, what, month, block, amount) include (n)
) with (fillfactor = 80);
"""

# The differences of the people of whom a segment is unknown: they move when it is completed.
_OPEN = """
create table {name}.open (
    entity   uuid    not null,
    position bigint  not null,
    day      date    not null,
    amount   integer not null,
    n        integer not null,
    what     text    not null
);
create index on {name}.open (entity);
"""

_IN_SEGMENTS = """
    select position, day, what, amount, sum(n),
           coalesce(source, 'unknown'), coalesce(role, 'unknown'), coalesce(location, 'unknown')
    from {source}
    group by position, day, what, amount, source, role, location
    having sum(n) <> 0
    order by position
"""

_KEEP = """), kept as (
    insert into {name}.delta (position, day, what, amount, n, source, role, location)
    {rows}
    returning position >> {bits} as block, date_trunc('month', day::timestamp)::date as month, what, amount, n,
              source, role, location
)
insert into {name}.month as known (dimension, value, block, month, what, amount, n)
select case when grouping(source) = 0 then 'source' when grouping(role) = 0 then 'role'
            when grouping(location) = 0 then 'location' else 'all' end,
       coalesce(source, role, location, ''), block, month, what, amount, sum(n)::integer
from kept
group by grouping sets ((block, month, what, amount), (block, month, what, amount, source),
                        (block, month, what, amount, role), (block, month, what, amount, location))
on conflict (dimension, value, block, month, what, amount) do update set n = known.n + excluded.n
"""

_RECORD = """
with made (entity, position, day, what, amount, n) as (
    {made}
"""

_PLACE = f"""), placed as (
    select made.entity, made.position, made.day, made.what, made.amount, made.n,
           segment.source, segment.role, segment.location
    from made left join {{name}}.segment on {segments.holds("made.entity", "made.position")}
), opened as (
    insert into {{name}}.open (entity, position, day, what, amount, n)
    select entity, position, day, what, amount, sum(n) from placed
    where 'unknown' in (source, role, location)
    group by entity, position, day, what, amount having sum(n) <> 0
"""

# All that was counted of the person is taken back from the segments before the completion and added to those after it.
_MOVE = """
with stated as (
    {{completion}}
), placed as (
    select stated.position, day, what, amount, side.n * open.n as n, segment.source, segment.role, segment.location
    from stated join {name}.open on open.entity = stated.entity and open.position < stated.position
    cross join (values (-1), (1)) side (n)
    join {name}.segment on segment.entity = stated.entity
        and case when side.n < 0 then segment.until else segment.known end = stated.position
"""

_CLOSE = """
delete from {name}.open using ({{completion}}) stated join {name}.segment on segment.entity = stated.entity
where open.entity = stated.entity and segment.until = 9223372036854775807
      and 'unknown' not in (segment.source, segment.role, segment.location)
"""


def tables_of_jobs(name: str) -> str:
    """Return the DDL of the tally's tables in the read model `name`: segment, delta, month."""
    return (_SEGMENT_FOR_GOOD + _TABLES.lstrip()).format(name=name)


def tables_of_people(name: str) -> str:
    """Return the DDL of the tally's tables in the read model `name`: segment (as in `segments`), delta, month, open."""
    return segments.table(name) + (_TABLES + _OPEN).format(name=name)


def record_jobs(name: str, made: str) -> str:
    """Return the statement that keeps the differences which `made` gives: (entity, position, day, what, amount, n).

    The order of the columns counts, not their names. Each row is counted in its own entity's segment: one position may
    concern several entities, as a merge does.
    """
    rows = _IN_SEGMENTS.format(source=f"made left join {name}.segment using (entity)")
    return _RECORD.format(made=made) + _KEEP.format(name=name, rows=rows.strip(), bits=BLOCK_BITS)


def record_people(name: str, made: str) -> str:
    """As `record_jobs`, for people: each row is counted in the entity's segments as known at its position."""
    keep = _KEEP.format(name=name, rows=_IN_SEGMENTS.format(source="placed").strip(), bits=BLOCK_BITS)
    return _RECORD.format(made=made) + _PLACE.format(name=name) + keep


def complete(name: str) -> tuple[str, str]:
    """Return the statements that move people to the segments of the `completion` facts. They run last."""
    keep = _KEEP.format(name=name, rows=_IN_SEGMENTS.format(source="placed").strip(), bits=BLOCK_BITS)
    return _MOVE.format(name=name) + keep, _CLOSE.format(name=name)


JOB_SEGMENT: Facts = {
    RequisitionOpened: """
select stream_id as entity, clear ->> 'source' as source, clear ->> 'role' as role, clear ->> 'location' as location
from batch where {this} and stream_version = 1
"""
}
"""The segments of a job, fixed by the first event of its stream."""


def keep_job_segment(name: str) -> str:
    """Return the statement that keeps the read model's segment facts."""
    return f"insert into {name}.segment (entity, source, role, location) {{segment}}"


# The last block is read by position and the edges of the period by day, whatever the planner knows of the table yet:
# hence `materialized` and `offset 0`, and a sum where an index on position would answer.
_TAIL = """
tail as materialized (
    select day, what, amount, n from {name}.delta
    where position >= %(position)s::bigint >> {bits} << {bits} and position <= %(position)s::bigint
          and what = any (%(what)s::text[]) and {segment}
), months as (
    select * from unnest(%(month_from)s::date[], %(month_to)s::date[], %(month_label)s::text[]) m (begins, ends, label)
)
"""

_SUMS = """
{name}.month on month >= begins and month < ends
    where dimension = %(dimension)s and value = %(value)s and block < %(position)s::bigint >> {bits}
          and what = any (%(what)s::text[])
"""

_EDGES = """
unnest(%(day_from)s::date[], %(day_to)s::date[], %(day_label)s::text[]) span (begins, ends, label)
    cross join lateral (
        select day, what, amount, n from {name}.delta
        where day >= begins and day < ends and position + 0 <= %(position)s::bigint
              and what = any (%(what)s::text[]) and {segment} offset 0
    ) edge
"""

_READ = f"""
with {_TAIL}
select span, bucket, what, amount, sum(n) as n
from (
    select label as span, month as bucket, what, amount, n from months join {_SUMS}
    union all
    select label, date_trunc(%(by)s, day::timestamp)::date, what, amount, n
    from months join tail on day >= begins and day < ends
    union all
    select label, date_trunc(%(by)s, day::timestamp)::date, what, amount, n from {_EDGES}
) counted
group by span, bucket, what, amount
having sum(n) <> 0
order by span, bucket, what, amount
"""

# Grouped by two numbers: a name in every row would be most of the work.
_TOTALS = f"""
with {_TAIL}
select which, amount, sum(n) as n
from (
    select array_position(%(what)s::text[], what) as which, amount, n from months join {_SUMS}
    union all
    select array_position(%(what)s::text[], what), amount, n from months join tail on day >= begins and day < ends
    union all
    select array_position(%(what)s::text[], what), amount, n from {_EDGES}
) counted
group by amount, which
having sum(n) <> 0
"""

_SEGMENT = " and ".join(f"(%({name})s::text is null or {name} = %({name})s)" for name in ("source", "role", "location"))


def read(name: str) -> str:
    """Return the query of the tally: rows (span, bucket, what, amount, n), as of the position asked for.

    Parameters: `month_...` are spans of whole months (from, to, label), taken from the monthly sums; `day_...` are
    spans of days, read difference by difference; `by` 'month' or 'day' says what a bucket is (whole months stay
    months); `what` the counts wanted; `dimension` and `value` the segment of the monthly sums, and `source`, `role`,
    `location` (or null) the same segment for the differences.
    """
    return _READ.format(name=name, bits=BLOCK_BITS, segment=_SEGMENT)


def totals(name: str) -> str:
    """Return the same query without spans and buckets: rows (which, amount, n), `which` counting from 1 in `what`."""
    return _TOTALS.format(name=name, bits=BLOCK_BITS, segment=_SEGMENT)

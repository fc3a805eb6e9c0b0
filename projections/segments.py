"""The segments of each record as known at any position: those of its entry, and what completed them since."""

from __future__ import annotations

from domain.candidate import CandidateReferred, CandidateSourced, SegmentsCompleted
from projections.read_model import Facts

# Segments hold as of the positions known <= p < until.
_TABLE = """
create table {name}.segment (
    entity   uuid   not null,
    known    bigint not null,
    until    bigint not null,
    source   text   not null,
    role     text   not null,
    location text   not null,
    primary key (entity, known)
);
"""

_STATED = """
select stream_id as entity, position, clear ->> 'source' as source, clear ->> 'role' as role,
       clear ->> 'location' as location
from batch where {this}
"""
_AT_ENTRY = f"{_STATED.rstrip()} and stream_version = 1\n"

ENTRIES: Facts = {CandidateSourced: _AT_ENTRY, CandidateReferred: _AT_ENTRY}
"""The facts of the kind `segment`: (entity, position, source, role, location), by the first event of the stream."""

COMPLETIONS: Facts = {SegmentsCompleted: _STATED}
"""The facts of the kind `completion`, in the same columns; 'unknown' completes nothing."""

_KEEP = """
insert into {name}.segment (entity, known, until, source, role, location)
select entity, position, 9223372036854775807, source, role, location from ({{segment}}) entered
"""


def _first_known(dimension: str) -> str:
    stated = f"(array_agg({dimension}) filter (where {dimension} <> 'unknown') over along)[1]"
    return f"coalesce({stated}, 'unknown') as {dimension}"


# What stood before the batch comes first on the line of its entity.
_COMPLETE = f"""
with stated as (
    {{{{completion}}}}
), line as (
    select entity, known as position, source, role, location from {{name}}.segment
    where until = 9223372036854775807 and entity in (select entity from stated)
    union all
    select entity, position, source, role, location from stated
), course as (
    select entity, position,
           lead(position, 1, 9223372036854775807) over (partition by entity order by position) as until,
           {_first_known("source")}, {_first_known("role")}, {_first_known("location")}
    from line window along as (partition by entity order by position)
), ended as (
    update {{name}}.segment set until = course.until from course
    where segment.entity = course.entity and segment.known = course.position
)
insert into {{name}}.segment (entity, known, until, source, role, location)
select entity, position, course.until, course.source, course.role, course.location
from course join stated using (entity, position)
"""


def table(name: str) -> str:
    """Return the DDL of the table of segments in the read model `name`.

    It is segment (entity, known, until, source, role, location).
    """
    return _TABLE.format(name=name)


def keep(name: str) -> str:
    """Return the statement that keeps the facts of the kind `segment`, which the read model takes from ENTRIES."""
    return _KEEP.format(name=name)


def complete(name: str) -> str:
    """Return the statement that keeps the facts of the kind `completion`, from COMPLETIONS. It runs after `keep`."""
    return _COMPLETE.format(name=name)


def holds(entity: str, position: str) -> str:
    """Return the condition that a row of `segment` is that of the entity as known at the position."""
    return f"segment.entity = {entity} and segment.known <= {position} and segment.until > {position}"

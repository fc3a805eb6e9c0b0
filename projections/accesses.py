"""Who looked at, searched for or exported whom: one row a request, found by any of the people that it showed."""

from __future__ import annotations

from domain.access import PeopleExported, PeopleSearched, PeopleViewed
from projections import linked_records
from projections.read_model import ReadModel

TABLES = (
    linked_records.tables("accesses")
    + """
create table accesses.access (
    position bigint      primary key,
    stream   uuid        not null,
    at       timestamptz not null,
    reader   text        not null,
    kind     text        not null,
    page     text        not null,
    people   uuid[]      not null,
    export   uuid,
    holds    text[]      not null
);
create index on accesses.access using gin (people);
create index on accesses.access (reader, position);
create index on accesses.access (at);
"""
)

_ACCESS = """
select position, stream_id as stream, at, actor as reader, '{kind}' as kind, clear ->> 'page' as page,
       array(select person::uuid from jsonb_array_elements_text(clear -> 'people') person) as people,
       (clear ->> 'export')::uuid as export,
       array(select held from jsonb_array_elements_text(coalesce(clear -> 'holds', '[]')) held) as holds
from batch where {{this}}
"""

ACCESSES = ReadModel(
    name="accesses",
    version=1,
    tables=TABLES,
    working=linked_records.working("accesses"),
    facts={
        "link": linked_records.LINKS,
        "access": {
            PeopleViewed: _ACCESS.format(kind="viewed"),
            PeopleSearched: _ACCESS.format(kind="searched"),
            PeopleExported: _ACCESS.format(kind="exported"),
        },
    },
    recompute=(
        linked_records.keep("accesses"),
        "insert into accesses.access (position, stream, at, reader, kind, page, people, export, holds) {access}",
    ),
)

"""Which records are one person, as known at any position: a merge links two of them, an un-merge ends the link."""

from __future__ import annotations

from domain.candidate import CandidatesMerged, CandidatesUnmerged
from projections.read_model import Facts

# A link holds as of the positions known <= p < until. `linked` has every record that ever had one: another record
# is a person of one record at every position, and is spared all that follows.
_TABLES = """
create table {name}.link (
    absorbed uuid   not null,
    survivor uuid   not null,
    known    bigint not null,
    until    bigint not null
);
create index on {name}.link (absorbed);
create index on {name}.link (survivor);
create table {name}.linked (
    record uuid primary key
);
"""

# Both streams hold the event, the absorbed one's counts: a link counts once.
_LINKED = """
select stream_id as absorbed, (clear ->> 'survivor')::uuid as survivor, position, {merged} as merged
from batch where {{this}} and stream_id = (clear ->> 'absorbed')::uuid
"""

LINKS: Facts = {
    CandidatesMerged: _LINKED.format(merged="true"),
    CandidatesUnmerged: _LINKED.format(merged="false"),
}
"""The facts of the kind `link`: (absorbed, survivor, position, merged)."""

# A record is absorbed by one survivor at a time, so its next merge event ends the link that it had.
_KEEP = """
with told as (
    {{link}}
), ended as (
    update {name}.link set until = next.position
    from (select absorbed, min(position) as position from told group by absorbed) next
    where link.absorbed = next.absorbed and link.until = 9223372036854775807
), kept as (
    insert into {name}.link (absorbed, survivor, known, until)
    select absorbed, survivor, position, until
    from (select *, lead(position, 1, 9223372036854775807) over (partition by absorbed order by position) as until
          from told) link
    where merged
), ever as (
    insert into {name}.linked select absorbed from told union select survivor from told on conflict do nothing
)
insert into {name}_merged (record, position)
select absorbed, position from told union all select survivor, position from told
"""

_HOLDS = "known <= asked.position and until > asked.position"

# Up and down the links. `union` drops what was reached before, so that it ends even if links should form a circle.
# Worked out record by record: those with links are few, and a recursion over all of them at once would have the
# database make room for millions. `offset 0` keeps it from reading all links to find those of one record.
_MEMBERS = f"""
cross join lateral (
    with recursive member (record) as (
        select asked.record
        union
        select other.record
        from member cross join lateral (
            select survivor from {{name}}.link where absorbed = member.record and {_HOLDS}
            union all
            select absorbed from {{name}}.link where survivor = member.record and {_HOLDS}
        ) other (record)
    )
    select root.record as person, member.record
    from member cross join (
        select record from member
        where not exists (select from {{name}}.link where absorbed = member.record and {_HOLDS} offset 0)
    ) root
) known_of
"""

_PERSONS = f"""
select asked.record as asked, asked.position, known_of.person, known_of.record
from ({{wanted}}) asked (record, position) {_MEMBERS}
"""

_TURNED = f"""
select asked.told as position, known_of.person, known_of.record,
       bool_or(asked.position < asked.told) as before, bool_or(asked.position = asked.told) as after
from (select record, position, position - ago from ({{wanted}}) told (record, position), (values (0), (1)) v (ago))
    asked (record, told, position) {_MEMBERS}
group by asked.told, known_of.person, known_of.record
"""


def tables(name: str) -> str:
    """Return the DDL of the tables of links in the read model `name`.

    They are link (absorbed, survivor, known, until) and linked (record).
    """
    return _TABLES.format(name=name)


def working(name: str) -> dict[str, str]:
    """Return the working table that `keep` fills: the records that a batch's merges and unmerges name, and where."""
    return {f"{name}_merged": "record uuid, position bigint"}


def keep(name: str) -> str:
    """Return the statement that keeps the facts of the kind `link`, which the read model takes from LINKS."""
    return _KEEP.format(name=name)


def persons(name: str, wanted: str) -> str:
    """For `wanted` (record, position): the person of the record as known at the position, all of its records.

    A query of (asked, position, person, record): `asked` the wanted record, `person` the root, a row for each record
    of the person, itself and the root among them. A record without links is its own person.
    """
    return _PERSONS.format(name=name, wanted=wanted)


def turned(name: str, wanted: str) -> str:
    """For `wanted` (record, position): the persons that a position told of, just before it and from it on.

    A query of (position, person, record, before, after), a row for each record: whether it was of that person as
    known at position - 1, and is so at the position. What tells of a record that is not merged there gives its person
    with before and after true; a merge, asked for with both records, gives the survivor's person, who gains records,
    and the absorbed one's, who loses them all; an un-merge the reverse. The metric of a person's records takes back
    what it was of those with `before` and adds what it is of those with `after`.
    """
    return _TURNED.format(name=name, wanted=wanted)

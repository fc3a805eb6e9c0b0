"""Who is in which talent community: every turn of every record, so that any past membership can be asked."""

from __future__ import annotations

from domain.candidate import CommunityJoined, CommunityLeft
from domain.talent_community import CommunityFounded
from projections import linked_records
from projections.read_model import ReadModel

TABLES = (
    linked_records.tables("communities")
    + """
create table communities.community (
    community uuid   primary key,
    position  bigint not null,
    around    text   not null,
    topic     text   not null
);
create table communities.turn (
    community uuid        not null,
    record    uuid        not null,
    position  bigint      not null,
    at        timestamptz not null,
    joined    boolean     not null,
    by        text        not null
);
create index on communities.turn (community);
create index on communities.turn (record);
"""
)

FOUNDED = """
select stream_id as community, position, clear ->> 'around' as around, clear ->> 'topic' as topic
from batch where {this} and stream_version = 1
"""

_TURN = """
select (clear ->> 'community')::uuid as community, stream_id as record, position, at, {joined} as joined,
       clear ->> 'by' as by
from batch where {{this}}
"""

COMMUNITIES = ReadModel(
    name="communities",
    version=1,
    tables=TABLES,
    working=linked_records.working("communities"),
    facts={
        "link": linked_records.LINKS,
        "founded": {CommunityFounded: FOUNDED},
        "turn": {CommunityJoined: _TURN.format(joined="true"), CommunityLeft: _TURN.format(joined="false")},
    },
    recompute=(
        linked_records.keep("communities"),
        "insert into communities.community (community, position, around, topic) {founded}",
        "insert into communities.turn (community, record, position, at, joined, by) {turn}",
    ),
)

"""What decides, with the last contact, how long a person is kept: the jurisdiction, and what forbids an erasure."""

from __future__ import annotations

from domain.candidate import (
    ErasureRequested,
    LegalHoldLifted,
    LegalHoldSet,
    ProcessingRestricted,
    RestrictionLifted,
)
from domain.consent import ConsentGiven
from projections.read_model import ReadModel

TABLES = """
create table retention.consent (
    record       uuid        not null,
    position     bigint      not null,
    at           timestamptz not null,
    jurisdiction text        not null,
    primary key (record, position)
);
create table retention.hold (
    record   uuid    not null,
    position bigint  not null,
    matter   text    not null,
    held     boolean not null,
    primary key (record, position)
);
create table retention.restriction (
    record     uuid        not null,
    position   bigint      not null,
    at         timestamptz not null,
    restricted boolean     not null,
    primary key (record, position)
);
create table retention.erasure (
    record   uuid   not null,
    position bigint not null,
    primary key (record, position)
);
"""

CONSENTED = "select stream_id as record, position, at, clear ->> 'jurisdiction' as jurisdiction from batch where {this}"
_HELD = "select stream_id as record, position, clear ->> 'matter' as matter, {held} as held from batch where {{this}}"
_RESTRICTED = "select stream_id as record, position, at, {restricted} as restricted from batch where {{this}}"
REQUESTED = "select stream_id as record, position from batch where {this}"

RETENTION = ReadModel(
    name="retention",
    version=1,
    tables=TABLES,
    facts={
        "consent": {ConsentGiven: CONSENTED},
        "hold": {LegalHoldSet: _HELD.format(held="true"), LegalHoldLifted: _HELD.format(held="false")},
        "restriction": {
            ProcessingRestricted: _RESTRICTED.format(restricted="true"),
            RestrictionLifted: _RESTRICTED.format(restricted="false"),
        },
        "erasure": {ErasureRequested: REQUESTED},
    },
    recompute=(
        "insert into retention.consent (record, position, at, jurisdiction) {consent}",
        "insert into retention.hold (record, position, matter, held) {hold}",
        "insert into retention.restriction (record, position, at, restricted) {restriction}",
        "insert into retention.erasure (record, position) {erasure}",
    ),
)

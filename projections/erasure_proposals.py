"""Other systems' proposals to erase people, how each was decided, and which people are being erased anyway."""

from __future__ import annotations

from domain.candidate import ErasureRequested
from domain.erasure_proposal import ErasureProposalAccepted, ErasureProposalDeclined, ErasureProposed
from projections import linked_records
from projections.read_model import ReadModel

TABLES = (
    linked_records.tables("erasure_proposals")
    + """
create table erasure_proposals.proposal (
    position bigint      primary key,
    record   uuid        not null,
    proposal uuid        not null,
    at       timestamptz not null,
    source   text        not null,
    kind     text        not null,
    fields   text[]      not null
);
create table erasure_proposals.decision (
    record   uuid        not null,
    proposal uuid        not null,
    position bigint      not null,
    at       timestamptz not null,
    decision text        not null,
    actor    text        not null,
    ground   text,
    primary key (record, proposal, position)
);
create table erasure_proposals.request (
    record   uuid   not null,
    position bigint not null,
    primary key (record, position)
);
"""
)

PROPOSED = """
select position, stream_id as record, (clear ->> 'proposal')::uuid as proposal, at, clear ->> 'source' as source,
       clear ->> 'kind' as kind, array(select jsonb_array_elements_text(clear -> 'fields')) as fields
from batch where {this}
"""
_DECIDED = """
select stream_id as record, (clear ->> 'proposal')::uuid as proposal, position, at, '{decision}' as decision, actor,
       clear ->> 'ground' as ground
from batch where {{this}}
"""
REQUESTED = "select stream_id as record, position from batch where {this}"

ERASURE_PROPOSALS = ReadModel(
    name="erasure_proposals",
    version=1,
    tables=TABLES,
    working=linked_records.working("erasure_proposals"),
    facts={
        "link": linked_records.LINKS,
        "proposal": {ErasureProposed: PROPOSED},
        "decision": {
            ErasureProposalAccepted: _DECIDED.format(decision="accepted"),
            ErasureProposalDeclined: _DECIDED.format(decision="declined"),
        },
        "request": {ErasureRequested: REQUESTED},
    },
    recompute=(
        linked_records.keep("erasure_proposals"),
        "insert into erasure_proposals.proposal (position, record, proposal, at, source, kind, fields) {proposal}",
        "insert into erasure_proposals.decision (record, proposal, position, at, decision, actor, ground) {decision}",
        "insert into erasure_proposals.request (record, position) {request}",
    ),
)

"""Each candidate in one row: how they came to us, when we last heard from them, how far it went."""

from __future__ import annotations

from domain.application import ApplicationSubmitted, CandidateHired, CandidateUnhired, ProspectAdded
from domain.candidate import CandidateReferred, CandidateSourced
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import linked_records, reversals, segments
from projections.read_model import ReadModel

# The row says what is so now. The facts beside it say what it said at any position, and what is left of a maximum
# when the touchpoint that made it is taken back (n = -1), or the hire that was the earliest is undone.
# All is kept by record: what is so of a person of several is put together when it is asked.
TABLES = (
    linked_records.tables("candidate_summary")
    + segments.table("candidate_summary")
    + """
create table candidate_summary.candidate (
    candidate       uuid    primary key,
    known           bigint  not null,
    entered         bigint,
    entered_at      timestamptz,
    contacts        integer not null default 0,
    engagements     integer not null default 0,
    last_contact    timestamptz,
    last_engagement timestamptz,
    prospects       integer not null default 0,
    applications    integer not null default 0,
    hired_at        timestamptz
) with (fillfactor = 80);
create table candidate_summary.touch (
    candidate  uuid        not null,
    position   bigint      not null,
    at         timestamptz not null,
    n          smallint    not null,
    contact    boolean     not null,
    engagement boolean     not null
);
create index on candidate_summary.touch (candidate);
create table candidate_summary.milestone (
    candidate   uuid        not null,
    application uuid        not null,
    position    bigint      not null,
    until       bigint,
    at          timestamptz not null,
    milestone   text        not null
);
create index on candidate_summary.milestone (candidate);
create index on candidate_summary.milestone (application, position) where until is null and milestone = 'hired';
"""
)

ENTERED = """
select stream_id as candidate, position, at from batch where {this} and stream_version = 1
"""

TOUCHED = """
select stream_id as candidate, position, at, 1 as n, catalogue.contact, catalogue.engagement
from batch join {catalogue} using (kind)
where {this} and (catalogue.contact or catalogue.engagement) and not (clear ->> 'machine')::boolean
"""

CORRECTED = """
select stream_id, position, part.at, part.n, catalogue.contact, catalogue.engagement
from batch cross join lateral (values
    (clear ->> 'was_kind', (clear ->> 'was_at')::timestamptz, (clear ->> 'was_machine')::boolean, -1),
    (kind, coalesce(clear ->> 'at', clear ->> 'was_at')::timestamptz, (clear ->> 'machine')::boolean, 1)
) part (kind, at, machine, n) join {catalogue} on catalogue.kind = part.kind
where {this} and (catalogue.contact or catalogue.engagement) and not part.machine
"""

_MILESTONE = """
select (clear ->> 'candidate')::uuid as candidate, stream_id as application, position, at, '{milestone}' as milestone
from batch where {{this}}
"""

UNHIRED = """
select (clear ->> 'candidate')::uuid as candidate, stream_id as application, position, at from batch where {this}
"""

ENTER = """
insert into candidate_summary.candidate as row (candidate, known, entered, entered_at)
select candidate, position, position, at from ({entry}) entry
on conflict (candidate) do update set
    known = greatest(row.known, excluded.known), entered = excluded.entered, entered_at = excluded.entered_at
"""

TOUCH = """
with kept as (
    insert into candidate_summary.touch (candidate, position, at, n, contact, engagement) {touch}
    returning candidate, position, at, n, contact, engagement
)
update candidate_summary.candidate row set
    known = greatest(row.known, told.known),
    contacts = row.contacts + told.contacts,
    engagements = row.engagements + told.engagements,
    last_contact = greatest(row.last_contact, told.last_contact),
    last_engagement = greatest(row.last_engagement, told.last_engagement)
from (
    select candidate, max(position) as known,
           coalesce(sum(n) filter (where contact), 0) as contacts,
           coalesce(sum(n) filter (where engagement), 0) as engagements,
           max(at) filter (where contact and n > 0) as last_contact,
           max(at) filter (where engagement and n > 0) as last_engagement
    from kept group by candidate
) told
where row.candidate = told.candidate
"""

TAKE_BACK = """
update candidate_summary.candidate row set
    last_contact = (
        select max(at) from (select at from candidate_summary.touch where candidate = row.candidate and contact
                             group by at having sum(n) > 0) left_over),
    last_engagement = (
        select max(at) from (select at from candidate_summary.touch where candidate = row.candidate and engagement
                             group by at having sum(n) > 0) left_over)
where row.candidate in ({corrected})
"""

REACH = """
with kept as (
    insert into candidate_summary.milestone (candidate, application, position, at, milestone) {milestone}
    returning candidate, position, at, milestone
)
insert into candidate_summary.candidate as row (candidate, known, prospects, applications, hired_at)
select candidate, max(position), count(*) filter (where milestone = 'prospect'),
       count(*) filter (where milestone = 'applied'), min(at) filter (where milestone = 'hired')
from kept group by candidate
on conflict (candidate) do update set
    known = greatest(row.known, excluded.known),
    prospects = row.prospects + excluded.prospects,
    applications = row.applications + excluded.applications,
    hired_at = least(row.hired_at, excluded.hired_at)
"""

STANDING_HIRE = "milestone = 'hired' and (until is null or until > {position})"
"""Whether a milestone is a hire that stands as known at the position."""

TAKE_BACK_HIRES = reversals.take_back(
    "candidate_summary.milestone", "application = reversal.application and milestone = 'hired'", "{unhired}"
)

LESS_HIRED = """
update candidate_summary.candidate row set hired_at = (
    select min(at) from candidate_summary.milestone
    where candidate = row.candidate and milestone = 'hired' and until is null
)
where row.candidate in (select candidate from ({unhired}) undone)
"""

CANDIDATE_SUMMARY = ReadModel(
    name="candidate_summary",
    version=4,
    tables=TABLES,
    working=linked_records.working("candidate_summary"),
    catalogue=("contact", "engagement"),
    facts={
        "segment": segments.ENTRIES,
        "completion": segments.COMPLETIONS,
        "entry": {CandidateSourced: ENTERED, CandidateReferred: ENTERED},
        "touch": {TouchpointRecorded: TOUCHED, TouchpointCorrected: CORRECTED},
        "corrected": {TouchpointCorrected: "select stream_id from batch where {this}"},
        "milestone": {
            ProspectAdded: _MILESTONE.format(milestone="prospect"),
            ApplicationSubmitted: _MILESTONE.format(milestone="applied"),
            CandidateHired: _MILESTONE.format(milestone="hired"),
            CandidateUnhired: _MILESTONE.format(milestone="unhired"),
        },
        "unhired": {CandidateUnhired: UNHIRED},
        "link": linked_records.LINKS,
    },
    recompute=(
        linked_records.keep("candidate_summary"),
        segments.keep("candidate_summary"),
        segments.complete("candidate_summary"),
        ENTER,
        TOUCH,
        TAKE_BACK,
        REACH,
        TAKE_BACK_HIRES,
        LESS_HIRED,
    ),
)

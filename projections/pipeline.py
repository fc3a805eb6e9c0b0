"""Who becomes, stays and stops being part of the talent pipeline: every change of the flows that an event made."""

from __future__ import annotations

from domain.application import CandidateHired, CandidateUnhired
from domain.candidate import CandidateReferred, CandidateSourced
from domain.consent import ConsentWithdrawn
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import linked_records, reversals, segments, tally
from projections.read_model import ReadModel

ACTIVE_DAYS = 180
"""How many days, its own included, one activity keeps a person active."""

# A node stands on a person's time line at (day, rank): 0 activity, 1 hired, 2 opted out, so an exit comes after the
# activity of its day, and of two exits on one day 'hired' comes first and is the one that ends the spell.
# It is known from `known` until `until`, both position * 2, and one more where a position adds (it takes back first).
# Nodes are kept by record; the line of a person is all nodes of their records, of which one day and rank is one node.
TABLES = (
    tally.tables_of_people("pipeline")
    + linked_records.tables("pipeline")
    + """
create table pipeline.node (
    record uuid     not null,
    known  bigint   not null,
    until  bigint   not null default 9223372036854775807,
    day    date     not null,
    n      integer  not null,
    rank   smallint not null,
    primary key (record, day, rank, known)
) with (fillfactor = 90);
create table pipeline.hire (
    application uuid   not null,
    position    bigint not null,
    until       bigint,
    at          timestamptz not null,
    day         date   not null
);
create index on pipeline.hire (application, position);
"""
)

WORKING = {
    **linked_records.working("pipeline"),
    "pipeline_step": "record uuid, known bigint, day date, before integer, after integer, last integer, rank smallint,"
    " stood boolean",
    "pipeline_turned": "position bigint, person uuid, record uuid, before boolean, after boolean",
}

ENTERED = """
select stream_id as record, position, (at at time zone {zone})::date as day, 1 as n, 0 as rank,
       null::uuid as application
from batch where {this}
"""

ENGAGED = """
select stream_id, position, (at at time zone {zone})::date, 1, 0, null::uuid
from batch join {catalogue} using (kind)
where {this} and catalogue.engagement and not (clear ->> 'machine')::boolean
"""

CORRECTED = """
select stream_id, position, (part.at at time zone {zone})::date, part.n, 0, null::uuid
from batch cross join lateral (values
    (clear ->> 'was_kind', (clear ->> 'was_at')::timestamptz, (clear ->> 'was_machine')::boolean, -1),
    (kind, coalesce(clear ->> 'at', clear ->> 'was_at')::timestamptz, (clear ->> 'machine')::boolean, 1)
) part (kind, at, machine, n) join {catalogue} on catalogue.kind = part.kind
where {this} and catalogue.engagement and not part.machine
"""

HIRED = """
select (clear ->> 'candidate')::uuid, position, (at at time zone {zone})::date, 1, 1, null::uuid from batch where {this}
"""

HIRE = """
select stream_id as application, position, at, (at at time zone {zone})::date as day from batch where {this}
"""

UNHIRE = "select stream_id as application, position, at from batch where {this}"

# A hire undone takes back the exit on the day of the hire, which the event does not name.
UNHIRED = """
select (clear ->> 'candidate')::uuid, position, null::date, -1, 1, stream_id from batch where {this}
"""

OPTED_OUT = """
select stream_id, position, (at at time zone {zone})::date, 1, 2, null::uuid
from batch
where {this} and clear ->> 'purpose' = 'talent_pool' and (clear ->> 'entirely')::boolean
      and clear ->> 'method' is distinct from 'merge'  -- what a merge withheld, in the older form, is no statement
"""

KEEP_HIRES = "insert into pipeline.hire (application, position, at, day) {hire}"
TAKE_BACK_HIRES = reversals.take_back("pipeline.hire", "application = reversal.application", "{unhire}")

# How many facts say that a node is there, before and after each position that told of one, and after the whole batch.
COUNT = """
insert into pipeline_step (record, known, day, before, after, last, rank, stood)
select record, fact.position * 2 + (fact.n > 0)::int, day,
       coalesce(node.n, 0) + sum(fact.n) over earlier - fact.n,
       coalesce(node.n, 0) + sum(fact.n) over earlier,
       coalesce(node.n, 0) + sum(fact.n) over all_of_it, rank, node.n is not null
from (select record, day, rank, position, sum(n) as n
      from (select record, position, n, rank, coalesce(day, (
                select day from pipeline.hire
                where application = told.application and until = told.position
            )) as day
            from ({fact}) told (record, position, day, n, rank, application)) fact
      where day is not null
      group by record, day, rank, position having sum(n) <> 0) fact
left join lateral (
    select n from pipeline.node
    where record = fact.record and day = fact.day and rank = fact.rank and until = 9223372036854775807
) node on true
window earlier as (partition by record, day, rank order by fact.position),
       all_of_it as (partition by record, day, rank)
"""

END = """
update pipeline.node set until = coalesce(step.ended, until), n = case when step.ended is null then step.last else 0 end
from (select record, day, rank, last, min(known) filter (where before > 0 and after <= 0) as ended
      from pipeline_step where stood group by record, day, rank, last) step
where node.record = step.record and node.day = step.day and node.rank = step.rank
  and node.until = 9223372036854775807
"""

BEGIN = """
insert into pipeline.node (record, day, rank, known, until, n)
select record, day, rank, known, coalesce(ended, 9223372036854775807), case when ended is null then last else 0 end
from (select *, lead(known) over (partition by record, day, rank order by known) as ended
      from pipeline_step where (before > 0) <> (after > 0)) turn
where after > 0
"""

# Of the records that ever had a link: which persons each turn and each merge told of.
TURN = "insert into pipeline_turned (position, person, record, before, after) " + linked_records.turned(
    "pipeline",
    """
        select record, position from pipeline_merged
        union
        select record, known / 2 from pipeline_step join pipeline.linked using (record)
        where (before > 0) <> (after > 0)
        """,
)

# A node that comes (or goes) stands between the neighbours known by then: what the gap between them meant is taken
# back (or added), what the two new gaps mean is added (or taken back).
_OF_ONE_RECORD = """
    select turn.record as person, turn.known / 2 as position, gap.first_day, gap.first_rank, gap.day, gap.rank,
           gap.n * case when turn.after > 0 then 1 else -1 end as n
    from (
        select * from pipeline_step step
        where (before > 0) <> (after > 0) and not exists (select from pipeline.linked where linked.record = step.record)
    ) turn
    left join lateral (
        select day, rank from pipeline.node
        where record = turn.record and (day, rank) < (turn.day, turn.rank)
          and known < turn.known and until >= turn.known
        order by day desc, rank desc limit 1
    ) former on true
    left join lateral (
        select day, rank from pipeline.node
        where record = turn.record and (day, rank) > (turn.day, turn.rank)
          and known < turn.known and until >= turn.known
        order by day, rank limit 1
    ) latter on true
    cross join lateral (
        select former.day, former.rank, turn.day, turn.rank, 1
        union all select turn.day, turn.rank, latter.day, latter.rank, 1
        union all select former.day, former.rank, latter.day, latter.rank, -1
    ) gap (first_day, first_rank, day, rank, n)
"""

# Where records are linked, all gaps of the person's line as it was are taken back, and all as it is are added.
_OF_SEVERAL = """
    select line.person, line.position, gap.first_day, gap.first_rank, gap.day, gap.rank, line.n
    from (
        select person, position, n, day, rank, row_number() over along = 1 as is_first,
               lead(day) over along as next_day, lead(rank) over along as next_rank
        from (
            select distinct turned.person, turned.position, side.n, node.day, node.rank
            from pipeline_turned turned
            cross join lateral (
                select -1, turned.position * 2 - 1 where turned.before
                union all select 1, turned.position * 2 + 1 where turned.after
            ) side (n, moment)
            join pipeline.node on node.record = turned.record
                and node.known <= side.moment and node.until > side.moment
        ) node
        window along as (partition by person, position, n order by day, rank)
    ) line
    cross join lateral (
        select line.day, line.rank, line.next_day, line.next_rank
        union all select null, null, line.day, line.rank where line.is_first
    ) gap (first_day, first_rank, day, rank)
"""

# Who had left before their first activity comes back by the gap alone. The first activity of a line is `new` whatever
# went before it: that it was a return is taken back on its day. When another activity becomes the first one, both are
# counted anew.
_FIRST_OF_ONE_RECORD = """
    select record as person, known / 2 as position, first.day, first.n * case when after > 0 then 1 else -1 end as n
    from (
        select turn.*, (
            select min(day) from pipeline.node
            where record = turn.record and rank = 0 and day <> turn.day
                  and known < turn.known and until >= turn.known
        ) as other
        from pipeline_step turn
        where rank = 0 and (before > 0) <> (after > 0)
              and not exists (select from pipeline.linked where linked.record = turn.record)
    ) turn cross join lateral (
        select turn.day, 1 union all select other, -1 where other is not null
    ) first (day, n)
    where other is null or other > turn.day
"""

_FIRST_OF_SEVERAL = """
    select turned.person, turned.position, min(node.day) as day, side.n
    from pipeline_turned turned
    cross join lateral (
        select -1, turned.position * 2 - 1 where turned.before
        union all select 1, turned.position * 2 + 1 where turned.after
    ) side (n, moment)
    join pipeline.node on node.record = turned.record
        and node.known <= side.moment and node.until > side.moment and node.rank = 0
    group by turned.person, turned.position, side.n
"""

_FLOWS = f"""
    select gap.person as entity, gap.position, flow.day, flow.what, 0 as amount, gap.n
    from ({{gaps}}) gap
    cross join lateral (
        select gap.first_day + {ACTIVE_DAYS}, 'dormant'
        where gap.first_rank = 0
          and (gap.day is null or gap.day + (gap.rank > 0)::int > gap.first_day + {ACTIVE_DAYS})
        union all
        select gap.day, 'reactivated'
        where gap.rank = 0
          and (gap.first_day is null or gap.first_rank > 0 or gap.day > gap.first_day + {ACTIVE_DAYS})
        union all
        select gap.day, case gap.rank when 1 then 'exited.hired' else 'exited.opted-out' end
        where gap.rank > 0 and gap.first_rank = 0 and gap.day < gap.first_day + {ACTIVE_DAYS}
    ) flow (day, what)
    union all
    select first.person, first.position, first.day, flow.what, 0, first.n * flow.n
    from ({{first}}) first cross join (values ('new', 1), ('reactivated', -1)) flow (what, n)
"""

PIPELINE = ReadModel(
    name="pipeline",
    version=4,
    tables=TABLES,
    working=WORKING,
    catalogue=("engagement",),
    facts={
        "segment": segments.ENTRIES,
        "completion": segments.COMPLETIONS,
        "link": linked_records.LINKS,
        "hire": {CandidateHired: HIRE},
        "unhire": {CandidateUnhired: UNHIRE},
        "fact": {
            CandidateSourced: ENTERED,
            CandidateReferred: ENTERED,
            TouchpointRecorded: ENGAGED,
            TouchpointCorrected: CORRECTED,
            CandidateHired: HIRED,
            CandidateUnhired: UNHIRED,
            ConsentWithdrawn: OPTED_OUT,
        },
    },
    recompute=(
        segments.keep("pipeline"),
        segments.complete("pipeline"),
        linked_records.keep("pipeline"),
        KEEP_HIRES,
        TAKE_BACK_HIRES,
        COUNT,
        END,
        BEGIN,
        TURN,
        tally.record_people("pipeline", _FLOWS.format(gaps=_OF_ONE_RECORD, first=_FIRST_OF_ONE_RECORD)),
        tally.record_people("pipeline", _FLOWS.format(gaps=_OF_SEVERAL, first=_FIRST_OF_SEVERAL)),
        *tally.complete("pipeline"),
    ),
)

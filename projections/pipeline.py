"""Who becomes, stays and stops being part of the talent pipeline: every change of the flows that an event made."""

from __future__ import annotations

from domain.application import CandidateHired
from domain.candidate import CandidateReferred, CandidateSourced
from domain.consent import ConsentWithdrawn
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import tally
from projections.read_model import ReadModel

ACTIVE_DAYS = 180
"""How many days, its own included, one activity keeps a person active."""

# A node stands on a person's time line at (day, rank): 0 activity, 1 hired, 2 opted out, so an exit comes after the
# activity of its day, and of two exits on one day 'hired' comes first and is the one that ends the spell.
# It is known from `known` until `until`, both position * 2, and one more where a position adds (it takes back first).
TABLES = (
    tally.tables("pipeline")
    + """
create table pipeline.node (
    person uuid     not null,
    known  bigint   not null,
    until  bigint   not null default 9223372036854775807,
    day    date     not null,
    n      integer  not null,
    rank   smallint not null,
    primary key (person, day, rank, known)
) with (fillfactor = 90);
"""
)

WORKING = {
    "pipeline_step": "person uuid, known bigint, day date, before integer, after integer, last integer, rank smallint,"
    " stood boolean",
}

ENTERED = """
select stream_id as person, position, (at at time zone {zone})::date as day, 1 as n, 0 as rank from batch where {this}
"""

ENGAGED = """
select stream_id, position, (at at time zone {zone})::date, 1, 0
from batch join {catalogue} using (kind)
where {this} and catalogue.engagement and not (clear ->> 'machine')::boolean
"""

CORRECTED = """
select stream_id, position, (part.at at time zone {zone})::date, part.n, 0
from batch cross join lateral (values
    (clear ->> 'was_kind', (clear ->> 'was_at')::timestamptz, (clear ->> 'was_machine')::boolean, -1),
    (kind, coalesce(clear ->> 'at', clear ->> 'was_at')::timestamptz, (clear ->> 'machine')::boolean, 1)
) part (kind, at, machine, n) join {catalogue} on catalogue.kind = part.kind
where {this} and catalogue.engagement and not part.machine
"""

HIRED = """
select (clear ->> 'candidate')::uuid, position, (at at time zone {zone})::date, 1, 1 from batch where {this}
"""

OPTED_OUT = """
select stream_id, position, (at at time zone {zone})::date, 1, 2
from batch
where {this} and clear ->> 'purpose' = 'talent_pool' and (clear ->> 'entirely')::boolean
"""

# How many facts say that a node is there, before and after each position that told of one, and after the whole batch.
COUNT = """
insert into pipeline_step (person, known, day, before, after, last, rank, stood)
select person, fact.position * 2 + (fact.n > 0)::int, day,
       coalesce(node.n, 0) + sum(fact.n) over earlier - fact.n,
       coalesce(node.n, 0) + sum(fact.n) over earlier,
       coalesce(node.n, 0) + sum(fact.n) over all_of_it, rank, node.n is not null
from (select person, day, rank, position, sum(n) as n
      from ({fact}) fact (person, position, day, n, rank)
      group by person, day, rank, position having sum(n) <> 0) fact
left join lateral (
    select n from pipeline.node
    where person = fact.person and day = fact.day and rank = fact.rank and until = 9223372036854775807
) node on true
window earlier as (partition by person, day, rank order by fact.position),
       all_of_it as (partition by person, day, rank)
"""

END = """
update pipeline.node set until = coalesce(step.ended, until), n = case when step.ended is null then step.last else 0 end
from (select person, day, rank, last, min(known) filter (where before > 0 and after <= 0) as ended
      from pipeline_step where stood group by person, day, rank, last) step
where node.person = step.person and node.day = step.day and node.rank = step.rank
  and node.until = 9223372036854775807
"""

BEGIN = """
insert into pipeline.node (person, day, rank, known, until, n)
select person, day, rank, known, coalesce(ended, 9223372036854775807), case when ended is null then last else 0 end
from (select *, lead(known) over (partition by person, day, rank order by known) as ended
      from pipeline_step where (before > 0) <> (after > 0)) turn
where after > 0
"""

# A node that comes (or goes) stands between the neighbours known by then: what the gap between them meant is taken
# back (or added), what the two new gaps mean is added (or taken back).
FLOWS = """
    select turn.person as entity, turn.known / 2 as position, flow.day, flow.what, 0 as amount,
           gap.n * case when turn.after > 0 then 1 else -1 end as n
    from (select * from pipeline_step where (before > 0) <> (after > 0)) turn
    left join lateral (
        select day, rank from pipeline.node
        where person = turn.person and (day, rank) < (turn.day, turn.rank)
          and known < turn.known and until >= turn.known
        order by day desc, rank desc limit 1
    ) former on true
    left join lateral (
        select day, rank from pipeline.node
        where person = turn.person and (day, rank) > (turn.day, turn.rank)
          and known < turn.known and until >= turn.known
        order by day, rank limit 1
    ) latter on true
    cross join lateral (
        select former.day, former.rank, turn.day, turn.rank, 1
        union all select turn.day, turn.rank, latter.day, latter.rank, 1
        union all select former.day, former.rank, latter.day, latter.rank, -1
    ) gap (first_day, first_rank, day, rank, n)
    cross join lateral (
        select gap.first_day + {active_days}, 'dormant'
        where gap.first_rank = 0
          and (gap.day is null or gap.day + (gap.rank > 0)::int > gap.first_day + {active_days})
        union all
        select gap.day, case when gap.first_day is null then 'new' else 'reactivated' end
        where gap.rank = 0
          and (gap.first_day is null or gap.first_rank > 0 or gap.day > gap.first_day + {active_days})
        union all
        select gap.day, case gap.rank when 1 then 'exited.hired' else 'exited.opted-out' end
        where gap.rank > 0 and gap.first_rank = 0 and gap.day < gap.first_day + {active_days}
    ) flow (day, what)
""".replace("{active_days}", str(ACTIVE_DAYS))

PIPELINE = ReadModel(
    name="pipeline",
    version=1,
    tables=TABLES,
    working=WORKING,
    catalogue=("engagement",),
    facts={
        "segment": tally.PERSON_SEGMENT,
        "fact": {
            CandidateSourced: ENTERED,
            CandidateReferred: ENTERED,
            TouchpointRecorded: ENGAGED,
            TouchpointCorrected: CORRECTED,
            CandidateHired: HIRED,
            ConsentWithdrawn: OPTED_OUT,
        },
    },
    recompute=(
        tally.keep_segment("pipeline"),
        COUNT,
        END,
        BEGIN,
        tally.record("pipeline", FLOWS),
    ),
)

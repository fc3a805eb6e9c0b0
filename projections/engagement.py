"""What became of every message to every recipient: every change of the counts that an event made."""

from __future__ import annotations

from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import tally
from projections.read_model import ReadModel

WINDOWS = (7, 14, 30, 90)
"""The attribution windows in days: a reaction counts when it came in less than so many times 24 hours."""

# `known` and `until` as in the pipeline: position * 2, and one more where a position adds.
# A message is bucketed by the day it was sent, so its fates are kept with their exact times.
TABLES = (
    tally.tables("engagement")
    + """
create table engagement.fate (
    message    uuid        not null,
    person     uuid        not null,
    touchpoint uuid        not null,
    at         timestamptz not null,
    known      bigint      not null,
    until      bigint      not null default 9223372036854775807,
    fate       "char"      not null
);
create index on engagement.fate (message, person);
"""
)

WORKING = {
    "engagement_fact": 'message uuid, person uuid, touchpoint uuid, at timestamptz, known bigint, fate "char",'
    " taken_back boolean",
}

# 's' sent, 'b' bounced, 'h' opened by a human, 'm' by a machine, 'c' clicked, 'r' replied. A report of delivery is
# no fate: delivered is what was sent and did not bounce, as not every channel reports it. Machines also click.
_FATE = """
case outcome when 'sent' then 's' when 'bounced' then 'b'
             when 'opened' then case when machine then 'm' else 'h' end
             when 'clicked' then case when not machine then 'c' end
             when 'replied' then case when not machine then 'r' end end::"char"
"""

RECORDED = f"""
select message, stream_id as person, touchpoint, at, position * 2 + 1 as known, fate, false as taken_back
from batch join {{catalogue}} using (kind)
cross join lateral (select (clear ->> 'touchpoint')::uuid as touchpoint, (clear ->> 'machine')::boolean as machine) told
cross join lateral (select {_FATE} as fate) told_of
where {{this}} and message is not null and fate is not null
"""

CORRECTED = f"""
select part.message, stream_id, (clear ->> 'touchpoint')::uuid, part.at, position * 2 + (not part.taken_back)::int,
       fate, part.taken_back
from batch cross join lateral (values
    ((clear ->> 'was_message')::uuid, clear ->> 'was_kind', (clear ->> 'was_at')::timestamptz,
     (clear ->> 'was_machine')::boolean, true),
    (message, kind, coalesce(clear ->> 'at', clear ->> 'was_at')::timestamptz, (clear ->> 'machine')::boolean, false)
) part (message, kind, at, machine, taken_back)
join {{catalogue}} on catalogue.kind = part.kind
cross join lateral (select {_FATE} as fate) told_of
where {{this}} and part.message is not null and fate is not null
"""

KEEP = """
insert into engagement.fate (message, person, touchpoint, at, known, fate)
select message, person, touchpoint, at, known, fate from engagement_fact where not taken_back
"""

TAKE_BACK = """
update engagement.fate set until = ended.known
from (select fate.message, fate.person, fate.touchpoint, fate.known as began, min(fact.known) as known
      from engagement_fact fact join engagement.fate using (message, person, touchpoint)
      where fact.taken_back and fate.known < fact.known and fate.until > fact.known
      group by fate.message, fate.person, fate.touchpoint, fate.known) ended
where fate.message = ended.message and fate.person = ended.person and fate.touchpoint = ended.touchpoint
  and fate.known = ended.began
"""

# The earliest of each fate, as held just before and just after each position that told of one.
CHANGES = """
    with told as (
        select distinct message, person, known from engagement_fact
    ), held as (
        select told.message, told.person, told.known, fate.fate, fate.at,
               fate.known < told.known as before,
               fate.until > told.known as after
        from told join engagement.fate on fate.message = told.message and fate.person = told.person
        where fate.known <= told.known and fate.until >= told.known
    ), earliest as (
        select person, known,
               min(at) filter (where before and fate = 's') as sent0,
               min(at) filter (where after and fate = 's') as sent,
               min(at) filter (where before and fate = 'b') as bounced0,
               min(at) filter (where after and fate = 'b') as bounced,
               min(at) filter (where before and fate = 'h') as human0,
               min(at) filter (where after and fate = 'h') as human,
               min(at) filter (where before and fate = 'm') as machine0,
               min(at) filter (where after and fate = 'm') as machine,
               min(at) filter (where before and fate = 'c') as clicked0,
               min(at) filter (where after and fate = 'c') as clicked,
               min(at) filter (where before and fate = 'r') as replied0,
               min(at) filter (where after and fate = 'r') as replied
        from held group by message, person, known
    )
    select person as entity, known / 2 as position, (part.sent at time zone {zone})::date as day, turn.what,
           case when turn.what in ('sent', 'bounced') then 0
                when part.at < part.sent + interval '168 hours' then 7
                when part.at < part.sent + interval '336 hours' then 14
                when part.at < part.sent + interval '720 hours' then 30
                when part.at < part.sent + interval '2160 hours' then 90 else 0 end as amount, part.n
    from earliest
    cross join lateral (
        select 'sent', sent0, earliest.sent
        union all select 'bounced', bounced0, bounced
        union all select 'opened', least(human0, machine0), least(human, machine)
        union all select 'opened.human', human0, human
        union all select 'opened.machine', machine0, machine
        union all select 'clicked', clicked0, clicked
        union all select 'replied', replied0, replied
    ) turn (what, at0, at)
    cross join lateral (
        select sent0, at0, -1 where sent0 is not null and at0 is not null
        union all select earliest.sent, turn.at, 1 where earliest.sent is not null and turn.at is not null
    ) part (sent, at, n)
    where (turn.at0 is distinct from turn.at or sent0 is distinct from earliest.sent)
      and coalesce(turn.at0, turn.at) is not null
"""

ENGAGEMENT = ReadModel(
    name="engagement",
    version=1,
    tables=TABLES,
    working=WORKING,
    catalogue=("outcome",),
    facts={
        "segment": tally.PERSON_SEGMENT,
        "fact": {TouchpointRecorded: RECORDED, TouchpointCorrected: CORRECTED},
    },
    recompute=(
        tally.keep_segment("engagement"),
        "insert into engagement_fact (message, person, touchpoint, at, known, fate, taken_back) {fact}",
        KEEP,
        TAKE_BACK,
        tally.record("engagement", CHANGES),
    ),
)

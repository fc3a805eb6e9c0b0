"""What became of every message to every recipient: every change of the counts that an event made."""

from __future__ import annotations

from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import linked_records, segments, tally
from projections.read_model import ReadModel

WINDOWS = (7, 14, 30, 90)
"""The attribution windows in days: a reaction counts when it came in less than so many times 24 hours."""

# `known` and `until` as in the pipeline: position * 2, and one more where a position adds.
# A message is bucketed by the day it was sent, so its fates are kept with their exact times. They are kept by record;
# a message counts once for a person, whichever of their records its fates belong to.
TABLES = (
    tally.tables_of_people("engagement")
    + linked_records.tables("engagement")
    + """
create table engagement.fate (
    message    uuid        not null,
    record     uuid        not null,
    touchpoint uuid        not null,
    at         timestamptz not null,
    known      bigint      not null,
    until      bigint      not null default 9223372036854775807,
    fate       "char"      not null
);
create index on engagement.fate (record, message);
"""
)

WORKING = {
    **linked_records.working("engagement"),
    "engagement_fact": 'message uuid, record uuid, touchpoint uuid, at timestamptz, known bigint, fate "char",'
    " taken_back boolean",
    "engagement_turned": "position bigint, person uuid, record uuid, before boolean, after boolean",
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
select message, stream_id as record, touchpoint, at, position * 2 + 1 as known, fate, false as taken_back
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
insert into engagement.fate (message, record, touchpoint, at, known, fate)
select message, record, touchpoint, at, known, fate from engagement_fact where not taken_back
"""

TAKE_BACK = """
update engagement.fate set until = ended.known
from (select fate.message, fate.record, fate.touchpoint, fate.known as began, min(fact.known) as known
      from engagement_fact fact join engagement.fate using (message, record, touchpoint)
      where fact.taken_back and fate.known < fact.known and fate.until > fact.known
      group by fate.message, fate.record, fate.touchpoint, fate.known) ended
where fate.message = ended.message and fate.record = ended.record and fate.touchpoint = ended.touchpoint
  and fate.known = ended.began
"""

# Of the records that ever had a link: which persons each fact and each merge told of.
TURN = "insert into engagement_turned (position, person, record, before, after) " + linked_records.turned(
    "engagement",
    """
        select record, position from engagement_merged
        union
        select record, known / 2 from engagement_fact join engagement.linked using (record)
        """,
)

# What a position may have changed: the message that it told of, for the person of that record; where records came
# to a person or went, all messages of theirs.
_OF_ONE_RECORD = """
    select distinct message, record as person, record, known / 2 as position, true as was, true as now
    from engagement_fact fact
    where not exists (select from engagement.linked where linked.record = fact.record)
"""

_OF_SEVERAL = """
    select told.message, turned.person, turned.record, turned.position, turned.before as was, turned.after as now
    from (
        select message, known / 2 as position from engagement_fact
        union
        select fate.message, moved.position
        from engagement_turned moved join engagement.fate using (record) where moved.before <> moved.after
    ) told join engagement_turned turned using (position)
"""

# What the fates are called in the columns below, as known before a position (`0`) and from it on.
_FATES = {"sent": "s", "bounced": "b", "human": "h", "machine": "m", "clicked": "c", "replied": "r"}
_REACTIONS = ("human", "machine", "clicked", "replied")
_SIDES = (("0", "before"), ("", "after"))

_OWN = ",\n               ".join(
    f"min(at) filter (where {when} and fate = '{letter}') as {fate}{side}"
    for fate, letter in _FATES.items() for side, when in _SIDES
)  # fmt: skip

# A recipient is a record. A record that the message came back from did not react to it; a person whom it reached at
# none of their records did not either. What came back from a record that it was not sent to, came back from the person.
_OF_PERSON = ",\n               ".join(
    f"""min(sent{side}) as sent{side},
               case when bool_or(bounced{side} is not null and sent{side} is null)
                         or bool_and(bounced{side} is not null) filter (where sent{side} is not null)
                    then min(bounced{side}) end as bounced{side}"""
    for side, _ in _SIDES
)
_OF_REACTIONS = ",\n               ".join(
    f"min({fate}{side}) filter (where bounced{side} is null) as {fate}{side}"
    for fate in _REACTIONS
    for side, _ in _SIDES
)

# How each reaction stands before and after: a click of a person who opened is one of both, when both were so.
_TURNS = "\n        union all ".join(
    f"select '{what}', {at.format(side='0')}, {at.format(side='')}"
    for what, at in {
        "sent": "earliest.sent{side}",
        "bounced": "bounced{side}",
        "opened": "case when bounced{side} is null then least(human{side}, machine{side}) end",
        "opened.human": "case when bounced{side} is null then human{side} end",
        "opened.machine": "case when bounced{side} is null then machine{side} end",
        "clicked": "case when bounced{side} is null then clicked{side} end",
        "clicked.opened": "case when bounced{side} is null and clicked{side} is not null and human{side} is not null"
        " then greatest(clicked{side}, human{side}) end",
        "replied": "case when bounced{side} is null then replied{side} end",
    }.items()
)

# The earliest of each fate, as known just before each position and from it on.
_CHANGES = f"""
    with told as ({{told}}), held as (
        select told.message, told.person, told.record, told.position, fate.fate, fate.at,
               told.was and fate.known < told.position * 2 and fate.until >= told.position * 2 as before,
               told.now and fate.known <= told.position * 2 + 1 and fate.until > told.position * 2 + 1 as after
        from told join engagement.fate on fate.message = told.message and fate.record = told.record
    ), own as (
        select message, person, position,
               {_OWN}
        from held where before or after group by message, person, record, position
    ), earliest as (
        select person, position,
               {_OF_PERSON},
               {_OF_REACTIONS}
        from own group by message, person, position
    )
    select person as entity, position, (part.sent at time zone {{zone}})::date as day, turn.what,
           case when turn.what in ('sent', 'bounced') then 0
                when part.at < part.sent + interval '168 hours' then 7
                when part.at < part.sent + interval '336 hours' then 14
                when part.at < part.sent + interval '720 hours' then 30
                when part.at < part.sent + interval '2160 hours' then 90 else 0 end as amount, part.n
    from earliest
    cross join lateral (
        {_TURNS}
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
    version=4,
    tables=TABLES,
    working=WORKING,
    catalogue=("outcome",),
    facts={
        "segment": segments.ENTRIES,
        "completion": segments.COMPLETIONS,
        "link": linked_records.LINKS,
        "fact": {TouchpointRecorded: RECORDED, TouchpointCorrected: CORRECTED},
    },
    recompute=(
        segments.keep("engagement"),
        segments.complete("engagement"),
        linked_records.keep("engagement"),
        "insert into engagement_fact (message, record, touchpoint, at, known, fate, taken_back) {fact}",
        KEEP,
        TAKE_BACK,
        TURN,
        tally.record_people("engagement", _CHANGES.replace("{told}", _OF_ONE_RECORD)),
        tally.record_people("engagement", _CHANGES.replace("{told}", _OF_SEVERAL)),
        *tally.complete("engagement"),
    ),
)

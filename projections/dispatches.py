"""What we sent to whom, and the consent that allowed it: every belief about every outbound touchpoint."""

from __future__ import annotations

from domain.candidate import ProcessingRestricted, RestrictionLifted
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import linked_records
from projections.consent_state import ANSWERS, CONSENT_STATE, HOLDS
from projections.consent_state import keep as keep_answers
from projections.read_model import ReadModel

# A belief holds as of the positions known <= p < until. `event_id` is what recorded the dispatch, `corrected_by` the
# correction that the belief comes from. standing: authorised, not-needed or exception.
TABLES = (
    linked_records.tables("dispatches")
    + ANSWERS.format(name="dispatches")
    + """
create table dispatches.restriction (
    record     uuid        not null,
    position   bigint      not null,
    at         timestamptz not null,
    restricted boolean     not null,
    primary key (record, position)
);
create table dispatches.dispatch (
    touchpoint   uuid        not null,
    record       uuid        not null,
    known        bigint      not null,
    until        bigint      not null default 9223372036854775807,
    at           timestamptz not null,
    event_id     uuid        not null,
    corrected_by uuid,
    consent      uuid,
    kind         text        not null,
    channel      text        not null,
    purpose      text,
    standing     text        not null,
    reported_by  text        not null,
    primary key (touchpoint, known)
) with (fillfactor = 90);
create index on dispatches.dispatch (at, touchpoint);
create index on dispatches.dispatch (record);
create index on dispatches.dispatch (at, touchpoint) where standing = 'exception';
"""
)

SENT = """
select stream_id as record, (clear ->> 'touchpoint')::uuid as touchpoint, position, at, event_id, batch.kind, channel,
       coalesce(clear ->> 'purpose', catalogue.purpose) as purpose, (clear ->> 'authorised')::boolean as authorised,
       (clear ->> 'consent')::uuid as consent, clear ->> 'reported_by' as reported_by
from batch join {catalogue} on catalogue.kind = batch.kind and direction = 'outbound'
where {this}
"""

CORRECTED = """
select stream_id as record, (clear ->> 'touchpoint')::uuid as touchpoint, position,
       coalesce(clear ->> 'at', clear ->> 'was_at')::timestamptz as at, event_id, kind, actor
from batch where {this}
"""

TURNED = """
select stream_id as record, position, at, {restricted} as restricted from batch where {{this}}
"""

KEEP_SENT = """
insert into dispatches.dispatch
    (touchpoint, record, known, at, event_id, consent, kind, channel, purpose, standing, reported_by)
select touchpoint, record, position, at, event_id, consent, kind, channel, purpose,
       case when authorised then 'authorised' when purpose is null then 'not-needed' else 'exception' end, reported_by
from ({sent}) sent
"""

# An id that was used for two touchpoints is the newer one's: a correction is of that, and the older stays as it was.
KEEP_TOLD = """
insert into dispatches_told (touchpoint, record, position, until, at, event_id, kind, actor, sent)
select touchpoint, record, position,
       lead(position, 1, 9223372036854775807) over (partition by record, touchpoint, sent order by position),
       at, event_id, kind, actor, sent
from ({corrected}) told left join lateral (
    select dispatch.event_id as sent from dispatches.dispatch
    where dispatch.touchpoint = told.touchpoint and dispatch.record = told.record and corrected_by is null
          and known < told.position
    order by known desc limit 1
) newest on true
"""

END = """
update dispatches.dispatch set until = told.position
from (select record, touchpoint, sent, min(position) as position from dispatches_told group by 1, 2, 3) told
where dispatch.touchpoint = told.touchpoint and dispatch.record = told.record and until = 9223372036854775807
      and event_id = coalesce(told.sent, corrected_by)
"""

# Of another kind or at another time than was judged when it was recorded, a dispatch must be covered by the very
# consent that it cites, as far as answers and restrictions were known when it was corrected. One that was not recorded
# as a dispatch cites none, and is attributed to who corrected it. adapters/proof/dispatch_rule.py says the same again.
_STILL_HOLDS = HOLDS.format(answer="answer", position="wrong.position", at="wrong.at")
_OF = linked_records.persons(
    "dispatches", "select record, position from wrong where consent is not null and not as_judged"
)
KEEP_CORRECTED = f"""
insert into dispatches.dispatch (touchpoint, record, known, until, at, event_id, corrected_by, consent, kind, channel,
                                 purpose, standing, reported_by)
with wrong as materialized (
    select told.*, catalogue.channel, coalesce(sent.purpose, catalogue.purpose) as purpose,
           sent.consent, sent.standing, sent.reported_by,
           coalesce(sent.kind = told.kind and sent.at = told.at, false) as as_judged
    from dispatches_told told join {{catalogue}} on catalogue.kind = told.kind and direction = 'outbound'
    left join dispatches.dispatch sent on sent.touchpoint = told.touchpoint and sent.event_id = told.sent
              and sent.corrected_by is null
), of as materialized ({_OF}), answer as (
    select wrong.touchpoint, of.position, answer.event_id, answer.channel, answer.status, answer.at, answer.valid_until
    from wrong join of on of.asked = wrong.record and of.position = wrong.position
    join dispatches.answer on answer.candidate = of.record and answer.purpose = wrong.purpose
         and answer.position <= wrong.position and answer.at <= wrong.at and {_STILL_HOLDS}
    where answer.channel in (wrong.channel, '*')
), restricted as (
    select wrong.touchpoint, wrong.position
    from wrong join of on of.asked = wrong.record and of.position = wrong.position
    cross join lateral (
        select restricted from dispatches.restriction turn
        where turn.record = of.record and turn.position <= wrong.position and turn.at <= wrong.at
        order by turn.at desc, turn.position desc limit 1
    ) last
    where last.restricted
), covered as (
    select distinct wrong.touchpoint, wrong.position, true as covers
    from wrong join answer given using (touchpoint, position)
    where given.event_id = wrong.consent and given.status = 'given' and coalesce(given.valid_until > wrong.at, true)
          and not exists (select from answer no where no.touchpoint = wrong.touchpoint and no.position = wrong.position
                          and no.at >= given.at and (no.status <> 'given' or no.valid_until <= wrong.at))
          and not exists (select from restricted where restricted.touchpoint = wrong.touchpoint
                          and restricted.position = wrong.position)
)
select touchpoint, record, position, until, at, coalesce(sent, event_id), event_id, consent, kind, channel, purpose,
       case when as_judged then standing when purpose is null then 'not-needed'
            when covers is null then 'exception' else 'authorised' end,
       coalesce(reported_by, actor)
from wrong left join covered using (touchpoint, position)
"""

DISPATCHES = ReadModel(
    name="dispatches",
    version=4,
    tables=TABLES,
    working={
        **linked_records.working("dispatches"),
        "dispatches_told": "touchpoint uuid, record uuid, position bigint, until bigint, at timestamptz, event_id uuid,"
        " kind text, actor text, sent uuid",
    },
    catalogue=("channel", "direction", "purpose"),
    facts={
        "link": linked_records.LINKS,
        "answer": CONSENT_STATE.facts["answer"],
        "lifted": CONSENT_STATE.facts["lifted"],
        "restriction": {
            ProcessingRestricted: TURNED.format(restricted="true"),
            RestrictionLifted: TURNED.format(restricted="false"),
        },
        "sent": {TouchpointRecorded: SENT},
        "corrected": {TouchpointCorrected: CORRECTED},
    },
    recompute=(
        linked_records.keep("dispatches"),
        *keep_answers("dispatches"),
        "insert into dispatches.restriction (record, position, at, restricted) {restriction}",
        KEEP_SENT,
        KEEP_TOLD,
        END,
        KEEP_CORRECTED,
    ),
)

"""What each record answered to each purpose on each channel, so that any past belief about its person can be asked."""

from __future__ import annotations

from domain.consent import ConsentGiven, ConsentRefused, ConsentWithdrawn, ConsentWithheld, ConsentWithholdingEnded
from projections import linked_records
from projections.read_model import ReadModel

ANSWERS = """
create table {name}.answer (
    candidate   uuid        not null,
    position    bigint      not null,
    at          timestamptz not null,
    valid_until timestamptz,
    event_id    uuid        not null,
    purpose     text        not null,
    channel     text        not null,
    status      text        not null,
    survivor    uuid,
    absorbed    uuid,
    lifted      bigint      not null default 9223372036854775807,
    lifted_at   timestamptz,
    primary key (candidate, position, channel)
) with (fillfactor = 90);
"""
"""A line for each answer on each channel; '*' is every channel. What a merge withholds is one too: of which merge, and
since which position it is known that an un-merge ended it at `lifted_at`."""

TABLES = (
    linked_records.tables("consent_state")
    + ANSWERS.format(name="consent_state")
    + """
create index on consent_state.answer (valid_until);
"""
)

GIVEN = """
select stream_id as candidate, position, at, (clear ->> 'valid_until')::timestamptz as valid_until, event_id,
       clear ->> 'purpose' as purpose, channel, 'given' as status,
       null::uuid as survivor, null::uuid as absorbed
from batch cross join lateral (select distinct jsonb_array_elements_text(clear -> 'channels')) named (channel)
where {this}
"""

REFUSED = """
select stream_id, position, at, null::timestamptz, event_id, clear ->> 'purpose', channel, 'refused',
       null::uuid, null::uuid
from batch cross join lateral (select distinct jsonb_array_elements_text(clear -> 'channels')) named (channel)
where {this}
"""

WITHDRAWN = """
select stream_id, position, at, null::timestamptz, event_id, clear ->> 'purpose', channel,
       case clear ->> 'method' when 'merge' then 'withheld' else 'withdrawn' end, null::uuid, null::uuid
from batch cross join lateral (
    select '*' where (clear ->> 'entirely')::boolean
    union
    select jsonb_array_elements_text(clear -> 'channels') where not (clear ->> 'entirely')::boolean
) named (channel)
where {this}
"""

WITHHELD = """
select stream_id, position, at, null::timestamptz, event_id, clear ->> 'purpose', channel, 'withheld',
       (clear ->> 'survivor')::uuid, (clear ->> 'absorbed')::uuid
from batch cross join lateral (select distinct jsonb_array_elements_text(clear -> 'channels')) named (channel)
where {this}
"""

LIFTED = """
select stream_id as candidate, position, at, (clear ->> 'withheld')::uuid as event_id from batch where {this}
"""

# A merge recorded a withdrawal with the method 'merge' before it withheld. It is of the record's newest merge by then;
# where there is none, a client stated that method, and it is a withdrawal.
_KEEP = """
insert into {name}.answer (candidate, position, at, valid_until, event_id, purpose, channel, status, survivor, absorbed)
select candidate, position, at, valid_until, event_id, purpose, channel,
       case when status = 'withheld' and coalesce(told.survivor, newest.survivor) is null then 'withdrawn'
            else status end,
       coalesce(told.survivor, newest.survivor), coalesce(told.absorbed, newest.absorbed)
from ({{answer}}) told
    (candidate, position, at, valid_until, event_id, purpose, channel, status, survivor, absorbed)
left join lateral (
    select survivor, absorbed from {name}.link
    where status = 'withheld' and told.survivor is null and known < told.position
          and (link.absorbed = told.candidate or link.survivor = told.candidate)
    order by known desc limit 1
) newest on true
"""

_LIFT = """
update {name}.answer set lifted = ended.position, lifted_at = ended.at
from ({{lifted}}) ended where answer.candidate = ended.candidate and answer.event_id = ended.event_id
"""

HOLDS = "({answer}.lifted > {position} or {answer}.lifted_at > {at})"
"""Whether what a merge withholds is withheld still, as known at a position and at a time; true of all answers."""


def keep(name: str) -> tuple[str, str]:
    """Return the statements that keep the facts of the kinds `answer` and `lifted` in the table of answers."""
    return _KEEP.format(name=name), _LIFT.format(name=name)


CONSENT_STATE = ReadModel(
    name="consent_state",
    version=4,
    tables=TABLES,
    working=linked_records.working("consent_state"),
    facts={
        "link": linked_records.LINKS,
        "answer": {
            ConsentGiven: GIVEN,
            ConsentRefused: REFUSED,
            ConsentWithdrawn: WITHDRAWN,
            ConsentWithheld: WITHHELD,
        },
        "lifted": {ConsentWithholdingEnded: LIFTED},
    },
    recompute=(linked_records.keep("consent_state"), *keep("consent_state")),
)

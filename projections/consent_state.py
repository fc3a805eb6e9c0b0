"""What each record answered to each purpose on each channel, so that any past belief about its person can be asked."""

from __future__ import annotations

from domain.consent import ConsentGiven, ConsentRefused, ConsentWithdrawn
from projections import kin
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
    primary key (candidate, position, channel)
);
"""
"""A line for each answer on each channel; '*' is every channel."""

TABLES = (
    kin.tables("consent_state")
    + ANSWERS.format(name="consent_state")
    + """
create index on consent_state.answer (valid_until);
"""
)

GIVEN = """
select stream_id as candidate, position, at, (clear ->> 'valid_until')::timestamptz as valid_until, event_id,
       clear ->> 'purpose' as purpose, channel, 'given' as status
from batch cross join lateral (select distinct jsonb_array_elements_text(clear -> 'channels')) named (channel)
where {this}
"""

REFUSED = """
select stream_id, position, at, null::timestamptz, event_id, clear ->> 'purpose', channel, 'refused'
from batch cross join lateral (select distinct jsonb_array_elements_text(clear -> 'channels')) named (channel)
where {this}
"""

WITHDRAWN = """
select stream_id, position, at, null::timestamptz, event_id, clear ->> 'purpose', channel, 'withdrawn'
from batch cross join lateral (
    select '*' where (clear ->> 'entirely')::boolean
    union
    select jsonb_array_elements_text(clear -> 'channels') where not (clear ->> 'entirely')::boolean
) named (channel)
where {this}
"""

CONSENT_STATE = ReadModel(
    name="consent_state",
    version=3,
    tables=TABLES,
    working=kin.working("consent_state"),
    facts={
        "link": kin.LINKS,
        "answer": {ConsentGiven: GIVEN, ConsentRefused: REFUSED, ConsentWithdrawn: WITHDRAWN},
    },
    recompute=(
        kin.keep("consent_state"),
        "insert into consent_state.answer"
        " (candidate, position, at, valid_until, event_id, purpose, channel, status) {answer}",
    ),
)

"""How many touchpoints of each kind there were each day, by where the record that they were recorded for came from."""

from __future__ import annotations

from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import segments, tally
from projections.read_model import ReadModel

# A merge moves nothing: this counts touchpoints and not people, and each is of the segment of its own record.
RECORDED = """
select stream_id as entity, position, (at at time zone {zone})::date as day, kind as what, 0 as amount, 1 as n
from batch where {this}
"""

CORRECTED = """
select stream_id, position, (part.at at time zone {zone})::date, part.kind, 0, part.n
from batch cross join lateral (values
    ((clear ->> 'was_at')::timestamptz, clear ->> 'was_kind', -1),
    (coalesce(clear ->> 'at', clear ->> 'was_at')::timestamptz, kind, 1)
) part (at, kind, n)
where {this} and part.kind is not null
"""

TOUCHPOINT_COUNTS = ReadModel(
    name="touchpoint_counts",
    version=3,
    tables=tally.tables_of_people("touchpoint_counts"),
    facts={
        "segment": segments.ENTRIES,
        "completion": segments.COMPLETIONS,
        "touch": {TouchpointRecorded: RECORDED, TouchpointCorrected: CORRECTED},
    },
    recompute=(
        segments.keep("touchpoint_counts"),
        segments.complete("touchpoint_counts"),
        tally.record_people("touchpoint_counts", "{touch}"),
        *tally.complete("touchpoint_counts"),
    ),
)

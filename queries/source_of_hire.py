"""Where the people come from whom we hire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import psycopg

from domain.codes import UNKNOWN
from projections import segments
from queries.candidacies import IN_PERIOD, WAYS, ask
from queries.question import EVERYBODY, AsOf, Parameter, Period, Segment

DEFINITION = "source-of-hire"
VERSION = 2
CREDITED = "referral"
"""The source of a hire whose referral was credited."""
PARTS = 10_000
"""Shares are counted out in ten-thousandths, which are their four decimals."""
Attribution = Literal["first-touch", "last-touch", "credited"]


@dataclass(frozen=True, slots=True)
class SourceShare:
    """`n` hires came from the source: this share of all, four decimals."""

    source: str
    n: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class SourcesOfHire:
    """The `n` hires of the period by source; their shares add up to exactly 1, 'unknown' is one of them.

    first-touch: the source of the person's earliest record. last-touch: that of the application which was hired.
    credited: 'referral' where a referral of that application was credited, else the last touch, else the first.
    What rounding leaves over goes to the largest remainders, of equal ones to the first in the alphabet.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    attribution: Attribution
    n: int
    sources: tuple[SourceShare, ...]


# A hire and the person's first source come together as rows of that person: so the planner guesses no join.
_HIRES = f"""
with {WAYS}, first as (
    select distinct on (person) person, source
    from people join applications.entry using (record)
    join applications.segment on {segments.holds("record", "%(position)s")}
    where position <= %(position)s
    order by person, at, position
), touched_last as (
    select *, first_value(source) over (
        partition by application order by step in ('prospect', 'submitted') desc, no desc
    ) as last_source
    from way
), hired as (
    select distinct on (person, job) person, application, day, last_source from touched_last
    where hire order by person, job, at, position
), hires as (
    select application, day, last_source, max(source) over (partition by person) as first_source
    from (select person, application, day, last_source, null as source from hired
          union all
          select person, null, null, null, source from first) told
)
select case when %(attribution)s = 'first-touch' then coalesce(first_source, '{UNKNOWN}')
            when %(attribution)s = 'last-touch' then coalesce(last_source, '{UNKNOWN}')
            when exists (
                select from applications.credit
                where credit.application = hires.application and credit.position <= %(position)s
            ) then '{CREDITED}'
            else coalesce(nullif(last_source, '{UNKNOWN}'), first_source, '{UNKNOWN}') end, count(*)
from hires where {IN_PERIOD}
group by 1
"""


def source_of_hire(
    connection: psycopg.Connection[Any],
    period: Period,
    as_of: AsOf,
    segment: Segment = EVERYBODY,
    attribution: Annotated[Attribution, Parameter("Which touch gets the hire.")] = "first-touch",
) -> SourcesOfHire:
    """Return the hires of the period by source, as known at the position; one for each candidacy that was hired.

    `attribution`: which touch gets the hire: first-touch, last-touch or credited. The segment is the person's.
    """
    hires = dict(ask(connection, _HIRES, period, as_of, segment, ("hired",), attribution=attribution))
    shares = shared(hires)
    sources = sorted((SourceShare(source, n, shares[source]) for source, n in hires.items()), key=most_first)
    n = sum(hires.values())
    return SourcesOfHire(
        f"{DEFINITION}.{attribution}", VERSION, as_of.position, as_of.at, period, segment,
        attribution, n, tuple(sources),
    )  # fmt: skip


def most_first(share: SourceShare) -> tuple[int, str]:
    return -share.n, share.source


def shared(counts: Mapping[str, int]) -> dict[str, Decimal]:
    """Each count's share of all in four decimals that add up to exactly 1, by largest remainders; none of nothing."""
    total = sum(counts.values())
    shares = {name: n * PARTS // total for name, n in counts.items()}
    by_remainder = sorted(counts, key=lambda name: (-(counts[name] * PARTS % total), name))
    for name in by_remainder[: PARTS - sum(shares.values())]:
        shares[name] += 1
    return {name: Decimal(share).scaleb(-4) for name, share in shares.items()}

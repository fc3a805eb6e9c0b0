"""Time to hire: from a person's first entry for a job to their acceptance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

from queries.candidacies import BEGINNINGS, IN_PERIOD, WAYS, ask, listed
from queries.question import EVERYBODY, AsOf, Period, Segment
from queries.spread import Days, mean, over_by

DEFINITION = "first-entry-to-acceptance"
VERSION = 2
COUNTED = "hired, by the day of acceptance"


@dataclass(frozen=True, slots=True)
class TimeToHire:
    """Days from the first entry for a job to the acceptance, of the `n` candidacies that accepted in the period.

    Whole calendar days; an acceptance before the entry counts as 0. `mean` has one decimal; `median`, the quartiles
    and `p90` are the days by which half, a quarter and so on were hired; None where n is 0. Those who wait are not in
    it: it says how long the hires of a period took, and not how long it takes.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    counted: str
    n: int
    mean: Decimal | None
    lower_quartile: int | None
    median: int | None
    upper_quartile: int | None
    p90: int | None


# The entry is the first step that begins the candidacy and names its job; that of a prospect for no job, or for
# another one, counts where there is none. Of several hires of one candidacy the first that stands is the hire; the
# acceptance is the last that stands in its application, of an offer for its job.
_BEGINS = f"step in ({listed(BEGINNINGS)})"
_DAYS = f"""
with {WAYS}, answered as (
    select *, step = 'offer-accepted' and stands as accepted from way
), part as (
    select person, job, min(day) filter (where {_BEGINS} and requisition = job) as named,
           min(day) filter (where {_BEGINS}) as begun, min(day) as told,
           (array_agg((at, position) order by no) filter (where hire))[1] as hired,
           (array_agg(day order by case when accepted then -no else no end) filter (where accepted or hire))[1]
               as accepted_on
    from answered group by person, job, application
), candidacy as (
    select distinct on (person, job) accepted_on, hired,
           coalesce(min(named) over own, min(begun) over own, min(told) over own) as entered_on
    from part window own as (partition by person, job) order by person, job, hired
)
select greatest(day - entered_on, 0), count(*)
from (select accepted_on as day, entered_on from candidacy where hired is not null) hire
where {IN_PERIOD}
group by 1
"""


def time_to_hire(
    connection: psycopg.Connection[Any], period: Period, as_of: AsOf, segment: Segment = EVERYBODY
) -> TimeToHire:
    """Days from the first entry for the job to the acceptance, of the hires accepted in the period.

    As known at the position. The segment is the person's.
    """
    days: Days = Counter(dict(ask(connection, _DAYS, period, as_of, segment, ("offer-accepted", "hired"))))
    return TimeToHire(
        DEFINITION, VERSION, as_of.position, as_of.at, period, segment, COUNTED, days.total(), mean(days),
        over_by(days, 1, 4), over_by(days, 1, 2), over_by(days, 3, 4), over_by(days, 9, 10),
    )  # fmt: skip

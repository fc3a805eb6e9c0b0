"""How long it takes from somebody's first entry for a job to their acceptance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

from queries.candidacies import BEGINNINGS, HIRES, IN_PERIOD, WAYS, ask, listed
from queries.question import EVERYBODY, AsOf, Period, Segment
from queries.spread import Days, mean, over_by

DEFINITION = "first-entry-to-acceptance"
VERSION = 1
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
# another one, counts where there is none. A rescission takes back what was accepted before it, of its opening where
# it names one; so does a decline.
_DAYS = f"""
with {WAYS}, {HIRES}, entered as (
    select person, job, coalesce(min(day) filter (where step in ({listed(BEGINNINGS)}) and requisition = job),
                                 min(day) filter (where step in ({listed(BEGINNINGS)})), min(day)) as day
    from way group by person, job
), offers as (
    select application, part, opening, day, step = 'offer-accepted' as accepted,
           row_number() over (partition by application, part order by at, position) as no
    from way where step in ('offer-accepted', 'offer-declined', 'offer-rescinded')
), answered as (
    select *, max(no) filter (where not accepted) over (partition by application, part, opening) as took_back,
           max(no) filter (where not accepted and opening is null) over run as took_all_back
    from offers window run as (partition by application, part)
), accepted as (
    select distinct on (application, part) application, part, day from answered
    where accepted and no > coalesce(greatest(took_back, took_all_back), 0)
    order by application, part, no desc
)
select greatest(day - entered_on, 0), count(*)
from (
    select coalesce(accepted.day, hired.day) as day, entered.day as entered_on
    from hired join entered using (person, job) left join accepted using (application, part)
) hire
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

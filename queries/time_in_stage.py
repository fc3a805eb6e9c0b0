"""How long applications stand in each stage of the process, those that still stand there included."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from domain.stages import APPLIED, FUNNEL, PROSPECT, in_order, stages_of
from queries.candidacies import COURSES, ENDINGS, IN_PERIOD, MOVES, STANDINGS, ask, listed
from queries.question import EVERYBODY, AsOf, Period, Segment
from queries.spread import Days, over_by
from queries.survival import reached, survival

DEFINITION = "stage-visits"
VERSION = 2


@dataclass(frozen=True, slots=True)
class StageVisits:
    """The visits of one stage that began in the period; all durations are whole calendar days.

    `n` = n_completed + n_censored (standing there still). `median` and `p90`: the day by which half and nine tenths of
    the completed were over, None where none was. `km_median` is Kaplan-Meier's: who stands there still is censored on
    the day of `as_of`; None where the curve does not get there. `funnel_stage`: of the standard funnel, if in it.
    """

    code: str
    funnel_stage: str | None
    n: int
    n_completed: int
    n_censored: int
    median: int | None
    p90: int | None
    km_median: int | None


@dataclass(frozen=True, slots=True)
class TimeInStage:
    """How long the `n` visits took that began in the period, stage by stage; a stage without a visit is absent."""

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    n: int
    n_censored: int
    stages: tuple[StageVisits, ...]


# Entering the present stage again changes nothing: that ends no visit and begins none; a transfer ends one and
# begins one. After an end an application is in no stage until the time of its undoing: then a visit begins in the
# stage of that time, unless another end holds. Which of several undone ends an un-reject undid does not matter: they
# are counted, so an end that was undone at an earlier time than its own was none, or parts another that was undone. A
# visit that ends at the moment at which it began does not count.
VISITS = f"""
{COURSES}, turn as (
    select application, part.*, step = 'transferred-in' as came
    from told cross join lateral (
        select at, position, day, 0 as ends, 0 as undone,
               case when step = 'submitted' or step <> 'stage' and step <> 'moved-back' and submitted then '{APPLIED}'
                    when step in ('prospect', 'transferred-in') then '{PROSPECT}' else stage end as code
        where step in ({listed(MOVES)})
        union all
        select at, position, day, stands::int, (not stands)::int, null where step in ({listed(ENDINGS)})
        union all
        select until_at, until, (until_at at time zone {{zone}})::date, 0, -1, null
        where step in ({listed(ENDINGS)}) and not stands
    ) part
), standing as (
    select *, sum(ends) over line > 0 or sum(undone) over line > 0 as ended, count(code) over line as move
    from turn window line as (partition by application order by at, position)
), stood as (
    select *, max(code) over (partition by application, move) as stage from standing
), turns as (
    select *, lag(stage) over line as stage_before, lag(ended) over line as ended_before
    from stood window line as (partition by application order by at, position)
), visits as (
    select application, day, stage, ended, at, lead(at) over line as left_at, lead(day) over line as left_on
    from turns
    where ended is distinct from ended_before or not ended and (came or stage is distinct from stage_before)
    window line as (partition by application order by at, position)
)"""

_DAYS = f"""
with {VISITS}
select stage, left_on is not null, greatest(coalesce(left_on, %(today)s) - day, 0), count(*)
from visits where {IN_PERIOD} and not ended and stage is not null and at is distinct from left_at
group by 1, 2, 3
"""


def time_in_stage(
    connection: psycopg.Connection[Any], period: Period, as_of: AsOf, segment: Segment = EVERYBODY
) -> TimeInStage:
    """Return how long applications stayed in the stages that they entered in the period, as known at the position.

    The segment is the person's.
    """
    completed: dict[str, Days] = {}
    waiting: dict[str, Days] = {}
    for code, over, days, n in ask(connection, _DAYS, period, as_of, segment, STANDINGS):
        (completed if over else waiting).setdefault(code, Counter())[days] = n
    codes = sorted(completed.keys() | waiting.keys(), key=in_order)
    stages = tuple(_visits(code, completed.get(code, Counter()), waiting.get(code, Counter())) for code in codes)
    n, n_censored = sum(stage.n for stage in stages), sum(stage.n_censored for stage in stages)
    return TimeInStage(DEFINITION, VERSION, as_of.position, as_of.at, period, segment, n, n_censored, stages)


def _visits(code: str, completed: Days, waiting: Days) -> StageVisits:
    n_completed, n_censored = completed.total(), waiting.total()
    return StageVisits(
        code, stages_of(FUNNEL).get(code), n_completed + n_censored, n_completed, n_censored,
        over_by(completed, 1, 2), over_by(completed, 9, 10), reached(list(survival(completed, waiting)), 2),
    )  # fmt: skip

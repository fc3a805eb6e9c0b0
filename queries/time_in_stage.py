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
VERSION = 1


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
    """How long the `n` visits took that began in the period, stage by stage; a stage that nobody visited is absent."""

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    n: int
    n_censored: int
    stages: tuple[StageVisits, ...]


# Who is told again to be where they are stays there: that ends no visit and begins none. An un-rejection and an
# un-hire begin one, in the stage that was entered last, where an end stands before them. A visit that ends at the
# moment at which it began is none: nobody stood there.
_VISITS = f"""
with {COURSES}, standing as (
    select application, no, at, day, step, step in ({listed(ENDINGS)}) as ends,
           case when step in ('submitted', 'transferred-in') and submitted then '{APPLIED}'
                when step in ('prospect', 'transferred-in') then '{PROSPECT}' else stage end as code,
           count(*) filter (where step in ({listed(MOVES)})) over line as move
    from told where step in ({listed(STANDINGS)})
    window line as (partition by application order by no)
), stood as (
    select application, no, at, day, ends, max(code) over (partition by application, move) as stage from standing
), turns as (
    select *, lag(stage) over line as stage_before, lag(ends) over line as ended_before
    from stood window line as (partition by application order by no)
), visits as (
    select day, stage, ends, at, lead(at) over line as left_at, lead(day) over line as left_on
    from turns where ends or ended_before is not false or stage is distinct from stage_before
    window line as (partition by application order by no)
)
select stage, left_on is not null, greatest(coalesce(left_on, %(today)s) - day, 0), count(*)
from visits where {IN_PERIOD} and not ends and stage is not null and at is distinct from left_at
group by 1, 2, 3
"""


def time_in_stage(
    connection: psycopg.Connection[Any], period: Period, as_of: AsOf, segment: Segment = EVERYBODY
) -> TimeInStage:
    """How long applications stood in the stages that they came to in the period, as known at the position.

    The segment is the person's.
    """
    completed: dict[str, Days] = {}
    waiting: dict[str, Days] = {}
    for code, over, days, n in ask(connection, _VISITS, period, as_of, segment, STANDINGS):
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

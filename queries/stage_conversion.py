"""How far applications get: of those who came to a stage the share that got further, or what happened in a period."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Annotated, Any, Literal

import psycopg

from domain.codes import CODE
from domain.errors import ExplainedError
from domain.stages import APPLIED, FUNNEL, HIRED, OFFER, PROSPECT, Funnel, Stage, in_order, stages_of
from queries.candidacies import IN_PERIOD, PEOPLE, WAYS, ask
from queries.question import EVERYBODY, AsOf, Parameter, Period, Segment, rounded

DEFINITION = "stage-conversion"
VERSION = 2
WITHIN_DAYS = (30, 60, 90)
MOST_STAGES = 20
View = Literal["cohort", "activity"]


class StagesCannotBeRead(ExplainedError, ValueError):
    """Invalid stages

    The stages '{stages}' are not {fewest} to {most} different codes separated by commas.

    Write them like applied,interview,offer: a-z 0-9 . _ - in each code.
    """


@dataclass(frozen=True, slots=True)
class Within:
    """Of `n` who entered so long ago that their first `days` days were over on the day of `as_of`, how many had
    reached the stage within these days (the day of entry is the first); `share` has four decimals, None where n is 0.
    """

    days: int
    n: int
    reached: int

    @property
    def share(self) -> Decimal | None:
        return share(self.reached, self.n)


@dataclass(frozen=True, slots=True)
class Conversion:
    """How many of a cohort `reached` the stage `to`, or a later one, by `as_of`; `share` of the cohort, 4 decimals.

    `n_censored` have not, but are still under way.
    """

    to: str
    reached: int
    share: Decimal | None
    n_censored: int
    within: tuple[Within, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    """The `n` candidacies that first entered a stage in the period, and how far they got."""

    stage: str
    n: int
    conversions: tuple[Conversion, ...]


@dataclass(frozen=True, slots=True)
class StepCount:
    """`n` steps of a kind in the period; of steps into a stage its code, and the funnel's stage that it belongs to."""

    step: str
    code: str | None
    funnel_stage: str | None
    n: int


@dataclass(frozen=True, slots=True)
class StageConversion:
    """How far candidacies get, by one of two views that are never mixed; a candidacy is one person and one job.

    cohort: of those that first entered a stage in the period, the share that ever reached a later one; `n` entered any.
    activity: `counts` of what happened in the period, without shares; `n` steps in all, and no cohorts.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    view: View
    stages: tuple[str, ...]
    n: int
    cohorts: tuple[Cohort, ...]
    counts: tuple[StepCount, ...]


_ENTERS = f"""
case when step = 'prospect' or step = 'transferred-in' and not submitted then '{PROSPECT}'
     when step in ('submitted', 'transferred-in') then '{APPLIED}'
     when step in ('offer-made', 'offer-accepted') then '{OFFER}'
     when hire then '{HIRED}'
     when step in ('stage', 'moved-back') then nullif(stage, '{HIRED}') end
"""

_OVER = "day + {days} <= %(today)s"
_YOUNG = ", ".join(
    f"count(*) filter (where {over}), count(*) filter (where {over} and reached < day + {days})"
    for over, days in ((_OVER.format(days=days), days) for days in WITHIN_DAYS)
)

# One row a candidacy, with the days on which it first entered each stage and first got so far: a skipped stage counts
# as reached with the first of those that come later.
_COHORTS = f"""
with {WAYS}, candidacy as materialized (
    select bool_or(goes_on) as goes_on, {{days}}
    from (select person, job, day, goes_on, {_ENTERS} as code from way) step
    left join unnest(%(codes)s::text[], %(numbers)s::int[]) funnel (code, no) using (code)
    group by person, job
)
select no, "to", (select count(*) from candidacy where {{any_entered}}), count(*), count(reached),
       count(*) filter (where reached is null and goes_on), {_YOUNG}
from candidacy cross join lateral (values {{pairs}}) pair (no, "to", day, reached)
where {IN_PERIOD}
group by no, "to"
"""


def _cohorts_of(last: int) -> str:
    """Return the statement for a funnel of so many stages."""
    numbers = range(1, last + 1)
    days = (f"min(day) filter (where no = {no}) as entered_{no}, min(day) filter (where no >= {no}) as reached_{no}"
            for no in numbers)  # fmt: skip
    pairs = (f"({no}, {later}, entered_{no}, reached_{later})" for no, later in combinations(numbers, 2))
    any_entered = (f"entered_{no} >= %(begins)s and entered_{no} < %(ends)s" for no in numbers[:-1])
    return _COHORTS.format(days=", ".join(days), pairs=", ".join(pairs), any_entered=" or ".join(any_entered))


_ACTIVITY = f"""
with {PEOPLE}
select case when step in ('prospect', 'submitted', 'stage') then 'entered' else step end,
       case step when 'prospect' then '{PROSPECT}' when 'submitted' then '{APPLIED}' else stage end, count(*)
from people join applications.step on candidate = record
where {IN_PERIOD} and position <= %(position)s and step = any (%(steps)s::text[])
      and (step <> 'offer-declined' or until is null or until > %(position)s)
group by 1, 2
"""

COUNTED = (
    "prospect", "submitted", "stage", "moved-back", "offer-made", "offer-accepted", "offer-declined",
    "offer-rescinded", "hired", "unhired", "rejected", "unrejected", "withdrawn", "transferred",
)  # fmt: skip
STEPS_IN_ORDER = ("entered", *COUNTED)
ENTERING = ("prospect", "submitted", "transferred-in", "stage", "moved-back", "offer-made", "offer-accepted", "hired")


def stage_conversion(
    connection: psycopg.Connection[Any],
    period: Period,
    as_of: AsOf,
    segment: Segment = EVERYBODY,
    view: Annotated[
        View, Parameter("What became of those who entered a stage in the period, or what happened in it.")
    ] = "cohort",
    stages: Annotated[
        str | None,
        Parameter(
            "Another funnel than the standard one: 2 to 20 codes in their order, separated by commas.", longest=1300
        ),
    ] = None,
) -> StageConversion:
    """Return how far candidacies got, as known at the position: a cohort and its shares, or the activity of a period.

    `stages`: codes in order with commas between, instead of the standard funnel's. The segment is the person's.
    Raises StagesCannotBeRead.
    """
    funnel = FUNNEL if stages is None else funnel_of(stages)
    names = tuple(stage.name for stage in funnel)
    cohorts: tuple[Cohort, ...] = ()
    counts: tuple[StepCount, ...] = ()
    if view == "cohort":
        n, cohorts = _cohorts(connection, period, as_of, segment, funnel)
    else:
        n, counts = _activity(connection, period, as_of, segment, funnel)
    return StageConversion(
        f"{DEFINITION}.{view}", VERSION, as_of.position, as_of.at, period, segment, view, names, n, cohorts, counts
    )


def funnel_of(stages: str) -> Funnel:
    """Return the funnel of these codes, each a stage of its own. Raises StagesCannotBeRead."""
    codes = stages.split(",")
    if not 2 <= len(codes) <= MOST_STAGES or len(set(codes)) < len(codes):
        raise StagesCannotBeRead(stages=stages, fewest=2, most=MOST_STAGES)
    for code in codes:
        if not re.fullmatch(CODE.pattern, code):
            raise StagesCannotBeRead(stages=stages, fewest=2, most=MOST_STAGES)
    return tuple(Stage(code, (code,)) for code in codes)


def share(n: int, of: int) -> Decimal | None:
    """`n` of `of` in four decimals, rounded half up; None of nothing."""
    return rounded(Fraction(n, of), "0.0001") if of else None


def _cohorts(
    connection: psycopg.Connection[Any], period: Period, as_of: AsOf, segment: Segment, funnel: Funnel
) -> tuple[int, tuple[Cohort, ...]]:
    numbers = {code: no for no, stage in enumerate(funnel, 1) for code in (*stage.codes, stage.name)}
    parameters = {"codes": list(numbers), "numbers": list(numbers.values())}
    rows = ask(connection, _cohorts_of(len(funnel)), period, as_of, segment, ENTERING, **parameters)
    by_stages = {(no, to): row for no, to, _, *row in rows}
    cohorts = []
    for no, stage in enumerate(funnel[:-1], 1):
        conversions = [_conversion(to.name, by_stages.get((no, later))) for later, to in enumerate(funnel[no:], no + 1)]
        n = by_stages[no, no + 1][0] if (no, no + 1) in by_stages else 0
        cohorts.append(Cohort(stage.name, n, tuple(conversions)))
    return (rows[0][2] if rows else 0), tuple(cohorts)


def _conversion(to: str, counted: Sequence[int] | None) -> Conversion:
    """From a row: n, reached, censored, and of each span of days those observed and those who reached it."""
    n, reached, censored, *young = counted or [0] * (3 + 2 * len(WITHIN_DAYS))
    spans = zip(WITHIN_DAYS, young[::2], young[1::2], strict=True)
    return Conversion(to, reached, share(reached, n), censored, tuple(Within(*span) for span in spans))


def _activity(
    connection: psycopg.Connection[Any], period: Period, as_of: AsOf, segment: Segment, funnel: Funnel
) -> tuple[int, tuple[StepCount, ...]]:
    rows, stages = ask(connection, _ACTIVITY, period, as_of, segment, COUNTED), stages_of(funnel)
    rows.sort(key=lambda row: (STEPS_IN_ORDER.index(row[0]), in_order(row[1] or "")))
    counts = tuple(StepCount(step, code, stages.get(code), n) for step, code, n in rows)
    return sum(count.n for count in counts), counts

"""How long it takes to fill what we opened, by each of the ways in which people count it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

import psycopg

from domain.codes import CODE
from domain.errors import ExplainedError
from projections.openings import OPENINGS
from queries.counts import Spans, next_month, read_counts, read_totals
from queries.question import EVERYBODY, AsOf, Parameter, Period, Segment, rounded
from queries.survival import Days, ended_by, incidence, log_rank, reached, restricted_mean, survival

INCIDENCE_DAYS = (30, 60, 90)


@dataclass(frozen=True, slots=True)
class Definition:
    """One way of counting. `waits_as`: whose lines are those of what is open or was cancelled, None: its own."""

    version: int
    counts: str
    waits_as: str | None = None


DEFINITIONS: Mapping[str, Definition] = {
    "standard": Definition(4, "an opening, from its opening to the acceptance of the offer that filled it"),
    "smartrecruiters.days_open": Definition(4, "a job, from its earliest opening to its latest hire, else to as_of"),
    "pinpoint": Definition(4, "a hire, from the job's first opening; jobs without a hire are counted apart"),
    "workable": Definition(3, "a hire, from when its job was last made active, less the days on hold", "pinpoint"),
    "greenhouse": Definition(4, "an opening, from its opening to the hire that closed it"),
    "frappe": Definition(4, "a job, from its posting to the fill that completed it"),
}


class DefinitionIsUnknown(ExplainedError, ValueError):
    """Unknown definition of time to fill

    '{definition}' is not a definition of the time to fill.

    Use one of: {definitions}.
    """


class BaselineIsNotApart(ExplainedError, ValueError):
    """Overlapping baseline

    The baseline has openings in common with the group it is compared with.

    Name the same dimension in both, with different values, or periods that do not overlap.
    """


class BaselineNeedsBothDays(ExplainedError, ValueError):
    """Incomplete baseline period

    Only one of baseline_from and baseline_to is given.

    Send both, or neither.
    """


@dataclass(frozen=True, slots=True)
class Incidence:
    """The share filled, and the share cancelled, by the end of a day after the opening."""

    day: int
    filled: Decimal | None
    cancelled: Decimal | None


@dataclass(frozen=True, slots=True)
class Summary:
    """Whole calendar days of a cohort, in a few numbers.

    `lower_quartile`, `median` and `upper_quartile` are Kaplan-Meier's: the day by which a quarter, half, three quarters
    are filled, None where that was not reached; what is open counts as censored on the day of `as_of`, what was
    cancelled as censored on its day. `restricted_mean` is the mean number of days unfilled within the horizon (the area
    under that curve; past the longest time observed the curve keeps its last value), None where n is 0.
    `mean` has one decimal and is over the filled; by smartrecruiters.days_open over filled and open ones.
    `incidence` is Aalen-Johansen's, in which filled and cancelled compete: at 30, 60 and 90 days and at the horizon,
    four decimals.
    """

    lower_quartile: int | None
    median: int | None
    upper_quartile: int | None
    restricted_mean: Decimal | None
    mean: Decimal | None
    incidence: tuple[Incidence, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The cohort of another period or another segment, and how the one asked for differs from it.

    `days_saved`: how much shorter than its restricted mean the one asked for is, None where either has none.
    `chi2` and `p_value` are those of the log-rank test between both, None where the test is undefined.
    """

    period: Period
    segment: Segment
    n: int
    n_filled: int
    n_cancelled: int
    n_censored: int
    restricted_mean: Decimal | None
    days_saved: Decimal | None
    chi2: Decimal | None
    p_value: Decimal | None


@dataclass(frozen=True, slots=True)
class TimeToFill(Summary):
    """Days to fill of the cohort that opened in the period; all durations are whole calendar days.

    `n` = n_filled + n_cancelled + n_censored (still open). The summary is gross; `net_of_holds` is that of the same
    cohort without the days on which the job was on hold, of `standard` alone. `baseline` where one is asked for.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    evergreen: bool
    n: int
    n_filled: int
    n_cancelled: int
    n_censored: int
    horizon_days: int
    net_of_holds: Summary | None
    baseline: Baseline | None


class Fates(NamedTuple):
    """How many took so many days to be filled, were cancelled after so many, or have waited for so many."""

    filled: Days
    cancelled: Days
    waiting: Days

    @property
    def n(self) -> int:
        return sum(days.total() for days in self)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each period."""

    connection: psycopg.Connection[Any]
    as_of: AsOf
    segment: Segment
    definition: str
    evergreen: bool
    horizon: int

    def what(self, fate: str) -> str:
        """Return the name under which the tally counts a fate."""
        own = fate in ("filled", "net.filled")
        definition = self.definition if own else DEFINITIONS[self.definition].waits_as or self.definition
        return f"{definition}.evergreen.{fate}" if self.evergreen else f"{definition}.{fate}"

    def totals(self, period: Period, fates: Iterable[str]) -> dict[str, Days]:
        """Per fate how many of each amount, in one statement."""
        named = {self.what(fate): fate for fate in fates}
        totals = {fate: Days() for fate in named.values()}
        spans = Spans().add(period.begins, period.ends, "")
        for what, amount, n in read_totals(self.connection, OPENINGS, spans, self.segment, self.as_of, tuple(named)):
            totals[named[what]][amount] = n
        return totals

    def waits(self, months: Days, period: Period) -> Days:
        """Return how many openings wait, by days until as_of. The `amount` of an open one is its day of the month."""
        waits = Days()
        if months:
            what, spans = [self.what("open")], _spans(months, period)
            for _, month, _, day, n in read_counts(self.connection, OPENINGS, spans, self.segment, self.as_of, what):
                waits[self.days_since(month.toordinal() + day - 1)] += n
        return waits

    def days_since(self, day: int) -> int:
        """From that day (1: the first of January in the year 1) to the day of as_of; 0 where that is earlier."""
        return max(self.as_of.day.toordinal() - day, 0)


def other(dimension: str) -> Parameter:
    """Return what the baseline's value of a dimension is for."""
    return Parameter(
        f"Another {dimension}, with whose cohort this one is compared; '{dimension}' names this one's.",
        pattern=CODE.pattern,
    )


Horizon = Annotated[
    int,
    Parameter("The days up to which the restricted mean counts.", name="horizon", at_least=1, at_most=36_500),
]


def time_to_fill(
    connection: psycopg.Connection[Any],
    period: Period,
    as_of: AsOf,
    segment: Segment = EVERYBODY,
    definition: Annotated[str, Parameter("Which definition of the metric, by its name.")] = "standard",
    horizon_days: Horizon = 365,
    evergreen: Annotated[bool, Parameter("Count evergreen jobs, which hire on and on, instead of the others.")] = False,
    baseline_from: Annotated[
        date | None, Parameter("The first day of another period, with whose cohort this one is compared.")
    ] = None,
    baseline_to: Annotated[date | None, Parameter("The day after the last of that period.")] = None,
    baseline_source: Annotated[str | None, other("source")] = None,
    baseline_role: Annotated[str | None, other("role")] = None,
    baseline_location: Annotated[str | None, other("location")] = None,
) -> TimeToFill:
    """Time to fill of what opened in the period, as known at the position; evergreen jobs only or none of them.

    The segment is the requisition's. With a baseline, what opened in its period and segment is compared with what is
    asked for; what of the two is not said is that of the question. Raises DefinitionIsUnknown, BaselineNeedsBothDays,
    BaselineIsNotApart, or PeriodIsEmpty of the baseline.
    """
    if definition not in DEFINITIONS:
        raise DefinitionIsUnknown(definition=definition, definitions=", ".join(DEFINITIONS))
    if (baseline_from is None) != (baseline_to is None):
        raise BaselineNeedsBothDays
    former = None if baseline_from is None or baseline_to is None else Period(baseline_from, baseline_to)
    other = Segment(baseline_source, baseline_role, baseline_location)
    if other.named:
        former, other = former or period, Segment(**{**segment.named, **other.named})
        require_apart((period, segment), (former, other))
    question = Question(connection, as_of, segment, definition, evergreen, horizon_days)
    fates, net = _fates(question, period)
    summary = _summary(question, fates, horizon_days)
    return TimeToFill(
        summary.lower_quartile, summary.median, summary.upper_quartile,
        summary.restricted_mean, summary.mean, summary.incidence,
        definition, DEFINITIONS[definition].version, as_of.position, as_of.at, period, segment, evergreen,
        fates.n, fates.filled.total(), fates.cancelled.total(), fates.waiting.total(), horizon_days,
        None if net is None else _summary(question, net, horizon_days),
        None if former is None else _baseline(question, former, other if other.named else segment, fates, summary),
    )  # fmt: skip


GROSS = ("filled", "cancelled", "waiting")
NET = ("net.filled", "net.cancelled", "net.waiting", "net.held")


def _fates(question: Question, period: Period) -> tuple[Fates, Fates | None]:
    """Return the gross fates of what opened in the period and, where the definition has them, those net of holds."""
    if question.definition != "standard":
        return _gross(question, question.totals(period, GROSS), period), None
    totals = question.totals(period, GROSS + NET)
    gross = _gross(question, totals, period)
    return gross, _net_of_holds(question, gross, *(totals[fate] for fate in NET))


def _gross(question: Question, totals: Mapping[str, Days], period: Period) -> Fates:
    return Fates(totals["filled"], totals["cancelled"], question.waits(totals["waiting"], period))


def _net_of_holds(question: Question, gross: Fates, filled: Days, cancelled: Days, since: Days, held: Days) -> Fates:
    """Return the fates with the differences that holds make. `since`: the days since which the open ones wait."""
    waits = Days()
    for day, n in since.items():
        waits[question.days_since(day)] += n
    return Fates(_sum(gross.filled, filled), _sum(gross.cancelled, cancelled), _sum(gross.waiting, waits, held))


def _sum(*differences: Days) -> Days:
    """Together; one of them may be less than none."""
    total = Days()
    for difference in differences:
        total.update(difference)
    return +total


def _summary(question: Question, fates: Fates, horizon: int) -> Summary:
    curve = list(survival(fates.filled, fates.cancelled + fates.waiting))
    mean_of = fates.filled + fates.waiting if question.definition == "smartrecruiters.days_open" else fates.filled
    return Summary(
        lower_quartile=reached(curve, 1),
        median=reached(curve, 2),
        upper_quartile=reached(curve, 3),
        restricted_mean=rounded(restricted_mean(curve, horizon), "0.1") if fates.n else None,
        mean=_mean(mean_of),
        incidence=_incidence(fates, horizon),
    )


def _incidence(fates: Fates, horizon: int) -> tuple[Incidence, ...]:
    curve = list(incidence([fates.filled, fates.cancelled], fates.waiting))
    incidences = []
    for day in sorted({*INCIDENCE_DAYS, horizon}):
        filled, cancelled = (rounded(share, "0.0001") for share in ended_by(curve, day))
        incidences.append(Incidence(day, filled, cancelled))
    return tuple(incidences)


def require_apart(group: tuple[Period, Segment], other: tuple[Period, Segment]) -> None:
    """Raises BaselineIsNotApart, where something may be in both groups."""
    (period, segment), (former, compared) = group, other
    apart = any(compared.named.get(dimension, value) != value for dimension, value in segment.named.items())
    if not apart and period.begins < former.ends and former.begins < period.ends:
        raise BaselineIsNotApart


def _baseline(now_asked: Question, period: Period, segment: Segment, now: Fates, summary: Summary) -> Baseline:
    question = replace(now_asked, segment=segment)
    horizon = question.horizon
    then = _gross(question, question.totals(period, GROSS), period)
    mean = _summary(question, then, horizon).restricted_mean
    test = log_rank((now.filled, then.filled), (now.cancelled + now.waiting, then.cancelled + then.waiting))
    return Baseline(
        period=period,
        segment=segment,
        n=then.n,
        n_filled=then.filled.total(),
        n_cancelled=then.cancelled.total(),
        n_censored=then.waiting.total(),
        restricted_mean=mean,
        days_saved=None if mean is None or summary.restricted_mean is None else mean - summary.restricted_mean,
        chi2=None if test is None else rounded(Fraction(test.chi2), "0.0001"),
        p_value=None if test is None else rounded(Fraction(test.p_value), "0.000001"),
    )


def _spans(months: Iterable[int], period: Period) -> Spans:
    """Return the days of the period in these months, which are counted from January of the year 0."""
    spans = Spans()
    for month in months:
        begins = date(month // 12, month % 12 + 1, 1)
        spans.add(max(begins, period.begins), min(next_month(begins), period.ends), "")
    return spans


def _mean(days: Days) -> Decimal | None:
    total = days.total()
    return rounded(Fraction(sum(day * n for day, n in days.items()), total), "0.1") if total else None

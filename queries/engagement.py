"""How people react to what we send them: replies, clicks and opens among what was delivered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

import psycopg

from domain.errors import ExplainedError
from projections.engagement import ENGAGEMENT, WINDOWS
from queries.counts import Spans, read_counts
from queries.question import EVERYBODY, AsOf, Parameter, Period, Segment, rounded

DEFINITION = "message-engagement"
VERSION = 3
WHATS = ("sent", "bounced", "opened", "opened.human", "opened.machine", "clicked", "clicked.opened", "replied")


class WindowIsUnknown(ExplainedError, ValueError):
    """Unknown response window

    Responses are not counted within {window_days} days.

    Use one of: {windows}.
    """


@dataclass(frozen=True, slots=True)
class Rate:
    """`n` of `of`; `rate` has four decimals, rounded half up, and is None where there is nothing to divide by."""

    n: int
    of: int

    @property
    def rate(self) -> Decimal | None:
        return rounded(Fraction(self.n, self.of), "0.0001") if self.of else None


@dataclass(frozen=True, slots=True)
class Engagement:
    """The messages sent in one month (or all); each message counts once per recipient, in the month it was sent.

    `delivered` = sent - bounced. All rates are of the delivered, but `click_to_open`: clicked, of opened by a human.
    No rate is above 1: reactions to what bounced are not counted, nor, in `click_to_open`, clicks without an open.
    """

    month: date | None
    sent: int
    bounced: int
    reply: Rate
    click: Rate
    click_to_open: Rate
    open_total: Rate
    open_machine: Rate
    open_human: Rate

    @property
    def delivered(self) -> int:
        return self.sent - self.bounced


@dataclass(frozen=True, slots=True)
class EngagementRates:
    """Engagement of a period's messages within `window_days` of sending; the headline is the reply rate.

    `n` is the number delivered. `n_censored` were sent so late that their window was not over on the day of `as_of`.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    period: Period
    segment: Segment
    window_days: int
    n: int
    n_censored: int
    total: Engagement
    months: tuple[Engagement, ...]


def engagement(
    connection: psycopg.Connection[Any],
    period: Period,
    as_of: AsOf,
    segment: Segment = EVERYBODY,
    window_days: Annotated[
        int,
        Parameter("How many days after the sending count: 7, 14, 30 or 90.", name="window", at_least=1, at_most=90),
    ] = 14,
) -> EngagementRates:
    """Return the engagement with the messages sent in the period, as known at the position.

    Raises WindowIsUnknown.
    """
    if window_days not in WINDOWS:
        raise WindowIsUnknown(window_days=window_days, windows=", ".join(map(str, WINDOWS)))
    spans = Spans().add(period.begins, period.ends, "sent")
    spans.add(max(period.begins, as_of.day - timedelta(days=window_days - 1)), period.ends, "censored")
    censored, total = 0, Counter[str]()
    months: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for span, month, what, days, n in read_counts(connection, ENGAGEMENT, spans, segment, as_of, WHATS):
        if span == "censored":
            censored += n if what == "sent" else 0
        elif what in ("sent", "bounced") or 0 < days <= window_days:
            total[what] += n
            months[month][what] += n
    by_month = tuple(_engagement(month, counted) for month, counted in sorted(months.items()))
    whole = _engagement(None, total)
    return EngagementRates(
        DEFINITION, VERSION, as_of.position, as_of.at, period, segment,
        window_days, whole.delivered, censored, whole, by_month,
    )  # fmt: skip


def _engagement(month: date | None, counted: Mapping[str, int]) -> Engagement:
    sent, bounced, opened, human, machine, clicked, followed, replied = (counted.get(what, 0) for what in WHATS)
    delivered = sent - bounced
    return Engagement(
        month, sent, bounced,
        reply=Rate(replied, delivered), click=Rate(clicked, delivered), click_to_open=Rate(followed, human),
        open_total=Rate(opened, delivered), open_machine=Rate(machine, delivered), open_human=Rate(human, delivered),
    )  # fmt: skip

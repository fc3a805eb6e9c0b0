"""What every question is asked with: which days, which segment, and what was known when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from domain.errors import ExplainedError


class PeriodIsEmpty(ExplainedError, ValueError):
    """Empty period

    The period's first day {begins} is not before its end {ends}.

    Send a first day before the end; the end itself is not part of the period.
    """


@dataclass(frozen=True, slots=True)
class Period:
    """The days `begins` <= day < `ends`, local to the organisation's zone; raises PeriodIsEmpty."""

    begins: date
    ends: date

    def __post_init__(self) -> None:
        if self.begins >= self.ends:
            raise PeriodIsEmpty(begins=self.begins, ends=self.ends)


@dataclass(frozen=True, slots=True)
class Segment:
    """Who is counted: those of this source, role and location; None: any."""

    source: str | None = None
    role: str | None = None
    location: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """The dimensions that are restricted."""
        values = {"source": self.source, "role": self.role, "location": self.location}
        return {dimension: value for dimension, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Parameter:
    """Marks a question's own parameter: what it is for, and what it may be. `name`: as clients write it, where that
    differs. `longest`: the most characters of a text; `pattern`: how it must be written."""

    help: str
    name: str | None = None
    at_least: int | None = None
    at_most: int | None = None
    longest: int | None = None
    pattern: str | None = None


EVERYBODY = Segment()


@dataclass(frozen=True, slots=True)
class AsOf:
    """The state of knowledge that answers: all events up to `position`, which was the newest at the time `at`."""

    position: int
    at: datetime
    zone: str = "UTC"
    """The organisation's IANA zone, in which days are cut."""

    @property
    def day(self) -> date:
        """The local day on which it was."""
        return self.at.astimezone(ZoneInfo(self.zone)).date()


def rounded(number: Fraction | None, places: str) -> Decimal | None:
    """Return the number rounded half up, to as many places as '0.1' or '0.0001' has; None stays None."""
    if number is None:
        return None
    step = Fraction(places)
    n, of = number.numerator * step.denominator, number.denominator * step.numerator
    half_up = (2 * n + of) // (2 * of)
    return (Decimal(half_up) * Decimal(places)).quantize(Decimal(places), ROUND_HALF_UP)

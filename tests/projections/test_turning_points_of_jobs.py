"""What each reversal and each hold does to time to fill, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from adapters.postgres.projector.fold import create_schema, fold
from projections.openings import OPENINGS
from queries.question import AsOf, Period
from queries.time_to_fill import BaselineNeedsBothDays, TimeToFill, time_to_fill
from tests.projections.histories import History, made, record
from tests.rows import closed

ZONE = "Europe/Berlin"
NOON = datetime(2024, 1, 10, 12, tzinfo=UTC)
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))


def day(number: int) -> datetime:
    return NOON + timedelta(days=number)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        create_schema(connection, OPENINGS, OPENINGS.schema, ZONE)
        yield connection


class Jobs(History):
    """A job with one seat since day 0, and what is known of it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(first=1)
        self.connection, self.job0, self.seat0 = connection, self.job(0, NOON), made("seat", 0)
        self.open_seat(self.job0, NOON)

    def fill(self, on: int) -> None:
        self.end_seat(0, self.person(0, NOON), day(on), day(on), filled=True)

    def cancel(self, on: int) -> None:
        self.end_seat(0, self.person(0, NOON), day(on), day(on), filled=False)

    def time_to_fill(
        self, definition: str = "standard", position: int | None = None, baseline: Period | None = None
    ) -> TimeToFill:
        if self.log:
            record(self.connection, self.log)
            fold(self.connection, {OPENINGS.schema: OPENINGS}, self.log[0]["position"] - 1, self.position, ZONE, closed)
            self.log = []
        as_of = AsOf(position or self.position - 1, datetime(2024, 12, 31, tzinfo=UTC), ZONE)
        begins, ends = (None, None) if baseline is None else (baseline.begins, baseline.ends)
        return time_to_fill(self.connection, YEAR, as_of, definition=definition, baseline_from=begins, baseline_to=ends)


@pytest.fixture
def jobs(connection: psycopg.Connection[Any]) -> Jobs:
    return Jobs(connection)


def fates(answer: TimeToFill) -> tuple[int, int, int]:
    return answer.n_filled, answer.n_cancelled, answer.n_censored


@pytest.mark.parametrize("definition", ["standard", "greenhouse", "smartrecruiters.days_open", "pinpoint", "workable"])
def test_a_hire_that_is_undone_fills_nothing_from_then_on(jobs: Jobs, definition: str) -> None:
    jobs.fill(30)
    hired = jobs.position - 1
    jobs.unhire(jobs.applications[0], day(40))
    assert fates(jobs.time_to_fill(definition)) == (0, 0, 1)
    assert fates(jobs.time_to_fill(definition, hired)) == (1, 0, 0)
    jobs.fill(50)
    again = jobs.time_to_fill(definition)
    assert (again.n_filled, again.n) == (1, 1)


def test_an_opening_reopened_for_the_same_need_goes_on_with_its_line(jobs: Jobs) -> None:
    jobs.cancel(10)
    jobs.reopen(jobs.seat0, day(20), "same", None)
    jobs.fill(50)
    answer = jobs.time_to_fill()
    assert (fates(answer), answer.mean) == ((1, 0, 0), Decimal("50.0"))


def test_an_opening_reopened_for_a_new_need_begins_another_line(jobs: Jobs) -> None:
    jobs.fill(10)
    jobs.reopen_ended(0, day(20), "new")
    assert fates(jobs.time_to_fill()) == (1, 0, 1)
    jobs.cancel(30)
    cancelled = jobs.time_to_fill()
    assert (fates(cancelled), cancelled.mean) == ((1, 1, 0), Decimal("10.0"))
    assert cancelled.incidence[0].cancelled == Decimal("0.5000")
    jobs.reopen(jobs.seat0, day(40), "same", None)
    reopened = jobs.time_to_fill()
    assert (fates(reopened), reopened.mean) == ((1, 0, 1), Decimal("10.0"))
    jobs.fill(60)
    assert (jobs.time_to_fill().mean, jobs.time_to_fill("frappe").mean) == (Decimal("25.0"), Decimal("60.0"))


def test_a_job_of_which_an_opening_is_needed_anew_is_open(jobs: Jobs) -> None:
    jobs.cancel(10)
    assert fates(jobs.time_to_fill("smartrecruiters.days_open")) == (0, 1, 0)
    jobs.reopen(jobs.seat0, day(20), "new", None)
    assert fates(jobs.time_to_fill("smartrecruiters.days_open")) == fates(jobs.time_to_fill("frappe")) == (0, 0, 1)


def test_the_end_is_the_acceptance_that_stands(jobs: Jobs) -> None:
    application = jobs.apply(jobs.person(0, NOON), jobs.job0, day(5))
    jobs.accept(application, jobs.seat0, day(10))
    jobs.end_offer(application, day(12), rescinded=True)
    assert fates(jobs.time_to_fill()) == (0, 0, 1)
    jobs.accept(application, jobs.seat0, day(20))
    jobs.take(application, jobs.seat0, day(30), day(20))
    assert (jobs.time_to_fill().mean, jobs.time_to_fill("greenhouse").mean) == (Decimal("20.0"), Decimal("30.0"))


def test_what_is_on_hold_waits_no_more_and_what_was_waits_less(jobs: Jobs) -> None:
    jobs.hold(jobs.job0, day(10))
    held = jobs.time_to_fill()
    assert held.net_of_holds is not None
    assert (held.n_censored, held.restricted_mean, held.net_of_holds.restricted_mean) == (1, Decimal(365), Decimal(365))
    jobs.hold(jobs.job0, day(25))
    jobs.fill(40)
    answer = jobs.time_to_fill()
    assert answer.net_of_holds is not None
    assert (answer.median, answer.net_of_holds.median) == (40, 25)
    assert (answer.restricted_mean, answer.net_of_holds.restricted_mean) == (Decimal("40.0"), Decimal("25.0"))
    assert jobs.time_to_fill("greenhouse").net_of_holds is None


def test_what_is_on_hold_is_censored_after_the_days_that_it_had_waited(jobs: Jobs) -> None:
    """Of two openings the other is filled after 8 days: what had waited for 7 by then is no longer at risk."""
    other = jobs.job(2, NOON)
    jobs.open_seat(other, NOON)
    for turn in (2, 5, 10):
        jobs.hold(jobs.job0, day(turn))
    jobs.end_seat(1, jobs.person(0, NOON), day(8), day(8), filled=True)
    answer = jobs.time_to_fill()
    assert answer.net_of_holds is not None
    assert (answer.upper_quartile, answer.net_of_holds.upper_quartile) == (None, 8)


def test_a_hold_learned_late_is_taken_from_what_had_ended(jobs: Jobs) -> None:
    jobs.fill(40)
    before = jobs.position - 1
    jobs.hold(jobs.job0, day(35))
    jobs.hold(jobs.job0, day(15))
    jobs.hold(jobs.job0, day(5))
    net = jobs.time_to_fill().net_of_holds
    then = jobs.time_to_fill(position=before).net_of_holds
    assert net is not None
    assert then is not None
    assert (then.mean, net.mean) == (Decimal("40.0"), Decimal("25.0"))


def test_workable_counts_from_the_last_activation_and_leaves_holds_out(jobs: Jobs) -> None:
    jobs.hold(jobs.job0, day(2))
    jobs.hold(jobs.job0, day(8))
    application = jobs.apply(jobs.person(0, NOON), jobs.job0, day(10))
    jobs.take(application, None, day(30), day(30))
    assert jobs.time_to_fill("workable").mean == Decimal("22.0")
    jobs.hold(jobs.job0, day(20))
    jobs.hold(jobs.job0, day(25))
    assert jobs.time_to_fill("workable").mean == Decimal("17.0")
    jobs.open_seat(jobs.job0, day(9))
    assert jobs.time_to_fill("workable").mean == Decimal("16.0")
    jobs.open_seat(jobs.job0, day(11))
    assert jobs.time_to_fill("workable").mean == Decimal("16.0")
    jobs.cancel(10)
    jobs.reopen(jobs.seat0, day(10), "same", None)
    assert jobs.time_to_fill("workable").mean == Decimal("15.0")


def test_workable_counts_from_the_application_where_the_job_was_not_active_yet(jobs: Jobs) -> None:
    application = jobs.apply(jobs.person(0, NOON), jobs.job0, day(-5))
    jobs.take(application, None, day(15), day(15))
    answer = jobs.time_to_fill("workable")
    assert (answer.n_filled, answer.mean) == (1, Decimal("20.0"))


def test_workable_begins_with_the_transfer_to_the_job(jobs: Jobs) -> None:
    application = jobs.apply(jobs.person(0, NOON), jobs.job(1, NOON), NOON)
    jobs.open_seat(jobs.job0, day(8))
    jobs.transfer(application, jobs.job0, day(10))
    jobs.take(application, None, day(30), day(30))
    assert jobs.time_to_fill("workable").mean == Decimal("22.0")


def test_when_an_application_began_is_what_was_known_at_the_hire(jobs: Jobs) -> None:
    jobs.open_seat(jobs.job0, day(8))
    application = jobs.apply(jobs.person(0, NOON), jobs.job0, day(10))
    jobs.take(application, None, day(30), day(30))
    hired = jobs.position - 1
    jobs.unhire(application, day(31))
    jobs.transfer(application, jobs.job(1, NOON), day(3))
    jobs.transfer(application, jobs.job0, day(4))
    jobs.take(application, None, day(35), day(35))
    assert jobs.time_to_fill("workable").mean == Decimal("35.0")
    assert jobs.time_to_fill("workable", hired).mean == Decimal("22.0")


def test_a_baseline_is_compared_with_what_was_cancelled_at_risk_until_then(jobs: Jobs) -> None:
    """By hand: on day 10 one of 3 is filled, 2 of which are of this year; on day 30 none of this year is left."""
    jobs.open_seat(jobs.job0, NOON)
    jobs.open_seat(jobs.job0, day(-300))
    jobs.fill(10)
    jobs.cancel(20)
    jobs.fill(-270)
    then = jobs.time_to_fill(baseline=Period(date(2023, 1, 1), date(2024, 1, 1))).baseline
    assert then is not None
    assert (then.n_filled, then.restricted_mean, then.days_saved) == (1, Decimal("30.0"), Decimal("-157.5"))
    assert (then.chi2, then.p_value) == (Decimal("0.5000"), Decimal("0.479500"))


def test_a_baseline_has_both_its_days(jobs: Jobs) -> None:
    as_of = AsOf(1, NOON, ZONE)
    with pytest.raises(BaselineNeedsBothDays):
        time_to_fill(jobs.connection, YEAR, as_of, baseline_from=YEAR.begins)


@pytest.mark.parametrize("definition", ["standard", "greenhouse", "smartrecruiters.days_open", "pinpoint", "workable"])
def test_a_hire_told_again_on_the_day_of_the_one_undone_fills(jobs: Jobs, definition: str) -> None:
    jobs.fill(30)
    jobs.unhire(jobs.applications[0], day(50))
    undone = jobs.position - 1
    jobs.take(jobs.applications[0], jobs.seat0, day(30), day(30))
    answer = jobs.time_to_fill(definition)
    assert (fates(answer), answer.mean) == ((1, 0, 0), Decimal("30.0"))
    assert fates(jobs.time_to_fill(definition, undone)) == (0, 0, 1)


@pytest.mark.parametrize("definition", ["smartrecruiters.days_open", "pinpoint", "workable"])
def test_an_application_that_was_hired_twice_is_hired_once(jobs: Jobs, definition: str) -> None:
    jobs.fill(50)
    jobs.tell(jobs.applications[0], "candidate-hired", day(30), jobs.job0)
    both = jobs.position - 1
    jobs.tell(jobs.applications[0], "candidate-unhired", day(40), jobs.job0)
    late = jobs.time_to_fill(definition)
    assert (fates(late), late.mean) == ((1, 0, 0), Decimal("50.0"))
    earlier = jobs.time_to_fill(definition, both)
    assert (fates(earlier), earlier.mean) == ((1, 0, 0), Decimal("30.0"))


def test_of_two_ends_of_an_opening_one_is_taken_back(jobs: Jobs) -> None:
    jobs.cancel(10)
    jobs.write(jobs.job0, "opening-cancelled", day(20), opening=jobs.seat0, reason="budget")
    jobs.reopen(jobs.seat0, day(15), "same", None)
    answer = jobs.time_to_fill()
    assert (fates(answer), answer.incidence[0].cancelled) == ((0, 1, 0), Decimal("1.0000"))
    jobs.write(jobs.job0, "opening-reopened", day(30), opening=jobs.seat0, need="same", application=None)
    for definition in ("standard", "frappe"):
        assert fates(jobs.time_to_fill(definition)) == (0, 0, 1)

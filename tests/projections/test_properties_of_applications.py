"""The pitfalls of counting applications, one by one: skips, ways back, second thoughts, two records and two tries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from adapters.postgres.projector.fold import create_schema, fold
from projections.applications import APPLICATIONS
from queries.question import AsOf, Period, Segment
from queries.source_of_hire import Attribution, source_of_hire
from queries.stage_conversion import Conversion, stage_conversion
from queries.time_in_stage import StageVisits, time_in_stage
from queries.time_to_hire import time_to_hire
from tests.projections.histories import History, Ongoing, made, record
from tests.projections.test_any_application_history import nothing_is_opened

ZONE = "Europe/Berlin"
NOON = datetime(2024, 1, 10, 12, tzinfo=UTC)
YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
JANUARY = Period(date(2024, 1, 1), date(2024, 2, 1))
NEVER = datetime(2024, 12, 31, tzinfo=UTC)


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        create_schema(connection, APPLICATIONS, APPLICATIONS.schema, ZONE)
        yield connection


@pytest.fixture
def history() -> History:
    return History(first=1)


def folded(connection: psycopg.Connection[Any], history: History, today: datetime = NEVER) -> AsOf:
    record(connection, history.log)
    fold(connection, {APPLICATIONS.schema: APPLICATIONS}, 0, history.position, ZONE, nothing_is_opened)
    return AsOf(history.position - 1, today, ZONE)


def after(days: float) -> datetime:
    return NOON + timedelta(days=days)


def applied(history: History, person: int = 0, job: int = 0, on: float = 0) -> Ongoing:
    return history.apply(history.person(person, NOON), history.job(job, NOON), after(on))


def enter(history: History, application: Ongoing, stage: str, on: float) -> None:
    history.step(application, "stage-entered", after(on), stage=stage)


def conversion(
    connection: psycopg.Connection[Any], as_of: AsOf, stage: str, to: str, period: Period = YEAR
) -> tuple[int, Conversion]:
    """How many first entered the stage in the period, and how far they got."""
    answer = stage_conversion(connection, period, as_of)
    cohort = next(cohort for cohort in answer.cohorts if cohort.stage == stage)
    return cohort.n, next(conversion_to for conversion_to in cohort.conversions if conversion_to.to == to)


def visits(connection: psycopg.Connection[Any], as_of: AsOf) -> dict[str, StageVisits]:
    return {stage.code: stage for stage in time_in_stage(connection, YEAR, as_of).stages}


def test_a_skipped_stage_was_reached_and_no_time_was_spent_in_it(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    enter(history, application, "onsite", on=5)
    as_of = folded(connection, history)
    n, screened = conversion(connection, as_of, "applied", "screen")
    assert (n, screened.reached, screened.share) == (1, 1, Decimal(1))
    assert conversion(connection, as_of, "screen", "interview")[0] == 0
    assert set(visits(connection, as_of)) == {"applied", "onsite"}


def test_who_comes_to_a_stage_twice_counts_once_and_no_share_is_above_one(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    for on, stage in ((2, "screen"), (4, "interview"), (6, "screen"), (8, "interview")):
        enter(history, application, stage, on)
    as_of = folded(connection, history)
    n, interviewed = conversion(connection, as_of, "screen", "interview")
    assert (n, interviewed.reached, interviewed.share) == (1, 1, Decimal(1))
    assert visits(connection, as_of)["screen"].n == 2


def test_who_entered_before_the_period_is_of_no_cohort_of_it(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    enter(history, application, "screen", on=2)
    history.step(application, "application-moved-back", after(30), stage="screen", reason="other")
    as_of = folded(connection, history)
    february = Period(date(2024, 2, 1), date(2024, 3, 1))
    assert conversion(connection, as_of, "screen", "interview", february)[0] == 0
    assert stage_conversion(connection, february, as_of, view="activity").n == 1


def test_a_young_cohort_is_judged_only_by_those_who_had_the_time(
    connection: psycopg.Connection[Any], history: History
) -> None:
    for person, (on, reached) in enumerate(((0, 29), (0, 30), (1, 2))):
        enter(history, applied(history, person, on=on), "screen", on=reached)
    as_of = folded(connection, history, today=after(30))
    n, screened = conversion(connection, as_of, "applied", "screen")
    assert (n, screened.reached) == (3, 3)
    thirty, sixty, ninety = screened.within
    assert (thirty.n, thirty.reached, thirty.share) == (2, 1, Decimal("0.5000"))
    assert (sixty.n, sixty.share, ninety.n, ninety.share) == (0, None, 0, None)


def test_who_is_under_way_may_still_get_there_and_who_ended_may_not(
    connection: psycopg.Connection[Any], history: History
) -> None:
    history.reject(applied(history, 0), after(3), "application-rejected")
    rejected = applied(history, 1)
    history.reject(rejected, after(3), "application-rejected")
    history.unreject(rejected, after(4))
    as_of = folded(connection, history)
    n, screened = conversion(connection, as_of, "applied", "screen")
    assert (n, screened.reached, screened.share, screened.n_censored) == (2, 0, Decimal(0), 1)


def test_a_prospect_has_not_applied(connection: psycopg.Connection[Any], history: History) -> None:
    application = history.apply(history.person(0, NOON), None, NOON)
    enter(history, application, "screen", on=2)
    as_of = folded(connection, history)
    assert conversion(connection, as_of, "applied", "screen")[0] == 0
    assert conversion(connection, as_of, "screen", "interview")[0] == 1
    own = stage_conversion(connection, YEAR, as_of, stages="prospect,screen")
    assert [(cohort.stage, cohort.n) for cohort in own.cohorts] == [("prospect", 1)]


def test_a_hire_that_was_undone_is_none_until_there_is_another(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    history.take(application, None, after(10), after(10))
    hired = history.position - 1
    history.unhire(application, after(12))
    undone = history.position - 1
    history.take(application, None, after(20), after(20))
    as_of = folded(connection, history)
    measured = {
        at: (time_to_hire(connection, YEAR, AsOf(at, NEVER, ZONE)).median,
             source_of_hire(connection, YEAR, AsOf(at, NEVER, ZONE)).n,
             conversion(connection, AsOf(at, NEVER, ZONE), "applied", "hired")[1].reached)
        for at in (hired, undone, as_of.position)
    }  # fmt: skip
    assert measured == {hired: (10, 1, 1), undone: (None, 0, 0), as_of.position: (20, 1, 1)}


def test_the_last_acceptance_that_was_not_taken_back_ends_the_time_to_hire(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    for on, opening, rescinded in ((10, "a", True), (12, "d", False), (14, "b", False), (16, "c", True)):
        history.accept(application, made(opening, 1), after(on))
        if rescinded:
            history.end_offer(application, after(on + 1), rescinded=True)
    history.take(application, None, after(30), after(30))
    answer = time_to_hire(connection, YEAR, folded(connection, history))
    assert (answer.n, answer.mean, answer.p90) == (1, Decimal("14.0"), 14)
    assert answer.counted == "hired, by the day of acceptance"


def test_a_person_with_two_records_is_hired_once_from_their_first_entry_until_they_are_two_again(
    connection: psycopg.Connection[Any], history: History
) -> None:
    first = applied(history, person=0)
    history.reject(first, after(2), "application-rejected")
    second = applied(history, person=1, on=8)
    history.take(second, None, after(20), after(20))
    apart = history.position - 1
    history.merge(made("person", 0), made("person", 1), after(25), stricter=False)
    as_of = folded(connection, history)
    then = AsOf(apart, NEVER, ZONE)
    assert time_to_hire(connection, YEAR, then).median == 12
    assert time_to_hire(connection, YEAR, as_of).median == 20
    assert [conversion(connection, at, "applied", "hired")[0] for at in (then, as_of)] == [2, 1]
    assert [source_of_hire(connection, YEAR, at).sources[0].source for at in (then, as_of)] == ["s1", "s0"]
    assert source_of_hire(connection, YEAR, as_of, Segment(source="s1")).n == 0


def test_a_transfer_is_an_end_here_and_a_beginning_there(connection: psycopg.Connection[Any], history: History) -> None:
    application = applied(history)
    enter(history, application, "interview", on=3)
    history.transfer(application, history.job(1, NOON), after(10))
    history.take(application, None, after(12), after(12))
    as_of = folded(connection, history)
    n, hired = conversion(connection, as_of, "applied", "hired")
    assert (n, hired.reached, hired.n_censored) == (2, 1, 0)
    times = visits(connection, as_of)
    assert (times["interview"].median, times["applied"].n, times["applied"].p90) == (7, 2, 3)
    assert time_to_hire(connection, YEAR, as_of).median == 2


def test_who_waits_in_a_stage_is_censored_on_the_day_of_as_of(
    connection: psycopg.Connection[Any], history: History
) -> None:
    for person, left in enumerate((4, 8, None)):
        application = applied(history, person)
        enter(history, application, "screen", on=0)
        if left is not None:
            history.reject(application, after(left), "application-rejected")
    as_of = folded(connection, history, today=after(6))
    screen = visits(connection, as_of)["screen"]
    assert (screen.n, screen.n_completed, screen.n_censored) == (3, 2, 1)
    assert (screen.median, screen.p90, screen.km_median) == (4, 8, 8)
    assert "applied" not in visits(connection, as_of)  # left at the very moment of entering: no time was spent there


def test_what_is_learned_late_stands_where_it_belongs(connection: psycopg.Connection[Any], history: History) -> None:
    application = applied(history)
    enter(history, application, "interview", on=9)
    before = history.position - 1
    enter(history, application, "screen", on=4)
    as_of = folded(connection, history)
    then = visits(connection, AsOf(before, NEVER, ZONE))
    now = visits(connection, as_of)
    assert (then["applied"].median, now["applied"].median, now["screen"].median) == (9, 4, 5)
    assert now["interview"].n_censored == 1


def test_a_credited_referral_has_the_hire_where_that_is_asked_for(
    connection: psycopg.Connection[Any], history: History
) -> None:
    for person in (0, 1, 2):
        application = applied(history, person)
        history.take(application, None, after(5), after(5))
    history.refer(application, history.person(0, NOON), after(6), turned=True)
    as_of = folded(connection, history)
    attributions: tuple[Attribution, ...] = ("first-touch", "last-touch", "credited")
    answers = [source_of_hire(connection, YEAR, as_of, attribution=attribution) for attribution in attributions]
    shares = {answer.attribution: {source.source: source.share for source in answer.sources} for answer in answers}
    assert shares["first-touch"] == {"s0": Decimal("0.6667"), "s1": Decimal("0.3333")}
    assert shares["last-touch"] == {"s0": 1}
    assert shares["credited"] == {"s0": Decimal("0.6667"), "referral": Decimal("0.3333")}


def test_the_last_touch_of_a_former_prospect_is_how_they_applied(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = history.apply(history.person(0, NOON), None, NOON)
    application.job = history.job(0, NOON)
    history.step(application, "application-submitted", after(3), source="career-site", outside_source=None)
    history.take(application, None, after(9), after(9))
    as_of = folded(connection, history)
    assert source_of_hire(connection, YEAR, as_of, attribution="last-touch").sources[0].source == "career-site"
    assert source_of_hire(connection, YEAR, as_of).sources[0].source == "s0"
    assert time_to_hire(connection, YEAR, as_of).median == 6  # a prospect for no job in particular


def test_a_view_is_never_mixed_with_the_other(connection: psycopg.Connection[Any], history: History) -> None:
    application = applied(history)
    enter(history, application, "screen", on=2)
    enter(history, application, "a-chat-at-the-lake", on=3)
    history.offer(application, None, after(4))
    history.end_offer(application, after(5), rescinded=False)
    as_of = folded(connection, history)
    cohort = stage_conversion(connection, JANUARY, as_of)
    activity = stage_conversion(connection, JANUARY, as_of, view="activity")
    assert (cohort.definition, cohort.counts) == ("stage-conversion.cohort", ())
    assert (activity.definition, activity.cohorts, activity.n) == ("stage-conversion.activity", (), 5)
    assert [(count.step, count.code, count.funnel_stage) for count in activity.counts] == [
        ("entered", "applied", "applied"), ("entered", "screen", "screen"), ("entered", "a-chat-at-the-lake", None),
        ("offer-made", None, None), ("offer-declined", None, None),
    ]  # fmt: skip


def test_a_hire_told_again_on_the_day_of_the_one_undone_stands(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    enter(history, application, "interview", on=10)
    positions = []
    for name, on in (("candidate-hired", 22), ("candidate-unhired", 41), ("candidate-hired", 22)):
        history.tell(application, name, after(on), application.job)
        positions.append(history.position - 1)
    folded(connection, history)
    measured = []
    for position in positions:
        as_of = AsOf(position, NEVER, ZONE)
        hired, stage = conversion(connection, as_of, "applied", "hired")[1], visits(connection, as_of)["interview"]
        time = time_to_hire(connection, YEAR, as_of)
        sources = source_of_hire(connection, YEAR, as_of)
        measured.append((time.median, sources.n, hired.reached, hired.n_censored, stage.n, stage.n_censored))
    assert measured == [(22, 1, 1, 0, 1, 0), (None, 0, 0, 1, 2, 1), (22, 1, 1, 0, 1, 0)]
    activity = stage_conversion(connection, YEAR, AsOf(positions[2], NEVER, ZONE), view="activity")
    assert {count.step: count.n for count in activity.counts if count.code is None} == {"hired": 2, "unhired": 1}


def test_a_past_hire_and_its_undoing_told_late_leave_the_hire_that_stood(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    for name, on in (("candidate-hired", 55), ("candidate-hired", 22), ("candidate-unhired", 41)):
        history.tell(application, name, after(on), application.job)
    as_of = folded(connection, history)
    assert time_to_hire(connection, YEAR, as_of).median == 55
    applied_for = visits(connection, as_of)["applied"]
    assert (applied_for.n, applied_for.n_censored, applied_for.median, applied_for.p90) == (2, 0, 14, 22)


def test_an_acceptance_is_taken_back_by_a_rescission_that_is_dated_before_it(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    history.tell(application, "offer-accepted", after(11), application.job)
    history.tell(application, "offer-rescinded", after(9), application.job)
    history.take(application, None, after(30), after(30))
    assert time_to_hire(connection, YEAR, folded(connection, history)).median == 30


def test_an_end_holds_for_what_is_dated_after_it_and_was_recorded_before(
    connection: psycopg.Connection[Any], history: History
) -> None:
    application = applied(history)
    enter(history, application, "screen", on=20)
    history.reject(application, after(15), "application-rejected")
    as_of = folded(connection, history)
    assert conversion(connection, as_of, "screen", "interview")[1].n_censored == 0
    assert {code: (time_spent.n, time_spent.n_censored) for code, time_spent in visits(connection, as_of).items()} == {
        "applied": (1, 0)
    }


def test_a_hire_is_for_the_job_that_it_names(connection: psycopg.Connection[Any], history: History) -> None:
    application = applied(history)
    to = history.job(1, NOON)
    history.transfer(application, to, after(10))
    history.take(application, None, after(5), after(5))
    as_of = folded(connection, history)
    n, hired = conversion(connection, as_of, "applied", "hired")
    assert (n, hired.reached, hired.n_censored) == (2, 1, 0)
    assert time_to_hire(connection, YEAR, as_of).median == 0, "hired before it came to this job"

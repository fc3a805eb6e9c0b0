"""Any course of applications: the metrics are the oracle's as of every position, and no batch boundary matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.projector.fold import create_schema, fold
from domain import application
from domain.event import Event as DomainEvent
from domain.event import Recorded
from projections.applications import APPLICATIONS, STEPS
from queries.candidacies import ENDINGS, WAYS, ask, listed
from queries.question import AsOf, Period, Segment, rounded
from queries.source_of_hire import Attribution, source_of_hire
from queries.stage_conversion import Conversion, stage_conversion
from queries.time_in_stage import VISITS, time_in_stage
from queries.time_to_hire import time_to_hire
from tests import oracle_applications as oracle
from tests.projections import histories
from tests.projections.histories import Event, History, Move, Ongoing, record

ZONE = oracle.ZONE
TODAY = datetime(2024, 7, 1, 23, 30, tzinfo=UTC)
EARLY = datetime(2022, 12, 20, 10, 0, tzinfo=UTC)
LIVE, NEXT = ({schema: APPLICATIONS} for schema in (APPLICATIONS.schema, APPLICATIONS.next_schema))
FAST = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
SEGMENTS = (Segment(), Segment(), Segment(source="s0"), Segment(role="r0", location="l0"), Segment(role="unknown"))
SOURCES = ("s0", "unknown", "job-board", "s1")
FUNNELS = (None, None, "prospect,assessment,screen,hired", "screen,interview", "offer,applied,reference-check")
ALWAYS = Period(date(2022, 1, 1), date(2026, 1, 1))

periods = st.one_of(
    st.just(ALWAYS),
    st.builds(lambda begins, days: Period(begins, begins + timedelta(days)),
              st.dates(date(2022, 11, 1), date(2023, 12, 1)), st.integers(1, 300)),
)  # fmt: skip


def _submit(history: History, move: Move, application: Ongoing) -> None:
    """The prospect applies, perhaps for another job than was thought of; or a person applies again."""
    application.job = history.job(move.choice % histories.JOBS, move.at)
    history.step(application, "application-submitted", move.other, source="s0", outside_source=None)


def _accept(history: History, move: Move, application: Ongoing) -> None:
    """An acceptance of one of two openings, whether or not we learned of the offer or the opening."""
    if application.job is not None:
        history.accept(application, histories.made("seat", move.choice % 2), move.other)


OURS = {"submit": histories._with((None,), _submit), "accept": histories._with((None,), _accept)}
MOVES = {**histories.MOVES, **OURS}
WHAT = (*histories.APPLICATIONS, "submit", "submit", "hire", *("take",) * 3, "unhire", *("accept",) * 5,
        *("offer-ends",) * 3, *("refer",) * 4)  # fmt: skip


@st.composite
def courses(draw: st.DrawFn, longest: int) -> list[Event]:
    """A log in which applications do whatever they can, from many sources; steps come late and in any order."""
    history = History(draw(st.integers(1, 30)), draw(histories.unknown))
    for move in draw(st.lists(histories.moves(WHAT), min_size=longest // 3, max_size=longest)):
        MOVES[move.what](history, move)
    for event in history.log:
        if event["type"] in ("application-submitted.v1", "prospect-added.v1"):
            event["clear"]["source"] = SOURCES[event["position"] % len(SOURCES)]
    if not history.log:
        history.person(0, histories.START)
    return history.log


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        for schema in (*LIVE, *NEXT):
            create_schema(connection, APPLICATIONS, schema, ZONE)
        connection.commit()
        yield connection


def rows(connection: psycopg.Connection[Any], schema: str) -> dict[str, list[tuple[str]]]:
    tables = connection.execute("select tablename from pg_tables where schemaname = %s", (schema,)).fetchall()
    return {
        name: sorted(connection.execute(f"select t::text from {schema}.{name} t".encode()).fetchall())
        for (name,) in tables
    }


def nothing_is_opened(*_: Any) -> Iterator[tuple[Any, ...]]:
    """This read model asks for nothing personal."""
    raise AssertionError


def fold_in_batches(connection: psycopg.Connection[Any], models: Any, log: list[Event], cuts: list[int]) -> None:
    after = log[0]["position"] - 1
    for upto in [*cuts, log[-1]["position"]]:
        fold(connection, models, after, upto, ZONE, nothing_is_opened)
        after = upto


@settings(FAST, max_examples=60)
@given(log=courses(longest=30), data=st.data())
def test_the_rows_are_the_same_for_every_batch_boundary(
    connection: psycopg.Connection[Any], log: list[Event], data: st.DataObject
) -> None:
    positions = [event["position"] for event in log]
    cuts = data.draw(st.one_of(st.just(positions[:-1]), st.lists(st.sampled_from(positions), unique=True).map(sorted)))
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    fold_in_batches(connection, NEXT, log, cuts)
    assert rows(connection, APPLICATIONS.schema) == rows(connection, APPLICATIONS.next_schema)


@settings(FAST, max_examples=40)
@given(log=courses(longest=14), period=periods, segment=st.sampled_from(SEGMENTS), funnel=st.sampled_from(FUNNELS))
def test_as_of_every_position_every_metric_is_the_oracles(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, funnel: str | None
) -> None:
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    for length in range(1, len(log) + 1):
        check(connection, log[:length], period, segment, funnel)


@settings(FAST, max_examples=60)
@given(log=courses(longest=50), period=periods, segment=st.sampled_from(SEGMENTS), funnel=st.sampled_from(FUNNELS))
def test_every_metric_of_long_courses_is_the_oracles(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, funnel: str | None
) -> None:
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    check(connection, log, period, segment, funnel)
    check(connection, log[: len(log) // 2 + 1], period, segment, funnel)


def recorded(event: Event) -> Recorded[Any]:
    """The event as the domain reads it."""
    shape = next(shape for shape in OF_APPLICATIONS if shape.stored_name == event["type"])
    values = {field.name: event["clear"].get(field.name) for field in fields(shape)}
    values = {name: UUID(value) if name in IDS and value is not None else value for name, value in values.items()}
    made = shape(**values)
    return Recorded(UUID(event["stream"]), event["version"], made, UUID(int=event["position"]), event["at"])


OF_APPLICATIONS: set[type[DomainEvent]] = {
    *application.STANDING,
    *application.STAGES,
    *application.OFFERS,
    application.ApplicationReferred,
}
IDS = {"candidate", "requisition", "opening", "to", "referral", "referrer"}
STANDS = f"""
with {WAYS}
select application::text, min(at) filter (where hire), bool_or(step in ({listed(ENDINGS)}) and stands),
       max(at) filter (where step = 'offer-accepted' and stands)
from way group by application
"""
STAGES = f"with {VISITS} select application::text, stage from visits where left_at is null and not ended"


@settings(FAST, max_examples=60)
@given(log=courses(longest=24))
def test_as_of_every_position_the_domain_and_the_metrics_agree_on_how_an_application_stands(
    connection: psycopg.Connection[Any], log: list[Event]
) -> None:
    """Whether and when it was hired, whether it ended, when its offer was accepted, and the stage it stands in."""
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    states: dict[str, application.Application] = {}
    names = {shape.stored_name for shape in OF_APPLICATIONS}
    for event in (event for event in log if event["type"] in names):
        before = states.get(event["stream"], application.Application(UUID(event["stream"])))
        states[event["stream"]] = application.evolve(before, recorded(event))
        as_of = AsOf(event["position"], TODAY, ZONE)
        arguments = (connection, STANDS, ALWAYS, as_of, Segment(), list(STEPS.values()))
        stands = {name: (hired, ended, accepted) for name, hired, ended, accepted in ask(*arguments)}
        stages = dict(ask(connection, STAGES, ALWAYS, as_of, Segment(), list(STEPS.values())))
        for name, state in states.items():
            hired = state.ended_at if state.hires else None
            accepted = max((acceptance.at for acceptance in state.acceptances), default=None)
            assert stands[name] == (hired, state.ending is not None, accepted)
            beginning = "applied" if state.submitted else "prospect"
            assert stages.get(name) == (None if state.ends else state.stages.last or beginning)


def check(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, funnel: str | None
) -> None:
    """Every metric, as of the log's last position and of a day in the midst of it all and after it."""
    for moment in (EARLY, TODAY):
        as_of = AsOf(log[-1]["position"], moment, ZONE)
        check_cohorts(connection, log, period, segment, as_of, funnel)
        check_visits(connection, log, period, segment, as_of)
    check_activity(connection, log, period, segment, as_of)
    check_hires(connection, log, period, segment, as_of)


def check_cohorts(
    connection: psycopg.Connection[Any],
    log: list[Event],
    period: Period,
    segment: Segment,
    as_of: AsOf,
    funnel: str | None,
) -> None:
    answer = stage_conversion(connection, period, as_of, segment, "cohort", funnel)
    stages = [{code} for code in funnel.split(",")] if funnel else oracle.FUNNEL
    n, cells = oracle.cohorts(log, period.begins, period.ends, segment.named, as_of.day, stages)
    assert (answer.n, answer.counts) == (n, ())
    assert [cohort.stage for cohort in answer.cohorts] == list(answer.stages[:-1])
    for number, cohort in enumerate(answer.cohorts):
        assert [conversion.to for conversion in cohort.conversions] == list(answer.stages[number + 1 :])
        for later, conversion in enumerate(cohort.conversions, number + 1):
            check_cell(cohort.n, conversion, cells.get((number, later), oracle.Cell()))


def check_cell(n: int, conversion: Conversion, cell: oracle.Cell) -> None:
    assert (n, conversion.reached, conversion.n_censored) == (cell.n, cell.reached, cell.censored)
    assert conversion.share == (rounded(Fraction(cell.reached, cell.n), "0.0001") if cell.n else None)
    assert conversion.share is None or conversion.share <= 1
    assert {within.days: [within.n, within.reached] for within in conversion.within} == cell.within


def check_activity(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, as_of: AsOf
) -> None:
    answer = stage_conversion(connection, period, as_of, segment, "activity")
    expected = oracle.activity(log, period.begins, period.ends, segment.named)
    assert {(count.step, count.code): count.n for count in answer.counts} == dict(expected)
    assert (answer.n, answer.cohorts) == (expected.total(), ())


def check_visits(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, as_of: AsOf
) -> None:
    answer = time_in_stage(connection, period, as_of, segment)
    expected = oracle.visits(log, period.begins, period.ends, segment.named, as_of.day)
    assert {stage.code for stage in answer.stages} == {code for code, _, _ in expected}
    assert (answer.n, answer.n_censored) == (len(expected), sum(not over for _, over, _ in expected))
    for stage in answer.stages:
        mine = [visit for visit in expected if visit[0] == stage.code]
        completed = [days for _, over, days in mine if over]
        assert (stage.n, stage.n_completed, stage.n_censored) == (len(mine), len(completed), len(mine) - len(completed))
        assert stage.median == oracle.over_by(completed, Fraction(1, 2))
        assert stage.p90 == oracle.over_by(completed, Fraction(9, 10))
        assert stage.km_median == oracle.surviving_half(mine)


def check_hires(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, as_of: AsOf
) -> None:
    answer = time_to_hire(connection, period, as_of, segment)
    days = oracle.days_to_hire(log, period.begins, period.ends, segment.named)
    assert answer.n == len(days)
    assert answer.mean == (rounded(Fraction(sum(days), len(days)), "0.1") if days else None)
    quantiles = (answer.lower_quartile, answer.median, answer.upper_quartile, answer.p90)
    assert quantiles == tuple(oracle.over_by(days, Fraction(share, 20)) for share in (5, 10, 15, 18))
    for attribution in get_args(Attribution):
        sources = source_of_hire(connection, period, as_of, segment, attribution)
        expected = oracle.sources(log, period.begins, period.ends, segment.named, attribution)
        assert {counted.source: counted.n for counted in sources.sources} == dict(expected)
        assert sources.n == expected.total()
        assert sum((counted.share for counted in sources.sources), Decimal(0)) == (1 if expected else 0)

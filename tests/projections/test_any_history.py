"""Any history, cut into batches anywhere, gives the same rows and, as of every position, the oracle's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.projector.fold import create_schema, fold
from projections.index import READ_MODELS
from queries.accesses import Sought, accesses
from queries.candidate import candidate
from queries.communities import members, memberships
from queries.consents import consents
from queries.counts import By
from queries.dispatches import After, Dispatch, Totals, dispatches
from queries.dispatches import Sought as OfDispatches
from queries.engagement import engagement
from queries.erasure_proposals import State, erasure_proposals
from queries.expiring import expiring
from queries.pipeline_growth import pipeline_growth
from queries.question import AsOf, Period, Segment
from queries.referrals import made_referrals
from queries.time_to_fill import time_to_fill
from queries.touchpoint_counts import touchpoint_counts
from tests import oracle
from tests.projections.histories import COMMUNITIES, EVERYTHING, PEOPLE, PERSONS, Event, histories, made, record
from tests.rows import closed

ZONE = oracle.ZONE
TODAY = datetime(2024, 7, 1, 23, 30, tzinfo=UTC)
MOMENTS = [datetime(2022, 11, 20, tzinfo=UTC), datetime(2023, 2, 1, tzinfo=UTC), datetime(2023, 5, 3, tzinfo=UTC)]
PERIODS = (
    Period(date(2022, 1, 1), date(2025, 4, 1)),
    Period(date(2022, 11, 4), date(2023, 5, 3)),
    Period(date(2022, 11, 15), date(2022, 11, 20)),
    Period(date(2022, 12, 1), date(2023, 4, 1)),
    Period(date(2023, 4, 30), date(2024, 12, 31)),
)
SEGMENTS = (
    *(Segment(), Segment(source="s0"), Segment(role="r0", location="l0"), Segment("s1", "r0", "l0")),
    *(Segment(source="unknown"), Segment("s0", "unknown"), Segment("s0", "r0", "unknown")),
)
segments = st.sampled_from(SEGMENTS)
FAST = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

periods = st.one_of(
    st.sampled_from(PERIODS),
    st.builds(lambda begins, days: Period(begins, begins + timedelta(days)),
              st.dates(date(2022, 10, 1), date(2024, 8, 1)), st.integers(1, 400)),
)  # fmt: skip


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A database that holds each read model twice: under its own schemas and under a second set of names."""
    with psycopg.connect(database) as connection:
        for model in READ_MODELS:
            create_schema(connection, model, model.schema, ZONE)
            create_schema(connection, model, model.next_schema, ZONE)
        connection.commit()
        yield connection


LIVE = {model.schema: model for model in READ_MODELS}
NEXT = {model.next_schema: model for model in READ_MODELS}


def rows(connection: psycopg.Connection[Any], schema: str) -> dict[str, list[tuple[str]]]:
    """All rows of all tables of a schema, as text."""
    tables = connection.execute("select tablename from pg_tables where schemaname = %s", (schema,)).fetchall()
    return {
        name: sorted(connection.execute(f"select t::text from {schema}.{name} t".encode()).fetchall())
        for (name,) in tables
    }


def fold_in_batches(connection: psycopg.Connection[Any], models: Any, log: list[Event], cuts: list[int]) -> None:
    after = log[0]["position"] - 1
    for upto in [*cuts, log[-1]["position"]]:
        fold(connection, models, after, upto, ZONE, closed)
        after = upto


@settings(FAST, max_examples=50)
@given(log=histories(longest=24, what=EVERYTHING), data=st.data())
def test_the_rows_are_the_same_for_every_batch_boundary(
    connection: psycopg.Connection[Any], log: list[Event], data: st.DataObject
) -> None:
    positions = [event["position"] for event in log]
    cuts = data.draw(st.one_of(st.just(positions[:-1]), st.lists(st.sampled_from(positions), unique=True).map(sorted)))
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    fold_in_batches(connection, NEXT, log, cuts)
    for model in READ_MODELS:
        assert rows(connection, model.schema) == rows(connection, model.next_schema)


def answers(connection: psycopg.Connection[Any], as_of: AsOf, period: Period, segment: Segment, by: By) -> list[Any]:
    """Every metric's answer, as of a position."""
    arguments = (connection, period, as_of, segment)
    return [
        pipeline_growth(*arguments, by=by),
        engagement(*arguments),
        *(time_to_fill(*arguments, definition=name) for name in ("standard", "workable", "frappe")),
        touchpoint_counts(*arguments, by=by),
        *(consents(connection, UUID(made("person", n)), as_of) for n in range(PEOPLE)),
        *(candidate(connection, UUID(made("person", n)), as_of) for n in range(PEOPLE)),
        *(memberships(connection, UUID(made("person", n)), as_of) for n in range(PEOPLE)),
        *(members(connection, UUID(made("community", n)), as_of) for n in range(COMMUNITIES)),
        *(made_referrals(connection, UUID(made("person", n)), as_of) for n in range(PEOPLE)),
        *(accesses(connection, Sought(UUID(made("person", n))), as_of) for n in range(PEOPLE)),
        accesses(connection, Sought(), as_of),
        dispatches(connection, as_of, OfDispatches()),
        *(dispatches(connection, as_of, OfDispatches(candidate=UUID(made("person", n)))) for n in range(PEOPLE)),
        *(erasure_proposals(connection, as_of, state) for state in get_args(State)),
        *(expiring(connection, replace(as_of, at=moment), timedelta(100)) for moment in MOMENTS),
    ]


@settings(FAST, max_examples=50)
@given(
    log=histories(longest=10, what=EVERYTHING),
    period=periods,
    segment=segments,
    by=st.sampled_from(["month", "day"]),
)
def test_as_of_every_position_every_metric_is_that_of_the_log_cut_there(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, by: By
) -> None:
    connection.rollback()
    record(connection, log)
    cut = []
    for event in log:
        fold(connection, LIVE, event["position"] - 1, event["position"], ZONE, closed)
        cut.append(answers(connection, AsOf(event["position"], TODAY, ZONE), period, segment, by))
    fold_in_batches(connection, NEXT, log, [])
    for event, expected in zip(log, cut, strict=True):
        assert answers(connection, AsOf(event["position"], TODAY, ZONE), period, segment, by) == expected


@settings(FAST, max_examples=50)
@given(log=histories(longest=24, what=PERSONS), period=periods, segment=segments, data=st.data())
def test_every_metric_of_people_is_the_oracles(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, data: st.DataObject
) -> None:
    connection.rollback()
    record(connection, log)
    fold_in_batches(connection, LIVE, log, [])
    for event in data.draw(st.lists(st.sampled_from(log), min_size=1, max_size=2)) + log[-1:]:
        log_so_far = [earlier for earlier in log if earlier["position"] <= event["position"]]
        as_of = AsOf(event["position"], TODAY, ZONE)
        check_pipeline(connection, log_so_far, period, segment, as_of)
        check_engagement(connection, log_so_far, period, segment, as_of)
        check_touchpoints(connection, log_so_far, period, segment, as_of)
        check_people(connection, log_so_far, as_of)
        check_communities(connection, log_so_far, as_of)
        check_referrals(connection, log_so_far, as_of)
        check_dispatches(connection, log_so_far, as_of)
        check_expiring(connection, log_so_far, as_of)
        check_accesses(connection, log_so_far, as_of)


def check_pipeline(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, as_of: AsOf
) -> None:
    counted = oracle.flows(log, segment.named)
    for by in ("month", "day"):
        growth = pipeline_growth(connection, period, as_of, segment, by)
        for bucket in (growth.total, *growth.buckets):
            within = Counter[str]()
            for (day, what), n in counted.items():
                within[what] += n if bucket.begins <= day < bucket.ends else 0
            counts = (bucket.new, bucket.reactivated, bucket.dormant, bucket.exited_hired, bucket.exited_opted_out)
            whats = ("new", "reactivated", "dormant", "exited.hired", "exited.opted-out")
            assert counts == tuple(within[what] for what in whats)
            assert bucket.closing == bucket.opening + counts[0] + counts[1] - counts[2] - bucket.exited
        for bucket in (growth.total, *growth.buckets[:3], growth.buckets[-1]):
            assert bucket.opening == oracle.active_at_end_of(log, bucket.begins - timedelta(1), segment.named)
            assert bucket.closing == oracle.active_at_end_of(log, bucket.ends - timedelta(1), segment.named)
        assert [bucket.ends for bucket in growth.buckets[:-1]] == [bucket.begins for bucket in growth.buckets[1:]]


def check_engagement(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, as_of: AsOf
) -> None:
    for window in (7, 14, 30, 90):
        rates = engagement(connection, period, as_of, segment, window)
        expected = oracle.engagement(log, period.begins, period.ends, segment.named, window)
        total = rates.total
        counts = {"sent": total.sent, "bounced": total.bounced, "opened": total.open_total.n, "clicked": total.click.n,
                "opened.human": total.open_human.n, "opened.machine": total.open_machine.n,
                "replied": total.reply.n, "clicked.opened": total.click_to_open.n}  # fmt: skip
        assert counts == {what: expected[what] for what in counts}
        assert rates.n == total.reply.of == expected["sent"] - expected["bounced"]
        assert sum(month.sent for month in rates.months) == total.sent
        since = max(period.begins, as_of.day - timedelta(window - 1))
        late = oracle.engagement(log, since, period.ends, segment.named, window)
        assert rates.n_censored == late["sent"]


def check_touchpoints(
    connection: psycopg.Connection[Any], log: list[Event], period: Period, segment: Segment, as_of: AsOf
) -> None:
    answer = touchpoint_counts(connection, period, as_of, segment, "day")
    expected = oracle.touchpoint_counts(log, period.begins, period.ends, segment.named)
    assert {(count.bucket, count.kind): count.n for count in answer.counts} == dict(expected)
    assert touchpoint_counts(connection, period, as_of, segment).n == answer.n == expected.total()


def check_people(connection: psycopg.Connection[Any], log: list[Event], as_of: AsOf) -> None:
    for number in range(PEOPLE):
        person = made("person", number)
        for moment in (TODAY, datetime(2023, 2, 1, tzinfo=UTC)):
            answer = consents(connection, UUID(person), as_of, moment)
            states = {(s.purpose, s.channel): "given" if s.status == "given" else "denied" for s in answer.states}
            assert (states, answer.merged_into) == (
                oracle.consents(log, person, moment),
                oracle.merged_into(log, person),
            )
        summary, expected = candidate(connection, UUID(person), as_of), oracle.candidate(log, person)
        assert (summary is None) == (expected is None)
        if summary is not None and expected is not None:
            assert summary == replace(summary, **expected)


def check_communities(connection: psycopg.Connection[Any], log: list[Event], as_of: AsOf) -> None:
    for moment in (TODAY, datetime(2023, 2, 1, tzinfo=UTC)):
        for number in range(PEOPLE):
            person = made("person", number)
            held = memberships(connection, UUID(person), as_of, moment)
            joined = {str(membership.community): (membership.since, membership.by) for membership in held.communities}
            assert joined == oracle.communities(log, person, moment)
            assert held.merged_into == oracle.merged_into(log, person)
        for number in range(COMMUNITIES):
            community = UUID(made("community", number))
            expected = oracle.members(log, str(community), moment)
            assert in_pages_of_two(connection, community, as_of, moment) == list(expected.items())


def in_pages_of_two(
    connection: psycopg.Connection[Any], community: UUID, as_of: AsOf, moment: datetime
) -> list[tuple[str, datetime]]:
    """All members, page by page."""
    listed_members: list[tuple[str, datetime]] = []
    page = members(connection, community, as_of, moment, limit=2)
    n = 0 if page is None else page.n
    while page is not None:
        listed_members += [(str(member.candidate), member.since) for member in page.members]
        if page.next is None:
            break
        page = members(connection, community, as_of, moment, page.next, limit=2)
    assert len(listed_members) == n
    return listed_members


def check_referrals(connection: psycopg.Connection[Any], log: list[Event], as_of: AsOf) -> None:
    for number in range(PEOPLE):
        referrer = made("person", number)
        expected = oracle.referrals(log, referrer)
        page = made_referrals(connection, UUID(referrer), as_of, limit=1)
        assert (page.n, page.merged_into) == (len(expected), oracle.merged_into(log, referrer))
        for referral in expected:
            (made_referral,) = page.referrals
            assert (str(made_referral.referral), made_referral.made_at, made_referral.stage) == referral
            assert (page.next is None) == (referral == expected[-1])
            page = made_referrals(connection, UUID(referrer), as_of, page.next, limit=1)


def check_accesses(connection: psycopg.Connection[Any], log: list[Event], as_of: AsOf) -> None:
    begins = datetime(2022, 12, 1, tzinfo=UTC)
    some: dict[str, Any] = {"reader": "user:ana", "kind": "viewed", "begins": begins, "ends": TODAY}
    for wanted in ({}, *({name: value} for name, value in some.items()), some):
        for person in (None, *(made("person", number) for number in range(PEOPLE))):
            sought = Sought(None if person is None else UUID(person), **wanted)
            expected = oracle.accesses(log, person, **{**dict.fromkeys(some), **wanted})
            assert seen_in_pages_of_two(connection, sought, as_of) == expected


def seen_in_pages_of_two(
    connection: psycopg.Connection[Any], sought: Sought, as_of: AsOf
) -> list[tuple[int, str, str, list[str]]]:
    """All accesses, page by page."""
    page = accesses(connection, sought, as_of, limit=2)
    shown = list(page.accesses)
    while page.next is not None:
        page = accesses(connection, sought, as_of, page.next, limit=2)
        shown += page.accesses
    return [
        (access.position, access.reader, access.kind, [str(person) for person in access.people]) for access in shown
    ]


def check_dispatches(connection: psycopg.Connection[Any], log: list[Event], as_of: AsOf) -> None:
    everything = oracle.dispatches(log)
    for sought in (
        OfDispatches(),
        OfDispatches(begins=MOMENTS[0], ends=MOMENTS[2]),
        OfDispatches(purpose="events"),
        OfDispatches(candidate=UUID(made("person", 0))),
    ):
        wanted = [dispatch for dispatch in everything if wants(sought, dispatch, log)]
        standings = Counter(dispatch["standing"] for dispatch in wanted)
        totals = Totals(len(wanted), standings["authorised"], standings["not-needed"], standings["exception"])
        for exceptions in (False, True):
            expected = [dispatch for dispatch in wanted if not exceptions or dispatch["standing"] == "exception"]
            sent = sent_in_pages_of_two(connection, as_of, sought, exceptions, totals)
            assert [as_told(dispatch) for dispatch in sent] == expected


def wants(sought: OfDispatches, dispatch: Event, log: list[Event]) -> bool:
    return (
        (sought.begins is None or dispatch["at"] >= sought.begins)
        and (sought.ends is None or dispatch["at"] < sought.ends)
        and sought.purpose in (None, dispatch["purpose"])
        and (sought.candidate is None or dispatch["record"] in oracle.records_of(log, str(sought.candidate)))
    )


def as_told(dispatch: Dispatch) -> Event:
    ids = {
        "touchpoint": dispatch.touchpoint,
        "record": dispatch.record,
        "candidate": dispatch.candidate,
        "consent": dispatch.consent,
    }
    return {
        **{name: None if value is None else str(value) for name, value in ids.items()},
        **{name: getattr(dispatch, name) for name in ("at", "kind", "channel", "purpose", "standing", "position")},
        "event": dispatch.event.int,
        "corrected_by": None if dispatch.corrected_by is None else dispatch.corrected_by.int,
    }


def sent_in_pages_of_two(
    connection: psycopg.Connection[Any], as_of: AsOf, sought: OfDispatches, exceptions: bool, totals: Totals
) -> list[Dispatch]:
    """All dispatches, page by page; every page tells the same totals."""
    sent: list[Dispatch] = []
    after: After | None = None
    while True:
        page = dispatches(connection, as_of, sought, exceptions=exceptions, after=after, limit=2)
        assert page.totals == totals
        sent += page.dispatches
        if page.next is None:
            return sent
        after = page.next


def check_expiring(connection: psycopg.Connection[Any], log: list[Event], as_of: AsOf) -> None:
    for moment in MOMENTS:
        answer = expiring(connection, replace(as_of, at=moment), timedelta(100))
        assert answer.next is None
        assert answer.n == len(answer.consents)
        assert [consent.valid_until for consent in answer.consents] == sorted(
            consent.valid_until for consent in answer.consents
        )
        ends = {
            (str(consent.candidate), consent.purpose, consent.valid_until, consent.event.int): set(consent.channels)
            for consent in answer.consents
        }
        assert ends == oracle.expiring(log, moment, moment + timedelta(100))

"""The proposals to erase people, as of every position, are those that a recount of the log finds there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from adapters.postgres.projector.fold import create_schema, fold
from projections.erasure_proposals import ERASURE_PROPOSALS
from queries.erasure_proposals import ErasureProposal, State, erasure_proposals
from queries.question import AsOf
from tests.projections.histories import Event, History, histories, made, record
from tests.rows import closed

NOW = datetime(2026, 7, 1, tzinfo=UTC)
STATES: tuple[State, ...] = get_args(State)
MODELS = {ERASURE_PROPOSALS.schema: ERASURE_PROPOSALS}
MIX = (*("propose",) * 6, "merge", "merge", "unmerge", "erase", "touch")


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        create_schema(connection, ERASURE_PROPOSALS, ERASURE_PROPOSALS.schema, "UTC")
        connection.commit()
        yield connection


def folded(connection: psycopg.Connection[Any], log: list[Event]) -> None:
    connection.rollback()
    record(connection, log)
    fold(connection, MODELS, log[0]["position"] - 1, log[-1]["position"], "UTC", closed)


def recount(log: list[Event], position: int) -> dict[tuple[str, str], tuple[str, str]]:
    """(record, proposal) -> (state, the record that speaks for the person), by the events up to the position."""
    states: dict[tuple[str, str], str] = {}
    into: dict[str, str] = {}
    requested: set[str] = set()
    for event in log:
        if event["position"] > position:
            break
        stream, clear, what = event["stream"], event["clear"], event["type"].removesuffix(".v1")
        if what == "erasure-proposed":
            states[stream, clear["proposal"]] = "open"
        elif what.startswith("erasure-proposal-"):
            states[stream, clear["proposal"]] = what.rpartition("-")[2]
        elif what == "erasure-requested":
            requested.add(stream)
        elif what == "candidates-merged":
            into[clear["absorbed"]] = clear["survivor"]
        elif what == "candidates-unmerged":
            into.pop(clear["absorbed"], None)
    expected = {}
    for (stream, proposal), state in states.items():
        speaker = stream
        while speaker in into:
            speaker = into[speaker]
        expected[stream, proposal] = "closed" if state == "open" and stream in requested else state, speaker
    return expected


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(log=histories(longest=24, what=MIX))
def test_as_of_every_position_they_are_those_of_a_recount(
    connection: psycopg.Connection[Any], log: list[Event]
) -> None:
    folded(connection, log)
    for event in log:
        as_of = AsOf(event["position"], NOW, "UTC")
        expected = defaultdict(set)
        for (stream, proposal), (state, speaker) in recount(log, event["position"]).items():
            expected[state].add((stream, proposal, speaker))
        for state in STATES:
            page = erasure_proposals(connection, as_of, state)
            assert page.n == len(page.proposals)
            listed = {
                (str(proposal.record), str(proposal.proposal), str(proposal.candidate)) for proposal in page.proposals
            }
            assert listed == expected[state]


def some_proposals(n: int) -> list[Event]:
    history = History(first=1)
    for number in range(n):
        history.propose(history.person(number % 4, NOW - timedelta(days=900)), number, NOW - timedelta(days=2), False)
    return history.log


def test_pages_lead_on_from_the_oldest_to_the_end(connection: psycopg.Connection[Any]) -> None:
    log = some_proposals(7)
    folded(connection, log)
    proposals: list[ErasureProposal] = []
    after = None
    while True:
        page = erasure_proposals(connection, AsOf(log[-1]["position"], NOW, "UTC"), "open", after, 3)
        assert page.n == 7
        proposals += page.proposals
        if page.next is None:
            break
        after = page.next
    assert [proposal.proposal for proposal in proposals] == [UUID(made("proposal", number)) for number in range(7)]
    assert {(proposal.age_seconds, proposal.kind, proposal.fields) for proposal in proposals} == {
        (172_800, "delete", ("full_name",))
    }


def test_a_decision_says_by_whom_and_on_what_ground(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    ana = history.person(0, NOW - timedelta(days=900))
    for _ in range(2):
        history.propose(ana, 0, NOW - timedelta(days=1), accepts=False)
    history.log[-1]["actor"] = "user:priya"
    folded(connection, history.log)
    (proposal,) = erasure_proposals(connection, AsOf(history.log[-1]["position"], NOW, "UTC"), "declined").proposals
    assert (proposal.decided_by, proposal.ground, proposal.decided_at) == (
        "user:priya",
        "other",
        NOW - timedelta(days=1),
    )

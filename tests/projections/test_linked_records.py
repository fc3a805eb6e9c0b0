"""Links say which records are one person as of each position: chains, partings inside one batch, and even a circle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.projector.fold import create_schema, fold
from projections import linked_records
from projections.consent_state import CONSENT_STATE
from tests.projections.histories import History, made, record
from tests.rows import closed

NOON = datetime(2024, 1, 10, 12, tzinfo=UTC)
ZONE = "UTC"
A, B, C, D = (made("person", number) for number in range(4))
Links = list[tuple[str, str, int, int]]


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database) as connection:
        create_schema(connection, CONSENT_STATE, CONSENT_STATE.schema, ZONE)
        yield connection


def rows_of(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    rendered = CONSENT_STATE.render(query, CONSENT_STATE.schema, ZONE)
    return connection.execute(rendered.encode()).fetchall()


def person(connection: psycopg.Connection[Any], of: str, position: int) -> tuple[str, set[str]]:
    """The root and all records of the person, as known at the position."""
    rows = rows_of(connection, linked_records.persons("consent_state", f"select '{of}'::uuid, {position}::bigint"))
    (root,) = {row[2] for row in rows}
    return str(root), {str(row[3]) for row in rows}


def link(connection: psycopg.Connection[Any], *links: tuple[str, str]) -> None:
    for absorbed, survivor in links:
        connection.execute(
            f"insert into {CONSENT_STATE.schema}.link values (%s, %s, 1, 99)".encode(), (absorbed, survivor)
        )


@pytest.mark.parametrize("cuts", [(), (5, 6, 7, 8, 9, 10, 11, 12)])
def test_a_chain_is_one_person_and_is_parted_in_the_middle(
    connection: psycopg.Connection[Any], cuts: tuple[int, ...]
) -> None:
    history = History(first=1)
    for number in range(4):
        history.person(number, NOON)
    history.merge(B, A, None, stricter=False)  # at 5 and 6
    history.merge(C, B, None, stricter=False)  # at 7 and 8
    history.unmerge(1, None)  # b from c, at 9 and 10
    history.merge(D, A, None, stricter=False)  # b into d, with a under it, at 11 and 12
    record(connection, history.log)
    after = 0
    for upto in (*cuts, history.position):
        fold(connection, {CONSENT_STATE.schema: CONSENT_STATE}, after, upto, ZONE, closed)
        after = upto
    assert [person(connection, A, position) for position in (4, 5, 6, 7, 9, 11)] == [
        (A, {A}), (B, {A, B}), (B, {A, B}), (C, {A, B, C}), (B, {A, B}), (D, {A, B, D}),
    ]  # fmt: skip
    assert person(connection, C, 11) == (C, {C})
    held = rows_of(
        connection, "select absorbed::text, survivor::text, known, until from consent_state.link order by known"
    )
    assert held == [(A, B, 5, 2**63 - 1), (B, C, 7, 9), (B, D, 11, 2**63 - 1)]


def test_a_merge_turns_two_persons_and_an_ordinary_event_one(connection: psycopg.Connection[Any]) -> None:
    history = History(first=1)
    for number in range(3):
        history.person(number, NOON)
    history.merge(B, A, None, stricter=False)
    record(connection, history.log)
    fold(connection, {CONSENT_STATE.schema: CONSENT_STATE}, 0, history.position, ZONE, closed)

    def turned(*wanted: tuple[str, int]) -> set[tuple[str, str, bool, bool]]:
        values = " union all ".join(f"select '{record}'::uuid, {position}::bigint" for record, position in wanted)
        rows = rows_of(connection, linked_records.turned("consent_state", values))
        return {(str(first), str(other), before, after) for _, first, other, before, after in rows}

    assert turned((A, 4), (B, 4)) == {(A, A, True, False), (B, A, False, True), (B, B, True, True)}
    assert turned((A, 7)) == {(B, A, True, True), (B, B, True, True)}
    assert turned((C, 7)) == {(C, C, True, True)}


def test_a_circle_of_links_has_an_end_and_no_root(connection: psycopg.Connection[Any]) -> None:
    link(connection, (A, B), (B, C), (C, A))
    assert rows_of(connection, linked_records.persons("consent_state", f"select '{A}'::uuid, 5::bigint")) == []
    assert person(connection, UUID(A).hex, 100) == (A, {A})

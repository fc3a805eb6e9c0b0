"""Two ways to look, one answer: pages follow one another whatever is written meanwhile, and slips are forgiven."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.lab.bench.searching import AS_OF, NOW, SEARCHES, Search, fill, spelt
from adapters.postgres.migrate import migrate
from queries import directory
from queries.directory import After, Directory, Sort, Sought, Wanted, distance, may_mean, search, worth_visiting

PEOPLE = 3000


@pytest.fixture(scope="module")
def connection(server: str) -> Iterator[psycopg.Connection[Any]]:
    """A directory of invented people; what a test changes in it, it takes back."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("drop database if exists searched")
        admin.execute("create database searched")
    with psycopg.connect(psycopg.conninfo.make_conninfo(server, dbname="searched")) as connection:
        migrate(connection)
        fill(connection, PEOPLE)
        connection.commit()
        yield connection


def pages(connection: psycopg.Connection[Any], searched: Search, limit: int) -> Iterator[Directory]:
    after: After | None = None
    while True:
        page = search(connection, searched.sought, AS_OF, NOW, sort=searched.sort, limit=limit, after=after)
        yield page
        after = page.next
        if after is None:
            return


def force(monkeypatch: pytest.MonkeyPatch, visits: int) -> None:
    monkeypatch.setattr(directory, "worth_visiting", lambda *_: visits)


MORE = (
    Search("everybody", Sought()),
    Search("everybody by name", Sought(), "name"),
    Search("of some days", Sought(contacted_after=NOW - timedelta(400), contacted_before=NOW - timedelta(30)), "name"),
    Search("a purpose on any channel", Sought(consent="talent_pool", language=spelt(0))),
    Search("one source", Sought(source="linkedin")),
)


@pytest.mark.parametrize("searched", [*SEARCHES, *MORE], ids=lambda searched: searched.name)
def test_both_ways_find_the_same_people_in_the_same_order(
    connection: psycopg.Connection[Any], searched: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    force(monkeypatch, 0)
    by_words = [person.candidate for page in pages(connection, searched, 200) for person in page.people]
    force(monkeypatch, PEOPLE + 1)
    by_walking = [person.candidate for page in pages(connection, searched, 37) for person in page.people]
    assert by_walking == by_words
    assert len(set(by_words)) == len(by_words)


def test_the_searches_of_the_benchmark_find_people(connection: psycopg.Connection[Any]) -> None:
    numbers = [search(connection, searched.sought, AS_OF, NOW, sort=searched.sort).n for searched in SEARCHES[2:]]
    assert len([n for n in numbers if n]) >= 7


def test_who_walks_in_vain_goes_by_the_words(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = SEARCHES[6]
    right = search(connection, searched.sought, AS_OF, NOW, limit=20)
    force(monkeypatch, 25)
    assert search(connection, searched.sought, AS_OF, NOW, limit=20).people == right.people


def test_facets_count_all_who_match_or_say_that_they_do_not(connection: psycopg.Connection[Any]) -> None:
    sought = Sought(skill=spelt(13), source="linkedin")
    answer = search(connection, sought, AS_OF, NOW, limit=200)
    assert answer.exact
    assert answer.n == len(answer.people)
    facets = {(facet.kind, facet.value): facet.n for facet in answer.facets or ()}
    assert facets["source", "linkedin"] == facets["skill", spelt(13).lower()] == answer.n
    for (kind, value), n in facets.items():
        if kind == "language":
            assert n == sum(value.capitalize() in person.languages for person in answer.people)
            narrower = search(connection, Sought(skill=spelt(13), source="linkedin", language=value), AS_OF, NOW)
            assert narrower.n == n
    everybody = search(connection, Sought(), AS_OF, NOW)
    assert (everybody.n, everybody.exact) == (1000, False)
    assert {facet.kind for facet in everybody.facets or ()} == set(directory.FACETS)


@pytest.mark.parametrize("sort", ["last-contact", "name"])
def test_pages_go_on_whatever_is_written_meanwhile(connection: psycopg.Connection[Any], sort: Sort) -> None:
    """A person who stays in place is listed once, however others enter, leave or move between two pages."""
    searched = Search("", Sought(language=spelt(1)), sort)
    right = [person.candidate for page in pages(connection, searched, 200) for person in page.people]
    staying, listed = set(right[::2]), []
    for number, page in enumerate(pages(connection, searched, 25)):
        listed += [person.candidate for person in page.people]
        moving = right[1 + 2 * number :: 14] if number < 5 else []
        key = f"moved {number}" if number % 2 else "~"
        connection.execute("update directory_v6.person set name_key = %s where person = any (%s)", (key, moving))
        connection.execute(
            "update directory_v6.contact set last_contact = now() - interval '1 day' * %s where person = any (%s)",
            (number * 300, moving),
        )
    connection.rollback()
    assert [person for person in listed if person in staying] == [person for person in right if person in staying]


@pytest.mark.parametrize(
    ("typed", "word", "means"),
    [
        ("maria", "marie", True),
        ("marai", "maria", True),
        ("maria", "mariana", True),
        ("jon", "john", True),
        ("jo", "joe", False),
        ("ann", "bob", False),
        ("maria", "martin", False),
        ("backend", "senior backend engineer", True),
        ("bakcend enginer", "senior backend engineer", True),
        ("backend gardener", "senior backend engineer", False),
    ],
)
def test_what_a_word_may_mean(typed: str, word: str, means: bool) -> None:
    assert may_mean(typed, word) is means


def test_slips_are_counted() -> None:
    others = {"abcd": 0, "abdc": 1, "abc": 1, "xabcd": 1, "axcd": 1, "dcba": 3, "": 4}
    assert {other: distance("abcd", other) for other in others} == others


@pytest.mark.parametrize(
    ("counts", "people", "walks"),
    [([], 1000, True), ([300_000], 1_000_000, True), ([20_000], 1_000_000, True), ([5_000], 1_000_000, False),
     ([300_000, 30_000], 1_000_000, True), ([300_000, 10_000], 1_000_000, False), ([10], 20, False), ([0], 0, False)],
)  # fmt: skip
def test_who_is_everywhere_is_met_by_walking(counts: list[int], people: int, walks: bool) -> None:
    wanted = [Wanted("word", str(number), ((str(number),),), number) for number in counts]
    assert (worth_visiting(wanted, people, directory.Page()) > 0) is walks


def test_an_unmatched_quote_in_a_word_is_a_letter(connection: psycopg.Connection[Any]) -> None:
    for strange in ("o'hara", "a\\", "x' | 'y", "!", "consent/talent_pool"):
        assert search(connection, Sought(source=strange), AS_OF, NOW).people == ()
    assert search(connection, Sought(community=UUID(int=7)), AS_OF, NOW).n == 0

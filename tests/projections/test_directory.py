"""The directory believes what the domain believes, of any history cut anywhere; personal text stands where it may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import tuple_row

from adapters.postgres.keys.sealing import Place, SealIsBroken
from adapters.postgres.projector.fold import FoldFailed, create_schema, fold
from domain.candidate import CandidateReferred, CandidateSourced, ProfileFactLearned, ProfileFactRetracted, told_by
from domain.consent import (
    Answer,
    ConsentGiven,
    ConsentRefused,
    Consents,
    ConsentWithdrawn,
    ConsentWithheld,
    Merge,
    may,
)
from domain.event import ERASED, Event, Recorded
from domain.profile_facts import CATALOGUE as FACTS_OF_PROFILES
from domain.profile_facts import FactStatement, address_key, believed, holds_many
from domain.purposes import CONSENT_CHANNELS
from domain.touchpoint_kinds import KINDS as CATALOGUE
from projections.directory import DIRECTORY, told
from projections.read_model import Opens
from queries.directory import Sought, search
from queries.duplicates import duplicates
from queries.question import AsOf
from tests.oracle import entries
from tests.projections.histories import (
    COMMUNITIES,
    KINDS,
    PEOPLE,
    SEGMENTS,
    START,
    History,
    made,
    moments,
    record,
    unknown,
)  # fmt: skip
from tests.rows import rows_of

ZONE = "Europe/Berlin"
NOW = START + timedelta(days=900)
AS_OF = AsOf(1 << 40, NOW, ZONE)
FAST = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
FACTS = ("name", "email", "phone", "skill", "skill", "current-employer", "location", "shoe-size")
SOURCES = ("self", "recruiter", "job-board", "import", "s0")
VALUES = ("Zoë Çelik", "ZOË  ÇELIK", "Ann O'Hara", "+1 555 0101", "001 555-0101", "C++", "王 小明")


def blind(kind: str, text: str) -> list[str]:
    return [f"hash of {kind} {address_key(kind, text)}"]


@dataclass
class Personal:
    """A history and what its events hold sealed, by position."""

    history: History
    sealed: dict[int, dict[str, Any]] = field(default_factory=dict)

    def enter(self, number: int, at: datetime, values: Sequence[str]) -> str:
        before = self.history.position
        person = self.history.person(number, at)
        if self.history.position > before:
            self.sealed[before] = {"name": values[0], "emails": tuple(values), "phones": tuple(values[1:])}
        return person

    def tell(self, person: str, fact: str, source: str, value: str, at: datetime, retracted: bool) -> None:
        if person in self.history.erased:
            return
        name = "profile-fact-retracted" if retracted else "profile-fact-learned"
        self.sealed[self.history.position] = {"value": value}
        self.history.write(person, name, at, fact=fact, learned_from=source)

    def recorded(self, event: dict[str, Any]) -> Recorded[Any]:
        """The event as the log would open it."""
        return Recorded(
            stream=UUID(event["stream"]),
            version=event["version"],
            event=opened(event, self.sealed[event["position"]]),
            id=UUID(int=event["position"]),
            recorded_at=event["recorded_at"],
            occurred_at=event["occurred_at"],
            position=event["position"],
        )

    def opening(
        self, _: psycopg.Connection[Any], opens: Opens, after: int, upto: int, __: Sequence[UUID]
    ) -> Iterator[tuple[Any, ...]]:
        names = {event.stored_name for event in opens.types}
        for event in self.history.log:
            if after < event["position"] <= upto and event["type"] in names:
                yield from opens.rows(self.recorded(event), blind)


def opened(event: dict[str, Any], sealed: dict[str, Any]) -> Event:
    clear = event["clear"]
    if event["type"] == CandidateSourced.stored_name:
        return CandidateSourced(clear["source"], clear["role"], clear["location"], None, None, **sealed)
    if event["type"] == CandidateReferred.stored_name:
        segment = clear["source"], clear["role"], clear["location"], UUID(clear["referrer"])
        return CandidateReferred(*segment, **sealed, referrer_name=None, referrer_words=None)
    kind = ProfileFactLearned if event["type"] == ProfileFactLearned.stored_name else ProfileFactRetracted
    return kind(clear["fact"], clear["learned_from"], **sealed)


small = st.integers(0, 5)
WHAT = (
    *("tell",) * 4, "retract", "touch", "correct", "consent", "community", "merge", "unmerge", "erase",
    "complete", "complete",
)  # fmt: skip
moves = st.tuples(
    st.sampled_from(WHAT), st.integers(0, PEOPLE - 1), moments, moments, st.sampled_from(FACTS),
    st.sampled_from(SOURCES), st.lists(st.sampled_from(VALUES), min_size=1, max_size=3), st.sampled_from(KINDS), small,
)  # fmt: skip


@st.composite
def personal_histories(draw: st.DrawFn) -> Personal:
    personal = Personal(History(1, draw(unknown)))
    for move in draw(st.lists(moves, min_size=8, max_size=30)):
        _make(personal, *move)
    return personal


def _make(
    personal: Personal, what: str, number: int, at: datetime, other: datetime, fact: str, source: str,
    values: list[str], kind: str, choice: int,
) -> None:  # fmt: skip
    history, person = personal.history, personal.enter(number, at, values)
    second = personal.enter((number + 1 + choice) % PEOPLE, other, values)
    acts: dict[str, Callable[[], None]] = {
        "tell": lambda: personal.tell(person, fact, source, values[0], other, retracted=False),
        "retract": lambda: personal.tell(person, fact, source, values[0], other, retracted=True),
        "touch": lambda: history.touch(person, kind, other, 0, machine=choice == 0),
        "correct": lambda: history.correct(choice, kind if choice % 2 else None, other, 0, machine=False),
        "consent": lambda: history.consent(
            person, choice, other, "talent_pool", [["email"], ["phone", "email"]][choice % 2]
        ),
        "community": lambda: history.community(person, made("commun", choice % COMMUNITIES), other, "self"),
        "merge": lambda: history.merge(second, person, other, stricter=choice == 1),
        "unmerge": lambda: history.unmerge(choice, other),
        "complete": lambda: history.complete(person, choice, other),
        "erase": lambda: history.erase(person, other, completed=choice % 2 == 0),
    }
    acts[what]()


@dataclass
class Expected:
    """What plain Python makes of a history, for one person."""

    statements: list[FactStatement] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    moves: dict[tuple[str, str], list[tuple[datetime, bool]]] = field(default_factory=lambda: defaultdict(list))
    contacts: list[datetime] = field(default_factory=list)

    def values(self, fact: str) -> list[Any]:
        return [belief.value for belief in believed(self.statements) if belief.fact == fact]

    def single(self, fact: str, otherwise: str | None = None) -> Any:
        return next(iter(self.values(fact)), otherwise)

    def allowed(self) -> set[str]:
        consents = Consents(tuple(sorted(self.answers, key=lambda answer: (answer.at, answer.event))))
        return {c for c in CONSENT_CHANNELS if isinstance(may(consents, "talent_pool", c, NOW), UUID)}

    def communities(self) -> set[UUID]:
        inside = {key: max(enumerate(moves), key=lambda m: (m[1][0], m[0]))[1][1] for key, moves in self.moves.items()}
        return {UUID(community) for (_, community), joined in inside.items() if joined}


def expected(personal: Personal) -> dict[UUID, Expected]:
    history = personal.history
    people: dict[str, Expected] = defaultdict(Expected)
    for event in history.log:
        if event["version"] == 1 and event["type"].startswith("candidate-"):
            people[history.root(event["stream"])].statements += ()
        person = people[history.root(event["stream"])] if event["stream"] in entered(history) else Expected()
        if event["position"] in personal.sealed:
            person.statements += statement_of(personal, event)
        elif event["type"] == "consent-withholding-ended.v1":
            ended = UUID(event["clear"]["withheld"])
            for each in people.values():
                each.answers = [answer for answer in each.answers if answer.event != ended]
        elif event["type"].startswith("consent-"):
            person.answers.append(answer(event))
        elif event["type"] in ("community-joined.v1", "community-left.v1"):
            joined = event["type"] == "community-joined.v1"
            person.moves[event["stream"], event["clear"]["community"]].append((event["at"], joined))
    for touch in history.touches.values():
        if touch["kind"] and CATALOGUE[touch["kind"]].contact and not touch["machine"]:
            people[history.root(touch["person"])].contacts.append(touch["at"])
    return {UUID(person): expectation for person, expectation in people.items() if person not in history.erased}


def entered(history: History) -> set[str]:
    return {event["stream"] for event in history.log if event["type"].startswith("candidate-")}


def statement_of(personal: Personal, event: dict[str, Any]) -> list[FactStatement]:
    return list(told_by(personal.recorded(event)))


def answer(event: dict[str, Any]) -> Answer:
    kinds = {kind.stored_name: kind for kind in (ConsentGiven, ConsentRefused, ConsentWithdrawn, ConsentWithheld)}
    clear = event["clear"]
    withheld = Merge(UUID(clear["survivor"]), UUID(clear["absorbed"])) if "denied_by" in clear else None
    until = clear.get("valid_until")
    return Answer(
        event["at"], UUID(int=event["position"]), kinds[event["type"]], clear["purpose"], tuple(clear["channels"]),
        clear.get("entirely", False), None if until is None else datetime.fromisoformat(until), merge=withheld,
    )  # fmt: skip


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, row_factory=tuple_row) as connection:
        for schema in (DIRECTORY.schema, DIRECTORY.next_schema):
            create_schema(connection, DIRECTORY, schema, ZONE)
        connection.commit()
        yield connection


def fold_all(connection: psycopg.Connection[Any], schema: str, personal: Personal, cuts: Sequence[int] = ()) -> None:
    after = 0
    for upto in [*cuts, personal.history.position - 1]:
        fold(connection, {schema: DIRECTORY}, after, upto, ZONE, personal.opening)
        after = upto


@settings(FAST, max_examples=25)
@given(personal=personal_histories(), data=st.data())
def test_rows_are_the_same_for_every_cut_and_say_what_the_domain_believes(
    connection: psycopg.Connection[Any], personal: Personal, data: st.DataObject
) -> None:
    connection.rollback()
    record(connection, personal.history.log)
    positions = [event["position"] for event in personal.history.log]
    cuts = data.draw(st.one_of(st.just(positions[:-1]), st.lists(st.sampled_from(positions), unique=True).map(sorted)))
    fold_all(connection, DIRECTORY.schema, personal)
    fold_all(connection, DIRECTORY.next_schema, personal, cuts)
    assert rows_of(connection, DIRECTORY.schema) == rows_of(connection, DIRECTORY.next_schema)
    right, segments = expected(personal), entries(personal.history.log)
    rows = {row.candidate: row for row in search(connection, Sought(), AS_OF, NOW, limit=200).people}
    assert rows.keys() == right.keys()
    for person, expectation in right.items():
        row = rows[person]
        assert (row.name, row.employer) == (expectation.single("name"), expectation.single("current-employer"))
        of_record = {name: known_or_none(segments[str(person)]["clear"][name]) for name in SEGMENTS}
        assert row.location == expectation.single("location", of_record["location"])
        assert (row.source, row.role) == (
            of_record["source"] or "unknown",
            expectation.single("current-role", of_record["role"]),
        )
        assert (list(row.emails), list(row.phones)) == (expectation.values("email"), expectation.values("phone"))
        assert list(row.skills) == expectation.values("skill")
        assert set(row.communities) == expectation.communities()
        assert row.last_contact == max(expectation.contacts, default=None)
    for channel in CONSENT_CHANNELS:
        allowed = search(connection, Sought(consent="talent_pool", channel=channel), AS_OF, NOW, limit=200)
        assert {row.candidate for row in allowed.people} == {
            p for p, expectation in right.items() if channel in expectation.allowed()
        }
    check_words(connection)
    check_pairs(connection, right)


def known_or_none(segment: str) -> str | None:
    return None if segment == "unknown" else segment


@pytest.mark.parametrize("fact", [fact.code for fact in FACTS_OF_PROFILES])
def test_what_a_source_says_again_is_no_news(connection: psycopg.Connection[Any], fact: str) -> None:
    """A value counts from the day on which its source first said it, so that a repetition changes nothing."""
    personal, day = Personal(History(first=1)), timedelta(days=1)
    person = personal.enter(0, START, ["Nora"])
    for source, value, days in (("lever", "Ann", 1), ("greenhouse", "Zoe", 2), ("lever", "Ann", 3)):
        personal.tell(person, fact, source, value, START + days * day, retracted=False)
    record(connection, personal.history.log)
    fold_all(connection, DIRECTORY.schema, personal)
    (row,) = search(connection, Sought(), AS_OF, NOW).people
    column = {"current-role": "role", "current-employer": "employer"}.get(
        fact, f"{fact}s" if holds_many(fact) else fact
    )
    shown = getattr(row, column)
    believed_first = expected(personal)[UUID(person)].values(fact)
    assert (list(shown) if holds_many(fact) else [shown]) == believed_first
    assert believed_first[0] == "Zoe"


def check_words(connection: psycopg.Connection[Any]) -> None:
    """Each word is counted as often as people have it, and no word is left without a person."""
    counted = connection.execute("select kind || '/' || word, n from directory_v6.word").fetchall()
    terms = connection.execute(
        "select term, count(*) from directory_v6.person, unnest(tsvector_to_array(terms)) term"
        " where not starts_with(term, 'join/') group by term"
    ).fetchall()
    assert sorted(counted) == sorted(terms)


def check_pairs(connection: psycopg.Connection[Any], right: dict[UUID, Expected]) -> None:
    """People who share an address and were never merged are listed, page by page, each pair once."""
    linked = connection.execute("select absorbed, survivor from directory_v6.link").fetchall()
    parted = {frozenset(pair) for pair in linked}
    addresses = {
        p: {v.casefold() for v in map(" ".join, (e.split() for e in expectation.values("email")))}
        for p, expectation in right.items()
    }
    sharing = {frozenset((a, b)) for a in right for b in right if a != b and addresses[a] & addresses[b]} - parted
    pairs, after = [], None
    while True:
        page = duplicates(connection, AS_OF, limit=2, after=after)
        pairs += [(frozenset((pair.first.candidate, pair.second.candidate)), pair.evidence) for pair in page.pairs]
        after = page.next
        if after is None:
            break
    assert len({pair for pair, _ in pairs}) == len(pairs)
    assert {pair for pair, evidence in pairs if "same-address" in evidence} == sharing


def test_a_person_to_be_erased_is_not_found_and_leaves_no_word(connection: psycopg.Connection[Any]) -> None:
    personal = Personal(History(first=1))
    person, other = personal.enter(0, START, ["Zoë Canary", "canary@b.org"]), personal.enter(2, START, ["Zoë"])
    personal.tell(person, "skill", "self", "Canary singing", START, retracted=False)
    personal.history.touch(person, "email-replied", START, 0, machine=False)
    personal.history.merge(other, person, START, stricter=False)
    personal.history.erase(person, START, completed=False)
    record(connection, personal.history.log)
    fold_all(connection, DIRECTORY.schema, personal, [4])
    assert search(connection, Sought(), AS_OF, NOW).people == ()
    for table in ("told", "person", "contact", "word", "clue"):
        assert connection.execute(f"select from directory_v6.{table}".encode()).fetchall() == [], table
    assert "anary" not in str(rows_of(connection, DIRECTORY.schema))
    after = personal.history.position - 1
    personal.history.erase(person, START, completed=True)
    before = rows_of(connection, DIRECTORY.schema)
    record(connection, [event for event in personal.history.log if event["position"] > after])
    fold(connection, {DIRECTORY.schema: DIRECTORY}, after, personal.history.position - 1, ZONE, personal.opening)
    assert rows_of(connection, DIRECTORY.schema) == before


def test_what_was_erased_gives_a_row_without_personal_text(connection: psycopg.Connection[Any]) -> None:
    personal = Personal(History(first=1))
    person = personal.enter(0, START, ["Zoë Canary", "canary"])
    personal.tell(person, "skill", "self", "Canary", START, retracted=False)
    record(connection, personal.history.log)
    personal.sealed = {1: {"name": ERASED, "emails": ERASED, "phones": ERASED}, 2: {"value": ERASED}}
    fold_all(connection, DIRECTORY.schema, personal)
    (row,) = search(connection, Sought(), AS_OF, NOW).people
    assert (row.name, row.emails, row.skills, row.source) == (None, (), (), "s0")
    assert "anary" not in str(rows_of(connection, DIRECTORY.schema))


def test_statistics_hold_no_personal_text(connection: psycopg.Connection[Any]) -> None:
    """PostgreSQL's statistics contain no value of the personal columns, and no index is on an expression."""
    personal = Personal(History(first=1))
    for number in range(PEOPLE):
        person = personal.enter(number, START, ["Zoë Canary", "canary@example.org"])
        for fact in ("skill", "location", "current-role", "current-employer", "language", "link", "tag", "owner"):
            personal.tell(person, fact, "self", "Canary", START, retracted=False)
    record(connection, personal.history.log)
    fold_all(connection, DIRECTORY.schema, personal)
    connection.execute("analyze")
    statistics = connection.execute("select * from pg_stats where schemaname like 'directory%'").fetchall()
    assert len(statistics) > 10
    assert [row[1:3] for row in statistics if "anary" in str(row).lower()] == []
    assert connection.execute(
        "select from pg_index join pg_class c on c.oid = indexrelid"
        " where relnamespace::regnamespace::text like 'directory%' and indexprs is not null"
    ).fetchall() == []  # fmt: skip


def test_a_fold_that_fails_tells_no_value(connection: psycopg.Connection[Any]) -> None:
    personal = Personal(History(first=1))
    personal.enter(0, START, ["Zoë Canary"])
    record(connection, personal.history.log)
    connection.commit()

    def wrong(*_: object) -> list[tuple[Any, ...]]:
        return [("Zoë Canary",) * 10]

    with pytest.raises(FoldFailed) as caught:
        fold(connection, {DIRECTORY.schema: DIRECTORY}, 0, 1, ZONE, wrong)
    assert "anary" not in str(caught.value)
    assert caught.value.__cause__ is None
    connection.rollback()

    def broken(*_: object) -> list[tuple[Any, ...]]:
        raise SealIsBroken(Place("log", UUID(int=1), 1, "candidate-sourced.v1"))

    with pytest.raises(FoldFailed, match="altered or moved"):
        fold(connection, {DIRECTORY.schema: DIRECTORY}, 0, 1, ZONE, broken)


def test_long_and_strange_values_are_kept_as_far_as_they_can_be_searched() -> None:
    event = ProfileFactLearned("email", "self", "a\0b" + "x" * 2000)
    recorded = Recorded(UUID(int=1), 1, event, UUID(int=2), datetime.now(UTC), position=1)
    ((*_, value, alike, key, terms, hashed),) = told(recorded, blind)
    assert (value[:3], len(value)) == ("abx", 500)
    assert (alike, key, terms, hashed) == (value, "", "", [f"hash of email {value}"])
    named = replace(recorded, event=ProfileFactLearned("skill", "self", "a\0b" + "x" * 2000))
    ((*_, value, alike, key, terms, hashed),) = told(named, blind)
    assert (len(value), alike, key, terms, hashed) == (500, value, value[:100], f"word/{value[:100]}", None)


def test_a_changed_opening_is_a_changed_read_model() -> None:
    def other(recorded: Recorded[Any], _: Any) -> Iterator[tuple[Any, ...]]:
        yield (recorded.stream,)

    assert DIRECTORY.opens is not None
    changed = replace(DIRECTORY, opens=Opens(DIRECTORY.opens.types, DIRECTORY.opens.columns, other))
    assert changed.fingerprint(ZONE) != DIRECTORY.fingerprint(ZONE)

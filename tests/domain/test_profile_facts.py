"""Beliefs from statements: the newest of the most trusted source, and of a fact with many values all that stand."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from uuid import UUID

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from domain.event import ERASED, Personal
from domain.profile_facts import CATALOGUE, TRUST, Belief, FactStatement, alike, believed, held, holds_many, kept, trust
from tests.given import ALICE, DAY, START, event_id


def statement(
    value: Personal[str], source: str = "self", day: int = 0, *, fact: str = "current-employer", gone: bool = False
) -> FactStatement:
    return FactStatement(fact, source, value, START + day * DAY, ALICE, event_id(day), day, gone)


def numbered(*statement: FactStatement) -> list[FactStatement]:
    """As the log has them: each at a position, whatever day it is about."""
    return [
        FactStatement(
            item.fact, item.learned_from, item.value, item.at, item.record, event_id(number), number, item.retracted
        )
        for number, item in enumerate(statement, start=1)
    ]


def the(stated_statements: Sequence[FactStatement]) -> Belief:
    (belief,) = believed(stated_statements)
    return belief


def test_the_catalogue_says_each_fact_once() -> None:
    assert len({row.code for row in CATALOGUE}) == len(CATALOGUE)
    assert {row.code for row in CATALOGUE if row.many} == {"email", "phone", "skill", "language", "link", "tag"}
    assert not holds_many("shoe-size")


def test_whom_we_trust() -> None:
    order = ["self", "recruiter", "greenhouse", "import", "job-board", "enrichment"]
    assert [trust(source) for source in order] == sorted((trust(source) for source in order), reverse=True)
    assert len({trust(source) for source in order}) == len(order)
    assert trust("enrichment") == trust("unknown") == min(TRUST.values())


def test_the_more_trusted_source_wins_however_old_its_word_is() -> None:
    output = numbered(
        statement("Acme", "self", 0), statement("Bolts", "enrichment", 9), statement("Cogs", "recruiter", 5)
    )
    belief = the(output)
    assert (belief.value, belief.because) == ("Acme", output[0])
    assert [item.value for item in belief.overruled] == ["Cogs", "Bolts"]


def test_of_equally_trusted_sources_the_newest_word_wins() -> None:
    output = numbered(statement("Acme", "lever", 7), statement("Bolts", "greenhouse", 3))
    assert the(output).because == output[0]
    same_day = numbered(statement("Acme", "lever", 7), statement("Bolts", "greenhouse", 7))
    assert the(same_day).because == same_day[1], "the one that we learned last"


def test_a_source_that_changes_its_word_is_believed_in_the_newest() -> None:
    output = numbered(statement("Bolts", day=5), statement("Acme", day=1))
    belief = the(output)
    assert belief.value == "Bolts"
    assert belief.overruled == (output[1],)


def test_a_word_taken_back_gives_way_to_the_next_source() -> None:
    output = numbered(
        statement("Acme", "self", 1), statement("Bolts", "import", 0), statement("Acme", "self", 2, gone=True)
    )
    assert the(output).because == output[1]
    assert the(output).overruled == ()


def test_an_older_word_does_not_come_back_when_the_newer_is_taken_back() -> None:
    output = numbered(statement("Acme", day=1), statement("Bolts", day=2), statement("Bolts", day=3, gone=True))
    assert believed(output) == ()
    assert held(output) == ()
    assert [item.value for item in kept(output)] == ["Acme"]


def test_a_retracted_value_may_be_stated_again() -> None:
    output = numbered(statement("Acme", day=1), statement("Acme", day=2, gone=True), statement("Acme", day=3))
    assert the(output).because == output[2]
    late = numbered(statement("Acme", day=3), statement("Acme", day=2, gone=True))
    assert the(late).because == late[0], "it was retracted before it was stated again"


def test_who_says_the_same_confirms_it() -> None:
    output = numbered(
        statement("ACME  Inc", "import", 3), statement("Acme Inc", "self", 1), statement("Bolts", "import", 1)
    )
    belief = the(output)
    assert (belief.value, belief.confirmed_by) == ("Acme Inc", (output[0],))
    assert belief.overruled == (output[2],)


def test_many_values_are_the_union_of_what_each_source_keeps() -> None:
    def skill(value: str, source: str = "self", day: int = 0, *, gone: bool = False) -> FactStatement:
        return statement(value, source, day, fact="skill", gone=gone)

    output = numbered(
        skill("python"), skill("sql"), skill("Python", "greenhouse", 3), skill("sql", day=4, gone=True),
        skill("cobol", "enrichment"),
    )  # fmt: skip
    beliefs = believed(output)
    assert [(belief.value, belief.because.learned_from) for belief in beliefs] == [
        ("python", "self"),
        ("cobol", "enrichment"),
    ]
    assert beliefs[0].confirmed_by == (output[2],)
    assert all(belief.overruled == () for belief in beliefs)
    still = believed(numbered(*output, skill("sql", "import", 1)))
    assert "sql" in [item.value for item in still], "one source's retraction is not another's"


@pytest.mark.parametrize(
    ("fact", "text", "other"),
    [
        ("phone", "+49 30 / 123", "4930123"),
        ("email", "Ada@Example.org", "ada@example.org "),
        ("skill", "Data  Engineering", "data engineering"),
    ],
)
def test_two_spellings_of_one_value(fact: str, text: str, other: str) -> None:
    assert alike(fact, text) == alike(fact, other)
    assert len(believed(numbered(statement(text, fact=fact), statement(other, "import", fact=fact)))) == 1


def test_a_phone_that_is_no_number_is_still_itself() -> None:
    assert alike("phone", "ask Bob") != alike("phone", "ask Ann")


def test_a_belief_about_an_erased_person_cannot_be_read() -> None:
    output = numbered(
        statement(ERASED),
        statement(ERASED, "import"),
        statement(ERASED, "import", gone=True),
        statement(ERASED, fact="skill"),
    )
    assert [(item.fact, item.value) for item in believed(output)] == [("current-employer", ERASED), ("skill", ERASED)]


values = st.sampled_from(["a", "A ", "b", "c"]) | st.just(ERASED)
statements = st.lists(
    st.builds(
        statement,
        values,
        st.sampled_from(["self", "import", "lever", "greenhouse", "neighbour"]),
        st.integers(0, 5),
        fact=st.sampled_from(["name", "skill"]),
        gone=st.booleans(),
    ),
    max_size=12,
).map(lambda output: numbered(*output))


def plainly_believed(stated_statements: list[FactStatement], fact: str) -> set[Personal[str]]:
    """The rule once more, told day by day and source by source, without any of its code."""
    words: dict[str, dict[Personal[str], tuple[int, FactStatement]]] = {}
    for number, item in enumerate(
        sorted((entry for entry in stated_statements if entry.fact == fact), key=lambda entry: entry.at)
    ):
        mine = words.setdefault(item.learned_from, {})
        key = item.value if item.value is ERASED else str(item.value).strip().lower()
        if item.retracted:
            mine.pop(key, None)
        else:
            if fact == "name":
                mine.clear()
            mine[key] = number, item
    standing = [(key, number, entry) for mine in words.values() for key, (number, entry) in mine.items()]
    if fact == "skill" or not standing:
        return {key for key, _, _ in standing}
    order = ["neighbour", "import", "lever", "self"]
    alias = {"greenhouse": "lever"}
    best = max(standing, key=lambda it: (order.index(alias.get(it[2].learned_from, it[2].learned_from)), it[1]))
    return {best[0]}


@forall(statements, st.sampled_from(["name", "skill"]))
def test_the_rule_agrees_with_a_plain_telling(stated_statements: list[FactStatement], fact: str) -> None:
    beliefs = [belief for belief in believed(stated_statements) if belief.fact == fact]
    values = [alike(fact, belief.value) for belief in beliefs]
    assert set(values) == plainly_believed(stated_statements, fact)
    assert len(values) == len(set(values))


@forall(statements, st.randoms(use_true_random=False))
def test_the_order_in_which_sources_speak_does_not_matter_but_for_ties(
    stated_statements: list[FactStatement], shuffle: Random
) -> None:
    alone = list({(item.fact, item.learned_from, item.at): item for item in stated_statements}.values())
    mixed = list(alone)
    shuffle.shuffle(mixed)
    assert believed(alone) == believed(mixed)


@forall(statements)
def test_everything_told_is_believed_confirmed_overruled_or_taken_back(stated_statements: list[FactStatement]) -> None:
    for belief in believed(stated_statements):
        named: list[FactStatement] = [belief.because, *belief.confirmed_by, *belief.overruled]
        assert len({item.event for item in named}) == len(named)
        assert all(item in stated_statements and not item.retracted and item.fact == belief.fact for item in named)
        assert all(alike(item.fact, item.value) == alike(belief.fact, belief.value) for item in belief.confirmed_by)
        assert all(alike(item.fact, item.value) != alike(belief.fact, belief.value) for item in belief.overruled)


def test_the_record_that_a_belief_stands_on_is_named() -> None:
    other = UUID(int=99)
    elsewhere = FactStatement("name", "self", "Alice", START, other, event_id(1), 1)
    assert the([elsewhere]).because.record == other

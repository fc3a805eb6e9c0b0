"""Profile facts: which facts a profile has, which source is trusted, and which value is believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.event import Erased, Personal


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a profile tells. `many`: several values may be true at once; else a newer one takes its place."""

    code: str
    many: bool = False


CATALOGUE = (
    Fact("name"),
    Fact("email", many=True),
    Fact("phone", many=True),
    Fact("location"),
    Fact("current-role"),
    Fact("current-employer"),
    Fact("skill", many=True),
    Fact("language", many=True),
    Fact("link", many=True),
    Fact("tag", many=True),
    Fact("owner"),
)
"""The facts that a profile has; any other code is taken too, as a fact of one value."""

FACTS: Mapping[str, Fact] = {row.code: row for row in CATALOGUE}

TRUST: Mapping[str, int] = {
    "self": 5,
    "recruiter": 4,
    "ats": 3,
    "integration": 3,
    "greenhouse": 3,
    "lever": 3,
    "ashby": 3,
    "smartrecruiters": 3,
    "import": 2,
    "enrichment": 0,
    "unknown": 0,
}
"""How far a source is believed: the person, then who talked with them, then systems of record, then files."""

TRUST_OF_OTHERS = 1
"""Where people come from, such as 'job-board': better than a guess, less than a named source."""


@dataclass(frozen=True, slots=True)
class FactStatement:
    """A source told us a value, or took it back (`retracted`).

    at: when that was so. record, event, position: where in the log it stands. value: ERASED where the person was.
    """

    fact: str
    learned_from: str
    value: Personal[str]
    at: datetime
    record: UUID
    event: UUID
    position: int | None = None
    retracted: bool = False


@dataclass(frozen=True, slots=True)
class Belief:
    """A value that is believed. `because`: what decided it. `confirmed_by`: who says the same. `overruled`: what else
    was stated, by whom, and is not believed, the most trusted and newest first."""

    fact: str
    value: Personal[str]
    because: FactStatement
    confirmed_by: tuple[FactStatement, ...] = ()
    overruled: tuple[FactStatement, ...] = ()


def holds_many(fact: str) -> bool:
    """Return whether several values of the fact may be true at once."""
    return fact in FACTS and FACTS[fact].many


def trust(source: str) -> int:
    """Return how far a source is trusted, 0 to 5."""
    return TRUST.get(source, TRUST_OF_OTHERS)


def alike(fact: str, value: Personal[str]) -> Personal[str]:
    """Return what all spellings of one value have in common: no capitals or extra blanks; of a phone only digits."""
    if isinstance(value, Erased):
        return value
    if fact == "phone":
        digits = "".join(sign for sign in value if sign.isdigit())
        return digits or value
    return " ".join(value.casefold().split())


def address_key(fact: str, value: str) -> str:
    """Return what the spellings of one address have in common: of a phone number the digits without leading zeros."""
    likeness = str(alike(fact, value))
    return likeness.lstrip("0") or likeness if fact == "phone" else likeness


def kept(statements: Iterable[FactStatement]) -> tuple[FactStatement, ...]:
    """Return what a source said of one fact and has not retracted, oldest first, each value in its newest spelling.

    statements: all that the source ever said of the fact, in the order in which we learned it.
    """
    newest: dict[Personal[str], FactStatement] = {}
    for statement in first_told(statements):
        newest.pop(alike(statement.fact, statement.value), None)
        if not statement.retracted:
            newest[alike(statement.fact, statement.value)] = statement
    return tuple(newest.values())


def first_told(statements: Iterable[FactStatement]) -> list[FactStatement]:
    """Return what a source said of one fact, in the order of the times stated, without repetitions.

    A repetition about the same record is no news, in whatever order we learned of it: the first time counts.
    """
    news: list[FactStatement] = []
    before: dict[tuple[UUID, Personal[str] | None], FactStatement] = {}
    for statement in sorted(statements, key=lambda report: report.at):
        about = statement.record, alike(statement.fact, statement.value) if holds_many(statement.fact) else None
        former, before[about] = before.get(about), statement
        if former is None or (former.value, former.retracted) != (statement.value, statement.retracted):
            news.append(statement)
    return news


def held(statements: Sequence[FactStatement]) -> tuple[FactStatement, ...]:
    """Return what a source still says of one fact: every value it keeps, or only the newest if the fact has one value.

    statements: as for `kept`. An older value does not return because the newest was retracted: no source states it.
    """
    if not statements or holds_many(statements[0].fact):
        return kept(statements)
    newest = max(reversed(first_told(statements)), key=lambda statement: (not statement.retracted, statement.at))
    return tuple(statement for statement in kept(statements) if not is_other(statement, newest))


def believed(statements: Iterable[FactStatement]) -> tuple[Belief, ...]:
    """Return what is believed, by fact, and within a fact the most trusted and newest first.

    Of a fact with one value the most trusted source is believed, of equally trusted ones the newest; of a fact with
    many values each value is. statements: all of them, in log order.
    """
    by_fact: dict[str, dict[str, list[FactStatement]]] = {}
    for statement in statements:
        by_fact.setdefault(statement.fact, {}).setdefault(statement.learned_from, []).append(statement)
    return tuple(belief for fact in sorted(by_fact) for belief in beliefs_of(list(by_fact[fact].values())))


def beliefs_of(sources: Sequence[Sequence[FactStatement]]) -> list[Belief]:
    """Return what is believed of one fact, from everything that each source said of it."""
    standing = sorted((report for source in sources for report in held(source)), key=weight, reverse=True)
    same: dict[Personal[str], list[FactStatement]] = {}
    for statement in standing:
        same.setdefault(alike(statement.fact, statement.value), []).append(statement)
    if not standing or holds_many(standing[0].fact):
        return [belief(statements) for statements in same.values()]
    winner = next(iter(same.values()))
    lost = [report for source in sources for report in kept(source) if is_other(report, winner[0])]
    return [belief(winner, sorted(lost, key=weight, reverse=True))]


def belief(same: Sequence[FactStatement], overruled: Sequence[FactStatement] = ()) -> Belief:
    because, *others = same
    return Belief(because.fact, because.value, because, tuple(others), tuple(overruled))


def is_other(statement: FactStatement, than: FactStatement) -> bool:
    return alike(statement.fact, statement.value) != alike(than.fact, than.value)


def weight(statement: FactStatement) -> tuple[int, datetime, int]:
    """Return the weight of a statement, to compare: trust, then how new it is, then how lately we learned it."""
    return trust(statement.learned_from), statement.at, statement.position or 0

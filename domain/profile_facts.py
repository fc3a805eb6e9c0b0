"""What we believe of all that was told about a person: which facts a profile has, whom we trust, and why."""

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
"""Where people come from, such as 'job-board': better than a guess, less than anybody who answers for what they say."""


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
    was told, by whom, and is not believed, the most trusted and newest first."""

    fact: str
    value: Personal[str]
    because: FactStatement
    confirmed_by: tuple[FactStatement, ...] = ()
    overruled: tuple[FactStatement, ...] = ()


def holds_many(fact: str) -> bool:
    """Whether several values of the fact may be true at once."""
    return fact in FACTS and FACTS[fact].many


def trust(source: str) -> int:
    """How far a source is believed, 0 to 5."""
    return TRUST.get(source, TRUST_OF_OTHERS)


def alike(fact: str, value: Personal[str]) -> Personal[str]:
    """What two spellings of one value have in common: capitals and blanks do not count, of a phone only its digits."""
    if isinstance(value, Erased):
        return value
    if fact == "phone":
        digits = "".join(sign for sign in value if sign.isdigit())
        return digits or value
    return " ".join(value.casefold().split())


def address_key(fact: str, value: str) -> str:
    """What two ways to write one address have in common; of a phone its digits without the zeros in front."""
    likeness = str(alike(fact, value))
    return likeness.lstrip("0") or likeness if fact == "phone" else likeness


def kept(told: Iterable[FactStatement]) -> tuple[FactStatement, ...]:
    """What a source said of one fact and has not taken back, oldest first, each value in its newest spelling.

    `told`: all that it ever said of it, in the order in which we learned it.
    """
    newest: dict[Personal[str], FactStatement] = {}
    for one in first_told(told):
        newest.pop(alike(one.fact, one.value), None)
        if not one.retracted:
            newest[alike(one.fact, one.value)] = one
    return tuple(newest.values())


def first_told(told: Iterable[FactStatement]) -> list[FactStatement]:
    """What a source said of one fact, by the times at which it was so, without what it only said once more.

    To say the same again of one record is no news, in whatever order we learned of it: the first time counts.
    """
    news: list[FactStatement] = []
    before: dict[tuple[UUID, Personal[str] | None], FactStatement] = {}
    for one in sorted(told, key=lambda said: said.at):
        about = one.record, alike(one.fact, one.value) if holds_many(one.fact) else None
        former, before[about] = before.get(about), one
        if former is None or (former.value, former.retracted) != (one.value, one.retracted):
            news.append(one)
    return news


def held(told: Sequence[FactStatement]) -> tuple[FactStatement, ...]:
    """What a source still says of one fact (`told` as for `kept`): of many values all that it keeps, of one the newest.

    An older value does not come back because the newest was taken back: nobody says it any more.
    """
    if not told or holds_many(told[0].fact):
        return kept(told)
    said = max(reversed(first_told(told)), key=lambda one: (not one.retracted, one.at))
    return tuple(one for one in kept(told) if not is_other(one, said))


def believed(told: Iterable[FactStatement]) -> tuple[Belief, ...]:
    """What is believed, by fact, and of one fact the most trusted and newest first. `told`: all of it, in log order.

    Of one value that of the most trusted source, of equally trusted ones the newest; of many values each.
    """
    by_fact: dict[str, dict[str, list[FactStatement]]] = {}
    for one in told:
        by_fact.setdefault(one.fact, {}).setdefault(one.learned_from, []).append(one)
    return tuple(belief for fact in sorted(by_fact) for belief in beliefs_of(list(by_fact[fact].values())))


def beliefs_of(sources: Sequence[Sequence[FactStatement]]) -> list[Belief]:
    """What is believed of one fact, from all that each source said of it."""
    standing = sorted((one for said in sources for one in held(said)), key=weight, reverse=True)
    same: dict[Personal[str], list[FactStatement]] = {}
    for one in standing:
        same.setdefault(alike(one.fact, one.value), []).append(one)
    if not standing or holds_many(standing[0].fact):
        return [belief(told) for told in same.values()]
    winner = next(iter(same.values()))
    lost = [one for said in sources for one in kept(said) if is_other(one, winner[0])]
    return [belief(winner, sorted(lost, key=weight, reverse=True))]


def belief(same: Sequence[FactStatement], overruled: Sequence[FactStatement] = ()) -> Belief:
    because, *others = same
    return Belief(because.fact, because.value, because, tuple(others), tuple(overruled))


def is_other(one: FactStatement, than: FactStatement) -> bool:
    return alike(one.fact, one.value) != alike(than.fact, than.value)


def weight(one: FactStatement) -> tuple[int, datetime, int]:
    """How much it counts: trust, then how new it is, then how lately we learned it."""
    return trust(one.learned_from), one.at, one.position or 0

"""Possible duplicates in the directory: pairs of people, and what they share. It merges none of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from queries.directory import ask
from queries.question import AsOf

DEFINITION = "duplicates"
VERSION = 2
TOO_MANY = 10
"""An address that more people share than this is that of an office, and no reason to take them for one person."""


@dataclass(frozen=True, slots=True)
class Namesake:
    """One of the two: enough to decide, or to look further."""

    candidate: UUID
    name: str | None
    role: str | None
    employer: str | None
    source: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who may be one, the earlier entered first. `evidence` may stand as it is in the merge of the two."""

    evidence: tuple[str, ...]
    first: Namesake
    second: Namesake


@dataclass(frozen=True, slots=True)
class AfterPair:
    """Where a page ended: the clue and the two people."""

    key: str
    first: UUID
    second: UUID


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Pairs that share an address, a phone, or name and employer; not those that were merged and parted again."""

    definition: str
    version: int
    position: int
    as_of: datetime
    pairs: tuple[Pair, ...]
    next: AfterPair | None


LOWEST = UUID(int=0)

# A pair that shares several clues is listed once, with all of them, where its first clue stands.
_PAIRS = f"""
with shared as materialized (
    select key from directory.clue where key >= %(key)s
    group by key having count(*) between 2 and {TOO_MANY} order by key limit %(keys)s
), pair as (
    select a.key, a.person as one, b.person as other
    from shared join directory.clue a using (key)
    join directory.clue b on b.key = a.key and b.evidence = a.evidence and b.person > a.person
    where (a.key, a.person, b.person) > (%(key)s, %(one)s, %(other)s)
), told as (
    select key, one, other, clues.evidence
    from pair cross join lateral (
        select array_agg(distinct x.evidence order by x.evidence) as evidence,
               min(x.key) filter (where (
                   select count(*) from (select from directory.clue where key = x.key limit {TOO_MANY} + 1) who
               ) <= {TOO_MANY}) as first_key
        from directory.clue x join directory.clue y on y.key = x.key and y.evidence = x.evidence
        where x.person = pair.one and y.person = pair.other
    ) clues
    where clues.first_key = key and not exists (
        select from directory.link
        where absorbed = one and survivor = other or absorbed = other and survivor = one
    )
    order by key, one, other limit %(pairs)s
)
select (select max(key) from shared) as last_key, (select count(*) from shared) as keys, told.key, told.one, told.other,
       told.evidence, p.person as candidate, p.name, p.role, p.employer, p.source, p.entered_at
from (select 1) anyway left join (
    told join directory.person p on p.person in (told.one, told.other)
) on true
order by told.key, told.one, told.other, p.entered_at, p.person
"""
_SETTINGS = b"select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"


def duplicates(
    connection: psycopg.Connection[Any], as_of: AsOf, *, limit: int = 50, after: AfterPair | None = None
) -> Duplicates:
    """Return at most `limit` pairs of possible duplicates after the given pair, in a stable order."""
    pairs: list[tuple[AfterPair, Pair]] = []
    place, more = after or AfterPair("", LOWEST, LOWEST), True
    with connection.transaction():
        connection.execute(_SETTINGS)
        while more and len(pairs) <= limit:
            some_pairs, place, more = some(connection, place, limit)
            pairs += some_pairs
    shown = pairs[:limit]
    following = shown[-1][0] if len(pairs) > limit else None
    return Duplicates(DEFINITION, VERSION, as_of.position, as_of.at, tuple(pair for _, pair in shown), following)


def some(
    connection: psycopg.Connection[Any], after: AfterPair, limit: int
) -> tuple[list[tuple[AfterPair, Pair]], AfterPair, bool]:
    """Pairs with their places, the place to go on from, and whether there may be more of them."""
    values = {"key": after.key, "one": after.first, "other": after.second, "keys": limit + 1, "pairs": limit + 1}
    rows = ask(connection, _PAIRS, values)
    pairs = [
        (AfterPair(first["key"], first["one"], first["other"]), pair_of(first, second))
        for first, second in zip(rows[::2], rows[1::2], strict=False)
    ]
    if len(pairs) > limit:
        return pairs, pairs[-1][0], True
    last = rows[0]["last_key"]
    return pairs, AfterPair(last or after.key, LAST, LAST), last is not None and rows[0]["keys"] > limit


LAST = UUID(int=(1 << 128) - 1)


def pair_of(first: dict[str, Any], second: dict[str, Any]) -> Pair:
    names = ("candidate", "name", "role", "employer", "source", "entered_at")
    namesake, other = (Namesake(**{name: row[name] for name in names}) for row in (first, second))
    return Pair(tuple(first["evidence"]), namesake, other)

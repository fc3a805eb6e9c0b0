"""Whom do we know: people found again by name, role, place, skill, tag, community, source, consent and last contact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from domain.normal_form import grams, is_unparted, joined, key_of, parts_of, runs, words_of
from projections.directory import DIRECTORY, GRAM, JOIN, LONGEST_KEY, WORD
from queries.question import AsOf

DEFINITION = "directory"
VERSION = 2
COUNTED = 1000
"""People that an answer counts and sorts into facets, at most; of more it says 'at least'."""
FACET_VALUES = 10
VISITS = 2000
"""People looked at one after the other, in the order asked for, where that is enough."""
ALTERNATIVES = 24
"""The most readings of a word without a match."""
FEW = 100
"""People counted of those in whose names a word stands in more words; it is nearly always one."""

Sort = Literal["last-contact", "name"]
Terms = tuple[str, ...]
"""Kinds and words, as 'word/zoe'."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, all of it together; None: anything.

    words: each must be in the name, the role, the location, the employer, a skill or a tag. consent: a purpose that is
    allowed now, on `channel` or on any. contacted_after, contacted_before: when they last answered us, the first
    included, the second not.
    """

    words: str | None = None
    role: str | None = None
    location: str | None = None
    skill: str | None = None
    tag: str | None = None
    employer: str | None = None
    language: str | None = None
    owner: str | None = None
    community: UUID | None = None
    source: str | None = None
    consent: str | None = None
    channel: str | None = None
    contacted_after: datetime | None = None
    contacted_before: datetime | None = None

    def named(self) -> dict[str, str]:
        """Return the text of each kind of word that must match."""
        kinds = {"word": self.words, "role": self.role, "location": self.location, "skill": self.skill}
        kinds |= {"tag": self.tag, "employer": self.employer, "language": self.language, "owner": self.owner}
        kinds |= {"source": self.source, "community": None if self.community is None else str(self.community)}
        if self.consent is not None:
            kinds["consent"] = self.consent if self.channel is None else f"{self.consent}/{self.channel}"
        return {kind: text for kind, text in kinds.items() if text is not None}


@dataclass(frozen=True, slots=True)
class After:
    """Where a page ended: the person it ended with, and by what they were sorted there."""

    key: str
    person: UUID


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the directory: what is believed about them now."""

    candidate: UUID
    name: str | None
    role: str | None
    employer: str | None
    location: str | None
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    links: tuple[str, ...]
    tags: tuple[str, ...]
    owner: str | None
    source: str
    communities: tuple[UUID, ...]
    entered_at: datetime
    last_contact: datetime | None


@dataclass(frozen=True, slots=True)
class Facet:
    """`n` of the people counted have this value; it is written as it is compared: no accents, no capitals."""

    kind: str
    value: str
    n: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How a part of the question was read: what was looked for, more than one value where it was taken as a typo."""

    kind: str
    text: str
    taken_as: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """People who match, page by page.

    `n` and the facets count all who match where `exact`; else the first of them, so both are 'at least'. They are given
    with the first page alone (null on the following ones). `readings` say how each part of the question was read.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    n: int | None
    exact: bool
    facets: tuple[Facet, ...] | None
    readings: tuple[Reading, ...]
    people: tuple[Person, ...]
    next: After | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part of the question as it is looked for: in any of several ways, each of which is a term or several at once.

    About `n` people match. as_written: whether it is looked for as it was written.
    """

    kind: str
    text: str
    ways: tuple[Terms, ...]
    n: int
    as_written: bool = True

    @property
    def query(self) -> str:
        return "(" + "|".join("&".join(map(lexeme, terms)) for terms in self.ways) + ")"

    @property
    def taken_as(self) -> tuple[str, ...]:
        words = (self.text if kind == GRAM else word for kind, _, word in (way[0].partition("/") for way in self.ways))
        return tuple(dict.fromkeys(words))


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the answer: so many people in this order after one of them."""

    sort: Sort = "last-contact"
    limit: int = 50
    after: After | None = None


def search(
    connection: psycopg.Connection[Any],
    sought: Sought,
    as_of: AsOf,
    now: datetime,
    *,
    sort: Sort = "last-contact",
    limit: int = 50,
    after: After | None = None,
) -> Directory:
    """Return the people who match at `now`, at most `limit`. A word without a match is taken as a typo."""
    page = Page(sort, limit, after)
    with connection.transaction():
        connection.execute(_SETTINGS)
        wanted, everybody = understood(connection, sought)
        matches = look(connection, sought, wanted, everybody, now, page)
        if not matches.people and after is None and any(term.as_written and term.kind in FORGIVING for term in wanted):
            wanted = [widened(connection, term) if term.kind in FORGIVING else term for term in wanted]
            matches = look(connection, sought, wanted, everybody, now, page)
    return answer(as_of, wanted, matches, page)


def lookup(connection: psycopg.Connection[Any], evidence: str, blind: str) -> tuple[Person, ...]:
    """Return the people who have this address (usually one, or none): `evidence` and `blind` as in the directory."""
    rows = ask(connection, _LOOKUP, {"evidence": evidence, "key": blind})
    return tuple(person_of(row) for row in rows)


# The planner has no statistics of personal columns, and would read all people, or compile, where it should do neither.
_SETTINGS = b"""
select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
       set_config('pg_trgm.similarity_threshold', '0.25', true)
"""

FORGIVING = ("word", "role", "location", "skill", "tag", "employer", "language", "owner")
"""What people write; the other kinds are codes."""

_COUNTS = """
select known.kind || '/' || known.joined as asked, known.kind || '/' || known.word as term, known.n
from unnest(%(kinds)s::text[], %(joined)s::text[]) asked (kind, joined) join directory.word known using (kind, joined)
order by known.n desc, known.word
"""
_JOINED = f"""
select count(*) as n from (
    select from directory.person where terms @@ %(query)s::tsquery limit {FEW}
) found
"""

# Of many words those that look most like it; what is alike enough is decided by letters, below.
_ALIKE = """
select word, n from directory.word
where kind = %(kind)s and (word %% %(word)s or %(word)s <%% word)
order by public.similarity(word, %(word)s) desc, n desc, word limit 200
"""
_BEGINNING = """
select word, n from directory.word
where kind = %(kind)s and word > %(word)s and word < %(word)s || U&'\\+10FFFF'
order by n desc, word limit 20
"""


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A part of the query before it is known which of it has a match.

    ways: any of them, each of all its terms; a whole value is joined there. join: the word as a name has it that is
    written in more words.
    """

    kind: str
    text: str
    ways: tuple[Terms, ...]
    join: str | None = None


def asked_of(sought: Sought) -> Iterator[QueryPart]:
    for kind, text in sought.named().items():
        if kind == WORD:
            yield from dict.fromkeys(asked_words(text))
        else:
            key = key_of(text, LONGEST_KEY) if kind in FORGIVING else text
            yield QueryPart(kind, key, ((f"{kind}/{joined(key)}",),) if key else ())


def asked_words(text: str) -> Iterator[QueryPart]:
    """Yield the words of a text, each alone or joined with neighbours; of Han, kana and Hangul each pair of signs."""
    parts = parts_of(words_of(text, LONGEST_KEY))
    if not parts:
        yield QueryPart(WORD, text, ())
    for at, part in enumerate(parts):
        if is_unparted(part):
            signs = grams(part)[len(part) :] or [part]
            yield QueryPart(WORD, part, (tuple(f"{GRAM}/{gram}" for gram in dict.fromkeys(signs)),))
        else:
            around = (run for begin, end, run in runs(parts) if begin <= at < end)
            ways = tuple((f"{WORD}/{word}",) for word in dict.fromkeys((part, *around)))
            yield QueryPart(WORD, part, ways, join=f"{JOIN}/{part}")


TermCounts = Mapping[str, Sequence[tuple[str, int]]]
"""By a joined term: the terms that people have for it, and how many people."""


def understood(connection: psycopg.Connection[Any], sought: Sought) -> tuple[list[Wanted], int]:
    """Return the parts of the question as the directory's terms, and the number of people in the directory."""
    terms_asked_for = list(asked_of(sought))
    terms = dict.fromkeys(["all/", *(term for query in terms_asked_for for way in query.ways for term in way)])
    named = [term.partition("/") for term in terms]
    values = {"kinds": [kind for kind, _, _ in named], "joined": [word for _, _, word in named]}
    counts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in ask(connection, _COUNTS, values):
        counts[row["asked"]].append((row["term"], row["n"]))
    everybody = sum(n for _, n in counts["all/"])
    return [read(connection, query, counts) for query in terms_asked_for], everybody


def read(connection: psycopg.Connection[Any], query: QueryPart, counts: TermCounts) -> Wanted:
    """Return the part as written where it has a match, else as what may have been meant."""
    ways = [way_known for way in query.ways for way_known in ways_known(way, counts)]
    n = sum(people for _, people in ways)
    if query.join is not None:
        n = n or in_names(connection, query.join)
        ways.append(((query.join,), 0))
    wanted = Wanted(query.kind, query.text, tuple(terms for terms, _ in ways), n)
    return wanted if n or query.kind not in FORGIVING else widened(connection, wanted)


def ways_known(terms: Terms, counts: TermCounts) -> list[tuple[Terms, int]]:
    """Return the ways with a match: of one term each way to split it, of several only all of them."""
    hits = [counts.get(term, ()) for term in terms]
    if len(terms) == 1:
        return [((term,), n) for term, n in hits[0]]
    return [(terms, min(n for (_, n), *_ in hits))] if all(hits) else []


def in_names(connection: psycopg.Connection[Any], join: str) -> int:
    """Return how many people have the word in their names as several words, counted up to FEW."""
    (row,) = ask(connection, _JOINED, {"query": lexeme(join)})
    return int(row["n"])


def widened(connection: psycopg.Connection[Any], wanted: Wanted) -> Wanted:
    """Any of the words that may have been meant: a letter or two off, or going on where it ends."""
    counts: dict[str, int] = {}
    for question in (_ALIKE, _BEGINNING):
        rows = ask(connection, question, {"kind": wanted.kind, "word": wanted.text})
        counts |= {row["word"]: row["n"] for row in rows if may_mean(wanted.text, row["word"])}
    taken = dict(list(counts.items())[:ALTERNATIVES])
    ways = dict.fromkeys((*(wanted.ways if wanted.n else ()), *((f"{wanted.kind}/{word}",) for word in taken)))
    return Wanted(wanted.kind, wanted.text, tuple(ways), wanted.n + sum(taken.values()), as_written=False)


def may_mean(typed: str, word: str) -> bool:
    """Return whether every part typed is a part of the words, the beginning of one, or a typo of one."""
    return all(any(part_means(part, written) for written in word.split()) for part in typed.split())


def part_means(typed: str, word: str) -> bool:
    if len(typed) < SHORT:
        return word == typed
    slips = 1 if len(typed) < LONG else 2
    return word.startswith(typed) or (abs(len(typed) - len(word)) <= slips and distance(typed, word) <= slips)


SHORT, LONG = 3, 6
"""Letters from which a word may have a slip in it, or go on, and from which two slips."""


def distance(typed: str, other: str) -> int:
    """Return how many letters must be added, removed, changed or swapped with a neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(typed, 1):
        before, last, row = row, before, [i]
        for j, its in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and typed[i - 2] == its:
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1]


def lexeme(term: str) -> str:
    """Return the term as a tsquery writes it."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


_PERSON = """
       p.person as candidate, p.name, p.role, p.employer, p.location, p.emails, p.phones, p.skills, p.languages,
       p.links, p.tags, p.owner, p.source, p.communities, p.entered_at,
       nullif(c.last_contact, '-infinity') as last_contact
"""
_LOOKUP = f"""
select {_PERSON}
from directory.clue join directory.person p using (person) join directory.contact c using (person)
where clue.evidence = %(evidence)s and clue.key = %(key)s
order by p.person
"""

# Both give (person, key, terms) in the order asked for. The first goes from the words to the people, for words that few
# have; the second looks at one person after the other, for words that many have, and says how many it looked at. The
# planner knows nothing of the words, so each step is nailed down by `materialized` and `offset 0`.
_BY_WORDS = """
with matched as materialized (
    select person, {key} as key, terms
    from (select * from directory.person where terms @@ %(query)s::tsquery and {consent} offset 0) person
    cross join lateral (
        select last_contact from directory.contact where contact.person = person.person offset 0
    ) contact
    where {range} and {after} order by key {way}, person {way} limit %(most)s
), visited (n) as (select 0)
"""
_BY_WALKING = """
with walked as materialized (
    select person, {key} as key from {walk} where {walk_range} and {after}
    order by {key} {way}, person {way} limit %(visits)s
), matched as materialized (
    select walked.person, walked.key, met.terms
    from walked cross join lateral (
        select terms from directory.person
        where person.person = walked.person and ts_match_vq(terms, %(query)s::tsquery) and {consent}
        offset 0
    ) met
    limit %(most)s
), visited (n) as (select count(*) from walked)
"""
_ANSWER = f"""
, page as materialized (select person, key from matched order by key {{way}}, person {{way}} limit %(page)s
), counted as (
    select kind, value, n from (
        select split_part(term, '/', 1) as kind, substr(term, strpos(term, '/') + 1) as value, count(*) as n,
               row_number() over (partition by split_part(term, '/', 1) order by count(*) desc, term) as nth
        from (select terms from matched limit {COUNTED}) matched cross join unnest(tsvector_to_array(terms)) term
        where split_part(term, '/', 1) = any (%(facets)s::text[])
        group by term
    ) ranked where nth <= {FACET_VALUES}
)
select visited.n as visited, (select count(*) from matched) as matched, page.key::text as key,
       case when row_number() over (order by page.key {{way}}, page.person {{way}}) = 1 then (
           select jsonb_agg(jsonb_build_array(kind, value, n) order by kind, n desc, value) from counted
       ) end as facets,
       {_PERSON}
from visited left join (
    page cross join lateral (select * from directory.person where person.person = page.person offset 0) p
    cross join lateral (select * from directory.contact where contact.person = page.person offset 0) c
) on true
order by page.key {{way}}, page.person {{way}}
"""
_ALLOWED_ON = """
jsonb_exists(allowed, %(allowed)s) and coalesce((allowed ->> %(allowed)s)::numeric > %(now)s, true)
"""
_ALLOWED_ANYWHERE = """
exists (select from jsonb_each_text(allowed) one (place, until)
        where starts_with(place, %(allowed)s) and coalesce(until::numeric > %(now)s, true))
"""

FACETS = ("role", "location", "skill", "tag", "community", "source", "language", "employer", "consent")


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort: by which key, upward or downward, and where one person after the other can be looked at so."""

    key: str
    type: str
    walk: str
    way: Literal["asc", "desc"]

    @property
    def after(self) -> str:
        return f"({self.key}, person) {'<' if self.way == 'desc' else '>'} (%(key)s::{self.type}, %(person)s)"


ORDERS: Mapping[Sort, Order] = {
    "last-contact": Order("last_contact", "timestamptz", "directory.contact", "desc"),
    "name": Order("name_key", "text", "directory.person", "asc"),
}


@dataclass(frozen=True, slots=True)
class MatchedPeople:
    """The rows of a page and, with the first one, what was counted: `n` people, `exact` where that is all of them."""

    rows: Sequence[Mapping[str, Any]]
    n: int
    exact: bool
    enough: bool
    """False: the walk had to stop before the page was full."""

    @property
    def people(self) -> list[Mapping[str, Any]]:
        return [row for row in self.rows if row["candidate"] is not None]


def look(
    connection: psycopg.Connection[Any],
    sought: Sought,
    wanted: Sequence[Wanted],
    everybody: int,
    now: datetime,
    page: Page,
) -> MatchedPeople:
    """Return the page, by the cheaper of the two ways. If walking reaches its limit, the other way is cheaper."""
    if any(not term.ways for term in wanted):
        return MatchedPeople([], 0, True, True)
    visits = worth_visiting(wanted, everybody, page)
    if visits:
        matches = find(connection, _BY_WALKING, sought, wanted, now, page, visits)
        if matches.enough:
            return matches
    return find(connection, _BY_WORDS, sought, wanted, now, page, visits=1)


def worth_visiting(wanted: Sequence[Wanted], everybody: int, page: Page) -> int:
    """Return how many people to visit one by one until a page of them matches; 0 if the words find fewer.

    The estimate is taken from the counts of the words, as if they were independent.
    """
    share = 1.0
    for term in wanted:
        share *= min(1.0, term.n / max(everybody, 1))
    visits = (page.limit + 1) / share if share else everybody
    return max(VISITS, int(visits * MARGIN)) if visits < share * everybody else 0


MARGIN = 1.3


def find(
    connection: psycopg.Connection[Any],
    way: str,
    sought: Sought,
    wanted: Sequence[Wanted],
    now: datetime,
    page: Page,
    visits: int,
) -> MatchedPeople:
    order, first = ORDERS[page.sort], page.after is None
    most = COUNTED + 1 if first else page.limit + 1
    contacted = contact_range(sought)
    text = (way + _ANSWER).format(
        key=order.key,
        way=order.way,
        walk=order.walk,
        range=contacted,
        walk_range=contacted if page.sort == "last-contact" else by_person(contacted),
        after="true" if page.after is None else order.after,
        consent=consented(sought),
    )
    values = values_of(sought, wanted, now, page) | {"most": most, "visits": visits}
    rows = ask(connection, text, values)
    n, visited = rows[0]["matched"], rows[0]["visited"]
    exact = n < most and visited < visits
    return MatchedPeople(rows, min(n, COUNTED), exact, enough=exact or n > page.limit)


def contact_range(sought: Sought) -> str:
    """Return the condition on the last contact. A person without one does not match 'contacted before' either."""
    since = [] if sought.contacted_after is None else ["last_contact >= %(contacted_after)s"]
    until = (
        [] if sought.contacted_before is None else ["last_contact < %(contacted_before)s", "last_contact > '-infinity'"]
    )
    return " and ".join([*since, *until]) or "true"


def by_person(contacted: str) -> str:
    """Return the same condition for the contact of the person."""
    return f"exists (select from directory.contact where contact.person = person.person and {contacted})"


def consented(sought: Sought) -> str:
    if sought.consent is None:
        return "true"
    return _ALLOWED_ANYWHERE if sought.channel is None else _ALLOWED_ON


def values_of(sought: Sought, wanted: Sequence[Wanted], now: datetime, page: Page) -> dict[str, Any]:
    after = page.after or After("", UUID(int=0))
    return {
        "query": "&".join([term.query for term in wanted]) or lexeme("all/"),
        "facets": list(FACETS) if page.after is None else [],
        "page": page.limit + 1,
        "key": after.key,
        "person": after.person,
        "contacted_after": sought.contacted_after,
        "contacted_before": sought.contacted_before,
        "allowed": f"{sought.consent}/{sought.channel or ''}",
        "now": now.timestamp(),
    }


def answer(as_of: AsOf, wanted: Sequence[Wanted], matches: MatchedPeople, page: Page) -> Directory:
    people, first = matches.people, page.after is None
    shown = people[: page.limit]
    return Directory(
        DEFINITION,
        VERSION,
        as_of.position,
        as_of.at,
        n=matches.n if first else None,
        exact=matches.exact,
        facets=facets_of(matches) if first else None,
        readings=tuple(Reading(term.kind, term.text, term.taken_as) for term in wanted if term.kind in FORGIVING),
        people=tuple(person_of(row) for row in shown),
        next=After(shown[-1]["key"], shown[-1]["candidate"]) if len(people) > page.limit else None,
    )


def facets_of(matches: MatchedPeople) -> tuple[Facet, ...]:
    counted = (matches.rows[0]["facets"] if matches.rows else None) or []
    return tuple(Facet(*row) for row in counted)


def person_of(row: Mapping[str, Any]) -> Person:
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(Person)}
    listed = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Person(**{**values, **listed})


def ask(connection: psycopg.Connection[Any], question: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = DIRECTORY.render(question, DIRECTORY.schema, "UTC")
    return psycopg.Cursor(connection, row_factory=dict_row).execute(text.encode(), values).fetchall()

"""Whether ten times the people make a search slower: ten searches of a working day, in a large and a small one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from adapters.lab.bench.figure import Figure, compared, milliseconds, percentile
from adapters.lab.bench.ground import Ground, analyze
from adapters.postgres.projector.fold import create_schema
from projections.directory import DIRECTORY
from queries.directory import Sort, Sought, search
from queries.question import AsOf

NOW = datetime(2026, 7, 1, tzinfo=UTC)
AS_OF = AsOf(0, NOW)
ROUNDS, WARMING_UP = 5, 2
SPELLINGS = 200_000
ENDINGS = ("", "n", "son", "ez", "ova", "ski", "mann", "r", "l", "ich", "a", "s")

RANKS: Mapping[str, int] = {
    "given": 20_000, "family": 199_000, "role": 150, "grade": 4, "city": 400, "firm": 30_000, "skill": 1500,
    "language": 25, "tag": 60, "owner": 40, "source": 8, "community": 30, "purpose": 3,
}  # fmt: skip
"""How many values each has; the one of rank n is drawn about n times as seldom as the first (Zipf), so that a few are
everywhere, and new names go on coming the more people there are."""
CITY, FIRM, SKILL, TAG = 31, 77, 3, 13
"""Where in the list of words theirs begin."""

MET = """
create temporary table met as
select gen_random_uuid() as person, i, timestamptz '2026-07-01' - interval '10 years' * random() as entered_at,
       {given} as given, {family} as family, {role} as role, {grade} as grade, {city} as city, {firm} as firm,
       {skill} as skill, {skill} as skill_2, {skill} as skill_3, {language} as language, {tag} as tag, {owner} as owner,
       (array['linkedin', 'career-site', 'referral', 'agency', 'event', 'job-board', 'import', 'university'])
           [1 + {source}] as source,
       case when random() < 0.15 then ('00000000-0000-4000-8000-' || lpad(({community})::text, 12, '0'))::uuid end
           as community,
       case when random() < 0.6 then (array['talent_pool', 'job_alerts', 'events'])[1 + {purpose}] end as purpose
from generate_series(1, {people}) i
"""
NAMED = f"""
create temporary table named as
select met.*, given.word || ' ' || family.word as name, lower(city.word) as city_key, lower(firm.word) as firm_key,
       (array['Junior', 'Trainee', 'Senior', 'Lead'])[1 + grade] || ' ' || role.word || ' Engineer' as title,
       array[skill.word, skill_2.word, skill_3.word] as skills, language.word as spoken, tag.word as tagged,
       owner.word as owned_by
from met join spelt given on given.rank = met.given join spelt family on family.rank = met.family
join spelt role on role.rank = met.role join spelt city on city.rank = met.city + {CITY}
join spelt firm on firm.rank = met.firm + {FIRM} join spelt skill on skill.rank = met.skill + {SKILL}
join spelt skill_2 on skill_2.rank = met.skill_2 + {SKILL} join spelt skill_3 on skill_3.rank = met.skill_3 + {SKILL}
join spelt language on language.rank = met.language join spelt tag on tag.rank = met.tag + {TAG}
join spelt owner on owner.rank = met.owner
"""
PERSONS = """
insert into directory.person (person, entered_at, source, name, name_key, emails, phones, location, role, employer,
                              skills, languages, links, tags, owner, communities, allowed, terms)
select person, entered_at, source, name, lower(name),
       array[replace(lower(name), ' ', '.') || i || '@people.example.org'], '{}', initcap(city_key), title,
       initcap(firm_key) || ' Group', skills, array[spoken], '{}', array[tagged], owned_by,
       case when community is null then '{}' else array[community] end,
       case when purpose is null then '{}' else jsonb_build_object(purpose || '/email', null) end,
       array_to_tsvector(array_remove(array[
           'all/', 'source/' || source, 'role/' || lower(title), 'location/' || city_key, 'language/' || lower(spoken),
           'employer/' || firm_key || ' group', 'tag/' || lower(tagged), 'owner/' || lower(owned_by),
           'community/' || community, 'consent/' || purpose, 'consent/' || purpose || '/email']
           || (select array_agg('skill/' || lower(skill)) from unnest(skills) skill)
           || (select array_agg('word/' || word) from string_to_table(
               lower(name || ' ' || title || ' ' || tagged || ' ' || array_to_string(skills, ' '))
               || ' ' || city_key || ' ' || firm_key || ' group', ' ') word)
           || ('join/' || replace(lower(name), ' ', '')), null))
from named
"""
CONTACTS = """
insert into directory.contact (person, last_contact)
select person, case when random() < 0.8 then entered_at + (timestamptz '2026-07-01' - entered_at) * random()
               else '-infinity' end
from met
"""
WORDS = """
insert into directory.word (kind, word, n)
select split_part(word, '/', 1), substr(word, strpos(word, '/') + 1), ndoc
from ts_stat('select terms from directory.person') where not starts_with(word, 'join/')
"""


def spelt(rank: int) -> str:
    """Return the invented, pronounceable word of that rank."""
    first, vowels, middle = "bcdfghjklmnprstvz", "aeiou", "lmnrstk"
    word = first[rank % 17] + vowels[rank // 17 % 5] + middle[rank // 3 % 7] + vowels[rank // 85 % 5]
    if rank >= 425:
        word += first[rank // 425 % 17] + vowels[rank // 7225 % 5]
    return (word + ENDINGS[rank % 12]).capitalize()


def fill(connection: psycopg.Connection[Any], people: int) -> None:
    """Fill the directory's tables with that many invented people; the indexes are made at the end."""
    schema = DIRECTORY.schema
    create_schema(connection, DIRECTORY, schema, "UTC")
    indexes = connection.execute(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index"
        " where indrelid::regclass::text = any (%s) and not indisprimary",
        ([f"{schema}.person", f"{schema}.word", f"{schema}.contact"],),
    ).fetchall()
    connection.execute("create temporary table spelt (rank integer primary key, word text)")
    connection.execute(
        "insert into spelt select * from unnest(%s::int[], %s::text[])",
        (list(range(SPELLINGS)), [spelt(rank) for rank in range(SPELLINGS)]),
    )
    draws = {name: f"floor(exp(random() * ln({values} + 1)) - 1)::int" for name, values in RANKS.items()}
    statements = [
        *("set local work_mem = '256MB'", "set local maintenance_work_mem = '512MB'", "set local jit = off"),
        *("select setseed(0.7)", "analyze spelt", *(f"drop index {name}" for name, _ in indexes)),
        *(MET.format(people=people, **draws), "analyze met", NAMED, PERSONS, CONTACTS, WORDS),
        *(definition for _, definition in indexes),
    ]
    for statement in statements:
        connection.execute(DIRECTORY.render(statement, schema, "UTC").encode())


@dataclass(frozen=True, slots=True)
class Search:
    """One of the searches: what is looked for, in which order."""

    name: str
    sought: Sought
    sort: Sort = "last-contact"


SEARCHES = (
    Search("a person by name", Sought(words=f"{spelt(40)} {spelt(300)}")),
    Search("a person, misspelt", Sought(words=f"{spelt(40)} {spelt(300)[:2]}x{spelt(300)[2:]}")),
    Search("a frequent family name", Sought(words=spelt(20))),
    Search("role and place", Sought(role=f"Senior {spelt(4)} Engineer", location=spelt(CITY + 9))),
    Search("skill and place, misspelt", Sought(skill=spelt(SKILL + 9), location=spelt(CITY + 5) + "x")),
    Search("skill and language, by name", Sought(skill=spelt(SKILL + 30), language=spelt(3)), "name"),
    Search("tag, and may be mailed", Sought(tag=spelt(TAG + 4), consent="talent_pool", channel="email")),
    Search("source, in contact lately", Sought(source="referral", contacted_after=NOW - timedelta(90))),
    Search("employer and work", Sought(words=f"{spelt(FIRM + 12)} engineer")),
    Search("mine, silent for two years", Sought(owner=spelt(2), contacted_before=NOW - timedelta(730))),
)
"""Ten searches of a working day. A word has the same rank, so about the same share of the people, at every size."""


def directory_searches(ground: Ground, *, people: int, calls: int) -> Figure:
    """Return the figure of the 95th percentile of all ten searches' times at `people` people, beside a tenth of
    them."""
    with ExitStack() as stack:
        directories = {size: stack.enter_context(filled(ground, size)) for size in (people, people // 10)}
        ask_all(directories, WARMING_UP)
        rounds = [ask_all(directories, max(1, calls // 10 // ROUNDS)) for _ in range(ROUNDS)]
    p95 = {
        f"{size} people": [milliseconds(percentile([t for own in turn[size] for t in own], 0.95)) for turn in rounds]
        for size in directories
    }
    notes = {
        f"{wanted.name}, ms": " and ".join(
            f"{milliseconds(percentile([t for turn in rounds for t in turn[size][n]], 0.5)):g}" for size in directories
        )
        for n, wanted in enumerate(SEARCHES)
    }
    what = f"ten searches of the directory, p95, {people:,} people beside {people // 10:,}"
    return compared("search", what, "ms", p95, "at most", 1.5, notes)


Times = dict[int, list[list[float]]]
"""By the size of the directory: for each search the seconds of its calls."""


def ask_all(directories: Mapping[int, psycopg.Connection[Any]], calls: int) -> Times:
    """Run every search that many times, with the directories in turn, and return the times."""
    times: Times = {size: [[] for _ in SEARCHES] for size in directories}
    for _ in range(calls):
        for number, wanted in enumerate(SEARCHES):
            for size, connection in directories.items():
                began = time.perf_counter()
                search(connection, wanted.sought, AS_OF, NOW, sort=wanted.sort)
                times[size][number].append(time.perf_counter() - began)
    return times


@contextmanager
def filled(ground: Ground, people: int) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection to a directory of that many people, with its statistics up to date."""
    conninfo = ground.empty_log(f"directory_{people}")
    with psycopg.connect(conninfo) as connection:
        fill(connection, people)
    analyze(conninfo)
    ground.settle()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection
    ground.drop(f"directory_{people}")

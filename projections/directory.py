"""Everybody we know, one row a person, with the words they are found by: the only read model that holds personal text.

A person leaves it with the request to be erased: the facts of each record are deleted and nothing is taken in again,
and computing the person anew takes their row, clues and words along, since `word` counts the people of each and drops
the last. Nothing else keeps a personal value: no column with one has statistics, no index is on an expression, what is
opened passes through temporary tables only, and addresses are looked up by a keyed hash. The files of the database may
keep deleted bytes, so the tables are made to be built anew beside and swapped (`perennial rebuild directory`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from domain.candidate import (
    CandidateErased,
    CandidateReferred,
    CandidateSourced,
    CommunityJoined,
    CommunityLeft,
    ErasureRequested,
    ProfileFactLearned,
    ProfileFactRetracted,
    told_by,
)
from domain.event import Erased, Recorded
from domain.normal_form import FORM, grams, is_unparted, parts_of, runs, words_of
from domain.profile_facts import CATALOGUE, FACTS, TRUST, TRUST_OF_OTHERS, alike
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from projections import linked_records, segments
from projections.consent_state import CONSENT_STATE
from projections.read_model import Blind, Opens, ReadModel, quoted

LONGEST_VALUE = 500
LONGEST_KEY = 100
"""Characters of a value that are kept, and of its normal form that are searched."""

WORDED = frozenset(("name", "current-role", "location", "current-employer", "skill", "tag"))
"""Facts whose words are searched, each alone."""
COMPARED = WORDED | {"language", "owner"}
"""Facts that are filtered or sorted by; addresses are looked up by their hashes, links not at all."""
WORD, JOIN, GRAM = "word", "join", "gram"
"""Kinds of what a text is found by: its words; words of a name that others write as one; signs of Han, kana, Hangul."""

NEVER = "-infinity"
"""The last contact of a person who never was in contact; it sorts last."""
ENDINGS = (ErasureRequested, CandidateErased)
"""The request alone removes the person: no search finds them while the rest of the erasure is in progress."""
NAMELESS = "\uffff"
"""The name by which people without one are sorted: last."""

# Facts first, by record: they are what an un-merge gives back. Then what is made of them, by person.
TABLES = (
    linked_records.tables("directory")
    + f"""
-- Texts are compared in the normal form {FORM} of domain/normal_form.py.
create table directory.record (
    record     uuid        primary key,
    entered_at timestamptz not null,
    source     text        not null,
    role       text        not null,
    location   text        not null,
    role_key     text      not null,
    location_key text      not null
);
create table directory.erased (
    record uuid primary key
);
create table directory.told (
    record       uuid        not null,
    position     bigint      not null,
    at           timestamptz not null,
    nth          integer     not null,
    retracted    boolean     not null,
    fact         text        not null,
    learned_from text        not null,
    value        text        not null,
    alike        text        not null,
    key          text        not null,
    terms        text        not null,
    blind        text[]
);
create index on directory.told (record);
alter table directory.told
    alter value set statistics 0, alter alike set statistics 0, alter key set statistics 0,
    alter terms set statistics 0, alter blind set statistics 0;
create table directory.answer (
    record      uuid        not null,
    event_id    uuid        not null,
    at          timestamptz not null,
    valid_until timestamptz,
    purpose     text        not null,
    channel     text        not null,
    status      text        not null
);
create index on directory.answer (record);
create table directory.move (
    record    uuid        not null,
    position  bigint      not null,
    at        timestamptz not null,
    community uuid        not null,
    joined    boolean     not null
);
create index on directory.move (record);
create table directory.touch (
    record uuid        not null,
    at     timestamptz not null,
    n      integer     not null,
    primary key (record, at)
) with (fillfactor = 90);
create table directory.person (
    person     uuid        primary key,
    entered_at timestamptz not null,
    source     text        not null,
    name       text,
    name_key   text        not null collate "C",
    emails     text[]      not null,
    phones     text[]      not null,
    location   text,
    role       text,
    employer   text,
    skills     text[]      not null,
    languages  text[]      not null,
    links      text[]      not null,
    tags       text[]      not null,
    owner      text,
    communities uuid[]     not null,
    allowed    jsonb       not null,
    terms      tsvector    not null
);
create index on directory.person using gin (terms) with (gin_pending_list_limit = 512);
create index on directory.person (name_key, person);
alter table directory.person
    alter name set statistics 0, alter name_key set statistics 0, alter emails set statistics 0,
    alter phones set statistics 0, alter location set statistics 0, alter role set statistics 0,
    alter employer set statistics 0, alter skills set statistics 0, alter languages set statistics 0,
    alter links set statistics 0, alter tags set statistics 0, alter owner set statistics 0,
    alter terms set statistics 0;
create table directory.contact (
    person       uuid        primary key,
    last_contact timestamptz not null
) with (fillfactor = 90);
create index on directory.contact (last_contact, person);
create table directory.word (
    kind text    not null collate "C",
    word text    not null collate "C",
    n    integer not null,
    joined text  not null collate "C" generated always as (replace(word, ' ', '')) stored,
    primary key (kind, word)
) with (fillfactor = 80);
create index on directory.word (kind, joined);
create index on directory.word using gin (word public.gin_trgm_ops) with (gin_pending_list_limit = 256);
alter table directory.word alter word set statistics 0, alter joined set statistics 0;
create table directory.clue (
    key      text not null collate "C",
    evidence text not null collate "C",
    person   uuid not null,
    primary key (key, evidence, person)
);
create index on directory.clue (person);
alter table directory.clue alter key set statistics 0;
"""
)

WORKING = {
    **linked_records.working("directory"),
    "directory_changed": "record uuid, facts boolean",
    "directory_member": "person uuid, record uuid, facts boolean",
    "directory_belief": "person uuid, fact text, value text, key text, terms text, blind text[], weight bigint",
    "directory_term": "person uuid, term text",
    "directory_allowed": "person uuid, allowed jsonb",
    "directory_row": "person uuid, entered_at timestamptz, source text, name text, name_key text, emails text[],"
    " phones text[], location text, role text, employer text, skills text[], languages text[], links text[],"
    " tags text[], owner text, communities uuid[], allowed jsonb, terms tsvector",
    "directory_count": "kind text, word text, n integer",
}

OPENED = (
    "record uuid, position bigint, at timestamptz, nth integer, retracted boolean, fact text, learned_from text,"
    " value text, alike text, key text, terms text, blind text[]"
)
EVIDENCE = {"email": "same-address", "phone": "same-phone"}
"""The facts that are addresses, and what it is called when two people have the same."""


def told(recorded: Recorded[Any], blind: Blind) -> Iterator[tuple[Any, ...]]:
    """Rows of what an opened event tells of a profile, in the columns OPENED; nothing of what was erased."""
    for nth, fact in enumerate(told_by(recorded)):
        if fact.fact in FACTS and not isinstance(fact.value, Erased):
            value = fact.value.replace("\0", "")[:LONGEST_VALUE]
            likeness = alike(fact.fact, value)
            words = words_of(value, LONGEST_KEY) if fact.fact in COMPARED else []
            hashed = list(blind(fact.fact, value)) if fact.fact in EVIDENCE else None
            yield (
                fact.record,
                fact.position,
                fact.at,
                nth,
                fact.retracted,
                fact.fact,
                fact.learned_from,
                value,
                likeness,
                " ".join(parts_of(words)),
                " ".join(terms_of(fact.fact, words)),
                hashed,
            )


def terms_of(fact: str, words: Sequence[Sequence[str]]) -> list[str]:
    """Return the terms by which a value is found, word for word, typed with or without its blanks and hyphens."""
    if fact not in WORDED:
        return []
    parts = parts_of(words)
    terms_of_parts = [f"{WORD}/{part}" for part in parts]
    terms_of_parts += [f"{WORD}/{run}" for word in words if len(word) > 1 for _, _, run in runs(word)]
    if fact == "name":
        terms_of_parts += [f"{JOIN}/{run}" for _, _, run in runs(parts)]
    return list(
        dict.fromkeys([*terms_of_parts, *(f"{GRAM}/{gram}" for text in unparted(parts) for gram in grams(text))])
    )


def unparted(parts: Sequence[str]) -> Iterator[str]:
    """Yield each run of neighbouring parts in scripts that need no blanks, joined: blanks between them do not count."""
    for needs_none, together in groupby(parts, is_unparted):
        if needs_none:
            yield "".join(together)


ENTERED = """
select stream_id as record, at as entered_at, clear ->> 'source' as source, clear ->> 'role' as role,
       clear ->> 'location' as location
from batch where {this} and stream_version = 1
"""

_MOVED = """
select stream_id as record, position, at, (clear ->> 'community')::uuid as community, {joined} as joined
from batch where {{this}}
"""

TOUCHED = """
select stream_id as record, at, 1 as n from batch join {catalogue} using (kind)
where {this} and catalogue.contact and not (clear ->> 'machine')::boolean
"""

CORRECTED = """
select stream_id, part.at, part.n
from batch cross join lateral (values
    (clear ->> 'was_kind', (clear ->> 'was_at')::timestamptz, (clear ->> 'was_machine')::boolean, -1),
    (kind, coalesce(clear ->> 'at', clear ->> 'was_at')::timestamptz, (clear ->> 'machine')::boolean, 1)
) part (kind, at, machine, n) join {catalogue} on catalogue.kind = part.kind
where {this} and catalogue.contact and not part.machine
"""


def _key_of_code(column: str) -> str:
    """Return the SQL of the normal form of a code, whose letters are a-z and 0-9."""
    return f"btrim(regexp_replace({column}, '[._-]+', ' ', 'g'))"


ENTER = f"""
with kept as (
    insert into directory.record (record, entered_at, source, role, location, role_key, location_key)
    select record, entered_at, source, role, location, {_key_of_code("role")}, {_key_of_code("location")}
    from ({{entry}}) entry
    returning record
)
insert into directory_changed select record, true from kept
"""

COMPLETE = f"""
with first_known as (
    select entity,
           coalesce((array_agg(source order by position) filter (where source <> 'unknown'))[1], 'unknown') as source,
           coalesce((array_agg(role order by position) filter (where role <> 'unknown'))[1], 'unknown') as role,
           coalesce((array_agg(location order by position) filter (where location <> 'unknown'))[1], 'unknown')
               as location
    from ({{completion}}) completion group by entity
), completed as (
    select record, coalesce(nullif(known.source, 'unknown'), first_known.source) as source,
           coalesce(nullif(known.role, 'unknown'), first_known.role) as role,
           coalesce(nullif(known.location, 'unknown'), first_known.location) as location
    from first_known join directory.record known on known.record = entity
), kept as (
    update directory.record set
        source = completed.source, role = completed.role, location = completed.location,
        role_key = {_key_of_code("completed.role")}, location_key = {_key_of_code("completed.location")}
    from completed where record.record = completed.record
    returning record.record
)
insert into directory_changed select record, true from kept
"""

ERASE = """
with gone as (
    insert into directory.erased (record) select distinct record from ({erased}) erased on conflict do nothing
    returning record
), forgotten as (
    delete from directory.told where record in (select record from gone)
)
insert into directory_changed select record, true from gone
"""

TELL = """
with kept as (
    insert into directory.told
        (record, position, at, nth, retracted, fact, learned_from, value, alike, key, terms, blind)
    select record, position, at, nth, retracted, fact, learned_from, value, alike, key, terms, blind
    from directory_opened opened
    where not exists (select from directory.erased where erased.record = opened.record)
    returning record
)
insert into directory_changed select distinct record, true from kept
"""

ANSWER = """
with kept as (
    insert into directory.answer (record, event_id, at, valid_until, purpose, channel, status)
    select record, event_id, at, valid_until, purpose, channel, status
    from ({answer}) answer (record, position, at, valid_until, event_id, purpose, channel, status)
    returning record
)
insert into directory_changed select distinct record, true from kept
"""

# It knows of now alone: what a merge withheld, and withholds no longer, is not kept.
LIFT = """
with kept as (
    delete from directory.answer using ({lifted}) ended
    where answer.record = ended.candidate and answer.event_id = ended.event_id
    returning answer.record
)
insert into directory_changed select distinct record, true from kept
"""

MOVE = """
with kept as (
    insert into directory.move (record, position, at, community, joined)
    select record, position, at, community, joined from ({move}) move
    returning record
)
insert into directory_changed select distinct record, true from kept
"""

TOUCH = """
with kept as (
    insert into directory.touch as known (record, at, n)
    select record, at, sum(n) from ({touch}) touch (record, at, n) group by record, at having sum(n) <> 0
    on conflict (record, at) do update set n = known.n + excluded.n
    returning record
)
insert into directory_changed select distinct record, false from kept
"""

MERGE = "insert into directory_changed select distinct record, true from directory_merged"

CHANGED_AND_LINKED = "select record, 9223372036854775806 from changed join directory.linked using (record)"

# The links are read once a batch; nearly every person has one record.
MEMBERS = f"""
with changed as (
    select record, bool_or(facts) as facts from directory_changed group by record
), merged as (
    {linked_records.persons("directory", CHANGED_AND_LINKED)}
)
insert into directory_member (person, record, facts)
select record, record, facts from changed
where not exists (select from directory.linked where linked.record = changed.record)
union all
select person, merged.record, bool_or(facts) from merged join changed on changed.record = asked
group by person, merged.record
"""

# The rule of domain/profile_facts.py, word for word: what a source says again of a record is no news; of what it told,
# the newest of each value, taken back or not; of a fact of one value only the newest that the source named; then the
# most trusted, the newest.
_TRUST = " ".join(f"when {quoted(source)} then {degree}" for source, degree in TRUST.items())
_MANY = ", ".join(quoted(fact.code) for fact in CATALOGUE if fact.many)
BELIEVE = f"""
insert into directory_belief (person, fact, value, key, terms, blind, weight)
select person, fact, value, key, terms, blind, row_number() over (partition by person, fact order by {{weight}})
from (
    select distinct on (person, fact, case when many then alike end) *
    from (
        select distinct on (person, fact, learned_from, alike) *
        from (
            select *, case learned_from {_TRUST} else {TRUST_OF_OTHERS} end as trust,
                   first_value(alike) over (
                       partition by person, fact, learned_from order by retracted, at desc, position desc, nth desc
                   ) as newest
            from (
                select m.person, t.*, kind.many,
                       (value, retracted) is not distinct from (lag(value) over former, lag(retracted) over former)
                           as again
                from directory_member m
                cross join lateral (select * from directory.told where record = m.record offset 0) t
                cross join lateral (select t.fact in ({_MANY}) as many) kind
                where m.facts
                window former as (
                    partition by m.record, fact, learned_from, case when many then alike end order by at, position, nth
                )
            ) heard
            where not again
        ) said
        order by person, fact, learned_from, alike, at desc, position desc, nth desc
    ) kept
    where not retracted and (many or alike = newest)
    order by person, fact, case when many then alike end, {{weight}}
) believed
""".replace("{weight}", "trust desc, at desc, position desc, nth")

# (fact, kind of the whole value as it is filtered and counted by)
_FILTERED = """(values
    ('current-role', 'role'), ('location', 'location'), ('current-employer', 'employer'), ('skill', 'skill'),
    ('tag', 'tag'), ('language', 'language'), ('owner', 'owner')
) filtered (fact, kind)"""

TERMS = f"""
with coded as (
    select m.person, part.kind, part.key
    from directory_member m join directory.record r using (record)
    cross join lateral (
        values ('source', r.source), ('role', r.role_key), ('location', r.location_key)
    ) part (kind, key)
    where m.facts and m.person = m.record and (part.key <> 'unknown' or part.kind = 'source')
), termed as (
    select person, kind || '/' || key as term from directory_belief join {_FILTERED} using (fact) where key <> ''
    union
    select person, string_to_table(terms, ' ') from directory_belief where terms <> ''
    union
    select person, kind || '/' || key from coded
    union
    select person, '{WORD}/' || word from coded cross join lateral string_to_table(key, ' ') word where kind <> 'source'
    union
    select person, 'community/' || community from (
        select distinct on (m.person, m.record, community) m.person, community, joined
        from directory_member m
        cross join lateral (select * from directory.move where record = m.record offset 0) moved
        where m.facts
        order by m.person, m.record, community, at desc, position desc
    ) last_move where joined
    union
    select person, 'all/' from directory_member where facts
)
insert into directory_term (person, term) select person, term from termed
"""

# What holds for a purpose on a channel is the newest answer that speaks of it; at one moment every answer must allow.
ALLOWED = """
with known as materialized (
    select m.person, a.* from directory_member m
    cross join lateral (select * from directory.answer where record = m.record offset 0) a
    where m.facts
), newest as (
    select asked.person, asked.purpose, asked.channel, known.status, known.valid_until,
           rank() over (partition by asked.person, asked.purpose, asked.channel order by known.at desc) as nth
    from (select distinct person, purpose, channel from known where channel <> '*') asked
    join known on known.person = asked.person and known.purpose = asked.purpose
              and known.channel in (asked.channel, '*')
), allowed as (
    select person, purpose, channel, min(coalesce(valid_until, 'infinity')) as until
    from newest where nth = 1 group by person, purpose, channel having bool_and(status = 'given')
), term as (
    insert into directory_term
    select person, 'consent/' || purpose || '/' || channel from allowed
    union
    select person, 'consent/' || purpose from allowed
)
insert into directory_allowed (person, allowed)
select person, jsonb_object_agg(purpose || '/' || channel, extract(epoch from nullif(until, 'infinity')))
from allowed group by person
"""

_COLUMNS = (
    "person, entered_at, source, name, name_key, emails, phones, location, role, employer, skills, languages, links,"
    " tags, owner, communities, allowed, terms"
)


def _one(fact: str) -> str:
    return f"max(value) filter (where fact = {quoted(fact)})"


def _many(fact: str) -> str:
    return f"coalesce(array_agg(value order by weight) filter (where fact = {quoted(fact)}), '{{}}')"


# Everything of a person in one grouping: joined one by one, the parts would be matched blindly where there are many.
ROWS = f"""
insert into directory_row ({_COLUMNS})
select r.record, r.entered_at, r.source, made.name,
       coalesce(nullif(made.name_key, ''), '{NAMELESS}'), made.emails, made.phones,
       coalesce(made.location, nullif(r.location, 'unknown')), coalesce(made.role, nullif(r.role, 'unknown')),
       made.employer, made.skills, made.languages, made.links, made.tags, made.owner, made.communities,
       coalesce(made.allowed, '{{}}'), made.terms
from (
    select person, {_one("name")} as name, max(key) filter (where fact = 'name') as name_key,
           {_many("email")} as emails, {_many("phone")} as phones,
           {_one("location")} as location, {_one("current-role")} as role, {_one("current-employer")} as employer,
           {_many("skill")} as skills, {_many("language")} as languages, {_many("link")} as links,
           {_many("tag")} as tags, {_one("owner")} as owner, any_value(allowed) as allowed,
           coalesce(array_agg(substr(term, 11)::uuid order by term) filter (where term like 'community/%'), '{{}}')
               as communities,
           array_to_tsvector(array_agg(term) filter (where term is not null)) as terms
    from (
        select person, fact, value, key, weight, null as term, null::jsonb as allowed from directory_belief
        union all
        select person, null, null, null, null, term, null from directory_term
        union all
        select person, null, null, null, null, null, allowed from directory_allowed
    ) part
    group by person
) made join directory.record r on r.record = made.person
where not exists (select from directory.erased where erased.record = made.person)
"""

# How many more people each word has after the batch: a search chooses its plan by it. Names written as
# one are not counted: nearly every name is another.
COUNT = f"""
insert into directory_count (kind, word, n)
select split_part(term, '/', 1), substr(term, strpos(term, '/') + 1), sum(n)
from (
    select unnest(tsvector_to_array(terms)) as term, -1 as n from directory.person
    where person in (select record from directory_member where facts)
    union all
    select unnest(tsvector_to_array(terms)), 1 from directory_row
) counted
where not starts_with(term, '{JOIN}/')
group by term having sum(n) <> 0
"""

WORDS = """
insert into directory.word as known (kind, word, n) select kind, word, n from directory_count
on conflict (kind, word) do update set n = known.n + excluded.n
"""

LAST_WORDS = """
delete from directory.word known using directory_count c
where known.kind = c.kind and known.word = c.word and known.n = 0
"""

GONE = """
delete from directory.person
where person in (select record from directory_member where facts) and person not in (select person from directory_row)
"""

KEEP = f"""
insert into directory.person as known ({_COLUMNS}) select {_COLUMNS} from directory_row
on conflict (person) do update set
    {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS.replace(" ", "").split(",")[1:])}
where known.* is distinct from excluded.*
"""

# Contacts stand apart: they come often, and must not move all the words of a person in the index each time.
CONTACT_GONE = """
delete from directory.contact
where person in (select record from directory_member where facts) and person not in (select person from directory_row)
"""

CONTACT = f"""
insert into directory.contact as known (person, last_contact)
select m.person, coalesce(max(newest.at), '{NEVER}')
from directory_member m
left join lateral (
    select at from directory.touch where record = m.record and n > 0 order by at desc limit 1
) newest on true
where exists (select from directory.person where person.person = m.person)
group by m.person
on conflict (person) do update set last_contact = excluded.last_contact
where known.last_contact <> excluded.last_contact
"""

_EVIDENCE = " ".join(f"when {quoted(fact)} then {quoted(code)}" for fact, code in EVIDENCE.items())
CLUES = f"""
with made as materialized (
    select person, unnest(blind) as key, case fact {_EVIDENCE} end as evidence
    from directory_belief where blind is not null
    union
    select person, replace(max(key) filter (where fact = 'name'), ' ', '')
               || '/' || replace(max(key) filter (where fact = 'current-employer'), ' ', ''),
           'same-name-and-employer'
    from directory_belief where fact in ('name', 'current-employer') and key <> ''
    group by person having count(*) = 2
), gone as (
    delete from directory.clue c
    where person in (select record from directory_member where facts)
      and not exists (select from made where made.key = c.key and made.evidence = c.evidence and made.person = c.person)
)
insert into directory.clue (person, key, evidence) select person, key, evidence from made
where person in (select person from directory_row)
on conflict do nothing
"""

DIRECTORY = ReadModel(
    name="directory",
    version=6,
    tables=TABLES,
    working=WORKING,
    catalogue=("contact",),
    opens=Opens(
        frozenset((CandidateSourced, CandidateReferred, ProfileFactLearned, ProfileFactRetracted)), OPENED, told
    ),
    facts={
        "link": linked_records.LINKS,
        "entry": {CandidateSourced: ENTERED, CandidateReferred: ENTERED},
        "completion": segments.COMPLETIONS,
        "erased": dict.fromkeys(ENDINGS, "select stream_id as record from batch where {this}"),
        "answer": CONSENT_STATE.facts["answer"],
        "lifted": CONSENT_STATE.facts["lifted"],
        "move": {CommunityJoined: _MOVED.format(joined="true"), CommunityLeft: _MOVED.format(joined="false")},
        "touch": {TouchpointRecorded: TOUCHED, TouchpointCorrected: CORRECTED},
        "corrected": {TouchpointCorrected: "select stream_id from batch where {this}"},
    },
    recompute=(
        linked_records.keep("directory"),
        ENTER,
        COMPLETE,
        ERASE,
        TELL,
        ANSWER,
        LIFT,
        MOVE,
        TOUCH,
        "delete from directory.touch where n = 0 and record in ({corrected})",
        MERGE,
        MEMBERS,
        BELIEVE,
        TERMS,
        ALLOWED,
        ROWS,
        COUNT,
        WORDS,
        LAST_WORDS,
        GONE,
        KEEP,
        CONTACT_GONE,
        CONTACT,
        CLUES,
    ),
)

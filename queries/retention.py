"""Whom do we keep no longer, and whom longer than their time, and why: as of a day, by the rules in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from domain.codes import UNKNOWN
from domain.retention import Rule, Rules, rule_of
from projections import linked_records
from projections.applications import APPLICATIONS
from projections.candidate_summary import CANDIDATE_SUMMARY
from projections.retention import RETENTION
from queries.question import AsOf

DEFINITION = "retention"
VERSION = 2
Standing = Literal["due", "kept"]
READ_MODELS = (CANDIDATE_SUMMARY, APPLICATIONS, RETENTION)
"""What the answer is read from: all of them must have come to where the answer is to stand."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A person whose time was over before `day`: kept until `ends_on`, by the rule of that jurisdiction.

    `records` are all of the person, `candidate` the one that speaks for them. `last_contact` is null where there never
    was any: then the time runs from `entered_at`. `standing`: 'due', or 'kept' `because` of a 'legal-hold' (for
    `matters`), a 'restriction', an 'open-application', or being 'hired'.
    """

    candidate: UUID
    records: Sequence[UUID]
    entered_at: datetime
    last_contact: datetime | None
    jurisdiction: str
    months: int
    ends_on: date
    standing: Standing
    because: Sequence[str]
    matters: Sequence[str]


@dataclass(frozen=True, slots=True)
class Retention:
    """Everybody whose time is over on `day`, those first whose time was over first: `due` of them are to be erased,
    `kept` are not. `next`: where the following page begins; null: this is the last."""

    definition: str
    version: int
    position: int
    as_of: datetime
    day: date
    rules: Sequence[Rule]
    due: int
    kept: int
    people: Sequence[Overdue]
    next: str | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which of them: of this standing, this person alone; None: any. `after`: the `next` of the page before."""

    standing: Standing | None = None
    candidate: UUID | None = None
    after: str | None = None
    limit: int = 100


# Most people are one record, and most records are not old enough by any rule: the rest is looked up for the others.
_MEMBERS = f"""
select candidate as person, candidate as record from candidate_summary.candidate one
where (%(candidate)s::uuid is null or candidate = %(candidate)s)
  and entered is not null and not exists (select from candidate_summary.linked where linked.record = one.candidate)
  and (last_contact is null
       or (last_contact at time zone {{zone}})::date + make_interval(months => %(shortest)s) <= %(day)s)
union
select person, record from ({
    linked_records.persons(
        "candidate_summary",
        "select record, 9223372036854775806 from candidate_summary.linked"
        " where %(candidate)s::uuid is null or record = %(candidate)s",
    )
}) merged
"""
_OPEN = """
select 1 from applications.step submitted
where submitted.candidate = m.record and submitted.step in ('submitted', 'transferred-in') and not exists (
    select from applications.step ending
    where ending.application = submitted.application and ending.candidate = submitted.candidate
      and ending.step in ('rejected', 'withdrawn', 'hired') and ending.until is null)
limit 1
"""
_QUESTION = f"""
with member as materialized ({_MEMBERS}), fact as (
    select m.person, m.record, one.entered_at, one.hired_at is not null as hired,
           greatest(one.last_contact, applied.at, consent.at) as last_contact, consent.at as consented_at,
           consent.jurisdiction, opened.found is not null as open, hold.matters,
           coalesce(restriction.restricted, false) as restricted, erased.found is not null as erased
    from member m
    join candidate_summary.candidate one on one.candidate = m.record and one.entered is not null
    left join lateral (select max(at) as at from candidate_summary.milestone
                       where candidate = m.record and milestone = 'applied') applied on true
    left join lateral (select at, jurisdiction from retention.consent where record = m.record
                       order by at desc, position desc limit 1) consent on true
    left join lateral ({_OPEN}) opened (found) on true
    left join lateral (
        select string_agg(matter, ' ') as matters
        from (select distinct on (matter) matter, held from retention.hold where record = m.record
              order by matter, position desc) newest
        where held
    ) hold on true
    left join lateral (select restricted from retention.restriction where record = m.record and at <= %(at)s
                       order by at desc, position desc limit 1) restriction on true
    left join lateral (select 1 from retention.erasure where record = m.record limit 1) erased (found) on true
), person as (
    select person, array_agg(record order by record) as records, max(entered_at) as entered_at,
           max(last_contact) as last_contact,
           coalesce((array_agg(jurisdiction order by consented_at desc nulls last, record))[1], %(unknown)s)
               as jurisdiction,
           string_agg(matters, ' ') as matters,
           bool_or(restricted) as restricted, bool_or(open) as open, bool_or(hired) as hired
    from fact group by person having not bool_or(erased)
), over as (
    select person.*, law.months,
           ((coalesce(last_contact, entered_at) at time zone {{zone}})::date
               + make_interval(months => law.months))::date as ends_on,
           array_remove(array[case when matters is not null then 'legal-hold' end,
                              case when restricted then 'restriction' end,
                              case when open then 'open-application' end,
                              case when hired then 'hired' end], null) as because
    from person join unnest(%(laws)s::text[], %(months)s::int[]) law (jurisdiction, months) using (jurisdiction)
), past as materialized (select * from over where ends_on <= %(day)s)
select counted.due, counted.n - counted.due, page.*
from (select count(*) filter (where because = '{{}}') as due, count(*) as n from past) counted
left join lateral (
    select person, records, entered_at, last_contact, jurisdiction, months, ends_on, because, matters
    from past
    where (%(standing)s::text is null or (because = '{{}}') = (%(standing)s::text = 'due'))
      and (%(candidate)s::uuid is null or %(candidate)s::uuid = any (records))
      and (%(ends)s::date is null or (ends_on, person) > (%(ends)s::date, %(person)s::uuid))
    order by ends_on, person
    limit %(limit)s
) page on true
order by ends_on, person
"""
_LAWS = "select distinct jurisdiction from retention.consent"


def retention(
    connection: psycopg.Connection[Any], as_of: AsOf, rules: Rules, day: date | None = None, sought: Sought = Sought()
) -> Retention:
    """Whose time is over on the day (by default that of `as_of`), as known now."""
    on = day or as_of.day
    laws = sorted({UNKNOWN, *(row[0] for row in _ask(connection, _LAWS, {}, as_of))})
    ends, person = (None, None) if sought.after is None else sought.after.split("/")
    parameters = {
        "day": on, "at": as_of.at, "unknown": UNKNOWN, "laws": laws,
        "months": [rule_of(rules, law).months for law in laws],
        "shortest": min(rule.months for rule in rules.values()),
        "standing": sought.standing, "candidate": sought.candidate, "ends": ends, "person": person,
        "limit": sought.limit + 1,
    }  # fmt: skip
    rows = _ask(connection, _QUESTION, parameters, as_of)
    people = [overdue(*row[2:]) for row in rows[: sought.limit] if row[2] is not None]
    following = f"{people[-1].ends_on}/{people[-1].candidate}" if len(rows) > sought.limit else None
    due, kept = rows[0][:2]
    in_force = tuple(rules[law] for law in sorted(rules))
    return Retention(DEFINITION, VERSION, as_of.position, as_of.at, on, in_force, due, kept, tuple(people), following)


def overdue(
    person: UUID,
    records: list[UUID],
    entered_at: datetime,
    last_contact: datetime | None,
    jurisdiction: str,
    months: int,
    ends_on: date,
    because: list[str],
    matters: str | None,
) -> Overdue:
    return Overdue(
        candidate=person,
        records=tuple(records),
        entered_at=entered_at,
        last_contact=last_contact,
        jurisdiction=jurisdiction,
        months=months,
        ends_on=ends_on,
        standing="kept" if because else "due",
        because=tuple(because),
        matters=tuple(sorted(set((matters or "").split()))),
    )


def _ask(
    connection: psycopg.Connection[Any], question: str, parameters: dict[str, Any], as_of: AsOf
) -> list[tuple[Any, ...]]:
    for model in READ_MODELS:
        question = model.render(question, model.schema, as_of.zone)
    return psycopg.Cursor(connection, row_factory=tuple_row).execute(question.encode(), parameters).fetchall()

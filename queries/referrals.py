"""How far did the people get whom a referrer named: the referrer's own view, which tells nothing else about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from domain.reversal import taken_back
from domain.stages import APPLIED, FUNNEL, OFFER, stages_of
from projections import linked_records
from projections.referrals import REFERRALS
from queries.question import AsOf

DEFINITION = "referrals-made"
VERSION = 3
Stage = Literal["made", "accepted", "declined", "closed", "applied", "interviewing", "offered", "hired", "credited"]
"""In the order in which one is farther than another. Closed: the application ended without a hire, by either side."""
_ORDER: tuple[Stage, ...] = get_args(Stage)
_FUNNEL = stages_of(FUNNEL)


@dataclass(frozen=True, slots=True)
class MadeReferral:
    """A referral, when it was made, and its stage; of several applications that of the one that got farthest."""

    referral: UUID
    made_at: datetime
    stage: Stage


@dataclass(frozen=True, slots=True)
class MadeReferrals:
    """What a person referred, in whichever of their records, the newest first; `n` in all.

    `merged_into` is the record that speaks for the referrer, where another one was asked for. `next`: where the
    following page begins; null: this is the last. Of the referred it tells the stage and nothing else.
    """

    definition: str
    version: int
    position: int
    as_of: datetime
    referrer: UUID
    merged_into: UUID | None
    n: int
    referrals: tuple[MadeReferral, ...]
    next: str | None


_PERSON = linked_records.persons("referrals", "select %(referrer)s::uuid, %(position)s::bigint")
_MADE = f"""
with known as materialized ({_PERSON}), made as (
    select referral, at, position from referrals.referral
    where referrer in (select record from known) and position <= %(position)s
)
select nullif(person, asked), (select count(*) from made), page.*
from (select distinct person, asked from known) known left join (
    select * from made where %(after)s::bigint is null or position < %(after)s::bigint
    order by position desc limit %(limit)s
) page on true
order by page.position desc
"""

_TURNS = """
select referral, application, turn from referrals.turn
where referral = any(%(referrals)s) and position <= %(position)s
"""

_STEPS = """
select application, at, step, stage from referrals.step
where application = any(%(applications)s) and position <= %(position)s
order by position
"""


def made_referrals(
    connection: psycopg.Connection[Any], referrer: UUID, as_of: AsOf, after: str | None = None, limit: int = 100
) -> MadeReferrals:
    """At most `limit` referrals of the person that the record is of, `after` the `next` of the page before."""
    parameters: Mapping[str, Any] = {"referrer": referrer, "after": after, "limit": limit + 1}
    rows = _ask(connection, _MADE, parameters, as_of)
    lines = [row[2:] for row in rows if row[2] is not None]
    page = lines[:limit]
    stages = _stages(connection, [referral for referral, _, _ in page], as_of)
    following = str(page[-1][2]) if len(lines) > limit else None
    referrals = tuple(MadeReferral(referral, at, stages[referral]) for referral, at, _ in page)
    merged_into, n = rows[0][:2]
    return MadeReferrals(
        DEFINITION, VERSION, as_of.position, as_of.at, referrer, merged_into, n, referrals, following,
    )  # fmt: skip


def _stages(connection: psycopg.Connection[Any], referrals: list[UUID], as_of: AsOf) -> dict[UUID, Stage]:
    turns = _ask(connection, _TURNS, {"referrals": referrals}, as_of)
    applications = [application for _, application, turn in turns if turn == "applied"]
    steps: defaultdict[UUID, list[_Step]] = defaultdict(list)
    for application, *step in _ask(connection, _STEPS, {"applications": applications}, as_of):
        steps[application].append(_Step(*step))
    credited = {application for _, application, turn in turns if turn == "credited"}
    reached: dict[UUID, list[Stage]] = {referral: ["made"] for referral in referrals}
    for referral, application, turn in turns:
        if turn in ("accepted", "declined"):
            reached[referral].append(turn)
        elif turn == "applied":
            stage = _stage_of(steps[application])
            reached[referral].append("credited" if stage == "hired" and application in credited else stage)
    return {referral: max(stages, key=_ORDER.index) for referral, stages in reached.items()}


class _Step(NamedTuple):
    """What happened to an application, when, and the stage that it names."""

    at: datetime
    what: str
    stage: str | None


class _Accepted(NamedTuple):
    """An acceptance and the offer that it accepts."""

    at: datetime
    offer: _Step
    unmade: bool = False


class _Declined(NamedTuple):
    """A decline, and the offer that it answered."""

    at: datetime
    offer: _Step | None


def _stage_of(steps: Sequence[_Step]) -> Stage:
    """Return the stage of an application after these steps, which are in the order in which we learned of them."""
    if _standing(steps, "hired", "unhired"):
        return "hired"
    if _standing(steps, "rejected", "unrejected") or _standing(steps, "withdrawn", None):
        return "closed"
    moves = sorted((step for step in steps if step.what in ("stage", "transferred")), key=lambda step: step.at)
    stage = _FUNNEL.get((moves[-1].stage or APPLIED) if moves else APPLIED)
    if _offers(steps) or stage == OFFER:
        return "offered"
    return "applied" if stage == APPLIED else "interviewing"


def _standing(steps: Iterable[_Step], fact: str, reversal: str | None) -> list[_Step]:
    """Return the facts of the kind that no reversal took back."""
    history: list[_Step] = []
    for step in steps:
        if step.what == fact:
            history.append(step)
        elif step.what == reversal and history:
            history.remove(taken_back(history, step.at) or history[-1])
    return history


def _at(step: _Step | _Accepted) -> datetime:
    return step.at


def _offers(steps: Iterable[_Step]) -> list[_Step]:
    """Return the standing offers. A decline takes back an offer without an answer, a rescission an accepted one."""
    offers: list[_Step] = []
    accepted: list[_Accepted] = []
    declined: list[_Declined] = []
    for step in steps:
        waiting = [offer for offer in offers if all(each.offer is not offer for each in accepted)]
        gone: _Step | None = None
        if step.what == "offer-made":
            later = [each for each in accepted if each.at >= step.at and (each.unmade or each.offer.at <= step.at)]
            taken = min(later, key=_at, default=None)
            offers = [former for former in offers if not (taken is not None and taken.unmade and former is taken.offer)]
            offers.append(step)
            accepted = [_Accepted(each.at, step) if each is taken else each for each in accepted]
        elif step.what == "offer-accepted":
            offers += [] if waiting else [step]
            by_then = [offer for offer in waiting if offer.at <= step.at]
            newest = max(reversed(by_then), key=_at, default=next(reversed(waiting), step))
            accepted.append(_Accepted(step.at, newest, not waiting))
        elif step.what == "offer-declined":
            gone = taken_back(waiting, step.at)
            declined.append(_Declined(step.at, gone))
        elif step.what == "offer-decline-taken-back" and declined:
            declined.remove(decline := taken_back(declined, step.at) or declined[-1])
            offers += [] if decline.offer is None else [decline.offer]
        elif step.what == "offer-rescinded":
            acceptance = taken_back(accepted, step.at)
            gone = acceptance.offer if acceptance else taken_back(offers, step.at)
        offers = [offer for offer in offers if offer is not gone]
        accepted = [each for each in accepted if each.offer is not gone]
    return offers


def _ask(
    connection: psycopg.Connection[Any], question: str, parameters: Mapping[str, Any], as_of: AsOf
) -> list[tuple[Any, ...]]:
    statement = REFERRALS.render(question, REFERRALS.schema, as_of.zone)
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    return cursor.execute(statement.encode(), {**parameters, "position": as_of.position}).fetchall()

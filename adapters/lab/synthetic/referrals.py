"""Who vouched for whom: asked or unasked, taken up or not, and which of it became an application and a hire."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adapters.lab.synthetic import shape
from adapters.lab.synthetic.applications import lately_opened
from adapters.lab.synthetic.columns import (
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    NONE,
    Block,
    Column,
    Flags,
    Type,
    block,
    only,
    size,
)
from adapters.lab.synthetic.jobs import Jobs
from adapters.lab.synthetic.kinds import kind
from adapters.lab.synthetic.people import ANSWERED_AFTER, People, Rng, consent_numbers
from adapters.lab.synthetic.shape import Frame

CREDITED_WITHIN = 365 * DAY


@dataclass(frozen=True, slots=True)
class Referrals:
    """One row a referral: of whom, by whom, asked for and made when (FOREVER: not), and for which requisition."""

    candidate: Column
    referrer: Column
    requested: Column
    made: Column
    requisition: Column
    declined: Flags
    stream: Column

    def block(self, type_: Type, which: Column, at: Column, **fields: Column | int) -> Block:
        """Events of these referrals at these times, in their own streams unless another is given."""
        whole: dict[str, Column | int] = {"stream": self.stream[which], "person": self.candidate[which], **fields}
        named = {"referral": which, "referrer": self.referrer[which]}
        return block(type_, at, at + MINUTE, **named, **whole)

    def touch(self, which: Column, at: Column, name: str, who: Column, **fields: Column | int) -> Block:
        """Return the touchpoints that these referrals also are."""
        kinds = kind(name)
        return self.block(Type.TOUCHPOINT, which, at, stream=who, person=who, kind=kinds, step=1, **fields)


def referral_events(frame: Frame, people: People, jobs: Jobs, applications: Block, rng: Rng, first: int) -> list[Block]:
    """Return the events of all referrals, whose streams are numbered from `first`, and the consents to be asked for
    one."""
    applied = first_rows(applications, Type.SUBMITTED, Type.PROSPECT)
    some = drawn(frame, people, jobs, applied, rng, first)
    return [
        *asked(frame, people, some),
        *made(frame, some, rng),
        *came_of_them(frame, some, applied, first_rows(applications, Type.HIRED), rng),
    ]


def first_rows(applications: Block, *types: Type) -> Block:
    """Return the earliest row of these types of each application that has one."""
    rows = only(applications, np.isin(applications["type"], types))
    rows = only(rows, np.argsort(rows["occurred"], kind="stable"))
    return only(rows, np.unique(rows["application"], return_index=True)[1])


def drawn(frame: Frame, people: People, jobs: Jobs, applied: Block, rng: Rng, first: int) -> Referrals:
    """Referrals of people who came by one, of people who were known already, and of some shortly before they apply."""
    planted = frame.planted
    number = round(people.first_records * planted.referrals_a_person)
    vouched = np.flatnonzero(people.referrer != NONE)
    vouched = vouched[rng.permutation(len(vouched))[: number // 2]]
    bound = rng.permutation(size(applied))[: number // 3]
    others = (rng.random(number - len(vouched) - len(bound)) * len(people)).astype(np.int64)
    candidate = np.r_[vouched, applied["person"][bound], others].astype(np.int64)
    stranger = (rng.random(len(candidate)) * len(people)).astype(np.int64)
    referrer = np.where(people.referrer[candidate] != NONE, people.referrer[candidate], stranger)
    since = np.maximum(people.known_from[candidate], people.known_from[referrer])
    until = np.full(len(candidate), FOREVER)
    until[len(vouched) : len(vouched) + len(bound)] = applied["occurred"][bound]
    asked_at, made_at = times(frame, people, rng, referrer, since, until)
    fits = (people.person[candidate] != people.person[referrer]) & (made_at < frame.end - DAY) & (made_at < until)
    some = np.flatnonzero(fits)
    candidate, referrer, made_at, asked_at = (column[some] for column in (candidate, referrer, made_at, asked_at))
    asked_at[~first_of_each(referrer, asked_at)] = FOREVER
    job = lately_opened(jobs, rng, people.role[candidate], made_at)
    made_at = np.where((asked_at != FOREVER) & (rng.random(len(some)) < 0.15), FOREVER, made_at)
    return Referrals(
        candidate=candidate,
        referrer=referrer,
        requested=asked_at,
        made=made_at,
        requisition=np.where(rng.random(len(some)) < 0.5, job, NONE),
        declined=rng.random(len(some)) < planted.referral_declined,
        stream=first + np.arange(len(some)),
    )


def times(
    frame: Frame, people: People, rng: Rng, referrer: Column, since: Column, until: Column
) -> tuple[Column, Column]:
    """Return when each is asked for (FOREVER: not) and made, between both being known and an application that
    follows."""
    luck, wait, later = rng.random((3, len(since)))
    alone = ~people.families.related(len(people))[referrer]
    asked_at = since + HOUR + (wait * 3 * DAY).astype(np.int64)
    made_at = asked_at + HOUR + (later * 15 * DAY).astype(np.int64)
    room = np.maximum(until - HOUR - since, HOUR)
    made_at = np.where(made_at < until, made_at, since + HOUR // 2 + (later * room * 0.9).astype(np.int64))
    wanted = alone & (luck < frame.planted.referral_asked) & (asked_at < made_at - HOUR // 2)
    return np.where(wanted, asked_at, FOREVER), made_at


def first_of_each(who: Column, at: Column) -> Flags:
    """Return whether each row is the first of its person; only rows with a time count."""
    order = np.argsort(at, kind="stable")
    result = np.zeros(len(who), np.bool_)
    result[order[np.unique(who[order], return_index=True)[1]]] = True
    return result


def asked(frame: Frame, people: People, some: Referrals) -> list[Block]:
    """Return the events of requested referrals: the referrer's consent to be asked, then the request, a message to
    them."""
    which = np.flatnonzero(some.requested != FOREVER)
    at, who = some.requested[which], some.referrer[which]
    number = int(max(column.max(initial=NONE) for column in consent_numbers(people))) + 1 + np.arange(len(which))
    given_at = at - 10 * MINUTE
    given = block(
        Type.GIVEN, given_at, given_at + ANSWERED_AFTER, stream=who, person=who, consent=number, code=0, flag=1,
        until=given_at + frame.planted.consent_valid_days * DAY,
    )  # fmt: skip
    asking = some.block(Type.REFERRAL_ASKED, which, at, person=who)
    return [given, asking, some.touch(which, at, "referral-asked", who, consent=number, authorised=1)]


def made(frame: Frame, some: Referrals, rng: Rng) -> list[Block]:
    """Return the events of the referrals that were made, and of those that were accepted or declined."""
    planted = frame.planted
    which = np.flatnonzero(some.made != FOREVER)
    at, job = some.made[which], some.requisition[which]
    answered = (
        np.where(some.made == FOREVER, 0, some.made) + HOUR + (rng.random(len(some.made)) * 5 * DAY).astype(np.int64)
    )
    taken = rng.random(len(some.made)) < planted.referral_accepted / (1 - planted.referral_declined)
    yes, no = (np.flatnonzero((some.made != FOREVER) & flags) for flags in (~some.declined & taken, some.declined))
    why = rng.integers(0, len(shape.REFERRAL_REASONS), len(no))
    return [
        some.block(Type.MADE, which, at, requisition=job, code=which % len(shape.RELATIONS)),
        some.touch(which, at, "referral-made", some.referrer[which]),
        some.block(Type.TAKEN_UP, yes, answered[yes]),
        some.touch(yes, answered[yes], "referral-accepted", some.candidate[yes]),
        some.block(Type.TURNED_DOWN, no, answered[no], code=why, flag=(no % 3 == 0).astype(np.int64)),
    ]


def came_of_them(frame: Frame, some: Referrals, applied: Block, hired: Block, rng: Rng) -> list[Block]:
    """Return the events of the first application after a referral, and of referrals credited with a hire within a
    year."""
    fit = np.flatnonzero((some.made != FOREVER) & ~some.declined)
    fit = fit[np.argsort(some.made[fit], kind="stable")]
    application, which = next_application(applied, some.candidate[fit], some.made[fit])
    fit = fit[which]
    application, earliest = np.unique(application, return_index=True)
    fit = fit[earliest]
    at = applied["occurred"][application] + HOUR // 2
    recorded = at + (applied["recorded"] - applied["occurred"])[application]
    named = {name: applied[name][application].astype(np.int64) for name in ("application", "requisition")}
    turned = some.block(Type.TURNED_INTO, fit, at, **named)
    came_of = some.block(
        Type.VOUCHED_FOR, fit, at, stream=applied["stream"][application].astype(np.int64), step=1, **named
    )
    turned["recorded"] = came_of["recorded"] = recorded
    return [turned, came_of, credited(some, fit, named["application"], hired)]


def next_application(applied: Block, person: Column, at: Column) -> tuple[Column, Column]:
    """Rows of `applied`: the first application of each person after a time; and the numbers of those who have one."""
    second = 1_000_000
    keys = applied["person"].astype(np.int64) << 32 | applied["occurred"] // second
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[order], person << 32 | at // second + 1)
    row = order[np.minimum(place, len(order) - 1)] if len(order) else place
    result = np.flatnonzero((place < len(order)) & (applied["person"][row] == person)) if len(order) else place[:0]
    return row[result], result


def credited(some: Referrals, which: Column, application: Column, hired: Block) -> Block:
    """Return the referrals whose application ended in a hire within a year."""
    place = np.minimum(np.searchsorted(hired["application"], application), size(hired) - 1)
    if not size(hired):
        which, place = which[:0], place[:0]
    at = hired["occurred"][place]
    merit = (hired["application"][place] == application[: len(place)]) & (at - some.made[which] <= CREDITED_WITHIN)
    which, application, at = which[merit], application[: len(place)][merit], at[merit]
    kept = which % 8 != 0  # some are not recorded
    which, application, at = which[kept], application[kept], at[kept]
    return some.block(Type.CREDITED, which, at + 30 * HOUR, application=application, until=at)

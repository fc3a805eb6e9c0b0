"""The jobs there are to fill, their openings, and what becomes of each: filled, cancelled, or opened once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from adapters.lab.synthetic import shape
from adapters.lab.synthetic.columns import DAY, FOREVER, HOUR, MINUTE, NONE, SECOND, Block, Column, Flags, Type, block
from adapters.lab.synthetic.people import People, Rng, arrivals, chosen, spread
from adapters.lab.synthetic.shape import Frame

FIRST_OPENING = 45 * DAY
"""Openings start this long after the history, so that there are candidates to hire."""


@dataclass(frozen=True, slots=True)
class Again:
    """The second lives of openings, a row for each opening: `reopened` (FOREVER: not) for the `same` need or a new one,
    after the hire was `unhired` or not; then `accepted` (by `candidate`, hired at `hired`) or `cancelled` again.

    `rehired`: by the application that was un-hired; `on_old_offer`: without another offer.
    """

    reopened: Column
    same: Flags
    unhired: Flags
    rehired: Flags
    on_old_offer: Flags
    accepted: Column
    cancelled: Column
    hired: Column
    candidate: Column


@dataclass(frozen=True, slots=True)
class Jobs:
    """Requisitions (one row each: opened, role, evergreen) and openings (one row each, in order of opening).

    An opening ends `accepted` (by `candidate`, hired at `hired`) or `cancelled`; FOREVER where it does not. What came
    after that, `again` says.
    """

    requisition_opened: Column
    requisition_role: Column
    evergreen: Flags
    requisition: Column
    opened: Column
    accepted: Column
    cancelled: Column
    hired: Column
    candidate: Column
    starved: int
    again: Again

    def hired_at(self, people: People) -> Column:
        """Return when each candidate was first hired; FOREVER if never."""
        hired = scattered(len(people), self.again.candidate, self.again.hired)
        return np.minimum(hired, scattered(len(people), self.candidate, self.hired))

    def accepted_at(self, people: People) -> Column:
        """Return when each candidate accepted the offer that first ended in a hire; FOREVER if there was none."""
        accepted = scattered(len(people), self.again.candidate, self.again.accepted)
        return np.minimum(accepted, scattered(len(people), self.candidate, self.accepted))


def scattered(number: int, where: Column, values: Column) -> Column:
    """Return the values at their places, FOREVER elsewhere."""
    result = np.full(number, FOREVER)
    result[where[where != NONE]] = values[where != NONE]
    return result


def drawn(frame: Frame, rng: Rng, people: People, luck: Rng) -> Jobs:
    """Return the requisitions with their openings and the end of each: filled or cancelled, whichever came first.

    `luck` draws what happened once more to an opening that had ended.
    """
    planted = frame.planted
    number = max(2, round(len(people) * planted.openings_a_person))
    opened, requisition, role, evergreen = requisitions(frame, rng, number)
    starts = np.full(len(role), FOREVER)
    np.minimum.at(starts, requisition, opened)
    lasts = planted.fill_weibull_scale_days * rng.weibull(planted.fill_weibull_shape, number)
    fill = opened + (lasts * DAY).astype(np.int64)
    cancel = opened + (planted.cancel_mean_days * DAY * rng.exponential(1.0, number)).astype(np.int64)
    filled = (fill < cancel) & (fill < frame.end - HOUR)
    cancelled = np.where((cancel <= fill) & (cancel < frame.end - HOUR), cancel, FOREVER)
    wait = spread(rng, planted.hire_after_acceptance_median_days, 0.8, number)
    hired = np.where(filled, fill + (np.minimum(wait, 10) * DAY).astype(np.int64), FOREVER)
    again = once_more(frame, luck, hired, cancelled)
    refilled = np.where(again.rehired, FOREVER, again.accepted)
    candidate, other = hires(frame, rng, luck, people, (np.where(filled, fill, FOREVER), refilled), role[requisition])
    starved = int((filled & (candidate == NONE)).sum())
    accepted, hired = (np.where(candidate != NONE, times, FOREVER) for times in (fill, hired))
    again = taken(again, candidate, other, accepted, cancelled)
    return Jobs(
        starts - MINUTE, role, evergreen, requisition, opened, accepted, cancelled, hired, candidate, starved, again
    )


def once_more(frame: Frame, rng: Rng, hired: Column, cancelled: Column) -> Again:
    """Return when ended openings are opened again, and what becomes of them then, for any hire."""
    planted, number = frame.planted, len(hired)
    luck, later, need = rng.random((3, number))
    filled, given_up = hired != FOREVER, cancelled != FOREVER
    unhired = filled & (luck < planted.unhired)
    outlived = filled & ~unhired & (luck < planted.unhired + planted.reopened_if_filled)
    revived = given_up & (luck < planted.reopened_if_cancelled)
    wait = np.where(unhired, 2 + 40 * later, np.where(outlived, 120 + 300 * later, 10 + 100 * later))
    ended = np.where(filled, hired, np.where(given_up, cancelled, 0))
    reopened = ended + (wait * DAY).astype(np.int64)
    reopened = np.where((unhired | outlived | revived) & (reopened < frame.end - 2 * DAY), reopened, FOREVER)
    same = unhired | revived & (need >= planted.new_demand_if_cancelled)
    back = unhired & (reopened != FOREVER) & (rng.random(number) < planted.rehired)
    lasts = planted.refill_weibull_scale_days * rng.weibull(planted.fill_weibull_shape, number)
    since = np.where(reopened == FOREVER, 0, reopened)
    fill = since + 2 * DAY + (np.where(back, lasts / 3, lasts) * DAY).astype(np.int64)
    cancel = since + DAY + (planted.cancelled_again_mean_days * DAY * rng.exponential(1.0, number)).astype(np.int64)
    hire = fill + HOUR + (np.minimum(spread(rng, 1.0, 0.8, number), 10) * DAY).astype(np.int64)
    fills = (reopened != FOREVER) & (fill < frame.end - HOUR) & ((fill < cancel) | back)
    stops = (reopened != FOREVER) & ~fills & ~back & (cancel < frame.end - HOUR)
    return Again(
        reopened=reopened,
        same=same,
        unhired=unhired & (reopened != FOREVER),
        rehired=back & fills,
        on_old_offer=rng.random(number) < planted.rehired_on_old_offer,
        accepted=np.where(fills, fill, FOREVER),
        cancelled=np.where(stops, cancel, FOREVER),
        hired=np.where(fills, hire, FOREVER),
        candidate=np.full(number, NONE),
    )


def taken(again: Again, candidate: Column, other: Column, accepted: Column, cancelled: Column) -> Again:
    """Return the second lives with the candidates hired in them; an opening without a candidate has none."""
    lived = (candidate != NONE) | (cancelled != FOREVER)
    who = np.where(again.rehired, candidate, other)
    who = np.where(lived & (again.accepted != FOREVER), who, NONE)
    kept = {name: np.where(lived, getattr(again, name), FOREVER) for name in ("reopened", "cancelled")}
    old = again.rehired & again.on_old_offer
    return replace(
        again,
        **kept,
        unhired=again.unhired & lived,
        rehired=again.rehired & lived,
        accepted=np.where(who == NONE, FOREVER, np.where(old, accepted, again.accepted)),
        hired=np.where(who == NONE, FOREVER, again.hired),
        candidate=who,
    )


def requisitions(frame: Frame, rng: Rng, number: int) -> tuple[Column, Column, Column, Flags]:
    """Opening times, each opening's requisition, and each requisition's role and whether it hires on and on."""
    times = arrivals(frame, rng, number)
    share = 1 - FIRST_OPENING / (frame.end - frame.start)
    opened = frame.end - ((frame.end - times) * share).astype(np.int64)
    evergreen = rng.random(number) < frame.planted.evergreen_share
    roles = chosen(rng, shape.ROLE_WEIGHTS, number)
    seats = rng.choice([1, 2, 3], number, p=[0.6, 0.25, 0.15])
    regular = np.repeat(np.arange(number), seats)[: int((~evergreen).sum())]
    regular = np.unique(regular, return_inverse=True)[1].astype(np.int64)
    ordinary = int(regular.max(initial=NONE)) + 1
    requisition = np.empty(number, np.int64)
    requisition[~evergreen] = regular
    first = np.flatnonzero(~evergreen)[np.unique(regular, return_index=True)[1]]
    kept, which = np.unique(roles[evergreen], return_inverse=True)
    requisition[evergreen] = ordinary + which
    opened[~evergreen] = opened[first][regular]  # the seats of one requisition are opened together
    role = np.r_[roles[first], kept].astype(np.int64)
    return opened, requisition, role, np.arange(len(role)) >= ordinary


def hires(
    frame: Frame, rng: Rng, more: Rng, people: People, accepted: tuple[Column, Column], role: Column
) -> tuple[Column, Column]:
    """Return who takes each opening, the first time and the second: drawn from all at risk in proportion to their
    hazard.

    This is Cox's partial likelihood run forwards: stratified by role, with nurture as a covariate that changes in time;
    so the ratios planted are exact.
    """
    number = len(role)
    times, roles = np.concatenate(accepted), np.r_[role, role]
    result = np.full(2 * number, NONE, np.int64)
    luck = np.r_[rng.random(number), more.random(number)]
    order = np.argsort(times, kind="stable")[: int((times != FOREVER).sum())]
    for n in range(len(shape.ROLES)):
        pool = Pool.of(people, np.flatnonzero(people.role[: people.first_records] == n))
        for opening in order[roles[order] == n]:
            result[opening] = pool.take(frame, int(times[opening]), float(luck[opening]))
    return result[:number], result[number:]


@dataclass(slots=True)
class Pool:
    """The candidates of one role who may still be hired, in order of entry."""

    who: Column
    entered: Column
    learned: Column
    gone: Column
    nurtured: Column
    strength: npt.NDArray[np.float64]

    @classmethod
    def of(cls, people: People, who: Column) -> Pool:
        """These candidates, none of them hired yet."""
        gone = people.left_entirely[who]
        strength = np.array(shape.SOURCE_STRENGTH)[people.source[who]]
        return cls(who, people.entered[who], people.known_from[who], gone, people.nurtured_from[who], strength)

    def take(self, frame: Frame, at: int, luck: float) -> int:
        """Return the candidate hired at this time and remove them from the pool; NONE if it is empty."""
        some = int(np.searchsorted(self.entered, at - 4 * DAY))
        planted = frame.planted
        ageing = np.exp((self.entered[:some] - at) / (planted.hire_hazard_decay_days * DAY))
        nurture = np.where(self.nurtured[:some] + HOUR < at, planted.nurture_hazard_ratio, 1.0)
        there = (self.gone[:some] > at) & (self.learned[:some] < at - 4 * DAY)
        reach = np.cumsum(self.strength[:some] * ageing * nurture * there)
        if some == 0 or reach[-1] <= 0:
            return NONE
        item = min(int(np.searchsorted(reach, luck * reach[-1], side="right")), some - 1)
        self.strength[item] = 0.0
        return int(self.who[item])


def requisition_events(people: People, jobs: Jobs, rng: Rng) -> list[Block]:
    """Return the events of the requisitions' own streams, except for openings that a hire fills or an un-hire
    reopens."""
    first, number = len(people), np.arange(len(jobs.requisition_role))
    place = chosen(rng, shape.LOCATION_WEIGHTS, len(number))
    demand = chosen(rng, (0.5, 0.3, 0.2), len(number))
    at = jobs.requisition_opened
    opened = block(
        Type.REQUISITION, at, at + SECOND, stream=first + number, requisition=number, code=place, kind=demand
    )
    every = np.arange(len(jobs.opened))
    seats = opening_events(people, jobs, Type.OPENED, every, jobs.opened, SECOND)
    which = np.flatnonzero(jobs.cancelled != FOREVER)
    why = chosen(rng, (0.5, 0.3, 0.2), len(which))
    given_up = opening_events(people, jobs, Type.CANCELLED, which, jobs.cancelled[which], MINUTE, code=why)
    again = jobs.again
    which = np.flatnonzero((again.reopened != FOREVER) & ~again.unhired)
    need = again.same[which].astype(np.int64)
    reopened = opening_events(people, jobs, Type.REOPENED, which, again.reopened[which], MINUTE, flag=need)
    which = np.flatnonzero(again.cancelled != FOREVER)
    ended = opening_events(people, jobs, Type.CANCELLED, which, again.cancelled[which], MINUTE, code=which % 3)
    return [opened, seats, given_up, reopened, ended]


def opening_events(
    people: People, jobs: Jobs, type_: Type, which: Column, at: Column, delay: int, **fields: Column
) -> Block:
    """Events of these openings at these times, recorded soon after."""
    of = jobs.requisition[which]
    return block(type_, at, at + delay, stream=len(people) + of, requisition=of, opening=which, **fields)


def staffing(frame: Frame, people: People, jobs: Jobs, rng: Rng) -> list[Block]:
    """Return the events of who answers for each requisition and who works on it, by when it is to be filled, and its
    holds."""
    planted, number = frame.planted, len(jobs.requisition_role)
    luck, later, change = rng.random((3, number))
    since = jobs.requisition_opened
    soon = since + HOUR + (later * DAY).astype(np.int64)
    target = since // DAY + 40 + (luck * 60).astype(np.int64)
    user = (luck * len(shape.USERS)).astype(np.int64)
    moved = since + 20 * DAY + (later * 30 * DAY).astype(np.int64)
    chance = rng.random((3, number))
    current, lead, mate = chance < np.array([[planted.target_set], [planted.manager_known], [planted.recruiter_known]])

    def told(type_: Type, some: Flags, at: Column, **fields: Column) -> Block:
        which = np.flatnonzero(some)
        of_those = {name: column[which] for name, column in fields.items()}
        return block(type_, at[which], at[which] + MINUTE, stream=len(people) + which, requisition=which, **of_those)

    return [
        told(Type.TARGET, current, soon, until=target),
        told(Type.TARGET, current & (change < planted.target_moved), moved, until=target + 30),
        told(Type.MANAGER, lead, soon, code=user),
        told(Type.RECRUITER, mate, soon, code=(user + 7) % len(shape.USERS)),
        told(
            Type.RECRUITER, mate & (change > 1 - planted.recruiter_changed), moved, code=(user + 3) % len(shape.USERS)
        ),
        *holds(frame, rng, since, told),
    ]


def holds(frame: Frame, rng: Rng, since: Column, block_of: Callable[..., Block]) -> list[Block]:
    """Return the events of requisitions held and resumed, some of them twice; some are still on hold."""
    planted, number = frame.planted, len(since)
    blocks: list[Block] = []
    free, which = since, np.ones(number, np.bool_)
    for share in (planted.held, planted.held_again):
        which = which & (rng.random(number) < share)
        held = free + 4 * DAY + (rng.random(number) * 80 * DAY).astype(np.int64)
        free = held + DAY + (spread(rng, planted.hold_median_days, 0.8, number) * DAY).astype(np.int64)
        why = chosen(rng, (0.5, 0.3, 0.2), number)
        blocks += [block_of(Type.HELD, which, held, code=why), block_of(Type.RESUMED, which, free)]
    return blocks

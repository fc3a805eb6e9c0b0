"""The jobs there are to fill, who applies for them, how far each gets and who is hired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapters.synthetic import shape
from adapters.synthetic.columns import DAY, HOUR, MINUTE, NONE, SECOND, Block, Column, Type, block
from adapters.synthetic.people import FOREVER, Flags, People, Rng, arrivals, chosen, spread
from adapters.synthetic.shape import Frame

FIRST_OPENING = 45 * DAY
"""Openings start this long after the history, so that there is somebody to hire."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Requisitions (one row each: opened, role, evergreen) and openings (one row each, in order of opening).

    An opening ends `accepted` (by `candidate`, hired at `hired`) or `cancelled`; FOREVER where it does not.
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

    def hired_at(self, people: People) -> Column:
        """When each candidate was hired, FOREVER where they were not."""
        return scattered(len(people), self.candidate, self.hired)

    def accepted_at(self, people: People) -> Column:
        """When each candidate accepted the offer that ended in a hire, FOREVER where there was none."""
        return scattered(len(people), self.candidate, self.accepted)


def scattered(number: int, where: Column, values: Column) -> Column:
    """The values at their places, FOREVER elsewhere."""
    result = np.full(number, FOREVER)
    result[where[where != NONE]] = values[where != NONE]
    return result


def drawn(frame: Frame, rng: Rng, people: People) -> Jobs:
    """The requisitions with their openings and what became of each: filled or cancelled, whichever came first."""
    planted = frame.planted
    number = max(2, round(len(people) * planted.openings_a_person))
    opened, requisition, role, evergreen = requisitions(frame, rng, number)
    starts = np.full(len(role), FOREVER)
    np.minimum.at(starts, requisition, opened)
    lasts = planted.fill_weibull_scale_days * rng.weibull(planted.fill_weibull_shape, number)
    fill = opened + (lasts * DAY).astype(np.int64)
    cancel = opened + (planted.cancel_mean_days * DAY * rng.exponential(1.0, number)).astype(np.int64)
    filled = (fill < cancel) & (fill < frame.end - HOUR)
    candidate = hires(frame, rng, people, np.where(filled, fill, FOREVER), role[requisition])
    starved = int((filled & (candidate == NONE)).sum())
    accepted = np.where(candidate != NONE, fill, FOREVER)
    wait = spread(rng, planted.hire_after_acceptance_median_days, 0.8, number)
    hired = np.where(candidate != NONE, fill + (np.minimum(wait, 10) * DAY).astype(np.int64), FOREVER)
    cancelled = np.where((cancel <= fill) & (cancel < frame.end - HOUR), cancel, FOREVER)
    return Jobs(starts - MINUTE, role, evergreen, requisition, opened, accepted, cancelled, hired, candidate, starved)


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


def hires(frame: Frame, rng: Rng, people: People, accepted: Column, role: Column) -> Column:
    """Who takes each opening: drawn from all at risk in proportion to their hazard, so the ratios planted are exact.

    This is Cox's partial likelihood run forwards: stratified by role, with nurture as a covariate that changes in time.
    """
    result = np.full(len(accepted), NONE, np.int64)
    luck = rng.random(len(accepted))
    order = np.argsort(accepted, kind="stable")[: int((accepted != FOREVER).sum())]
    for one in range(len(shape.ROLES)):
        pool = Pool.of(people, np.flatnonzero(people.role == one))
        for opening in order[role[order] == one]:
            result[opening] = pool.take(frame, int(accepted[opening]), float(luck[opening]))
    return result


@dataclass(slots=True)
class Pool:
    """The candidates of one role who may still be hired, in order of entry."""

    who: Column
    entered: Column
    gone: Column
    nurtured: Column
    strength: npt.NDArray[np.float64]

    @classmethod
    def of(cls, people: People, who: Column) -> Pool:
        """These candidates, of whom nobody is hired yet."""
        gone = people.left_entirely[who]
        strength = np.array(shape.SOURCE_STRENGTH)[people.source[who]]
        return cls(who, people.entered[who], gone, people.nurtured_from[who], strength)

    def take(self, frame: Frame, at: int, luck: float) -> int:
        """The candidate hired at this time, who leaves the pool; NONE when it is empty."""
        some = int(np.searchsorted(self.entered, at - 4 * DAY))
        planted = frame.planted
        ageing = np.exp((self.entered[:some] - at) / (planted.hire_hazard_decay_days * DAY))
        nurture = np.where(self.nurtured[:some] + HOUR < at, planted.nurture_hazard_ratio, 1.0)
        reach = np.cumsum(self.strength[:some] * ageing * nurture * (self.gone[:some] > at))
        if some == 0 or reach[-1] <= 0:
            return NONE
        one = min(int(np.searchsorted(reach, luck * reach[-1], side="right")), some - 1)
        self.strength[one] = 0.0
        return int(self.who[one])


def requisition_events(people: People, jobs: Jobs, rng: Rng) -> list[Block]:
    """The events of the requisitions' own streams, but for the openings that a hire fills."""
    first = len(people)
    number = np.arange(len(jobs.requisition_role))
    place = chosen(rng, shape.LOCATION_WEIGHTS, len(number))
    demand = chosen(rng, (0.5, 0.3, 0.2), len(number))
    at = jobs.requisition_opened
    opened = block(
        Type.REQUISITION, at, at + SECOND, stream=first + number, requisition=number, code=place, kind=demand
    )
    every = np.arange(len(jobs.opened))
    seats = block(
        Type.OPENED,
        jobs.opened,
        jobs.opened + SECOND,
        stream=first + jobs.requisition,
        requisition=jobs.requisition,
        opening=every,
    )
    which = np.flatnonzero(jobs.cancelled != FOREVER)
    at, of = jobs.cancelled[which], jobs.requisition[which]
    why = chosen(rng, (0.5, 0.3, 0.2), len(which))
    given_up = block(Type.CANCELLED, at, at + MINUTE, stream=first + of, requisition=of, opening=which, code=why)
    return [opened, seats, given_up]


@dataclass(frozen=True, slots=True)
class Trail:
    """The applications: whose, for which requisition (NONE: a prospect for no job yet), from when, in one numbering."""

    person: Column
    requisition: Column
    submitted: Column
    prospect: Flags
    number: Column
    stream: Column

    def block(self, type_: Type, which: Column, at: Column, recorded: Column, **fields: Column | int) -> Block:
        """Events of these applications at these times."""
        return block(
            type_,
            at,
            recorded,
            stream=self.stream[which],
            person=self.person[which],
            application=self.number[which],
            requisition=self.requisition[which],
            **fields,
        )

    def entries(self, delay: Column) -> list[Block]:
        """The first event of each."""
        plain, prospects = np.flatnonzero(~self.prospect), np.flatnonzero(self.prospect)
        return [
            self.block(type_, which, self.submitted[which], self.submitted[which] + delay[which])
            for type_, which in ((Type.SUBMITTED, plain), (Type.PROSPECT, prospects))
        ]


def application_events(frame: Frame, people: People, jobs: Jobs, rng: Rng) -> list[Block]:
    """The events of all applications, and the openings that hires fill."""
    first = len(people) + len(jobs.requisition_role)
    won = winners(frame, people, jobs, rng, first)
    lost = others(frame, people, jobs, rng, first + len(jobs.candidate[jobs.candidate != NONE]), won)
    return [*won, *lost]


def winners(frame: Frame, people: People, jobs: Jobs, rng: Rng, first: int) -> list[Block]:
    """The applications that end in a hire: their stages are squeezed into the time that there was."""
    opening = np.flatnonzero(jobs.candidate != NONE)
    number, person, accepted = np.arange(len(opening)), jobs.candidate[opening], jobs.accepted[opening]
    earliest = np.maximum(people.entered[person] + 3 * HOUR, jobs.opened[opening] + HOUR)
    earliest = np.minimum(earliest, accepted - HOUR)
    dwell = dwells(frame, rng, len(opening))
    whole = np.minimum(dwell.sum(axis=0), 0.98 * (accepted - earliest))
    submitted = accepted - whole.astype(np.int64)
    none = np.zeros(len(opening), np.bool_)
    trail = Trail(person, jobs.requisition[opening], submitted, none, number, first + number)
    delay = (spread(rng, 30, 1.0, len(opening)).clip(1, 600) * SECOND).astype(np.int64)
    blocks = trail.entries(delay)
    reached = np.cumsum(dwell, axis=0) / dwell.sum(axis=0)
    for stage in range(len(shape.STAGES)):
        at = submitted + (reached[stage] * whole).astype(np.int64)
        blocks.append(trail.block(Type.STAGE, number, at, at + delay, code=stage))
    blocks.append(trail.block(Type.ACCEPTED, number, accepted, accepted + delay, opening=opening))
    hired = jobs.hired[opening]
    known = np.maximum(hired + MINUTE, accepted + delay)
    blocks.append(trail.block(Type.HIRED, number, hired, known, opening=opening))
    filled = trail.block(Type.FILLED, number, hired, known, opening=opening, until=accepted, step=1)
    filled["stream"] = (len(people) + trail.requisition).astype(np.int32)
    return [*blocks, filled]


def dwells(frame: Frame, rng: Rng, number: int) -> npt.NDArray[np.float64]:
    """How long each application would stay in each stage, the time before the first included: stages x number."""
    planted = frame.planted
    return np.stack(
        [spread(rng, median, planted.stage_dwell_sigma, number) * DAY for median in planted.stage_dwell_median_days]
    )


def others(frame: Frame, people: People, jobs: Jobs, rng: Rng, first: int, won: list[Block]) -> list[Block]:
    """The applications that end otherwise, or not yet: a semi-Markov walk whose exits compete stage by stage."""
    trail = hopefuls(frame, people, jobs, rng, first)
    delay = (spread(rng, 60, 1.5, len(trail.person)).clip(1, 3600) * SECOND).astype(np.int64)
    blocks, dwell = trail.entries(delay), dwells(frame, rng, len(trail.person))
    at, alive = trail.submitted.copy(), np.arange(len(trail.person))
    exits = zip(frame.planted.stage_rejected, frame.planted.stage_withdrawn, strict=True)
    for step, (rejected, left) in enumerate(exits):
        at[alive] += dwell[step, alive].astype(np.int64)
        luck = rng.random(len(alive))
        fates = (luck < rejected, (luck >= rejected) & (luck < rejected + left), luck >= rejected + left)
        for type_, fate, reasons in zip((Type.REJECTED, Type.LEFT), fates[:2], REASON_WEIGHTS, strict=True):
            which = alive[fate]
            why = chosen(rng, reasons, len(which))
            blocks.append(trail.block(type_, which, at[which], at[which] + delay[which], code=why))
        alive = alive[fates[2]]
        if step < len(shape.STAGES):
            blocks.append(trail.block(Type.STAGE, alive, at[alive], at[alive] + delay[alive], code=step))
    return blocks


REASON_WEIGHTS = ((0.45, 0.25, 0.1, 0.05, 0.15), (0.35, 0.2, 0.1, 0.25, 0.1))


def hopefuls(frame: Frame, people: People, jobs: Jobs, rng: Rng, first: int) -> Trail:
    """Applications of candidates who are never hired, each for a requisition of their role opened lately."""
    number = round(len(people) * frame.planted.applications_a_person)
    person = (rng.random(number) * len(people)).astype(np.int64)
    wait = spread(rng, 6, 1.3, number).clip(0.1, 700)
    submitted = people.entered[person] + (wait * DAY).astype(np.int64)
    requisition = lately_opened(jobs, rng, people.role[person], submitted)
    prospect = (rng.random(number) < frame.planted.prospect_share) | (requisition == NONE)
    requisition = np.where(prospect & (rng.random(number) < 0.5), NONE, requisition)
    fit = (jobs.hired_at(people)[person] == FOREVER) & (submitted < frame.end - HOUR)
    order = np.flatnonzero(fit)
    count = np.arange(len(order))
    return Trail(
        person[order],
        requisition[order],
        submitted[order],
        prospect[order],
        (first - len(people) - len(jobs.requisition_role)) + count,
        first + count,
    )


def lately_opened(jobs: Jobs, rng: Rng, role: Column, at: Column) -> Column:
    """For each time a requisition of the role that was opened not long before; NONE where there is none."""
    result = np.full(len(at), NONE, np.int64)
    back = np.floor(rng.exponential(1.5, len(at))).astype(np.int64)
    for one in range(len(shape.ROLES)):
        mine, asked = np.flatnonzero(jobs.requisition_role == one), np.flatnonzero(role == one)
        mine = mine[np.argsort(jobs.requisition_opened[mine], kind="stable")]
        known = np.searchsorted(jobs.requisition_opened[mine], at[asked] - MINUTE)
        if len(mine):
            which = mine[np.maximum(known - 1 - back[asked], 0)]
            result[asked] = np.where(known > 0, which, NONE)
    return result

"""Who applies for the jobs, how far each gets, what is taken back on the way, and who is hired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapters.lab.synthetic import shape
from adapters.lab.synthetic.columns import DAY, FOREVER, HOUR, MINUTE, NONE, SECOND, Block, Column, Flags, Type, block
from adapters.lab.synthetic.jobs import Jobs
from adapters.lab.synthetic.people import People, Rng, chosen, spread
from adapters.lab.synthetic.shape import Frame


@dataclass(frozen=True, slots=True)
class Trail:
    """The applications: whose, for which requisition (NONE: a prospect for no job yet), from when, in one numbering.

    `requisition` changes as they are transferred; `source` is where each came from.
    """

    person: Column
    requisition: Column
    submitted: Column
    prospect: Flags
    source: Column
    number: Column
    stream: Column
    delay: Column

    def block(self, type_: Type, which: Column, at: Column, **fields: Column | int) -> Block:
        """Events of these applications at these times, recorded a while later."""
        return block(
            type_,
            at,
            at + self.delay[which],
            stream=self.stream[which],
            person=self.person[which],
            application=self.number[which],
            requisition=self.requisition[which],
            **fields,
        )

    def entries(self) -> list[Block]:
        """Return the first event of each."""
        plain, prospects = np.flatnonzero(~self.prospect), np.flatnonzero(self.prospect)
        return [
            self.block(type_, which, self.submitted[which], code=self.source[which])
            for type_, which in ((Type.SUBMITTED, plain), (Type.PROSPECT, prospects))
        ]


def application_events(frame: Frame, people: People, jobs: Jobs, rng: Rng, luck: Rng) -> list[Block]:
    """Return the events of all applications, and the openings that hires fill. `luck` draws what is taken back."""
    first = len(people) + len(jobs.requisition_role)
    won = Won.of(people, jobs, rng)
    winning = winners(frame, people, jobs, won, rng, luck, first)
    return [*winning, *others(frame, people, jobs, rng, luck, first + len(won.opening), first)]


@dataclass(frozen=True, slots=True)
class Won:
    """One row an application that ends in a hire: for which opening, whose, since when it may be offered, and when."""

    opening: Column
    person: Column
    offered_from: Column
    accepted: Column
    hired: Column
    first: Flags
    delay: Column

    @classmethod
    def of(cls, people: People, jobs: Jobs, rng: Rng) -> Won:
        """Return the hires of the first life of an opening, then those of the second."""
        again = jobs.again
        first = np.flatnonzero(jobs.candidate != NONE)
        second = np.flatnonzero((again.candidate != NONE) & ~again.rehired)
        delay = (spread(rng, 30, 1.0, len(first) + len(second)).clip(1, 600) * SECOND).astype(np.int64)
        return cls(
            opening=np.r_[first, second],
            person=np.r_[jobs.candidate[first], again.candidate[second]],
            offered_from=np.r_[jobs.opened[first], again.reopened[second] + HOUR],
            accepted=np.r_[jobs.accepted[first], again.accepted[second]],
            hired=np.r_[jobs.hired[first], again.hired[second]],
            first=np.arange(len(first) + len(second)) < len(first),
            delay=delay,
        )


def winners(frame: Frame, people: People, jobs: Jobs, won: Won, rng: Rng, luck: Rng, first: int) -> list[Block]:
    """Return the applications that end in a hire: their stages are squeezed into the time that there was."""
    number = np.arange(len(won.opening))
    earliest = np.maximum(people.known_from[won.person] + 3 * HOUR, jobs.opened[won.opening] + HOUR)
    earliest = np.minimum(earliest, won.accepted - HOUR)
    dwell = dwells(frame, rng, len(number))
    whole = np.minimum(dwell.sum(axis=0), 0.98 * (won.accepted - earliest))
    submitted = won.accepted - whole.astype(np.int64)
    none, source = np.zeros(len(number), np.bool_), sources(frame, people, luck, won.person)
    trail = Trail(won.person, jobs.requisition[won.opening], submitted, none, source, number, first + number, won.delay)
    blocks = trail.entries()
    reached = np.cumsum(dwell, axis=0) / dwell.sum(axis=0)
    for stage in range(len(shape.STAGES)):
        at = submitted + (reached[stage] * whole).astype(np.int64)
        kept = np.flatnonzero((luck.random(len(number)) >= frame.planted.stage_skipped) | (stage == shape.OFFER))
        blocks.append(trail.block(Type.STAGE, kept, at[kept], code=stage))
    blocks += offers(frame, trail, won, np.maximum(at, won.offered_from), luck)
    return [*blocks, *hires(people, trail, won.opening, won.accepted, won.hired), *undone(people, jobs, trail, won)]


def sources(frame: Frame, people: People, rng: Rng, person: Column) -> Column:
    """Return where each application came from: mostly from where the person had."""
    elsewhere = rng.random(len(person)) < frame.planted.applied_from_elsewhere
    return np.where(elsewhere, chosen(rng, shape.SOURCE_WEIGHTS, len(person)), people.source[person])


def offers(frame: Frame, trail: Trail, won: Won, since: Column, luck: Rng) -> list[Block]:
    """Return the offers up to the acceptance that counts; a few were accepted before and then rescinded."""
    planted, number = frame.planted, len(trail.person)
    named = np.where(luck.random(number) < planted.opening_offered, won.opening, NONE)
    twice = np.flatnonzero(luck.random(number) < planted.accepted_and_rescinded)
    gap, every = won.accepted - since, np.arange(number)

    def after(share: float, which: Column) -> Column:
        return since[which] + (share * gap[which]).astype(np.int64)

    seat, why = won.opening[twice], twice % len(shape.OFFER_REASONS)
    return [
        trail.block(Type.OFFERED, every, after(0.1, every), opening=named),
        trail.block(Type.ACCEPTED, twice, after(0.3, twice), opening=seat),
        trail.block(Type.RESCINDED, twice, after(0.5, twice), opening=seat, code=why, flag=twice % 2),
        trail.block(Type.OFFERED, twice, after(0.7, twice), opening=seat),
        trail.block(Type.ACCEPTED, every, won.accepted, opening=won.opening),
    ]


def hires(people: People, trail: Trail, opening: Column, accepted: Column, hired: Column) -> list[Block]:
    """Return the hires of all these applications, each with the opening that it fills."""
    every = np.arange(len(trail.person))
    told_block = trail.block(Type.HIRED, every, hired, opening=opening)
    filled = trail.block(Type.FILLED, every, hired, opening=opening, until=accepted, step=1)
    filled["stream"] = (len(people) + trail.requisition).astype(np.int32)
    told_block["recorded"] = filled["recorded"] = np.maximum(hired + MINUTE, accepted + trail.delay)
    return [told_block, filled]


def undone(people: People, jobs: Jobs, trail: Trail, won: Won) -> list[Block]:
    """Return the hires that were undone, which reopens their seats, and what followed: hired again, or the end."""
    again = jobs.again
    which = np.flatnonzero(won.first & again.unhired[won.opening])
    opening = won.opening[which]
    at, why = again.reopened[opening], which % len(shape.UNHIRE_REASONS)
    unhired = trail.block(Type.UNHIRED, which, at, opening=opening, code=why)
    reopened = trail.block(Type.REOPENED, which, at, opening=opening, flag=1, step=1)
    reopened["stream"] = (len(people) + trail.requisition[which]).astype(np.int32)
    back = which[again.rehired[opening]]
    gone = which[~again.rehired[opening]]
    return [unhired, reopened, *hired_again(people, jobs, trail, won, back), *gone_after_all(jobs, trail, won, gone)]


def hired_again(people: People, jobs: Jobs, trail: Trail, won: Won, which: Column) -> list[Block]:
    """Return the events of the same people, hired after all: on the offer that they had accepted, or on another."""
    again, opening = jobs.again, won.opening[which]
    other = which[~again.on_old_offer[opening]]
    seat = won.opening[other]
    since = again.reopened[seat]
    gap = again.accepted[seat] - since
    same = Trail(*(getattr(trail, name)[which] for name in Trail.__slots__))
    return [
        trail.block(Type.RESCINDED, other, since + gap // 4, opening=seat, code=other % 4, flag=other % 2),
        trail.block(Type.OFFERED, other, since + gap // 2, opening=seat),
        trail.block(Type.ACCEPTED, other, again.accepted[seat], opening=seat),
        *hires(people, same, opening, again.accepted[opening], again.hired[opening]),
    ]


def gone_after_all(jobs: Jobs, trail: Trail, won: Won, which: Column) -> list[Block]:
    """Return the events of people whose hire was undone for good: the offer is rescinded, and most are rejected or
    withdraw."""
    at = jobs.again.reopened[won.opening[which]] + HOUR
    rejected, left = which[which % 5 < 2], which[(which % 5 == 2) | (which % 5 == 3)]
    ended = dict(zip(which.tolist(), (at + 5 * HOUR).tolist(), strict=True))

    def at_end(some: Column) -> Column:
        return np.array([ended[number] for number in some.tolist()], np.int64)

    return [
        trail.block(Type.RESCINDED, which, at, opening=won.opening[which], code=which % 4, flag=which % 2),
        trail.block(Type.REJECTED, rejected, at_end(rejected), code=4),
        trail.block(Type.LEFT, left, at_end(left), code=3),
    ]


def dwells(frame: Frame, rng: Rng, number: int) -> npt.NDArray[np.float64]:
    """Return how long each application would stay in each stage, the time before the first included: stages x
    number."""
    planted = frame.planted
    return np.stack(
        [spread(rng, median, planted.stage_dwell_sigma, number) * DAY for median in planted.stage_dwell_median_days]
    )


def others(frame: Frame, people: People, jobs: Jobs, rng: Rng, luck: Rng, stream: int, first: int) -> list[Block]:
    """Return the applications that end otherwise, or not yet: a semi-Markov walk whose exits compete stage by stage."""
    walk = Walk(frame, jobs, hopefuls(frame, people, jobs, rng, luck, stream, first), luck)
    walk.enter(dwells(frame, rng, len(walk.trail.person)))
    exits = zip(frame.planted.stage_rejected, frame.planted.stage_withdrawn, strict=True)
    for step, (rejected, left) in enumerate(exits):
        walk.dwell(step)
        if step in (1, 2):
            walk.transfer(people)
        fate = rng.random(len(walk.alive))
        lost, gone = fate < rejected, (fate >= rejected) & (fate < rejected + left)
        walk.end(Type.REJECTED, lost, chosen(rng, REASON_WEIGHTS[0], int(lost.sum())), step)
        walk.end(Type.LEFT, gone, chosen(rng, REASON_WEIGHTS[1], int(gone.sum())), step)
        walk.go_on(~lost & ~gone, lost)
        if step < len(shape.STAGES):
            walk.stage(step)
    return walk.blocks


REASON_WEIGHTS = ((0.45, 0.25, 0.1, 0.05, 0.15), (0.35, 0.2, 0.1, 0.25, 0.1))


class Walk:
    """The applications on their way through the stages: where each is in time, and which of them still go on."""

    def __init__(self, frame: Frame, jobs: Jobs, trail: Trail, luck: Rng) -> None:
        self.planted, self.jobs, self.trail, self.luck = frame.planted, jobs, trail, luck
        self.blocks = trail.entries()
        self.at = trail.submitted.copy()
        self.alive = np.arange(len(trail.person))
        self.stages = np.full(len(trail.person), NONE)
        """The last stage that each has entered for the job it is for; NONE right after a skipped one."""

    def picked(self, share: float, of: Column) -> Column:
        """About this share of them."""
        return of[self.luck.random(len(of)) < share]

    def waited(self, which: Column, least: float, most: float) -> Column:
        """Move the time of each on by a random number of days, and return it."""
        self.at[which] += (self.luck.uniform(least, most, len(which)) * DAY).astype(np.int64)
        return self.at[which]

    def enter(self, dwell: npt.NDArray[np.float64]) -> None:
        """Some prospects apply before anything else happens."""
        self.dwells = dwell
        trail = self.trail
        prospects = np.flatnonzero(trail.prospect & (trail.requisition != NONE))
        which = self.picked(self.planted.prospect_applies, prospects)
        at = trail.submitted[which] + (dwell[0, which] / 2).astype(np.int64)
        self.blocks.append(trail.block(Type.SUBMITTED, which, at, code=trail.source[which]))

    def dwell(self, step: int) -> None:
        """Add the time that the living applications spend in the stage before their next event."""
        self.at[self.alive] += self.dwells[step, self.alive].astype(np.int64)

    def transfer(self, people: People) -> None:
        """Some go on for another job of their role, from whose first stage they have not come."""
        trail = self.trail
        which = self.picked(self.planted.transferred, self.alive)
        to = lately_opened(self.jobs, self.luck, people.role[trail.person[which]], self.at[which])
        fits = (to != NONE) & (to != trail.requisition[which])
        which, to = which[fits], to[fits]
        why = which % len(shape.TRANSFER_REASONS)
        self.blocks.append(trail.block(Type.TRANSFERRED, which, self.at[which], other=to, code=why))
        trail.requisition[which] = to
        self.stages[which] = NONE
        self.at[which] += HOUR

    def end(self, type_: Type, which: Flags, why: Column, step: int) -> None:
        """End the applications; an offer that was out is declined or rescinded before."""
        trail, some = self.trail, self.alive[which]
        if step == len(shape.STAGES):
            offered = some[trail.requisition[some] != NONE]
            over = Type.DECLINED if type_ == Type.LEFT else Type.RESCINDED
            reason = offered % len(shape.OFFER_REASONS)
            self.blocks.append(trail.block(over, offered, self.at[offered] - MINUTE, code=reason))
        self.blocks.append(trail.block(type_, some, self.at[some], code=why))

    def go_on(self, survived: Flags, rejected: Flags) -> None:
        """Continue the applications that have not ended, and the few whose rejection was taken back."""
        back = self.picked(self.planted.unrejected, self.alive[rejected])
        why = back % len(shape.UNREJECTION_REASONS)
        self.blocks.append(self.trail.block(Type.UNREJECTED, back, self.waited(back, 0.5, 12), code=why))
        self.at[back] += HOUR
        self.alive = np.sort(np.r_[self.alive[survived], back])

    def stage(self, step: int) -> None:
        """They enter the stage, unless they skip it; some are moved back from it, and come again. Offers are made."""
        trail = self.trail
        skip = (self.luck.random(len(self.alive)) < self.planted.stage_skipped) & (step != shape.OFFER)
        entered = self.alive[~skip]
        self.blocks.append(trail.block(Type.STAGE, entered, self.at[entered], code=step))
        back = self.picked(self.planted.moved_back, entered[self.stages[entered] == step - 1]) if step else entered[:0]
        why = back % len(shape.MOVE_REASONS)
        self.blocks.append(trail.block(Type.BACK, back, self.waited(back, 0.2, 3), code=step - 1, flag=why))
        self.blocks.append(trail.block(Type.STAGE, back, self.waited(back, 0.5, 8), code=step))
        self.stages[self.alive] = NONE
        self.stages[entered] = step
        if step == shape.OFFER:
            offered = self.alive[trail.requisition[self.alive] != NONE]
            self.blocks.append(trail.block(Type.OFFERED, offered, self.at[offered] + MINUTE))


def hopefuls(frame: Frame, people: People, jobs: Jobs, rng: Rng, luck: Rng, stream: int, first: int) -> Trail:
    """Applications of candidates who are never hired, each for a requisition of their role opened lately."""
    number = round(len(people) * frame.planted.applications_a_person)
    person = (rng.random(number) * len(people)).astype(np.int64)
    wait = spread(rng, 6, 1.3, number).clip(0.1, 700)
    submitted = people.known_from[person] + (wait * DAY).astype(np.int64)
    requisition = lately_opened(jobs, rng, people.role[person], submitted)
    prospect = (rng.random(number) < frame.planted.prospect_share) | (requisition == NONE)
    requisition = np.where(prospect & (rng.random(number) < 0.5), NONE, requisition)
    fit = (jobs.hired_at(people)[person] == FOREVER) & (submitted < frame.end - HOUR)
    order = np.flatnonzero(fit)
    count, person = np.arange(len(order)), person[order]
    delay = (spread(rng, 60, 1.5, len(order)).clip(1, 3600) * SECOND).astype(np.int64)
    source = sources(frame, people, luck, person)
    numbers = stream - first + count
    return Trail(person, requisition[order], submitted[order], prospect[order], source, numbers, stream + count, delay)


def lately_opened(jobs: Jobs, rng: Rng, role: Column, at: Column) -> Column:
    """For each time a requisition of the role that was opened not long before; NONE where there is none."""
    result = np.full(len(at), NONE, np.int64)
    back = np.floor(rng.exponential(1.5, len(at))).astype(np.int64)
    for role_number in range(len(shape.ROLES)):
        mine, in_role = np.flatnonzero(jobs.requisition_role == role_number), np.flatnonzero(role == role_number)
        mine = mine[np.argsort(jobs.requisition_opened[mine], kind="stable")]
        opened = np.searchsorted(jobs.requisition_opened[mine], at[in_role] - MINUTE)
        if len(mine):
            which = mine[np.maximum(opened - 1 - back[in_role], 0)]
            result[in_role] = np.where(opened > 0, which, NONE)
    return result

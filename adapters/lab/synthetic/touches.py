"""Everything that passes between recruiters and candidates: messages with their fates, other touches, corrections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adapters.lab.synthetic.columns import (
    DAY,
    FOREVER,
    HOUR,
    MINUTE,
    NONE,
    SECOND,
    Block,
    Column,
    Flags,
    Type,
    block,
    joined,
    only,
    size,
    versions,
)
from adapters.lab.synthetic.jobs import Jobs
from adapters.lab.synthetic.kinds import CONSENT_COVERS, CORRECTED_TO, MOVABLE, NEEDS_CONSENT, ORDINARY, kind
from adapters.lab.synthetic.people import (
    ANSWERED_AFTER,
    BY_COMPLAINT,
    BY_PORTAL,
    ENTIRELY,
    People,
    Rng,
    cited,
    spread,
    with_the_speaker,
)
from adapters.lab.synthetic.shape import FACTS, Frame


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages, one row each: to whom, when, and by which of the two ways; `first` ones are never bounced."""

    person: Column
    at: Column
    inmail: Flags
    first: Flags

    def __len__(self) -> int:
        return len(self.person)


def known(frame: Frame, rng: Rng, at: Column, late: bool = True) -> Column:
    """Return when each touch is recorded: mostly within seconds or hours of its time, some up to two months later."""
    planted, number = frame.planted, len(at)
    delay = spread(rng, planted.recorded_delay_median_seconds, planted.recorded_delay_sigma, number).clip(0.2, 43_200)
    behind = rng.random(number) < planted.recorded_late * late
    delay = np.where(behind, rng.uniform(HOUR, planted.recorded_late_days * DAY, number), delay * SECOND)
    return at + delay.astype(np.int64)


def touch(people: People, frame: Frame, rng: Rng, name: str, person: Column, at: Column, message: Column) -> Block:
    """Touchpoints of one kind that belong to messages."""
    full = np.full(len(at), kind(name))
    return touches(people, frame, full, person, at, known(frame, rng, at), message)


def touches(
    people: People, frame: Frame, kinds: Column, person: Column, at: Column, recorded: Column, message: Column | int
) -> Block:
    """Touchpoints, each with the consent that covers it where its kind needs one."""
    needs = NEEDS_CONSENT[kinds]
    consent = np.where(needs, cited(frame, people, person, kinds, at, recorded), NONE)
    authorised = np.where(needs, (consent != NONE).astype(np.int64), NONE)
    return block(
        Type.TOUCHPOINT,
        at,
        recorded,
        stream=person,
        person=person,
        kind=kinds,
        message=message,
        consent=consent,
        authorised=authorised,
    )


def goodbyes(frame: Frame, people: People, rng: Rng) -> tuple[Sent, Block, Block]:
    """Return the messages that made a person leave the talent pool: as sent, their answers, and their withdrawals."""
    who = np.flatnonzero((people.withdrawn != FOREVER) & (people.withdrawn_by != BY_PORTAL))
    at = people.withdrawn[who]
    sent = Sent(
        who,
        at - rng.uniform(10 * MINUTE, 3 * DAY, len(who)).astype(np.int64),
        np.zeros(len(who), np.bool_),
        np.ones(len(who), np.bool_),
    )
    complaint = people.withdrawn_by[who] == BY_COMPLAINT
    kinds = np.where(complaint, kind("email-complained"), kind("email-unsubscribed"))
    recorded, number = at + ANSWERED_AFTER, np.arange(len(who))
    answer = touches(people, frame, kinds, who, at, recorded, number)
    whole = ENTIRELY * (people.left_entirely[who] != FOREVER)
    withdrawal = block(
        Type.WITHDRAWN, at, recorded, stream=who, person=who, touch=number, flag=whole, kind=kinds, step=1
    )
    return sent, answer, with_the_speaker(people, withdrawal)


def campaign(frame: Frame, people: People, jobs: Jobs, rng: Rng, number: int) -> Sent:
    """So many nurture messages: a first one to everybody nurtured, the rest by Zipf while consent and search last."""
    planted = frame.planted
    who = np.flatnonzero(people.nurtured_from < jobs.hired_at(people))
    since = people.nurtured_from[who]
    until = np.minimum(people.withdrawn[who], people.valid_until(frame)[who])
    until = np.minimum(np.minimum(until, people.silent_from[who]), jobs.hired_at(people)[who])
    until = np.minimum(np.minimum(until, since + planted.nurture_lasts_days * DAY), frame.end - DAY)
    span = np.maximum(until - since, MINUTE)
    weight = np.minimum(rng.zipf(2.0, len(who)), 50) * np.minimum(span / (365 * DAY), 1.0)
    some = len(who) > 0
    more = rng.multinomial(max(0, number - len(who)), weight / weight.sum()) if some else np.zeros(0, np.int64)
    again = np.repeat(np.arange(len(who)), more)
    later = since[again] + (rng.random(len(again)) * span[again]).astype(np.int64)
    stray = (rng.random(round(number * planted.unauthorised_messages)) * len(people)).astype(np.int64)
    stray_at = np.minimum(people.known_from[stray] + 760 * DAY, frame.end - 2 * DAY)
    stray_at = np.maximum(stray_at, people.known_from[stray] + HOUR)
    person, at = np.r_[who, who[again], stray], np.r_[since, later, stray_at]
    first = np.arange(len(person)) < len(who)
    reachable = CONSENT_COVERS[people.channels[person], kind("inmail-sent")] & ~first
    return Sent(person, at, reachable & (rng.random(len(person)) < planted.inmail_if_reachable), first)


def messages(
    frame: Frame, people: People, jobs: Jobs, rng: Rng, luck: Rng, number: int
) -> tuple[list[Block], list[Block]]:
    """Return the touchpoints of all messages, and the withdrawals some of them caused (which cite the first
    touchpoints).

    `luck` draws which ones reached a person twice.
    """
    leaving, answers, withdrawals = goodbyes(frame, people, rng)
    run = campaign(frame, people, jobs, rng, max(0, number - len(leaving)))
    sent = Sent(
        np.r_[leaving.person, run.person],
        np.r_[leaving.at, run.at],
        np.r_[leaving.inmail, run.inmail],
        np.r_[leaving.first, run.first],
    )
    mails, inmails = np.flatnonzero(~sent.inmail), np.flatnonzero(sent.inmail)
    blocks = [answers, *mail_fates(frame, people, rng, sent, mails), *inmail_fates(frame, people, rng, sent, inmails)]
    return [*blocks, *both_records(frame, people, luck, sent, mails)], [withdrawals]


def both_records(frame: Frame, people: People, rng: Rng, sent: Sent, which: Column) -> list[Block]:
    """Return the e-mails that went to two records of one person: sent, delivered and opened there once more."""
    merges = people.families.merges
    other = np.full(len(people), NONE)
    other[merges.survivor], other[merges.absorbed] = merges.absorbed, merges.survivor
    twin = other[sent.person[which]]
    reached = (twin != NONE) & (rng.random(len(which)) < frame.planted.reached_both_records)
    which, twin = which[reached], twin[reached]
    there = people.entered[twin] + HOUR < sent.at[which]
    which, twin = which[there], twin[there]
    opened = rng.random(len(which)) < 0.5
    times = {"email-sent": 2 * SECOND, "email-delivered": 20 * SECOND, "email-opened": 9 * HOUR}
    return [
        touch(people, frame, rng, name, twin[some], sent.at[which[some]] + delay, which[some])
        for (name, delay), some in zip(times.items(), (opened | True, opened | True, opened), strict=True)
    ]


def mail_fates(frame: Frame, people: People, rng: Rng, sent: Sent, which: Column) -> list[Block]:
    """Return the fates of each e-mail, cause before effect: bounced or delivered, opened by software or people,
    answered."""
    planted = frame.planted

    def fate(name: str, some: Column, at: Column) -> Block:
        return touch(people, frame, rng, name, sent.person[some], at, some)

    def part(of: Column, share: float) -> Flags:
        return rng.random(len(of)) < share

    def after(at: Column, median: float, sigma: float) -> Column:
        return at + (spread(rng, median, sigma, len(at)) * SECOND).astype(np.int64) + SECOND

    lost = part(which, planted.bounced) & ~sent.first[which]
    bounced, arrived = which[lost], which[~lost]
    delivered_at = after(sent.at[arrived], 4, 1.0)
    by_machine, by_human = part(arrived, planted.opened_by_machine), part(arrived, planted.opened_by_human)
    opened, opened_at = arrived[by_human], after(delivered_at[by_human], 6 * 3600, 1.6)
    again = part(opened, planted.opened_again)
    clicked, replied = part(opened, planted.clicked_if_opened), part(opened, planted.replied_if_opened)
    machine = fate("email-opened", arrived[by_machine], after(delivered_at[by_machine], 60, 1.5))
    machine["machine"] = np.ones(size(machine), np.int8)
    return [
        fate("email-sent", which, sent.at[which]),
        fate("email-bounced", bounced, after(sent.at[bounced], 90, 1.5)),
        fate("email-delivered", arrived, delivered_at),
        machine,
        fate("email-opened", opened, opened_at),
        fate("email-opened", opened[again], after(opened_at[again], 86_400, 1.5)),
        fate("email-clicked", opened[clicked], after(opened_at[clicked], 60, 1.2)),
        fate("email-replied", opened[replied], after(opened_at[replied], 86_400, 1.5)),
    ]


def inmail_fates(frame: Frame, people: People, rng: Rng, sent: Sent, which: Column) -> list[Block]:
    """Return the fates of each InMail: opened, replied to, declined."""
    planted, luck = frame.planted, rng.random(len(which))
    opened_at = sent.at[which] + (spread(rng, 0.4, 1.2, len(which)) * DAY).astype(np.int64) + MINUTE
    answer_at = opened_at + (spread(rng, 1.0, 1.2, len(which)) * DAY).astype(np.int64) + MINUTE
    opened = luck < planted.inmail_opened
    replied = luck < planted.inmail_replied
    declined = ~replied & (luck < planted.inmail_replied + planted.inmail_declined)
    steps = {
        "inmail-sent": (np.ones(len(which), np.bool_), sent.at[which]),
        "inmail-opened": (opened, opened_at),
        "inmail-replied": (replied, answer_at),
        "inmail-declined": (declined, answer_at),
    }
    return [
        touch(people, frame, rng, name, sent.person[which[some]], at[some], which[some])
        for name, (some, at) in steps.items()
    ]


def ordinary(frame: Frame, people: People, rng: Rng, number: int) -> Block:
    """So many touches that belong to no message, by Zipf over kinds and people, all recorded within the history."""
    weight = np.minimum(rng.zipf(1.8, len(people)), 200).astype(np.float64)
    person = np.repeat(np.arange(len(people)), rng.multinomial(number, weight / weight.sum()))
    rank = 1 / np.arange(1, len(ORDINARY) + 1)
    drawn = ORDINARY[rng.choice(len(ORDINARY), number, p=rank / rank.sum())]
    since = people.entered[person] + 2 * HOUR
    span = np.minimum(frame.end - HOUR - since, 900 * DAY)
    at = since + (rng.random(number) ** 1.5 * np.maximum(span, MINUTE)).astype(np.int64)
    recorded = known(frame, rng, at)
    recorded = np.where(recorded < frame.end, recorded, at + SECOND)
    uncovered = NEEDS_CONSENT[drawn] & (cited(frame, people, person, drawn, at, recorded) == NONE)
    refrained = uncovered & (rng.random(number) >= frame.planted.unauthorised_calls)
    kinds = np.where(refrained, kind("note-written"), drawn)
    return touches(people, frame, kinds, person, at, recorded, NONE)


def learned(frame: Frame, people: People, rng: Rng, number: int) -> Block:
    """So many facts learned about candidates, all recorded within the history."""
    person = (rng.random(number) * len(people)).astype(np.int64)
    since = people.entered[person] + 5 * MINUTE
    span = np.minimum(frame.end - HOUR - since, 200 * DAY)
    at = since + (rng.random(number) ** 3 * span).astype(np.int64)
    order = np.argsort(at, kind="stable")
    person, at = person[order], at[order]
    fact = (rng.random(number) ** 2 * len(FACTS)).astype(np.int64)
    return block(Type.FACT, at, at + 30 * SECOND, stream=person, person=person, code=fact, touch=versions(person))


def corrections(frame: Frame, people: People, rng: Rng, recorded: Block, number: int) -> Block:
    """So many corrections of recorded touchpoints: undone, moved in time, another kind, or by a machine after all."""
    fit = ~np.isin(recorded["kind"], [kind("email-unsubscribed"), kind("email-complained")])
    fit &= recorded["recorded"] < frame.end - 2 * HOUR
    which = np.sort(rng.permutation(np.flatnonzero(fit))[:number])
    was, count = only(recorded, which), len(which)
    known_at = was["recorded"] + MINUTE + (spread(rng, 2, 1.3, count) * DAY).astype(np.int64)
    known_at = np.where(known_at < frame.end, known_at, was["recorded"] + MINUTE)
    opened = was["kind"] == kind("email-opened")
    undone = (rng.random(count) < 0.4) | ~(MOVABLE[was["kind"]] | opened)
    other = CORRECTED_TO[was["kind"]]
    moved = (other == was["kind"]) & MOVABLE[was["kind"]]
    back = (rng.uniform(1 * MINUTE, 2 * DAY, count)).astype(np.int64)
    earlier = np.maximum(was["occurred"] - back, people.entered[was["person"]] + HOUR)
    fields = {
        "kind": was["kind"].astype(np.int64),
        "new_kind": np.where(undone, NONE, other),
        "until": was["occurred"],
        "new_at": np.where(undone, NONE, np.where(moved, earlier, was["occurred"])),
        "machine": was["machine"].astype(np.int64),
        "new_machine": np.where(undone, 0, np.where(opened, 1 - was["machine"], was["machine"])),
    }
    for name in ("touch", "message", "person"):
        fields[name] = was[name].astype(np.int64)
    return block(Type.CORRECTED, known_at, known_at, stream=was["person"].astype(np.int64), **fields)


def numbered(blocks: list[Block], first: int) -> Block:
    """Return the touchpoints in one block, numbered from `first` in the order they were drawn."""
    rows = joined(blocks)
    rows["touch"] = (first + np.arange(size(rows))).astype(np.int32)
    return rows

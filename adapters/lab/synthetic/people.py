"""Who comes into view, when and from where, what they consent to and whom the recruiters choose to nurture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from adapters.lab.synthetic import shape
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
)
from adapters.lab.synthetic.families import Families, Merges
from adapters.lab.synthetic.kinds import BY_MAIL, CHANNEL_BIT, CONSENT_COVERS
from adapters.lab.synthetic.shape import Frame
from adapters.lab.synthetic.words import LEAVING_WORDS

Rng: TypeAlias = np.random.Generator

BY_PORTAL, BY_UNSUBSCRIBE, BY_COMPLAINT = 0, 1, 2
ON_EVERY_CHANNEL, ENTIRELY, BY_MERGE = 1, 2, 4
"""What a withdrawal is, as bits of its flag: of every channel, leaving none open, made by a merge."""


@dataclass(frozen=True, slots=True)
class People:
    """One row a record. Times are microseconds from 1970; FOREVER (or NONE for indices) where there is none.

    The first `first_records` are people we had no record of, in order of entry; each later one is a further record of
    `same_as`. `known_from`: when the log knew of it; `silent_from`: when nothing is sent to it any more;
    `leaves_nothing`: the withdrawal shut the last channel; `families`: those that are merged.
    """

    entered: Column
    source: Column
    role: Column
    location: Column
    referrer: Column
    channels: Column
    given: Column
    refused: Column
    renewed: Column
    withdrawn: Column
    withdrawn_by: Column
    withdrawn_all: Flags
    leaves_nothing: Flags
    nurtured_from: Column
    same_as: Column
    known_from: Column
    imported: Flags
    silent_from: Column
    families: Families
    first_records: int

    def __len__(self) -> int:
        return len(self.entered)

    @property
    def person(self) -> Column:
        """The first record of the person whom each record is of."""
        return self.same_as[self.same_as]

    @property
    def left_entirely(self) -> Column:
        """When nothing was left of the consent: all of it was withdrawn, or the e-mail that was all there was."""
        return np.where(self.leaves_nothing, self.withdrawn, FOREVER)

    def valid_until(self, frame: Frame) -> Column:
        """Return when the newest consent expires."""
        term = frame.planted.consent_valid_days * DAY
        from_given = np.where(self.given == FOREVER, 0, self.given) + term
        return np.where(self.renewed == FOREVER, from_given, np.where(self.renewed == FOREVER, 0, self.renewed) + term)


def arrivals(frame: Frame, rng: Rng, number: int) -> Column:
    """So many moments of a Poisson process whose rate has a trend, a year, a week and holidays; rising."""
    planted, days = frame.planted, np.arange(frame.days)
    date = np.datetime64(frame.starts_on) + days
    year = 1 + planted.yearly_sine * np.sin(2 * np.pi * days / 365.25)
    trend = 1 + planted.trend_over_history * days / frame.days
    weekday = np.array(planted.weekday_weights)[(date.astype(np.int64) + 3) % 7]  # 1970-01-01 was a Thursday
    in_year = (date - date.astype("datetime64[Y]")).astype(np.int64)
    quiet = (in_year < 3) | (in_year >= 357) | ((in_year >= 208) & (in_year < 228))
    rate = year * trend * weekday * np.where(quiet, planted.holiday_weight, 1.0)
    day = np.repeat(days, rng.multinomial(number, rate / rate.sum()))
    clock = np.clip(rng.normal(13.0, 3.0, number), 6.0, 20.0)
    return np.sort(frame.start + day * DAY + (clock * HOUR).astype(np.int64))


def chosen(rng: Rng, weights: tuple[float, ...], number: int) -> Column:
    """So many indices drawn with these weights."""
    share = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(share, rng.random(number), side="right"), len(weights) - 1)


def spread(rng: Rng, median: float, sigma: float, number: int) -> npt.NDArray[np.float64]:
    """So many log-normal lengths around a median, in its unit."""
    return median * np.exp(sigma * rng.standard_normal(number))


def drawn(frame: Frame, rng: Rng) -> People:
    """Return the candidates of a history in order of entry, with everything about them that is not a touchpoint or a
    job."""
    number = frame.people
    entered = arrivals(frame, rng, number)
    source = chosen(rng, shape.SOURCE_WEIGHTS, number)
    source[0] = np.where(source[0] == shape.REFERRAL, 1, source[0])  # there is no referrer yet for the first
    referrer = np.where(source == shape.REFERRAL, (rng.random(number) * np.arange(number)).astype(np.int64), NONE)
    role = chosen(rng, shape.ROLE_WEIGHTS, number)
    location = chosen(rng, shape.LOCATION_WEIGHTS, number)
    channels = chosen(rng, shape.CHANNEL_SET_WEIGHTS, number)
    given, refused, renewed = consents(frame, rng, entered)
    nurtured = nurture(frame, rng, source, given)
    withdrawn, by, everything = withdrawals(frame, rng, given, renewed, nurtured)
    nurtured = np.where(nurtured < np.minimum(withdrawn, frame.end - 2 * DAY), nurtured, FOREVER)
    return People(
        entered=entered,
        source=source,
        role=role,
        location=location,
        referrer=referrer,
        channels=channels,
        given=given,
        refused=refused,
        renewed=renewed_before(renewed, withdrawn),
        withdrawn=withdrawn,
        withdrawn_by=by,
        withdrawn_all=everything,
        leaves_nothing=everything | (channels == 0),
        nurtured_from=nurtured,
        same_as=np.arange(number),
        known_from=entered,
        imported=np.zeros(number, np.bool_),
        silent_from=np.full(number, FOREVER),
        families=Families.of(Merges.none()),
        first_records=number,
    )


def renewed_before(renewed: Column, withdrawn: Column) -> Column:
    """Return the renewals that come before a withdrawal; there are none after one."""
    return np.where(renewed < withdrawn, renewed, FOREVER)


def consents(frame: Frame, rng: Rng, entered: Column) -> tuple[Column, Column, Column]:
    """Return when each candidate consented to the talent pool, refused, and consented again."""
    planted, number = frame.planted, len(entered)
    answered = entered + (rng.uniform(2, 90, number) * MINUTE).astype(np.int64)
    answer = rng.random(number)
    yes = answer < planted.consent_given
    no = ~yes & (answer < planted.consent_given + planted.consent_refused)
    again = yes & (rng.random(number) < planted.consent_renewed)
    before_end = (rng.uniform(1, 30, number) * DAY).astype(np.int64)
    renewed = answered + planted.consent_valid_days * DAY - before_end
    return (
        np.where(yes, answered, FOREVER),
        np.where(no, answered, FOREVER),
        np.where(again & (renewed < frame.end - HOUR), renewed, FOREVER),
    )


def nurture(frame: Frame, rng: Rng, source: Column, given: Column) -> Column:
    """Return when the first nurture message goes out. Recruiters prefer strong sources: the planted confounder."""
    planted, number = frame.planted, len(source)
    strong = np.array(shape.SOURCE_STRENGTH)[source] >= 2
    picked = rng.random(number) < np.where(strong, planted.nurtured_if_strong_source, planted.nurtured_otherwise)
    wait = spread(rng, planted.nurture_starts_median_days, planted.nurture_starts_sigma, number)
    wait = (np.minimum(wait, 365) * DAY).astype(np.int64)
    picked &= given != FOREVER
    return np.where(picked, np.where(picked, given, 0) + wait, FOREVER)


def withdrawals(
    frame: Frame, rng: Rng, given: Column, renewed: Column, nurtured: Column
) -> tuple[Column, Column, Flags]:
    """Return when a consent was withdrawn, by which way, and whether on every channel (else for e-mail alone)."""
    planted, number = frame.planted, len(given)
    from_consent = np.where(given == FOREVER, 0, given) + DAY
    from_nurture = np.where(nurtured == FOREVER, 0, nurtured) + 4 * DAY
    waits = rng.exponential(365.25 * DAY, (3, number)) / np.array(
        [[planted.withdrawals_a_year], [planted.unsubscribes_a_year], [planted.complaints_a_year]]
    )
    times = np.stack([from_consent, from_nurture, from_nurture]) + waits.astype(np.int64)
    times[1:, nurtured == FOREVER] = FOREVER
    by = np.argmin(times, axis=0)
    first = times[by, np.arange(number)]
    newest = np.where(renewed == FOREVER, given, renewed)
    term = np.where(given == FOREVER, 0, newest) + planted.consent_valid_days * DAY
    withdrawn = np.where((given != FOREVER) & (first < np.minimum(term, frame.end - HOUR)), first, FOREVER)
    return withdrawn, by.astype(np.int64), (by == BY_PORTAL) & (rng.random(number) < planted.portal_withdraws_all)


def consent_numbers(people: People) -> tuple[Column, Column]:
    """Return the number of each first consent and of each renewal; NONE if there is none. They share one count."""
    first, again = people.given != FOREVER, people.renewed != FOREVER
    number = np.cumsum(first) - 1
    return np.where(first, number, NONE), np.where(again, first.sum() + np.cumsum(again) - 1, NONE)


def cited(frame: Frame, people: People, person: Column, kinds: Column, at: Column, recorded: Column) -> Column:
    """Return the consent that covers these kinds for these candidates at these times, as known when they were recorded.

    NONE where the gate is shut.
    """
    first, again = consent_numbers(people)
    newest = np.where(people.renewed[person] <= at, again[person], first[person])
    left = np.where(BY_MAIL[kinds], people.withdrawn[person], people.left_entirely[person])
    covered = (people.given[person] <= at) & (at < people.valid_until(frame)[person]) & (at < left)
    result = np.where(covered & CONSENT_COVERS[people.channels[person], kinds], newest, NONE)
    merged = np.flatnonzero(people.families.related(len(people))[person] & (CHANNEL_BIT[kinds] > 0))
    tolists = [column[merged].tolist() for column in (person, CHANNEL_BIT[kinds], at, recorded)]
    result[merged] = [max(NONE, people.families.consent(*item)) for item in zip(*tolists, strict=True)]
    return result


ANSWERED_AFTER = SECOND // 10
"""Answers about consent are recorded sooner than any touchpoint, so that the gate knew them."""


def entries(people: People, frame: Frame) -> list[Block]:
    """Return the events of entering and of answering for the talent pool; withdrawals by message are made elsewhere."""
    at, who = people.entered, np.arange(len(people))
    came = block(Type.SOURCED, at, at + 2 * SECOND, stream=who, person=who, referrer=people.referrer)
    came["type"] = np.where(people.referrer == NONE, Type.SOURCED, Type.REFERRED).astype(np.int8)
    first, again = consent_numbers(people)
    term = frame.planted.consent_valid_days * DAY
    portal = np.where(people.withdrawn_by == BY_PORTAL, people.withdrawn, FOREVER)
    whole = ON_EVERY_CHANNEL * people.withdrawn_all + ENTIRELY * (people.left_entirely != FOREVER)
    return [
        came,
        answers(Type.GIVEN, people.given, code=people.channels, consent=first, until=people.given + term),
        answers(Type.GIVEN, people.renewed, code=people.channels, consent=again, until=people.renewed + term),
        answers(Type.REFUSED, people.refused),
        with_the_speaker(people, answers(Type.WITHDRAWN, portal, flag=whole, code=who % len(LEAVING_WORDS))),
    ]


def with_the_speaker(people: People, withdrawn: Block) -> Block:
    """Return the withdrawals; those given to an absorbed record appear again in the record that speaks for it."""
    tolists = withdrawn["stream"].tolist(), withdrawn["occurred"].tolist()
    root = np.array([people.families.root(record, at) for record, at in zip(*tolists, strict=True)], np.int32)
    more = only(withdrawn, root != withdrawn["stream"])
    more["stream"] = more["person"] = root[root != withdrawn["stream"]]
    more["step"] = more["step"] + np.int8(1)
    return joined([withdrawn, more])


def answers(type_: Type, times: Column, **fields: Column) -> Block:
    """One event for each candidate who has a time, with the fields (given per candidate) of those."""
    who = np.flatnonzero(times != FOREVER)
    of_those = {name: column[who] for name, column in fields.items()}
    return block(type_, times[who], times[who] + ANSWERED_AFTER, stream=who, person=who, **of_those)

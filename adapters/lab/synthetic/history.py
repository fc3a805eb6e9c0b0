"""A whole invented history, drawn once from a seed and told in the order in which it was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from adapters.lab.synthetic import imports, linked_records, touches
from adapters.lab.synthetic import jobs as work
from adapters.lab.synthetic import people as crowd
from adapters.lab.synthetic.applications import application_events
from adapters.lab.synthetic.cast import Cast, consent_ids, time, uuids
from adapters.lab.synthetic.columns import (
    DAY,
    NONE,
    Block,
    Column,
    Names,
    Type,
    event_names,
    in_recorded_order,
    joined,
    only,
    size,
    versions,
)
from adapters.lab.synthetic.communities import community_events
from adapters.lab.synthetic.jobs import Jobs
from adapters.lab.synthetic.page import ROWS, page
from adapters.lab.synthetic.people import People
from adapters.lab.synthetic.referrals import referral_events
from adapters.lab.synthetic.shape import Frame, Planted, frame
from domain.event import Event, Recorded

PARTS = (
    *("people", "jobs", "applications", "requisitions", "messages", "facts", "touches", "corrections", "ids"),
    *("records", "merges", "imports", "reversals", "changes-of-mind", "staffing", "echoes", "referrals", "communities"),
)
"""Each part draws from a stream of randomness of its own, so that a change to one leaves the others as they are."""


@dataclass(frozen=True, slots=True)
class History:
    """A history of `len(history)` events: its columns in recorded order, and how to tell it or to check it."""

    frame: Frame
    people: People
    jobs: Jobs
    rows: Block
    versions: Column
    names: Names
    cast: Cast

    def __len__(self) -> int:
        return size(self.rows)

    def recorded(self) -> Iterator[Recorded[Event]]:
        """Yield every event in recorded order, made on demand."""
        for begin in range(0, len(self), ROWS):
            part = slice(begin, begin + ROWS)
            rows = {name: column[part] for name, column in self.rows.items()}
            names = Names(self.names.high[part], self.names.low[part])
            yield from page(self.cast, rows, self.versions[part], names)

    def time_index(self) -> list[tuple[datetime, int]]:
        """(the last microsecond of a UTC day, how many events had been recorded by then), a pair for every day."""
        ends = np.arange(self.frame.start + DAY, self.frame.end + 1, DAY)
        counts = np.searchsorted(self.rows["recorded"], ends, side="left")
        return [(time(int(end) - 1), int(count)) for end, count in zip(ends, counts, strict=True)]


PLANTED = Planted()


def history(events: int, seed: int, *, ends_on: date, years: int = 5, planted: Planted = PLANTED) -> History:
    """Return a history of exactly that many events, all recorded in the years before `ends_on` (exclusive, UTC).

    The same arguments (and the same numpy) give the same bytes. ValueError below 100 events or one year.
    With other parameters planted, such as `Planted(recorded_late=0)`, the number of events may differ a little.
    """
    setting = frame(events, seed, ends_on, years, planted)
    luck = streams_of_randomness(setting)
    people, merged = everybody(setting, luck)
    jobs = work.drawn(setting, luck["jobs"], people, luck["reversals"])
    rows = joined([merged, *blocks(setting, people, jobs, luck, size(merged))])
    rows = in_recorded_order(imports.as_imported(setting, people, rows))
    names = event_names(luck["ids"], rows["recorded"].astype(np.int64))
    return History(setting, people, jobs, rows, versions(rows["stream"]), names, cast(people, jobs, rows, names, luck))


def synthetic_history(events: int, seed: int, *, ends_on: date, years: int = 5) -> Iterator[Recorded[Event]]:
    """Yield the events of `history`, in recorded order."""
    return history(events, seed, ends_on=ends_on, years=years).recorded()


def streams_of_randomness(setting: Frame) -> dict[str, np.random.Generator]:
    """One generator for each part, from the seed and the size."""
    seeds = np.random.SeedSequence([setting.seed, setting.events, setting.start // DAY, setting.days]).spawn(len(PARTS))
    return {part: np.random.Generator(np.random.PCG64(seed)) for part, seed in zip(PARTS, seeds, strict=True)}


def everybody(setting: Frame, luck: dict[str, np.random.Generator]) -> tuple[People, Block]:
    """Return all people with all their records, and the events of the merges among these."""
    people = linked_records.with_second_records(setting, luck["records"], crowd.drawn(setting, luck["people"]))
    people = imports.chosen_for_import(setting, luck["imports"], people)
    return linked_records.with_merges(setting, linked_records.merges(setting, luck["merges"], people), people)


def blocks(
    setting: Frame, people: People, jobs: Jobs, luck: dict[str, np.random.Generator], merged: int
) -> list[Block]:
    """Return the events of every part that are recorded in time, filled up to the number asked for with facts and
    touches.

    `merged`: so many events there are of merges.
    """
    planted, total = setting.planted, setting.events - merged
    number = round(total * planted.messages_an_event)
    statement, leaving = touches.messages(setting, people, jobs, luck["messages"], luck["echoes"], number)
    fixed = [*crowd.entries(people, setting), *leaving, *working(setting, people, jobs, luck)]
    base, told_in_time = (
        in_time(setting, joined(fixed)),
        in_time(setting, touches.numbered(statement, 0)),
    )
    wrong = round(total * planted.touchpoint_share * planted.corrected)
    other = round(total * (1 - planted.touchpoint_share)) - int((base["type"] != Type.TOUCHPOINT).sum()) - wrong
    facts = touches.learned(setting, people, luck["facts"], max(0, other))
    rest = max(0, total - size(base) - size(told_in_time) - size(facts) - wrong)
    plain = touches.ordinary(setting, people, luck["touches"], rest)
    touched = joined([told_in_time, touches.numbered([plain], sum(map(size, statement)))])
    return [base, facts, touched, touches.corrections(setting, people, luck["corrections"], touched, wrong)]


def working(setting: Frame, people: People, jobs: Jobs, luck: dict[str, np.random.Generator]) -> list[Block]:
    """Return the events of jobs, applications, referrals and communities, whose streams are numbered one after the
    other."""
    applied = application_events(setting, people, jobs, luck["applications"], luck["changes-of-mind"])
    together = joined(applied)
    first = len(people) + len(jobs.requisition_role) + int(together["application"].max(initial=NONE)) + 1
    vouched = referral_events(setting, people, jobs, together, luck["referrals"], first)
    first += int(max(rows["referral"].max(initial=NONE) for rows in vouched)) + 1
    return [
        *work.requisition_events(people, jobs, luck["requisitions"]),
        *work.staffing(setting, people, jobs, luck["staffing"]),
        together,
        *vouched,
        *community_events(setting, people, luck["communities"], first),
    ]


def in_time(setting: Frame, rows: Block) -> Block:
    """Return the rows that are recorded before the history ends."""
    return only(rows, rows["recorded"] < setting.end)


def cast(people: People, jobs: Jobs, rows: Block, names: Names, luck: dict[str, np.random.Generator]) -> Cast:
    """Ids for all that the rows refer to by number."""

    def drawn(number: int) -> Names:
        return Names.drawn(luck["ids"], number)

    highest = {name: int(rows[name].max(initial=NONE)) + 1 for name in ("stream", "message", "touch")}
    return Cast(
        people=people,
        persons=people.person.tolist(),
        jobs=jobs,
        streams=uuids(drawn(highest["stream"])),
        openings=uuids(drawn(len(jobs.opened))),
        messages=uuids(drawn(highest["message"])),
        consents=consent_ids(rows, names),
        touches=drawn(highest["touch"]),
        first_referral=first_stream(rows, "referral", Type.REFERRAL_ASKED, Type.MADE),
        first_community=first_stream(rows, "community", Type.FOUNDED),
    )


def first_stream(rows: Block, of: str, *begin_with: Type) -> int:
    """Return the number of the first stream of these, all of which are consecutive; 0 if there is none."""
    begins = np.flatnonzero(np.isin(rows["type"], begin_with))[:1]
    return int((rows["stream"][begins] - rows[of][begins]).sum())


def time_index(rows: Iterable[Recorded[Event]]) -> Iterator[tuple[datetime, int]]:
    """Yield the time index of the events themselves: the end of each UTC day with events, and the count by then."""
    count, closes = 0, None
    for row in rows:
        day = row.recorded_at.replace(hour=0, minute=0, second=0, microsecond=0)
        while closes is not None and closes <= day:
            yield closes - timedelta(microseconds=1), count
            closes += timedelta(days=1)
        closes = closes or day + timedelta(days=1)
        count += 1
    if closes is not None:
        yield closes - timedelta(microseconds=1), count


__all__ = ["History", "Type", "history", "synthetic_history", "time_index"]

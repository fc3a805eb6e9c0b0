"""What is true of a synthetic history: what was planted in it, and counts that the product should find again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from adapters.lab.synthetic import shape, truth_of_applications, truth_of_jobs
from adapters.lab.synthetic.columns import DAY, FOREVER, NONE, Block, Column, Flags, Type, only
from adapters.lab.synthetic.history import History
from adapters.lab.synthetic.kinds import KINDS
from adapters.lab.synthetic.people import BY_MERGE, ENTIRELY
from adapters.lab.synthetic.truth_of_applications import Courses
from adapters.lab.synthetic.truth_of_reversals import taken_back
from domain.touchpoint_kinds import kind_named

ACTIVE_DAYS = 180
WINDOWS = (7, 14, 30, 90)
ENGAGES = np.array([kind_named(name).engagement for name in KINDS])
REFERRAL_ASKED = KINDS.index("referral-asked")
OUTCOMES = np.array([kind_named(name).outcome or "" for name in KINDS])

Months = dict[str, dict[str, int]]
"""By month (YYYY-MM, UTC): how many of what."""
Years = dict[str, dict[str, int]]
"""By year (YYYY, UTC): how many of what."""


@dataclass(frozen=True, slots=True)
class Believed:
    """What the first `position` events say, all of them recorded by `time` (UTC; nothing else was by then).

    candidates are records, people are persons: merged records are one, as they are known to be at the position.
    pipeline: flows of `active-180` by month, under 'all' and under each source; dormancy is dated ahead, so months
    after `time` occur. engagement: by window in days, then by month of sending, unique per message and person.
    time_to_fill: `standard`, by month opened, `days` is the sum over the filled and `held` that of the days on hold
    among them; under 'all', 'regular' and 'evergreen'. touchpoints: by kind, corrections taken into account.
    stage_conversion: by stage and year of first entering it. stage_activity: by month. time_in_stage: by stage and
    year of the visit's begin; `time_to_hire` by year of acceptance; durations are whole days. source_of_hire: by
    attribution and year of the hire. referrals: by month of what was done, and
    by how far they got. communities: members of each, by topic.
    merges: made, undone, standing. imports: what the import told.
    """

    position: int
    time: str
    candidates: int
    people: int
    pipeline: dict[str, Months]
    engagement: dict[str, Months]
    time_to_fill: dict[str, Months]
    touchpoints: dict[str, int]
    recorded: dict[str, int]
    stage_conversion: dict[str, Years]
    stage_activity: Months
    time_in_stage: dict[str, Years]
    time_to_hire: Years
    source_of_hire: dict[str, Years]
    referrals: Months
    referrals_by_standing: dict[str, int]
    communities: dict[str, int]
    merges: dict[str, int]
    imports: dict[str, int]


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth file: what was asked for, what was planted, and what was to be believed in the end and midway."""

    synthetic: bool
    seed: int
    events: int
    starts_on: str
    ends_on: str
    numpy: str
    planted: dict[str, Any]
    source_strength: dict[str, float]
    strong_sources: list[str]
    null_effects: list[str]
    people: int
    nurtured: int
    hires: int
    openings_without_candidates: int
    end: Believed
    middle: Believed

    def to_json(self) -> str:
        """Return the text of the truth file; the same truth gives the same text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    def write(self, path: Path) -> None:
        """Writes the truth file."""
        path.write_text(self.to_json())


def truth(history: History) -> Truth:
    """Return the truth about a history. `middle` is at the end of the recorded day that is nearest to half the
    events."""
    entries = history.time_index()
    time, middle = min(entries, key=lambda entry: abs(entry[1] - len(history) / 2))
    setting, people, strength = (
        history.frame,
        history.people,
        dict(zip(shape.SOURCES, shape.SOURCE_STRENGTH, strict=True)),
    )
    return Truth(
        synthetic=True,
        seed=setting.seed,
        events=len(history),
        starts_on=setting.starts_on.isoformat(),
        ends_on=setting.ends_on.isoformat(),
        numpy=np.__version__,
        planted=asdict(setting.planted),
        source_strength=strength,
        strong_sources=[source for source, times in strength.items() if times >= 2],
        null_effects=["location"],
        people=len(people),
        nurtured=int((people.nurtured_from != FOREVER).sum()),
        hires=int((history.rows["type"] == Type.HIRED).sum()),
        openings_without_candidates=history.jobs.starved,
        end=believed(history, len(history), entries[-1][0]),
        middle=believed(history, middle, time),
    )


def believed(history: History, position: int, time: datetime) -> Believed:
    """Return the counts over the first `position` events, as if the log ended there."""
    rows = {name: column[:position] for name, column in history.rows.items()}
    touches, types = Touches.known(rows), rows["type"]
    recorded = rows["kind"][types == Type.TOUCHPOINT]
    root, entered = roots(rows, len(history.people)), np.isin(types, [Type.SOURCED, Type.REFERRED])
    courses = Courses.told(rows, root)
    credited = frozenset(rows["application"][types == Type.CREDITED].tolist())
    return Believed(
        position=position,
        time=time.isoformat(),
        candidates=int(entered.sum()),
        people=len(np.unique(root[rows["stream"][entered]])),
        pipeline=pipeline(history, rows, touches, root),
        engagement={str(window): engagement(touches, window, root) for window in WINDOWS},
        time_to_fill=time_to_fill(history, rows),
        touchpoints=by_kind(touches.kind[touches.kind != NONE]),
        recorded=by_kind(recorded),
        stage_conversion=truth_of_applications.conversion(courses),
        stage_activity=truth_of_applications.activity(courses),
        time_in_stage=truth_of_applications.time_in_stage(courses),
        time_to_hire=truth_of_applications.time_to_hire(courses),
        source_of_hire=truth_of_applications.source_of_hire(courses, first_sources(history, rows, root), credited),
        referrals=referrals(rows),
        referrals_by_standing=truth_of_applications.referrals_by_standing(rows, courses),
        communities=communities(rows, root),
        merges=merges(rows),
        imports=imported(rows),
    )


def roots(rows: Block, records: int) -> Column:
    """Return the record that speaks for each record, by the merges and un-merges among the rows."""
    chosen_rows = only(rows, np.isin(rows["type"], [Type.MERGED, Type.UNMERGED]) & (rows["stream"] == rows["person"]))
    above: dict[int, int] = {}
    for type_, absorbed, survivor in zip(
        *(chosen_rows[name].tolist() for name in ("type", "person", "other")), strict=True
    ):
        if type_ == Type.MERGED:
            above[absorbed] = survivor
        else:
            del above[absorbed]
    root = np.arange(records)
    for record in above:
        speaker = record
        while speaker in above:
            speaker = above[speaker]
        root[record] = speaker
    return root


def first_sources(history: History, rows: Block, root: Column) -> dict[int, str]:
    """Return the source of the earliest record of each person."""
    chosen_rows = only(rows, np.isin(rows["type"], [Type.SOURCED, Type.REFERRED]))
    order = np.argsort(chosen_rows["occurred"], kind="stable")[::-1]
    earliest = dict(
        zip(root[chosen_rows["stream"][order]].tolist(), chosen_rows["stream"][order].tolist(), strict=True)
    )
    return {person: shape.SOURCES[history.people.source[record]] for person, record in earliest.items()}


def referrals(rows: Block) -> Months:
    """By month what was done: asked, made, accepted, declined, linked to an application, credited."""
    types = (Type.REFERRAL_ASKED, Type.MADE, Type.TAKEN_UP, Type.TURNED_DOWN, Type.TURNED_INTO, Type.CREDITED)
    names = ("asked", "made", "accepted", "declined", "linked", "credited")
    day = rows["occurred"] // DAY
    return by_month(*stacked([(rows["type"] == type_, day) for type_ in types]), names)


def communities(rows: Block, root: Column) -> dict[str, int]:
    """Return how many people are in each community; no person joins one twice, so a person who left is out."""
    pairs = [
        set(zip(rows["person"][which].tolist(), rows["community"][which].tolist(), strict=True))
        for which in (rows["type"] == Type.JOINED, rows["type"] == Type.QUIT)
    ]
    founded = rows["community"][rows["type"] == Type.FOUNDED].tolist()
    people = {(int(root[record]), community) for record, community in pairs[0] - pairs[1]}
    return {
        f"{around}.{topic}": sum(item == number for _, item in people)
        for number, (around, topic) in enumerate(shape.COMMUNITIES)
        if number in founded
    }


def merges(rows: Block) -> dict[str, int]:
    """Return how many merges were made and undone, and how many stand."""
    own = rows["stream"] == rows["person"]
    made, undone = (int((own & (rows["type"] == type_)).sum()) for type_ in (Type.MERGED, Type.UNMERGED))
    return {"made": made, "undone": undone, "standing": made - undone}


def imported(rows: Block) -> dict[str, int]:
    """Return how many events the import recorded in all, and of some types."""
    recorded = rows["type"][rows["imported"] == 1]
    types = {"candidates": (Type.SOURCED, Type.REFERRED), "touchpoints": (Type.TOUCHPOINT,), "consents": (Type.GIVEN,)}
    return {"events": len(recorded), **{name: int(np.isin(recorded, some).sum()) for name, some in types.items()}}


def by_kind(kinds: Column) -> dict[str, int]:
    """Return how many of each kind there are; leave out those that do not occur."""
    return {
        name: count
        for name, count in zip(KINDS, np.bincount(kinds, minlength=len(KINDS)).tolist(), strict=True)
        if count
    }


@dataclass(frozen=True, slots=True)
class Touches:
    """The touchpoints as they were last believed; `kind` NONE: it never happened."""

    person: Column
    kind: Column
    at: Column
    machine: Column
    message: Column

    @classmethod
    def known(cls, rows: Block) -> Touches:
        """Return the touchpoints of these rows after the corrections among them (a touchpoint has at most one)."""
        chosen_rows, wrong = only(rows, rows["type"] == Type.TOUCHPOINT), only(rows, rows["type"] == Type.CORRECTED)
        order = np.argsort(chosen_rows["touch"], kind="stable")
        chosen_rows = only(chosen_rows, order)
        where = np.searchsorted(chosen_rows["touch"], wrong["touch"])
        kind, at, machine = (chosen_rows[name].astype(np.int64) for name in ("kind", "occurred", "machine"))
        kind[where], at[where], machine[where] = wrong["new_kind"], wrong["new_at"], wrong["new_machine"]
        # What was sent to ask for a referral is a message too, named by the referral.
        requested = (chosen_rows["kind"] == REFERRAL_ASKED) & (chosen_rows["referral"] != NONE)
        others = int(chosen_rows["message"].max(initial=NONE)) + 1
        message = np.where(
            requested, others + chosen_rows["referral"].astype(np.int64), chosen_rows["message"].astype(np.int64)
        )
        return cls(chosen_rows["person"].astype(np.int64), kind, at, machine, message)


def by_month(day: Column, what: Column, names: Sequence[str]) -> Months:
    """Return how many of each `what` (a number in `names`) there are in each month of these days (counted from
    1970)."""
    months = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    result: Months = {}
    pairs, counts = np.unique(months * len(names) + what, return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        month, name = divmod(pair, len(names))
        result.setdefault(str(np.datetime64(month, "M")), {})[names[name]] = count
    return result


def stacked(parts: Sequence[tuple[Flags, Column]]) -> tuple[Column, Column]:
    """Return the chosen values of each part, one part after the other, and the number of the part each came from."""
    values = np.concatenate([column[which] for which, column in parts])
    return values, np.repeat(np.arange(len(parts)), [int(which.sum()) for which, _ in parts])


def pipeline(history: History, rows: Block, touches: Touches, root: Column) -> dict[str, Months]:
    """Return the flows of the pipeline by month, of all and of each source, from each person's days of activity and
    exit."""
    person, day, what = flows(*nodes(rows, touches, root))
    source = history.people.source[person]
    by_source = {name: source == number for number, name in enumerate(shape.SOURCES)}
    parts = {name: by_month(day[which], what[which], FLOWS) for name, which in by_source.items()}
    return {"all": by_month(day, what, FLOWS), **parts}


def nodes(rows: Block, touches: Touches, root: Column) -> tuple[Column, Column, Column]:
    """Person, day and rank (0 active, 1 hired, 2 opted out), each once, in order of time within each person.

    A hire that was undone is none.
    """
    entered = np.isin(rows["type"], [Type.SOURCED, Type.REFERRED])
    hired = (rows["type"] == Type.HIRED) & (taken_back(rows) == NONE)
    left = (rows["type"] == Type.WITHDRAWN) & (rows["flag"] & ENTIRELY > 0) & (rows["flag"] & BY_MERGE == 0)
    engaged = (touches.kind != NONE) & ENGAGES[touches.kind] & (touches.machine == 0)
    parts = [(touches.person[engaged], touches.at[engaged], 0)]
    for which, rank in ((entered, 0), (hired, 1), (left, 2)):
        parts.append((rows["person"][which].astype(np.int64), rows["occurred"][which], rank))
    codes = np.concatenate([(root[person] * 2**20 + at // DAY) * 3 + rank for person, at, rank in parts])
    codes = np.unique(codes)
    return codes // 3 // 2**20, codes // 3 % 2**20, codes % 3


FLOWS = ("new", "reactivated", "dormant", "exited.hired", "exited.opted-out")


def flows(person: Column, day: Column, rank: Column) -> tuple[Column, Column, Column]:
    """Person, day and number (in FLOWS) of each flow between neighbouring nodes of a person, as `active-180` says."""
    follows = np.r_[False, person[1:] == person[:-1]]
    before, was = np.roll(day, 1), np.roll(rank, 1)
    ends = ~np.r_[follows[1:], False]
    active, after_activity = rank == 0, follows & (was == 0)
    first = np.zeros(len(day), np.bool_)
    first[np.flatnonzero(active)[np.unique(person[active], return_index=True)[1]]] = True
    lapsed = after_activity & (day + (rank > 0) > before + ACTIVE_DAYS)
    left = after_activity & (rank > 0) & (day < before + ACTIVE_DAYS)
    parts = [
        (first, day),
        (active & ~first & ((was > 0) | (day > before + ACTIVE_DAYS)), day),
        (lapsed, before + ACTIVE_DAYS),
        (left & (rank == 1), day),
        (left & (rank == 2), day),
        (active & ends, day + ACTIVE_DAYS),
    ]
    days, number = stacked(parts)
    people, _ = stacked([(which, person) for which, _ in parts])
    return people, days, np.where(number == len(FLOWS), FLOWS.index("dormant"), number)


def engagement(touches: Touches, window: int, root: Column) -> Months:
    """By month of sending: messages sent, bounced, and opened, clicked or replied to within the window of days.

    Each once for a person, whichever of their records it reached; who it came back from did not react to it.
    """
    numbered = touches.message * len(root) + root[touches.person]
    message = np.where(touches.message == NONE, NONE, np.unique(numbered, return_inverse=True)[1])
    number = int(message.max(initial=NONE)) + 1
    outcome = np.where(touches.kind == NONE, "", OUTCOMES[touches.kind])
    human = touches.machine == 0
    back, back_from = came_back(touches, outcome, message, number)

    def first(which: Flags) -> Column:
        times = np.full(number, FOREVER)
        which = which & (message != NONE) & ~back_from
        np.minimum.at(times, message[which], touches.at[which])
        return times

    sent, opened = np.full(number, FOREVER), outcome == "opened"
    went = (outcome == "sent") & (message != NONE)
    np.minimum.at(sent, message[went], touches.at[went])
    dated, in_time = sent != FOREVER, sent + window * DAY
    reached = dated & ~back
    counted = {
        "sent": dated,
        "bounced": dated & back,
        "opened": reached & (first(opened) < in_time),
        "opened.human": reached & (first(opened & human) < in_time),
        "opened.machine": reached & (first(opened & ~human) < in_time),
        "clicked": reached & (first((outcome == "clicked") & human) < in_time),
        "replied": reached & (first((outcome == "replied") & human) < in_time),
    }
    return by_month(*stacked([(which, sent // DAY) for which in counted.values()]), tuple(counted))


def came_back(touches: Touches, outcome: npt.NDArray[np.str_], message: Column, number: int) -> tuple[Flags, Flags]:
    """Of each person's message whether it came back, and of each touchpoint whether its record's did.

    A message came back from a person when it did from all of their records that it went to.
    """
    numbered = touches.message * (int(touches.person.max(initial=0)) + 1) + touches.person
    own = np.unique(numbered, return_inverse=True)[1]
    named = message != NONE
    went, bounced = (np.zeros(len(own) + 1, np.bool_) for _ in range(2))
    went[own[named & (outcome == "sent")]] = True
    bounced[own[named & (outcome == "bounced")]] = True
    left, strayed = (np.zeros(number, np.bool_) for _ in range(2))
    left[message[named & went[own] & ~bounced[own]]] = True
    strayed[message[named & bounced[own] & ~went[own]]] = True
    any_back = np.zeros(number, np.bool_)
    any_back[message[named & bounced[own]]] = True
    return any_back & (strayed | ~left), bounced[own]


def time_to_fill(history: History, rows: Block) -> dict[str, Months]:
    """By month opened: spells, how each stands, and the sums of the days that the filled ones took and were held."""
    requisition, day, fate, days, held = truth_of_jobs.lines(rows)
    evergreen = history.jobs.evergreen[requisition]
    parts = {"all": np.ones(len(day), np.bool_), "regular": ~evergreen, "evergreen": evergreen}
    return {name: cohorts(day[which], fate[which], days[which], held[which]) for name, which in parts.items()}


COHORT = (*truth_of_jobs.FATES, "opened", "days", "held")


def cohorts(day: Column, fate: Column, days: Column, held: Column) -> Months:
    """By month: how many spells there are of each fate and in all ('opened'), and the sums of their days."""
    spans = [(np.repeat(day, n), COHORT.index(name)) for name, n in (("days", days), ("held", held))]
    every = [*spans, (day, COHORT.index("opened"))]
    what = np.concatenate([fate, *(np.full(len(column), number) for column, number in every)])
    return by_month(np.concatenate([day, *(column for column, _ in every)]), what, COHORT)

"""What every time to fill must say of a log, worked out slowly in plain Python that shares no code with the product.

An event is a dict as in tests/oracle.py. A line is what one thing contributes: how it stands, and after how many days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from tests.oracle import Log, Wanted, by_stream, fits, hires, local_day, of_type

Line = tuple[str, int]
"""(filled, cancelled or open; days)"""
Spell = tuple[date, str, date | None]
"""(when it began, how it stands, when it ended)"""


@dataclass
class Job:
    """One job as it is known: what it holds now, after all that was undone."""

    posted: dict[str, Any]
    spells: list[tuple[date, dict[str, Any] | None]] = field(default_factory=list)
    opened: list[date] = field(default_factory=list)
    hires: dict[str, dict[str, Any]] = field(default_factory=dict)
    pauses: list[tuple[date, date | None]] = field(default_factory=list)
    active: list[date] = field(default_factory=list)
    closed_since: date | None = None


def jobs(log: Log) -> list[Job]:
    return [job_of(log, posted) for posted in of_type(log, "requisition-opened")]


def job_of(log: Log, posted: dict[str, Any]) -> Job:
    job = Job(posted)
    of_stream = [event for event in log if event["stream"] == posted["stream"]]
    own = [dated(event, log) for event in of_stream if event not in of_type(of_stream, "opening-date-corrected")]
    job.posted = posted = dated(posted, log)
    for event in of_type(own, "requisition-opened", "opening-opened", "opening-reopened", "requisition-resumed"):
        job.active.append(local_day(event["at"]))
    job.opened = [local_day(event["at"]) for event in of_type(own, "opening-opened")]
    for opening in dict.fromkeys(event["clear"].get("opening") for event in of_type(own, "opening-opened")):
        job.spells += spells([event for event in own if event["clear"].get("opening") == opening])
    for application in by_stream(log):
        mine = [hire for hire in hires(application) if hire["clear"]["requisition"] == posted["stream"]]
        if mine:
            job.hires[mine[0]["stream"]] = min(mine, key=in_time)
    job.pauses = pauses(log, posted["stream"])
    follow_closings(job, sorted(of_type(own, "requisition-closed", "requisition-reopened"), key=in_time))
    return job


def dated(event: dict[str, Any], log: Log) -> dict[str, Any]:
    """The event; one that opens a job or an opening with the newest date that is said, its own before its job's."""
    kind = {"requisition-opened.v1": "requisition", "opening-opened.v1": "opening"}.get(event["type"])
    own = dates(log, event, f"{kind}-date-corrected")
    follows = kind == "opening" and event.get("how", "unknown").startswith("derived.job.")
    corrections = own or (dates(log, {**event, "clear": {}}, "requisition-date-corrected") if follows else [])
    newest = max(corrections, key=in_time, default=None)
    return event if newest is None else event | {"at": datetime.fromisoformat(newest["clear"]["opened_at"])}


def dates(log: Log, event: dict[str, Any], name: str) -> Log:
    """What is said of the date of the event's job or opening."""
    opening = event["clear"].get("opening")
    of_stream = [correction for correction in of_type(log, name) if correction["stream"] == event["stream"]]
    return [correction for correction in of_stream if correction["clear"].get("opening") == opening]


def follow_closings(job: Job, turns: Log) -> None:
    """A job that is opened after it was closed is made active; until then its openings without an end are given up."""
    for turn in turns:
        day, is_closed = local_day(turn["at"]), job.closed_since is not None
        if turn["type"].startswith("requisition-closed"):
            job.closed_since = day if job.closed_since is None else job.closed_since
        elif is_closed:
            job.active.append(day)
            job.closed_since = None
    if job.closed_since is not None:
        with_job = {"type": "opening-cancelled.v1", "at": None, "day": job.closed_since}
        job.spells = [(begun, with_job if end is None else end) for begun, end in job.spells]


def in_time(event: dict[str, Any]) -> tuple[Any, int]:
    return event["at"], event["position"]


def spells(events: Log) -> list[tuple[date, dict[str, Any] | None]]:
    """Of one opening: when each spell began, and the end that counts of those that stand: the earliest fill, if any."""
    parts: list[Log] = []
    for event in events:
        if event["type"].startswith("opening-opened") or event["clear"].get("need") == "new":
            parts.append([])
        parts[-1].append(event)
    result = []
    for part in parts:
        ends = ends_that_stand(part[1:])
        fills = of_type(ends, "opening-filled")
        result.append((local_day(part[0]["at"]), min(fills or ends, key=in_time, default=None)))
    return result


def ends_that_stand(events: Log) -> Log:
    """The ends of a spell: a reopening takes back the last before it that is dated no later, else the last; where it
    names an application whose hires fill it, of those."""
    ends: Log = []
    for event in events:
        if not event["type"].startswith("opening-reopened"):
            ends.append(event)
            continue
        undone = event["clear"].get("application")
        own = [end for end in ends if undone is not None and end["clear"].get("application") == undone] or ends
        dated = [end for end in own if end["at"] <= event["at"]]
        if own:
            ends.remove((dated or own)[-1])
    return ends


def pauses(log: Log, job: str) -> list[tuple[date, date | None]]:
    """From day to day on hold, in the order in which it was so; None: it lasts."""
    turns = [event for event in of_type(log, "requisition-held", "requisition-resumed") if event["stream"] == job]
    turns.sort(key=lambda event: (event["at"], event["position"]))
    days: list[date | None] = [local_day(turn["at"]) for turn in turns[1:]]
    return [
        (local_day(turn["at"]), following)
        for turn, following in zip(turns, [*days, None], strict=False)
        if turn["type"].startswith("requisition-held")
    ]


def held(job: Job, begins: date, ends: date) -> int:
    """The number of days on hold with begins <= day < ends, counted one by one."""
    return sum(
        any(since.toordinal() <= day and (until is None or day < until.toordinal()) for since, until in job.pauses)
        for day in range(begins.toordinal(), ends.toordinal())
    )


def time_to_fill(
    log: Log, begins: date, ends: date, wanted: Wanted, today: date, definition: str, evergreen: bool, net: bool = False
) -> list[Line]:
    """The line of everything that the definition counts and that began in the period; `net` of holds."""
    lines: list[Line] = []
    for job in jobs(log):
        if not fits(job.posted, wanted) or job.posted["clear"]["evergreen"] != evergreen:
            continue
        for start, fate, end in DEFINITIONS[definition](log, job):
            if begins <= start < ends:
                ended = today if end is None else end
                less = held(job, start, ended) if net or (definition == "workable" and fate == "filled") else 0
                lines.append((fate, max((ended - start).days, 0) - less))
    return lines


def _by_spell(job: Job, end_of_fill: Callable[[dict[str, Any]], date]) -> list[Spell]:
    spells: list[Spell] = []
    for start, end in job.spells:
        if end is None:
            spells.append((start, "open", None))
        elif end["type"].startswith("opening-filled"):
            spells.append((start, "filled", end_of_fill(end)))
        else:
            spells.append((start, "cancelled", day_of(end)))
    return spells


def day_of(end: dict[str, Any]) -> date:
    """The day of an end; that of a closing is worked out."""
    day: date = end["day"] if "day" in end else local_day(end["at"])
    return day


def _ends(job: Job, name: str) -> list[date]:
    return [day_of(end) for _, end in job.spells if end is not None and end["type"].startswith(name)]


def _days_open(_: Log, job: Job) -> list[Spell]:
    if not job.opened:
        return []
    start, given_up = min(job.opened), _ends(job, "opening-cancelled")
    if job.hires:
        return [(start, "filled", max(local_day(hire["at"]) for hire in job.hires.values()))]
    if len(given_up) == len(job.spells):
        return [(start, "cancelled", max(given_up))]
    return [(start, "open", None)]


def _pinpoint(log: Log, job: Job) -> list[Spell]:
    if not job.hires or not job.opened:
        return _days_open(log, job)
    return [(min(job.opened), "filled", local_day(hire["at"])) for hire in job.hires.values()]


def _workable(log: Log, job: Job) -> list[Spell]:
    if not job.hires:
        return _days_open(log, job)
    spells: list[Spell] = []
    for hire in job.hires.values():
        begun = _begun(log, hire, job.posted["stream"])
        start = max((day for day in job.active if day <= begun), default=begun)
        spells.append((start, "filled", local_day(hire["at"])))
    return spells


def _begun(log: Log, hire: dict[str, Any], job: str) -> date:
    """The day on which the hire's application for this job began, as it was known when it was hired."""
    of_job, any_job = [], []
    for event in of_type(log, "prospect-added", "application-submitted", "application-transferred"):
        if event["stream"] == hire["stream"] and event["position"] < hire["position"]:
            clear = event["clear"]
            any_job.append(local_day(event["at"]))
            if (clear["to"] if "to" in clear else clear["requisition"]) == job:
                of_job.append(local_day(event["at"]))
    return min(of_job or any_job)


def _frappe(_: Log, job: Job) -> list[Spell]:
    start = local_day(job.posted["at"])
    if not job.spells or any(end is None for _, end in job.spells):
        return [(start, "open", None)]
    fills = _ends(job, "opening-filled")
    if fills:
        return [(start, "filled", max(fills))]
    return [(start, "cancelled", max(_ends(job, "opening-cancelled")))]


DEFINITIONS: dict[str, Callable[[Log, Job], list[Spell]]] = {
    "standard": lambda _, job: _by_spell(job, lambda fill: local_day(fill["clear"]["accepted_at"])),
    "greenhouse": lambda _, job: _by_spell(job, lambda fill: local_day(fill["at"])),
    "smartrecruiters.days_open": _days_open,
    "pinpoint": _pinpoint,
    "workable": _workable,
    "frappe": _frappe,
}


def unfilled(lines: list[Line], days: int) -> list[Fraction]:
    """Kaplan-Meier's share still unfilled at the end of each of so many days, from day 0 on."""
    shares, share = [], Fraction(1)
    for passed in range(days):
        at_risk = sum(days >= passed for _, days in lines)
        filled = sum(days == passed and fate == "filled" for fate, days in lines)
        share *= 1 - Fraction(filled, at_risk) if filled else 1
        shares.append(share)
    return shares


def filled_by(lines: list[Line], share: Fraction) -> int | None:
    """The first day by whose end this share is filled."""
    shares = unfilled(lines, max((days for _, days in lines), default=-1) + 1)
    return next((day for day, left in enumerate(shares) if 1 - left >= share), None)


def restricted_mean(lines: list[Line], horizon: int) -> Fraction:
    return sum(unfilled(lines, horizon), Fraction(0))


def incidence(lines: list[Line], fate: str, day: int) -> Fraction:
    """Aalen-Johansen's share that has ended so by the end of a day."""
    left, share = Fraction(1), Fraction(0)
    for passed in range(day + 1):
        at_risk = sum(days >= passed for _, days in lines)
        ended = [how for how, days in lines if days == passed and how != "open"]
        if ended:
            share += left * Fraction(ended.count(fate), at_risk)
            left *= 1 - Fraction(len(ended), at_risk)
    return share


def log_rank(now: list[Line], then: list[Line]) -> tuple[Fraction, Fraction] | None:
    """(the square of how many more were filled than expected, its variance); None where it is 0."""
    more, variance = Fraction(0), Fraction(0)
    for day in sorted({days for fate, days in now + then if fate == "filled"}):
        n1 = sum(days >= day for _, days in now)
        n = n1 + sum(days >= day for _, days in then)
        filled1, filled = now.count(("filled", day)), (now + then).count(("filled", day))
        more += filled1 - Fraction(filled * n1, n)
        if n > 1:
            variance += Fraction(filled * n1 * (n - n1) * (n - filled), n * n * (n - 1))
    return (more * more, variance) if variance else None

"""What the four metrics of applications must say of a log, worked out slowly in plain Python of its own.

An event is a dict: position, stream, version, type, at (aware), clear (as stored). Days are local to ZONE.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "Europe/Berlin"
Event = Mapping[str, Any]
Log = list[dict[str, Any]]
FUNNEL = [{"applied"}, {"screen", "phone-screen"}, {"interview", "onsite", "reference-check"}, {"offer"}, {"hired"}]
"""The standard funnel, as far as the tests' histories speak of it."""


def day_of(event: Event) -> date:
    moment: datetime = event["at"]
    return moment.astimezone(ZoneInfo(ZONE)).date()


def name_of(event: Event) -> str:
    return str(event["type"]).removesuffix(".v1")


@dataclass
class Stretch:
    """A part of an application during which it was for one job, and everything in it in the order in which it was so.

    `came` is the transfer that brought it, `went` the one that ended it.
    """

    application: str
    person: str
    events: list[Event]
    came: Event | None = None
    went: Event | None = None
    submitted_before: bool = False
    job: str = ""

    def find_job(self) -> str:
        """The last submission or transfer to it that we learned of, else what was named first."""
        brought = [(e["position"], e["clear"]["requisition"]) for e in self.of("application-submitted")]
        if self.came is not None:
            brought.append((self.came["position"], self.came["clear"]["to"]))
        if brought:
            return str(max(brought)[1])
        events = [*self.events, *([] if self.went is None else [self.went])]
        named = [(e["position"], e["clear"]["requisition"]) for e in events if e["clear"].get("requisition")]
        return str(min(named)[1]) if named else self.application

    def of(self, *names: str) -> list[Event]:
        return [event for event in self.events if name_of(event) in names]

    def entered(self) -> Iterator[tuple[str, date]]:
        """(code, day) of every way into a stage of the funnel."""
        if self.came is not None:
            yield ("applied" if self.submitted_before else "prospect"), day_of(self.came)
        for event in self.events:
            match name_of(event):
                case "application-submitted":
                    yield "applied", day_of(event)
                case "prospect-added":
                    yield "prospect", day_of(event)
                case "offer-made" | "offer-accepted":
                    yield "offer", day_of(event)
                case "stage-entered" | "application-moved-back" if event["clear"]["stage"] != "hired":
                    yield event["clear"]["stage"], day_of(event)
        hire = self.hire()
        if hire is not None:
            yield "hired", day_of(hire)

    def hire(self) -> Event | None:
        """The first hire that was not undone afterwards."""
        standing: list[Event] = []
        for event in self.of("candidate-hired", "candidate-unhired"):
            standing = [*standing, event] if name_of(event) == "candidate-hired" else []
        return standing[0] if standing else None

    def acceptance(self) -> Event | None:
        """The last acceptance that was not taken back afterwards."""
        accepted: list[Event] = []
        for event in self.of("offer-accepted", "offer-declined", "offer-rescinded"):
            if name_of(event) == "offer-accepted":
                accepted.append(event)
            else:
                about = event["clear"]["opening"]
                accepted = [one for one in accepted if about is not None and one["clear"]["opening"] != about]
        return accepted[-1] if accepted else None

    def is_under_way(self) -> bool:
        if self.went is not None:
            return False
        told = self.of(*BEGIN, *MOVE, *END, *RESTORE)
        return name_of(told[-1]) not in END if told else self.came is not None

    def entry_days(self) -> tuple[list[date], list[date], list[date]]:
        """Days of beginnings that name this job, of all beginnings, and of everything that happened."""
        named = [day_of(e) for e in self.of(*BEGIN) if e["clear"]["requisition"] == self.job]
        begun = [day_of(e) for e in self.of(*BEGIN)]
        every = [day_of(e) for e in self.events]
        if self.came is not None:
            here = day_of(self.came)
            named, begun = named + [here] * (self.came["clear"]["to"] == self.job), [*begun, here]
        moved = [day_of(transfer) for transfer in (self.came, self.went) if transfer is not None]
        return named, begun, every + moved


BEGIN = ("prospect-added", "application-submitted")
MOVE = ("stage-entered", "application-moved-back")
END = ("application-rejected", "application-withdrawn", "candidate-hired")
RESTORE = ("application-unrejected", "candidate-unhired")
OFFERS = ("offer-made", "offer-accepted", "offer-declined", "offer-rescinded")
OF_APPLICATIONS = (*BEGIN, *MOVE, *END, *RESTORE, *OFFERS, "application-transferred", "application-referred")


@dataclass
class Known:
    """A log, sorted out: who is whom, and the courses of all applications."""

    log: Log
    survivors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for event in self.log:
            told = event["clear"]
            if name_of(event) == "candidates-merged" and event["stream"] == told["absorbed"]:
                self.survivors[told["absorbed"]] = told["survivor"]
            if name_of(event) == "candidates-unmerged" and event["stream"] == told["absorbed"]:
                self.survivors.pop(told["absorbed"], None)

    def person(self, record: str) -> str:
        while record in self.survivors:
            record = self.survivors[record]
        return record

    def entries(self) -> dict[str, Event]:
        """By record, the event that made it."""
        names = ("candidate-sourced", "candidate-referred")
        return {e["stream"]: e for e in self.log if name_of(e) in names and e["version"] == 1}

    def fits(self, person: str, wanted: Mapping[str, str]) -> bool:
        entry = self.entries().get(person)
        return all((entry["clear"][key] if entry else "unknown") == value for key, value in wanted.items())

    def courses(self, wanted: Mapping[str, str]) -> dict[str, list[Event]]:
        """By application of the people wanted, what happened to it in the order in which it was so."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.log:
            if name_of(event) in OF_APPLICATIONS and self.fits(self.person(event["clear"]["candidate"]), wanted):
                found[event["stream"]].append(event)
        return {name: sorted(events, key=lambda e: (e["at"], e["position"])) for name, events in found.items()}

    def stretches(self, wanted: Mapping[str, str]) -> list[Stretch]:
        found = []
        for application, events in self.courses(wanted).items():
            current = Stretch(application, self.person(events[0]["clear"]["candidate"]), [])
            found.append(current)
            submitted = False
            for event in events:
                if name_of(event) == "application-transferred":
                    current.went = event
                    current = Stretch(application, current.person, [], event, None, submitted)
                    found.append(current)
                else:
                    current.events.append(event)
                    submitted = submitted or name_of(event) == "application-submitted"
        for stretch in found:
            stretch.job = stretch.find_job()
        return found

    def candidacies(self, wanted: Mapping[str, str]) -> dict[tuple[str, str], list[Stretch]]:
        found: defaultdict[tuple[str, str], list[Stretch]] = defaultdict(list)
        for stretch in self.stretches(wanted):
            if stretch.events or stretch.came or stretch.went:
                found[stretch.person, stretch.job].append(stretch)
        return found

    def hires(self, wanted: Mapping[str, str]) -> list[tuple[Event, Stretch, list[Stretch]]]:
        """The hire of each candidacy that has one, where it was, and all of the candidacy."""
        found = []
        for stretches in self.candidacies(wanted).values():
            hires = [(hire, one) for one in stretches if (hire := one.hire()) is not None]
            if hires:
                found.append((*min(hires, key=lambda each: (each[0]["at"], each[0]["position"])), stretches))
        return found


@dataclass
class Cell:
    """Of those who entered a stage, who reached a later one."""

    n: int = 0
    reached: int = 0
    censored: int = 0
    within: dict[int, list[int]] = field(default_factory=lambda: {30: [0, 0], 60: [0, 0], 90: [0, 0]})


def cohorts(
    log: Log, begins: date, ends: date, wanted: Mapping[str, str], today: date, funnel: list[set[str]]
) -> tuple[int, dict[tuple[int, int], Cell]]:
    """How many entered any stage but the last in the period; by (stage, later stage), counted from 0, who got there."""
    cells: defaultdict[tuple[int, int], Cell] = defaultdict(Cell)
    entered = 0
    for stretches in Known(log).candidacies(wanted).values():
        days: defaultdict[int, list[date]] = defaultdict(list)
        for code, day in (way for stretch in stretches for way in stretch.entered()):
            for number, codes in enumerate(funnel):
                if code in codes:
                    days[number].append(day)
        under_way = any(stretch.is_under_way() for stretch in stretches)
        here = [number for number in days if number < len(funnel) - 1 and begins <= min(days[number]) < ends]
        entered += bool(here)
        for number in here:
            for later in range(number + 1, len(funnel)):
                further = [day for other, found in days.items() if other >= later for day in found]
                count(cells[number, later], min(days[number]), min(further, default=None), under_way, today)
    return entered, dict(cells)


def count(cell: Cell, began: date, reached: date | None, under_way: bool, today: date) -> None:
    cell.n += 1
    cell.reached += reached is not None
    cell.censored += reached is None and under_way
    for days, counted in cell.within.items():
        last_but_one = began + timedelta(days)
        if today >= last_but_one:
            counted[0] += 1
            counted[1] += reached is not None and reached < last_but_one


ACTIVITIES = {
    "prospect-added": "entered", "application-submitted": "entered", "stage-entered": "entered",
    "application-moved-back": "moved-back", "offer-made": "offer-made", "offer-accepted": "offer-accepted",
    "offer-declined": "offer-declined", "offer-rescinded": "offer-rescinded", "candidate-hired": "hired",
    "candidate-unhired": "unhired", "application-rejected": "rejected", "application-unrejected": "unrejected",
    "application-withdrawn": "withdrawn", "application-transferred": "transferred",
}  # fmt: skip


def activity(log: Log, begins: date, ends: date, wanted: Mapping[str, str]) -> Counter[tuple[str, str | None]]:
    counted: Counter[tuple[str, str | None]] = Counter()
    for events in Known(log).courses(wanted).values():
        for event in events:
            if name_of(event) in ACTIVITIES and begins <= day_of(event) < ends:
                special = {"prospect-added": "prospect", "application-submitted": "applied"}
                code = special.get(name_of(event), event["clear"].get("stage"))
                counted[ACTIVITIES[name_of(event)], code] += 1
    return counted


Visit = tuple[str, bool, int]
"""(code, completed, days)"""


def visits(log: Log, begins: date, ends: date, wanted: Mapping[str, str], today: date) -> list[Visit]:
    """The visits that began in the period."""
    found: list[Visit] = []
    for events in Known(log).courses(wanted).values():
        for code, came, left in _course(events):
            if begins <= day_of(came) < ends and (left is None or left["at"] > came["at"]):
                last = today if left is None else day_of(left)
                found.append((code, left is not None, max((last - day_of(came)).days, 0)))
    return found


def _course(events: list[Event]) -> Iterator[tuple[str, Event, Event | None]]:
    """(code, the event that began it, the one that ended it) walking along an application."""
    standing: tuple[str, Event] | None = None
    last, submitted = None, False
    for event in events:
        name, entering = name_of(event), None
        if name == "prospect-added":
            entering = "prospect"
        elif name == "application-submitted":
            entering, submitted = "applied", True
        elif name in MOVE:
            entering = event["clear"]["stage"]
        elif name == "application-transferred":
            if standing is not None:
                yield (*standing, event)
            entering, standing = ("applied" if submitted else "prospect"), None
        elif name in RESTORE and standing is None:
            entering = last
        elif name in END and standing is not None:
            yield (*standing, event)
            standing = None
        if entering is not None and (standing is None or standing[0] != entering):
            if standing is not None:
                yield (*standing, event)
            standing, last = (entering, event), entering
    if standing is not None:
        yield (*standing, None)


def days_to_hire(log: Log, begins: date, ends: date, wanted: Mapping[str, str]) -> list[int]:
    found = []
    for hire, stretch, stretches in Known(log).hires(wanted):
        accepted = day_of(stretch.acceptance() or hire)
        if begins <= accepted < ends:
            entered = [[day for one in stretches for day in one.entry_days()[rank]] for rank in range(3)]
            first = min(next(days for days in entered if days))
            found.append(max((accepted - first).days, 0))
    return sorted(found)


def sources(log: Log, begins: date, ends: date, wanted: Mapping[str, str], attribution: str) -> Counter[str]:
    known, counted = Known(log), Counter[str]()
    credited = {e["clear"]["application"] for e in log if name_of(e) == "referral-credited"}
    for hire, stretch, _ in known.hires(wanted):
        if begins <= day_of(hire) < ends:
            mine = [e for record, e in known.entries().items() if known.person(record) == stretch.person]
            first = min(mine, key=lambda e: (e["at"], e["position"]))["clear"]["source"] if mine else "unknown"
            touches = [e for e in known.courses({})[stretch.application] if name_of(e) in BEGIN]
            last = touches[-1]["clear"]["source"] if touches else "unknown"
            if attribution == "first-touch":
                counted[first] += 1
            elif attribution == "last-touch":
                counted[last] += 1
            elif stretch.application in credited:
                counted["referral"] += 1
            else:
                counted[last if last != "unknown" else first] += 1
    return counted


def over_by(days: list[int], share: Fraction) -> int | None:
    """The first day by which at least this share were over."""
    return next((day for day in sorted(days) if Fraction(sum(d <= day for d in days), len(days)) >= share), None)


def surviving_half(lines: list[Visit]) -> int | None:
    """Kaplan-Meier's median."""
    left = Fraction(1)
    for day in sorted({days for _, _, days in lines}):
        at_risk = sum(days >= day for _, _, days in lines)
        left *= 1 - Fraction(sum(days == day and over for _, over, days in lines), at_risk)
        if left <= Fraction(1, 2):
            return day
    return None

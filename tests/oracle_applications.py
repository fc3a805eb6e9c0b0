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
        naming = [e for e in events if e["clear"].get("requisition") and name_of(e) != "offer-decline-taken-back"]
        named = [(e["position"], e["clear"]["requisition"]) for e in naming]
        return str(min(named)[1]) if named else self.application

    def of(self, *names: str) -> list[Event]:
        return [event for event in self.events if name_of(event) in names]

    def entered(self) -> Iterator[tuple[str, date]]:
        """(code, day) of every way into a stage of the funnel, but for offers and hires."""
        if self.came is not None:
            yield ("applied" if self.submitted_before else "prospect"), day_of(self.came)
        for event in self.events:
            match name_of(event):
                case "application-submitted":
                    yield "applied", day_of(event)
                case "prospect-added":
                    yield "prospect", day_of(event)
                case "stage-entered" | "application-moved-back" if event["clear"]["stage"] != "hired":
                    yield event["clear"]["stage"], day_of(event)

    def own(self) -> list[Event]:
        """What happened to it and names no job of its own."""
        return [event for event in self.events if not names_its_job(event)]

    def is_under_way(self, ended: set[str]) -> bool:
        """Whether it goes on, unless its application is one of those that ended."""
        if self.went is not None or self.application in ended:
            return False
        return self.came is not None or bool(self.of(*BEGIN, *MOVE, *RESTORE))

    def entry_days(self) -> tuple[list[date], list[date], list[date]]:
        """Days of beginnings that name this job, of all beginnings, and of everything that happened."""
        named = [day_of(e) for e in self.of(*BEGIN) if e["clear"]["requisition"] == self.job]
        begun = [day_of(e) for e in self.of(*BEGIN)]
        every = [day_of(e) for e in self.own()]
        if self.came is not None:
            here = day_of(self.came)
            named, begun = named + [here] * (self.came["clear"]["to"] == self.job), [*begun, here]
        moved = [day_of(transfer) for transfer in (self.came, self.went) if transfer is not None]
        return named, begun, every + moved


@dataclass
class Candidacy:
    """One person and one job: the stretches for it, and the offers and hires that name it (or fall into them)."""

    stretches: list[Stretch] = field(default_factory=list)
    answers: list[Event] = field(default_factory=list)

    def entered(self) -> Iterator[tuple[str, date]]:
        for stretch in self.stretches:
            yield from stretch.entered()
        for event in self.answers:
            if name_of(event) in ("offer-made", "offer-accepted"):
                yield "offer", day_of(event)

    def hires(self, undone: Mapping[int, Event]) -> list[Event]:
        return [e for e in self.answers if name_of(e) == "candidate-hired" and e["position"] not in undone]

    def first_day(self) -> date:
        """The first beginning that names the job, else the first of all, else the first of anything."""
        days = [stretch.entry_days() for stretch in self.stretches]
        named, begun, every = ([day for by_rank in days for day in by_rank[rank]] for rank in range(3))
        return min(named or begun or [*every, *(day_of(event) for event in self.answers)])


def names_its_job(event: Event) -> bool:
    return name_of(event) in ("offer-made", "offer-accepted", "candidate-hired") and bool(event["clear"]["requisition"])


def reversed_by(log: Log) -> dict[int, Event]:
    """By position of what was taken back, the event that took it back: one each, the last before it of its kind that
    is dated no later; where all are dated later, the last before it."""
    undone: dict[int, Event] = {}
    for number, event in enumerate(log):
        kind = TAKES_BACK.get(name_of(event))
        standing = [
            earlier for earlier in log[:number]
            if earlier["stream"] == event["stream"] and name_of(earlier) == kind and earlier["position"] not in undone
        ]  # fmt: skip
        dated = [earlier for earlier in standing if earlier["at"] <= event["at"]]
        if standing:
            undone[(dated or standing)[-1]["position"]] = event
    return undone


TAKES_BACK = {
    "candidate-unhired": "candidate-hired",
    "application-unrejected": "application-rejected",
    "offer-rescinded": "offer-accepted",
    "offer-decline-taken-back": "offer-declined",
}
BEGIN = ("prospect-added", "application-submitted")
MOVE = ("stage-entered", "application-moved-back")
END = ("application-rejected", "application-withdrawn", "candidate-hired")
RESTORE = ("application-unrejected", "candidate-unhired")
OFFERS = ("offer-made", "offer-accepted", "offer-declined", "offer-decline-taken-back", "offer-rescinded")
OF_APPLICATIONS = (*BEGIN, *MOVE, *END, *RESTORE, *OFFERS, "application-transferred", "application-referred")


@dataclass
class Facts:
    """A log, sorted out: who is whom, and the courses of all applications."""

    log: Log
    survivors: dict[str, str] = field(default_factory=dict)
    undone: dict[int, Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.undone = reversed_by(self.log)
        for event in self.log:
            clear = event["clear"]
            if name_of(event) == "candidates-merged" and event["stream"] == clear["absorbed"]:
                self.survivors[clear["absorbed"]] = clear["survivor"]
            if name_of(event) == "candidates-unmerged" and event["stream"] == clear["absorbed"]:
                self.survivors.pop(clear["absorbed"], None)

    def person(self, record: str) -> str:
        while record in self.survivors:
            record = self.survivors[record]
        return record

    def entries(self) -> dict[str, Event]:
        """By record, the event that made it, with the segments that became known since."""
        by_record: dict[str, Event] = {}
        for event in self.log:
            if name_of(event) in ("candidate-sourced", "candidate-referred") and event["version"] == 1:
                by_record[event["stream"]] = event
            elif name_of(event) == "segments-completed":
                entry = by_record[event["stream"]]
                news = {name: value for name, value in event["clear"].items() if entry["clear"][name] == "unknown"}
                by_record[event["stream"]] = {**entry, "clear": {**entry["clear"], **news}}
        return by_record

    def fits(self, person: str, wanted: Mapping[str, str]) -> bool:
        entry = self.entries().get(person)
        return all((entry["clear"][key] if entry else "unknown") == value for key, value in wanted.items())

    def courses(self, wanted: Mapping[str, str]) -> dict[str, list[Event]]:
        """By application of the people wanted, what happened to it in the order in which it was so."""
        by_application: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.log:
            if name_of(event) in OF_APPLICATIONS and self.fits(self.person(event["clear"]["candidate"]), wanted):
                by_application[event["stream"]].append(event)
        return {name: sorted(events, key=lambda e: (e["at"], e["position"])) for name, events in by_application.items()}

    def stretches(self, wanted: Mapping[str, str]) -> list[Stretch]:
        stretches = []
        for application, events in self.courses(wanted).items():
            current = Stretch(application, self.person(events[0]["clear"]["candidate"]), [])
            stretches.append(current)
            submitted = False
            for event in events:
                if name_of(event) == "application-transferred":
                    current.went = event
                    current = Stretch(application, current.person, [], event, None, submitted)
                    stretches.append(current)
                else:
                    current.events.append(event)
                    submitted = submitted or name_of(event) == "application-submitted"
        for stretch in stretches:
            stretch.job = stretch.find_job()
        return stretches

    def ended(self) -> set[str]:
        """The applications of which an end stands."""
        return {e["stream"] for e in self.log if name_of(e) in END and e["position"] not in self.undone}

    def candidacies(self, wanted: Mapping[str, str]) -> dict[tuple[str, str], Candidacy]:
        by_job: defaultdict[tuple[str, str], Candidacy] = defaultdict(Candidacy)
        for stretch in self.stretches(wanted):
            if stretch.own() or stretch.came or stretch.went:
                by_job[stretch.person, stretch.job].stretches.append(stretch)
            for event in stretch.of("offer-made", "offer-accepted", "candidate-hired"):
                by_job[stretch.person, event["clear"]["requisition"] or stretch.job].answers.append(event)
        return by_job

    def hires(self, wanted: Mapping[str, str]) -> list[tuple[Event, str, Candidacy]]:
        """The hire of each candidacy that has one, the person, and all of the candidacy."""
        first_hires = []
        for (person, _), candidacy in self.candidacies(wanted).items():
            hires = candidacy.hires(self.undone)
            if hires:
                first_hires.append((min(hires, key=in_time), person, candidacy))
        return first_hires

    def acceptance(self, hire: Event, candidacy: Candidacy) -> Event | None:
        """The last one that stands of the application that was hired, for the job that it was hired for."""
        standing = [
            answer for answer in candidacy.answers
            if name_of(answer) == "offer-accepted" and answer["stream"] == hire["stream"]
            and answer["position"] not in self.undone
        ]  # fmt: skip
        return max(standing, key=in_time, default=None)


def in_time(event: Event) -> tuple[datetime, int]:
    return event["at"], event["position"]


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
    facts = Facts(log)
    ended = facts.ended()
    for candidacy in facts.candidacies(wanted).values():
        days: defaultdict[int, list[date]] = defaultdict(list)
        hired = [("hired", day_of(hire)) for hire in candidacy.hires(facts.undone)]
        for code, day in [*candidacy.entered(), *hired]:
            for number, codes in enumerate(funnel):
                if code in codes:
                    days[number].append(day)
        under_way = any(stretch.is_under_way(ended) for stretch in candidacy.stretches)
        here = [number for number in days if number < len(funnel) - 1 and begins <= min(days[number]) < ends]
        entered += bool(here)
        for number in here:
            for later in range(number + 1, len(funnel)):
                further = [day for other, dates in days.items() if other >= later for day in dates]
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
    facts = Facts(log)
    for events in facts.courses(wanted).values():
        for event in events:
            if name_of(event) == "offer-declined" and event["position"] in facts.undone:
                continue
            if name_of(event) in ACTIVITIES and begins <= day_of(event) < ends:
                special = {"prospect-added": "prospect", "application-submitted": "applied"}
                code = special.get(name_of(event), event["clear"].get("stage"))
                counted[ACTIVITIES[name_of(event)], code] += 1
    return counted


Visit = tuple[str, bool, int]
"""(code, completed, days)"""


def visits(log: Log, begins: date, ends: date, wanted: Mapping[str, str], today: date) -> list[Visit]:
    """The visits that began in the period."""
    list_of_visits: list[Visit] = []
    facts = Facts(log)
    for events in facts.courses(wanted).values():
        for code, came, left in course_of(events, facts.undone):
            if begins <= came[1] < ends and (left is None or left[0] > came[0]):
                last = today if left is None else left[1]
                list_of_visits.append((code, left is not None, max((last - came[1]).days, 0)))
    return list_of_visits


Moment = tuple[datetime, date]


def course_of(events: list[Event], undone: Mapping[int, Event]) -> Iterator[tuple[str, Moment, Moment | None]]:
    """(code, when it began, when it was over) of every visit, walking along an application.

    There is no visit while an end holds: from its time to that of the event that undid it.
    """
    holding, undone_open = 0, 0
    standing: tuple[str, Moment] | None = None
    here, submitted = None, False
    for event in events:
        name, moment, leaves = name_of(event), (event["at"], day_of(event)), False
        if name in ("prospect-added", "application-submitted", "application-transferred"):
            submitted = submitted or name == "application-submitted"
            here = "applied" if submitted else "prospect"
            leaves = name == "application-transferred"
        elif name in MOVE:
            here = event["clear"]["stage"]
        elif name in END:
            holding += event["position"] not in undone
            undone_open += event["position"] in undone
        elif name in RESTORE:
            undone_open -= sum(reversal is event for reversal in undone.values())
        now = None if holding > 0 or undone_open > 0 else here
        if standing is not None and (leaves or standing[0] != now):
            yield (*standing, moment)
            standing = None
        if standing is None and now is not None:
            standing = now, moment
    if standing is not None:
        yield (*standing, None)


def days_to_hire(log: Log, begins: date, ends: date, wanted: Mapping[str, str]) -> list[int]:
    durations, facts = [], Facts(log)
    for hire, _, candidacy in facts.hires(wanted):
        accepted = day_of(facts.acceptance(hire, candidacy) or hire)
        if begins <= accepted < ends:
            durations.append(max((accepted - candidacy.first_day()).days, 0))
    return sorted(durations)


def sources(log: Log, begins: date, ends: date, wanted: Mapping[str, str], attribution: str) -> Counter[str]:
    facts, counted = Facts(log), Counter[str]()
    credited = {e["clear"]["application"] for e in log if name_of(e) == "referral-credited"}
    for hire, person, _ in facts.hires(wanted):
        if begins <= day_of(hire) < ends:
            mine = [e for record, e in facts.entries().items() if facts.person(record) == person]
            first = min(mine, key=in_time)["clear"]["source"] if mine else "unknown"
            touches = [e for e in facts.courses({})[hire["stream"]] if name_of(e) in BEGIN]
            last = touches[-1]["clear"]["source"] if touches else "unknown"
            if attribution == "first-touch":
                counted[first] += 1
            elif attribution == "last-touch":
                counted[last] += 1
            elif hire["stream"] in credited:
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

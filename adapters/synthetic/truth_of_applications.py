"""How far applicants truly got, how long it took and where the hired came from: counted candidacy by candidacy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from adapters.synthetic import shape
from adapters.synthetic.columns import DAY, EPOCH, NONE, Block, Column, Type, only

Counts = dict[str, int]
STEPS = {
    Type.PROSPECT: "prospect",
    Type.SUBMITTED: "submitted",
    Type.STAGE: "stage",
    Type.BACK: "moved-back",
    Type.TRANSFERRED: "transferred",
    Type.REJECTED: "rejected",
    Type.UNREJECTED: "unrejected",
    Type.LEFT: "withdrawn",
    Type.OFFERED: "offer-made",
    Type.ACCEPTED: "offer-accepted",
    Type.DECLINED: "offer-declined",
    Type.RESCINDED: "offer-rescinded",
    Type.HIRED: "hired",
    Type.UNHIRED: "unhired",
}
"""What the types of an application's events are called in the answers."""
LEVELS = ("applied", "screen", "interview", "offer", "hired")
LEVEL_OF = {"applied": 0, "phone-screen": 1, "interview": 2, "onsite": 2, "offer": 3}
"""The level of the funnel that each stage of the invented process belongs to."""
MOVES = ("prospect", "submitted", "arrived", "stage", "moved-back")
ENDS = ("rejected", "withdrawn", "hired", "transferred")
STANDS = (*MOVES, *ENDS, "unrejected", "unhired")
OFFERS = ("offer-accepted", "offer-declined", "offer-rescinded")


class Step(NamedTuple):
    """One thing that happened to an application: on `day`, at `at`, for the job (NONE: for none)."""

    at: int
    day: int
    name: str
    job: int
    code: str | None
    opening: int
    source: int


@dataclass(slots=True)
class Stay:
    """An application's time with one job: the steps it took there, and whether it had been submitted by their end."""

    application: int
    person: int
    job: tuple[int, int]
    steps: list[Step] = field(default_factory=list)
    submitted: bool = False

    def standing(self) -> int:
        """From which step on no hire was undone any more."""
        return 1 + max((number for number, step in enumerate(self.steps) if step.name == "unhired"), default=NONE)

    def hire(self) -> Step | None:
        """The first hire that stands."""
        return next((step for step in self.steps[self.standing() :] if step.name == "hired"), None)

    def acceptance(self) -> Step | None:
        """The last acceptance that neither was taken back."""
        standing: list[Step] = []
        for step in self.steps:
            if step.name == "offer-accepted":
                standing.append(step)
            elif step.name in OFFERS:
                standing = [one for one in standing if step.opening not in (NONE, one.opening)]
        return standing[-1] if standing else None


@dataclass(frozen=True, slots=True)
class Courses:
    """All applications as some of the rows tell them: their steps, and their stays with one job after another."""

    steps: dict[int, list[Step]]
    stays: list[Stay]

    @classmethod
    def told(cls, rows: Block, root: Column) -> Courses:
        """The courses of the applications; `root` is the person whom each record is of."""
        told = only(rows, np.isin(rows["type"], list(STEPS)))
        # A stable sort: what comes at one moment stays in the order in which it was recorded.
        told = only(told, np.lexsort((told["occurred"], told["application"])))
        result = cls({}, [])
        application = NONE
        names = ("application", "person", "type", "occurred", "requisition", "other", "code", "opening")
        for one, person, type_, at, job, to, code, opening in zip(
            *(told[name].tolist() for name in names), strict=True
        ):
            if one != application:
                application = one
                result.begin(one, int(root[person]), job)
            stage = shape.STAGES[code] if type_ in (Type.STAGE, Type.BACK) else None
            result.take(Step(at, at // DAY, STEPS[type_], job, stage, opening, code), to)
        return result

    def begin(self, application: int, person: int, job: int) -> None:
        self.steps[application] = []
        self.stays.append(Stay(application, person, job_of(job, application)))

    def take(self, step: Step, to: int) -> None:
        """Takes the next step; a transfer is two, out of one job and into another."""
        stay = self.stays[-1]
        stay.submitted |= step.name == "submitted"
        stay.steps.append(step)
        self.steps[stay.application].append(step)
        if step.name == "transferred":
            arrived = step._replace(name="arrived", job=to, code="applied" if stay.submitted else None)
            self.steps[stay.application].append(arrived)
            more = Stay(stay.application, stay.person, job_of(to, stay.application), [arrived], stay.submitted)
            self.stays.append(more)

    def candidacies(self) -> dict[tuple[int, tuple[int, int]], list[Stay]]:
        """The stays of each person with each job."""
        result: dict[tuple[int, tuple[int, int]], list[Stay]] = defaultdict(list)
        for stay in self.stays:
            result[stay.person, stay.job].append(stay)
        return result


def job_of(requisition: int, application: int) -> tuple[int, int]:
    """What a stay is for: the requisition, or a job of its own."""
    return (requisition, NONE) if requisition != NONE else (NONE, application)


def year(day: int) -> str:
    return str(date.fromordinal(EPOCH.toordinal() + day).year)


def month(day: int) -> str:
    return date.fromordinal(EPOCH.toordinal() + day).isoformat()[:7]


def conversion(courses: Courses) -> dict[str, dict[str, Counts]]:
    """By stage of the funnel, then year of first entering it: `n` candidacies, and how many reached each later one."""
    result: dict[str, dict[str, Counts]] = {level: {} for level in LEVELS[:-1]}
    for stays in courses.candidacies().values():
        entered = first_days(stays)
        for level, day in entered.items():
            if level + 1 < len(LEVELS):
                counted = result[LEVELS[level]].setdefault(year(day), dict.fromkeys(("n", *LEVELS[level + 1 :]), 0))
                counted["n"] += 1
                for later in LEVELS[level + 1 : max(entered) + 1]:
                    counted[later] += 1
    return result


def first_days(stays: list[Stay]) -> dict[int, int]:
    """The day on which a candidacy first entered each level of the funnel that it entered."""
    entered: dict[int, int] = {}
    for stay in stays:
        standing = stay.standing()
        for number, step in enumerate(stay.steps):
            if step.name == "hired":
                level = len(LEVELS) - 1 if number >= standing else None
            elif step.name in ("offer-made", "offer-accepted"):
                level = LEVEL_OF["offer"]
            else:
                level = LEVEL_OF.get("applied" if step.name == "submitted" else step.code or "")
            if level is not None:
                entered[level] = min(step.day, entered.get(level, step.day))
    return entered


def activity(courses: Courses) -> dict[str, Counts]:
    """By month: how many steps there were, those into a stage as `entered.` and its code, moves back with theirs."""
    entering = {"submitted": "entered.applied", "prospect": "entered.prospect"}
    result: dict[str, Counts] = {}
    for step in (step for steps in courses.steps.values() for step in steps if step.name != "arrived"):
        where = f"entered.{step.code}" if step.name == "stage" else f"{step.name}.{step.code}"
        name = where if step.name in ("stage", "moved-back") else entering.get(step.name, step.name)
        counted = result.setdefault(month(step.day), {})
        counted[name] = counted.get(name, 0) + 1
    return result


def time_in_stage(courses: Courses) -> dict[str, dict[str, Counts]]:
    """By stage, then by year in which the visit began: `n`, `n_completed`, `n_censored`, `median` and `p90` in days."""
    completed: dict[tuple[str, str], list[int]] = defaultdict(list)
    waiting: dict[tuple[str, str], int] = defaultdict(int)
    for steps in courses.steps.values():
        for stage, begun, left in visits(steps):
            if left is None:
                waiting[stage, year(begun)] += 1
            else:
                completed[stage, year(begun)].append(left - begun)
    result: dict[str, dict[str, Counts]] = {}
    for stage, when in sorted(completed.keys() | waiting.keys()):
        days, n_waiting = sorted(completed[stage, when]), waiting[stage, when]
        counted = {"n": len(days) + n_waiting, "n_completed": len(days), "n_censored": n_waiting}
        result.setdefault(stage, {})[when] = counted | quantiles(days)
    return result


def quantiles(days: list[int]) -> Counts:
    """The day by which half and nine tenths of the (sorted) times were over; nothing of none."""
    if not days:
        return {}
    return {"median": days[(len(days) - 1) // 2], "p90": days[-(-len(days) * 9 // 10) - 1]}


def visits(steps: list[Step]) -> Iterator[tuple[str, int, int | None]]:
    """(stage, day it began, day it ended or None) of every visit of an application."""
    stage: str | None = None
    since: tuple[int, int] | None = None
    submitted = False
    for step in steps:
        if step.name not in STANDS:
            continue
        submitted |= step.name == "submitted"
        now = stage
        if step.name in MOVES:
            now = "applied" if step.name == "submitted" else step.code or "prospect"
        over = step.name in ENDS
        if since is not None and stage is not None and (over or now != stage) and since[0] != step.at:
            yield stage, since[1], step.day
        if over:
            since = None
        elif since is None or now != stage:
            since = step.at, step.day
        stage = now
    if since is not None and stage is not None:
        yield stage, since[1], None


def hires(courses: Courses) -> Iterator[tuple[Stay, Step, list[Stay]]]:
    """Of each candidacy that stands hired the first hire, with all the stays of the candidacy."""
    for stays in courses.candidacies().values():
        found = [(hire, number) for number, stay in enumerate(stays) if (hire := stay.hire()) is not None]
        if found:
            hire, number = min(found)
            yield stays[number], hire, stays


def time_to_hire(courses: Courses) -> dict[str, Counts]:
    """By year of acceptance: `n` hires, the sum of the `days` from the first entry for the job, `median` and `p90`."""
    took: dict[str, list[int]] = defaultdict(list)
    for stay, hire, stays in hires(courses):
        accepted = stay.acceptance() or hire
        begun = [step for one in stays for step in one.steps if step.name in ("prospect", "submitted", "arrived")]
        took[year(accepted.day)].append(max(accepted.day - min(step.day for step in begun), 0))
    return {when: {"n": len(days), "days": sum(days)} | quantiles(sorted(days)) for when, days in sorted(took.items())}


def source_of_hire(
    courses: Courses, first: Mapping[int, str], credited: frozenset[int]
) -> dict[str, dict[str, Counts]]:
    """By way of attribution, then year of the hire: hires by source.

    `first` is the source from which each person first came, `credited` the applications whose referral was credited.
    """
    result: dict[str, dict[str, Counts]] = {way: {} for way in ("first-touch", "last-touch", "credited")}
    last = {
        stay.application: shape.SOURCES[step.source]
        for stay in courses.stays
        for step in stay.steps
        if step.name in ("prospect", "submitted")
    }
    for stay, hire, _ in hires(courses):
        first_touch, last_touch = first[stay.person], last[stay.application]
        otherwise = first_touch if last_touch == "unknown" else last_touch
        found = {
            "first-touch": first_touch,
            "last-touch": last_touch,
            "credited": "referral" if stay.application in credited else otherwise,
        }
        for way, source in found.items():
            counted = result[way].setdefault(year(hire.day), {})
            counted[source] = counted.get(source, 0) + 1
    return result


STANDINGS = ("made", "accepted", "declined", "closed", "applied", "interviewing", "offered", "hired", "credited")
"""How far a referral got, one farther than the other."""


def referrals_by_standing(rows: Block, courses: Courses) -> Counts:
    """How many referrals got how far and no farther."""
    standing = dict.fromkeys(rows["referral"][rows["type"] == Type.MADE].tolist(), "made")
    credited = set(rows["application"][rows["type"] == Type.CREDITED].tolist())
    answers = {Type.TAKEN_UP: "accepted", Type.TURNED_DOWN: "declined"}
    told = only(rows, np.isin(rows["type"], [*answers, Type.TURNED_INTO]))
    for type_, referral, one in zip(
        *(told[name].tolist() for name in ("type", "referral", "application")), strict=True
    ):
        now = answers.get(type_) or application_standing(courses.steps[one])
        now = "credited" if now == "hired" and one in credited else now
        standing[referral] = max(now, standing[referral], key=STANDINGS.index)
    counted = Counter(standing.values())
    return {name: counted[name] for name in STANDINGS if counted[name]}


def application_standing(steps: list[Step]) -> str:
    """Where an application stands after these steps."""
    stage, offered, end = "applied", False, ""
    for step in steps:
        if step.name in ("stage", "moved-back"):
            stage = step.code or stage
        elif step.name == "arrived":
            stage, offered = "applied", False
        elif step.name in ("offer-made", "offer-accepted"):
            offered = True
        elif step.name in ("offer-declined", "offer-rescinded"):
            offered = False
        elif step.name in ("rejected", "withdrawn", "hired"):
            end = "hired" if step.name == "hired" else "closed"
        elif step.name in ("unrejected", "unhired"):
            end = ""
    if end:
        return end
    if offered or stage == "offer":
        return "offered"
    return "applied" if stage == "applied" else "interviewing"

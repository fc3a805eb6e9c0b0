"""How far applicants truly got, how long it took and where the hired came from: counted candidacy by candidacy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from adapters.lab.synthetic import shape
from adapters.lab.synthetic.columns import DAY, EPOCH, NONE, Block, Column, Type, only
from adapters.lab.synthetic.truth_of_reversals import taken_back

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
ENDS = ("rejected", "withdrawn", "hired")
ANSWERS = ("offer-made", "offer-accepted", "hired")
"""The steps that count for the job that they name."""


class Step(NamedTuple):
    """One thing that happened to an application: on `day`, at `at`, for the job (NONE: for none).

    `back` is when it was taken back, NONE where it stands.
    """

    at: int
    day: int
    name: str
    job: int
    code: str | None
    source: int
    back: int

    @property
    def stands(self) -> bool:
        return self.back == NONE


@dataclass(slots=True)
class Stay:
    """An application's time with one job: the steps it took there, and whether it had been submitted by their end."""

    application: int
    person: int
    job: tuple[int, int]
    steps: list[Step] = field(default_factory=list)
    submitted: bool = False


@dataclass(slots=True)
class Candidacy:
    """One person and one job: the stays with it, and the offers and hires for it with their applications."""

    stays: list[Stay] = field(default_factory=list)
    answers: list[tuple[Step, int]] = field(default_factory=list)

    def hire(self) -> tuple[Step, int] | None:
        """Return the first hire that stands, with its application."""
        hires = [(step.at, number) for number, (step, _) in enumerate(self.answers) if step.name == "hired"]
        standing = [number for _, number in sorted(hires) if self.answers[number][0].stands]
        return self.answers[standing[0]] if standing else None

    def acceptance(self, application: int) -> Step | None:
        """Return the last acceptance of the application that stands."""
        accepted = [
            step for step, item in self.answers if item == application and step.name == "offer-accepted" and step.stands
        ]
        return max(reversed(accepted), key=lambda step: step.at, default=None)


@dataclass(frozen=True, slots=True)
class Courses:
    """All applications as some of the rows tell them: their steps, and their stays with one job after another."""

    steps: dict[int, list[Step]]
    stays: list[Stay]
    recorded: dict[int, list[Step]]
    """The steps once more, in the order in which they were recorded."""

    @classmethod
    def told(cls, rows: Block, root: Column) -> Courses:
        """Return the courses of the applications; `root` is the person whom each record is of."""
        undone = taken_back(rows)
        back = np.where(undone == NONE, NONE, rows["occurred"][undone])
        steps = np.isin(rows["type"], list(STEPS))
        document = {**only(rows, steps), "back": back[steps], "recorded": np.arange(int(steps.sum()))}
        # A stable sort: what comes at one moment stays in the order in which it was recorded.
        document = only(document, np.lexsort((document["occurred"], document["application"])))
        result = cls({}, [], {})
        application = NONE
        names = ("application", "person", "type", "occurred", "requisition", "other", "code", "back", "recorded")
        numbered: dict[int, list[tuple[int, Step]]] = defaultdict(list)
        for tolist, person, type_, at, job, to, code, undone_at, number in zip(
            *(document[name].tolist() for name in names), strict=True
        ):
            if tolist != application:
                application = tolist
                result.begin(tolist, int(root[person]), job)
            stage = shape.STAGES[code] if type_ in (Type.STAGE, Type.BACK) else None
            step = Step(at, at // DAY, STEPS[type_], job, stage, code, undone_at)
            numbered[tolist].append((number, step))
            result.take(step, to)
        result.recorded.update({item: [step for _, step in sorted(steps)] for item, steps in numbered.items()})
        return result

    def begin(self, application: int, person: int, job: int) -> None:
        self.steps[application] = []
        self.stays.append(Stay(application, person, job_of(job, application)))

    def take(self, step: Step, to: int) -> None:
        """Take the next step; a transfer is two, out of one job and into another."""
        stay = self.stays[-1]
        stay.submitted |= step.name == "submitted"
        stay.steps.append(step)
        self.steps[stay.application].append(step)
        if step.name == "transferred":
            arrived = step._replace(name="arrived", job=to, code="applied" if stay.submitted else None)
            self.steps[stay.application].append(arrived)
            more = Stay(stay.application, stay.person, job_of(to, stay.application), [arrived], stay.submitted)
            self.stays.append(more)

    def candidacies(self) -> dict[tuple[int, tuple[int, int]], Candidacy]:
        """Return the stays of each person with each job, and the offers and hires that name it."""
        result: dict[tuple[int, tuple[int, int]], Candidacy] = defaultdict(Candidacy)
        for stay in self.stays:
            result[stay.person, stay.job].stays.append(stay)
            for step in stay.steps:
                if step.name in ANSWERS:
                    job = stay.job if step.job == NONE else job_of(step.job, stay.application)
                    result[stay.person, job].answers.append((step, stay.application))
        return result


def job_of(requisition: int, application: int) -> tuple[int, int]:
    """Return the job of a stay: the requisition, or a job of its own."""
    return (requisition, NONE) if requisition != NONE else (NONE, application)


def year(day: int) -> str:
    return str(date.fromordinal(EPOCH.toordinal() + day).year)


def month(day: int) -> str:
    return date.fromordinal(EPOCH.toordinal() + day).isoformat()[:7]


def conversion(courses: Courses) -> dict[str, dict[str, Counts]]:
    """By stage of the funnel, then year of first entering it: `n` candidacies, and how many reached each later one."""
    result: dict[str, dict[str, Counts]] = {level: {} for level in LEVELS[:-1]}
    for candidacy in courses.candidacies().values():
        entered = first_days(candidacy)
        for level, day in entered.items():
            if level + 1 < len(LEVELS):
                counted = result[LEVELS[level]].setdefault(year(day), dict.fromkeys(("n", *LEVELS[level + 1 :]), 0))
                counted["n"] += 1
                for later in LEVELS[level + 1 : max(entered) + 1]:
                    counted[later] += 1
    return result


def first_days(candidacy: Candidacy) -> dict[int, int]:
    """Return the day on which a candidacy first entered each level of the funnel that it entered."""
    entered: dict[int, int] = {}
    for step in (step for stay in candidacy.stays for step in stay.steps if step.name not in ANSWERS):
        level = LEVEL_OF.get("applied" if step.name == "submitted" else step.code or "")
        if level is not None:
            entered[level] = min(step.day, entered.get(level, step.day))
    for step, _ in candidacy.answers:
        level = LEVEL_OF["offer"] if step.name != "hired" else len(LEVELS) - 1
        if step.name != "hired" or step.stands:
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
    """Return the days within which half and nine tenths of the (sorted) times were over; empty if there are none."""
    if not days:
        return {}
    return {"median": days[(len(days) - 1) // 2], "p90": days[-(-len(days) * 9 // 10) - 1]}


def visits(steps: list[Step]) -> Iterator[tuple[str, int, int | None]]:
    """(stage, day it began, day it ended or None) of every visit of an application.

    An application is in no stage from an end on, until it was taken back.
    """
    turns = [(step.at, 0, step) for step in steps if step.name in MOVES or (step.name in ENDS and not never(step))]
    turns += [(step.back, 1, step) for step in steps if step.name in ENDS and not step.stands and not never(step)]
    stage: str | None = None
    since: tuple[str, int, int] | None = None
    submitted, over = False, 0
    for at, undoes, step in sorted(turns, key=lambda turn: turn[:2]):
        submitted |= step.name == "submitted"
        if step.name in ENDS:
            over += -1 if undoes else 1
        elif step.name in ("stage", "moved-back"):
            stage = step.code
        else:
            stage = "applied" if submitted else "prospect"
        now = None if over else stage
        if since is not None and (now != since[0] or step.name == "arrived"):
            if since[1] != at:
                yield since[0], since[2], at // DAY
            since = None
        if since is None and now is not None:
            since = now, at, at // DAY
    if since is not None:
        yield since[0], since[2], None


def never(step: Step) -> bool:
    """Return whether the step was taken back at an earlier time than its own."""
    return not step.stands and step.back < step.at


def hires(courses: Courses) -> Iterator[tuple[Step, int, int, Candidacy]]:
    """Of each candidacy that stands hired the first hire, its application, the person, and all of the candidacy."""
    for (person, _), candidacy in courses.candidacies().items():
        hire = candidacy.hire()
        if hire is not None:
            yield *hire, person, candidacy


def time_to_hire(courses: Courses) -> dict[str, Counts]:
    """By year of acceptance: `n` hires, the sum of the `days` from the first entry for the job, `median` and `p90`."""
    took: dict[str, list[int]] = defaultdict(list)
    for hire, application, _, candidacy in hires(courses):
        accepted = candidacy.acceptance(application) or hire
        every = [step for stay in candidacy.stays for step in stay.steps]
        begun = [step for step in every if step.name in ("prospect", "submitted", "arrived")] or every or [hire]
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
    for hire, application, person, _ in hires(courses):
        first_touch, last_touch = first[person], last[application]
        otherwise = first_touch if last_touch == "unknown" else last_touch
        hit = {
            "first-touch": first_touch,
            "last-touch": last_touch,
            "credited": "referral" if application in credited else otherwise,
        }
        for way, source in hit.items():
            counted = result[way].setdefault(year(hire.day), {})
            counted[source] = counted.get(source, 0) + 1
    return result


STANDINGS = ("made", "accepted", "declined", "closed", "applied", "interviewing", "offered", "hired", "credited")
"""How far a referral got, one farther than the other."""


def referrals_by_standing(rows: Block, courses: Courses) -> Counts:
    """Return how many referrals got to each standing and no farther."""
    standing = dict.fromkeys(rows["referral"][rows["type"] == Type.MADE].tolist(), "made")
    credited = set(rows["application"][rows["type"] == Type.CREDITED].tolist())
    answers = {Type.TAKEN_UP: "accepted", Type.TURNED_DOWN: "declined"}
    chosen_rows = only(rows, np.isin(rows["type"], [*answers, Type.TURNED_INTO]))
    for type_, referral, item in zip(
        *(chosen_rows[name].tolist() for name in ("type", "referral", "application")), strict=True
    ):
        now = answers.get(type_) or application_standing(courses.steps[item], courses.recorded[item])
        now = "credited" if now == "hired" and item in credited else now
        standing[referral] = max(now, standing[referral], key=STANDINGS.index)
    counted = Counter(standing.values())
    return {name: counted[name] for name in STANDINGS if counted[name]}


def application_standing(steps: list[Step], recorded: list[Step]) -> str:
    """Return where an application stands after these steps, given in the order of their times and of recording."""
    ends = [step.name for step in steps if step.name in ENDS and step.stands]
    if ends:
        return "hired" if "hired" in ends else "closed"
    moves = [step for step in steps if step.name in ("stage", "moved-back", "arrived")]
    stage = "applied" if not moves or moves[-1].name == "arrived" else moves[-1].code
    if stage == "offer" or is_offered(recorded):
        return "offered"
    return "applied" if stage == "applied" else "interviewing"


def is_offered(recorded: list[Step]) -> bool:
    """Return whether the last offer is open or accepted: one is out at a time, and its acceptance may be all we
    know."""
    answers = [step.name for step in recorded if step.name.startswith("offer-")]
    return bool(answers) and answers[-1] in ("offer-made", "offer-accepted")

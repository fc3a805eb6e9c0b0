"""The truth beside a history equals a plain recount of its events, in the end and midway."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.lab.synthetic.history import history
from adapters.lab.synthetic.truth import WINDOWS, Believed, truth
from adapters.lab.synthetic.truth_of_applications import LEVELS
from domain.application import CandidateHired, CandidateUnhired
from domain.candidate import (
    CandidateReferred,
    CandidatesMerged,
    CandidateSourced,
    CandidatesUnmerged,
    CommunityJoined,
    CommunityLeft,
)
from domain.consent import ConsentWithdrawn
from domain.event import Event, Recorded
from domain.referral import (
    ReferralAccepted,
    ReferralAsked,
    ReferralCredited,
    ReferralDeclined,
    ReferralMade,
    ReferralTurnedIntoApplication,
)
from domain.requisition import (
    OpeningCancelled,
    OpeningFilled,
    OpeningOpened,
    OpeningReopened,
    RequisitionHeld,
    RequisitionOpened,
    RequisitionResumed,
)
from domain.talent_community import CommunityFounded
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from domain.touchpoint_kinds import KINDS
from tests import oracle_applications as oracle
from tests.adapters.lab.synthetic.dense import UNDONE_OFTEN

Months = dict[str, Counter[str]]


@dataclass
class Seat:
    """One spell of an opening, and how it stands."""

    requisition: UUID
    opened: date
    fate: str = "open"
    ended: date | None = None


@dataclass
class Recount:
    """The figures that a plain walk over the log gives."""

    source: dict[UUID, str] = field(default_factory=dict)
    above: dict[UUID, UUID] = field(default_factory=dict)
    merges: Counter[str] = field(default_factory=Counter)
    touched: dict[UUID, tuple[UUID, str | None, datetime, bool, UUID | None]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    hires: dict[UUID, tuple[UUID, date]] = field(default_factory=dict)
    opted_out: dict[UUID, set[date]] = field(default_factory=lambda: defaultdict(set))
    entered: dict[UUID, date] = field(default_factory=dict)
    evergreen: dict[UUID, bool] = field(default_factory=dict)
    seats: dict[UUID, list[Seat]] = field(default_factory=dict)
    holds: dict[UUID, list[tuple[date, bool]]] = field(default_factory=lambda: defaultdict(list))
    communities: dict[UUID, str] = field(default_factory=dict)
    members: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    referrals: Months = field(default_factory=lambda: defaultdict(Counter))
    imported: Counter[str] = field(default_factory=Counter)

    def read(self, row: Recorded[Event]) -> None:
        if row.actor == "import:legacy-crm":
            names = {"CandidateSourced": "candidates", "CandidateReferred": "candidates", "ConsentGiven": "consents"}
            names["TouchpointRecorded"] = "touchpoints"
            self.imported.update(["events", names.get(type(row.event).__name__, "others")])
        match row.event:
            case CandidateSourced(source=source) | CandidateReferred(source=source):
                self.source[row.stream], self.entered[row.stream] = source, row.at.date()
            case CandidatesMerged(absorbed=absorbed, survivor=survivor) if absorbed == row.stream:
                self.above[absorbed] = survivor
                self.merges.update(["made", "standing"])
            case CandidatesUnmerged(absorbed=absorbed, survivor=survivor) if absorbed == row.stream:
                assert self.above.pop(absorbed) == survivor
                self.merges.update(["undone"])
                self.merges.subtract(["standing"])
            case TouchpointRecorded() as touchpoint:
                self.touched[touchpoint.touchpoint] = (
                    row.stream,
                    touchpoint.kind,
                    row.at,
                    touchpoint.machine,
                    touchpoint.message,
                )
                self.kinds[touchpoint.kind] += 1
            case TouchpointCorrected() as wrong:
                person, kind, at, machine, message = self.touched[wrong.touchpoint]
                assert (kind, at, machine, message) == (
                    wrong.was_kind,
                    wrong.was_at,
                    wrong.was_machine,
                    wrong.was_message,
                )
                when = wrong.at or wrong.was_at
                self.touched[wrong.touchpoint] = (person, wrong.kind, when, wrong.machine, wrong.message)
            case CandidateHired(candidate=candidate):
                assert row.stream not in self.hires
                self.hires[row.stream] = candidate, row.at.date()
            case CandidateUnhired():
                del self.hires[row.stream]
            case ConsentWithdrawn(purpose="talent_pool", entirely=True, method=method) if method != "merge":
                self.opted_out[row.stream].add(row.at.date())
            case _:
                self.read_of_jobs(row)

    def read_of_jobs(self, row: Recorded[Event]) -> None:
        match row.event:
            case RequisitionOpened(evergreen=evergreen):
                self.evergreen[row.stream] = evergreen
            case RequisitionHeld() | RequisitionResumed() as event:
                self.holds[row.stream].append((row.at.date(), isinstance(event, RequisitionHeld)))
            case OpeningOpened(opening=opening):
                self.seats[opening] = [Seat(row.stream, row.at.date())]
            case OpeningReopened(opening=opening, need="new"):
                self.seats[opening].append(Seat(row.stream, row.at.date()))
            case OpeningReopened(opening=opening):
                self.seats[opening][-1] = Seat(row.stream, self.seats[opening][-1].opened)
            case OpeningFilled(opening=opening, accepted_at=accepted):
                self.seats[opening][-1].fate, self.seats[opening][-1].ended = "filled", accepted.date()
            case OpeningCancelled(opening=opening):
                self.seats[opening][-1].fate = "cancelled"
            case CommunityFounded(around=around, topic=topic):
                self.communities[row.stream] = f"{around}.{topic}"
            case CommunityJoined(community=community):
                self.members[community].add(row.stream)
            case CommunityLeft(community=community):
                self.members[community].remove(row.stream)
            case event if type(event) in OF_REFERRALS:
                self.referrals[month(row.at.date())][OF_REFERRALS[type(event)]] += 1

    def person(self, record: UUID) -> UUID:
        while record in self.above:
            record = self.above[record]
        return record

    def pipeline(self) -> dict[str, Months]:
        nodes: dict[UUID, set[tuple[date, int]]] = defaultdict(set)
        for record, day in self.entered.items():
            nodes[self.person(record)].add((day, 0))
        for record, kind, at, machine, _ in self.touched.values():
            if kind is not None and KINDS[kind].engagement and not machine:
                nodes[self.person(record)].add((at.date(), 0))
        for record, day in self.hires.values():
            nodes[self.person(record)].add((day, 1))
        for record, days in self.opted_out.items():
            nodes[self.person(record)] |= {(day, 2) for day in days}
        result: dict[str, Months] = defaultdict(lambda: defaultdict(Counter))
        for person, line in nodes.items():
            for day, what in walked(sorted(line)):
                result["all"][month(day)][what] += 1
                result[self.source[person]][month(day)][what] += 1
        return result

    def engagement(self, window: int) -> Months:
        fates: dict[tuple[UUID, UUID], dict[UUID, dict[str, datetime]]] = defaultdict(lambda: defaultdict(dict))
        for record, kind, at, machine, message in self.touched.values():
            if kind is None or message is None:
                continue
            outcome = KINDS[kind].outcome
            names = {"opened": ["opened", "opened.machine" if machine else "opened.human"]}.get(
                str(outcome), [str(outcome)]
            )
            fate = fates[message, self.person(record)][record]
            for name in names:
                fate[name] = min(at, fate.get(name, at))
        result: Months = defaultdict(Counter)
        for own in fates.values():
            sends = [given["sent"] for given in own.values() if "sent" in given]
            if not sends:
                continue
            sent = min(sends)
            strayed = any("bounced" in given and "sent" not in given for given in own.values())
            bounced = strayed or all("bounced" in given for given in own.values() if "sent" in given)
            reached = {"sent", *(["bounced"] if bounced else [])}
            for fate in () if bounced else (given for given in own.values() if "bounced" not in given):
                reached |= {name for name, at in fate.items() if at - sent < timedelta(days=window)}
            result[month(sent.date())].update(reached - {*IGNORED})
        return result

    def time_to_fill(self, evergreen: Sequence[bool]) -> Months:
        result: Months = defaultdict(Counter)
        for seat in (seat for seats in self.seats.values() for seat in seats):
            if self.evergreen[seat.requisition] in evergreen:
                cohort = result[month(seat.opened)]
                cohort["opened"] += 1
                cohort[seat.fate] += 1
                if seat.ended is not None:
                    days = [seat.opened + timedelta(days=n) for n in range((seat.ended - seat.opened).days)]
                    cohort["days"] += len(days)
                    cohort["held"] += sum(self.is_held(seat.requisition, day) for day in days)
        return result

    def is_held(self, requisition: UUID, day: date) -> bool:
        turns = [held for when, held in self.holds[requisition] if when <= day]
        return bool(turns) and turns[-1]


OF_REFERRALS = {
    ReferralAsked: "asked",
    ReferralMade: "made",
    ReferralAccepted: "accepted",
    ReferralDeclined: "declined",
    ReferralTurnedIntoApplication: "linked",
    ReferralCredited: "credited",
}


IGNORED = ("delivered", "None")


def month(day: date) -> str:
    return day.isoformat()[:7]


def walked(nodes: list[tuple[date, int]]) -> list[tuple[date, str]]:
    """The flows of one person, day by day: active for 180 days from each activity until an exit."""
    flows: list[tuple[date, str]] = []
    until: date | None = None  # the first day no longer active
    for day, rank in nodes:
        if until is not None and (until < day or (rank > 0 and until == day)):
            flows.append((until, "dormant"))
            until = None
        if rank == 0:
            if until is None:
                flows.append((day, "reactivated" if flows else "new"))
            until = day + timedelta(days=180)
        elif until is not None:
            flows.append((day, "exited.hired" if rank == 1 else "exited.opted-out"))
            until = None
    return [*flows, *([(until, "dormant")] if until else [])]


def assert_agrees(believed: Believed, rows: list[Recorded[Event]]) -> None:
    recount = Recount()
    for row in rows[: believed.position]:
        recount.read(row)
    assert believed.candidates == len(recount.source)
    assert believed.people == len({recount.person(record) for record in recount.source})
    assert believed.merges == {name: recount.merges[name] for name in ("made", "undone", "standing")}
    assert believed.imports == {name: recount.imported[name] for name in believed.imports}
    assert believed.referrals == plain(recount.referrals)
    assert believed.communities == {
        name: len({recount.person(record) for record in recount.members[community]})
        for community, name in recount.communities.items()
    }
    assert believed.recorded == dict(recount.kinds)
    assert believed.touchpoints == dict(Counter(kind for _, kind, *_ in recount.touched.values() if kind))
    assert {name: months for name, months in believed.pipeline.items() if months} == plain(recount.pipeline())
    for window in WINDOWS:
        assert believed.engagement[str(window)] == plain(recount.engagement(window))
    for name, which in (("all", (True, False)), ("regular", (False,)), ("evergreen", (True,))):
        counted = {month: dict(+cohort) for month, cohort in recount.time_to_fill(which).items()}
        assert believed.time_to_fill[name] == counted


@pytest.mark.parametrize(("events", "seed"), [(500, 1), (4_000, 2)])
def test_the_truth_of_what_is_undone_often_is_what_a_recount_finds(events: int, seed: int) -> None:
    some = history(events, seed, ends_on=date(2026, 1, 1), years=2, planted=UNDONE_OFTEN)
    rows, report = list(some.recorded()), truth(some)
    assert_agrees(report.end, rows)
    assert_agrees(report.middle, rows)


@pytest.mark.parametrize("seed", range(4))
def test_what_it_says_of_applications_is_what_the_oracle_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "ZONE", "UTC")
    some = history(400, seed, ends_on=date(2026, 1, 1), years=2, planted=UNDONE_OFTEN)
    rows, report = list(some.recorded()), truth(some)
    for believed in (report.end, report.middle):
        storeds = [as_stored(number, row) for number, row in enumerate(rows[: believed.position], start=1)]
        log = [event for event in storeds if event["type"].removesuffix(".v1") in READ]
        for year in (2024, 2025):
            assert_year_agrees(believed, log, year)
        assert believed.stage_activity == activity_by_month(log)


READ = (
    *oracle.OF_APPLICATIONS,
    *("candidates-merged", "candidates-unmerged", "candidate-sourced", "candidate-referred", "referral-credited"),
)


def as_stored(position: int, row: Recorded[Event]) -> dict[str, Any]:
    """The event as the oracle of applications reads it."""
    output = {each_field.name: getattr(row.event, each_field.name) for each_field in fields(row.event)}
    clear = {name: str(value) if isinstance(value, UUID) else value for name, value in output.items()}
    stored = {"position": position, "stream": str(row.stream), "version": row.version, "at": row.at, "clear": clear}
    return stored | {"type": row.event.stored_name}


def assert_year_agrees(believed: Believed, log: oracle.Log, year: int) -> None:
    begins, ends, name = date(year, 1, 1), date(year + 1, 1, 1), str(year)
    _, cells = oracle.cohorts(log, begins, ends, {}, ends, oracle.FUNNEL)
    for number, stage in enumerate(LEVELS[:-1]):
        counted = believed.stage_conversion[stage].get(name, dict.fromkeys(("n", *LEVELS), 0))
        for later in range(number + 1, len(LEVELS)):
            cell = cells.get((number, later), oracle.Cell())
            assert (counted["n"], counted[LEVELS[later]]) == (cell.n, cell.reached)
    stays: dict[str, list[oracle.Visit]] = defaultdict(list)
    for visit in oracle.visits(log, begins, ends, {}, ends):
        stays[visit[0]].append(visit)
    report = {stage: years[name] for stage, years in believed.time_in_stage.items() if name in years}
    assert report == {stage: stay_counts(visits) for stage, visits in stays.items()}
    took = oracle.days_to_hire(log, begins, ends, {})
    spread = {"n": len(took), "days": sum(took)} | over_by(took) if took else None
    assert believed.time_to_hire.get(name) == spread
    for way, years in believed.source_of_hire.items():
        assert years.get(name, {}) == dict(oracle.sources(log, begins, ends, {}, way))


def stay_counts(visits: list[oracle.Visit]) -> dict[str, int]:
    completed = [days for _, over, days in visits if over]
    counted = {"n": len(visits), "n_completed": len(completed), "n_censored": len(visits) - len(completed)}
    return counted | over_by(completed)


def over_by(days: list[int]) -> dict[str, int]:
    """The day by which half and nine tenths were over, where there are any."""
    result = {"median": oracle.over_by(days, Fraction(1, 2)), "p90": oracle.over_by(days, Fraction(9, 10))}
    return {name: day for name, day in result.items() if day is not None}


def activity_by_month(log: oracle.Log) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for begins in sorted({oracle.day_of(event).replace(day=1) for event in log}):
        ends = (begins + timedelta(days=32)).replace(day=1)
        counted = oracle.activity(log, begins, ends, {})
        if counted:
            named = {step if code is None else f"{step}.{code}": n for (step, code), n in counted.items()}
            result[month(begins)] = named
    return result


def plain(counts: Any) -> Any:
    return {key: plain(value) for key, value in counts.items()} if isinstance(counts, dict) else counts


@pytest.mark.parametrize(("events", "seed", "years"), [(100, 1, 1), (2_000, 2, 5), (20_000, 3, 5)])
def test_the_truth_is_what_a_recount_finds(events: int, seed: int, years: int) -> None:
    some = history(events, seed, ends_on=date(2026, 1, 1), years=years)
    rows, report = list(some.recorded()), truth(some)
    assert report.end.position == events
    assert report.middle.position == pytest.approx(events / 2, rel=0.2)
    assert rows[report.middle.position - 1].recorded_at <= datetime.fromisoformat(report.middle.time)
    assert rows[report.middle.position].recorded_at > datetime.fromisoformat(report.middle.time)
    assert_agrees(report.end, rows)
    assert_agrees(report.middle, rows)


def test_the_file_is_the_same_every_time_and_says_what_was_planted(tmp_path: Path) -> None:
    for name in ("one", "two"):
        truth(history(2_000, 2, ends_on=date(2026, 1, 1))).write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    written = json.loads((tmp_path / "one").read_text())
    assert written["synthetic"] is True
    assert written["planted"]["nurture_hazard_ratio"] == 1.8
    assert written["null_effects"] == ["location"]

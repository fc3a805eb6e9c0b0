"""The truth beside a history equals a plain recount of its events, in the end and midway."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.synthetic.history import history
from adapters.synthetic.truth import WINDOWS, Believed, truth
from domain.application import CandidateHired
from domain.candidate import CandidateReferred, CandidateSourced
from domain.consent import ConsentWithdrawn
from domain.event import Event, Recorded
from domain.requisition import OpeningCancelled, OpeningFilled, OpeningOpened, RequisitionOpened
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from domain.touchpoint_kinds import KINDS

Months = dict[str, Counter[str]]


@dataclass
class Recount:
    """What a patient clerk writes down while reading the log."""

    source: dict[UUID, str] = field(default_factory=dict)
    touched: dict[UUID, tuple[UUID, str | None, datetime, bool, UUID | None]] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    exits: dict[UUID, set[tuple[date, int]]] = field(default_factory=lambda: defaultdict(set))
    entered: dict[UUID, date] = field(default_factory=dict)
    evergreen: dict[UUID, bool] = field(default_factory=dict)
    openings: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def read(self, row: Recorded[Event]) -> None:
        match row.event:
            case CandidateSourced(source=source) | CandidateReferred(source=source):
                self.source[row.stream], self.entered[row.stream] = source, row.at.date()
            case TouchpointRecorded() as told:
                self.touched[told.touchpoint] = (row.stream, told.kind, row.at, told.machine, told.message)
                self.kinds[told.kind] += 1
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
                self.exits[candidate].add((row.at.date(), 1))
            case ConsentWithdrawn(purpose="talent_pool", entirely=True):
                self.exits[row.stream].add((row.at.date(), 2))
            case RequisitionOpened(evergreen=evergreen):
                self.evergreen[row.stream] = evergreen
            case OpeningOpened(opening=opening):
                self.openings[opening] = {"requisition": row.stream, "opened": row.at.date(), "fate": "open", "days": 0}
            case OpeningFilled(opening=opening, accepted_at=accepted):
                days = (accepted.date() - self.openings[opening]["opened"]).days
                self.openings[opening] |= {"fate": "filled", "days": days}
            case OpeningCancelled(opening=opening):
                self.openings[opening]["fate"] = "cancelled"

    def pipeline(self) -> dict[str, Months]:
        nodes = {person: {(day, 0)} for person, day in self.entered.items()}
        for person, kind, at, machine, _ in self.touched.values():
            if kind is not None and KINDS[kind].engagement and not machine:
                nodes[person].add((at.date(), 0))
        result: dict[str, Months] = defaultdict(lambda: defaultdict(Counter))
        for person, days in nodes.items():
            for day, what in walked(sorted(days | self.exits[person])):
                result["all"][month(day)][what] += 1
                result[self.source[person]][month(day)][what] += 1
        return result

    def engagement(self, window: int) -> Months:
        fates: dict[UUID, dict[str, datetime]] = defaultdict(dict)
        for _, kind, at, machine, message in self.touched.values():
            if kind is None or message is None:
                continue
            outcome = KINDS[kind].outcome
            names = {"opened": ["opened", "opened.machine" if machine else "opened.human"]}.get(
                str(outcome), [str(outcome)]
            )
            for name in names:
                fates[message][name] = min(at, fates[message].get(name, at))
        result: Months = defaultdict(Counter)
        for known in fates.values():
            if "sent" not in known:
                continue
            sent = known["sent"]
            for name, at in known.items():
                if name in ("sent", "bounced") or (name not in IGNORED and at - sent < timedelta(days=window)):
                    result[month(sent.date())][name] += 1
        return result

    def time_to_fill(self, evergreen: Sequence[bool]) -> Months:
        result: Months = defaultdict(Counter)
        for opening in self.openings.values():
            if self.evergreen[opening["requisition"]] in evergreen:
                cohort = result[month(opening["opened"])]
                cohort["opened"] += 1
                cohort[opening["fate"]] += 1
                cohort["days"] += opening["days"]
        return result


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
    assert believed.recorded == dict(recount.kinds)
    assert believed.touchpoints == dict(Counter(kind for _, kind, *_ in recount.touched.values() if kind))
    assert {name: months for name, months in believed.pipeline.items() if months} == plain(recount.pipeline())
    for window in WINDOWS:
        assert believed.engagement[str(window)] == plain(recount.engagement(window))
    for name, which in (("all", (True, False)), ("regular", (False,)), ("evergreen", (True,))):
        counted = {month: dict(+cohort) for month, cohort in recount.time_to_fill(which).items()}
        assert believed.time_to_fill[name] == counted


def plain(counts: Any) -> Any:
    return {key: plain(value) for key, value in counts.items()} if isinstance(counts, dict) else counts


@pytest.mark.parametrize(("events", "seed", "years"), [(100, 1, 1), (2_000, 2, 5), (20_000, 3, 5)])
def test_the_truth_is_what_a_recount_finds(events: int, seed: int, years: int) -> None:
    some = history(events, seed, ends_on=date(2026, 1, 1), years=years)
    rows, told = list(some.recorded()), truth(some)
    assert told.end.position == events
    assert told.middle.position == pytest.approx(events / 2, rel=0.2)
    assert rows[told.middle.position - 1].recorded_at <= datetime.fromisoformat(told.middle.time)
    assert rows[told.middle.position].recorded_at > datetime.fromisoformat(told.middle.time)
    assert_agrees(told.end, rows)
    assert_agrees(told.middle, rows)


def test_the_file_is_the_same_every_time_and_says_what_was_planted(tmp_path: Path) -> None:
    for name in ("one", "two"):
        truth(history(2_000, 2, ends_on=date(2026, 1, 1))).write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    written = json.loads((tmp_path / "one").read_text())
    assert written["synthetic"] is True
    assert written["planted"]["nurture_hazard_ratio"] == 1.8
    assert written["null_effects"] == ["location"]

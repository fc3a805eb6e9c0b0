"""A synthetic history has the size, the order and the proportions that were asked for, the same every time."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest

from adapters.lab.synthetic import imports, page, shape
from adapters.lab.synthetic.columns import DAY, FOREVER, HOUR, NONE, Type
from adapters.lab.synthetic.history import History, history, synthetic_history, time_index
from adapters.lab.synthetic.kinds import KINDS
from domain.candidate import CandidateReferred, CandidatesMerged, CandidateSourced, ProfileFactLearned
from domain.consent import ConsentGiven, ConsentWithdrawn
from domain.event import Event, Recorded
from domain.profile_facts import FACTS
from domain.touchpoint import TouchpointRecorded
from domain.touchpoint_kinds import KINDS as CATALOGUE

ENDS_ON = date(2026, 1, 1)


def digest(events: int, seed: int) -> str:
    sha256 = hashlib.sha256()
    for row in synthetic_history(events, seed, ends_on=ENDS_ON):
        sha256.update(repr(row).encode())
    return sha256.hexdigest()


@pytest.fixture(scope="module")
def some() -> History:
    return history(30_000, 11, ends_on=ENDS_ON)


@pytest.fixture(scope="module")
def rows(some: History) -> list[Recorded[Event]]:
    return list(some.recorded())


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert digest(3_000, 1) == digest(3_000, 1)


def test_another_seed_gives_another_history() -> None:
    assert digest(3_000, 1) != digest(3_000, 2)


def test_nothing_depends_on_how_many_rows_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(3_000, 1)
    monkeypatch.setattr("adapters.lab.synthetic.history.ROWS", 7)
    assert digest(3_000, 1) == before


@pytest.mark.parametrize("events", [100, 101, 999, 12_345])
def test_there_are_exactly_as_many_events_as_asked_for(events: int) -> None:
    assert sum(1 for _ in synthetic_history(events, 3, ends_on=ENDS_ON)) == events


@pytest.mark.parametrize(("events", "years"), [(99, 5), (100, 0)])
def test_a_history_too_small_is_refused(events: int, years: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        history(events, 1, ends_on=ENDS_ON, years=years)


def test_versions_are_contiguous_in_every_stream(rows: list[Recorded[Event]]) -> None:
    heads: Counter[UUID] = Counter()
    for row in rows:
        heads[row.stream] += 1
        assert row.version == heads[row.stream]


def test_events_stand_in_recorded_order_within_the_period(rows: list[Recorded[Event]]) -> None:
    assert all(item.recorded_at <= next_.recorded_at for item, next_ in pairwise(rows))
    assert rows[-1].recorded_at < datetime(2026, 1, 1, tzinfo=UTC)
    assert rows[0].recorded_at >= datetime(2020, 12, 31, tzinfo=UTC)


def test_most_is_recorded_soon_and_some_late_and_nothing_early(some: History) -> None:
    waited = some.rows["recorded"] - some.rows["occurred"]
    assert waited.min() >= 0
    touched = waited[(some.rows["type"] == Type.TOUCHPOINT) & (some.rows["imported"] == 0)]
    assert 0.015 < (touched > 12 * HOUR).mean() < 0.025
    assert touched.max() <= 60 * DAY
    assert np.median(touched) < 60 * 1_000_000


def test_the_import_tells_of_what_was_long_before_it(some: History) -> None:
    report = some.rows["imported"] == 1
    begins = imports.begins(some.frame)
    assert (some.rows["recorded"][report] >= begins).all()
    assert (some.rows["recorded"][report] < begins + imports.LASTS).all()
    assert (some.rows["occurred"][report] < begins).all()
    assert 0.02 < report.mean() < 0.10
    given = some.people.imported[some.rows["stream"][report]]
    assert given.all()


def test_imported_consent_says_so_and_brings_its_evidence(rows: list[Recorded[Event]]) -> None:
    given = [row.event for row in rows if row.actor == page.IMPORTER and isinstance(row.event, ConsentGiven)]
    assert len(given) > 50
    assert all(event.method == "import" and event.evidence for event in given)
    others = [row.event for row in rows if row.actor != page.IMPORTER and isinstance(row.event, ConsentGiven)]
    assert all(event.method == "web-form" and event.evidence is None for event in others)


def test_lateness_and_corrections_can_be_switched_off() -> None:
    some = history(5_000, 3, ends_on=ENDS_ON, planted=shape.Planted(recorded_late=0, corrected=0, imported=0))
    assert (some.rows["recorded"] - some.rows["occurred"]).max() < 11 * DAY
    assert not (some.rows["type"] == Type.CORRECTED).any()


def test_event_ids_and_touchpoints_are_each_used_once(rows: list[Recorded[Event]]) -> None:
    assert len({row.id for row in rows}) == len(rows)
    assert {row.id.version for row in rows} == {7}
    touched = [row.event.touchpoint for row in rows if isinstance(row.event, TouchpointRecorded)]
    assert len(set(touched)) == len(touched)


def test_every_kind_is_in_the_catalogue_and_occurs(some: History) -> None:
    assert set(KINDS) <= set(CATALOGUE)
    used = set(some.rows["kind"][some.rows["type"] == Type.TOUCHPOINT].tolist())
    assert used == set(range(len(KINDS)))


def test_the_proportions_are_those_planted(some: History) -> None:
    touched = some.rows["type"] == Type.TOUCHPOINT
    assert touched.mean() == pytest.approx(0.66, abs=0.01)
    assert (some.rows["message"][touched] >= 0).mean() == pytest.approx(0.60, abs=0.03)
    opened = touched & (some.rows["kind"] == KINDS.index("email-opened"))
    first = np.unique(np.stack([some.rows["message"][opened], some.rows["machine"][opened]]), axis=1)[1]
    assert first.mean() == pytest.approx(0.5, abs=0.04)
    corrected = (some.rows["type"] == Type.CORRECTED).sum() / touched.sum()
    assert corrected == pytest.approx(0.003, abs=0.0005)
    entered = np.isin(some.rows["type"], [Type.SOURCED, Type.REFERRED])
    assert (some.rows["type"][entered] == Type.REFERRED).mean() == pytest.approx(0.2, abs=0.03)


def test_ten_times_the_events_are_ten_times_the_people_over_the_same_years() -> None:
    small, large = history(10_000, 5, ends_on=ENDS_ON), history(100_000, 5, ends_on=ENDS_ON)
    assert len(large.people) == pytest.approx(10 * len(small.people), rel=0.01)
    assert len(large.jobs.opened) == pytest.approx(10 * len(small.jobs.opened), rel=0.05)
    assert small.frame.starts_on == large.frame.starts_on
    per_stream = [np.bincount(each_small.rows["stream"]).mean() for each_small in (small, large)]
    assert per_stream[0] == pytest.approx(per_stream[1], rel=0.05)


def test_marks_close_every_day_and_agree_with_the_events(some: History, rows: list[Recorded[Event]]) -> None:
    by_columns = some.time_index()
    assert len(by_columns) == some.frame.days
    assert by_columns[-1] == (datetime(2026, 1, 1, tzinfo=UTC) - timedelta(microseconds=1), len(rows))
    document = dict(time_index(iter(rows)))
    assert all(document.get(time, count) == count for time, count in by_columns)
    assert len(document) > some.frame.days - 5
    for time, count in list(document.items())[::97]:
        assert count == sum(row.recorded_at <= time for row in rows)


def test_clear_codes_are_codes(rows: list[Recorded[Event]]) -> None:
    words = (*shape.SOURCES, *shape.ROLES, *shape.LOCATIONS, *shape.STAGES, *shape.FACTS, *page.RECRUITERS)
    assert all(word == word.lower() and " " not in word for word in words)


def test_fill_times_follow_the_planted_weibull() -> None:
    jobs = history(200_000, 3, ends_on=ENDS_ON).jobs
    # Kaplan and Meier at the planted scale, cancelled openings censored: exp(-1) of a Weibull survive there.
    lasted = np.minimum(np.minimum(jobs.accepted, jobs.cancelled), FOREVER)
    ended = lasted != FOREVER
    days = np.where(ended, (lasted - jobs.opened) / DAY, np.inf)
    filled = jobs.accepted != FOREVER
    old = jobs.opened < jobs.opened.max() - 400 * DAY
    order = np.argsort(days[old])
    at_risk = np.arange(len(order), 0, -1)
    survival = np.cumprod(1 - filled[old][order] / at_risk)
    at_scale = survival[np.searchsorted(days[old][order], shape.Planted().fill_weibull_scale_days) - 1]
    assert at_scale == pytest.approx(np.exp(-1), abs=0.05)


def test_nurture_hazard_and_the_null_effect_are_those_planted() -> None:
    some = history(200_000, 9, ends_on=ENDS_ON)
    people, jobs, planted = some.people, some.jobs, some.frame.planted
    nurture: list[tuple[float, float]] = []
    null: list[tuple[float, float]] = []
    for opening in np.flatnonzero(jobs.candidate != -1):
        at, chosen = jobs.accepted[opening], jobs.candidate[opening]
        at_risk = (people.role == people.role[chosen]) & (people.known_from < at - 4 * DAY)
        at_risk &= np.arange(len(people)) < people.first_records
        at_risk &= (people.left_entirely > at) & (jobs.accepted_at(people) >= at)
        nurtured = people.nurtured_from + HOUR < at
        weight = np.array(shape.SOURCE_STRENGTH)[people.source] * np.where(nurtured, planted.nurture_hazard_ratio, 1.0)
        weight = weight * np.exp((people.entered - at) / (planted.hire_hazard_decay_days * DAY)) * at_risk
        for scores, trait in ((nurture, nurtured), (null, people.location == 0)):
            expected = weight[trait].sum() / weight.sum()
            scores.append((trait[chosen] - expected, expected * (1 - expected)))
    for scores in (nurture, null):
        excess, variance = np.sum(scores, axis=0)
        assert abs(excess) < 3 * np.sqrt(variance)


def test_recruiters_nurture_strong_sources_the_planted_confounder(some: History) -> None:
    people = some.people
    strong = np.array(shape.SOURCE_STRENGTH)[people.source] >= 2
    nurtured = people.nurtured_from != FOREVER
    assert nurtured[strong].mean() > nurtured[~strong].mean() + 0.2


def test_no_person_is_hired_twice_and_hires_wait_for_an_acceptance(some: History) -> None:
    jobs, again = some.jobs, some.jobs.again
    hired = np.r_[jobs.candidate[jobs.candidate != NONE], again.candidate[(again.candidate != NONE) & ~again.rehired]]
    assert len(np.unique(hired)) == len(hired)
    assert (jobs.hired >= jobs.accepted).all()
    assert (again.hired >= again.accepted).all()


def test_some_people_stand_in_the_log_twice_and_most_of_them_are_merged() -> None:
    some = history(200_000, 3, ends_on=ENDS_ON)
    people, merges = some.people, some.people.families.merges
    seconds = np.arange(people.first_records, len(people))
    assert len(seconds) / people.first_records == pytest.approx(0.0155, abs=0.003)
    assert (people.entered[seconds] > people.entered[people.same_as[seconds]]).all()
    assert (people.source[seconds] != people.source[people.same_as[seconds]]).all()
    assert len(merges) / len(seconds) == pytest.approx(0.8, abs=0.1)
    assert (merges.undone != FOREVER).mean() == pytest.approx(0.1, abs=0.06)
    assert (people.person[merges.survivor] == people.person[merges.absorbed]).all()
    assert (merges.survivor > merges.absorbed).mean() == pytest.approx(0.25, abs=0.1)


def test_two_records_of_one_person_name_one_address(rows: list[Recorded[Event]]) -> None:
    entered = {row.stream: row.event for row in rows if isinstance(row.event, CandidateSourced | CandidateReferred)}
    merged = [row.event for row in rows if isinstance(row.event, CandidatesMerged)]
    assert len(merged) >= 10
    for event in merged:
        assert entered[event.survivor].emails == entered[event.absorbed].emails


def test_touches_stand_in_both_records_before_and_after_a_merge(some: History) -> None:
    merges, touched = some.people.families.merges, some.rows["type"] == Type.TOUCHPOINT
    for record in (merges.survivor, merges.absorbed):
        at = np.full(len(some.people), FOREVER)
        at[record] = merges.at
        when = at[np.where(touched, some.rows["person"], 0)]
        report = touched & (when != FOREVER)
        before = some.rows["occurred"][report] < when[report]
        assert before.any()
        assert not before.all()


def test_a_message_that_reached_two_records_is_one_message(some: History) -> None:
    sent = (some.rows["type"] == Type.TOUCHPOINT) & (some.rows["kind"] == KINDS.index("email-sent"))
    pairs = np.unique(np.stack([some.rows["message"][sent], some.rows["person"][sent]]), axis=1)[0]
    twice = np.unique(pairs, return_counts=True)
    people = some.people.person[some.rows["person"][sent & np.isin(some.rows["message"], twice[0][twice[1] == 2])]]
    assert (twice[1] == 2).sum() >= 3
    assert len(np.unique(people)) < len(people)


NEW = (
    *(Type.MERGED, Type.JOINED, Type.QUIT, Type.FOUNDED, Type.REOPENED, Type.HELD, Type.RESUMED, Type.TARGET),
    *(Type.MANAGER, Type.RECRUITER, Type.BACK, Type.UNREJECTED, Type.UNHIRED, Type.OFFERED, Type.DECLINED),
    *(
        Type.RESCINDED,
        Type.TRANSFERRED,
        Type.VOUCHED_FOR,
        Type.REFERRAL_ASKED,
        Type.MADE,
        Type.TAKEN_UP,
        Type.TURNED_DOWN,
    ),
    *(Type.TURNED_INTO, Type.CREDITED),
)


def test_everything_that_can_be_undone_is_undone_somewhere(some: History) -> None:
    counted = np.bincount(some.rows["type"], minlength=len(Type))
    assert all(counted[type_] >= 4 for type_ in NEW)


def test_what_is_written_together_is_said_by_one(rows: list[Recorded[Event]]) -> None:
    merged = [row for row in rows if isinstance(row.event, CandidatesMerged)]
    for item, other in zip(merged[::2], merged[1::2], strict=True):
        assert item.event == other.event
        assert (item.actor, item.correlation, item.recorded_at) == (other.actor, other.correlation, other.recorded_at)
        assert isinstance(item.event, CandidatesMerged)
        assert item.stream == item.event.absorbed


def test_a_merge_takes_back_what_one_of_the_records_denied(rows: list[Recorded[Event]]) -> None:
    by_merge = [row for row in rows if isinstance(row.event, ConsentWithdrawn) and row.event.method == "merge"]
    assert by_merge
    merged = {row.recorded_at for row in rows if isinstance(row.event, CandidatesMerged)}
    assert {row.recorded_at for row in by_merge} <= merged


def test_names_are_many_and_some_are_rare(rows: list[Recorded[Event]]) -> None:
    names = Counter(str(row.event.name) for row in rows if isinstance(row.event, CandidateSourced))
    assert len(names) > 1_000
    assert names.most_common(1)[0][1] > 2
    assert any(not name.isascii() for name in names)
    assert all(str(row.event.emails).isascii() for row in rows if isinstance(row.event, CandidateSourced))


def test_a_fact_is_never_the_same_twice(rows: list[Recorded[Event]]) -> None:
    lines = [(row.stream, row.event.fact, row.event.value) for row in rows if isinstance(row.event, ProfileFactLearned)]
    assert len(set(lines)) == len(lines)
    assert {fact for _, fact, _ in lines} <= set(FACTS)

"""What the product answers about a synthetic history is the truth that was written beside it, in the end and midway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters import bootstrap
from adapters.lab.synthetic import shape
from adapters.lab.synthetic.history import History, history
from adapters.lab.synthetic.truth import WINDOWS, Believed, truth
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.synthetic_log import load_synthetic
from adapters.postgres.projector.fold import create_schema, fold
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from domain.touchpoint_kinds import KINDS
from projections.index import READ_MODELS
from projections.pipeline import PIPELINE
from queries.communities import members
from queries.dispatches import Sought, dispatches
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.question import EVERYBODY, AsOf, Period, Segment, rounded
from queries.referrals import made_referrals
from queries.source_of_hire import source_of_hire
from queries.stage_conversion import stage_conversion
from queries.time_in_stage import time_in_stage
from queries.time_to_fill import TimeToFill, time_to_fill
from queries.time_to_hire import time_to_hire
from queries.touchpoint_counts import touchpoint_counts
from tests.adapters.lab.synthetic.dense import UNDONE_OFTEN
from tests.rows import closed

BATCH = 6_000
STARTS, ENDS = date(2021, 1, 1), date(2026, 1, 1)
WHOLE = Period(STARTS - timedelta(days=31), date(2027, 1, 1))
YEARS = range(2020, 2026)


@dataclass(frozen=True, slots=True)
class Product:
    """The product's answers about a history, as of what was recorded by a moment."""

    connection: psycopg.Connection[Any]
    invented: History
    believed: Believed

    @property
    def as_of(self) -> AsOf:
        return AsOf(self.believed.position, datetime.fromisoformat(self.believed.time))

    def assert_pipeline(self) -> None:
        assert self.flows(EVERYBODY) == self.believed.pipeline["all"]
        for source in shape.SOURCES:
            assert self.flows(Segment(source=source)) == self.believed.pipeline[source]

    def flows(self, segment: Segment) -> dict[str, dict[str, int]]:
        growth = pipeline_growth(self.connection, WHOLE, self.as_of, segment)
        names = ("new", "reactivated", "dormant", "exited_hired", "exited_opted_out")
        buckets = {
            bucket.begins: {name.replace("_", ".", 1).replace("_", "-"): getattr(bucket, name) for name in names}
            for bucket in growth.buckets
        }
        return {f"{day:%Y-%m}": +Counter(counts) for day, counts in buckets.items() if any(counts.values())}

    def assert_engagement(self) -> None:
        for window in WINDOWS:
            matching_months = {
                f"{month.month:%Y-%m}": {
                    "sent": month.sent,
                    "bounced": month.bounced,
                    "opened": month.open_total.n,
                    "opened.human": month.open_human.n,
                    "opened.machine": month.open_machine.n,
                    "clicked": month.click.n,
                    "replied": month.reply.n,
                }
                for month in engagement(self.connection, WHOLE, self.as_of, window_days=window).months
            }
            assert {month: +Counter(counts) for month, counts in matching_months.items()} == self.believed.engagement[
                str(window)
            ]

    def assert_touchpoints(self) -> None:
        result = Counter[str]()
        for count in touchpoint_counts(self.connection, WHOLE, self.as_of).counts:
            result[count.kind] += count.n
        assert result == self.believed.touchpoints

    def assert_dispatches(self) -> None:
        """All that we sent, and of what was never corrected exactly that which was recorded without a consent."""
        totals = dispatches(self.connection, self.as_of, Sought(), limit=1).totals
        sent = {kind: n for kind, n in self.believed.touchpoints.items() if KINDS[kind].direction == "outbound"}
        assert totals.dispatches == totals.authorised + totals.exceptions == sum(sent.values())
        given = list(islice(self.invented.recorded(), self.believed.position))
        corrected = {item.event.touchpoint for item in given if isinstance(item.event, TouchpointCorrected)}
        without = {item.event.touchpoint for item in given
                   if isinstance(item.event, TouchpointRecorded) and item.event.authorised is False}  # fmt: skip
        result = set[UUID]()
        page = dispatches(self.connection, self.as_of, Sought(), exceptions=True, limit=totals.exceptions)
        result.update(dispatch.touchpoint for dispatch in page.dispatches)
        assert len(result) == totals.exceptions > 0
        assert result - corrected == without - corrected

    def assert_time_to_fill(self) -> None:
        for name, evergreen in (("regular", False), ("evergreen", True)):
            cohorts = self.believed.time_to_fill[name]
            for period in months():
                counted = Counter(cohorts.get(f"{period.begins:%Y-%m}", {}))
                time = time_to_fill(self.connection, period, self.as_of, evergreen=evergreen)
                assert_filled(time, counted)

    def assert_stages(self) -> None:
        for period in years():
            year = str(period.begins.year)
            conversion = stage_conversion(self.connection, period, self.as_of)
            for cohort in conversion.cohorts:
                reached = {each_conversion.to: each_conversion.reached for each_conversion in cohort.conversions}
                counted = self.believed.stage_conversion[cohort.stage].get(year, {"n": 0} | dict.fromkeys(reached, 0))
                assert {"n": cohort.n} | reached == counted
            stays = time_in_stage(self.connection, period, self.as_of).stages
            matching_stays = {
                stay.code: {name: getattr(stay, name) for name in ("n", "n_completed", "n_censored", "median", "p90")}
                for stay in stays
            }
            report = {stage: in_[year] for stage, in_ in self.believed.time_in_stage.items() if year in in_}
            assert {stage: known(counts) for stage, counts in matching_stays.items()} == report
        for period in months():
            steps = stage_conversion(self.connection, period, self.as_of, view="activity").counts
            named = {step.step if step.code is None else f"{step.step}.{step.code}": step.n for step in steps}
            assert named == self.believed.stage_activity.get(f"{period.begins:%Y-%m}", {})

    def assert_hires(self) -> None:
        for period in years():
            year = str(period.begins.year)
            took = time_to_hire(self.connection, period, self.as_of)
            report = self.believed.time_to_hire.get(year, {"n": 0})
            assert {"n": took.n} | known({"median": took.median, "p90": took.p90}) == without(report, "days")
            assert took.mean == mean(report.get("days", 0), report["n"])
            for way in ("first-touch", "last-touch", "credited"):
                source = source_of_hire(self.connection, period, self.as_of, attribution=way)
                assert {
                    each_source.source: each_source.n for each_source in source.sources
                } == self.believed.source_of_hire[way].get(year, {})

    def assert_referrals(self) -> None:
        referrers = {self.invented.cast.streams[item] for item in self.invented.rows["referrer"].tolist() if item >= 0}
        result: dict[Any, str] = {}
        for referrer in referrers:
            for referral in made_referrals(self.connection, referrer, self.as_of).referrals:
                result[referral.referral] = referral.stage
        assert Counter(result.values()) == self.believed.referrals_by_standing
        assert len(result) == sum(counts.get("made", 0) for counts in self.believed.referrals.values())

    def assert_communities(self) -> None:
        for number, topic in enumerate(self.believed.communities):
            matching_members = members(self.connection, self.invented.cast.community(number), self.as_of, limit=1)
            assert matching_members is not None
            assert (f"{matching_members.around}.{matching_members.topic}", matching_members.n) == (
                topic,
                self.believed.communities[topic],
            )

    def assert_merges(self) -> None:
        link = f"select count(*) from {PIPELINE.schema}.link where known <= %(position)s and until > %(position)s"
        assert self.counted(link) == self.believed.merges["standing"]
        text = "select count(*) from batch(0, %(position)s) where type = any(%(types)s) and stream_id = "
        own = "(clear ->> 'absorbed')::uuid"
        assert self.counted(text + own, types=["candidates-merged.v1"]) == self.believed.merges["made"]
        assert self.counted(text + own, types=["candidates-unmerged.v1"]) == self.believed.merges["undone"]

    def assert_imports(self) -> None:
        text = "select count(*) from batch(0, %(position)s) where actor = 'import:legacy-crm'"
        assert self.counted(text) == self.believed.imports["events"]
        old = " and type = 'consent-given.v1' and clear ->> 'method' = 'import' and occurred_at < recorded_at"
        assert self.counted(text + old) == self.believed.imports["consents"]

    def counted(self, text: str, **request: Any) -> int:
        rows = self.connection.execute(text.encode(), {"position": self.believed.position, **request}).fetchall()
        return int(rows[0][0])


def months() -> Iterator[Period]:
    for number in range(12 * (STARTS.year - 1), 12 * ENDS.year):
        begins = date(number // 12, number % 12 + 1, 1)
        yield Period(begins, (begins + timedelta(days=31)).replace(day=1))


def years() -> Iterator[Period]:
    return (Period(date(year, 1, 1), date(year + 1, 1, 1)) for year in YEARS)


def known(counts: dict[str, int | None]) -> dict[str, int | None]:
    return {name: n for name, n in counts.items() if n is not None}


def without(counts: dict[str, int], name: str) -> dict[str, int]:
    return {other: n for other, n in counts.items() if other != name}


def mean(days: int, n: int) -> Any:
    return rounded(Fraction(days, n), "0.1") if n else None


def assert_filled(result: TimeToFill, counted: Counter[str]) -> None:
    fates = (result.n, result.n_filled, result.n_cancelled, result.n_censored)
    assert fates == tuple(counted[name] for name in ("opened", "filled", "cancelled", "open"))
    assert result.mean == mean(counted["days"], counted["filled"])
    assert result.net_of_holds is not None
    assert result.net_of_holds.mean == mean(counted["days"] - counted["held"], counted["filled"])


def folded(database: str, events: int) -> psycopg.Connection[Any]:
    """A connection to the database, where all read models have just been made and filled."""
    connection = psycopg.connect(database)
    models = {model.schema: model for model in READ_MODELS}
    for schema, model in models.items():
        create_schema(connection, model, schema, "UTC")
    for after in range(0, events, BATCH):
        fold(connection, models, after, min(after + BATCH, events), "UTC", closed)
        connection.commit()
    return connection


HISTORIES = {
    "usual": lambda: history(15_000, 21, ends_on=ENDS),
    "undone-often": lambda: history(3_000, 22, ends_on=ENDS, years=3, planted=UNDONE_OFTEN),
}


@pytest.mark.parametrize("kind", HISTORIES)
def test_the_product_finds_the_truth_again(kind: str, database: str, key_file: KeyFile) -> None:
    report = HISTORIES[kind]()
    with EventLog(database, key_file, role=bootstrap.OWNER) as owner:
        *_, written = load_synthetic(owner, report.recorded(), report.time_index())
    assert written == len(report)
    believed = truth(report)
    with folded(database, len(report)) as connection:
        for end in (believed.end, believed.middle):
            product = Product(connection, report, end)
            product.assert_pipeline()
            product.assert_engagement()
            product.assert_touchpoints()
            product.assert_dispatches()
            product.assert_time_to_fill()
            product.assert_stages()
            product.assert_hires()
            product.assert_referrals()
            product.assert_communities()
            product.assert_merges()
            product.assert_imports()

"""Each value is read as what its column holds; what cannot be read is named by its column and never repeated."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.intake.code_spelling import code_of
from adapters.intake.imports.refusals import NameGivesNoCode, ValueCannotBeRead, ValueIsMissing
from adapters.intake.imports.row import Manner, Row, When
from commands.verb import TimeIsInTheFuture

BERLIN = Manner(ZoneInfo("Europe/Berlin"), ("%m/%d/%Y", "%m/%d/%Y %H:%M"))


def row(**values: Any) -> Row:
    return Row("applications", values, BERLIN)


@pytest.mark.parametrize(
    ("text", "at", "how"),
    [
        ("2024-05-04T09:30:00Z", datetime(2024, 5, 4, 9, 30, tzinfo=UTC), "stated"),
        ("2024-05-04 09:30+02:00", datetime(2024, 5, 4, 7, 30, tzinfo=UTC), "stated"),
        ("2024-05-04T09:30", datetime(2024, 5, 4, 7, 30, tzinfo=UTC), "derived.at"),
        ("2024-12-04", datetime(2024, 12, 4, 11, tzinfo=UTC), "derived.at"),
        ("12/04/2024", datetime(2024, 12, 4, 11, tzinfo=UTC), "derived.at"),
        ("12/04/2024 23:00", datetime(2024, 12, 4, 22, tzinfo=UTC), "derived.at"),
    ],
)
def test_a_time_and_how_it_is_known(text: str, at: datetime, how: str) -> None:
    assert row(at=f" {text} ").when("at") == When(at, how)


@pytest.mark.parametrize(
    "text", ["yesterday", "2024-13-01", "0001-01-01", "9999-12-31", "04.05.2024", "12:30", 1.5, True]
)
def test_what_is_no_time_is_refused_by_its_column(text: Any) -> None:
    with pytest.raises(ValueCannotBeRead) as caught:
        row(at=text).when_needed("at")
    assert caught.value.where == "at"
    assert str(text) not in caught.value.what


def test_the_refusal_of_a_missing_value_says_what_it_means() -> None:
    for nothing in ({}, {"at": " "}):
        with pytest.raises(ValueIsMissing, match="when the candidate applied"):
            row(**nothing).when_needed("at")


@pytest.mark.parametrize(
    ("value", "read"), [("x; y;x;", ("x", "y")), (["x;y", "x;y", " "], ("x;y",)), ([7], ("7",)), ("", ())]
)
def test_lists(value: Any, read: tuple[str, ...]) -> None:
    assert row(tags=value).texts("tags") == read


@pytest.mark.parametrize(("value", "read"), [("Yes", True), ("0", False), (True, True), (0, False), ("", False)])
def test_flags(value: Any, read: bool) -> None:
    assert row(prospect=value).flag("prospect") is read
    assert row().flag("prospect") is False
    with pytest.raises(ValueCannotBeRead):
        row(prospect="perhaps").flag("prospect")


def test_names_become_codes() -> None:
    assert row(source="LinkedIn (Prospecting)").name("source") == "linkedin-prospecting"
    assert row().name("source") == row(source="unknown").name("source") == "unknown"
    assert row(source="東京").name("source") == code_of("東京")
    with pytest.raises(NameGivesNoCode):
        row(source="???").name("source")


def test_stages_with_their_times() -> None:
    noon = datetime(2024, 5, 4, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    read = [("Phone Screen", When(noon, "derived.stages"))]
    assert row(stages="Phone Screen@2024-05-04").stages("stages") == read
    assert row(stages=[{"stage": "Phone Screen", "at": "2024-05-04"}]).stages("stages") == read
    for wrong in ("phone-screen", "@2024-05-04", [{"stage": "x"}], [7], [["x"]]):
        with pytest.raises(ValueCannotBeRead):
            row(stages=wrong).stages("stages")


def test_days_are_days_of_the_zone() -> None:
    assert row(target_date="2024-05-04").day("target_date") == date(2024, 5, 4)
    assert row().day("target_date") is None


@pytest.mark.parametrize(
    ("zone", "text", "at", "how"),
    [
        ("Europe/Berlin", "2024-03-31 02:30", "2024-03-31T01:30Z", "derived.at.gap"),
        ("Europe/Berlin", "2024-10-27 02:30", "2024-10-27T00:30Z", "derived.at.fold"),
        ("Europe/Berlin", "2024-10-27 02:30+01:00", "2024-10-27T01:30Z", "stated"),
        ("America/New_York", "2024-03-10 02:00", "2024-03-10T07:00Z", "derived.at.gap"),
        ("America/New_York", "2024-11-03 01:59:59", "2024-11-03T05:59:59Z", "derived.at.fold"),
        ("America/Santiago", "2024-09-08 00:15", "2024-09-08T04:15Z", "derived.at.gap"),
        ("Australia/Lord_Howe", "2024-10-06 02:15", "2024-10-05T15:45Z", "derived.at.gap"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T22:00Z", "derived.at.gap"),
        ("Europe/Berlin", "2024-03-31 03:00", "2024-03-31T01:00Z", "derived.at"),
        ("UTC", "2024-03-31 02:30", "2024-03-31T02:30Z", "derived.at"),
    ],
)
def test_local_times_that_the_clocks_skipped_or_showed_twice(zone: str, text: str, at: str, how: str) -> None:
    when = Row("applications", {"at": text}, Manner(ZoneInfo(zone))).when_needed("at")
    assert (when.at.astimezone(UTC), when.how) == (datetime.fromisoformat(at.replace("Z", "+00:00")), how)


def test_what_is_to_come_has_not_happened_and_a_target_may_be_to_come() -> None:
    manner = Manner(ZoneInfo("UTC"), now=datetime(2024, 5, 4, 12, tzinfo=UTC))
    row = Row("requisitions", {"at": "2024-05-05", "target_date": "2024-09-01"}, manner)
    assert row.day("target_date") == date(2024, 9, 1)
    with pytest.raises(TimeIsInTheFuture) as caught:
        row.when_needed("at")
    assert caught.value.where == "at"

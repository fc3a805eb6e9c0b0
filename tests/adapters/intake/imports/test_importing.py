"""A file comes in once, however often it is imported, wherever an import was cut off, and whatever is wrong with it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.intake.imports.importing import Importer, Order
from adapters.intake.imports.ledger import STATE, Ledger
from adapters.intake.imports.lines import format_of
from adapters.intake.imports.mapping import Wording
from adapters.intake.imports.refusals import (
    ColumnIsUnknown,
    CsvIsBroken,
    FormatIsUnknown,
    ImportIsAtWork,
    KindIsUnknown,
    SystemIsWrittenWrongly,
)
from adapters.postgres.log.event_log import EventLog
from tests.adapters.intake.imports.conftest import SYSTEM, House

HEAD = "id,at,source,name\n"
WRONG = {4, 5, 9, 14}


def people(numbers: range, wrong: set[int] = WRONG) -> str:
    rows = [f'{n},{"nonsense" if n in wrong else "2024-01-05"},fair,"Name\n{n}"\n' for n in numbers]
    return HEAD + "".join(rows)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rejected_lines_are_mended_and_imported_again(house: House) -> None:
    path = house.file("c.csv", people(range(1, 16)))
    report = house.import_("candidates", path)
    assert (report.standing.added, report.standing.rejected, report.standing.lines) == (11, 4, 15)
    rejected = rows_of(house.rejected(path))
    assert [int(row["id"]) for row in rejected] == sorted(WRONG)
    assert [int(row["perennial_line"]) for row in rejected] == [2 * n for n in sorted(WRONG)]
    assert {row["perennial_where"] for row in rejected} == {"at"}
    assert all(row["perennial_reason"] and row["perennial_what_to_do"] and "\n" in row["name"] for row in rejected)
    mended = house.rejected(path)
    mended.write_text(mended.read_text().replace("nonsense", "2024-01-06"))
    assert house.import_("candidates", mended).standing.added == 4
    assert house.import_("candidates", house.file("all.csv", people(range(1, 16)))).standing.known == 11
    assert house.length() == 15


def test_the_outcomes_name_what_became_of_each_line(house: House) -> None:
    path = house.file("c.csv", people(range(1, 6)))
    house.import_("candidates", path)
    outcomes = [(int(row["line"]), row["outcome"], row["rule"]) for row in rows_of(house.outcomes(path))]
    wrong = ("rejected", "value-cannot-be-read")
    assert outcomes == [(2, "added", ""), (4, "added", ""), (6, "added", ""), (8, *wrong), (10, *wrong)]


def test_the_same_file_twice_adds_nothing_and_an_overlapping_one_the_rest(house: House) -> None:
    house.import_("candidates", house.file("c.csv", people(range(1, 11))))
    length = house.length()
    again = house.import_("candidates", house.file("c.csv", people(range(1, 11))))
    assert (again.standing.added, again.standing.known, again.went_on_after) == (0, 7, 0)
    assert house.length() == length
    more = house.import_("candidates", house.file("more.csv", people(range(6, 16))))
    assert (more.standing.added, more.standing.known) == (4, 4)


def test_lines_are_the_same_lines_in_another_format_of_the_file(house: House) -> None:
    house.import_("candidates", house.file("c.csv", HEAD + "1,2024-01-05,fair,Ana\n"))
    line = '{"name": "Ana", "source": "fair", "at": "2024-01-05", "id": "1"}\n'
    assert house.import_("candidates", house.file("c.ndjson", line)).standing.known == 1


def test_a_dry_run_decides_everything_and_writes_nothing(house: House, database: str) -> None:
    path = house.file("c.csv", people(range(1, 16)))
    tried = house.import_("candidates", path, dry_run=True)
    with psycopg.connect(database) as connection:
        for table in ("event", "consumer_offset", "person_key"):
            assert connection.execute(f"select count(*) from {table}".encode()).fetchone() == (0,)
    rejected = house.rejected(path).read_text()
    done = house.import_("candidates", path)
    assert (tried.standing.added, tried.standing.rejected) == (done.standing.added, done.standing.rejected)
    assert house.rejected(path).read_text() == rejected


def test_nothing_is_left_behind_when_a_file_is_through(house: House) -> None:
    house.import_("candidates", house.file("c.csv", people(range(1, 16))))
    assert list(house.importer.folder.iterdir()) == []


def test_a_broken_file_is_imported_up_to_where_it_breaks_and_on_once_it_is_mended(house: House) -> None:
    text = people(range(1, 8), wrong=set())
    path = house.file("c.csv", text + '8,2024-01-05,"fair"x,Bo\n9,2024-01-05,fair,Cy\n')
    with pytest.raises(CsvIsBroken, match="from line 16 on"):
        house.import_("candidates", path)
    assert house.length() == 7
    mended = house.file("c.csv", path.read_text().replace('"fair"x', "fair"))
    report = house.import_("candidates", mended)
    assert (report.standing.added, report.standing.known) == (2, 7)


def test_a_head_that_does_not_fit_changes_nothing(house: House) -> None:
    with pytest.raises(ColumnIsUnknown, match="phnes"):
        house.import_("candidates", house.file("c.csv", "id,phnes\n1,7\n"))
    assert house.length() == 0


@pytest.mark.parametrize(
    ("kind", "source", "name", "error"),
    [
        ("people", SYSTEM, "c.csv", KindIsUnknown),
        ("candidates", "Old CRM", "c.csv", SystemIsWrittenWrongly),
        ("candidates", SYSTEM, "c.xlsx", FormatIsUnknown),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(kind: str, source: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Order(Path(name), kind, source, format_of(Path(name)))


def test_a_mapping_of_foreign_words(house: House) -> None:
    wording = Wording.model_validate(
        {
            "others": "ignore",
            "columns": {"id": "Nr", "name": ["Vorname", "Nachname"], "at": "Angelegt", "source": "Kanal"},
            "values": {"source": {"Messe Köln": "fair"}},
            "writing": {"delimiter": ";", "times": ["%d.%m.%Y"]},
        }
    )
    text = "Nr;Vorname;Nachname;Angelegt;Kanal;Gehalt\r\n1;Zoë;Grün;05.01.2024;Messe Köln;viel\r\n"
    house.taken("candidates", "\ufeff" + text, wording=wording)
    (sourced,) = house.history("candidate", "1")
    assert (sourced.event.name, sourced.event.source) == ("Zoë Grün", "fair")  # type: ignore[attr-defined]  # that event has them
    assert sourced.at.date().isoformat() == "2024-01-05"


def test_two_cannot_import_one_file_at_once(house: House) -> None:
    path = house.file("c.csv", people(range(1, 16)))
    caught: list[Exception] = []

    def meanwhile(*_: object) -> None:
        try:
            house.import_("candidates", path)
        except ImportIsAtWork as error:
            caught.append(error)

    order = Order(path, "candidates", SYSTEM, "csv")
    house.importer.import_file(order, {}, progress=meanwhile)
    assert len(caught) == 5
    assert house.length() == 11


def test_another_folder_does_not_help(house: House, importer: Importer, tmp_path: Path) -> None:
    """The log itself knows how far a file has come: two processes that do not see each other cannot both go on."""
    path = house.file("c.csv", people(range(1, 16)))
    order = Order(path, "candidates", SYSTEM, "csv")
    elsewhere = Importer(
        importer.log, importer.verbs, importer.zone, importer.now, tmp_path / "elsewhere", lines_at_once=2
    )
    overtaken: list[bool] = []

    def overtake(*_: object) -> None:
        if not overtaken:
            overtaken.append(True)
            elsewhere.import_file(order, {})

    with pytest.raises(ImportIsAtWork):
        importer.import_file(order, {}, progress=overtake)
    assert house.length() == 11


def test_what_is_about_an_erased_person_is_rejected_and_the_rest_goes_on(house: House, database: str) -> None:
    house.taken("candidates", people(range(1, 7), wrong=set()))
    with psycopg.connect(database) as owner:
        for gone in ("2", "5"):
            owner.execute("select destroy_person_key(%s)", (house.stream("candidate", gone),))
    lines = "candidate,kind,at,note\n" + "".join(f"{n},note-written,2024-02-01,about {n}\n" for n in range(1, 7))
    path = house.file("t.csv", lines)
    report = house.import_("touchpoints", path)
    assert report.standing.reasons == {"person-of-the-line-was-erased": 2}
    rejected = rows_of(house.rejected(path))
    assert [row["perennial_line"] for row in rejected] == ["3", "6"]
    assert {(row["candidate"], row["note"]) for row in rejected} == {("", "")}, "nothing of them is written down"
    assert report.standing.added == 4


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the process end at the n-th of its steps (before or after each commit, and each write to its ledger)."""
    left = [0]

    def step() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    def stepping(target: Any, name: str) -> None:
        real = getattr(target, name)

        def around(*arguments: Any, **named: Any) -> Any:
            step()
            done = real(*arguments, **named)
            step()
            return done

        monkeypatch.setattr(target, name, around)

    stepping(EventLog, "append_block")
    stepping(Ledger, "propose")
    stepping(Ledger, "_write")
    stepping(Ledger, "end")

    def die_at(number: int) -> None:
        left[0] = number

    return die_at


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.integers(1, 24), max_size=4), st.integers(0, 10_000))
def test_killed_anywhere_and_started_again_nothing_is_lost_or_doubled(
    house: House, dying: Any, deaths: list[int], round_: int
) -> None:
    source = f"crm-{UUID(int=round_)}-{len(list(house.folder.iterdir()))}"
    path = house.file(f"{source}.csv", people(range(1, 16)))
    before = house.length()
    for death in deaths:
        dying(death)
        try:
            house.import_("candidates", path, system=source)
        except Killed:
            continue
        break
    dying(0)
    report = house.import_("candidates", path, system=source)
    assert house.length() - before == 11
    assert (report.standing.lines, report.standing.rejected) == (15, 4)
    assert [int(row["id"]) for row in rows_of(house.rejected(path))] == sorted(WRONG)
    outcomes = [int(row["line"]) for row in rows_of(house.outcomes(path))]
    assert outcomes == [2 * n for n in range(1, 16)]
    if report.went_on_after and report.standing.round == 1:
        assert report.standing.added == 11


def test_a_lost_ledger_means_from_the_beginning_and_adds_nothing(house: House, dying: Any) -> None:
    path = house.file("c.csv", people(range(1, 16)))
    dying(12)
    with pytest.raises(Killed):
        house.import_("candidates", path)
    begun = house.length()
    assert 0 < begun < 11
    for state in house.importer.folder.glob(f"*/{STATE}"):
        state.write_text("[")
    report = house.import_("candidates", path)
    assert (report.went_on_after, report.standing.known, house.length()) == (0, begun, 11)


def test_how_a_local_time_was_read_is_counted_and_told_line_by_line(house: House) -> None:
    text = "id,at\n1,2024-03-31 02:30\n2,2024-10-27 02:30\n3,2024-10-27 02:30+01:00\n4,2024-01-05\n"
    path = house.file("c.csv", text)
    assert house.import_("candidates", path).standing.notes == {"local-time-was-skipped": 1, "local-time-was-twice": 1}
    outcomes = [(row["line"], row["outcome"], row["rule"]) for row in rows_of(house.outcomes(path))]
    assert outcomes == [
        ("2", "added", "local-time-was-skipped"), ("3", "added", "local-time-was-twice"), ("4", "added", ""),
        ("5", "added", ""),
    ]  # fmt: skip

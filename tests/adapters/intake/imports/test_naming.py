"""The system of a file and the source of a person are two words, and a refusal calls a column as the file does."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from adapters.cli.main import cli
from adapters.intake.imports import contacts, jobs, people
from adapters.intake.imports.columns import FORMER_NAMES, columns_of
from adapters.intake.imports.importing import Order
from adapters.intake.imports.kinds import KINDS, line_id
from adapters.intake.imports.mapping import Wording, mapping_in, translator
from adapters.intake.imports.naming import OWN_ID, column_of, in_words
from adapters.intake.imports.origin import Origin
from adapters.intake.imports.refusals import ColumnIsUnknown, LineHasUnknownKeys, MappingCannotBeRead
from adapters.intake.imports.row import Manner, Row
from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.keys.key_file import KeyFile
from commands.learn_profile_fact import LearnProfileFact
from commands.verb import Command, ListIsTooLong
from tests.adapters.intake.imports.conftest import NOW, House
from tests.adapters.intake.imports.test_real_files import rows_of

USED = {
    value
    for module in (people, contacts, jobs)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Command) and value is not Command
}
"""Every command that a line may come to."""


def kind_of(command: type[Command]) -> str:
    """Whose lines come to the command."""
    named = {field.name for field in fields(command)}
    kinds = {"touchpoint": "touchpoints", "application": "applications", "requisition": "requisitions"}
    of_people = "consents" if "purpose" in named else "candidates"
    return next((kind for field, kind in kinds.items() if field in named), of_people)


OF_NO_COLUMN = {
    *(
        "now",
        "occurred_how",
        "outside_source",
        "in_any_order",
        "although_taken",
        "anew",
        "addresses",
        "cells",
        "wholes",
        "keeps_known",
        "leaves_out",
        "returning",
    ),
    *("method", "answered_by", "because_of", "column", "asked", "channel", "asked_by", "held", "came_from"),
}
"""Fields that no column fills."""


def test_every_kind_of_line_comes_to_a_command() -> None:
    assert {kind_of(command) for command in USED} == KINDS.keys() == OWN_ID.keys()


@pytest.mark.parametrize(
    ("kind", "command", "field"),
    [
        pytest.param(kind_of(command), command, field.name, id=f"{command.__name__}.{field.name}")
        for command in sorted(USED - {LearnProfileFact}, key=lambda command: command.__name__)
        for field in fields(command)
        if field.name not in OF_NO_COLUMN and (kind_of(command), field.name) != ("requisitions", "note")
    ],
)
def test_each_field_of_a_command_is_called_as_its_column(kind: str, command: type[Command], field: str) -> None:
    refusal = ListIsTooLong(field=field, length=2, longest=1)
    refusal.command = object.__new__(command)
    column = column_of(kind, refusal, field)
    assert column in columns_of(kind)
    wording = Wording.model_validate({"columns": {column: "Theirs"}})
    renamed = in_words(kind, wording, refusal)
    assert (renamed.where, "'Theirs'" in renamed.what, f"'{field}'" in renamed.what) == ("Theirs", True, False)


@pytest.mark.parametrize("column", [*people.FACTS])
@pytest.mark.parametrize("field", ["value", "fact"])
def test_a_fact_is_called_as_the_column_that_it_stands_in(column: str, field: str) -> None:
    refusal = ListIsTooLong(field=field, length=2, longest=1)
    refusal.command = LearnProfileFact(
        candidate=UUID(int=1), fact="skill", learned_from="ats", value="x", column=column, now=NOW
    )
    assert column_of("candidates", refusal, field) == column


def test_a_fact_that_is_refused_says_the_files_own_column(house: House) -> None:
    house.taken("candidates", "id,name\n1,Ana\n")
    wording = Wording.model_validate({"columns": {"emails": "Mail", "learned_from": "Who says"}})
    path = house.file("c.csv", "id,Mail,Who says\n1,ana at x,\n1,,\n1,ana@x.org,Not A Code\n")
    assert house.import_("candidates", path, wording=wording).standing.rejected == 2
    rows = rows_of(house.rejected(path))
    assert [row["perennial_where"] for row in rows] == ["Mail", "Who says"]
    assert all("'Mail'" in row["perennial_reason"] or "'Who says'" in row["perennial_reason"] for row in rows)


def test_a_step_that_is_refused_says_the_column_of_its_time(house: House) -> None:
    house.taken("candidates", "id,name\n1,Ana\n")
    house.taken("requisitions", "id,at\n5,2024-01-01\n")
    wording = Wording.model_validate({"columns": {"declined_at": "No on", "stages": "Steps", "at": "Applied"}})
    text = "id,candidate,requisition,Applied,Steps,offered_at,No on\n7,1,5,2024-01-05,,{}\n"
    assert house.import_(
        "applications", house.file("o.csv", text.format("2024-02-05,")), wording=wording
    ).standing.added
    path = house.file("a.csv", text.format("2024-02-05,2024-02-01"))
    assert house.import_("applications", path, wording=wording).standing.rejected == 1
    (row,) = rows_of(house.rejected(path))
    assert row["perennial_where"] == "No on"


@pytest.fixture
def origin(key_file: KeyFile) -> Origin:
    return Origin("old-crm", key_file, datetime(2026, 5, 4, tzinfo=UTC))


@pytest.mark.parametrize("name", [*FORMER_NAMES, *FORMER_NAMES.values()])
def test_a_line_keeps_its_id_under_todays_names(house: House, origin: Origin, name: str) -> None:
    """The id of a line is made of these very bytes in every log that there is."""
    values = {"candidate": "1", "at": "2024-02-01", name: "old-crm"}
    row = Row("touchpoints", values, Manner(house.importer.zone))
    former = FORMER_NAMES.get(name, name)
    content = json.dumps(
        {"at": "2024-02-01", "candidate": "1", former: "old-crm"}, sort_keys=True, separators=(",", ":")
    )
    made = origin.key_file.stream_of("old-crm", "touchpoint-line", content)
    assert line_id(KINDS["touchpoints"], row, origin) == made


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_file_that_names_the_column_as_before_adds_nothing_twice(house: House, form: str) -> None:
    house.taken("candidates", "id,name\n1,Ana\n")
    length = house.length()
    for number, name in enumerate(("candidate_source", "candidate_system", "candidate_source")):
        values = {"candidate": "1", name: "old-crm", "kind": "email-replied", "at": "2024-02-01"}
        lines = {"csv": f"{','.join(values)}\n{','.join(values.values())}\n", "ndjson": f"{json.dumps(values)}\n"}
        report = house.import_("touchpoints", house.file(f"t{number}.{form}", lines[form]), system="mailer")
        assert (report.standing.rejected, report.standing.added) == (0, int(number == 0))
    assert house.length() == length + 1


def test_both_names_beside_each_other_are_refused(house: House) -> None:
    values = {"candidate": "1", "candidate_source": "a", "candidate_system": "b", "kind": "x", "at": "2024-02-01"}
    with pytest.raises(ColumnIsUnknown, match="candidate_source"):
        house.import_("touchpoints", house.file("t.csv", ",".join(values) + "\n"))
    with pytest.raises(LineHasUnknownKeys, match="candidate_source"):
        translator("touchpoints", Wording(), None)(values)
    with pytest.raises(MappingCannotBeRead, match="candidate_source"):
        mapping_in('{"columns": {"candidate_source": "a", "candidate_system": "b"}}')


@pytest.mark.parametrize("part", ["columns", "constants"])
def test_a_mapping_that_names_the_column_as_before_is_the_same_mapping(house: House, part: str) -> None:
    """Also where an import began under an older version and goes on: what it is known by says the former names."""
    before, after = ({part: {name: "crm"}} for name in ("candidate_source", "candidate_system"))
    wordings = [Wording.model_validate(document) for document in (before, after)]
    orders = [Order(Path("t.csv"), "touchpoints", "mailer", "csv", wording) for wording in wordings]
    assert wordings[0] == wordings[1]
    assert b"candidate_source" in orders[0].identity("") == orders[1].identity("")
    house.taken("candidates", "id,name\n1,Ana\n", system="crm")
    columns = ",crm" if part == "columns" else ""
    text = f"candidate,kind,at{columns}\n1,email-replied,2024-02-01{columns}\n"
    for number, wording in enumerate(wordings):
        path = house.file(f"t{number}.csv", text + "\n" * number)
        report = house.import_("touchpoints", path, system="mailer", wording=wording)
        assert (report.standing.added, report.standing.known) == (int(number == 0), number)


def test_an_import_that_waits_since_an_older_version_is_known(tmp_path: Path) -> None:
    name = UUID(int=7)
    note: dict[str, Any] = {
        "id": str(name), "kind": "touchpoints", "source": "mailer", "format": "csv",
        "asked_at": "2026-05-04T09:30:00+00:00", "ended_at": None,
        "wording": {"columns": {"candidate_source": "crm"}},
    }  # fmt: skip
    (tmp_path / str(name)).mkdir()
    (tmp_path / str(name) / "about.json").write_text(json.dumps(note))
    about = UploadStore(tmp_path).find(name)
    assert about is not None
    assert (about.system, about.wording.theirs("candidate_system")) == ("mailer", ("crm",))


def test_a_refusal_says_the_former_name_where_the_file_does(house: House) -> None:
    house.taken("candidates", "id,name\n1,Ana\n")
    path = house.file("t.csv", f"candidate,candidate_source,kind,at\n1,{'x' * 20_001},email-replied,2024-02-01\n")
    assert house.import_("touchpoints", path).standing.rejected == 1
    (row,) = rows_of(house.rejected(path))
    assert row["perennial_where"] == "candidate_source"


def test_the_command_line_refuses_the_former_word_and_names_todays(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("id,name\n1,Ana\n")
    answer = CliRunner().invoke(cli, ["import", "candidates", str(path), "--source", "old-crm"])
    assert answer.exit_code == 2
    assert "--system old-crm" in answer.output

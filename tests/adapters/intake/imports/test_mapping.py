"""A foreign file's words become ours, and a mapping that says something else than it could mean is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.intake.imports.mapping import PLAIN, Wording, mapping_in, read_mapping, translator, wording_of
from adapters.intake.imports.refusals import (
    ColumnIsMissing,
    ColumnIsUnknown,
    KindIsUnknown,
    LineHasUnknownKeys,
    MappingCannotBeRead,
)

FOREIGN = """
others = "ignore"

[columns]
id = "Candidate ID"
name = ["First Name", "Last Name"]
emails = ["Work mail", "Home mail"]
source = "Channel"

[constants]
source = "unknown"
learned_from = "ats"

[values.source]
"Indeed (organic)" = "indeed"

[writing]
delimiter = ";"
list_separator = "|"
zone = "America/New_York"
times = ["%m/%d/%Y"]
"""
COLUMNS = ["Candidate ID", "First Name", "Last Name", "Work mail", "Home mail", "Channel", "owner", "Salary"]


def foreign(tmp_path: Path) -> Wording:
    path = tmp_path / "m.toml"
    path.write_text(FOREIGN)
    return read_mapping(path)


def test_a_mapping_puts_a_foreign_line_into_our_words(tmp_path: Path) -> None:
    translate = translator("candidates", foreign(tmp_path), COLUMNS)
    values = ["17", "Ana", "Silva", "", "ana@example.org", "Indeed (organic)", "bo", "a lot"]
    assert translate(dict(zip(COLUMNS, values, strict=True))) == {
        "id": "17",
        "name": "Ana Silva",
        "emails": ["ana@example.org"],
        "source": "indeed",
        "learned_from": "ats",
        "owner": "bo",
    }
    values[5] = ""
    assert translate(dict(zip(COLUMNS, values, strict=True)))["source"] == "unknown"


def test_json_says_the_same_as_toml(tmp_path: Path) -> None:
    wording = foreign(tmp_path)
    assert mapping_in(json.dumps(wording.model_dump(mode="json"))) == wording


def test_a_column_that_stands_for_another_is_not_used_under_its_own_name() -> None:
    wording = Wording(columns={"name": "title"}, others="ignore")
    translate = translator("requisitions", Wording(columns={"role": "title"}), ["id", "at", "title"])
    assert translate({"id": "1", "at": "2024-01-01", "title": "Gardener"}) == {
        "id": "1",
        "at": "2024-01-01",
        "role": "Gardener",
    }
    with pytest.raises(MappingCannotBeRead, match="'name', which is no column of requisitions"):
        translator("requisitions", wording, ["id", "at", "title"])


def test_values_of_lists_and_of_other_types_are_translated() -> None:
    wording = Wording(values={"channels": {"E-Mail": "email"}, "answer": {"true": "given", "1": "refused"}})
    translate = translator("consents", wording, None)
    assert translate({"channels": ["E-Mail", "phone"], "answer": True}) == {
        "channels": ["email", "phone"],
        "answer": "given",
    }
    assert translate({"answer": 1}) == {"answer": "refused"}


@pytest.mark.parametrize(
    ("columns", "wording", "error", "says"),
    [
        (["id", "phnes"], PLAIN, ColumnIsUnknown, "phnes"),
        (["name"], PLAIN, ColumnIsMissing, "id"),
        (["name"], Wording(constants={"name": "x"}), ColumnIsMissing, "id"),
        (["id"], Wording(columns={"name": "Name"}), MappingCannotBeRead, "'Name', which is no column of the file"),
        (["id"], Wording(values={"nam": {}}), MappingCannotBeRead, "[values] names 'nam'"),
    ],
)
def test_a_head_that_does_not_fit_stops_the_file(
    columns: list[str], wording: Wording, error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as caught:
        translator("candidates", wording, columns)
    assert says in str(caught.value)


def test_our_own_columns_of_a_rejected_file_are_passed_over() -> None:
    assert translator("candidates", PLAIN, ["perennial_line", "id"])({"perennial_line": "7", "id": "1"}) == {"id": "1"}
    assert translator("candidates", PLAIN, None)({"perennial_line": "7", "id": "1"}) == {"id": "1"}


def test_an_object_with_unknown_keys_is_rejected_alone() -> None:
    with pytest.raises(LineHasUnknownKeys, match="phnes"):
        translator("candidates", PLAIN, None)({"id": "1", "phnes": []})
    assert translator("candidates", Wording(others="ignore"), None)({"id": "1", "phnes": []}) == {"id": "1"}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"colums": {}},
        {"columns": {"id": 7}},
        {"columns": {"id": []}},
        {"others": "drop"},
        {"writing": {"delimiter": ";;"}},
        {"writing": {"delimiter": '"'}},
        {"writing": {"delimiter": "\n"}},
        {"writing": {"list_separator": ""}},
        {"writing": {"zone": "Berlin"}},
        {"writing": {"zone": "Europe"}},
        {"writing": {"zone": "x" * 300}},
        {"constants": {"source": "\ud800"}},
        {"values": {"source": {"\ud800": "x"}}},
        {"constants": {"source": 7}},
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(document: Any) -> None:
    with pytest.raises(MappingCannotBeRead):
        wording_of(document)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "\0"])
def test_what_is_no_json_or_toml_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(MappingCannotBeRead):
        mapping_in(text)
    (tmp_path / "m.toml").write_text("columns = {" if text == "{" else text[:100])
    with pytest.raises(MappingCannotBeRead):
        read_mapping(tmp_path / "m.toml")


def test_only_known_kinds_are_translated() -> None:
    with pytest.raises(KindIsUnknown, match="candidates, touchpoints"):
        translator("people", PLAIN, ["id"])

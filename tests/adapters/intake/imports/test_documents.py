"""The page about imports says what is so: every column, and a mapping and a worked example that do what it says."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.intake.imports.columns import KINDS
from adapters.intake.imports.mapping import read_mapping, translator
from tests.adapters.intake.imports.conftest import House

PAGE = (Path(__file__).parents[4] / "docs/imports.md").read_text()


def test_the_page_has_every_column() -> None:
    for kind, columns in KINDS.items():
        part = PAGE.partition(f"### {kind}\n")[2].partition("\n##")[0]
        rows = re.findall(r"^\| (\**)`(\w+)`\** \| (\w+) \| (.+) \|$", part, flags=re.MULTILINE)
        documented = [(name, read, means, bool(bold)) for bold, name, read, means in rows]
        assert documented == [(column.name, column.read, column.means, column.needed) for column in columns]


def test_the_mapping_of_the_page_is_one(tmp_path: Path) -> None:
    (mapping,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "m.toml").write_text(mapping)
    columns = ["Candidate ID", "First Name", "Last Name", "Work Email", "Home Email", "Created", "Sourced From", "x"]
    translate = translator("candidates", read_mapping(tmp_path / "m.toml"), columns)
    values = translate(dict.fromkeys(columns, "Indeed (organic)"))
    assert (values["source"], values["location"], values["name"]) == (
        "indeed",
        "lisbon",
        "Indeed (organic) Indeed (organic)",
    )


def test_the_example_of_the_page_goes_as_it_says(house: House) -> None:
    text = PAGE.partition("$ cat people.csv\n")[2].partition("$ perennial")[0]
    path = house.file("people.csv", text)
    first = house.import_("candidates", path).standing
    assert (first.lines, first.added, first.events, first.rejected) == (2, 1, 3, 1)
    head = house.rejected(path).read_text().splitlines()[0]
    assert f"\n{head}\n" in PAGE
    mended = house.rejected(path)
    mended.write_text(mended.read_text().replace("05/03/2021", "2021-03-05"))
    again = house.import_("candidates", mended).standing
    assert (again.added, again.events, again.rejected) == (1, 1, 0)

"""A stage that stands under the code of an earlier rule is no news when its text is imported again."""

from __future__ import annotations

import pytest

from adapters.code_spelling import code_of, earlier_code_of
from adapters.imports import jobs
from tests.imports.conftest import House

STAGES = ("C++ Test", "Łódź Day", "разговор 2", "x" * 80)


def test_a_repeated_import_adds_nothing_where_only_the_rule_changed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(code_of(stage) != earlier_code_of(stage) for stage in STAGES)
    house.import_("candidates", house.file("c.csv", "id,at,source,name\n1,2024-01-05,fair,Ana\n"))
    stages = ";".join(f"{stage}@2024-02-0{day}" for day, stage in enumerate(STAGES, 1))
    line = f'id,at,candidate,prospect,source,stages\n7,2024-01-06,1,true,fair,"{stages}"\n'
    with monkeypatch.context() as before:
        before.setattr(jobs, "code_of", earlier_code_of)
        assert house.import_("applications", house.file("a.csv", line)).standing.added == 1
    length = house.length()
    again = house.import_("applications", house.file("again.csv", line))
    assert (again.standing.added, again.standing.known, house.length()) == (0, 1, length)

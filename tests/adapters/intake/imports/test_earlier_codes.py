"""What stands under a code is no news when a text of that code is imported again, by today's rule or an earlier one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from adapters.intake.code_spelling import code_of, earlier_code_of
from adapters.intake.imports import jobs
from domain.codec import texts_of
from tests.adapters.intake.imports.conftest import House

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


WRITTEN = {
    "candidates": "id,at,source,role,location,name\n1,2024-01-05,{Career Site},{C++ Developer},{Łódź},Ana\n",
    "requisitions": "id,at,source,role,location,held_at,cancelled_openings,cancelled_at,reason\n"
    "5,2024-01-01,{Head Count},{C++ Developer},{Łódź},2024-01-03,,,{No Budget}\n"
    "6,2024-01-01,{Head Count},{C++ Developer},{Łódź},,1,2024-01-09,{No Budget}\n",
    "applications": "id,at,candidate,requisition,source,stages,"
    "offered_at,declined_at,offer_reason,outcome,ended_at,reason\n"
    "7,2024-01-06,1,5,{Career Site},{C++ Test}@2024-01-07;{Onsite}@2024-01-08,2024-01-10,2024-01-11,{More Pay},,,\n"
    "8,2024-01-06,1,5,{Career Site},{Onsite}@2024-01-08,,,,rejected,2024-01-12,{Not a Fit}\n"
    "9,2024-01-06,1,5,{Career Site},,,,,withdrawn,2024-01-12,{Moved away}\n",
}
"""Lines of every kind that has names; in braces what is written in several ways."""


def written(kind: str, way: Callable[[str], str]) -> str:
    return re.sub(r"\{(.*?)\}", lambda text: way(text[1]), WRITTEN[kind])


def test_another_spelling_of_the_same_codes_adds_nothing_and_the_first_text_stays(house: House) -> None:
    for kind in WRITTEN:
        assert house.import_(kind, house.file(f"{kind}.csv", written(kind, str))).standing.rejected == 0
    length = house.length()
    for number, way in enumerate((str.upper, str.lower, lambda text: f" {text.replace(' ', '  ')} ", code_of)):
        for kind in WRITTEN:
            again = house.import_(kind, house.file(f"{kind}-{number}.csv", written(kind, way)))
            assert (again.standing.added, again.standing.rejected) == (0, 0), (kind, way)
    assert house.length() == length
    texts = {
        text
        for kind, ids in {"candidate": "1", "requisition": "56", "application": "789"}.items()
        for outside_id in ids
        for recorded in house.history(kind, outside_id)
        for text in texts_of(recorded.event).values()
    }
    assert texts == {text for kind in WRITTEN for text in re.findall(r"\{(.*?)\}", WRITTEN[kind])}


def test_a_text_that_is_its_code_is_not_kept_twice(house: House) -> None:
    house.taken("candidates", "id,at,source,role,name\n1,2024-01-05,career-site,unknown,Ana\n")
    (entry,) = house.history("candidate", "1")
    assert texts_of(entry.event) == {}

"""A funnel of one's own is written in one line."""

from __future__ import annotations

import pytest

from queries.stage_conversion import MOST_STAGES, StagesCannotBeRead, funnel_of


def test_each_code_is_a_stage_of_its_own() -> None:
    assert [(stage.name, stage.codes) for stage in funnel_of("a-chat,hired")] == [
        ("a-chat", ("a-chat",)),
        ("hired", ("hired",)),
    ]


@pytest.mark.parametrize(
    "stages",
    ["", "applied", "applied,", "applied,applied", "Applied,hired", "applied, hired", "applied,hired\n",
     ",".join(f"s{number}" for number in range(MOST_STAGES + 1))],
)  # fmt: skip
def test_what_is_no_funnel_is_refused(stages: str) -> None:
    with pytest.raises(StagesCannotBeRead):
        funnel_of(stages)

"""The standard funnel."""

from __future__ import annotations

from collections import Counter

from domain.codes import CODE, require_written
from domain.stages import FUNNEL, in_order, stages_of


def test_every_code_belongs_to_one_stage() -> None:
    codes = Counter(code for stage in FUNNEL for code in stage.codes)
    assert set(codes.values()) == {1}
    for code in codes:
        require_written(code, CODE, "stage")
    assert [stage.name for stage in FUNNEL] == ["applied", "screen", "interview", "offer", "hired"]
    assert all(stages_of(FUNNEL)[stage.name] == stage.name for stage in FUNNEL if stage.codes)


def test_codes_sort_as_applications_pass_them() -> None:
    assert sorted(["zen", "offer", "onsite", "a-chat", "screen", "applied", "prospect"], key=in_order) == [
        "prospect", "applied", "screen", "onsite", "offer", "a-chat", "zen",
    ]  # fmt: skip

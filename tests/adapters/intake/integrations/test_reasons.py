"""Every reason for which a delivery is kept or waits is explained, whichever module says it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from adapters.intake.integrations import inbound
from adapters.intake.integrations.greenhouse import LISTS, MAY_PASS
from adapters.intake.integrations.reasons import OF_PARTS, REASONS, WAITS, reason_of, refusals
from domain.candidate import CandidateIsErased
from domain.errors import Refused

MODULES = sorted((Path(__file__).parents[4] / "adapters" / "intake" / "integrations").glob("*.py"))
RAISED = ("PartIsMissing", "CauseIsMissing")


def codes_in(path: Path) -> Iterator[str]:
    """The reasons that a module writes out: what it raises, and what it says a delivery is kept for."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            raised = isinstance(node.func, ast.Name) and node.func.id in RAISED
            values = (
                [*node.args[:1]] if raised else [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
            )
            yield from (
                value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)
            )


WRITTEN = sorted({code for path in MODULES for code in codes_in(path)} - {"deleted-in-greenhouse"})
KEPT_BY_VENDORS = {
    code
    for path in MODULES
    for code in getattr(import_module(f"adapters.intake.integrations.{path.stem}"), "KEPT", {}).values()
}
OF_THE_INBOX = (
    *inbound.NOT_KEPT,
    inbound.KEY_STANDS_TWICE,
    inbound.ID_NAMES_ANOTHER,
    inbound.TOO_MANY_WAIT,
)


@pytest.mark.parametrize("code", sorted({*WRITTEN, *OF_THE_INBOX, *KEPT_BY_VENDORS, "unknown-action"}))
def test_a_reason_is_explained(code: str) -> None:
    assert code in REASONS or code.endswith(tuple(OF_PARTS))


def test_the_walk_finds_reasons() -> None:
    assert {"not-json", "candidate-is-not-known-yet", "what-took-it-back-is-missing", "job-is-a-draft"} <= set(WRITTEN)


@pytest.mark.parametrize("rule", MAY_PASS, ids=lambda rule: rule.rule())
def test_a_rule_that_a_delivery_waits_for_says_that_it_waits(rule: type[Refused]) -> None:
    assert REASONS[rule.rule()].what_to_do == WAITS
    assert "reconcile" in reason_of(rule.rule(), "greenhouse", waits=False).what_to_do


def test_what_names_a_part_a_list_or_a_rule_is_explained_by_its_kind() -> None:
    lacking = reason_of("application-id-is-missing", "greenhouse", waits=False)
    assert (lacking.detail, "greenhouse" in lacking.what_to_do) == (
        "The body lacks something that is needed: application id.",
        True,
    )
    for name in LISTS:
        assert "too many values" in reason_of(f"{name.replace('_', '-')}-has-too-many-values", "x", waits=False).detail
    assert CandidateIsErased.rule() in refusals()
    for rule in refusals():
        reason = reason_of(rule, "greenhouse", waits=False)
        assert "{" not in reason.detail + reason.what_to_do

"""Every rule says what is wrong, where, and what to do about it."""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Iterator

import pytest

import commands.catalogue  # noqa: F401 - so that every rule is known here
from domain.errors import Conflict, Invalid, NotFound, Refused, message_of


def rules(base: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for rule in base.__subclasses__():
        if rule not in (NotFound, Conflict, Invalid) and rule.__module__.split(".")[0] in ("domain", "commands"):
            yield rule
        yield from rules(rule)


@pytest.mark.parametrize("rule", sorted(rules(), key=str), ids=str)
def test_a_rule_speaks(rule: type[Refused]) -> None:
    named: dict[str, object] = defaultdict(lambda: "x")
    named.update({name: "x" for _, name, _, _ in string.Formatter().parse(rule.__doc__ or "") if name})
    refused = rule(**named)
    assert refused.kind in ("not-found", "conflict", "invalid")
    assert refused.where
    assert message_of(rule).title
    assert refused.what.endswith((".", "x"))
    assert refused.what_to_do.endswith(".")
    assert str(refused) == f"{refused.what} {refused.what_to_do}"


def test_no_two_rules_share_a_name() -> None:
    names = [rule.rule() for rule in rules()]
    assert len(names) == len(set(names))
    assert "consent-is-missing" in names

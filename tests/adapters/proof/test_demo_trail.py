"""The auditor's five commands name a person whom the demo really has."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from adapters.cli.demonstration import AUDIT_OF_DEMO, DEMO_EVENTS, DEMO_SEED, DEMO_YEARS, LAST_DAY_OF_DEMO
from adapters.lab.synthetic.history import history

PAGE = Path(__file__).parents[3] / "docs" / "audit.md"
NAMED = re.compile(r"audit-bundle --candidate ([0-9a-f-]{36})")


def test_the_demo_has_the_trail_that_the_page_reads() -> None:
    (candidate,) = set(NAMED.findall(PAGE.read_text()))
    assert NAMED.findall(AUDIT_OF_DEMO) == [candidate]
    demo = history(DEMO_EVENTS, DEMO_SEED, ends_on=LAST_DAY_OF_DEMO, years=DEMO_YEARS)
    types = [recorded.event.stored_name for recorded in demo.recorded() if recorded.stream == UUID(candidate)]
    assert {"consent-given.v1", "consent-withdrawn.v1", "candidates-merged.v1", "touchpoint-recorded.v1"} <= set(types)

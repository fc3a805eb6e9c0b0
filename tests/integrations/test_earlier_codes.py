"""Deliveries read again under a newer rule of codes add nothing where only the rule changed."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.code_spelling import code_of, earlier_code_of
from adapters.integrations import greenhouse
from adapters.integrations.reconciling import Sweep
from adapters.postgres.application import Perennial
from tests.integrations.bodies import application, delivery
from tests.integrations.test_greenhouse_actions import (
    GREENHOUSE,
    Receive,
    Stream,
    applied,
    inbox,
    receive,
    stream,
    sweep,
)

__all__ = ["inbox", "receive", "stream", "sweep"]  # fixtures


def test_reconcile_adds_nothing_where_only_the_rule_changed(
    log: Perennial, receive: Receive, sweep: Sweep, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[dict[str, Any]] = [
        {"id": 3, "name": "C++ Test"},
        {"id": 4, "name": "Łódź Day"},
        {"id": 5, "name": "разговор 2"},
    ]
    assert all(code_of(stage["name"]) != earlier_code_of(stage["name"]) for stage in stages)
    bodies = [
        delivery("new_candidate_application", application=application(current_stage=stages[0])),
        *(
            delivery(
                "candidate_stage_change",
                application=application(current_stage=stage, last_activity_at=f"2026-02-2{day}T08:00:00Z"),
            )
            for day, stage in enumerate(stages[1:], 1)
        ),
    ]
    with monkeypatch.context() as before:
        before.setattr(greenhouse, "code_of", earlier_code_of)
        applied(receive, *bodies)
    head = log.recorder.barrier.head()
    list(sweep.sweep(GREENHOUSE))
    assert log.recorder.barrier.head() == head

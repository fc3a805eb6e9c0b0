"""Deliveries read again under a newer rule of codes add nothing where only the rule changed."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.intake.code_spelling import code_of, earlier_code_of
from adapters.intake.integrations import greenhouse
from adapters.intake.integrations.reconciling import Sweep
from adapters.postgres.log.event_log import EventLog
from domain.application import StageEntered
from domain.codes import text_of
from tests.adapters.intake.integrations.bodies import application, delivery
from tests.adapters.intake.integrations.test_greenhouse_actions import (
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
    log: EventLog, receive: Receive, sweep: Sweep, stream: Stream, monkeypatch: pytest.MonkeyPatch
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


def test_a_delivery_that_spells_a_stage_otherwise_adds_nothing_and_the_first_text_stays(
    log: EventLog, receive: Receive, sweep: Sweep, stream: Stream
) -> None:
    for number, name in enumerate(("C++ Test", "C++  test", "c++ TEST", "c-plus-plus-test")):
        details = application(current_stage={"id": 3, "name": name}, last_activity_at=f"2026-02-2{number}T08:00:00Z")
        receive(delivery("new_candidate_application" if number == 0 else "candidate_stage_change", application=details))
    list(sweep.sweep(GREENHOUSE))
    entered = [
        recorded.event
        for recorded in log.history(stream("application", 9001))
        if isinstance(recorded.event, StageEntered)
    ]
    assert [(event.stage, text_of(event.stage)) for event in entered] == [("c-plus-plus-test", "C++ Test")]

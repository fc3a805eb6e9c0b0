"""A segment that one delivery leaves unknown is completed by another one, whichever of the two comes first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from domain.candidate import SegmentsCompleted
from queries.person import person_of
from queries.profile import profile_of
from tests.adapters.intake.integrations.bodies import MOVED, ROSA, application, delivery
from tests.adapters.intake.integrations.test_greenhouse import Receive, inbox, receive

__all__ = ["inbox", "receive"]  # fixtures

JOBLESS = delivery("new_prospect_application", application=application(prospect=True, jobs=[], source=None))
SOURCED = delivery("new_prospect_application", application=application(id=9002, prospect=True, jobs=[]))
APPLIED = delivery("new_candidate_application", application=application(id=9003, source=None))
UPDATED = delivery("update_candidate", candidate=ROSA | {"title": "Gardener", "updated_at": MOVED})
STORY = (JOBLESS, SOURCED, APPLIED)


def segments(log: EventLog, key_file: KeyFile) -> dict[str, Any]:
    profile = profile_of(person_of(log, key_file.stream_of("greenhouse", "candidate", str(ROSA["id"]))))
    names = (name + suffix for name in ("source", "role", "location") for suffix in ("", "_text"))
    return {name: getattr(profile, name) for name in names}


@pytest.mark.parametrize("order", list(permutations(range(len(STORY)))), ids=str)
def test_the_segments_are_those_that_the_bodies_name_in_any_order(
    log: EventLog, key_file: KeyFile, receive: Receive, order: tuple[int, ...]
) -> None:
    for number in order:
        assert receive(STORY[number], event=f"e{number}").outcome == "applied"
    assert segments(log, key_file) == {
        "source": "word-of-mouth", "source_text": "Word of Mouth",
        "role": "head-gardener", "role_text": "Head Gardener",
        "location": "malmo", "location_text": "Malmö",
    }  # fmt: skip


def test_a_segment_is_completed_once_and_as_of_the_time_of_its_body(
    log: EventLog, key_file: KeyFile, receive: Receive
) -> None:
    for number, body in enumerate((JOBLESS, UPDATED, SOURCED, SOURCED.replace(b"Word of Mouth", b"Fair"), APPLIED)):
        receive(body, event=f"e{number}")
    rosa = key_file.stream_of("greenhouse", "candidate", str(ROSA["id"]))
    completed = [recorded for recorded in log.history(rosa) if isinstance(recorded.event, SegmentsCompleted)]
    assert [recorded.event for recorded in completed] == [
        SegmentsCompleted("word-of-mouth", "unknown", "unknown"),
        SegmentsCompleted("unknown", "head-gardener", "malmo"),
    ]
    assert {recorded.occurred_how for recorded in completed} == {"derived.last_activity_at"}
    assert segments(log, key_file)["source"] == "word-of-mouth"

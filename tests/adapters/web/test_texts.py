"""The text that a code was made of is shown beside it, to those who may read people and as long as it is kept."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import httpx
import pytest

from adapters.access.policy import Role
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from domain.codec import texts_of
from domain.event import ERASED
from tests.adapters.intake.integrations.bodies import ROSA, application, delivery, signed
from tests.adapters.web.conftest import SECRETS, ClientAs

BODY = application(
    source={"id": 8, "name": "Fair, Malmö 2026"},
    jobs=[{"id": 77, "name": "C++ Developer", "offices": [{"id": 3, "name": "Łódź"}]}],
    current_stage={"id": 1, "name": "C++ Test (Quillfeather)"},
)
CODES = {"source": "fair-malmo-2026", "role": "c-plus-plus-developer", "location": "lodz"}
TEXTS = {"source_text": "Fair, Malmö 2026", "role_text": "C++ Developer", "location_text": "Łódź"}
STAGE, STAGE_TEXT = "c-plus-plus-test-quillfeather", "C++ Test (Quillfeather)"


@pytest.fixture
def paths(client: httpx.Client, key_file: KeyFile) -> dict[str, str]:
    """Where what the delivery told of is read."""
    body = delivery("new_candidate_application", application=BODY)
    answer = client.post("/v1/inbound/greenhouse", content=body, headers=signed(body, SECRETS[0]))
    assert answer.json()["outcome"] == "applied", answer.text
    ids = {"candidate": ROSA["id"], "application": 9001, "requisition": 77}
    return {kind: f"/v1/{kind}s/{key_file.stream_of('greenhouse', kind, str(number))}" for kind, number in ids.items()}


def content_of(client: httpx.Client, path: str) -> dict[str, Any]:
    content: dict[str, Any] = client.get(path).json()
    return content


def among(content: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {name: content[name] for name in names}


def test_a_recruiter_reads_the_text_beside_the_code(client_as: ClientAs, paths: dict[str, str]) -> None:
    recruiter = client_as(Role.RECRUITER)
    profile, job = content_of(recruiter, paths["candidate"]), content_of(recruiter, paths["requisition"])
    assert among(profile, CODES | TEXTS) == CODES | TEXTS
    texts = {**TEXTS, "source_text": None}  # 'greenhouse' came as a code
    assert among(job, {**CODES, **TEXTS}) == {**CODES, **texts, "source": "greenhouse"}
    page = content_of(recruiter, paths["application"])
    assert (page["source"], page["source_text"]) == (CODES["source"], TEXTS["source_text"])
    assert (page["stage"], page["stage_text"], page["withheld"]) == (STAGE, STAGE_TEXT, False)
    assert [(visit["stage"], visit["stage_text"]) for visit in page["stages"]] == [(STAGE, STAGE_TEXT)]
    entry = content_of(recruiter, f"{paths['candidate']}/timeline")["events"][0]
    assert entry["texts"] == {name.removesuffix("_text"): text for name, text in TEXTS.items()}
    assert among(entry["data"], CODES) == CODES


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN, Role.AUDITOR])
def test_who_may_not_read_people_reads_the_codes_alone(client_as: ClientAs, paths: dict[str, str], role: Role) -> None:
    reader = client_as(role)
    for path in (paths["application"], paths["requisition"], f"{paths['candidate']}/timeline"):
        answer = reader.get(path)
        assert not [text for text in (*TEXTS.values(), STAGE_TEXT) if text in answer.text], path
        if answer.is_success and "events" not in answer.json():
            assert answer.json()["withheld"] is True
    timeline = reader.get(f"{paths['candidate']}/timeline")
    if timeline.is_success:
        assert "texts" in timeline.json()["events"][0]["withheld"]


def test_after_the_erasure_the_codes_are_left(client: httpx.Client, paths: dict[str, str], log: EventLog) -> None:
    erasure = client.post(f"{paths['candidate']}/erase", json={"by": "self"})
    assert erasure.is_success, erasure.text
    until = time.monotonic() + 60
    while erasure.json()["state"] != "completed" and time.monotonic() < until:
        erasure = client.get(f"/v1/erasures/{paths['candidate'].rsplit('/', 1)[1]}")
    profile, page = content_of(client, paths["candidate"]), content_of(client, paths["application"])
    assert among(profile, CODES | TEXTS) == CODES | dict.fromkeys(TEXTS)
    assert (page["stage"], page["stage_text"], page["source_text"]) == (STAGE, None, None)
    entry = content_of(client, f"{paths['candidate']}/timeline")["events"][0]
    assert set(entry["texts"].values()) == {None}
    assert entry["erased"] is True
    assert among(content_of(client, paths["requisition"]), TEXTS)["role_text"] == TEXTS["role_text"], (
        "a job is no person"
    )
    moved = {**BODY, "current_stage": {"id": 2, "name": "Trial Day"}, "last_activity_at": "2026-02-19T08:00:00Z"}
    again = delivery("candidate_stage_change", application=moved)
    client.post("/v1/inbound/greenhouse", content=again, headers=signed(again, SECRETS[0]))
    history = log.history(UUID(paths["application"].rpartition("/")[2]))
    assert {text for recorded in history for text in texts_of(recorded.event).values()} == {ERASED}

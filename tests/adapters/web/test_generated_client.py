"""A client generated from the OpenAPI document by an unrelated generator drives a whole hire."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.web.framework.document import Api

NAME = "generated_client"
CONFIG = {
    "post_hooks": [],
    "literal_enums": True,
    "content_type_overrides": dict.fromkeys(("text/csv", "application/x-ndjson"), "application/octet-stream"),
}
OPENED, ACCEPTED = datetime(2026, 2, 2, 9, tzinfo=UTC), datetime(2026, 3, 4, 9, tzinfo=UTC)
Call = Callable[..., Any]


@pytest.fixture
def generated(app: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the generated package; every operation is in it, so the generator had nothing to warn about."""
    document, config = tmp_path / "openapi.json", tmp_path / "config.json"
    document.write_text(json.dumps(app.openapi()))
    config.write_text(json.dumps(CONFIG))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    paths = ["--path", str(document), "--config", str(config), "--output-path", str(tmp_path / NAME)]
    made = subprocess.run([*command, *paths], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    monkeypatch.syspath_prepend(tmp_path)
    return NAME


@pytest.fixture
def client_of_it(generated: str, url: str, key: str) -> Iterator[Any]:
    made = import_module(generated).AuthenticatedClient
    with made(base_url=url, token=key, raise_on_unexpected_status=True) as client:
        yield client


@pytest.fixture
def call(generated: str, client_of_it: Any) -> Call:
    """Calls a generated function, such as candidates.source_candidate; its answer is the generated model of it."""

    def call(name: str, *ids: UUID, **parameters: Any) -> Any:
        answer = import_module(f"{generated}.api.{name}").sync_detailed(*ids, client=client_of_it, **parameters)
        assert answer.status_code in (200, 201), answer.content
        return answer.parsed

    return call


def test_a_whole_hire_from_sourcing_to_the_answer(generated: str, call: Call, folding: None) -> None:
    models = import_module(f"{generated}.models")

    sourced = call(
        "candidates.source_candidate",
        body=models.SourceCandidate(source="career-site", role="gardener", name="Ines Prado", occurred_at=OPENED),
        idempotency_key="source-1",
    )
    candidate = sourced.stream
    assert isinstance(sourced, models.CommandAnswer)
    again = call(
        "candidates.source_candidate",
        body=models.SourceCandidate(source="career-site", role="gardener", name="Ines Prado", occurred_at=OPENED),
        idempotency_key="source-1",
    )
    assert (again.stream, again.position) == (candidate, sourced.position)

    consent = models.GiveConsent(purpose="talent_pool", channels=["email"], occurred_at=OPENED)
    call("candidates.give_consent", candidate, body=consent)
    call("candidates.request_send", candidate, body=models.RequestSend(kind="email-sent"))

    job = models.OpenRequisition(role="gardener", title="Head gardener", occurred_at=OPENED)
    requisition = call("requisitions.open_requisition", body=job).stream
    seat = call("requisitions.open_opening", requisition, body=models.OpenOpening(occurred_at=OPENED))
    opening = UUID(str(seat.ids["opening"]))

    submitted = models.SubmitApplication(candidate=candidate, requisition=requisition, occurred_at=OPENED)
    application = call("applications.submit_application", body=submitted).stream
    for stage in ("phone-screen", "trial-day"):
        call("applications.enter_stage", application, body=models.EnterStage(stage=stage, occurred_at=OPENED))
    named = {"requisition": requisition, "opening": opening, "occurred_at": ACCEPTED}
    call("applications.make_offer", application, body=models.MakeOffer(**named))
    call("applications.accept_offer", application, body=models.AcceptOffer(**named))
    hired = call("applications.hire_candidate", application, body=models.HireCandidate(**named))
    assert [event.type_ for event in hired.events] == ["candidate-hired.v1", "opening-filled.v1"]

    year = {"from_": date(2026, 1, 1), "to": date(2027, 1, 1)}
    answer = call("metrics.time_to_fill", **year, role="gardener", min_position=hired.position)
    assert isinstance(answer, models.TimeToFill)
    assert answer.position >= hired.position
    assert (answer.n, answer.n_filled, answer.median) == (1, 1, (ACCEPTED - OPENED).days)

    summary = call("candidates.summary", candidate, min_position=hired.position)
    assert (summary.applications, summary.hired_at) == (1, ACCEPTED)
    events = call("candidates.timeline", candidate).events
    assert [event.type_ for event in events][:2] == ["candidate-sourced.v1", "consent-given.v1"]


def test_a_problem_is_a_model_too(generated: str, client_of_it: Any) -> None:
    models = import_module(f"{generated}.models")
    unknown = UUID("0198f3a0-7c1e-7000-8000-00000000a001")
    send = import_module(f"{generated}.api.candidates.request_send")
    refused = send.sync(unknown, client=client_of_it, body=models.RequestSend(kind="email-sent"))
    assert isinstance(refused, models.Problem)
    assert (refused.status, refused.type_) == (404, "/problems/candidate-does-not-exist")

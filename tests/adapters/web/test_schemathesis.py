"""A machine that knows the description alone asks what it allows and what it forbids, and finds nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import hypothesis
import hypothesis.strategies as st
import jsonschema_rs
import pytest
import schemathesis
from hypothesis.errors import FlakyReplay, FlakyStrategyDefinition, HypothesisException
from hypothesis.stateful import Bundle, initialize, multiple
from pydantic import SecretStr
from schemathesis import Case, CheckContext, Response, SerializationContext
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput

from adapters.intake.integrations.index import INTEGRATIONS
from adapters.settings import Settings
from adapters.web.framework.document import Api
from tests.adapters.web.conftest import bearing

BY_A_RULE = ("400", "401", "409", "410", "412", "422")
"""A request may have the form of the description and be refused by a rule that no schema can tell, such as a period
that ends before it begins. What must not happen is looked for by `is_not_called_malformed`."""
CONFIG = {
    "seed": 4,
    "workers": 1,
    "continue-on-failure": True,
    "max-stream-events": 3,
    "generation": {"max-examples": 4, "deterministic": True, "database": "none", "no-shrink": True},
    # Along the links every request shows the key of its first step, which the check would take for one made up.
    "phases": {"stateful": {"generation": {"mode": "positive"}, "checks": {"ignored_auth": {"enabled": False}}}},
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", *BY_A_RULE]}},
}
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(date.isoformat)
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30)).map(lambda at: f"{at.isoformat()}Z")

schemathesis.openapi.format("date", DAYS)
schemathesis.openapi.format("date-time", MOMENTS)


@schemathesis.serializer("application/x-ndjson")
def lines(_: SerializationContext, value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


class CalledMalformed(Failure):
    """A request that the schemas allow is called malformed, so the schemas are wrong."""


@schemathesis.check
def is_not_called_malformed(_: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    allowed = case.meta is not None and case.meta.generation.mode.is_positive and headers_are_allowed(case)
    problem = response.json().get("type") if response.status_code in (400, 422) else None
    if allowed and problem in ("/problems/request-is-malformed", "/problems/body-is-not-json"):
        raise CalledMalformed(operation=case.operation.label, title="Allowed, called malformed", message=response.text)
    return None


def headers_are_allowed(case: Case[Any]) -> bool:
    """Where a header's pattern has a colon, schemathesis 4.32 sends "0" and holds it for allowed."""
    described = [
        parameter for parameter in case.operation.definition.raw.get("parameters", ()) if parameter["in"] == "header"
    ]
    sent: Mapping[str, Any] = case.headers or {}
    return all(
        jsonschema_rs.is_valid(parameter["schema"], sent[parameter["name"]])
        for parameter in described
        if parameter["name"] in sent
    )


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Keys that are not good are shown more often than a limit allows, which has tests of its own; every integration
    has a secret."""
    secrets = dict.fromkeys(INTEGRATIONS, (SecretStr("a-secret"),))
    return settings.model_copy(update={"failed_key_limit": "1000000/minute", "inbound_secrets": secrets})


@pytest.fixture
def described(app: Api, key: str, folding: None) -> Iterator[schemathesis.BaseSchema]:
    config = schemathesis.Config.from_dict({**CONFIG, "headers": bearing(key)})
    yield schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    app.end_streams()


def failures(scenario: events.ScenarioFinished) -> Iterator[str]:
    """What was found wrong, and how to see it again."""
    for number, checks in scenario.recorder.checks.items():
        operation = scenario.recorder.cases[number].value.operation.label
        for check in checks:
            if check.failure_info is not None:
                wrong = check.failure_info
                interaction = scenario.recorder.interactions.get(number)
                content = interaction.response.content[-300:] if interaction and interaction.response else b""
                report = (str(wrong.failure)[:500], wrong.code_sample[:1000], repr(content))
                yield "\n".join((f"{scenario.phase.value} {operation}: {check.name}", *report))


def test_nothing_is_found(described: schemathesis.BaseSchema) -> None:
    described.config.phases.stateful.enabled = False  # it has a test of its own
    faults: dict[str, str] = {}
    calls: Counter[str] = Counter()
    for event in from_schema(described).execute():
        if isinstance(event, events.NonFatalError):
            faults[f"{event.phase} {event.label}"] = str(event.value)
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.ScenarioFinished):
            calls[event.phase.value] += len(event.recorder.cases)
            faults |= {failure.splitlines()[0]: failure for failure in failures(event)}
    assert faults == {}, "\n\n".join(faults.values())
    assert {phase for phase, n in calls.items() if n > 100} == {"examples", "coverage", "fuzzing"}


SEEDS = 6
SCENARIOS = hypothesis.settings(
    max_examples=6,
    stateful_step_count=25,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


def test_nothing_is_found_along_the_links(described: schemathesis.BaseSchema, key: str) -> None:
    done: Counter[str] = Counter()
    errors: list[Exception] = []
    # A walk that lists the keys would revoke its own, and every later request would be refused.
    everything: Any = described.exclude(operation_id="revoke_api_key").as_state_machine()

    class Recruiting(everything):  # type: ignore[misc]  # the class is made from the description
        """Begins with an application: by themselves few find an opening and a candidate for it."""

        @initialize(target=Bundle("catch_all"))
        def begun(self) -> Any:
            candidate = self.begin("/v1/candidates", {"source": "career-site", "name": "Nora Blum"})
            requisition = self.begin("/v1/requisitions", {"role": "gardener"})
            applied = {"candidate": answered_id(candidate), "requisition": answered_id(requisition)}
            return multiple(candidate, requisition, self.begin("/v1/applications", applied))

        def begin(self, path: str, body: dict[str, Any]) -> StepOutput:
            case = described[path]["POST"].Case(body=body, media_type="application/json", headers=bearing(key))
            self.recorder.record_case(case=case)
            self.control.record_step(StepInput.initial(case), self.recorder)
            output: StepOutput = self.step(StepInput.initial(case))
            assert output.response.status_code == 201, output.response.text
            return output

        def step(self, *args: Any, **kwargs: Any) -> StepOutput:
            try:
                answer: StepOutput = super().step(*args, **kwargs)
            except HypothesisException:
                raise
            except Exception as error:  # kept, as the attempt to repeat it may end otherwise
                errors.append(error)
                raise
            return answer

        def after_call(self, response: Response, case: Case[Any]) -> None:
            super().after_call(response, case)
            done[case.operation.label] += response.status_code < 300

    for seed in range(SEEDS):
        # What was written stays written: asked again, the server may answer otherwise than hypothesis remembers.
        with suppress(FlakyReplay, FlakyStrategyDefinition):
            hypothesis.seed(seed)(Recruiting).run(settings=SCENARIOS)
    assert errors == []
    assert len([label for label, n in done.items() if n]) > 20, done


def answered_id(output: StepOutput) -> str:
    return str(output.response.json()["stream"])

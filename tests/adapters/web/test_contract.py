"""The description is all that a client's author needs: complete, true of its own examples, and linked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.web import routes
from adapters.web.framework.document import Api
from domain.catalogue import EVENTS
from tests.adapters.web.conftest import contract_of
from tests.adapters.web.contract import PROBLEM, Contract

Described = dict[str, Any]


@pytest.fixture
def contract(app: Api) -> Contract:
    return contract_of(app)


@pytest.fixture
def document(contract: Contract) -> Described:
    return contract.described


def operations(document: Described) -> Iterator[tuple[str, Described]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def contents(document: Described) -> Iterator[tuple[str, str, Described]]:
    """(where, media type, content) of every answer and every body."""
    for where, operation in operations(document):
        for status, response in operation["responses"].items():
            for media_type, content in response["content"].items():
                yield f"{where} {status}", media_type, content
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{where} body", media_type, content


def test_every_answer_and_every_body_has_a_schema_and_an_example(document: Described) -> None:
    lacking = [
        (where, media_type)
        for where, media_type, content in contents(document)
        if not content.get("schema") or not ("example" in content or "examples" in content)
    ]
    assert lacking == []


def test_every_example_is_what_its_schema_says(document: Described, contract: Contract) -> None:
    for where, media_type, content in contents(contract.document):
        if media_type.endswith("json"):
            for example in [content["example"]] if "example" in content else content["examples"].values():
                value = example["value"] if media_type == PROBLEM else example
                contract.check_content({"schema": content["schema"]}, value, where)


def test_every_parameter_is_described(document: Described) -> None:
    lacking = [
        (where, parameter["name"])
        for where, operation in operations(document)
        for parameter in operation.get("parameters", ())
        if not parameter.get("description") or not parameter.get("schema")
    ]
    assert lacking == []


def test_no_schema_has_a_name_that_a_generator_stumbles_over(document: Described) -> None:
    names = set(document["components"]["schemas"])
    assert [name for name in names if not name.isalnum()] == []
    assert names.isdisjoint({"HTTPValidationError", "ValidationError"})


def test_every_command_tells_an_event_that_there_is(document: Described) -> None:
    stored_names = {event.stored_name for event in EVENTS}
    for route in routes.COMMANDS:
        response = document["paths"][route.path]["post"]["responses"][str(route.status)]
        (event,) = response["content"]["application/json"]["example"]["events"]
        assert event["type"] in stored_names, route.command.__name__


def test_every_command_takes_a_key_and_a_version(document: Described) -> None:
    for route in routes.COMMANDS:
        named = {parameter["name"] for parameter in document["paths"][route.path]["post"]["parameters"]}
        assert named == {*route.in_path, "Idempotency-Key", "If-Match"}


def test_what_a_command_makes_is_linked_to_what_can_be_asked_of_it(document: Described) -> None:
    ids = {operation["operationId"]: operation for _, operation in operations(document)}
    sourced = ids["SourceCandidate"]["responses"]["201"]["links"]
    assert {"profile", "timeline", "RecordTouchpoint", "GiveConsent", "SubmitApplication"} <= set(sourced)
    assert sourced["RecordTouchpoint"]["parameters"] == {"candidate": "$response.body#/ids/candidate"}
    assert sourced["SubmitApplication"]["requestBody"] == {"candidate": "$response.body#/ids/candidate"}
    recorded = ids["RecordTouchpoint"]["responses"]["201"]["links"]["CorrectTouchpoint"]["parameters"]
    assert recorded == {name: f"$response.body#/ids/{name}" for name in ("candidate", "touchpoint")}
    for route in routes.COMMANDS:
        if route.makes:
            assert ids[route.command.__name__]["responses"]["201"].get("links"), route.path


def test_lists_that_go_on_say_so_in_one_way(document: Described) -> None:
    for where, operation in operations(document):
        names = {parameter["name"] for parameter in operation.get("parameters", ())}
        if "limit" not in names:
            continue
        name = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        fields = document["components"]["schemas"][name]["properties"]
        assert "cursor" in names, where
        assert "next" in fields, where
        assert [field for field, schema in fields.items() if schema.get("type") == "array"], where

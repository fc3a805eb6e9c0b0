"""What the API's description promises, held against real answers: the status, the media type, the form, the problem."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import httpx
import jsonschema_rs

PROBLEM = "application/problem+json"


class Contract:
    """The OpenAPI document, read strictly: an answer may have no field that it does not name."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.described, self.document = document, copy.deepcopy(document)
        close(self.document["components"]["schemas"])
        self.validators: dict[str, jsonschema_rs.Validator] = {}
        self.paths = [(re.compile(pattern_of(path)), path) for path in sorted(document["paths"], key=by_words)]

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """Return the operation of a request; None if the document has none."""
        path_template = next((template for pattern, template in self.paths if pattern.fullmatch(path)), None)
        verb = "get" if method == "HEAD" else method.lower()
        operation: dict[str, Any] | None = (
            None if path_template is None else self.document["paths"][path_template].get(verb)
        )
        return operation

    def check(self, answer: httpx.Response) -> None:
        """Check an answer; a hook for httpx. Errors: AssertionError."""
        operation = self.operation(answer.request.method, answer.request.url.path)
        if operation is None:
            return
        where = f"{operation['operationId']} answered {answer.status_code}"
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, f"{where}, which is not described: {answer.read()[:300]!r}"
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in described["content"], f"{where} as {media_type}"
        self.check_headers(described, answer, where)
        if media_type in ("application/json", "application/problem+json") and answer.request.method != "HEAD":
            answer.read()
            self.check_content(described["content"][media_type], answer.json(), where)

    def check_headers(self, described: dict[str, Any], answer: httpx.Response, where: str) -> None:
        for name, header in described.get("headers", {}).items():
            assert name in answer.headers or not header.get("required"), f"{where} without {name}"

    def check_content(self, content: dict[str, Any], value: Any, where: str) -> None:
        try:
            self.validator(content["schema"]).validate(value)
        except jsonschema_rs.ValidationError as error:
            raise AssertionError(f"{where}: {error.message} at {error.instance_path}") from None
        if "examples" in content:
            name = value["type"].removeprefix("/problems/")
            assert name in content["examples"], f"{where}: {name} is not among its problems"

    def validator(self, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        name = json.dumps(schema, sort_keys=True)
        if name not in self.validators:
            whole = {**schema, "components": self.document["components"]}
            self.validators[name] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self.validators[name]


def pattern_of(path: str) -> str:
    return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))


def by_words(path: str) -> tuple[bool, str]:
    """A path without a variable goes before one with it."""
    return "{" in path, path


def close(schema: Any) -> None:
    """Lets no object have more than it names."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            close(part)
    elif isinstance(schema, list):
        for part in schema:
            close(part)

"""The OpenAPI document of the API, complete enough to generate a client, with links from commands to what they make."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from adapters.access.policy import POLICY, WITHOUT_KEY, Action, Role
from adapters.web.framework.bounds import Bounds
from adapters.web.framework.command_service import CommandRoute
from adapters.web.framework.headers import SecurityHeadersMiddleware
from adapters.web.framework.problems import PROBLEM_SCHEMA

Described = dict[str, Any]
ID = "$response.body#/ids/{}"
NOT_YET = frozenset({"erasure"})
"""Operations about what a new record does not have: no erasure of a new candidate is requested yet."""


class Api(FastAPI):
    """The application, with a completed OpenAPI document and the settings that `server_of` reads."""

    def __init__(
        self,
        commands: Iterable[CommandRoute],
        actions: Mapping[tuple[str, str], Action],
        end_streams: Callable[[], None],
        close: Callable[[], None],
        *,
        https: bool,
        bounds: Bounds,
        **options: Any,
    ) -> None:
        """Create the application.

        actions: the action of each path and method.
        end_streams: called once when the server begins to stop; it ends the event streams.
        close: called after the last request is answered.
        https: whether it is reached by HTTPS alone.
        bounds: the limits of connections.
        """
        super().__init__(**options)
        self.commands, self.actions = tuple(commands), actions
        self.end_streams, self.close = end_streams, close
        self.https, self.bounds = https, bounds
        self.document: Described | None = None
        self._describing = Lock()

    def build_middleware_stack(self) -> ASGIApp:
        """Return the framework's middleware within the security headers, so that answers to failures have them too."""
        return SecurityHeadersMiddleware(super().build_middleware_stack(), https=self.https)

    def openapi(self) -> Described:
        """Return the document. The first call computes it; calls meanwhile wait for it."""
        with self._describing:
            if self.document is None:
                document = completed(super().openapi(), self.commands, self.actions)
                for route in self.routes:
                    if isinstance(route, APIRoute) and route.include_in_schema:
                        put_back_nulls(document["paths"][route.path_format], route)
                self.document = document
            return self.document


def put_back_nulls(methods: Described, route: APIRoute) -> None:
    """Restore the nulls of the examples: the framework drops every null of the document."""
    for operation in (methods[method.lower()] for method in route.methods or ()):
        for status, response in route.responses.items():
            for media_type, content in response.get("content", {}).items():
                if "example" in content:
                    operation["responses"][str(status)]["content"][media_type]["example"] = content["example"]


SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key (pnl_...) or a token of your issuer."},
}


def completed(
    described: Described, commands: Iterable[CommandRoute], actions: Mapping[tuple[str, str], Action]
) -> Described:
    """Return the document with the schema of problems, the roles, the meaning of the ids in paths, and links."""
    document = copy.deepcopy(described)
    document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    document["components"]["securitySchemes"] = SCHEMES
    for (path, method), action in actions.items():
        as_described = path.replace(":path}", "}")  # a variable that may hold slashes is described like any other
        say_who_may(document["paths"][as_described][method.lower()], action)
    for operation in operations(document):
        for parameter in operation.parameters:
            if parameter["in"] == "path":
                parameter.setdefault("description", f"The id or code of the {parameter['name'].replace('_', ' ')}.")
            parameter["schema"] = as_text_only(parameter["schema"])
            for schema in (parameter["schema"], *parameter["schema"].get("anyOf", ())):
                name_limits(schema)
    add_links(document, {route.command.__name__: route for route in commands if route.makes})
    return document


def say_who_may(operation: Described, action: Action) -> None:
    """Add the security of an operation, and the roles that may call it."""
    if action in WITHOUT_KEY:
        operation["security"] = []
        return
    operation["security"] = [{"bearer": []}]
    roles = ", ".join(role for role in Role if action in POLICY[role])
    operation["description"] += f"\n\nRequires the action '{action}', which these roles have: {roles}."


def as_text_only(schema: Described) -> Described:
    """Return the schema of an optional parameter without null, which a URL or a header cannot contain."""
    variants = [variant for variant in schema.get("anyOf", ()) if variant != {"type": "null"}]
    more = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**variants[0], **more} if len(variants) == 1 else {**more, "anyOf": variants} if variants else schema


def name_limits(schema: Described) -> None:
    """Rename the limits of a number that the framework names 'ge' and 'le'."""
    for own, name in (("ge", "minimum"), ("le", "maximum")):
        if own in schema:
            schema[name] = schema.pop(own)


class Operation:
    """One operation of the document, and the ids in its path and in its body."""

    def __init__(self, described: Described, document: Described) -> None:
        self.described, self.id, self.parameters = described, described["operationId"], described.get("parameters", [])
        self.in_path = {parameter["name"] for parameter in self.parameters if parameter["in"] == "path"}
        self.in_body = set(ids_in(described, document["components"]["schemas"]))


def operations(document: Described) -> Iterator[Operation]:
    for methods in document["paths"].values():
        for operation in methods.values():
            yield Operation(operation, document)


def ids_in(operation: Described, schemas: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the ids in an operation's body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    for field, schema in schemas.get(name, {}).get("properties", {}).items():
        if any(variant.get("format") == "uuid" for variant in (schema, *schema.get("anyOf", ()))):
            yield field


def add_links(document: Described, makers: Mapping[str, CommandRoute]) -> None:
    """Link each command that makes a record to every operation that takes the new id, in its path or its body."""
    all_of_them = list(operations(document))
    for operation in all_of_them:
        if operation.id in makers:  # the id of what it makes is new: no other operation's id belongs there
            operation.in_body.discard(str(makers[operation.id].makes))
    for operation in all_of_them:
        route = makers.get(operation.id)
        if route is not None and route.makes is not None:
            links = {other.id: link for other in all_of_them if (link := link_to(other, route.makes, route.in_path))}
            operation.described["responses"][str(route.status)]["links"] = links


def link_to(other: Operation, made: str, in_path: Iterable[str]) -> Described | None:
    """Return the link to an operation about the new record; None if it is about no such record, or needs more ids."""
    available = {made, *in_path}
    if other.id in NOT_YET or made not in other.in_path | other.in_body or not other.in_path <= available:
        return None
    link: Described = {"operationId": other.id}
    if other.in_path:
        link["parameters"] = {name: ID.format(name) for name in sorted(other.in_path)}
    if made in other.in_body:
        link["requestBody"] = {name: ID.format(name) for name in sorted(available & other.in_body)}
    return link

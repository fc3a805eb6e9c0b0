"""The API's description as programs read it: complete enough that a client can be generated, and linked from what a
command makes to what can be asked of it."""

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
"""Operations about something that nothing has when it is made: the erasure of a person nobody has asked for."""


class Api(FastAPI):
    """The application whose description says more than the framework knows."""

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
        """`actions`: what each path and method does. `end_streams`: called once when the server is to stop; answers
        that never end by themselves end then. `close`: called when the last request is answered. `https`: it is reached
        by HTTPS alone. `bounds`: what `server_of` lets connections take."""
        super().__init__(**options)
        self.commands, self.actions = tuple(commands), actions
        self.end_streams, self.close = end_streams, close
        self.https, self.bounds = https, bounds
        self.document: Described | None = None
        self._describing = Lock()

    def build_middleware_stack(self) -> ASGIApp:
        """The framework's, and around it what no answer may go without, that to a failure least of all."""
        return SecurityHeadersMiddleware(super().build_middleware_stack(), https=self.https)

    def openapi(self) -> Described:
        """The description; worked out once: at the first call, for all who call meanwhile."""
        with self._describing:
            if self.document is None:
                document = completed(super().openapi(), self.commands, self.actions)
                for route in self.routes:
                    if isinstance(route, APIRoute) and route.include_in_schema:
                        put_back_nulls(document["paths"][route.path_format], route)
                self.document = document
            return self.document


def put_back_nulls(methods: Described, route: APIRoute) -> None:
    """The framework leaves every null out of the description, also out of examples, where it is an answer."""
    for told in (methods[method.lower()] for method in route.methods or ()):
        for status, response in route.responses.items():
            for media_type, content in response.get("content", {}).items():
                if "example" in content:
                    told["responses"][str(status)]["content"][media_type]["example"] = content["example"]


SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key (pnl_...) or a token of your issuer."},
}


def completed(
    described: Described, commands: Iterable[CommandRoute], actions: Mapping[tuple[str, str], Action]
) -> Described:
    """The description with the schema of problems, with who may ask, with what every path's ids mean, and links."""
    told = copy.deepcopy(described)
    told["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    told["components"]["securitySchemes"] = SCHEMES
    for (path, method), action in actions.items():
        as_described = path.replace(":path}", "}")  # a variable that may hold slashes is described like any other
        say_who_may(told["paths"][as_described][method.lower()], action)
    for operation in operations(told):
        for parameter in operation.parameters:
            if parameter["in"] == "path":
                parameter.setdefault("description", f"The {parameter['name'].replace('_', ' ')} that is meant.")
            parameter["schema"] = as_text_only(parameter["schema"])
            for schema in (parameter["schema"], *parameter["schema"].get("anyOf", ())):
                name_limits(schema)
    add_links(told, {route.command.__name__: route for route in commands if route.makes})
    return told


def say_who_may(operation: Described, action: Action) -> None:
    """What must be shown for an operation, and which roles it is for."""
    if action in WITHOUT_KEY:
        operation["security"] = []
        return
    operation["security"] = [{"bearer": []}]
    roles = ", ".join(role for role in Role if action in POLICY[role])
    operation["description"] += f"\n\nNeeds '{action}', which is for: {roles}."


def as_text_only(schema: Described) -> Described:
    """The schema of a parameter that may be left out: nobody can write a null into a URL or a header."""
    kept = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    more = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**kept[0], **more} if len(kept) == 1 else {**more, "anyOf": kept} if kept else schema


def name_limits(schema: Described) -> None:
    """Where a number's text is looked at before the number, the framework tells its limits under names of its own."""
    for own, name in (("ge", "minimum"), ("le", "maximum")):
        if own in schema:
            schema[name] = schema.pop(own)


class Operation:
    """One operation of the description, and the ids that it asks for in its path and in its body."""

    def __init__(self, told: Described, document: Described) -> None:
        self.told, self.id, self.parameters = told, told["operationId"], told.get("parameters", [])
        self.in_path = {one["name"] for one in self.parameters if one["in"] == "path"}
        self.in_body = set(ids_in(told, document["components"]["schemas"]))


def operations(document: Described) -> Iterator[Operation]:
    for methods in document["paths"].values():
        for told in methods.values():
            yield Operation(told, document)


def ids_in(told: Described, schemas: Mapping[str, Any]) -> Iterator[str]:
    """The names of the ids in the body."""
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    for field, schema in schemas.get(name, {}).get("properties", {}).items():
        if any(one.get("format") == "uuid" for one in (schema, *schema.get("anyOf", ()))):
            yield field


def add_links(document: Described, makers: Mapping[str, CommandRoute]) -> None:
    """From each command that makes something to every operation that takes the new id, in its path or its body."""
    all_of_them = list(operations(document))
    for operation in all_of_them:
        if operation.id in makers:  # what it makes is new: no id that there is already belongs there
            operation.in_body.discard(str(makers[operation.id].makes))
    for operation in all_of_them:
        route = makers.get(operation.id)
        if route is not None and route.makes is not None:
            links = {other.id: link for other in all_of_them if (link := link_to(other, route.makes, route.in_path))}
            operation.told["responses"][str(route.status)]["links"] = links


def link_to(other: Operation, made: str, in_path: Iterable[str]) -> Described | None:
    """How the other operation is asked about what was made; None where it is not about that, or needs more."""
    known = {made, *in_path}
    if other.id in NOT_YET or made not in other.in_path | other.in_body or not other.in_path <= known:
        return None
    link: Described = {"operationId": other.id}
    if other.in_path:
        link["parameters"] = {name: ID.format(name) for name in sorted(other.in_path)}
    if made in other.in_body:
        link["requestBody"] = {name: ID.format(name) for name in sorted(known & other.in_body)}
    return link

"""Endpoints that are neither a command nor a metric: route, action, method, and description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from inspect import cleandoc
from typing import Any, ClassVar, Protocol, get_args, get_origin, get_type_hints

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from adapters.access.policy import WITHOUT_KEY, Action
from adapters.web.framework import openapi
from adapters.web.framework.json_bodies import JsonRoute
from adapters.web.framework.media import taking_json
from adapters.web.framework.openapi import Raised
from adapters.web.framework.plain import Answered
from adapters.web.framework.query_runner import refuse_unknown

JSON = "application/json"


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """The method `answer` of a class of endpoints answers `method` at `path`; its docstring is the description.

    Where the return type is `Answered[...]` of a dataclass, the answer's schema is that dataclass, and `example` gives
    only what the example must say beyond the types. `body`: an example of the JSON body.
    """

    method: str
    path: str
    action: Action
    answer: Callable[..., Any]
    example: Any = field(default_factory=dict)
    raises: tuple[Raised, ...] = ()
    """The errors of this endpoint; those that any request may meet need not be named."""
    body: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Parts of the OpenAPI operation that the method's signature does not give."""
    media_type: str = JSON
    also: Mapping[str, str] = field(default_factory=dict)
    """Other media types of the answer, with an example of each."""
    each: type | None = None
    """For an event stream: the dataclass of the data of an event."""

    @property
    def name(self) -> str:
        """Return the operation's id."""
        return self.answer.__name__

    @property
    def tag(self) -> str:
        """Return the heading under which the description lists the operation."""
        first, *others = self.path.strip("/").split("/")
        return others[0] if first == "v1" else "operations"

    @property
    def takes_json(self) -> bool:
        """Return whether a model reads the body."""
        hints = get_type_hints(self.answer).values()
        return any(isinstance(hint, type) and issubclass(hint, BaseModel) for hint in hints)

    @property
    def answer_type(self) -> type | None:
        """Return the dataclass of the answer; None if the return type names none."""
        returned = get_type_hints(self.answer)["return"]
        return get_args(returned)[0] if get_origin(returned) is Answered else None

    @property
    def responses(self) -> openapi.Responses:
        """Return the answer and every problem, as OpenAPI describes them."""
        raised = [*self.raises, *(openapi.OF_A_BODY if self.takes_json else ())]
        raised += [] if self.action in WITHOUT_KEY else openapi.WHERE_A_KEY_IS_NEEDED
        raised += openapi.OF_A_DELIVERY if self.action is Action.DELIVER else ()
        return {200: {"description": "The answer.", **self.content}, **openapi.problems(raised)}

    @property
    def content(self) -> dict[str, Any]:
        """Return the media types of the answer, each with a schema and an example."""
        if self.answer_type is not None:
            return openapi.with_example(self.answer_type, self.example)
        schema: dict[str, Any] = {} if self.media_type == JSON else {"schema": {"type": "string"}}
        each = {} if self.each is None else {"itemSchema": openapi.event_schema(self.each)}
        others = {name: {**schema, "example": example} for name, example in self.also.items()}
        return {"content": {self.media_type: {**schema, **each, "example": self.example}, **others}}


Parts = Mapping[type, Any]
"""The services that endpoints use, by type, such as `Services` and `QueryRunner`."""


class Endpoints(Protocol):
    """A class of endpoints. Its methods answer requests, and the types of its fields name the parts that it needs."""

    ENDPOINTS: ClassVar[tuple[Endpoint, ...]]


def add_endpoints(app: FastAPI, kind: type[Endpoints], parts: Parts) -> None:
    """Make one object of the class, and add its endpoints."""
    hints = get_type_hints(kind.__init__)
    group = kind(**{name: parts[hint] for name, hint in hints.items() if name != "return"})
    for endpoint in kind.ENDPOINTS:
        add_endpoint(app, endpoint, group)


def add_endpoint(app: FastAPI, endpoint: Endpoint, group: Endpoints) -> None:
    """Add the route. `group`: the object whose method answers."""
    app.router.add_api_route(endpoint.path, getattr(group, endpoint.name), **options_of(endpoint))
    added = app.routes[-1]
    if endpoint.takes_json and isinstance(added, APIRoute):
        added.app = taking_json(added.app)


@cache
def options_of(endpoint: Endpoint) -> Mapping[str, Any]:
    """Return the options with which the framework adds a route, computed once for all applications of the process."""
    description = cleandoc(endpoint.answer.__doc__ or "")
    return {
        "methods": [endpoint.method],
        "summary": description.split("\n\n")[0],
        "description": description,
        "operation_id": endpoint.name,
        "tags": [endpoint.tag],
        "response_model": None,
        "response_class": JSONResponse if endpoint.media_type == JSON else text_of(endpoint.media_type),
        "responses": endpoint.responses,
        "openapi_extra": dict(endpoint.extra) if endpoint.body is None else openapi.body_example(endpoint.body),
        "dependencies": [Depends(nothing_unknown)],
        "route_class_override": JsonRoute,
    }


def text_of(media_type: str) -> type[Response]:
    """Return a response class of the media type, for the description alone."""
    return type("Text", (Response,), {"media_type": media_type})


def nothing_unknown(request: Request) -> None:
    """Check that the endpoint has each query parameter of the request. Errors: RequestValidationError."""
    parameters = request.scope["route"].dependant.query_params
    many = {parameter.alias for parameter in parameters if get_origin(parameter.field_info.annotation) in (list, tuple)}
    refuse_unknown(request.query_params.multi_items(), {parameter.alias for parameter in parameters}, many)

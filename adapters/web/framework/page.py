"""A route to something that is neither a command nor a metric: a function of one of the rooms' pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, get_args, get_origin, get_type_hints

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from adapters.access.policy import Action
from adapters.web.framework import openapi
from adapters.web.framework.json_bodies import JsonRoute
from adapters.web.framework.media import taking_json
from adapters.web.framework.plain import Answered
from adapters.web.framework.query_runner import refuse_unknown


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One line of the table of contents: `page` is a method of the class `pages`, which is made once.

    Its return type says what it answers: `Answered[...]` of a dataclass.
    """

    path: str
    action: Action
    pages: type
    page: Callable[..., Any]
    method: str = "GET"


def add_page(app: FastAPI, made: Mapping[type, Any], route: PageRoute) -> None:
    """Adds the route. `made`: the one object of each class of pages."""
    about = openapi.PAGES[route.page.__name__]
    parts = route.path.strip("/").split("/")
    app.router.add_api_route(
        route.path,
        getattr(made[route.pages], route.page.__name__),
        methods=[route.method],
        summary=cleandoc(route.page.__doc__ or "").split("\n\n")[0],
        description=cleandoc(route.page.__doc__ or ""),
        operation_id=route.page.__name__,
        tags=[parts[1] if parts[0] == "v1" else "operations"],
        response_model=None,
        response_class=JSONResponse if about.media_type == "application/json" else text_of(about.media_type),
        responses=about.responses(answer_of(route.page), route.action, takes_json=takes_json(route.page)),
        openapi_extra=dict(about.extra),
        dependencies=[Depends(nothing_unknown)],
        route_class_override=JsonRoute,
    )
    added = app.routes[-1]
    if takes_json(route.page) and isinstance(added, APIRoute):
        added.app = taking_json(added.app)


def takes_json(page: Callable[..., Any]) -> bool:
    """Whether a page has a body that a model reads."""
    return any(isinstance(hint, type) and issubclass(hint, BaseModel) for hint in get_type_hints(page).values())


def text_of(media_type: str) -> type[Response]:
    """For the description alone: an answer of that type."""
    return type("Text", (Response,), {"media_type": media_type})


def answer_of(page: Callable[..., Any]) -> type | None:
    """The dataclass that a page answers; None where its type does not say."""
    returned = get_type_hints(page)["return"]
    return get_args(returned)[0] if get_origin(returned) is Answered else None


def nothing_unknown(request: Request) -> None:
    """Errors: RequestValidationError, where a parameter is not one of the page's."""
    asked = request.scope["route"].dependant.query_params
    many = {one.alias for one in asked if get_origin(one.field_info.annotation) in (list, tuple)}
    refuse_unknown(request.query_params.multi_items(), {one.alias for one in asked}, many)

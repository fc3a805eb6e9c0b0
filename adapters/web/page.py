"""A route to something that is neither a command nor a metric: a function of one of the rooms' pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse

from adapters.web import openapi


@dataclass(frozen=True, slots=True)
class PageRoute:
    """One line of the table of contents: `page` is a method of the class `pages`, which is made once."""

    path: str
    pages: type
    page: Callable[..., Any]
    method: str = "GET"


def add_page(app: FastAPI, made: Mapping[type, Any], route: PageRoute) -> None:
    """Adds the route. `made`: the one object of each class of pages."""
    about = openapi.PAGES[route.page.__name__]
    parts = route.path.strip("/").split("/")
    app.add_api_route(
        route.path,
        getattr(made[route.pages], route.page.__name__),
        methods=[route.method],
        summary=cleandoc(route.page.__doc__ or "").split("\n\n")[0],
        description=cleandoc(route.page.__doc__ or ""),
        operation_id=route.page.__name__,
        tags=[parts[1] if parts[0] == "v1" else "operations"],
        response_model=None,
        response_class=JSONResponse if about.media_type == "application/json" else PlainTextResponse,
        responses=about.responses(),
        openapi_extra=dict(about.extra),
    )

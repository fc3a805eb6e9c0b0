"""Lets the framework work out once a test session what every application's routes have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import routing

DESCRIBED: dict[tuple[Any, ...], tuple[dict[str, Any], dict[str, Any]]] = {}
"""By what a route is: the options that it was made with, and all that the framework made of them."""
populate: Callable[..., None] = routing._populate_api_route_state
OF_ONE_APPLICATION = ("dependency_overrides_provider", "generate_unique_id_function")


def populated_once(route: Any, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
    """Do what the framework does, or repeat its outcome for a route of the same function and options.

    Only the endpoint itself, which knows the application's services, is another one then.
    """
    function = getattr(endpoint, "__func__", endpoint)
    key = (type(route), path, function.__module__, function.__qualname__, str(getattr(endpoint, "__signature__", "")))
    compared = {name: value for name, value in options.items() if name not in OF_ONE_APPLICATION}
    described = DESCRIBED.get(key)
    if described is None or described[0] != compared:
        before = set(vars(route))
        populate(route, path, endpoint, **options)
        DESCRIBED[key] = compared, {name: value for name, value in vars(route).items() if name not in before}
        return
    vars(route).update(described[1])
    route.endpoint, route.dependant = endpoint, replace(route.dependant, call=endpoint)
    route.dependency_overrides_provider = options["dependency_overrides_provider"]


def describe_once() -> None:
    """Make every application of this process after the first faster to create."""
    routing._populate_api_route_state = populated_once

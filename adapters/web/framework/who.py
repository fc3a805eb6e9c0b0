"""Authenticates requests and checks their permission, once for every route and before the body is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from starlette.routing import Route

from adapters.access.authenticator import Authenticator
from adapters.access.policy import WITHOUT_KEY, Action
from adapters.access.principal import Principal
from adapters.access.refusals import KeyIsMissing, RequestIsCrossSite, RoleMayNot
from adapters.web.framework.limits import App, Receive, Scope, Send
from adapters.web.framework.question_queue import READER
from adapters.web.framework.rates import Limits

OF_THIS_SITE = (b"same-origin", b"none")
"""The values of Sec-Fetch-Site for requests from our own pages and for typed URLs. Programs send no such header."""
NAMELESS = "unnamed"
"""The action of a route that is not in the table of contents. No role may perform it."""
OF_THE_FRAMEWORK: Mapping[tuple[str, str], Action] = {
    ("/openapi.json", "GET"): Action.PUBLIC,
    ("/docs", "GET"): Action.PUBLIC,
}


class AuthenticationMiddleware:
    """Sets `principal` in the scope of every request: that of its key, or None.

    `key_error` in the scope has the error of a key that was not accepted, for the routes that need one.
    """

    def __init__(self, app: App, authenticator: Authenticator, limits: Limits) -> None:
        self.app, self.authenticator, self.limits = app, authenticator, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["principal"] = scope["key_error"] = None
            shown = next((value for name, value in scope["headers"] if name == b"authorization"), None)
            if shown is not None:
                await self.authenticate(scope, shown.decode("latin-1"))
        await self.app(scope, receive, send)

    async def authenticate(self, scope: Scope, authorization: str) -> None:
        try:
            scope["principal"] = await self.authenticator.principal(
                authorization, counting=partial(self.limits.count_look, scope)
            )
        except Exception as error:  # noqa: BLE001 - raised at the route, where every error becomes a problem
            scope["key_error"] = error


def require(scope: Scope, action: Action | None) -> None:
    """Check that the principal may perform the action. Errors: KeyIsMissing, RoleMayNot, or that of the key."""
    if action in WITHOUT_KEY:
        return
    principal: Principal | None = scope["principal"]
    if principal is None:
        raise scope["key_error"] or KeyIsMissing
    if action is None or action not in principal.allowed:
        raise RoleMayNot(action=action or NAMELESS)


def guard(app: FastAPI, actions: Mapping[tuple[str, str], Action]) -> None:
    """Put the check before every route. `actions`: the action of each path and method.

    A route without an action, and that is not the framework's own, is closed to every role.
    """
    all_actions = {**OF_THE_FRAMEWORK, **actions}
    for route in app.routes:
        if isinstance(route, Route):
            route.app = permitted_only(route.app, action_of(route, all_actions))


def action_of(route: Route, actions: Mapping[tuple[str, str], Action]) -> Action | None:
    """Return the action of a route; None if its methods have none, or different ones."""
    of_methods = {actions.get((route.path, method)) for method in (route.methods or set()) - {"HEAD"}}
    return of_methods.pop() if len(of_methods) == 1 else None


def permitted_only(app: App, action: Action | None) -> Any:
    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if action is not Action.PUBLIC and is_cross_site(scope):
            raise RequestIsCrossSite
        require(scope, action)
        READER.set(scope["principal"])
        await app(scope, receive, send)

    return checked


def is_cross_site(scope: Scope) -> bool:
    """Return whether a browser sent the request for a page of another site. Following a link does not count."""
    metadata = {name: value.strip() for name, value in scope["headers"] if name.startswith(b"sec-fetch-")}
    sites = [value.strip() for name, value in scope["headers"] if name == b"sec-fetch-site"]
    if all(site in OF_THIS_SITE for site in sites):
        return False
    opened = metadata.get(b"sec-fetch-mode") == b"navigate" and metadata.get(b"sec-fetch-dest") == b"document"
    return not (opened and scope["method"] == "GET")


async def principal_of(request: Request) -> Principal:
    """Return the principal of a request. Errors: KeyIsMissing, or that of the key."""
    principal: Principal | None = request.scope["principal"]
    if principal is None:
        raise request.scope["key_error"] or KeyIsMissing
    return principal


Who = Annotated[Principal, Depends(principal_of)]
"""The parameter of an endpoint that takes the principal of the request."""

"""Who asks over HTTP, and whether they may: asked once for every route, before anything of a request is read."""

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
"""What Sec-Fetch-Site says of a request of our own pages, and of one that a person typed; programs send no such header.
"""
NAMELESS = "unnamed"
"""What a route does that no line of the table of contents names: nobody may."""
OF_THE_FRAMEWORK: Mapping[tuple[str, str], Action] = {
    ("/openapi.json", "GET"): Action.PUBLIC,
    ("/docs", "GET"): Action.PUBLIC,
}


class AuthenticationMiddleware:
    """Says on every request who asks: `principal` in its scope, None where nobody is known.

    Why a key was not taken is kept there too, for those routes that need one.
    """

    def __init__(self, app: App, authenticator: Authenticator, limits: Limits) -> None:
        self.app, self.authenticator, self.limits = app, authenticator, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["principal"] = scope["not_let_in"] = None
            shown = next((value for name, value in scope["headers"] if name == b"authorization"), None)
            if shown is not None:
                await self.introduce(scope, shown.decode("latin-1"))
        await self.app(scope, receive, send)

    async def introduce(self, scope: Scope, authorization: str) -> None:
        try:
            scope["principal"] = await self.authenticator.principal(
                authorization, counting=partial(self.limits.count_look, scope)
            )
        except Exception as error:  # noqa: BLE001 - told at the route, where every error becomes a problem
            scope["not_let_in"] = error


def require(scope: Scope, action: Action | None) -> None:
    """Makes sure that whoever asks may. Errors: KeyIsMissing, RoleMayNot; and why a key was not taken."""
    if action in WITHOUT_KEY:
        return
    principal: Principal | None = scope["principal"]
    if principal is None:
        raise scope["not_let_in"] or KeyIsMissing
    if action is None or action not in principal.allowed:
        raise RoleMayNot(action=action or NAMELESS)


def guard(app: FastAPI, actions: Mapping[tuple[str, str], Action]) -> None:
    """Puts the check before every route that there is. `actions`: by path and method; a route that has none there, and
    is not one of the framework's own, is closed to everybody."""
    known = {**OF_THE_FRAMEWORK, **actions}
    for route in app.routes:
        if isinstance(route, Route):
            route.app = guarded(route.app, action_of(route, known))


def action_of(route: Route, actions: Mapping[tuple[str, str], Action]) -> Action | None:
    """The action of a route; None where its methods have none, or not the same."""
    found = {actions.get((route.path, method)) for method in (route.methods or set()) - {"HEAD"}}
    return found.pop() if len(found) == 1 else None


def guarded(app: App, action: Action | None) -> Any:
    async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
        if action is not Action.PUBLIC and is_cross_site(scope):
            raise RequestIsCrossSite
        require(scope, action)
        READER.set(scope["principal"])
        await app(scope, receive, send)

    return let_in


def is_cross_site(scope: Scope) -> bool:
    """Whether a browser sends the request for a page of another site. A person who opens a link does not."""
    told = {name: value.strip() for name, value in scope["headers"] if name.startswith(b"sec-fetch-")}
    sites = [value.strip() for name, value in scope["headers"] if name == b"sec-fetch-site"]
    if all(site in OF_THIS_SITE for site in sites):
        return False
    opened = told.get(b"sec-fetch-mode") == b"navigate" and told.get(b"sec-fetch-dest") == b"document"
    return not (opened and scope["method"] == "GET")


async def principal_of(request: Request) -> Principal:
    """Errors: KeyIsMissing, and why a key was not taken."""
    principal: Principal | None = request.scope["principal"]
    if principal is None:
        raise request.scope["not_let_in"] or KeyIsMissing
    return principal


Who = Annotated[Principal, Depends(principal_of)]
"""A page's parameter: who asks."""

"""Reads the Content-Type of requests. Media types are compared without case."""

from __future__ import annotations

from adapters.web.framework.limits import App, Receive, Scope, Send
from adapters.web.framework.refusals import BodyIsNotDeclaredAsJson

JSON = "application/json"
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


def media_type_of(declared: str) -> str:
    """Return the media type in lower case, without its parameters."""
    return declared.partition(";")[0].strip().lower()


def charset_of(declared: str) -> str:
    """Return the charset in lower case; 'utf-8' if none is declared."""
    for parameter in declared.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def is_json(declared: str) -> bool:
    """Return whether it is JSON in UTF-8: application/json, or a type with the suffix +json."""
    media_type = media_type_of(declared)
    suffixed = media_type.startswith("application/") and media_type.endswith("+json")
    return (media_type == JSON or suffixed) and charset_of(declared) in UTF_8


def declared_in(scope: Scope) -> str:
    """Return the Content-Type of a request; empty if it has none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type"), "")


def has_body(scope: Scope) -> bool:
    """Return whether the request has a body."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0") != b"")
        for name, value in scope["headers"]
    )


def taking_json(app: App) -> App:
    """Return the application behind a check that refuses a body not declared as JSON, before it is read."""

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        if has_body(scope) and not is_json(declared_in(scope)):
            raise BodyIsNotDeclaredAsJson
        await app(scope, receive, send)

    return refusing

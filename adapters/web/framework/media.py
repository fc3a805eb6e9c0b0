"""What a request says its body is: media types are the same in whatever case they are written."""

from __future__ import annotations

from adapters.web.framework.limits import App, Receive, Scope, Send
from adapters.web.framework.refusals import BodyIsNotDeclaredAsJson

JSON = "application/json"
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})


def media_type_of(declared: str) -> str:
    """The media type in lower case, without its parameters."""
    return declared.partition(";")[0].strip().lower()


def charset_of(declared: str) -> str:
    """The charset in lower case; 'utf-8' where none is declared."""
    for parameter in declared.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def is_json(declared: str) -> bool:
    """Whether it is JSON in UTF-8, as application/json or as a type with the suffix +json."""
    media_type = media_type_of(declared)
    suffixed = media_type.startswith("application/") and media_type.endswith("+json")
    return (media_type == JSON or suffixed) and charset_of(declared) in UTF_8


def declared_in(scope: Scope) -> str:
    """The Content-Type of a request; empty where it has none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"content-type"), "")


def has_body(scope: Scope) -> bool:
    """Whether a body follows the head of the request."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0") != b"")
        for name, value in scope["headers"]
    )


def taking_json(app: App) -> App:
    """The application, which refuses a body that is not declared as JSON before it reads it."""

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        if has_body(scope) and not is_json(declared_in(scope)):
            raise BodyIsNotDeclaredAsJson
        await app(scope, receive, send)

    return refusing

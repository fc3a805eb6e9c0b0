"""Reads requests as commands: path, headers and body are each validated once, by a model derived from the command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache, partial
from inspect import Parameter, Signature, cleandoc
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Body, FastAPI, Header, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo
from starlette.types import Receive, Scope, Send

from adapters.access.principal import Principal
from adapters.web.framework import openapi
from adapters.web.framework.bodies import as_read, body_of, described, example_of, hints_of, summary
from adapters.web.framework.command_batcher import CommandBatcher
from adapters.web.framework.command_service import CommandRoute, CommandService, PendingCommand, RequestContext
from adapters.web.framework.etag import VERSION, expected_version
from adapters.web.framework.json_bodies import beside_the_loop, require_one_meaning
from adapters.web.framework.media import declared_in, is_json
from adapters.web.framework.query_runner import refuse_unknown
from adapters.web.framework.refusals import BodyIsNotDeclaredAsJson
from commands.verb import Command, Verb


class CommandHeaders(BaseModel):
    """The headers that every command accepts."""

    model_config = ConfigDict(populate_by_name=True)

    idempotency_key: Annotated[
        str | None,
        Field(
            alias="Idempotency-Key",
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Sent again with the same key within 24 hours, a request is done once and answered alike.",
            examples=["7c0e6d1c-2f4b-4a57-9a55-0a3c8d1b6e02"],
        ),
    ] = None
    if_match: Annotated[
        str | None,
        Field(
            alias="If-Match",
            description="The ETag of the version that you mean to change; left out, a conflict is tried again.",
            examples=['"7"'],
            json_schema_extra={"pattern": VERSION.pattern},
        ),
    ] = None


HEADERS: Mapping[bytes, str] = {
    field.alias.lower().encode(): field.alias for field in CommandHeaders.model_fields.values() if field.alias
}
NO_HEADERS = CommandHeaders()
MOST_ERRORS_LISTED = 100


@dataclass(frozen=True, slots=True)
class CommandForm:
    """The form of a route's requests: the models that validate path and body, and their fields that are ids."""

    in_path: type[BaseModel]
    body: type[BaseModel]
    id_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandReader:
    """Reads the requests of one route as commands."""

    route: CommandRoute
    commands: CommandService
    form: CommandForm

    def read(self, scope: Scope, raw: bytes) -> tuple[Command, RequestContext]:
        """Return the command and the context of its request.

        Errors: RequestValidationError, BodyIsNotDeclaredAsJson, PreconditionCannotBeRead, Invalid.
        """
        if scope["query_string"]:
            refuse_unknown(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True), ())
        given = headers_of(scope)
        if raw and not is_json(declared_in(scope)):
            raise BodyIsNotDeclaredAsJson
        who, makes = scope["principal"], self.route.makes
        headers = checked("header", CommandHeaders.model_validate, given) if given else NO_HEADERS
        in_path = checked("path", self.form.in_path.model_validate, scope["path_params"])
        require_one_meaning(raw)
        body = checked("body", self.form.body.model_validate_json, raw or b"{}")
        values = {**body.__dict__, **in_path.__dict__}
        if makes is not None and values[makes] is None:
            values[makes] = self.id_of(makes, values, who)
        command = self.route.command(**values, now=self.commands.services.now())
        ids = {name: str(values[name]) for name in self.form.id_fields}
        path, status = scope["path"], self.route.status
        expected = None if headers.if_match is None else expected_version(headers.if_match)
        return command, RequestContext(path, status, headers.idempotency_key, expected, who, makes, ids)

    def id_of(self, makes: str, values: Mapping[str, Any], who: Principal) -> UUID:
        """Return the id of what the command makes.

        With an id of another system it is derived from that, as imports and deliveries derive it, so that the record is
        made once. An integration can name ids of its own system alone. A returning candidate gets a new record.
        """
        services, outside_id = self.commands.services, values.get("outside_id")
        source = (who.source or values["outside_source"]) if "outside_source" in values else None
        if values.get("returning") or not (source and outside_id):
            return services.new_id()
        return services.key_file.stream_of(source, makes, outside_id)

    def pending(self, scope: Scope, raw: bytes) -> PendingCommand:
        """Return the command with its context and its raw body. Errors: as of `read`."""
        command, context = self.read(scope, raw)
        return PendingCommand(command, context, raw)


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the request's headers that commands accept, by name."""
    return {HEADERS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in HEADERS}


def checked(part: str, check: Callable[[Any], Any], given: Any) -> Any:
    """Return what the model's `check` returns. Errors: RequestValidationError, which names the part of the request."""
    try:
        return check(given)
    except ValidationError as error:
        if error.error_count() > MOST_ERRORS_LISTED:  # listing them all costs more than reading the body did
            message = f"{error.error_count()} fields are unknown or not written as they must be"
            raise RequestValidationError([{"type": "too_many_errors", "loc": (part,), "msg": message}]) from None
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**each, "loc": (part, *each["loc"])} for each in errors]) from None


class LeanRoute(APIRoute):
    """A route that is described like any other, but is answered without the framework's reading of parameters.

    That reading, and the framework's exit stacks, cost more than recording a touchpoint.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        answer: Callable[[Request], Awaitable[Response]] = endpoint.answer  # type: ignore[attr-defined]  # a function takes attributes, its type does not say so

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await answer(Request(scope, receive))
            await response(scope, receive, send)

        self.app = app


def add_commands(
    app: FastAPI,
    batcher: CommandBatcher[PendingCommand, Response],
    commands: CommandService,
    routes: tuple[CommandRoute, ...],
) -> None:
    """Add the routes; their parameters and bodies are derived from the command classes."""
    for route in routes:
        app.router.add_api_route(
            route.path,
            endpoint_of(batcher, CommandReader(route, commands, form_of(route))),
            **options_of(route, commands.services.verbs[route.command]),
        )


def fields_elsewhere(route: CommandRoute) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the fields that the route and the clock fill, and those of new ids, which the body may omit."""
    return ("now", *route.in_path), (route.makes,) if route.makes else ()


@cache
def options_of(route: CommandRoute, verb: Verb) -> Mapping[str, Any]:
    """Return the options with which the framework adds a route, computed once for all applications of the process."""
    return {
        "methods": ["POST"],
        "status_code": route.status,
        "summary": summary(route.command),
        "description": cleandoc(route.command.__doc__ or ""),
        "operation_id": route.command.__name__,
        "tags": [route.path.split("/")[2]],
        "response_model": None,
        "responses": openapi.of_command(route.status, verb, route.makes),
        "openapi_extra": openapi.body_example(example_of(route.command, *fields_elsewhere(route))),
        "route_class_override": LeanRoute,
    }


@cache
def form_of(route: CommandRoute) -> CommandForm:
    """Return the form of a route's requests, derived from the command's class."""
    hints = hints_of(route.command)
    parts: dict[str, Any] = {name: (as_read(hints[name]), ...) for name in route.in_path}
    return CommandForm(
        in_path=create_model(f"{route.command.__name__}Path", **parts),
        body=body_of(route.command, *fields_elsewhere(route)),
        id_fields=tuple(
            field.name
            for field in fields(route.command)
            if field.name in (*route.in_path, route.makes) and as_read(hints[field.name]) is UUID
        ),
    )


def endpoint_of(batcher: CommandBatcher[PendingCommand, Response], reader: CommandReader) -> Callable[..., Any]:
    """Return the endpoint function: `answer` answers requests, and the signature describes the route."""

    async def answer(request: Request) -> Response:
        raw = await request.body()
        return await batcher.answer(await beside_the_loop(raw, partial(reader.pending, request.scope, raw)))

    def endpoint(**_: Any) -> None:
        """Describe the route. It is never called: LeanRoute calls `answer`."""

    endpoint.__signature__ = signature(reader.route)  # type: ignore[attr-defined]  # a function takes attributes, its type does not say so
    endpoint.answer = answer  # type: ignore[attr-defined]  # as above
    return endpoint


def documentation_of(field: FieldInfo) -> dict[str, Any]:
    """Return the documentation of a field, as keyword arguments of `Header`."""
    return {"description": field.description, "examples": field.examples, "json_schema_extra": field.json_schema_extra}


@cache
def signature(route: CommandRoute) -> Signature:
    """Return the signature from which the framework describes the route: body, path and headers."""
    model = form_of(route).body
    body_is_needed = any(field.is_required() for field in model.model_fields.values())
    body = Parameter.empty if body_is_needed else Body(default_factory=model)
    descriptions = described(route.command)
    in_path = [
        (name, Annotated[as_read(hint), Path(description=descriptions.get(name))], Parameter.empty)
        for name, hint in hints_of(route.command).items()
        if name in route.in_path
    ]
    in_headers = [
        (name, Annotated[field.annotation, *field.metadata, Header(alias=field.alias, **documentation_of(field))], None)
        for name, field in CommandHeaders.model_fields.items()
    ]
    parameters: list[tuple[str, Any, Any]] = [("body", model, body), *in_path, *in_headers]
    kind = Parameter.KEYWORD_ONLY
    return Signature([Parameter(name, kind, annotation=hint, default=default) for name, hint, default in parameters])

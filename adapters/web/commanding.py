"""A request becomes a command, is handled, and is answered with where in the log its events stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from inspect import Parameter, Signature, cleandoc
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, FastAPI, Header, Request, Response
from pydantic import BaseModel

from adapters.web import openapi
from adapters.web.bodies import as_read, body_of, example_of, hints_of, summary
from adapters.web.etag import etag, expected_version
from adapters.web.idempotency import Answer, Keyed, OnceOnly
from adapters.web.plain import answered
from adapters.web.services import Services
from commands.handle import Attached, Occasion, handle
from commands.verb import Command, Verb
from domain.event import Event, Recorded

ACTOR = r"^[a-z]+:[A-Za-z0-9._-]{1,64}$"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Sent again with the same key within 24 hours, a request is done once and answered alike.",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the version to change; left out, a conflict is tried again."),
]
Actor = Annotated[
    str | None, Header(alias="Perennial-Actor", pattern=ACTOR, description="Who asks, such as user:ana.")
]
HEADERS = (("idempotency_key", IdempotencyKey), ("if_match", IfMatch), ("actor", Actor))


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """One line of the table of contents: POST `path` is the command; `makes` names the new id that it takes."""

    path: str
    command: type[Command]
    makes: str | None = None

    @property
    def in_path(self) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def status(self) -> int:
        return 200 if self.makes is None else 201


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks, apart from its command."""

    path: str
    status: int
    idempotency_key: str | None
    if_match: str | None
    actor: str
    makes: str | None
    ids: Mapping[str, str]


class Desk:
    """Hands commands in: decides and appends them, once for each key, and words the answer."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.once = OnceOnly(services.receipts, services.key_file)

    def answer(self, command: Command, asked: Asked, written: bytes) -> Response:
        """`written` is the request's body, by which a repeated request is told from another one."""
        if asked.idempotency_key is None:
            told = self._handle(command, asked, None)
        else:
            request = f"{asked.actor} {asked.path}\n".encode() + written
            keyed = self.once.keyed(asked.idempotency_key, request, command.now)
            told = self.once.answer(keyed, lambda: self._handle(command, asked, keyed))
        content = self._complete(command, told.content)
        headers = {"ETag": etag(content["version"])}
        if asked.makes == "candidate":
            headers["Location"] = f"/v1/candidates/{content['stream']}"
        if told.replayed:
            headers["Idempotency-Replayed"] = "true"
        return answered(content, told.status, headers)

    def _handle(self, command: Command, asked: Asked, keyed: Keyed | None) -> Answer:
        services = self.services
        stream = main_stream(services.verbs[type(command)], command)
        version = expected_version(asked.if_match)

        def attach(events: tuple[Recorded[Event], ...]) -> Attached:
            return Attached(None if keyed is None else keyed.record(asked.status, written_down(events, stream, asked)))

        done = handle(
            services.log,
            services.verbs,
            Occasion(services.new_id(), asked.actor, command.now),
            lambda: (command,),
            expected=None if version is None else {stream: version},
            attach=attach,
        )
        told = {"position": done.position, **written_down(done.events, stream, asked), "version": done.versions[stream]}
        return Answer(asked.status, told)

    def _complete(self, command: Command, told: Mapping[str, Any]) -> dict[str, Any]:
        """The answer in its one order; that of a repeated command which was no news names where the log is today."""
        position, version = told["position"], told["version"]
        if version is None:
            load = self.services.verbs[type(command)].loads[0]
            version = self.services.log.load(load.aggregate, UUID(told["stream"]), frozenset()).version
            position = position or self.services.log.recorder.barrier.head()
        return {"position": position, "stream": told["stream"], "version": version} | {
            "ids": dict(sorted(told["ids"].items())),
            "events": [{name: event[name] for name in EVENT_NAMES} for event in told["events"]],
        }


EVENT_NAMES = ("id", "type", "stream", "version")


def main_stream(verb: Verb, command: Command) -> UUID:
    """The stream that a command is about: the first that its verb loads."""
    stream: UUID = getattr(command, verb.loads[0].field)
    return stream


def written_down(events: tuple[Recorded[Event], ...], stream: UUID, asked: Asked) -> dict[str, Any]:
    """The answer but for its position: ids, versions and types; never a value of a field."""
    told = [
        {"id": str(event.id), "type": event.event.stored_name, "stream": str(event.stream), "version": event.version}
        for event in events
    ]
    version = max((event.version for event in events if event.stream == stream), default=None)
    return {"stream": str(stream), "version": version, "ids": dict(asked.ids), "events": told}


def add_command(app: FastAPI, desk: Desk, route: CommandRoute) -> None:
    """Adds the route; its parameters and its body are derived from the command's class."""
    verb = desk.services.verbs[route.command]
    made = (route.makes,) if route.makes else ()
    known = ("now", *route.in_path)
    model = body_of(route.command, known, made)
    example = example_of(route.command, known, made)
    app.add_api_route(
        route.path,
        endpoint_of(desk, route, model),
        methods=["POST"],
        status_code=route.status,
        name=summary(route.command),
        summary=summary(route.command),
        description=cleandoc(route.command.__doc__ or ""),
        operation_id=route.command.__name__,
        tags=[route.path.split("/")[2]],
        response_model=None,
        responses=openapi.of_command(route.status, verb),
        openapi_extra=openapi.body_example(example),
    )


def endpoint_of(desk: Desk, route: CommandRoute, model: type[BaseModel]) -> Callable[..., Response]:
    """The function behind a route. It has the signature that the framework reads the parameters from."""
    id_fields = tuple(field.name for field in fields(route.command) if field.name in (*route.in_path, route.makes))
    services, makes = desk.services, route.makes

    def endpoint(request: Request, body: BaseModel, **given: Any) -> Response:
        idempotency_key, if_match, actor = given.pop("idempotency_key"), given.pop("if_match"), given.pop("actor")
        values = {**body.__dict__, **given}
        if makes is not None and values[makes] is None:
            values[makes] = services.new_id()
        command = route.command(**values, now=services.now())
        asked = Asked(
            path=request.url.path,
            status=route.status,
            idempotency_key=idempotency_key,
            if_match=if_match,
            actor=actor or services.actor,
            makes=makes,
            ids={name: str(values[name]) for name in id_fields},
        )
        return desk.answer(command, asked, body.model_dump_json().encode() if idempotency_key else b"")

    endpoint.__signature__ = signature(route, model)  # type: ignore[attr-defined]
    return endpoint


def signature(route: CommandRoute, model: type[BaseModel]) -> Signature:
    all_optional = not any(field.is_required() for field in model.model_fields.values())
    empty = Body(default_factory=model) if all_optional else Parameter.empty
    hints = hints_of(route.command)
    named: list[tuple[str, Any]] = [(name, as_read(hints[name])) for name in route.in_path]
    return Signature(
        [
            Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request),
            Parameter("body", Parameter.KEYWORD_ONLY, annotation=model, default=empty),
            *(Parameter(name, Parameter.KEYWORD_ONLY, annotation=hint) for name, hint in named),
            *(Parameter(name, Parameter.KEYWORD_ONLY, annotation=hint, default=None) for name, hint in HEADERS),
        ]
    )

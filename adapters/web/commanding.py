"""A request becomes a command, is handled, and is answered with where in the log its events stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response

from adapters.web.etag import etag, expected_version
from adapters.web.idempotency import Answer, Keyed, OnceOnly
from adapters.web.plain import written
from adapters.web.services import Services
from commands.handle import Attached, Occasion, handle
from commands.verb import Command, Verb
from domain.event import Event, Recorded


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

    def answer(self, command: Command, asked: Asked, body: bytes) -> Response:
        """`body` is what came, by which a repeated request is told from another one."""
        if asked.idempotency_key is None:
            told = self._handle(command, asked, None)
        else:
            request = f"{asked.actor} {asked.path}\n".encode() + body
            keyed = self.once.keyed(asked.idempotency_key, request, command.now)
            told = self.once.answer(keyed, lambda: self._handle(command, asked, keyed))
        content = self._complete(command, told.content)
        headers = {"ETag": etag(content["version"])}
        if asked.makes == "candidate":
            headers["Location"] = f"/v1/candidates/{content['stream']}"
        if told.replayed:
            headers["Idempotency-Replayed"] = "true"
        return written(content, told.status, headers)

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

"""Handles commands for HTTP, and answers with the position of their events in the log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Response

from adapters.access.ownership import LogWithout, in_own_name
from adapters.access.policy import Action
from adapters.access.principal import Principal
from adapters.web.framework.etag import etag
from adapters.web.framework.idempotency import Answer, IdempotencyKeys, KeyedRequest
from adapters.web.framework.plain import written
from adapters.web.services import Services
from commands.attached import Attached
from commands.handle import Intention, KeptAsResult, Occasion, Result, handle_together
from commands.verb import Command, Verb
from domain.event import Event, Recorded


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """One line of the table of contents: POST `path` handles the command; `makes` names the field of the new id."""

    path: str
    action: Action
    command: type[Command]
    makes: str | None = None

    @property
    def in_path(self) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def status(self) -> int:
        return 200 if self.makes is None else 201


@dataclass(frozen=True, slots=True)
class EventWritten:
    """An event that a command wrote: its id and type, its stream and its version there."""

    id: UUID
    type: str
    stream: UUID
    version: int


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """The answer to a command: the position of its last event, and the version of its stream after it.

    `ids`: the records that the command names or made. `events`: what it wrote; empty if it changed nothing.
    """

    position: int
    stream: UUID
    version: int
    ids: Mapping[str, UUID]
    events: tuple[EventWritten, ...]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The parts of a request beside its command."""

    path: str
    status: int
    idempotency_key: str | None
    expected: int | None
    """The version that the main stream must have."""
    who: Principal
    makes: str | None
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """A request to handle a command. `body`: the raw bytes, which identify a repetition of the request."""

    command: Command
    context: RequestContext
    body: bytes


class CommandService:
    """Decides and appends commands, at most once for each idempotency key, and writes their answers."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.once = IdempotencyKeys(services.receipts, services.key_file)
        self.ownership = services.ownership

    def answer_all(self, requests: Sequence[PendingCommand]) -> list[Response | Exception]:
        """Return the answers to requests that are handled together; each succeeds or fails on its own."""
        results: dict[int, Result] = {}
        intentions: dict[int, Intention] = {}
        hidden: dict[int, frozenset[UUID]] = {}
        keyed: dict[int, KeyedRequest] = {}
        for number, request in enumerate(requests):
            with KeptAsResult(results, number):
                if (key := self._keyed(request)) is not None:
                    self.once.begin(key)
                    keyed[number] = key
                if request.context.who.source is not None:
                    hidden[number] = self.ownership.foreign_to(
                        request.context.who, request.command, request.context.makes
                    )
                intentions[number] = self._intention(request, key)
        try:
            results |= self._handled(intentions, hidden)
            return [self._answer(request, keyed.get(n), results[n]) for n, request in enumerate(requests)]
        finally:
            self.once.end(keyed.values())

    def _handled(self, intentions: Mapping[int, Intention], hidden: Mapping[int, frozenset[UUID]]) -> dict[int, Result]:
        """Return the results by number. A request from which streams are hidden is handled alone, without them."""
        log, verbs = self.services.log, self.services.verbs
        together = {number: intention for number, intention in intentions.items() if not hidden.get(number)}
        results = dict(zip(together, handle_together(log, verbs, list(together.values())), strict=True))
        for number in intentions.keys() - together.keys():
            (results[number],) = handle_together(LogWithout(log, hidden[number]), verbs, [intentions[number]])
        return results

    def _keyed(self, pending: PendingCommand) -> KeyedRequest | None:
        context = pending.context
        if context.idempotency_key is None:
            return None
        request = f"{context.path}\n".encode() + pending.body
        return self.once.keyed(context.who.actor, context.idempotency_key, request, pending.command.now)

    def _intention(self, pending: PendingCommand, keyed: KeyedRequest | None) -> Intention:
        command, context = pending.command, pending.context
        stream = main_stream(self.services.verbs[type(command)], command)

        def attach(events: tuple[Recorded[Event], ...]) -> Attached:
            return Attached(
                None if keyed is None else keyed.record(context.status, recorded_answer(events, stream, context))
            )

        def in_the_name_of_an_integration() -> tuple[Command]:
            return (in_own_name(context.who, command),)

        return Intention(
            Occasion(self.services.new_id(), context.who.actor, command.now),
            partial(tuple, (command,)) if context.who.source is None else in_the_name_of_an_integration,
            {} if context.expected is None else {stream: context.expected},
            attach,
        )

    def _answer(self, pending: PendingCommand, keyed: KeyedRequest | None, result: Result) -> Response | Exception:
        try:
            return self._response(pending, self._answer_content(pending, keyed, result))
        except Exception as error:  # noqa: BLE001 - it is this request's alone
            return error

    def _answer_content(self, pending: PendingCommand, keyed: KeyedRequest | None, result: Result) -> Answer:
        """Return the content of the answer: that of the result or, if refused, that which the key got before."""
        if not isinstance(result, Exception):
            stream = main_stream(self.services.verbs[type(pending.command)], pending.command)
            content = {"position": result.position, **recorded_answer(result.events, stream, pending.context)}
            return Answer(pending.context.status, {**content, "version": result.versions[stream]})
        before = None if keyed is None else self.once.answer_before(keyed, result)
        if before is None:
            raise result
        return before

    def _response(self, pending: PendingCommand, answered: Answer) -> Response:
        content = self._complete(pending.command, answered.content)
        headers = {"ETag": etag(content["version"])}
        if pending.context.makes == "candidate":
            headers["Location"] = f"/v1/candidates/{content['stream']}"
        if answered.replayed:
            headers["Idempotency-Replayed"] = "true"
        return written(content, answered.status, headers)

    def _complete(self, command: Command, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of the answer in their order.

        A command that changed nothing has no version in its answer; it gets the stream's version and the log's head.
        """
        position, version = content["position"], content["version"]
        if version is None:
            load = self.services.verbs[type(command)].loads[0]
            version = self.services.log.load(load.aggregate, UUID(content["stream"]), frozenset()).version
            position = position or self.services.log.recorder.barrier.head()
        return {"position": position, "stream": content["stream"], "version": version} | {
            "ids": dict(sorted(content["ids"].items())),
            "events": [{name: event[name] for name in EVENT_NAMES} for event in content["events"]],
        }


EVENT_NAMES = ("id", "type", "stream", "version")


def main_stream(verb: Verb, command: Command) -> UUID:
    """Return the stream that a command is about: the first that its verb loads."""
    stream: UUID = getattr(command, verb.loads[0].field)
    return stream


def recorded_answer(events: tuple[Recorded[Event], ...], stream: UUID, context: RequestContext) -> dict[str, Any]:
    """Return the answer without its position: ids, versions and types, never the value of a field."""
    written = [
        {"id": str(event.id), "type": event.event.stored_name, "stream": str(event.stream), "version": event.version}
        for event in events
    ]
    version = max((event.version for event in events if event.stream == stream), default=None)
    return {"stream": str(stream), "version": version, "ids": dict(context.ids), "events": written}

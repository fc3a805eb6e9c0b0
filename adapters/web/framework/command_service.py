"""A request becomes a command, is handled, and is answered with where in the log its events stand."""

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
from adapters.web.framework.idempotency import Answer, Keyed, OnceOnly
from adapters.web.framework.plain import written
from adapters.web.services import Services
from commands.attached import Attached
from commands.handle import Intention, KeptAsResult, Occasion, Result, handle_together
from commands.verb import Command, Verb
from domain.event import Event, Recorded


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """One line of the table of contents: POST `path` is the command; `makes` names the new id that it takes."""

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
    """An event that a command wrote: its id and type, and its place in its stream."""

    id: UUID
    type: str
    stream: UUID
    version: int


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """Where in the log a command's events stand: the position of the last, and the version of its stream after it.

    `ids` names what the command was about and what it made; `events` is empty where it was no news.
    """

    position: int
    stream: UUID
    version: int
    ids: Mapping[str, UUID]
    events: tuple[EventWritten, ...]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What a request asks, apart from its command."""

    path: str
    status: int
    idempotency_key: str | None
    expected: int | None
    """The version that the main stream must stand at."""
    who: Principal
    makes: str | None
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """One request: its command, what else it asks, and the body as it came, by which a repeated one is known."""

    command: Command
    asked: RequestContext
    body: bytes


class CommandService:
    """Hands commands in: decides and appends them, once for each key, and words the answer."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.once = OnceOnly(services.receipts, services.key_file)
        self.ownership = services.ownership

    def answer_all(self, askings: Sequence[PendingCommand]) -> list[Response | Exception]:
        """The answers to requests that came at the same moment; each is answered, or fails, on its own."""
        results: dict[int, Result] = {}
        intentions: dict[int, Intention] = {}
        hidden: dict[int, frozenset[UUID]] = {}
        keyed: dict[int, Keyed] = {}
        for number, asking in enumerate(askings):
            with KeptAsResult(results, number):
                if (found := self._keyed(asking)) is not None:
                    self.once.begin(found)
                    keyed[number] = found
                if asking.asked.who.source is not None:
                    hidden[number] = self.ownership.foreign_to(asking.asked.who, asking.command, asking.asked.makes)
                intentions[number] = self._intention(asking, found)
        try:
            results |= self._handled(intentions, hidden)
            return [self._answer(asking, keyed.get(n), results[n]) for n, asking in enumerate(askings)]
        finally:
            self.once.end(keyed.values())

    def _handled(self, intentions: Mapping[int, Intention], hidden: Mapping[int, frozenset[UUID]]) -> dict[int, Result]:
        """What became of each; one to whom something is hidden is handled by itself, over a log without that."""
        log, verbs = self.services.log, self.services.verbs
        together = {number: one for number, one in intentions.items() if not hidden.get(number)}
        results = dict(zip(together, handle_together(log, verbs, list(together.values())), strict=True))
        for number in intentions.keys() - together.keys():
            (results[number],) = handle_together(LogWithout(log, hidden[number]), verbs, [intentions[number]])
        return results

    def _keyed(self, asking: PendingCommand) -> Keyed | None:
        asked = asking.asked
        if asked.idempotency_key is None:
            return None
        request = f"{asked.path}\n".encode() + asking.body
        return self.once.keyed(asked.who.actor, asked.idempotency_key, request, asking.command.now)

    def _intention(self, asking: PendingCommand, keyed: Keyed | None) -> Intention:
        command, asked = asking.command, asking.asked
        stream = main_stream(self.services.verbs[type(command)], command)

        def attach(events: tuple[Recorded[Event], ...]) -> Attached:
            return Attached(None if keyed is None else keyed.record(asked.status, written_down(events, stream, asked)))

        def in_the_name_of_an_integration() -> tuple[Command]:
            return (in_own_name(asked.who, command),)

        return Intention(
            Occasion(self.services.new_id(), asked.who.actor, command.now),
            partial(tuple, (command,)) if asked.who.source is None else in_the_name_of_an_integration,
            {} if asked.expected is None else {stream: asked.expected},
            attach,
        )

    def _answer(self, asking: PendingCommand, keyed: Keyed | None, result: Result) -> Response | Exception:
        try:
            return self._worded(asking, self._told(asking, keyed, result))
        except Exception as error:  # noqa: BLE001 - it is this request's alone
            return error

    def _told(self, asking: PendingCommand, keyed: Keyed | None, result: Result) -> Answer:
        """What to answer: what was done now or, where that was refused, what this key was answered before."""
        if not isinstance(result, Exception):
            stream = main_stream(self.services.verbs[type(asking.command)], asking.command)
            told = {"position": result.position, **written_down(result.events, stream, asking.asked)}
            return Answer(asking.asked.status, {**told, "version": result.versions[stream]})
        before = None if keyed is None else self.once.answer_before(keyed, result)
        if before is None:
            raise result
        return before

    def _worded(self, asking: PendingCommand, told: Answer) -> Response:
        content = self._complete(asking.command, told.content)
        headers = {"ETag": etag(content["version"])}
        if asking.asked.makes == "candidate":
            headers["Location"] = f"/v1/candidates/{content['stream']}"
        if told.replayed:
            headers["Idempotency-Replayed"] = "true"
        return written(content, told.status, headers)

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


def written_down(events: tuple[Recorded[Event], ...], stream: UUID, asked: RequestContext) -> dict[str, Any]:
    """The answer but for its position: ids, versions and types; never a value of a field."""
    told = [
        {"id": str(event.id), "type": event.event.stored_name, "stream": str(event.stream), "version": event.version}
        for event in events
    ]
    version = max((event.version for event in events if event.stream == stream), default=None)
    return {"stream": str(stream), "version": version, "ids": dict(asked.ids), "events": told}

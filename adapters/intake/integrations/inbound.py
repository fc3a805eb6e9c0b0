"""Receives signed deliveries: each is kept whole, and what is understood of it becomes events, in one transaction."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any, Protocol
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from adapters.intake.integrations.outside import Outside
from adapters.intake.integrations.restating import StatementKeys, every_statement_in, statements_in
from adapters.intake.strict_json import JsonCannotBeRead, KeyStandsTwice, read_json
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.append import AlreadyReceived
from adapters.postgres.log.store import PersonWasErased
from adapters.postgres.tables.deliveries import (
    Deliveries,
    DeliveryToFetch,
    NewerDelivery,
    SubjectDelivery,
    WaitingDelivery,
)
from commands.attached import Attached, Delivery, Statement
from commands.handle import Handled, Occasion, handle, nothing_seen
from commands.log import Log
from commands.verb import Command, Verb
from domain.candidate import CANDIDATE, Candidate, CandidateIsErased, ErasureRequested
from domain.errors import ExplainedError, Refused
from domain.event import Aggregate, Erased, Event, Recorded
from domain.streams import Loaded, Reads
from domain.suppression import AddressIsSuppressed, ArrivalStopped

ERASED = "erased"
"""The reason of a delivery about an erased person, which is kept without its content."""
ADDRESS_LEFT_OUT = "address-is-left-out"
"""The reason of a delivery that was applied without an address, which is suppressed."""
NOT_KEPT = (ERASED, AddressIsSuppressed.rule())
"""The body of such a delivery is not kept: its person was erased, or its address is suppressed."""
KEY_STANDS_TWICE = "json-key-stands-twice"
"""Why a delivery is kept whose JSON has a key twice in one object: which value is meant cannot be known."""
ID_NAMES_ANOTHER = "event-id-names-another-body"
"""Why a delivery is kept whose id came before with a different body: the id is not signed, so neither is preferred."""
NOT_FETCHED = "not-fetched-yet"
"""Why a delivery waits that only names what changed."""
TOO_MANY_WAIT = "too-many-deliveries-wait"
MOST_WAITING_FOR_ONE, MOST_WAITING = 100, 10_000
"""How many deliveries may wait for one stream, and how many in all; any further one is kept, for `reconcile`."""
LONGEST_DELIVERY_ID = 200
LONGEST_ACTION = 64
ENDINGS = frozenset((ErasureRequested,))
ATTEMPTS = 3


class SignatureIsWrong(ExplainedError):
    """Invalid signature

    The delivery is not signed with any of the configured secrets. Nothing was stored.

    Check that both sides have the same secret.
    """


class IntegrationHasNoSecret(ExplainedError):
    """Integration not configured

    No signing secret is configured for this integration, so deliveries cannot be verified.

    Configure a secret, then have the delivery sent again.
    """


class DeliveryIsStale(ExplainedError):
    """Stale delivery

    The delivery is signed, but it was sent too long ago, or is dated in the future. Nothing was stored.

    Check the clocks on both sides, then have the event sent anew.
    """


class TokenWasUsed(ExplainedError):
    """Token used twice

    The token of this delivery came before with another body, which its signature does not cover. Nothing was stored.

    Have the event sent anew, with a token of its own.
    """


class DeliveryCannotBeRead(ExplainedError):
    """Delivery is not a JSON object

    The delivery is signed, but its body is not a JSON object. It was stored as received; nothing else was written.

    Check the format of the webhook at its sender.
    """


class PartIsMissing(Exception):
    """The delivery lacks something required; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CauseIsMissing(PartIsMissing):
    """The cause of the delivery has not arrived yet; it will appear in `stream`."""

    def __init__(self, reason: str, stream: UUID) -> None:
        super().__init__(reason)
        self.stream = stream


class InboundLog(Log, Protocol):
    """A log with the deliveries of outside systems."""

    @property
    def deliveries(self) -> Deliveries: ...

    def open_delivery(self, source: str, delivery_id: str, sealed: bytes) -> bytes | Erased: ...


Headers = Mapping[str, str]
"""The headers of a request, by their names in lower case."""
Secrets = Sequence[str]
"""The secrets that a sender may sign with; several are valid while one is replaced."""


class Assurance(StrEnum):
    """How strongly the sender of a delivery is authenticated; recorded with every delivery."""

    BODY_SIGNED = "body-signed"
    """The signature covers the whole body: nothing in it can be changed, and only the sender can have written it."""
    TOKEN_SIGNED = "token-signed"  # noqa: S105 - the name of a level, no password
    """The signature covers a token and a time, not the body: a captured token could carry another body."""
    SHARED_SECRET = "shared-secret"  # noqa: S105 - the name of a level, no password
    """The secret itself is sent: who reads one delivery can write any other."""


Plan = Callable[[], Sequence[Command]]
Restate = Callable[[StatementKeys], Sequence[Command]]


def restate_nothing(_: StatementKeys) -> Sequence[Command]:
    return ()


def no_others(_: UUID, __: Collection[str]) -> Sequence[SubjectDelivery]:
    return ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The log as one plan reads it: each state once. A decision on an old state is refused at the append."""

    log: Log
    loaded: dict[tuple[str, UUID, Reads], Loaded] = field(default_factory=dict)

    def load(self, aggregate: Aggregate[Any], stream: UUID, reads: Reads) -> Loaded:
        key = aggregate.name, stream, reads
        if key not in self.loaded:
            self.loaded[key] = self.log.load(aggregate, stream, reads)
        return self.loaded[key]

    def planning(self, plan: Plan) -> Plan:
        """Return the plan, which reads everything anew each time it is made."""

        def planned() -> Sequence[Command]:
            self.loaded.clear()
            return plan()

        return planned

    def restating(self, restate: Restate) -> Restate:
        """Return what states values again, which reads everything anew each time."""

        def restated(keys: StatementKeys) -> Sequence[Command]:
            self.loaded.clear()
            return restate(keys)

        return restated

    def versions(self) -> dict[UUID, int]:
        """Return the versions of the streams that were read; of several the oldest."""
        oldest: dict[UUID, int] = {}
        for (_, stream, _), loaded in self.loaded.items():
            oldest[stream] = min(loaded.version, oldest.get(stream, loaded.version))
        return oldest


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """When and where a delivery is read, and what is known: all that a translation needs.

    `stream` gives the stream id of (kind, the vendor's id): the same, whichever delivery mentions it first. `others`
    gives the other deliveries about a subject that were applied or wait, of the named actions. `stated` gives what all
    applied deliveries state of a stream, of the named values. `people` gives whom the applied deliveries about a
    subject name, each with the time of the delivery. `received`: when it came, of one that is read again.
    """

    stream: Callable[[str, str], UUID]
    log: Snapshot
    now: datetime
    zone: ZoneInfo
    others: Callable[[UUID, Collection[str]], Sequence[SubjectDelivery]] = no_others
    received: datetime | None = None
    stated: Callable[[UUID, Collection[str]], Sequence[Statement]] = lambda _, __: ()
    people: Callable[[UUID], Sequence[tuple[datetime, UUID]]] = lambda _: ()


@dataclass(frozen=True, slots=True)
class Understood:
    """What a delivery means: whom it is about, and its commands (None: it is only kept, for a `reason`).

    subject: the stream that it describes. told_at: the time that it gives itself, which says what is newer. waits_for:
    the stream in which its cause will appear. statements: what it states or confirms of values that replace one
    another. restate: the commands that state those of the keys once more. seen: the versions of the streams that the
    plan was made from.
    """

    action: str
    about: UUID | None = None
    plan: Plan | None = None
    reason: str | None = None
    subject: UUID | None = None
    told_at: datetime | None = None
    waits_for: UUID | None = None
    statements: Sequence[Statement] = ()
    restate: Restate = restate_nothing
    seen: Callable[[], Mapping[UUID, int]] = nothing_seen
    is_thin: bool = False
    """What it names is to be fetched before it means anything."""
    one_at_a_time: bool = False
    """Its plan follows from what others state of the subject: no other is taken in while it is made and stored."""


def whole(document: Outside) -> object:
    return document.json


def written_action(document: Outside) -> str:
    """Return the vendor's name of the action, if it is a name: an unknown text may be anything, and stands in clear."""
    return written_code(document.text("action"))


def written_code(action: str | None) -> str:
    """Return the name of an action or event, if it is a name."""
    written = re.sub("[_.-]", "", action or "")
    is_code = written.isascii() and written.isalnum() and len(action or "") <= LONGEST_ACTION
    return action if is_code and action is not None else "unreadable"


@dataclass(frozen=True, slots=True)
class Replay:
    """The checks where the signature does not cover the body.

    A delivery was sent at most `window` ago, and the id that `identify` returns, which follows from what is signed,
    comes with one body only.
    """

    sent_at: Callable[[Headers, bytes], datetime | None]
    window: timedelta

    def is_fresh(self, headers: Headers, body: bytes, now: datetime) -> bool:
        sent_at = self.sent_at(headers, body)
        return sent_at is not None and abs(now - sent_at) <= self.window


@dataclass(frozen=True, slots=True)
class Fetch:
    """How what a delivery only names is fetched.

    paths: (the delivery, what was fetched so far) -> name -> path or URL; the delivery is then read with its answers
    under "fetched". headers: the headers that show a token.
    """

    paths: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, str]]
    headers: Callable[[str], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Integration:
    """How one outside system signs, numbers and words its deliveries.

    name: its code, at the end of the URL that it delivers to. title: its name for people. assurance: how strongly the
    sender of a delivery is authenticated. verify: whether one of the secrets made the signature, from the headers (in
    lower case) and the raw body. identify: the delivery's own id; None where it has none. translate: what the body
    means; raises PartIsMissing. signs: the headers that it sends, each with its meaning, for the API's description.
    action: the vendor's name of what happened, for a body that lacks what `translate` requires.
    content: the part of the body by which a repetition is recognised: all but its envelope. may_pass: refusals that end
    once an earlier delivery has arrived; until then the delivery waits.

    What some vendors need besides. keeps: the headers that mean something; a delivery is then kept as the JSON object
    {"headers": {...}, "body": "..."}, and `translate` reads that. replay: what is checked where the signature does not
    cover the body. handshake: the header in which the vendor hands over its secret. fetch: how that is fetched what a
    delivery only names.
    """

    name: str
    title: str
    assurance: Assurance
    verify: Callable[[Headers, bytes, Secrets], bool]
    identify: Callable[[Headers, bytes], str | None]
    translate: Callable[[Outside, DeliveryContext], Understood]
    signs: Mapping[str, str]
    action: Callable[[Outside], str] = written_action
    content: Callable[[Outside], object] = whole
    may_pass: tuple[type[Refused], ...] = ()
    keeps: tuple[str, ...] = ()
    replay: Replay | None = None
    handshake: str | None = None
    fetch: Fetch | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery whose signature is valid."""

    integration: Integration
    delivery_id: str
    body: bytes
    now: datetime
    fingerprint: str | None = None
    settles: WaitingDelivery | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a delivery: 'applied', 'waiting' or 'kept' (and the reason), or 'duplicate', and the log position
    after it."""

    outcome: str
    reason: str | None = None
    position: int | None = None
    events: int = 0


@dataclass(slots=True)
class Basis:
    """The values that the commands of a delivery change, and the newer deliveries that were read again for that."""

    changes: Sequence[Statement] = ()
    newer: Sequence[NewerDelivery] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a delivery, and the streams in which others may find their cause now."""

    received: Received
    touched: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Inbox:
    """Receives deliveries. `seal` seals a raw body: (source, delivery id, person, body) -> bytes."""

    log: InboundLog
    verbs: Mapping[type, Verb]
    key_file: KeyFile
    seal: Callable[[str, str, UUID, bytes], bytes]
    zone: ZoneInfo

    def receive(
        self, integration: Integration, secrets: Secrets, headers: Headers, body: bytes, now: datetime
    ) -> Received:
        """Verify a delivery, apply it and keep it. Errors: IntegrationHasNoSecret, SignatureIsWrong, DeliveryIsStale,
        TokenWasUsed, DeliveryCannotBeRead."""
        require_signed(integration, secrets, headers, body)
        require_fresh(integration, headers, body, now)
        of_body = self.key_file.fingerprint(f"delivery:{integration.name}", body)
        given = integration.identify(headers, body)
        delivery_id = given if given and len(given) <= LONGEST_DELIVERY_ID else f"body:{of_body}"
        raw, body = body, document_of(integration, headers, body)
        try:
            document = None if object_in(raw) is None else object_in(body)
        except KeyStandsTwice:
            arrived = Arrived(integration, delivery_id, body, now, of_body)
            return self._take(arrived, lambda: Understood("unreadable", reason=KEY_STANDS_TWICE))
        if document is None:
            # not under the vendor's id: the body may still come whole under that
            self._keep(Arrived(integration, f"body:{of_body}", body, now), Understood("unreadable", reason="not-json"))
            raise DeliveryCannotBeRead
        arrived = Arrived(integration, delivery_id, body, now, self.fingerprint(integration, document))
        return self._take(arrived, lambda: self._understood(arrived, document))

    def fingerprint(self, integration: Integration, document: Outside) -> str:
        """Return what identifies a body, whatever its envelope and however its JSON is written."""
        content = json.dumps(integration.content(document), sort_keys=True, separators=(",", ":")).encode()
        return self.key_file.fingerprint(f"content of a delivery:{integration.name}", content)

    def understand(
        self,
        integration: Integration,
        document: Outside,
        now: datetime,
        log: Log | None = None,
        beside: str | None = None,
        received: datetime | None = None,
    ) -> Understood:
        """Return what the body means, given the log (its own, if none is given) and the other deliveries.

        `beside`: the id of this delivery, which is not among the others (None: the others do not matter). `received`:
        when it came, of one that is read again. Raises PartIsMissing.
        """

        def others(subject: UUID, actions: Collection[str]) -> Sequence[SubjectDelivery]:
            deliveries = self.log.deliveries.of_subject(subject, actions)
            return [delivery for delivery in deliveries if delivery.delivery_id != beside]

        def stated(stream: UUID, whats: Collection[str]) -> Sequence[Statement]:
            return self.log.deliveries.statements_of(integration.name, stream, whats)

        def stream(kind: str, outside_id: str) -> UUID:
            return self.key_file.stream_of(integration.name, kind, outside_id)

        beside_it = no_others if beside is None else others
        snapshot = Snapshot(log or self.log)
        people = self.log.deliveries.people_of
        context = DeliveryContext(stream, snapshot, now, self.zone, beside_it, received, stated, people)
        understood = integration.translate(document, context)
        return replace(
            understood,
            plan=understood.plan and snapshot.planning(understood.plan),
            restate=snapshot.restating(understood.restate),
            seen=snapshot.versions,
        )

    def retry(self, integration: Integration, waiting: WaitingDelivery, now: datetime) -> frozenset[UUID]:
        """Read a waiting delivery again, and return the streams in which others may find their cause now."""
        body = self.log.open_delivery(waiting.source, waiting.delivery_id, waiting.body) if waiting.body else Erased()
        document = None if isinstance(body, Erased) else object_in(body)
        if document is None or isinstance(body, Erased):
            return frozenset()  # its person's erasure is at work, and empties it
        arrived = Arrived(integration, waiting.delivery_id, body, now, settles=waiting)
        return self._apply(arrived, self._understood(arrived, document)).touched

    def restatements(
        self, integration: Integration, changes: Sequence[Statement], now: datetime, log: Log | None = None
    ) -> list[Command]:
        """Return the commands by which newer deliveries state again, as of their times, what is changed."""
        newer = self._newer(integration, changes)
        return [command for delivery in newer for command in self._restated_by(integration, delivery, now, log)]

    def _newer(self, integration: Integration, changes: Sequence[Statement]) -> Sequence[NewerDelivery]:
        return self.log.deliveries.newer_deliveries(integration.name, changes) if changes else ()

    def _restated_by(
        self, integration: Integration, newer: NewerDelivery, now: datetime, log: Log | None = None
    ) -> Sequence[Command]:
        body = self.log.open_delivery(integration.name, newer.delivery_id, newer.body)
        document = None if isinstance(body, Erased) else object_in(body)
        if document is None:
            return ()
        try:
            keys = set(zip(newer.streams, newer.whats, strict=True))
            return self.understand(integration, document, now, log).restate(keys)
        except (PartIsMissing, Refused):
            return ()  # an older version applied it; what this one cannot read it does not state

    def follow(self, integration: Integration, streams: Collection[UUID], now: datetime) -> None:
        """Apply what waited for a cause in these streams, and what waited for that in its turn."""
        touched = frozenset(streams)
        while touched:
            waiting = [
                delivery for delivery in self.log.deliveries.waiting_for(touched) if delivery.source == integration.name
            ]
            touched = frozenset(stream for delivery in waiting for stream in self.retry(integration, delivery, now))

    def is_erased(self, person: UUID | None) -> bool:
        """Return whether the erasure of the person was requested: then nothing more is recorded of them."""
        if person is None:
            return False
        state: Candidate = self.log.load(CANDIDATE, person, ENDINGS).state
        return state.erasure is not None

    def _take(self, arrived: Arrived, read: Callable[[], Understood]) -> Received:
        """Apply a delivery unless it came before; where it arrives twice at one moment, look again."""
        for _ in range(2):
            if (earlier := self._earlier(arrived, read)) is not None:
                return earlier
            understood = read()
            kept = self._apply(arrived, understood)
            if kept.received.outcome == "duplicate":
                continue
            if kept.received.reason == ERASED:
                self._empty_waiting(arrived, understood)
            self.follow(arrived.integration, kept.touched, arrived.now)
            return kept.received
        return Received("duplicate")

    def _earlier(self, arrived: Arrived, read: Callable[[], Understood]) -> Received | None:
        """Return what becomes of a delivery that came before, or whose id names another one; None: it is new."""
        source, delivery_id = arrived.integration.name, arrived.delivery_id
        before = self.log.deliveries.known(source, delivery_id, arrived.fingerprint)
        if not before:
            return None
        if any(delivery.fingerprint in (None, arrived.fingerprint) for delivery in before):
            return Received("duplicate")
        if arrived.integration.replay is not None:
            raise TokenWasUsed
        other = replace(arrived, delivery_id=f"{delivery_id}:{arrived.fingerprint}", fingerprint=None)
        understood = read()
        reason = understood.reason if understood.reason in NOT_KEPT else ID_NAMES_ANOTHER
        return self._keep(other, replace(understood, plan=None, reason=reason, is_thin=False)).received

    def _understood(self, arrived: Arrived, document: Outside) -> Understood:
        try:
            received = None if arrived.settles is None else arrived.settles.received_at
            understood = self.understand(
                arrived.integration, document, arrived.now, beside=arrived.delivery_id, received=received
            )
        except PartIsMissing as missing:
            return Understood(arrived.integration.action(document), reason=missing.reason)
        if self.is_erased(understood.about):
            return replace(understood, plan=None, reason=ERASED, is_thin=False)
        return understood

    def _apply(self, arrived: Arrived, understood: Understood) -> Kept:
        """Keep the delivery with its events. A refused plan is made anew, in case of a concurrent change; refused
        again, the body is kept."""
        if understood.is_thin and arrived.settles is None:
            return self._wait_for_fetch(arrived, understood)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._keep(arrived, understood)
            except CauseIsMissing as missing:
                return self._wait(arrived, understood, missing.reason, missing.stream)
            except (CandidateIsErased, PersonWasErased):
                reason = ERASED
                break
            except PartIsMissing as missing:
                reason = missing.reason
                break
            except Refused as refusal:
                reason = refusal.rule()
                if attempt == ATTEMPTS and isinstance(refusal, arrived.integration.may_pass) and understood.subject:
                    return self._wait(arrived, understood, reason, understood.subject)
        return self._keep(arrived, replace(understood, plan=None, reason=reason))

    def _wait(self, arrived: Arrived, understood: Understood, reason: str, stream: UUID) -> Kept:
        """Keep a delivery until its cause arrives; where too many wait, it is only kept."""
        deliveries = self.log.deliveries
        if arrived.settles is not None:
            deliveries.tried(arrived.settles, reason, stream)
            return Kept(Received("waiting", reason))
        if deliveries.many_wait(stream, MOST_WAITING_FOR_ONE, MOST_WAITING):
            return self._keep(arrived, replace(understood, plan=None, reason=TOO_MANY_WAIT))
        kept = self._keep(arrived, replace(understood, plan=None, reason=reason, waits_for=stream))
        # its cause may have come while it was being kept, and it may be what another waits for
        return replace(kept, touched=frozenset((stream,)))

    def _keep(self, arrived: Arrived, understood: Understood) -> Kept:
        """Keep the delivery, and append the events of its plan."""
        delivery, basis = self._delivery(arrived, understood), Basis()
        occasion = Occasion(uuid4(), f"integration:{delivery.source}", arrived.now)

        def plan() -> Sequence[Command]:
            commands = (understood.plan or nothing_planned)()
            basis.changes = statements_in(commands)
            basis.newer = self._newer(arrived.integration, basis.changes)
            newer = [
                self._restated_by(arrived.integration, delivery_to_restate, arrived.now)
                for delivery_to_restate in basis.newer
            ]
            return [*commands, *chain.from_iterable(newer)]

        def attach(events: Sequence[Recorded[Event]]) -> Attached:
            return Attached(delivery=replace(delivery, reason=reason_of(delivery, events)))

        try:
            with self._alone_with(understood):
                done = handle(self.log, self.verbs, occasion, plan, attach=attach, seen=understood.seen)
        except AlreadyReceived:
            return Kept(Received("duplicate"))
        touched = frozenset(event.stream for event in done.events)
        reason = reason_of(delivery, done.events)
        if delivery.outcome == "applied" and self._came_in_beside(arrived, understood, basis, done):
            touched |= self._state_again(arrived, understood, basis)
        return Kept(Received(delivery.outcome, reason, done.position, len(done.events)), touched)

    def _alone_with(self, understood: Understood) -> AbstractContextManager[None]:
        """Return a lock on the subject, where the plan depends on what other deliveries state of it."""
        if understood.plan is None or understood.subject is None or not understood.one_at_a_time:
            return nullcontext()
        return self.log.precedence([understood.subject])

    def _came_in_beside(self, arrived: Arrived, understood: Understood, basis: Basis, done: Handled) -> bool:
        """Return whether, while this delivery was planned and stored, another stated or changed a value that it states.

        Each looks once it is stored itself: so of two that are taken in at one moment the later one sees the earlier.
        """
        seen, own = understood.seen(), Counter(event.stream for event in done.events)
        expected = {
            statement.stream: seen.get(statement.stream, 0) + own[statement.stream]
            for statement in understood.statements
        }
        now = self.log.load_all({stream: (CANDIDATE, frozenset[type[Event]]()) for stream in expected})
        if any(now[stream].version != version for stream, version in expected.items()):
            return True
        newer = self._newer(arrived.integration, basis.changes)
        return [delivery.delivery_id for delivery in newer] != [delivery.delivery_id for delivery in basis.newer]

    def _state_again(self, arrived: Arrived, understood: Understood, basis: Basis) -> frozenset[UUID]:
        """State the values of this delivery again, then those of the next newer ones, and so on while that is news.

        Returns the streams that were written to.
        """
        written: set[UUID] = set()
        with suppress(Refused, PersonWasErased):  # what is refused meanwhile, such as of an erased person, stays out
            own = understood.restate({(statement.stream, statement.what) for statement in understood.statements})
            changes = [*basis.changes, *every_statement_in(own)]
            commands = [*own, *self.restatements(arrived.integration, changes, arrived.now)]
            while events := self._added(arrived, commands):
                written.update(event.stream for event in events)
                commands = self.restatements(arrived.integration, every_statement_in(commands), arrived.now)
        return frozenset(written)

    def _added(self, arrived: Arrived, commands: Sequence[Command]) -> Sequence[Recorded[Event]]:
        """Append what is stated again, and return the events that are news."""
        occasion = Occasion(uuid4(), f"integration:{arrived.integration.name}", arrived.now)
        return handle(self.log, self.verbs, occasion, lambda: commands).events if commands else ()

    def _wait_for_fetch(self, arrived: Arrived, understood: Understood) -> Kept:
        """Keep a delivery until a worker has fetched what it names; where too many wait, it is only kept."""
        waits_with = understood.subject or self.key_file.stream_of(arrived.integration.name, "delivery", "")
        if self.log.deliveries.many_wait(waits_with, MOST_WAITING_FOR_ONE, MOST_WAITING):
            return self._keep(arrived, replace(understood, reason=TOO_MANY_WAIT, is_thin=False))
        return self._keep(arrived, understood)

    def keep_fetched(self, integration: Integration, delivery: DeliveryToFetch, body: bytes) -> bytes | None:
        """Store a delivery with what was fetched for it, and return it sealed; None where it no longer waits.

        Errors: PersonWasErased.
        """
        understood = self.understand(integration, readable(body), delivery.received_at)
        about = understood.about or self.key_file.stream_of(integration.name, "delivery", delivery.delivery_id)
        sealed = self.seal(integration.name, delivery.delivery_id, about, body)
        return sealed if self.log.deliveries.keep_fetched(delivery, about, sealed) else None

    def _empty_waiting(self, arrived: Arrived, understood: Understood) -> None:
        """Empty the deliveries that waited for the subject, now that its person is known to be erased."""
        if understood.subject is None:
            return
        for waiting in self.log.deliveries.waiting_for([understood.subject]):
            emptied = Arrived(arrived.integration, waiting.delivery_id, b"", arrived.now, settles=waiting)
            self._keep(emptied, Understood(waiting.action, understood.about, reason=ERASED))

    def _delivery(self, arrived: Arrived, understood: Understood) -> Delivery:
        source, delivery_id = arrived.integration.name, arrived.delivery_id
        about = understood.about or self.key_file.stream_of(source, "delivery", delivery_id)
        try:
            sealed = b"" if understood.reason in NOT_KEPT else self.seal(source, delivery_id, about, arrived.body)
        except PersonWasErased:
            sealed = b""  # of an erased person nothing more may be kept
        kept = "waiting" if understood.waits_for is not None or understood.is_thin else "kept"
        return Delivery(
            source=source,
            delivery_id=delivery_id,
            assurance=arrived.integration.assurance,
            action=understood.action,
            outcome=kept if understood.plan is None else "applied",
            reason=understood.reason,
            people=(about,),
            sealed_body=sealed,
            fingerprint=arrived.fingerprint if sealed else None,
            told_at=understood.told_at,
            subject=understood.subject,
            waits_for=understood.waits_for,
            settles=arrived.settles is not None,
            is_thin=understood.is_thin,
            statements=() if understood.plan is None else tuple(understood.statements),
        )


def reason_of(delivery: Delivery, events: Sequence[Recorded[Event]]) -> str | None:
    """Return why a delivery was not used, or which part of it was omitted."""
    omitted = any(isinstance(recorded.event, ArrivalStopped) for recorded in events)
    return ADDRESS_LEFT_OUT if omitted and delivery.reason is None else delivery.reason


def require_signed(integration: Integration, secrets: Secrets, headers: Headers, body: bytes) -> None:
    """Raises IntegrationHasNoSecret or SignatureIsWrong."""
    if not secrets:
        raise IntegrationHasNoSecret
    if not integration.verify(headers, body, secrets):
        raise SignatureIsWrong


def require_fresh(integration: Integration, headers: Headers, body: bytes, now: datetime) -> None:
    """Raises DeliveryIsStale, or SignatureIsWrong where nothing that is signed identifies the delivery."""
    if integration.replay is None:
        return
    if not integration.replay.is_fresh(headers, body, now):
        raise DeliveryIsStale
    if not integration.identify(headers, body):
        raise SignatureIsWrong


def document_of(integration: Integration, headers: Headers, body: bytes) -> bytes:
    """Return what is kept of a delivery: the raw body, with the headers that mean something where there are any."""
    if not integration.keeps:
        return body
    kept = {name: headers[name] for name in integration.keeps if name in headers}
    return json.dumps({"headers": kept, "body": body.decode("utf-8", "surrogateescape")}).encode()


def nothing_planned() -> Sequence[Command]:
    return ()


def readable(body: bytes) -> Outside:
    """Return the object in the body; an empty one where there is none, or where it has a duplicate key."""
    try:
        return object_in(body) or Outside({})
    except KeyStandsTwice:
        return Outside({})


def object_in(body: bytes) -> Outside | None:
    """Return the object in the body; None where there is none. Errors: KeyStandsTwice."""
    try:
        value = read_json(body, halves=True, constant=lambda _: None)
    except KeyStandsTwice:
        raise
    except JsonCannotBeRead:
        return None
    return Outside(value) if isinstance(value, dict) else None

"""A signed delivery is kept whole, and what we understand of it becomes events, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from adapters.integrations.outside import Outside
from adapters.postgres.append import AlreadyReceived
from adapters.postgres.keyfile import KeyFile
from adapters.postgres.store import PersonWasErased
from adapters.strict_json import JsonCannotBeRead, KeyStandsTwice, read_json
from commands.handle import Attached, Delivery, Log, Occasion, handle
from commands.verb import Command, Verb
from domain.candidate import CANDIDATE, Candidate, CandidateIsErased, ErasureRequested
from domain.errors import Refused
from domain.suppression import AddressIsSuppressed

ERASED = "erased"
"""Why a delivery about an erased person is kept, and nothing that was in it."""
NOT_KEPT = (ERASED, AddressIsSuppressed.rule())
"""What was in such a delivery must not stay: it is of somebody who was erased, or whose address is to stay out."""
KEY_STANDS_TWICE = "json-key-stands-twice"
"""Why a delivery is kept whose JSON has a key twice in one object: which value is meant cannot be known."""
LONGEST_DELIVERY_ID = 200
LONGEST_ACTION = 64
ENDINGS = frozenset((ErasureRequested,))
ATTEMPTS = 3


class SignatureIsWrong(Exception):
    """The delivery is not signed with a secret that we share. Check the secret on both sides. Nothing was kept."""


class IntegrationHasNoSecret(Exception):
    """No signing secret is set for this integration, so nothing can be verified. Set one, then let it be sent again."""


class DeliveryCannotBeRead(Exception):
    """The delivery is signed, but it is not a JSON object. It was kept as it came; nothing else was written."""


class PartIsMissing(Exception):
    """The delivery lacks something that cannot be done without; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Told:
    """When and where a delivery is read, and what is known: all that a translation needs.

    `stream` gives the stream id of (kind, the vendor's id): the same, whichever delivery mentions it first.
    """

    stream: Callable[[str, str], UUID]
    log: Log
    now: datetime
    zone: ZoneInfo


Plan = Callable[[], Sequence[Command]]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a delivery means: whom it is about, and the commands it comes to (None: it is only kept, for a `reason`)."""

    action: str
    about: UUID | None = None
    plan: Plan | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Integration:
    """How one outside system signs, numbers and words its deliveries.

    is_signed: (headers in lower case, raw body, secret). delivery_id: from the headers; None where there is none.
    read: what the body means; raises PartIsMissing.
    """

    source: str
    assurance: str
    is_signed: Callable[[Mapping[str, str], bytes, str], bool]
    delivery_id: Callable[[Mapping[str, str]], str | None]
    read: Callable[[Outside, Told], Understood]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery whose signature is right."""

    integration: Integration
    delivery_id: str
    body: bytes
    now: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a delivery: 'applied', 'kept' (and the reason) or 'duplicate', and the log position after it."""

    outcome: str
    reason: str | None = None
    position: int | None = None
    events: int = 0


@dataclass(frozen=True, slots=True)
class Inbox:
    """Takes deliveries in. `seal` seals a raw body: (source, delivery id, person, body) -> bytes."""

    log: Log
    verbs: Mapping[type, Verb]
    key_file: KeyFile
    seal: Callable[[str, str, UUID, bytes], bytes]
    zone: ZoneInfo

    def receive(
        self, integration: Integration, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Received:
        """Verifies, reads, applies, keeps. Errors: IntegrationHasNoSecret, SignatureIsWrong, DeliveryCannotBeRead."""
        require_signed(integration, secrets, headers, body)
        by_body = f"body:{self.key_file.fingerprint(f'delivery:{integration.source}', body)}"
        given = integration.delivery_id(headers)
        delivery_id = given if given and len(given) <= LONGEST_DELIVERY_ID else by_body
        try:
            found = object_in(body)
        except KeyStandsTwice:
            arrived = Arrived(integration, delivery_id, body, now)
            return self._keep(arrived, Understood("unreadable", reason=KEY_STANDS_TWICE))
        if found is None:
            # not under the vendor's id: the body may still come whole under that
            self._keep(Arrived(integration, by_body, body, now), Understood("unreadable", reason="not-json"))
            raise DeliveryCannotBeRead
        arrived = Arrived(integration, delivery_id, body, now)
        return self._apply(arrived, self._understood(arrived, found))

    def understand(self, integration: Integration, found: Outside, now: datetime) -> Understood:
        """What the body means. Raises PartIsMissing."""

        def stream(kind: str, outside_id: str) -> UUID:
            return self.key_file.stream_of(integration.source, kind, outside_id)

        return integration.read(found, Told(stream, self.log, now, self.zone))

    def _understood(self, arrived: Arrived, found: Outside) -> Understood:
        try:
            understood = self.understand(arrived.integration, found, arrived.now)
        except PartIsMissing as missing:
            return Understood(written_action(found), reason=missing.reason)
        return replace(understood, plan=None, reason=ERASED) if self.is_erased(understood.about) else understood

    def is_erased(self, person: UUID | None) -> bool:
        """Whether somebody has asked for the person to be erased: whatever comes of them is nothing to us any more."""
        if person is None:
            return False
        known: Candidate = self.log.load(CANDIDATE, person, ENDINGS).state
        return known.erasure is not None

    def _apply(self, arrived: Arrived, understood: Understood) -> Received:
        """A plan that a rule refuses is made anew (somebody may have been faster); refused again, the body is kept."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._keep(arrived, understood)
            except CandidateIsErased:
                reason = ERASED
                break
            except Refused as refusal:
                if attempt == ATTEMPTS:
                    reason = refusal.rule()
            except PartIsMissing as missing:
                reason = missing.reason
                break
            except PersonWasErased:
                reason = ERASED
                break
        return self._keep(arrived, Understood(understood.action, understood.about, None, reason))

    def _keep(self, arrived: Arrived, understood: Understood) -> Received:
        """Keeps the delivery, and with it the events that its plan comes to."""
        delivery = self._delivery(arrived, understood)
        occasion = Occasion(uuid4(), f"integration:{delivery.source}", arrived.now)
        plan = understood.plan or nothing_planned
        try:
            done = handle(self.log, self.verbs, occasion, plan, attach=lambda _: Attached(delivery=delivery))
        except AlreadyReceived:
            return Received("duplicate")
        return Received(delivery.outcome, delivery.reason, done.position, len(done.events))

    def _delivery(self, arrived: Arrived, understood: Understood) -> Delivery:
        source, delivery_id = arrived.integration.source, arrived.delivery_id
        about = understood.about or self.key_file.stream_of(source, "delivery", delivery_id)
        try:
            sealed = b"" if understood.reason in NOT_KEPT else self.seal(source, delivery_id, about, arrived.body)
        except PersonWasErased:
            sealed = b""  # of an erased person nothing more may be kept
        return Delivery(
            source=source,
            delivery_id=delivery_id,
            assurance=arrived.integration.assurance,
            action=understood.action,
            outcome="kept" if understood.plan is None else "applied",
            reason=understood.reason,
            people=(about,),
            sealed_body=sealed,
        )


def require_signed(integration: Integration, secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    """Raises IntegrationHasNoSecret or SignatureIsWrong."""
    if not secrets:
        raise IntegrationHasNoSecret
    # every secret is tried, so that the time it takes does not tell which one fitted
    fitting = [secret for secret in secrets if integration.is_signed(headers, body, secret)]
    if not fitting:
        raise SignatureIsWrong


def nothing_planned() -> Sequence[Command]:
    return ()


def written_action(found: Outside) -> str:
    """The vendor's name of the action as far as it is one: an unknown text may be anything, and stands in clear."""
    action = found.text("action") or ""
    written = action.replace("_", "")
    return action if written.isascii() and written.isalnum() and len(action) <= LONGEST_ACTION else "unreadable"


def object_in(body: bytes) -> Outside | None:
    """The object in the body; None where there is none to be read. Errors: KeyStandsTwice."""
    try:
        found = read_json(body, halves=True, constant=lambda _: None)
    except KeyStandsTwice:
        raise
    except JsonCannotBeRead:
        return None
    return Outside(found) if isinstance(found, dict) else None

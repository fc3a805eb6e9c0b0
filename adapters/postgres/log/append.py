"""One append: the events that must stand or fall together, and whatever must commit with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventsourcing.persistence import IntegrityError, Tracking

from adapters.postgres.keys.sealing import PersonKey
from adapters.postgres.log.stored import LoggedEvent
from commands.attached import Attached
from commands.log import ConcurrencyConflict
from domain.event import utc


class StreamMoved(ConcurrencyConflict, IntegrityError):
    """Concurrent change

    Another command appended first ({detail}). Nothing was written.

    Send the request again: it is decided on the newest state.
    """


class AlreadyReceived(IntegrityError):
    """This delivery or idempotency key was recorded before ({detail}). Answer as the first time."""

    def __init__(self, detail: str) -> None:
        super().__init__((self.__doc__ or "").format(detail=detail))


class KeysChanged(IntegrityError):
    """A key this append was sealed with is not its person's living key (key ids {detail}). Seal again."""

    def __init__(self, detail: str) -> None:
        super().__init__((self.__doc__ or "").format(detail=detail))


RECEIPTS = {"idempotency_pkey", "delivery_pkey", "delivery_fingerprint", "consumer_offset_rises"}


@dataclass(frozen=True, slots=True)
class Append:
    """What `append_events` takes as one request."""

    events: Sequence[LoggedEvent]
    attached: Attached = field(default_factory=Attached)
    offset: Tracking | None = None
    keys: Sequence[PersonKey] = ()
    """Keys to store for their own sake; those that events were sealed with come with the events."""

    def request(self) -> str:
        """Return the request as the database function reads it: JSON text, binary data in base64."""
        rest: dict[str, Any] = {}
        brought = {key.key_id: key for key in self.keys}
        brought |= {key.key_id: key for event in self.events for key in event.brings}
        used = {key_id: None for event in self.events for key_id in event.uses}
        if brought:
            rest["keys"] = [key_document(key) for key in brought.values()]
        if used:
            rest["uses"] = [str(key_id) for key_id in used]
        if self.offset is not None:
            rest["offset"] = {"consumer": self.offset.application_name, "offset_id": self.offset.notification_id}
        rest.update(receipts(self.attached))
        events = ",".join(event_text(event) for event in self.events)
        return f'{{"events":[{events}]}}' if not rest else f'{{"events":[{events}],{json.dumps(rest)[1:]}'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request: its first position, or the error that stands in its way."""

    first_position: int | None
    error: Exception | None = None


def outcome_of(status: str, first_position: int | None, detail: str | None) -> Outcome:
    if status == "appended":
        return Outcome(first_position)
    if status == "keys":
        return Outcome(None, KeysChanged(detail or ""))
    return Outcome(None, error_of(detail))


def error_of(constraint: str | None) -> AlreadyReceived | StreamMoved:
    """Return the error of an append that violates a unique constraint of the log."""
    return AlreadyReceived(constraint or "") if constraint in RECEIPTS else StreamMoved(detail=constraint or "")


def event_text(event: LoggedEvent) -> str:
    """Return the event as JSON text; its clear data is already text and goes in unchanged."""
    rest = json.dumps(
        {
            "stream": str(event.originator_id),
            "version": event.originator_version,
            "id": str(event.event_id),
            "type": event.topic,
            "occurred_at": None if event.occurred_at is None else utc(event.occurred_at).isoformat(),
            "occurred_how": event.occurred_how,
            "actor": event.actor,
            "causation": None if event.causation_id is None else str(event.causation_id),
            "correlation": None if event.correlation_id is None else str(event.correlation_id),
            "people": [str(person) for person in event.people],
            "state": base64.b64encode(event.state).decode(),
        }
    )
    return f'{{"clear":{event.clear},{rest[1:]}'


def key_document(key: PersonKey) -> dict[str, Any]:
    wrapped = base64.b64encode(key.wrapped or b"").decode()
    return {"person": str(key.person), "key_id": str(key.key_id), "epoch": key.epoch, "wrapped": wrapped}


def receipts(attached: Attached) -> Mapping[str, Any]:
    given: dict[str, Any] = {}
    if attached.idempotency is not None:
        kept = attached.idempotency
        given["idempotency"] = {
            "key": kept.key,
            "request_hash": kept.request_hash,
            "response": kept.response,
            "expires_at": kept.expires_at.isoformat(),
        }
    if attached.delivery is not None:
        arrived = attached.delivery
        given["delivery"] = {
            "source": arrived.source,
            "delivery_id": arrived.delivery_id,
            "assurance": arrived.assurance,
            "action": arrived.action,
            "outcome": arrived.outcome,
            "reason": arrived.reason,
            "people": [str(person) for person in arrived.people],
            "body": base64.b64encode(arrived.sealed_body).decode(),
            "fingerprint": arrived.fingerprint,
            "told_at": None if arrived.told_at is None else arrived.told_at.isoformat(),
            "subject": None if arrived.subject is None else str(arrived.subject),
            "waits_for": None if arrived.waits_for is None else str(arrived.waits_for),
            "is_thin": arrived.is_thin,
            "settles": arrived.settles,
            "statements": [
                {"stream": str(statement.stream), "what": statement.what, "at": statement.at.isoformat()}
                for statement in arrived.statements
            ],
        }
    if attached.offset is not None:
        given["offset"] = {"consumer": attached.offset.consumer, "offset_id": attached.offset.reached}
    return given

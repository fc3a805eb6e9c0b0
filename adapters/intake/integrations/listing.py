"""Deliveries that were not applied, as they are listed: ids, codes and times, and nothing of what was in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.intake.integrations.reasons import reason_of
from adapters.postgres.keys.key_file import KeyFile
from queries.deliveries import State, UnappliedDelivery

SHOWN_ID = re.compile(r"[A-Za-z0-9._:-]{1,300}")
"""How an id is written that may be shown: its sender chooses it, and nothing signs it."""


@dataclass(frozen=True, slots=True)
class ListedDelivery:
    """A delivery that was not applied, since when, why, and what to do now.

    `id` is the one that its sender gave it; null where that is not written like an id. `state`: 'waiting' for its
    cause, 'refused' by a rule, or 'kept' unused for another reason. `reason` is a code, `detail` says what it means.
    `record` is the candidate or the job that it is about, `subject` the stream that it tells of, `waits_for` the stream
    in which its cause will appear; null where that is not known, where the person was erased, and for roles that may
    not read pseudonyms.
    """

    id: str | None
    integration: str
    action: str
    state: State
    received_at: datetime
    age_seconds: int
    reason: str
    detail: str
    what_to_do: str
    record: UUID | None
    subject: UUID | None
    waits_for: UUID | None


def listed(
    delivery: UnappliedDelivery, now: datetime, key_file: KeyFile, *, names_records: bool = True
) -> ListedDelivery:
    """Return the delivery as it is listed at a time. `names_records`: whether the reader may see ids of people."""
    reason = reason_of(delivery.reason, delivery.source, waits=delivery.state == "waiting")
    own = key_file.stream_of(delivery.source, "delivery", delivery.delivery_id)
    return ListedDelivery(
        id=delivery.delivery_id if SHOWN_ID.fullmatch(delivery.delivery_id) else None,
        integration=delivery.source,
        action=delivery.action,
        state=delivery.state,
        received_at=delivery.received_at,
        age_seconds=max(int((now - delivery.received_at).total_seconds()), 0),
        reason=delivery.reason,
        detail=reason.detail,
        what_to_do=reason.what_to_do,
        record=delivery.about if names_records and delivery.about != own else None,
        subject=delivery.subject if names_records else None,
        waits_for=delivery.waits_for if names_records else None,
    )

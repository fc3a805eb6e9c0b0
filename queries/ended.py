"""Consents that ended since the last look, or that became known since then and had ended before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from projections.consent_state import CONSENT_STATE


@dataclass(frozen=True, slots=True)
class Watch:
    """How far the last look went: the consents that ended up to `until`, of those known up to the log's `position`."""

    until: datetime
    position: int


NEVER = Watch(datetime(1970, 1, 1, tzinfo=UTC), 0)
"""Who has not looked yet; no consent ended before."""


@dataclass(frozen=True, slots=True)
class EndedConsent:
    """A yes by its event, the record that it stands in, and its end; whether it held until then is not looked into."""

    candidate: UUID
    consent: UUID
    valid_until: datetime


_QUESTION = """
select distinct candidate, event_id as consent, valid_until from consent_state.answer
where status = 'given' and valid_until <= %(now)s and position <= %(position)s
      and (valid_until > %(until)s or position > %(known)s)
order by valid_until, consent
"""


def ended(connection: psycopg.Connection[Any], since: Watch, upto: Watch) -> list[EndedConsent]:
    """Return every yes that ended and is covered by `upto` and not by `since`, those that ended first in front."""
    statement = CONSENT_STATE.render(_QUESTION, CONSENT_STATE.schema, "UTC")
    parameters = {"now": upto.until, "position": upto.position, "until": since.until, "known": since.position}
    cursor = psycopg.Cursor(connection, row_factory=class_row(EndedConsent))
    return cursor.execute(statement.encode(), parameters).fetchall()

"""What the HTTP layer needs from the rest of Perennial, in one dataclass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from adapters.access.authenticator import Authenticator
from adapters.access.ownership import Ownership
from adapters.access.recording import Readings
from adapters.exports.subject_access import SubjectReports
from adapters.intake.imports.upload_store import UploadStore
from adapters.intake.integrations.handshakes import Handshakes
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.entries import entries_of
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.api_keys import ApiKeys
from adapters.postgres.tables.erasures import Erasures
from adapters.postgres.tables.idempotency_records import IdempotencyRecords
from adapters.web.framework.bounds import Bounds
from adapters.web.framework.rates import Rates
from commands.verb import Verb
from commands.workflows.apply_retention import RetentionWorkflow
from commands.workflows.erase_person import ErasureWorkflow
from queries.controller import Controller

SealDelivery = Callable[[str, str, UUID, bytes], bytes]
"""(source, delivery id, person, raw body) -> the body sealed for that person. Errors: PersonWasErased."""


@dataclass(frozen=True, slots=True)
class ReadModelStatus:
    """The progress of a read model: position, lag behind the log, parked streams and state."""

    name: str
    version: int
    position: int
    lag_events: int
    lag_seconds: float
    parked: int
    state: str


@dataclass(frozen=True, slots=True)
class Services:
    """The services that `create_app` needs.

    verbs: the verb of each command class.
    reading: opens a connection for one query of the read models.
    read_model_position: returns the log position up to which the read model of that name is folded.
    secrets: the signing secrets of each integration, any of which is valid.
    handshakes: takes the secrets that vendors hand over.
    now: returns the time, with a zone.
    uploads: the files that wait to be imported.
    authenticator: returns the principal of a request.
    rates: the rate limits of requests.
    bounds: the limits of connections and bodies.
    failed_parts: returns the names of the parts of this process that no longer work.
    https: whether Perennial is reached by HTTPS alone.
    readings: records accesses to people, before an answer is sent.
    subject_reports: writes the subject access reports.
    """

    log: EventLog
    verbs: Mapping[type, Verb]
    receipts: IdempotencyRecords
    key_file: KeyFile
    seal_delivery: SealDelivery
    secrets: Mapping[str, tuple[str, ...]]
    handshakes: Handshakes
    zone: ZoneInfo
    reading: Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
    read_model_position: Callable[[str], int]
    projections: Callable[[], Sequence[ReadModelStatus]]
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    uploads: UploadStore
    rates: Rates
    bounds: Bounds
    https: bool
    erasing: ErasureWorkflow
    retaining: RetentionWorkflow
    erasures: Erasures
    api_keys: ApiKeys
    authenticator: Authenticator
    controller: Controller
    failed_parts: Callable[[], Sequence[str]]
    readings: Readings
    subject_reports: SubjectReports

    @property
    def ownership(self) -> Ownership:
        """Return the rules of which records belong to which integration."""
        return Ownership(partial(entries_of, self.log.recorder.datastore), self.verbs)

"""Everything the HTTP layer needs of the rest of Perennial, handed to it in one piece."""

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
    """How far a read model has come: its lag behind the log, the streams it holds back, and how it does."""

    name: str
    version: int
    position: int
    lag_events: int
    lag_seconds: float
    parked: int
    state: str


@dataclass(frozen=True, slots=True)
class Services:
    """What `create_app` is given.

    verbs: the verb of each command class. reading: opens a connection that may read the read models, for one
    question. read_model_position: the log position that a read model, by its name, has been folded up to.
    secrets: per integration its signing secrets, of which any is valid. handshakes: takes those that vendors hand over.
    now: the time, with a zone. uploads: where files wait to be imported. authenticator: tells whose a request is.
    rates: how often one may request. bounds: what connections and bodies may take. failed_parts: what this process runs
    and no longer works. https: whether Perennial is reached by HTTPS alone. readings: records who sees whom, before an
    answer goes out. subject_reports: writes the reports on everything that is stored about one person.
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
        """What belongs to which integration."""
        return Ownership(partial(entries_of, self.log.recorder.datastore), self.verbs)

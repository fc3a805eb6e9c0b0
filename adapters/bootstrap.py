"""The composition root: builds every part of Perennial but the web, with its real dependencies."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg.rows import dict_row

from adapters.access.principal import OF_OURS
from adapters.access.recording import Readings
from adapters.erasure.index import AFTER_THE_KEYS, WHILE_IT_CAN_BE_READ, Holdings, erasers
from adapters.erasure.retention_rules import rules_in
from adapters.exports.subject_access import SubjectReports
from adapters.intake.imports.importing import Importer
from adapters.intake.imports.upload_store import UploadStore
from adapters.intake.integrations.fetching import FetchAccess, Fetching
from adapters.intake.integrations.handshakes import Handshakes
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.reconciling import Sweep
from adapters.intake.integrations.waiting import Waiting
from adapters.postgres.bounded_reading import bounded_reading
from adapters.postgres.connections import Reading
from adapters.postgres.embedded.case_folding import folding_complaint
from adapters.postgres.embedded.server import embedded_server
from adapters.postgres.keys.epochs import Rotation, next_rotation
from adapters.postgres.keys.key_file import read_key_file
from adapters.postgres.log.datastore import open_datastore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.log.recorder import LogIsNotMade
from adapters.postgres.migrate import PROJECTOR, SEQUENCER, SERVICE, bind_keys, migrate
from adapters.postgres.projector import folds
from adapters.postgres.projector.rebuild import Rebuild
from adapters.postgres.projector.runner import BATCH, Progress, Runner, no_progress
from adapters.postgres.proof.sequencer import Progress as SequencerProgress
from adapters.postgres.proof.sequencer import Sequencer
from adapters.postgres.proof.sequencer import no_progress as no_sequencer_progress
from adapters.postgres.read_models import ConsentEnds, OverduePeople, others_shut_out
from adapters.postgres.tables.api_keys import ApiKeys
from adapters.postgres.tables.deliveries import Deliveries
from adapters.postgres.tables.erasures import Erasures
from adapters.postgres.tables.learned_secrets import LearnedSecrets
from adapters.postgres.tables.offsets import Offsets
from adapters.postgres.tables.subject import Subjects
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings
from commands.catalogue import VERBS
from commands.verb import Verb
from commands.workflows.apply_retention import RetentionWorkflow
from commands.workflows.erase_person import ErasureWorkflow
from commands.workflows.expire_consents import ExpiryWorkflow
from domain.catalogue import UPCASTS
from domain.errors import ExplainedError
from projections.directory import DIRECTORY
from projections.index import READ_MODELS
from projections.read_model import ReadModel
from queries.controller import Controller
from queries.subject_access import SubjectSources

LOGGER = logging.getLogger(__name__)
OWNER = "none"
"""No other role than that of the login: only migrations and invented histories need it."""

VERB_OF: Mapping[type, Verb] = {verb.command: verb for verb in VERBS}


class ReadModelIsUnknown(ExplainedError):
    """Unknown read model

    There is no read model named {name}.

    Use one of: {known}.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name, known=", ".join(model.name for model in READ_MODELS))


class ReadModelsAreOfAnotherZone(ExplainedError):
    """Read models of another time zone

    Days are cut in {folded}, and PERENNIAL_ZONE is {zone}.

    Set it back, or run `perennial rebuild` with the new one for: {names}.
    """

    def __init__(self, folded: str, zone: str, names: list[str]) -> None:
        super().__init__(folded=folded, zone=zone, names=", ".join(names))


class FolderHoldsNoDatabase(LogIsNotMade):
    """No database in the folder

    {folder} holds no database.

    Run this where the log was made, set DATABASE_URL or PERENNIAL_DATA_FOLDER to it, or make a database with
    `perennial migrate`.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder=folder.absolute())


@contextmanager
def database(settings: Settings, *, make: bool = True) -> Iterator[str]:
    """Yield the conninfo of the database: DATABASE_URL, or an embedded one that runs within the block.

    Errors: FolderHoldsNoDatabase where there is no embedded one yet and `make` is False.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    folder = settings.data_folder / "postgres"
    if not (make or folder.exists()):
        raise FolderHoldsNoDatabase(settings.data_folder)
    with embedded_server(folder, renew=make) as conninfo:
        yield conninfo


def migrated(conninfo: str) -> list[str]:
    """Migrate the database and return what was applied or dropped. Warn where it folds no Cyrillic case."""
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        applied = migrate(connection, UPCASTS)
        if complaint := folding_complaint(connection):
            LOGGER.warning("%s", complaint)
        return applied + [f"dropped {schema}" for schema in folds.drop_superseded(connection, READ_MODELS)]


def bound(conninfo: str, settings: Settings) -> None:
    """Check that the key file and the phone region are those of the log; bind a new log to them.

    Errors: KeyFileIsUnusable, KeyFileIsAnothers, PhoneRegionIsFixed.
    """
    with psycopg.connect(conninfo) as connection:
        bind_keys(connection, settings.keys, settings.phone_region)


def require_zone(conninfo: str, settings: Settings) -> None:
    """Check that the days of the read models are those of the time zone. Errors: ReadModelsAreOfAnotherZone."""
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        standings = folds.standings(connection)
    served = [standings[model.schema] for model in READ_MODELS if model.schema in standings]
    others = [standing for standing in served if standing.zone != settings.zone]
    if others:
        raise ReadModelsAreOfAnotherZone(others[0].zone, settings.zone, [standing.name for standing in others])


def require_log(conninfo: str) -> None:
    """Check that there is a log, before a pool retries for long. Errors: LogIsNotMade, psycopg.OperationalError."""
    with psycopg.connect(conninfo, connect_timeout=10) as connection:
        if connection.execute("select to_regclass('public.parked')").fetchone() == (None,):
            raise LogIsNotMade


@contextmanager
def open_log(conninfo: str, settings: Settings, role: str = SERVICE) -> Iterator[EventLog]:
    """Yield the log. Errors: those of `require_log` and `bound`."""
    require_log(conninfo)
    bound(conninfo, settings)
    with EventLog(conninfo, read_key_file(settings.keys), role=role) as log:
        yield log


@contextmanager
def projector(conninfo: str) -> Iterator[PostgresDatastore]:
    """Yield connections that may read the log and own the read models. Errors: LogIsNotMade."""
    require_log(conninfo)
    with open_datastore(conninfo, PROJECTOR, pool_size=2) as datastore:
        yield datastore


@contextmanager
def api_keys(conninfo: str) -> Iterator[ApiKeys]:
    """Yield the API keys. Errors: LogIsNotMade."""
    require_log(conninfo)
    with open_datastore(conninfo, SERVICE, pool_size=1) as datastore:
        yield ApiKeys(datastore)


@contextmanager
def sequencer(
    conninfo: str, settings: Settings, progress: SequencerProgress = no_sequencer_progress
) -> Iterator[Sequencer]:
    """Yield the sequencer, which alone needs the signing folder. Errors: LogIsNotMade."""
    require_log(conninfo)
    with open_datastore(conninfo, SEQUENCER, pool_size=2) as datastore:
        yield Sequencer(datastore, settings.signing, progress=progress)


def runner(datastore: PostgresDatastore, settings: Settings, progress: Progress = no_progress) -> Runner:
    """Return what folds all read models. Errors: KeyFileIsUnusable: the directory decrypts names."""
    key_file = read_key_file(settings.keys)
    return Runner(datastore, READ_MODELS, settings.zone, key_file, batch=BATCH, progress=progress)


def read_model(name: str) -> ReadModel:
    """Return the read model of that name. Errors: ReadModelIsUnknown."""
    wanted = next((model for model in READ_MODELS if model.name == name), None)
    if wanted is None:
        raise ReadModelIsUnknown(name)
    return wanted


def outdated(conninfo: str, settings: Settings) -> list[str]:
    """Return the names of the read models that must be rebuilt, as this version folds them differently."""
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        return [model.name for model in folds.outdated(connection, READ_MODELS, settings.zone)]


def rebuild(datastore: PostgresDatastore, settings: Settings, name: str, progress: Progress) -> Rebuild:
    """Return what rebuilds the read model of that name. Errors: ReadModelIsUnknown, KeyFileIsUnusable."""
    key_file = read_key_file(settings.keys)
    return Rebuild(datastore, read_model(name), settings.zone, key_file, batch=BATCH, progress=progress)


@contextmanager
def rotation(conninfo: str, settings: Settings, progress: Progress) -> Iterator[Rotation]:
    """Yield what rotates the keys, as the owner of the tables, and rebuilds the directory. Errors: LogIsNotMade."""
    with (
        psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as owner,
        projector(conninfo) as datastore,
    ):

        def rebuild_directory() -> None:
            rebuild(datastore, settings, DIRECTORY.name, progress).rebuild(afresh=True)
            with datastore.pool.connection() as connection:  # a directory of an older version still has erased people
                folds.drop_superseded(connection, [DIRECTORY])

        yield Rotation(owner, settings.keys, rebuild_directory, progress)


def sweep(log: EventLog, settings: Settings) -> Sweep:
    """Return what reads stored deliveries again."""
    zone, key_file = ZoneInfo(settings.zone), log.mapper.keyring.key_file
    return Sweep(
        inbox=Inbox(log, VERB_OF, key_file, log.seal_delivery, zone),
        log=log,
        verbs=VERB_OF,
        deliveries=Deliveries(log.recorder.datastore),
        opened=log.open_delivery,
        now=partial(datetime.now, UTC),
    )


def waiting(log: EventLog, settings: Settings) -> Waiting:
    """Return what reads the deliveries again that wait for their cause."""
    inbox = Inbox(log, VERB_OF, log.mapper.keyring.key_file, log.seal_delivery, ZoneInfo(settings.zone))
    return Waiting(inbox, INTEGRATIONS, partial(datetime.now, UTC))


def fetching(log: EventLog, settings: Settings) -> Fetching:
    """Return what fetches for thin deliveries."""
    inbox = Inbox(log, VERB_OF, log.mapper.keyring.key_file, log.seal_delivery, ZoneInfo(settings.zone))
    access = {
        name: FetchAccess(vendor.base, vendor.token.get_secret_value())
        for name, vendor in settings.inbound_fetch.items()
    }
    return Fetching(inbox, INTEGRATIONS, access, partial(datetime.now, UTC))


def handshakes(log: EventLog) -> Handshakes:
    """Return what takes the secrets that vendors hand over."""
    return Handshakes(LearnedSecrets(log.recorder.datastore), log.mapper.keyring.key_file)


def imports_folder(settings: Settings) -> Path:
    """Return where uploaded files wait to be imported."""
    return settings.data_folder / "imports"


def importer(log: EventLog, settings: Settings) -> Importer:
    """Return what imports files of history."""
    return Importer(log, VERB_OF, ZoneInfo(settings.zone), partial(datetime.now, UTC), imports_folder(settings))


def erasing(log: EventLog, settings: Settings) -> ErasureWorkflow:
    """Return the workflow that erases people."""
    erasures = Erasures(log.recorder.datastore)
    holdings = Holdings(log, erasures, UploadStore(imports_folder(settings)))
    return ErasureWorkflow(
        log=log,
        readable=log.until_keys_are_destroyed,
        verbs=VERB_OF,
        records=erasures,
        before=erasers(WHILE_IT_CAN_BE_READ, holdings),
        after=erasers(AFTER_THE_KEYS, holdings),
        effective_by=partial(next_rotation_in, log, settings),
        others_shut_out=partial(others_shut_out, log, erasures),
        now=partial(datetime.now, UTC),
        new_id=ENTROPY.new_id,
    )


def next_rotation_in(log: EventLog, settings: Settings) -> datetime:
    """Return by when keys that are destroyed now cannot be had from a copy of the database."""
    with log.recorder.datastore.get_connection() as connection:
        return next_rotation(connection, settings.rotate_every)


def expiring(log: EventLog) -> ExpiryWorkflow:
    """Return the workflow that records the ends of consents."""
    consents = ConsentEnds(log.recorder.datastore.pool.connection)
    return ExpiryWorkflow(log, VERB_OF, consents, Offsets(log.recorder.datastore), partial(datetime.now, UTC))


def overdue(log: EventLog, settings: Settings) -> OverduePeople:
    """Return the list of those whose retention period is over. Errors: RetentionFileIsWrong."""
    return OverduePeople(
        reading=log.recorder.datastore.pool.connection,
        position_of=partial(position_in, log),
        head=log.recorder.barrier.head,
        rules=rules_in(settings.retention),
        zone=ZoneInfo(settings.zone),
        now=partial(datetime.now, UTC),
    )


def retaining(log: EventLog, settings: Settings) -> RetentionWorkflow:
    """Return the workflow that erases those whose retention period is over. Errors: RetentionFileIsWrong."""
    people = overdue(log, settings)
    return RetentionWorkflow(log, erasing(log, settings), people, people.rules, people.zone, people.now)


def position_in(log: EventLog, name: str) -> int:
    """Return the position of the read model of that name. Errors: ReadModelIsUnknown."""
    with log.recorder.datastore.pool.connection() as connection:
        return folds.position_of(connection, read_model(name).schema)


def readings(log: EventLog) -> Readings:
    """Return what records who sees whom."""
    view_stream = partial(log.mapper.keyring.key_file.stream_of, "perennial", "view")
    return Readings(log, ENTROPY.new_id, partial(datetime.now, UTC), view_stream)


def reading(log: EventLog) -> Reading:
    """Return what opens a connection to the read models for one question."""
    return partial(bounded_reading, log.recorder.datastore.pool.connection)


def controller(settings: Settings) -> Controller:
    """Return who answers for the data."""
    return Controller(settings.controller, settings.controller_contact)


def subject_reports(log: EventLog, settings: Settings) -> SubjectReports:
    """Return what writes reports on people. Errors: RetentionFileIsWrong."""

    def address_streams(kind: str, text: str) -> Iterable[UUID]:
        return (address.stream for address in log.addresses.read(kind, text).addresses)

    sources = SubjectSources(
        log=log.until_keys_are_destroyed,
        mentions=Subjects(log.recorder.datastore),
        address_streams=address_streams,
        retention=retaining(log, settings),
        reading=reading(log),
        position_of=partial(position_in, log),
        controller=controller(settings),
        zone=ZoneInfo(settings.zone),
        colleagues=OF_OURS,
    )
    return SubjectReports(
        log=log.until_keys_are_destroyed,
        sources=sources,
        readings=readings(log),
        head=log.recorder.barrier.head,
        now=partial(datetime.now, UTC),
        new_id=ENTROPY.new_id,
    )

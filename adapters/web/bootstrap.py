"""The web's part of the composition root: what the HTTP layer gets of the rest of Perennial."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from limits import parse

from adapters import bootstrap
from adapters.access.authenticator import Authenticator
from adapters.access.jwks import KeySet, fetcher
from adapters.access.oidc import OidcTokens
from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.embedded.server import condition
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.projector import folds
from adapters.postgres.tables.api_keys import ApiKeys
from adapters.postgres.tables.erasures import Erasures
from adapters.postgres.tables.idempotency_records import IdempotencyRecords
from adapters.runtime import background
from adapters.runtime.entropy import ENTROPY
from adapters.settings import Settings
from adapters.web.framework.bounds import MIB, Bounds
from adapters.web.framework.rates import Rates
from adapters.web.services import ReadModelStatus, Services


def tokens(settings: Settings, key_file: KeyFile) -> OidcTokens | None:
    """Return what checks the tokens of the issuer that the settings name; None where they name none."""
    if not (settings.oidc_issuer and settings.oidc_audience and settings.oidc_jwks):
        return None
    return OidcTokens(
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        keys=KeySet(fetcher(settings.oidc_jwks)),
        roles_claim=settings.oidc_roles_claim,
        pseudonym=lambda subject: key_file.fingerprint("subject of a token", subject)[:32],
    )


def standings_in(log: EventLog) -> list[ReadModelStatus]:
    """Return the position and the lag of every read model, and how many streams it has parked."""
    with log.recorder.datastore.pool.connection() as connection:
        return [
            ReadModelStatus(
                name=row["name"],
                version=row["version"],
                position=row["position"],
                lag_events=row["lag_events"],
                lag_seconds=row["lag_seconds"],
                parked=len(row["parked"]),
                state=row["state"],
            )
            for row in folds.report(connection)
        ]


def failed_parts(settings: Settings) -> list[str]:
    """Return the names of what this process runs and no longer works: its threads, and an embedded database."""
    failed = background.failed()
    folder = settings.data_folder / "postgres"
    if settings.database_url is None and folder.exists() and (status := condition(folder)) != "running":
        failed.append(f"postgres is {status}")
    return failed


def bounds(settings: Settings) -> Bounds:
    """Return the limits of connections and bodies."""
    return Bounds(
        connections=settings.connections,
        connections_per_address=settings.connections_per_address,
        body_memory=settings.body_memory_mib * MIB,
        head_seconds=settings.head_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
        answer_seconds=settings.answer_seconds,
    )


def services_of(log: EventLog, settings: Settings) -> Services:
    """Return what the HTTP layer needs of the rest. Errors: RetentionFileIsWrong."""
    api_keys = ApiKeys(log.recorder.datastore)
    return Services(
        log=log,
        verbs=bootstrap.VERB_OF,
        receipts=IdempotencyRecords(log.recorder.datastore),
        key_file=log.mapper.keyring.key_file,
        seal_delivery=log.seal_delivery,
        secrets=settings.secrets_of_integrations,
        handshakes=bootstrap.handshakes(log),
        zone=ZoneInfo(settings.zone),
        reading=bootstrap.reading(log),
        read_model_position=partial(bootstrap.position_in, log),
        projections=partial(standings_in, log),
        now=partial(datetime.now, UTC),
        new_id=ENTROPY.new_id,
        uploads=UploadStore(bootstrap.imports_folder(settings)),
        rates=Rates(parse(settings.rate_limit), parse(settings.failed_key_limit)),
        bounds=bounds(settings),
        https=settings.https,
        erasing=bootstrap.erasing(log, settings),
        retaining=bootstrap.retaining(log, settings),
        erasures=Erasures(log.recorder.datastore),
        api_keys=api_keys,
        authenticator=Authenticator(
            api_keys.find, partial(datetime.now, UTC), tokens(settings, log.mapper.keyring.key_file)
        ),
        controller=bootstrap.controller(settings),
        failed_parts=partial(failed_parts, settings),
        readings=bootstrap.readings(log),
        subject_reports=bootstrap.subject_reports(log, settings),
    )

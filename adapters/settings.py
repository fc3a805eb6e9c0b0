"""The settings, each an environment variable with a default that works on a laptop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from limits import parse_many
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from adapters.intake.addresses import is_region
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.runtime.fetch import is_safe


class FetchAccess(BaseModel):
    """Where the contents of thin deliveries are fetched, and the token for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str = Field(description="The vendor's API, such as https://api.lever.co.")
    token: SecretStr = Field(description="The API key to send there.")

    @field_validator("base")
    @classmethod
    def base_is_safe(cls, base: str) -> str:
        if not is_safe(base) or urlsplit(base).path.strip("/"):
            raise ValueError(f"{base!r} is no https URL of a host alone, such as https://api.lever.co")
        return base


class Settings(BaseSettings):
    """The settings, read from `PERENNIAL_...` variables and `DATABASE_URL`."""

    model_config = SettingsConfigDict(env_prefix="PERENNIAL_", extra="forbid", frozen=True)

    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "PERENNIAL_DATABASE_URL"),
        description="A PostgreSQL 16+ database of Perennial's own; without it an embedded one in `data_folder`.",
    )
    data_folder: Path = Field(default=Path(".perennial"), description="Where the embedded database and the keys live.")
    key_file: Path | None = Field(
        default=None, description="The key-encryption keys; default: keys.json in the data folder. Back it up."
    )
    rotate_every_days: int = Field(
        default=30,
        ge=1,
        le=366,
        description="Age in days at which a key-encryption key is replaced: by then an erasure is complete.",
    )
    rotate_by_itself: bool = Field(
        default=True, description="Whether the worker key-rotation rotates the keys; else `perennial keys rotate` must."
    )
    signing_folder: Path | None = Field(
        default=None,
        description="The key that signs checkpoints, and the last one signed; default: signing in the data folder.",
    )
    retention: Path | None = Field(
        default=None, description="A TOML file with rules of retention of your own; see docs/privacy.md."
    )
    zone: str = Field(default="UTC", description="The organisation's IANA time zone: days begin and end in it.")
    phone_region: str | None = Field(
        default=None,
        description="The country (ISO 3166, such as DE) of phone numbers that name none; fixed when the log is made.",
    )
    host: str = Field(default="127.0.0.1", description="Where the HTTP server listens.")
    port: int = Field(default=8400, ge=0, le=65535)
    inbound_secrets: Mapping[str, tuple[SecretStr, ...]] = Field(
        default={},
        description="Webhook secrets by integration, as a JSON object of lists; several while one is replaced.",
    )
    inbound_fetch: Mapping[str, FetchAccess] = Field(
        default={},
        description="By integration whose deliveries are thin: where the rest is fetched, and the token to send.",
    )
    controller: str = Field(default="not stated", description="Who answers for the data: named on consent receipts.")
    controller_contact: str = Field(
        default="not stated", description="How candidates reach the controller, such as to take a consent back."
    )

    oidc_issuer: str | None = Field(
        default=None,
        description="The issuer whose OIDC tokens are accepted: their `iss`, such as https://id.example.org.",
    )
    oidc_audience: str | None = Field(default=None, description="What the tokens' `aud` must name.")
    oidc_jwks: str | None = Field(default=None, description="The issuer's keys: an https URL, or a file.")
    oidc_roles_claim: str = Field(default="roles", description="The claim that lists roles; dots lead into objects.")

    rate_limit: str = Field(
        default="600/second", description="Requests of one key, or of one address without a key: 36000/minute."
    )
    failed_key_limit: str = Field(default="60/minute", description="Requests with an invalid key of one address.")
    connections: int = Field(default=768, ge=1, description="Open connections, at most.")
    connections_per_address: int = Field(
        default=256,
        ge=1,
        description="Open connections of one address, at most; behind a proxy all are of one address.",
    )
    body_memory_mib: int = Field(
        default=64, ge=16, description="MiB held of all bodies at once; half of it is for deliveries."
    )
    head_seconds: float = Field(default=10, gt=0, description="Seconds within which the head of a request arrives.")
    keep_alive_seconds: float = Field(
        default=30, gt=0, description="Seconds that a connection may be idle; more than your proxy waits."
    )
    answer_seconds: float = Field(
        default=120, gt=0, description="Seconds after a request within which its answer begins."
    )
    https: bool = Field(
        default=False, description="Perennial is reached by HTTPS alone, through a proxy; browsers get the HSTS header."
    )

    @field_validator("rate_limit", "failed_key_limit")
    @classmethod
    def limit_is_one(cls, limit: str) -> str:
        try:
            (parsed,) = parse_many(limit)
        except ValueError as error:
            raise ValueError(f"{limit!r} is not written like 600/second or 36000/minute") from error
        if not parsed.amount:
            raise ValueError(f"{limit!r} allows no request; the number is 1 or more")
        return limit

    @field_validator("phone_region")
    @classmethod
    def region_exists(cls, region: str | None) -> str | None:
        if region is not None and not is_region(region):
            raise ValueError(f"{region!r} is no country of ISO 3166 in two capital letters, such as DE")
        return region

    @field_validator("zone")
    @classmethod
    def zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{zone!r} is no IANA time zone, such as Europe/Berlin") from error
        return zone

    @field_validator("inbound_secrets")
    @classmethod
    def integrations_exist(cls, by_name: Mapping[str, object]) -> Mapping[str, object]:
        unknown = sorted(by_name.keys() - INTEGRATIONS.keys())
        if unknown:
            raise ValueError(f"{unknown[0][:100]!r} is no integration; there are: {', '.join(INTEGRATIONS)}")
        return by_name

    @field_validator("inbound_fetch")
    @classmethod
    def integrations_fetch(cls, by_name: Mapping[str, FetchAccess]) -> Mapping[str, FetchAccess]:
        fetching = [name for name, integration in INTEGRATIONS.items() if integration.fetch is not None]
        unknown = sorted(by_name.keys() - set(fetching))
        if unknown:
            raise ValueError(f"{unknown[0][:100]!r} is not fetched from; what is: {', '.join(fetching)}")
        return by_name

    @property
    def secrets_of_integrations(self) -> Mapping[str, tuple[str, ...]]:
        """The signing secrets of every integration that has any."""
        return {name: tuple(map(SecretStr.get_secret_value, held)) for name, held in self.inbound_secrets.items()}

    @property
    def rotate_every(self) -> timedelta:
        return timedelta(days=self.rotate_every_days)

    @model_validator(mode="after")
    def tokens_need_all_three(self) -> Settings:
        named = [self.oidc_issuer, self.oidc_audience, self.oidc_jwks]
        if any(named) and not all(named):
            raise ValueError("PERENNIAL_OIDC_ISSUER, _AUDIENCE and _JWKS are set together or not at all")
        if "://" in (self.oidc_jwks or "") and not is_safe(self.oidc_jwks or ""):
            raise ValueError("PERENNIAL_OIDC_JWKS is an https URL or a file")
        return self

    @property
    def keys(self) -> Path:
        """Where the key file is."""
        return self.key_file or self.data_folder / "keys.json"

    @property
    def signing(self) -> Path:
        """Where the signing folder is."""
        return self.signing_folder or self.data_folder / "signing"

"""What an operator may set, each by an environment variable; everything has a default that works on a laptop."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from `PERENNIAL_...` variables, and `DATABASE_URL`."""

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
        default=30, ge=1, le=366, description="How old a key-encryption key gets: by then an erasure is complete."
    )
    rotate_by_itself: bool = Field(
        default=True, description="Whether the process that folds rotates the keys; else `perennial keys rotate` must."
    )
    zone: str = Field(default="UTC", description="The organisation's IANA time zone: days begin and end in it.")
    host: str = Field(default="127.0.0.1", description="Where the HTTP server listens.")
    port: int = Field(default=8400, ge=0, le=65535)
    greenhouse_secrets: tuple[SecretStr, ...] = Field(
        default=(), description="Webhook secrets as a JSON list; two at once while one is being replaced."
    )

    @field_validator("zone")
    @classmethod
    def zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{zone!r} is no IANA time zone, such as Europe/Berlin") from error
        return zone

    @property
    def rotate_every(self) -> timedelta:
        return timedelta(days=self.rotate_every_days)

    @property
    def keys(self) -> Path:
        """Where the key file is."""
        return self.key_file or self.data_folder / "keys.json"

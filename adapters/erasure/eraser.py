"""Whoever holds something of a person outside the log lets go of it: what such an eraser is given, and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from adapters.intake.imports.upload_store import UploadStore
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.erasures import Erasures


class EraserMustWait(Exception):
    """What {name} holds of the person cannot be taken away yet: {why}. The erasure goes on by itself."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__((self.__doc__ or "").format(name=name, why=why))
        self.name, self.why = name, why


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to erase: all records, and (as long as a key lives) what of them also stands in files.

    `addresses`: (kind, address), kind 'email' or 'phone'.
    """

    records: tuple[UUID, ...]
    addresses: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where people's data may be held."""

    log: EventLog
    erasures: Erasures
    uploads: UploadStore


@dataclass(frozen=True, slots=True)
class Eraser:
    """One holder of personal data: `erase` takes away what it holds of a person and answers how many things that were.

    It may be asked again at any time, and by several processes at once. Errors: EraserMustWait.
    """

    name: str
    erase: Callable[[Holdings, Person], int]

"""Erases whom we keep no longer: each is looked at once more, in the log itself, before anything is asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, field_validator

from adapters.erasure.erasing import Erasing, Erasure
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.projector.waiting import wait_until_folded
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    HOLDS,
    Candidate,
    CandidateIsErased,
    LegalHoldStands,
    ProcessingRestricted,
    RestrictionLifted,
)
from domain.codes import CODE
from domain.event import Event
from domain.retention import MONTHS_AT_MOST, RULES, Rule, Rules, is_over, last_contact
from domain.streams import load_with_linked_records
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from domain.validity import ANY
from queries.question import AsOf
from queries.retention import READ_MODELS, Overdue, Retention, Sought, retention

ACTOR = "clerk:retention"
GROUND = "retention-period-over"
PATIENCE_SECONDS = 30.0
READS: frozenset[type[Event]] = frozenset(
    (*ENTRIES, *ANSWERS, *HOLDS, ProcessingRestricted, RestrictionLifted, TouchpointRecorded, TouchpointCorrected)
)

Reading = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]


class RetentionFileIsWrong(Exception):
    """The retention rules in {path} cannot be used: {why}. docs/privacy.md shows what they may say."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__((self.__doc__ or "").format(path=path, why=why))


class ReadModelsAreBehind(Exception):
    """The read models have not caught up with the log, and nobody is erased by what is not known yet. Run `perennial
    project --once`, or wait for the projector."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


class OwnRule(BaseModel):
    """What an organisation says of one jurisdiction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    months: int = Field(ge=1, le=MONTHS_AT_MOST, strict=True)
    because: str = Field(min_length=3, max_length=200)


class OwnRules(RootModel[dict[str, OwnRule]]):
    """A table for each jurisdiction, which is written as consents name it; "*" is any other."""

    @field_validator("root")
    @classmethod
    def are_jurisdictions(cls, rules: dict[str, OwnRule]) -> dict[str, OwnRule]:
        for name in rules:
            if name != ANY and not re.fullmatch(CODE.pattern, name):
                raise ValueError(f"{name!r} is no jurisdiction: write it like fr, us-ca or '*'")
        return rules


def rules_in(path: Path | None) -> Rules:
    """Our rules, with those of the file in the place of ours. Errors: RetentionFileIsWrong."""
    if path is None:
        return RULES
    try:
        own = OwnRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).root
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"]) or "the file"
        raise RetentionFileIsWrong(path, f"{where}: {wrong['msg']}") from error
    except (OSError, ValueError) as error:
        raise RetentionFileIsWrong(path, str(error)) from error
    return {**RULES, **{name: Rule(name, rule.months, rule.because) for name, rule in own.items()}}


@dataclass(frozen=True, slots=True)
class Stayed:
    """Somebody who was due and is kept after all, because of what was learned since the list was made."""

    candidate: UUID
    because: str


@dataclass(frozen=True, slots=True)
class Retaining:
    """Lists and erases those whose time is over. `reading`: a connection that may read the read models."""

    log: EventLog
    erasing: Erasing
    rules: Rules
    zone: ZoneInfo
    reading: Reading
    position_of: Callable[[str], int]
    now: Callable[[], datetime]

    def ask(self, day: date | None, sought: Sought) -> Retention:
        """One page of those whose time is over on the day, by default today."""
        position = min(self.position_of(model.name) for model in READ_MODELS)
        with self.reading() as connection:
            as_of = AsOf(position, self.now(), self.zone.key)
            return retention(connection, as_of, self.rules, day, sought)

    def overdue(self, day: date | None, sought: Sought) -> Iterator[Overdue]:
        """All of them, page by page."""
        while True:
            page = self.ask(day, sought)
            yield from page.people
            if page.next is None:
                return
            sought = replace(sought, after=page.next)

    def erase_due(self) -> Iterator[Erasure | Stayed]:
        """Erases whoever is due today, one after the other, as they are asked for. Errors: ReadModelsAreBehind."""
        self.require_caught_up()
        for person in list(self.overdue(None, Sought(standing="due"))):
            yield self.erase(person)

    def erase(self, person: Overdue) -> Erasure | Stayed:
        """Erases the person, unless something has come up since they were listed."""
        why = self.stays(person)
        if why is not None:
            return Stayed(person.candidate, why)
        try:
            return self.erasing.erase(person.candidate, by="retention", ground=GROUND, actor=ACTOR)
        except LegalHoldStands:
            return Stayed(person.candidate, "legal-hold")
        except CandidateIsErased:
            return Stayed(person.candidate, "erased-already")

    def stays(self, person: Overdue) -> str | None:
        """What the log knows by now that keeps the person; of applications what the read models know."""
        records = self.records_of(person.candidate)
        today = self.now().astimezone(self.zone).date()
        contact = last_contact(records)
        if contact is not None and not is_over(self.rules, person.jurisdiction, contact, today, self.zone):
            return "contact"
        if any(record.is_restricted(self.now()) for record in records):
            return "restriction"
        again = self.ask(None, Sought(candidate=person.candidate, limit=1)).people
        return None if again and again[0].standing == "due" else "changed"

    def last_contact(self, candidate: UUID) -> datetime | None:
        """When the person last took part, as far as their own records tell."""
        return last_contact(self.records_of(candidate))

    def records_of(self, candidate: UUID) -> list[Candidate]:
        """What the rules know of each record of the person."""
        loaded = load_with_linked_records(self.log, {candidate: (CANDIDATE, READS)})
        return [found.state for found in loaded.values()]

    def require_caught_up(self) -> None:
        """Waits until the read models know what the log knows. Errors: ReadModelsAreBehind."""
        names = [model.name for model in READ_MODELS]
        if wait_until_folded(self.position_of, names, self.log.recorder.barrier.head(), PATIENCE_SECONDS):
            raise ReadModelsAreBehind

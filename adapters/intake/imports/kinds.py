"""Lists what can be imported, one row a kind: how a line becomes commands, and what is loaded for that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.intake.imports import contacts, jobs, people
from adapters.intake.imports.columns import FORMER_NAMES
from adapters.intake.imports.origin import Origin
from adapters.intake.imports.row import Row
from commands.verb import Command
from domain.application import APPLICATION, BEGINNINGS, OFFERS, STAGES, STANDING
from domain.candidate import CANDIDATE, FACTS, SEGMENTS
from domain.event import Aggregate
from domain.requisition import HOLDS, OPENINGS, REQUISITION, RequisitionOpened
from domain.streams import Reads

Plan = Callable[[Row, Origin, Any], Iterator[Command]]
"""The commands of a line. The last argument: the state of the record that it is about, or else the line's own id."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of line. `named`: how ids of the system are named for streams. `record`: what is loaded of the record that
    a line is about; None: the line stands alone."""

    named: str
    plan: Plan
    record: tuple[Aggregate[Any], Reads] | None = None


KINDS: Mapping[str, Kind] = {
    "candidates": Kind("candidate", people.candidate, (CANDIDATE, frozenset((*SEGMENTS, *FACTS)))),
    "touchpoints": Kind("touchpoint", contacts.touchpoint),
    "consents": Kind("consent", contacts.consent),
    "requisitions": Kind(
        "requisition", jobs.requisition, (REQUISITION, frozenset((RequisitionOpened, *OPENINGS, *HOLDS)))
    ),
    "applications": Kind(
        "application", jobs.application, (APPLICATION, frozenset((*BEGINNINGS, *STANDING, *STAGES, *OFFERS)))
    ),
}


def record_of(kind: Kind, row: Row, origin: Origin) -> UUID | None:
    """Return the stream of the record that a line is about. Errors: ValueIsMissing."""
    return None if kind.record is None else origin.stream(kind.named, row.needed("id"))


def line_id(kind: Kind, row: Row, origin: Origin) -> UUID:
    """Return the id that a line has for ever. Errors: ValueCannotBeRead.

    A line without a record is identified by its id in the system, or else by its content, under the names that the
    columns had at first.
    """
    outside_id = row.text("id") if kind.record is None else None
    if outside_id is not None:
        return origin.key_file.stream_of(origin.system, kind.named, outside_id)
    values = {FORMER_NAMES.get(name, name): value for name, value in row.values.items()}
    content = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return origin.key_file.stream_of(origin.system, f"{kind.named}-line", content)


def owner_of(kind: Kind, row: Row, origin: Origin) -> UUID:
    """Return the stream that owns what the line says, and is erased with it: a person, or a job. Errors:
    ValueIsMissing."""
    record = record_of(kind, row, origin)
    return record if record is not None and "candidate" not in row.values else origin.candidate(row)

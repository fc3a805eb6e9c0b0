"""An erasure is complete: every eraser has removed what it held of the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import (
    CANDIDATE,
    ENTRIES,
    MERGES,
    Candidate,
    CandidateDoesNotExist,
    CandidateErased,
    ErasureWasNotRequested,
)
from domain.codes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteErasure(Command):
    """Record that an erasure is complete, in every record of the person. Only the erasure workflow sends it."""

    candidate: Annotated[UUID, Help("Any record of the person.")]
    erasers: Annotated[tuple[Code, ...], Help("The erasers that have removed what they held.")]
    effective_by: Annotated[
        datetime,
        Help("When no copy of a destroyed key, such as one in a backup of the database, can be opened any more."),
    ]


def decide(candidate: Candidate, command: CompleteErasure) -> Events:
    """Raises CandidateDoesNotExist or ErasureWasNotRequested."""
    candidate.require_record()
    events: Events = {}
    for stream in candidate.all_records():
        record = candidate.records.get(stream, candidate)
        if record.erasure is None:
            raise ErasureWasNotRequested(candidate=stream)
        if not record.erased:
            events[stream] = [CandidateErased(record.erasure, command.erasers, command.effective_by)]
    return events


VERB = Verb(
    CompleteErasure,
    (Load("candidate", CANDIDATE, (*ENTRIES, *MERGES)),),
    decide,
    writes=CandidateErased,
    raises=(CandidateDoesNotExist, ErasureWasNotRequested),
)

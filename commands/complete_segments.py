"""Segments of a candidate that were unknown become known, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Help, Load, Verb
from domain.candidate import (
    CANDIDATE,
    SEGMENTS,
    Candidate,
    CandidateDoesNotExist,
    NoSegmentIsStated,
    SegmentIsKnown,
    SegmentsCompleted,
)
from domain.codes import UNKNOWN, Code


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteSegments(Command):
    """Complete the segments of a candidate that are 'unknown'. A known segment never changes: the same value changes
    nothing, and another value is refused.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    source: Annotated[Code, Help("Where the person came from. 'unknown': not stated.")] = UNKNOWN
    role: Annotated[Code, Help("The kind of work. 'unknown': not stated.")] = UNKNOWN
    location: Annotated[Code, Help("Where they want to work. 'unknown': not stated.")] = UNKNOWN
    keeps_known: Annotated[
        bool, Help("Another value of a known segment is passed over, as from systems that state all they have.")
    ] = field(default=False, metadata=HIDDEN)


def decide(candidate: Candidate, command: CompleteSegments) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, NoSegmentIsStated or SegmentIsKnown."""
    candidate.require_known()
    stated = {"source": command.source, "role": command.role, "location": command.location}
    if set(stated.values()) == {UNKNOWN}:
        raise NoSegmentIsStated
    segments = candidate.segments()
    for name, value in segments.items():
        if not command.keeps_known and UNKNOWN not in (value, stated[name]) and value != stated[name]:
            raise SegmentIsKnown(field=name, candidate=candidate.id, value=value)
    completed = {name: value if segments[name] == UNKNOWN else UNKNOWN for name, value in stated.items()}
    return {command.candidate: [SegmentsCompleted(**completed)]} if set(completed.values()) != {UNKNOWN} else {}


VERB = Verb(
    CompleteSegments,
    (Load("candidate", CANDIDATE, SEGMENTS),),
    decide,
    writes=SegmentsCompleted,
    raises=(CandidateDoesNotExist, NoSegmentIsStated, SegmentIsKnown),
)

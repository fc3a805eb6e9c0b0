"""Segments of a candidate that were unknown become known, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from commands.verb import HIDDEN, Command, Events, Load, Verb
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

    candidate: the candidate's stream.
    source: the source of the candidate. role: the kind of work. location: the place of work. Omitted or 'unknown': not
    stated.
    """

    candidate: UUID
    source: Code = UNKNOWN
    role: Code = UNKNOWN
    location: Code = UNKNOWN
    keeps_known: bool = field(default=False, metadata=HIDDEN)
    """Return whether another value of a known segment is passed over, as from systems that state all they have."""


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

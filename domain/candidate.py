"""A person recruiters keep a relationship with: how they came to us and what we believe about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from domain.event import Clear, Event, Personal, SealedFor


@dataclass(frozen=True, slots=True)
class CandidateSourced(Event):
    """We found this person, or they found us. Fixes the segments (source, role, location) for good."""

    stored_name = "candidate-sourced.v1"

    source: Clear[str]
    role: Clear[str]
    location: Clear[str]
    outside_source: Clear[str | None]
    outside_id: Personal[str | None]
    name: Personal[str | None]
    emails: Personal[tuple[str, ...]]
    phones: Personal[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CandidateReferred(Event):
    """Somebody we know vouched for this person. `referrer` is a person of the log; their words about it are theirs."""

    stored_name = "candidate-referred.v1"

    source: Clear[str]
    role: Clear[str]
    location: Clear[str]
    referrer: Clear[UUID]
    name: Personal[str | None]
    emails: Personal[tuple[str, ...]]
    phones: Personal[tuple[str, ...]]
    referrer_name: Annotated[Personal[str | None], SealedFor("referrer")]
    referrer_words: Annotated[Personal[str | None], SealedFor("referrer")]


@dataclass(frozen=True, slots=True)
class ProfileFactLearned(Event):
    """One thing about the person, and where we learned it."""

    stored_name = "profile-fact-learned.v1"

    fact: Clear[str]
    learned_from: Clear[str]
    value: Personal[str]

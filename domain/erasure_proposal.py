"""An outside system deleted or anonymised a person and so proposes their erasure; a privacy officer decides on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from domain.errors import Conflict, NotFound
from domain.event import Clear, Event, Personal, Recorded

Decision = Literal["accepted", "declined"]
ANONYMISE, DELETE = KINDS = ("anonymise", "delete")
"""What the other system did with the person."""


@dataclass(frozen=True, slots=True)
class ErasureProposed(Event):
    """Another system deleted or anonymised the person. Nothing is hidden or erased before a privacy officer decides.

    `kind`: 'delete' or 'anonymise'. `fields`: what was anonymised there, by codes; empty: it was not said, or all.
    """

    stored_name = "erasure-proposed.v1"

    proposal: Clear[UUID]
    source: Clear[str]
    kind: Clear[str]
    fields: Clear[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ErasureProposalAccepted(Event):
    """A privacy officer accepted the proposal; the request to erase the person was recorded with this event."""

    stored_name = "erasure-proposal-accepted.v1"

    proposal: Clear[UUID]


@dataclass(frozen=True, slots=True)
class ErasureProposalDeclined(Event):
    """A privacy officer declined the proposal: the person is kept."""

    stored_name = "erasure-proposal-declined.v1"

    proposal: Clear[UUID]
    ground: Clear[str]
    note: Personal[str | None]


class ErasureProposalDoesNotExist(NotFound):
    """Unknown erasure proposal

    There is no proposal {proposal} to erase the candidate {candidate}.

    Take both ids from the list of proposals.
    """

    where = "proposal"


class ErasureProposalIsDecided(Conflict):
    """Proposal already decided

    The proposal {proposal} to erase the candidate {candidate} was already {decision}.

    Keep the decision, which is final. To erase the person after a decline, request the erasure directly.
    """

    where = "proposal"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal to erase a person, and how it was decided; None: it is open."""

    id: UUID
    kind: str
    decision: Decision | None = None

    def require_open(self, candidate: UUID) -> None:
        """Raises ErasureProposalIsDecided."""
        if self.decision is not None:
            raise ErasureProposalIsDecided(candidate=candidate, proposal=self.id, decision=self.decision)


Proposals = Mapping[UUID, Proposal]

EVENTS: tuple[type[Event], ...] = (ErasureProposed, ErasureProposalAccepted, ErasureProposalDeclined)
"""The events of proposals, which stand in the stream of the record that the other system named."""


def evolve(proposals: Proposals, recorded: Recorded[Event]) -> Proposals:
    """Return the proposals after one more event; only the first decision on a proposal counts."""
    match recorded.event:
        case ErasureProposed(proposal=proposal, kind=kind) if proposal not in proposals:
            return {**proposals, proposal: Proposal(proposal, kind)}
        case ErasureProposalAccepted(proposal=proposal):
            return decided(proposals, proposal, "accepted")
        case ErasureProposalDeclined(proposal=proposal):
            return decided(proposals, proposal, "declined")
        case _:
            return proposals


def decided(proposals: Proposals, proposal: UUID, decision: Decision) -> Proposals:
    state = proposals.get(proposal)
    if state is None or state.decision is not None:
        return proposals
    return {**proposals, proposal: replace(state, decision=decision)}

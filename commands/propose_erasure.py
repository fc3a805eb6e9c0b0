"""Another system deleted or anonymised a person, which is a proposal to erase them here as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain import erasure_proposal
from domain.candidate import CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import Code, Written
from domain.erasure_proposal import DELETE, KINDS, ErasureProposed

Kind = Annotated[str, Written(pattern=f"^({'|'.join(KINDS)})$", example=DELETE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeErasure(Command):
    """Propose to erase a person; proposed again, it is no news.

    candidate: the record that the other system names. proposal: its id, the same however often it is proposed.
    source: the other system. kind: what it did, 'delete' or 'anonymise'. fields: what it anonymised, as codes.
    """

    candidate: UUID
    proposal: UUID
    source: Code
    kind: Kind
    fields: tuple[Code, ...] = ()


def decide(candidate: Candidate, command: ProposeErasure) -> Events:
    """Raises CandidateDoesNotExist or CandidateIsErased."""
    candidate.require_known()
    if command.proposal in candidate.proposals:
        return {}
    return {command.candidate: [ErasureProposed(command.proposal, command.source, command.kind, command.fields)]}


VERB = Verb(
    ProposeErasure,
    (Load("candidate", CANDIDATE, (*ENTRIES, *erasure_proposal.EVENTS)),),
    decide,
    writes=ErasureProposed,
    raises=(CandidateDoesNotExist,),
)

"""Another system deleted or anonymised a person, which is a proposal to erase them here as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain import erasure_proposal
from domain.candidate import CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import Code, Written
from domain.erasure_proposal import DELETE, KINDS, ErasureProposed

Kind = Annotated[str, Written(pattern=f"^({'|'.join(KINDS)})$", example=DELETE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeErasure(Command):
    """Propose to erase a person; proposed again, it is no news."""

    candidate: Annotated[UUID, Help("The record that the other system names.")]
    proposal: Annotated[UUID, Help("The proposal's id, the same however often it is proposed.")]
    source: Annotated[Code, Help("The other system.")]
    kind: Annotated[Kind, Help("What the other system did: 'delete' or 'anonymise'.")]
    fields: Annotated[tuple[Code, ...], Help("The fields that it anonymised, as codes.")] = ()


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

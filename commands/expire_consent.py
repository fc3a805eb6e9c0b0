"""The expiry of a consent is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.verb import Command, Events, Help, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.consent import (
    ConsentDoesNotExist,
    ConsentEndsAtAnotherTime,
    ConsentEndWasNoted,
    ConsentExpired,
    ConsentHasNotEnded,
    ConsentWasAnsweredOver,
    channels_ended,
    given_consent,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireConsent(Command):
    """Note that a consent has ended. The gate needs no such note: it judges by the end that the consent
    itself names.
    """

    candidate: Annotated[UUID, Help("The record that the consent was given to.")]
    consent: Annotated[UUID, Help("The event that records the consent.")]


def decide(candidate: Candidate, command: ExpireConsent) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, ConsentDoesNotExist, ConsentHasNotEnded,
    ConsentEndsAtAnotherTime, ConsentEndWasNoted or ConsentWasAnsweredOver."""
    candidate.require_known()
    given = given_consent(candidate.consents, command.consent)
    if given.until is None or given.until > command.now:
        raise ConsentHasNotEnded(consent=command.consent, until=given.until or "it is withdrawn")
    if command.occurred_at != given.until:
        raise ConsentEndsAtAnotherTime(consent=command.consent, until=given.until.isoformat())
    if command.consent in candidate.consents.ended:
        raise ConsentEndWasNoted(consent=command.consent)
    channels = channels_ended(candidate.consents, given)
    if not channels:
        raise ConsentWasAnsweredOver(consent=command.consent)
    return {command.candidate: [ConsentExpired(command.consent, given.purpose, channels)]}


VERB = Verb(
    ExpireConsent,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS, ConsentExpired)),),
    decide,
    writes=ConsentExpired,
    raises=(
        CandidateDoesNotExist,
        ConsentDoesNotExist,
        ConsentEndWasNoted,
        ConsentEndsAtAnotherTime,
        ConsentHasNotEnded,
        ConsentWasAnsweredOver,
    ),
)

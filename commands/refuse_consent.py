"""A candidate is asked for a consent and says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithAddresses, shut_out
from commands.verb import Events, Help, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist
from domain.codes import UNKNOWN, Code
from domain.consent import ConsentRefused, anything_is_allowed
from domain.purposes import CONSENT_CHANNELS, ChannelIsUnknown, PurposeIsUnknown, require_channels, require_purpose
from domain.suppression import Suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseConsent(WithAddresses):
    """Record a refusal. It also ends an earlier consent on its channels. If no consent is left then, the candidate's
    addresses are suppressed, and only the candidate can release them.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    purpose: Annotated[Code, Help("A purpose of the catalogue.")]
    channels: Annotated[tuple[Code, ...], Help("Channels of the catalogue. Default: all.")] = ()
    notice: Annotated[Code, Help("The notice that the candidate read.")] = UNKNOWN
    notice_version: Annotated[Code, Help("The version of that notice.")] = UNKNOWN
    method: Annotated[Code, Help("How the refusal was collected.")] = UNKNOWN
    answered_by: Annotated[Code, Help("'self', 'recruiter' or 'import'.")] = "self"
    evidence: Annotated[str | None, Help("The evidence; personal, sealed.")] = None

    @property
    def takes_precedence(self) -> bool:
        return True

    def answering(self) -> tuple[UUID, ...]:
        return (self.candidate,)


def decide(candidate: Candidate, suppressions: Suppressions, command: RefuseConsent) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, PurposeIsUnknown or ChannelIsUnknown."""
    candidate.require_known()
    require_purpose(command.purpose)
    refused = ConsentRefused(
        purpose=command.purpose,
        channels=require_channels(command.channels) or CONSENT_CHANNELS,
        notice=command.notice,
        notice_version=command.notice_version,
        method=command.method,
        answered_by=command.answered_by,
        evidence=command.evidence,
    )
    answers: Events = {record: [refused] for record in candidate.all_records()}
    took_back = anything_is_allowed(candidate.consents, candidate.latest(command.now))  # a first no takes nothing back
    return answers | (shut_out(candidate, suppressions, [refused], command) if took_back else {})


VERB = Verb(
    RefuseConsent,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)), LOAD),
    decide,
    writes=ConsentRefused,
    raises=(CandidateDoesNotExist, ChannelIsUnknown, PurposeIsUnknown),
)

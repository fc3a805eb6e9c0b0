"""What consent may be asked for, and the channels it may be given for: data, one row a purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.errors import Invalid

DPV = "https://w3id.org/dpv#"
"""Namespace of the Data Privacy Vocabulary; each purpose names the nearest of its terms."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of consent: its code and the IRI by which other systems know it."""

    code: str
    iri: str


PURPOSES: Mapping[str, Purpose] = {
    purpose.code: purpose
    for purpose in (
        Purpose("talent_pool", DPV + "PersonnelHiring"),
        Purpose("job_alerts", DPV + "RequestedServiceProvision"),
        Purpose("events", DPV + "PublicRelations"),
        Purpose("newsletter", DPV + "DirectMarketing"),
        Purpose("research", DPV + "ResearchAndDevelopment"),
        Purpose("referral_contact", DPV + "CommunicationManagement"),
        Purpose("profile_enrichment", DPV + "RecordManagement"),
        Purpose("assessment", DPV + "HumanResourceManagement"),
        Purpose("ats_transfer", DPV + "PersonnelManagement"),
        Purpose("demographic_monitoring", DPV + "LegalCompliance"),
    )
}

CONSENT_CHANNELS = ("email", "text", "whatsapp", "inmail", "phone", "post")

LAWFUL_BASES = ("consent", "explicit-consent", "legitimate-interest", "contract")


class PurposeIsUnknown(Invalid):
    """Unknown purpose

    '{purpose}' is not a purpose that consent is asked for.

    Use one of: {known}.
    """

    where = "purpose"


class ChannelIsUnknown(Invalid):
    """Unknown channel

    '{channel}' is not a channel that consent is given for.

    Use one of: {known}.
    """

    where = "channels"


class LawfulBasisIsUnknown(Invalid):
    """Unknown lawful basis

    '{basis}' is not a lawful basis that a consent is recorded under.

    Use one of: {known}.
    """

    where = "basis"


def unknown_purpose(purpose: str) -> PurposeIsUnknown:
    """Return the refusal of a purpose that is not in the list."""
    return PurposeIsUnknown(purpose=purpose, known=", ".join(PURPOSES))


def unknown_channel(channel: str) -> ChannelIsUnknown:
    """Return the refusal of a channel that is not in the list."""
    return ChannelIsUnknown(channel=channel, known=", ".join(CONSENT_CHANNELS))


def require_purpose(purpose: str) -> None:
    """Raises PurposeIsUnknown."""
    if purpose not in PURPOSES:
        raise unknown_purpose(purpose)


def require_channels(channels: Iterable[str]) -> tuple[str, ...]:
    """Return the same channels, each once and in the order of the list. Raises ChannelIsUnknown."""
    named = set(channels)
    for channel in sorted(named.difference(CONSENT_CHANNELS)):
        raise unknown_channel(channel)
    return tuple(channel for channel in CONSENT_CHANNELS if channel in named)


def require_basis(basis: str) -> None:
    """Raises LawfulBasisIsUnknown."""
    if basis not in LAWFUL_BASES:
        raise LawfulBasisIsUnknown(basis=basis, known=", ".join(LAWFUL_BASES))

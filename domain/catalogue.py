"""Every event the log may hold, one line a class, and how the older stored names become today's."""

from __future__ import annotations

from domain import application, candidate, consent, requisition, touchpoint
from domain.event import Event, Upcast

EVENTS: tuple[type[Event], ...] = (
    candidate.CandidateSourced,
    candidate.CandidateReferred,
    candidate.ProfileFactLearned,
    touchpoint.TouchpointRecorded,
    touchpoint.TouchpointCorrected,
    consent.ConsentGiven,
    consent.ConsentRefused,
    consent.ConsentWithdrawn,
    requisition.RequisitionOpened,
    requisition.OpeningOpened,
    requisition.OpeningFilled,
    requisition.OpeningCancelled,
    application.ApplicationSubmitted,
    application.ProspectAdded,
    application.StageEntered,
    application.ApplicationRejected,
    application.ApplicationWithdrawn,
    application.OfferAccepted,
    application.CandidateHired,
)

UPCASTS: tuple[Upcast, ...] = ()

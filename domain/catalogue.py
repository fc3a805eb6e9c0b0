"""Every event the log may hold, one line a class, and how the older stored names become today's."""

from __future__ import annotations

from domain import application, candidate, consent, referral, requisition, talent_community, touchpoint
from domain.event import Event, Upcast

EVENTS: tuple[type[Event], ...] = (
    candidate.CandidateSourced,
    candidate.CandidateReferred,
    candidate.ProfileFactLearned,
    candidate.ProfileFactRetracted,
    candidate.CandidatesMerged,
    candidate.CandidatesUnmerged,
    candidate.CommunityJoined,
    candidate.CommunityLeft,
    touchpoint.TouchpointRecorded,
    touchpoint.TouchpointCorrected,
    consent.ConsentGiven,
    consent.ConsentRefused,
    consent.ConsentWithdrawn,
    requisition.RequisitionOpened,
    requisition.OpeningOpened,
    requisition.OpeningFilled,
    requisition.OpeningCancelled,
    requisition.OpeningReopened,
    requisition.RequisitionHeld,
    requisition.RequisitionResumed,
    requisition.TargetDateSet,
    requisition.HiringManagerAssigned,
    requisition.RecruiterAssigned,
    application.ApplicationSubmitted,
    application.ProspectAdded,
    application.StageEntered,
    application.ApplicationRejected,
    application.ApplicationWithdrawn,
    application.OfferAccepted,
    application.CandidateHired,
    application.ApplicationMovedBack,
    application.ApplicationUnrejected,
    application.CandidateUnhired,
    application.OfferMade,
    application.OfferDeclined,
    application.OfferRescinded,
    application.ApplicationTransferred,
    application.ApplicationReferred,
    referral.ReferralAsked,
    referral.ReferralMade,
    referral.ReferralAccepted,
    referral.ReferralDeclined,
    referral.ReferralTurnedIntoApplication,
    referral.ReferralCredited,
    talent_community.CommunityFounded,
)

UPCASTS: tuple[Upcast, ...] = ()

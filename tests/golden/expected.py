"""What each golden row must be read as, by its stored name: an older name as the newest form of its event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from domain.access import PeopleExported, PeopleSearched, PeopleViewed
from domain.application import (
    ApplicationMovedBack,
    ApplicationReferred,
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationTransferred,
    ApplicationUnrejected,
    ApplicationWithdrawn,
    CandidateHired,
    CandidateUnhired,
    OfferAccepted,
    OfferDeclined,
    OfferDeclineTakenBack,
    OfferMade,
    OfferRescinded,
    ProspectAdded,
    StageEntered,
)
from domain.candidate import (
    CandidateErased,
    CandidateReferred,
    CandidatesMerged,
    CandidateSourced,
    CandidatesUnmerged,
    CommunityJoined,
    CommunityLeft,
    ErasureRequested,
    LegalHoldLifted,
    LegalHoldSet,
    ProcessingRestricted,
    ProfileFactLearned,
    ProfileFactRetracted,
    RestrictionLifted,
    SegmentsCompleted,
)
from domain.codes import Spelled
from domain.consent import (
    ConsentExpired,
    ConsentGiven,
    ConsentRefused,
    ConsentRequested,
    ConsentWithdrawn,
    ConsentWithheld,
    ConsentWithholdingEnded,
)
from domain.erasure_proposal import ErasureProposalAccepted, ErasureProposalDeclined, ErasureProposed
from domain.event import Event
from domain.outside_offer import OutsideOfferFollowed
from domain.referral import (
    ReferralAccepted,
    ReferralAsked,
    ReferralCredited,
    ReferralDeclined,
    ReferralMade,
    ReferralTurnedIntoApplication,
)
from domain.requisition import (
    HiringManagerAssigned,
    OpeningCancelled,
    OpeningDateCorrected,
    OpeningFilled,
    OpeningOpened,
    OpeningReopened,
    RecruiterAssigned,
    RequisitionClosed,
    RequisitionDateCorrected,
    RequisitionHeld,
    RequisitionOpened,
    RequisitionRenamed,
    RequisitionReopened,
    RequisitionResumed,
    TargetDateSet,
)
from domain.suppression import (
    AddressReleased,
    AddressSuppressed,
    AddressWithheld,
    AddressWithholdingEnded,
    ArrivalStopped,
)
from domain.talent_community import CommunityFounded
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded

STREAM = UUID("00000000-0000-4000-8000-000000000001")
PERSON = UUID("00000000-0000-4000-8000-000000000002")
REFERRER = UUID("00000000-0000-4000-8000-000000000003")
REQUISITION = UUID("00000000-0000-4000-8000-000000000004")
OPENING = UUID("00000000-0000-4000-8000-000000000005")
TOUCHPOINT = UUID("00000000-0000-4000-8000-000000000006")
MESSAGE = UUID("00000000-0000-4000-8000-000000000007")
CONSENT = UUID("00000000-0000-4000-8000-000000000008")
COMMUNITY = UUID("00000000-0000-4000-8000-000000000009")
REFERRAL = UUID("00000000-0000-4000-8000-00000000000a")
BEFORE = datetime(2026, 3, 29, 1, 30, 0, 1, tzinfo=UTC)
LATER = datetime(2027, 3, 29, 23, 59, 59, 999999, tzinfo=UTC)

EXPECTED: Mapping[str, Event] = {
    "candidate-sourced.v1": CandidateSourced(
        source="career-site",
        role="backend-engineer",
        location="lisbon",
        outside_source="greenhouse",
        outside_id="4211",
        name="Zoë Şahin-O'Neill \\ 王",
        emails=("zoe@example.org", "z.oneill@example.com"),
        phones=(),
    ),
    "segments-completed.v1": SegmentsCompleted(source="job-board", role="gardener", location="unknown"),
    "candidate-referred.v1": CandidateReferred(
        source="referral",
        role="backend-engineer",
        location="lisbon",
        referrer=REFERRER,
        name="Zoë",
        emails=(),
        phones=("+351 21 000 0000",),
        referrer_name="Ada",
        referrer_words="the calmest debugger I know",
    ),
    "profile-fact-learned.v1": ProfileFactLearned(fact="current-employer", learned_from="self", value="Example & Co"),
    "touchpoint-recorded.v1": TouchpointRecorded(
        touchpoint=TOUCHPOINT,
        kind="email-sent",
        message=MESSAGE,
        machine=False,
        purpose="talent_pool",
        authorised=True,
        consent=CONSENT,
        reported_by="perennial",
        note='first line\nsecond "line"',
    ),
    "touchpoint-corrected.v1": TouchpointCorrected(
        touchpoint=TOUCHPOINT,
        was_kind="email-opened",
        was_at=BEFORE,
        was_message=MESSAGE,
        was_machine=True,
        kind="email-replied",
        at=LATER,
        message=MESSAGE,
        machine=False,
        reason="wrong person",
    ),
    "consent-given.v1": ConsentGiven(
        purpose="talent_pool",
        channels=("email", "phone"),
        basis="consent",
        jurisdiction="eu",
        notice="privacy",
        notice_version="3",
        notice_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        language="pt",
        method="web-form",
        answered_by="self",
        valid_until=LATER,
        evidence="token 77",
    ),
    "consent-refused.v1": ConsentRefused(
        purpose="newsletter",
        channels=("email",),
        notice="privacy",
        notice_version="3",
        method="web-form",
        answered_by="self",
        evidence=None,
    ),
    "consent-withdrawn.v1": ConsentWithdrawn(
        purpose="talent_pool",
        channels=("email",),
        entirely=False,
        method="email-unsubscribed",
        because_of=TOUCHPOINT,
        reason="too many mails",
    ),
    "consent-withheld.v1": ConsentWithheld(
        survivor=PERSON,
        absorbed=STREAM,
        denied_by=(str(STREAM),),
        purpose="talent_pool",
        channels=("email", "text"),
    ),
    "consent-withholding-ended.v1": ConsentWithholdingEnded(
        withheld=TOUCHPOINT,
        survivor=PERSON,
        absorbed=STREAM,
        purpose="talent_pool",
        channels=("email", "text"),
    ),
    "requisition-opened.v1": RequisitionOpened(
        role="backend-engineer",
        location="lisbon",
        source="greenhouse",
        evergreen=True,
        outside_source="greenhouse",
        outside_id="J-9",
        title="Engineer for what nobody else dares to touch",
    ),
    "opening-opened.v1": OpeningOpened(opening=OPENING, outside_id="O-1"),
    "opening-filled.v1": OpeningFilled(opening=OPENING, application=STREAM, candidate=PERSON, accepted_at=BEFORE),
    "opening-cancelled.v1": OpeningCancelled(opening=OPENING, reason="budget"),
    "application-submitted.v1": ApplicationSubmitted(
        candidate=PERSON, requisition=REQUISITION, source="career-site", outside_source="greenhouse", outside_id="A-5"
    ),
    "prospect-added.v1": ProspectAdded(
        candidate=PERSON, requisition=None, source="linkedin", outside_source=None, outside_id=None
    ),
    "stage-entered.v1": StageEntered(candidate=PERSON, requisition=REQUISITION, stage="phone-screen"),
    "application-rejected.v1": ApplicationRejected(
        candidate=PERSON, requisition=REQUISITION, reason="another-candidate", note="close second"
    ),
    "application-withdrawn.v1": ApplicationWithdrawn(
        candidate=PERSON, requisition=None, reason="took-another-job", note=None
    ),
    "offer-accepted.v1": OfferAccepted(candidate=PERSON, requisition=REQUISITION, opening=OPENING),
    "candidate-hired.v1": CandidateHired(candidate=PERSON, requisition=REQUISITION, opening=None),
    "profile-fact-retracted.v1": ProfileFactRetracted(fact="phone", learned_from="import", value="+351 21 000 0000"),
    "candidates-merged.v1": CandidatesMerged(
        survivor=STREAM, absorbed=PERSON, evidence=("same-address", "same-phone"), reason="asked her on the phone"
    ),
    "candidates-unmerged.v1": CandidatesUnmerged(survivor=STREAM, absorbed=PERSON, reason="father and son"),
    "community-joined.v1": CommunityJoined(community=COMMUNITY, by="self"),
    "community-left.v1": CommunityLeft(community=COMMUNITY, by="recruiter", reason="moved away"),
    "opening-reopened.v1": OpeningReopened(opening=OPENING, need="same", application=STREAM, note="did not show up"),
    "requisition-held.v1": RequisitionHeld(reason="budget", note="until the board has met"),
    "requisition-resumed.v1": RequisitionResumed(note=None),
    "requisition-closed.v1": RequisitionClosed(),
    "requisition-reopened.v1": RequisitionReopened(),
    "target-date-set.v1": TargetDateSet(target=date(2026, 9, 1)),
    "hiring-manager-assigned.v1": HiringManagerAssigned(user="user:ada"),
    "requisition-renamed.v1": RequisitionRenamed(title="Gärtnerei leiten"),
    "opening-date-corrected.v1": OpeningDateCorrected(opening=OPENING, opened_at=datetime(2026, 3, 1, 9, tzinfo=UTC)),
    "requisition-date-corrected.v1": RequisitionDateCorrected(opened_at=datetime(2026, 3, 1, 9, tzinfo=UTC)),
    "outside-offer-followed.v1": OutsideOfferFollowed(application=UUID(int=7), version=2, step="declined"),
    "recruiter-assigned.v1": RecruiterAssigned(user=None),
    "application-moved-back.v1": ApplicationMovedBack(
        candidate=PERSON, requisition=REQUISITION, stage="phone-screen", reason="second-opinion"
    ),
    "application-unrejected.v1": ApplicationUnrejected(
        candidate=PERSON, requisition=REQUISITION, reason="mixed-up", note="it was the other one"
    ),
    "candidate-unhired.v1": CandidateUnhired(
        candidate=PERSON, requisition=REQUISITION, opening=OPENING, reason="did-not-start", note=None
    ),
    "offer-made.v1": OfferMade(candidate=PERSON, requisition=REQUISITION, opening=None),
    "offer-decline-taken-back.v1": OfferDeclineTakenBack(candidate=PERSON, requisition=STREAM, opening=None),
    "offer-declined.v1": OfferDeclined(
        candidate=PERSON, requisition=REQUISITION, opening=OPENING, reason="pay", note="wanted a tenth more"
    ),
    "offer-rescinded.v1": OfferRescinded(
        candidate=PERSON, requisition=REQUISITION, opening=OPENING, by="us", reason="budget", note=None
    ),
    "application-transferred.v1": ApplicationTransferred(
        candidate=PERSON, requisition=None, to=REQUISITION, reason="better-fit"
    ),
    "application-referred.v1": ApplicationReferred(
        candidate=PERSON, requisition=REQUISITION, referral=REFERRAL, referrer=REFERRER
    ),
    "referral-asked.v1": ReferralAsked(referrer=REFERRER, requisition=REQUISITION, note="for the new team"),
    "referral-made.v1": ReferralMade(
        referrer=REFERRER, candidate=PERSON, requisition=None, relation="colleague", referrer_words="calm, exact"
    ),
    "referral-accepted.v1": ReferralAccepted(referrer=REFERRER, candidate=PERSON),
    "referral-declined.v1": ReferralDeclined(referrer=REFERRER, candidate=PERSON, by="candidate", reason="not-now"),
    "referral-turned-into-application.v1": ReferralTurnedIntoApplication(
        referrer=REFERRER, candidate=PERSON, application=STREAM
    ),
    "referral-credited.v1": ReferralCredited(
        referrer=REFERRER, candidate=PERSON, application=STREAM, hired_at=LATER, rule="first-linked-within-365-days"
    ),
    "community-founded.v1": CommunityFounded(around="skill", topic="rust", title="Rustaceans of Lisbon"),
    "consent-requested.v1": ConsentRequested(
        purpose="events",
        channels=("email", "text"),
        jurisdiction="de",
        notice="privacy",
        notice_version="3",
        notice_sha256="0" * 64,
        language="de",
        method="web-form",
        note="at the fair",
    ),
    "consent-expired.v1": ConsentExpired(consent=REFERRAL, purpose="events", channels=("email",)),
    "legal-hold-set.v1": LegalHoldSet(matter="claim-2026-17", note="asked for by counsel"),
    "legal-hold-lifted.v1": LegalHoldLifted(matter="claim-2026-17", note=None),
    "processing-restricted.v1": ProcessingRestricted(ground="accuracy-contested", note="says the employer is wrong"),
    "restriction-lifted.v1": RestrictionLifted(note="mended"),
    "erasure-proposed.v1": ErasureProposed(
        proposal=UUID("0f2e4f9a-7f0e-5c5b-8f3e-6a5d1b0c9e01"),
        source="greenhouse",
        kind="anonymise",
        fields=("email_addresses", "full_name"),
    ),
    "erasure-proposal-accepted.v1": ErasureProposalAccepted(proposal=UUID("0f2e4f9a-7f0e-5c5b-8f3e-6a5d1b0c9e01")),
    "erasure-proposal-declined.v1": ErasureProposalDeclined(
        proposal=UUID("0f2e4f9a-7f0e-5c5b-8f3e-6a5d1b0c9e01"), ground="merged-there", note="see the mail of 3 March"
    ),
    "erasure-requested.v1": ErasureRequested(by="self", ground="consent-withdrawn"),
    "candidate-erased.v1": CandidateErased(request=REFERRAL, erasers=("deliveries", "idempotency"), effective_by=LATER),
    "address-suppressed.v1": AddressSuppressed(kind="email", because="erased"),
    "address-released.v1": AddressReleased(by="web-form"),
    "arrival-stopped.v1": ArrivalStopped(because="withdrew", source="legacy-crm", candidate=PERSON),
    "address-withheld.v1": AddressWithheld(kind="email", merge=TOUCHPOINT),
    "address-withholding-ended.v1": AddressWithholdingEnded(merge=TOUCHPOINT),
    "people-viewed.v1": PeopleViewed(page="profile", people=(str(PERSON),)),
    "people-searched.v1": PeopleSearched(page="candidates", people=(str(PERSON), str(STREAM)), asked="q=lindgre"),
    "people-exported.v1": PeopleExported(
        export=REFERRAL, page="subject-access", people=(str(PERSON),), holds=("personal", "clear")
    ),
}

WITH_TEXTS: dict[str, Event] = {
    "segments-completed.v1": SegmentsCompleted(
        source=Spelled("job-board", "Job Board"),
        role="unknown",
        location=Spelled("lodz", "Łódź"),
    ),
    "candidate-sourced.v1": CandidateSourced(
        source=Spelled("career-site", "Career Site"),
        role=Spelled("c-plus-plus-developer", "C++ Developer"),
        location=Spelled("lodz", "Łódź"),
        outside_source="old-crm",
        outside_id="4711",
        name="Zoë Grün",
        emails=(),
        phones=(),
    ),
    "requisition-opened.v1": RequisitionOpened(
        role=Spelled("c-plus-plus-developer", "C++ Developer"),
        location="unknown",
        source="unknown",
        evergreen=False,
        outside_source=None,
        outside_id=None,
        title=None,
    ),
    "stage-entered.v1": StageEntered(PERSON, REQUISITION, Spelled("phone-screen", "Phone Screen")),
}
"""Events whose codes were made of texts, by their stored name."""

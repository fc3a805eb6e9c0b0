"""The table of contents: everything that can be asked of Perennial, one line a route."""

from __future__ import annotations

from adapters.web.asking import MetricRoute
from adapters.web.belonging import BelongingPages
from adapters.web.bulk import BulkPages
from adapters.web.candidates import CandidatePages
from adapters.web.changes import ChangePages
from adapters.web.commanding import CommandRoute
from adapters.web.directory import DirectoryPages
from adapters.web.imports import ImportPages
from adapters.web.inbound import InboundPages
from adapters.web.jobs import JobPages
from adapters.web.operations import OperationPages
from adapters.web.page import PageRoute
from commands.accept_offer import AcceptOffer
from commands.accept_referral import AcceptReferral
from commands.add_prospect import AddProspect
from commands.ask_for_referral import AskForReferral
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.cancel_opening import CancelOpening
from commands.correct_touchpoint import CorrectTouchpoint
from commands.credit_referral import CreditReferral
from commands.decline_offer import DeclineOffer
from commands.decline_referral import DeclineReferral
from commands.enter_stage import EnterStage
from commands.found_community import FoundCommunity
from commands.give_consent import GiveConsent
from commands.hire_candidate import HireCandidate
from commands.hold_requisition import HoldRequisition
from commands.join_community import JoinCommunity
from commands.learn_profile_fact import LearnProfileFact
from commands.leave_community import LeaveCommunity
from commands.link_referral import LinkReferral
from commands.make_offer import MakeOffer
from commands.make_referral import MakeReferral
from commands.merge_candidates import MergeCandidates
from commands.move_back import MoveBack
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.record_touchpoint import RecordTouchpoint
from commands.refer_candidate import ReferCandidate
from commands.refuse_consent import RefuseConsent
from commands.reject_application import RejectApplication
from commands.reopen_opening import ReopenOpening
from commands.request_send import RequestSend
from commands.rescind_offer import RescindOffer
from commands.resume_requisition import ResumeRequisition
from commands.retract_profile_fact import RetractProfileFact
from commands.set_target_date import SetTargetDate
from commands.source_candidate import SourceCandidate
from commands.submit_application import SubmitApplication
from commands.transfer_application import TransferApplication
from commands.unhire_candidate import UnhireCandidate
from commands.unmerge_candidates import UnmergeCandidates
from commands.unreject_application import UnrejectApplication
from commands.withdraw_application import WithdrawApplication
from commands.withdraw_consent import WithdrawConsent
from projections.applications import APPLICATIONS
from projections.engagement import ENGAGEMENT
from projections.openings import OPENINGS
from projections.pipeline import PIPELINE
from projections.touchpoint_counts import TOUCHPOINT_COUNTS
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.source_of_hire import source_of_hire
from queries.stage_conversion import stage_conversion
from queries.time_in_stage import time_in_stage
from queries.time_to_fill import time_to_fill
from queries.time_to_hire import time_to_hire
from queries.touchpoint_counts import touchpoint_counts

COMMANDS = (
    CommandRoute("/v1/candidates", SourceCandidate, makes="candidate"),
    CommandRoute("/v1/referrals", ReferCandidate, makes="candidate"),
    CommandRoute("/v1/candidates/{candidate}/profile-facts", LearnProfileFact),
    CommandRoute("/v1/candidates/{candidate}/profile-facts/retraction", RetractProfileFact),
    CommandRoute("/v1/communities", FoundCommunity, makes="community"),
    CommandRoute("/v1/candidates/{candidate}/communities/{community}/joining", JoinCommunity),
    CommandRoute("/v1/candidates/{candidate}/communities/{community}/leaving", LeaveCommunity),
    CommandRoute("/v1/referral-requests", AskForReferral, makes="referral"),
    CommandRoute("/v1/candidates/{candidate}/referrals", MakeReferral, makes="referral"),
    CommandRoute("/v1/referrals/{referral}/acceptance", AcceptReferral),
    CommandRoute("/v1/referrals/{referral}/declination", DeclineReferral),
    CommandRoute("/v1/referrals/{referral}/application", LinkReferral),
    CommandRoute("/v1/referrals/{referral}/credit", CreditReferral),
    CommandRoute("/v1/candidates/{candidate}/merges", MergeCandidates),
    CommandRoute("/v1/candidates/{candidate}/merges/{absorbed}/undoing", UnmergeCandidates),
    CommandRoute("/v1/candidates/{candidate}/touchpoints", RecordTouchpoint, makes="touchpoint"),
    CommandRoute("/v1/candidates/{candidate}/touchpoints/{touchpoint}/correction", CorrectTouchpoint),
    CommandRoute("/v1/candidates/{candidate}/sends", RequestSend, makes="touchpoint"),
    CommandRoute("/v1/candidates/{candidate}/consents", GiveConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/refusal", RefuseConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/withdrawal", WithdrawConsent),
    CommandRoute("/v1/requisitions", OpenRequisition, makes="requisition"),
    CommandRoute("/v1/requisitions/{requisition}/openings", OpenOpening, makes="opening"),
    CommandRoute("/v1/requisitions/{requisition}/openings/{opening}/cancellation", CancelOpening),
    CommandRoute("/v1/requisitions/{requisition}/openings/{opening}/reopening", ReopenOpening),
    CommandRoute("/v1/requisitions/{requisition}/hold", HoldRequisition),
    CommandRoute("/v1/requisitions/{requisition}/resumption", ResumeRequisition),
    CommandRoute("/v1/requisitions/{requisition}/target-date", SetTargetDate),
    CommandRoute("/v1/requisitions/{requisition}/hiring-manager", AssignHiringManager),
    CommandRoute("/v1/requisitions/{requisition}/recruiter", AssignRecruiter),
    CommandRoute("/v1/applications", SubmitApplication, makes="application"),
    CommandRoute("/v1/prospects", AddProspect, makes="application"),
    CommandRoute("/v1/applications/{application}/stage", EnterStage),
    CommandRoute("/v1/applications/{application}/rejection", RejectApplication),
    CommandRoute("/v1/applications/{application}/withdrawal", WithdrawApplication),
    CommandRoute("/v1/applications/{application}/offer-acceptance", AcceptOffer),
    CommandRoute("/v1/applications/{application}/hire", HireCandidate),
    CommandRoute("/v1/applications/{application}/stage-reversal", MoveBack),
    CommandRoute("/v1/applications/{application}/unrejection", UnrejectApplication),
    CommandRoute("/v1/applications/{application}/unhire", UnhireCandidate),
    CommandRoute("/v1/applications/{application}/offer", MakeOffer),
    CommandRoute("/v1/applications/{application}/offer-declination", DeclineOffer),
    CommandRoute("/v1/applications/{application}/offer-rescission", RescindOffer),
    CommandRoute("/v1/applications/{application}/transfer", TransferApplication),
)

METRICS = (
    MetricRoute("/v1/metrics/pipeline-growth", pipeline_growth, PIPELINE),
    MetricRoute("/v1/metrics/engagement", engagement, ENGAGEMENT),
    MetricRoute("/v1/metrics/time-to-fill", time_to_fill, OPENINGS),
    MetricRoute("/v1/metrics/touchpoints", touchpoint_counts, TOUCHPOINT_COUNTS),
    MetricRoute("/v1/metrics/stage-conversion", stage_conversion, APPLICATIONS),
    MetricRoute("/v1/metrics/time-in-stage", time_in_stage, APPLICATIONS),
    MetricRoute("/v1/metrics/time-to-hire", time_to_hire, APPLICATIONS),
    MetricRoute("/v1/metrics/source-of-hire", source_of_hire, APPLICATIONS),
)

PAGES = (
    PageRoute("/v1/candidates", DirectoryPages, DirectoryPages.candidates),
    PageRoute("/v1/candidate-lookups", DirectoryPages, DirectoryPages.candidates_of_address, method="POST"),
    PageRoute("/v1/duplicates", DirectoryPages, DirectoryPages.duplicates),
    PageRoute("/v1/candidates/{candidate}", CandidatePages, CandidatePages.profile),
    PageRoute("/v1/candidates/{candidate}/summary", CandidatePages, CandidatePages.summary),
    PageRoute("/v1/candidates/{candidate}/timeline", CandidatePages, CandidatePages.timeline),
    PageRoute("/v1/candidates/{candidate}/consents", CandidatePages, CandidatePages.consents),
    PageRoute("/v1/candidates/{candidate}/communities", BelongingPages, BelongingPages.candidate_communities),
    PageRoute("/v1/communities/{community}/members", BelongingPages, BelongingPages.community_members),
    PageRoute("/v1/referrers/{referrer}/referrals", BelongingPages, BelongingPages.referrals_made),
    PageRoute("/v1/touchpoints/bulk", BulkPages, BulkPages.record_touchpoints, method="POST"),
    PageRoute("/v1/imports", ImportPages, ImportPages.import_file, method="POST"),
    PageRoute("/v1/imports", ImportPages, ImportPages.imports),
    PageRoute("/v1/imports/{import_id}", ImportPages, ImportPages.imported),
    PageRoute("/v1/imports/{import_id}", ImportPages, ImportPages.remove_import, method="DELETE"),
    PageRoute("/v1/imports/{import_id}/rejected", ImportPages, ImportPages.rejected_lines),
    PageRoute("/v1/changes", ChangePages, ChangePages.changes),
    PageRoute("/v1/requisitions/{requisition}", JobPages, JobPages.requisition),
    PageRoute("/v1/applications/{application}", JobPages, JobPages.application),
    PageRoute("/v1/inbound/greenhouse", InboundPages, InboundPages.greenhouse, method="POST"),
    PageRoute("/v1/projections", OperationPages, OperationPages.projections),
    PageRoute("/problems", OperationPages, OperationPages.problems),
    PageRoute("/problems/{slug}", OperationPages, OperationPages.problem),
    PageRoute("/healthz", OperationPages, OperationPages.healthz),
    PageRoute("/readyz", OperationPages, OperationPages.readyz),
    PageRoute("/metrics", OperationPages, OperationPages.metrics),
)

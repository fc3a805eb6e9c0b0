"""All read models; one line each, so that every other line makes up about half of the work."""

from projections.accesses import ACCESSES
from projections.applications import APPLICATIONS
from projections.candidate_summary import CANDIDATE_SUMMARY
from projections.communities import COMMUNITIES
from projections.consent_state import CONSENT_STATE
from projections.directory import DIRECTORY
from projections.dispatches import DISPATCHES
from projections.engagement import ENGAGEMENT
from projections.erasure_proposals import ERASURE_PROPOSALS
from projections.openings import OPENINGS
from projections.pipeline import PIPELINE
from projections.read_model import ReadModel
from projections.referrals import REFERRALS
from projections.retention import RETENTION
from projections.touchpoint_counts import TOUCHPOINT_COUNTS

READ_MODELS: tuple[ReadModel, ...] = (
    PIPELINE,
    DIRECTORY,
    ENGAGEMENT,
    CANDIDATE_SUMMARY,
    TOUCHPOINT_COUNTS,
    REFERRALS,
    OPENINGS,
    APPLICATIONS,
    CONSENT_STATE,
    DISPATCHES,
    COMMUNITIES,
    ACCESSES,
    RETENTION,
    ERASURE_PROPOSALS,
)

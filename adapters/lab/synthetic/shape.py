"""What is planted in a synthetic history: the codes it speaks in and the parameters that a metric should find again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from adapters.lab.synthetic.columns import DAY, microseconds

ROLES = ("engineer", "data-scientist", "designer", "product-manager", "sales", "support", "finance", "operations")
ROLE_WEIGHTS = (0.30, 0.12, 0.10, 0.10, 0.16, 0.10, 0.06, 0.06)
LOCATIONS = ("amsterdam", "berlin", "london", "new-york", "remote", "unknown")
LOCATION_WEIGHTS = (0.20, 0.20, 0.20, 0.15, 0.20, 0.05)
SOURCES = ("referral", "linkedin", "job-board", "career-site", "recruiting-event", "agency", "unknown")
SOURCE_WEIGHTS = (0.20, 0.30, 0.18, 0.15, 0.07, 0.06, 0.04)
SOURCE_STRENGTH = (3.0, 1.0, 0.7, 1.0, 2.0, 1.0, 0.8)
"""Relative hire hazard of each source, nurture apart. Sources of 2 and more are strong."""
REQUISITION_SOURCES = ("hiring-plan", "replacement", "new-demand")
STAGES = ("phone-screen", "interview", "onsite", "offer")
OFFER = STAGES.index("offer")
REJECTION_REASONS = ("not-qualified", "position-filled", "salary", "no-show", "other")
WITHDRAWAL_REASONS = ("other-offer", "salary", "location", "no-reason", "process-too-long")
CANCELLATION_REASONS = ("budget", "reorganised", "need-gone")
FACTS = ("skill", "language", "current-employer", "current-role", "tag", "location", "link")
"""What is learned of people, from the most frequent to the rarest."""
TALENT_POOL = "talent_pool"
REFERRAL_CONTACT = "referral_contact"
CHANNEL_SETS = (("email",), ("email", "phone"), ("email", "text", "inmail", "phone"))
"""The sets of channels that a consent is given for."""
CHANNEL_SET_WEIGHTS = (0.25, 0.45, 0.30)
REFERRAL = 0
UNHIRE_REASONS = ("did-not-start", "background-check", "changed-mind")
UNREJECTION_REASONS = ("rejected-by-mistake", "need-changed")
MOVE_REASONS = ("one-more-interview", "other-interviewer")
TRANSFER_REASONS = ("better-fit", "job-filled")
OFFER_REASONS = ("salary", "other-offer", "budget", "location")
HOLD_REASONS = ("budget", "reorganisation", "hiring-freeze")
USERS = tuple(f"user-{number:02}" for number in range(1, 31))
RELATIONS = ("former-colleague", "friend", "fellow-student")
REFERRAL_REASONS = ("not-interested", "known-already", "no-fit")
COMMUNITIES = (
    *(("skill", topic) for topic in ("python", "rust", "sql", "accessibility", "negotiation", "statistics")),
    *(("role", topic) for topic in ("engineer", "data-scientist", "designer", "product-manager", "sales", "finance")),
)
"""What each talent community is around, and its topic."""


@dataclass(frozen=True, slots=True)
class Planted:
    """Every parameter of the generator that a metric could estimate; written into the truth file."""

    events_a_person: float = 16.5
    touchpoint_share: float = 0.66
    messages_an_event: float = 0.154
    yearly_sine: float = 0.30
    trend_over_history: float = 0.60
    weekday_weights: tuple[float, ...] = (1.2, 1.25, 1.2, 1.1, 0.9, 0.2, 0.15)
    holiday_weight: float = 0.25
    consent_given: float = 0.84
    consent_refused: float = 0.08
    consent_valid_days: int = 730
    consent_renewed: float = 0.45
    withdrawals_a_year: float = 0.07
    unsubscribes_a_year: float = 0.06
    complaints_a_year: float = 0.006
    portal_withdraws_all: float = 0.85
    nurtured_if_strong_source: float = 0.75
    nurtured_otherwise: float = 0.35
    nurture_starts_median_days: float = 12.0
    nurture_starts_sigma: float = 0.9
    nurture_lasts_days: int = 900
    nurture_hazard_ratio: float = 1.8
    location_hazard_ratio: float = 1.0
    hire_hazard_decay_days: float = 300.0
    openings_a_person: float = 0.10
    evergreen_share: float = 0.10
    fill_weibull_shape: float = 1.6
    fill_weibull_scale_days: float = 48.0
    cancel_mean_days: float = 420.0
    hire_after_acceptance_median_days: float = 1.0
    applications_a_person: float = 0.42
    prospect_share: float = 0.12
    stage_dwell_median_days: tuple[float, ...] = (4.0, 6.0, 9.0, 7.0, 4.0)
    stage_dwell_sigma: float = 0.7
    stage_rejected: tuple[float, ...] = (0.38, 0.28, 0.36, 0.34, 0.30)
    stage_withdrawn: tuple[float, ...] = (0.07, 0.12, 0.14, 0.16, 0.70)
    bounced: float = 0.025
    opened_by_machine: float = 0.25
    opened_by_human: float = 0.25
    opened_again: float = 0.20
    clicked_if_opened: float = 0.25
    replied_if_opened: float = 0.18
    inmail_if_reachable: float = 0.4
    inmail_opened: float = 0.5
    inmail_replied: float = 0.15
    inmail_declined: float = 0.1
    unauthorised_messages: float = 0.004
    unauthorised_calls: float = 0.04
    recorded_delay_median_seconds: float = 20.0
    recorded_delay_sigma: float = 2.0
    recorded_late: float = 0.02
    recorded_late_days: int = 60
    corrected: float = 0.003
    second_records: float = 0.015
    third_records: float = 0.10
    second_after_median_days: float = 150.0
    second_of_other_role: float = 0.15
    merged: float = 0.85
    merged_after_median_days: float = 25.0
    younger_survives: float = 0.25
    unmerged: float = 0.10
    unmerged_after_median_days: float = 20.0
    reached_both_records: float = 0.35
    imported: float = 0.55
    imported_share_of_history: float = 0.20
    unhired: float = 0.05
    rehired: float = 0.35
    rehired_on_old_offer: float = 0.5
    reopened_if_cancelled: float = 0.15
    reopened_if_filled: float = 0.04
    new_demand_if_cancelled: float = 0.4
    refill_weibull_scale_days: float = 30.0
    cancelled_again_mean_days: float = 150.0
    held: float = 0.14
    held_again: float = 0.3
    hold_median_days: float = 25.0
    target_set: float = 0.6
    target_moved: float = 0.2
    manager_known: float = 0.75
    recruiter_known: float = 0.85
    recruiter_changed: float = 0.15
    opening_offered: float = 0.8
    accepted_and_rescinded: float = 0.05
    unrejected: float = 0.04
    moved_back: float = 0.04
    stage_skipped: float = 0.06
    transferred: float = 0.025
    prospect_applies: float = 0.4
    applied_from_elsewhere: float = 0.3
    referrals_a_person: float = 0.09
    referral_asked: float = 0.3
    referral_accepted: float = 0.75
    referral_declined: float = 0.15
    community_joins_a_person: float = 0.12
    community_joined_by_self: float = 0.6
    community_left: float = 0.15


@dataclass(frozen=True, slots=True)
class Frame:
    """What was asked for: how many events, from which seed, over which days (UTC; `ends_on` is the first day after)."""

    events: int
    seed: int
    starts_on: date
    ends_on: date
    planted: Planted

    @property
    def start(self) -> int:
        """The first microsecond of the history, counted from 1970."""
        return microseconds(self.starts_on)

    @property
    def end(self) -> int:
        """The first microsecond after the history, counted from 1970."""
        return microseconds(self.ends_on)

    @property
    def days(self) -> int:
        """The length of the history in days."""
        return (self.end - self.start) // DAY

    @property
    def people(self) -> int:
        """How many candidates it takes for so many events."""
        return max(2, round(self.events / self.planted.events_a_person))


def frame(events: int, seed: int, ends_on: date, years: int, planted: Planted) -> Frame:
    """Return the frame of a history that ends with `ends_on` (exclusive, UTC) after that many years of 365.25 days."""
    if events < 100 or years < 1:
        raise ValueError(f"a history needs at least 100 events and one year, not {events} and {years}")
    return Frame(events, seed, ends_on - timedelta(days=int(years * 365.25)), ends_on, planted)

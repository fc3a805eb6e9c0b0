"""A history in which people stand in the log twice and change their minds much more often than people do."""

from __future__ import annotations

from adapters.lab.synthetic.shape import Planted

UNDONE_OFTEN = Planted(
    openings_a_person=0.4,
    applications_a_person=1.2,
    second_records=0.4,
    third_records=0.5,
    unmerged=0.3,
    unhired=0.4,
    reopened_if_cancelled=0.5,
    reopened_if_filled=0.2,
    held=0.5,
    unrejected=0.4,
    moved_back=0.3,
    stage_skipped=0.3,
    transferred=0.3,
    accepted_and_rescinded=0.4,
    referrals_a_person=0.4,
    community_joins_a_person=0.5,
)

"""Deliveries as Greenhouse words them, about people and jobs that we made up."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

SECRET = "garden-gate"
APPLIED, MOVED, ACCEPTED, OPENED = "2026-02-02T08:00:00Z", "2026-02-09T08:00:00Z", "2026-03-02", "2026-01-12T08:00:00Z"

ROSA: dict[str, Any] = {
    "id": 501,
    "first_name": "Rosa",
    "last_name": "Lind",
    "created_at": "2026-02-01T08:00:00Z",
    "email_addresses": [{"value": "rosa@lind.example", "type": "personal"}, {"value": None}],
    "phone_numbers": [],
}
JOB: dict[str, Any] = {
    "id": 77,
    "name": "Head Gardener",
    "status": "open",
    "opened_at": OPENED,
    "offices": [{"id": 3, "name": "Malmö"}],
}
SEATS = [{"id": 901, "opening_id": "G-1"}, {"id": 902, "opening_id": "G-2"}]


def application(**more: Any) -> dict[str, Any]:
    values = {
        "id": 9001,
        "prospect": False,
        "applied_at": APPLIED,
        "last_activity_at": MOVED,
        "source": {"id": 8, "name": "Word of Mouth"},
        "candidate": ROSA,
        "jobs": [JOB],
    }
    return values | more


def delivery(action: str, **payload: Any) -> bytes:
    return json.dumps({"action": action, "payload": payload}).encode()


def signed(body: bytes, secret: str = SECRET, event: str | None = None) -> dict[str, str]:
    """The headers that come with it."""
    headers = {"signature": f"sha256 {hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}
    return headers if event is None else headers | {"greenhouse-event-id": event}


NEW = delivery("new_candidate_application", application=application(current_stage={"id": 1, "name": "Letter read"}))
STAGE = delivery("candidate_stage_change", application=application(current_stage={"id": 2, "name": "Trial Day"}))
HIRED = delivery(
    "hire_candidate",
    application={
        "id": 9001,
        "opening": {"opening_id": "G-2"},
        "source": {"id": 8, "public_name": "Word of Mouth"},
        "candidate": ROSA,
        "job": JOB,
        "jobs": [JOB],
        "offer": {"id": 4, "resolved_at": ACCEPTED},
    },
)
JOB_CREATED = delivery("job_created", job=JOB | {"openings": SEATS})
PROSPECT = delivery(
    "new_prospect_application", application=application(prospect=True, applied_at="2026-01-20T08:00:00Z")
)
REJECTED = delivery(
    "reject_candidate",
    application=application(
        rejected_at="2026-02-20T08:00:00Z",
        rejection_reason={"id": 5, "name": "Moved away"},
        rejection_details="to Oslo",
    ),
)
UNREJECTED = delivery(
    "unreject_candidate",
    application=application(last_activity_at="2026-02-24T08:00:00Z", current_stage={"id": 2, "name": "Trial Day"}),
)
UNHIRED = delivery(
    "unhire_candidate",
    application=application(last_activity_at="2026-04-01T08:00:00Z", current_stage={"id": 2, "name": "Trial Day"}),
)
UPDATED = delivery(
    "update_candidate",
    candidate=ROSA
    | {
        "last_name": "Lind-Berg",
        "title": "Arborist",
        "company": "City Parks",
        "website_addresses": [{"value": "rosa.example", "type": "personal"}],
        "tags": ["pruning", "nights"],
    },
)
MERGED = delivery(
    "merge_candidate",
    person={"id": 501, "first_name": "Rosa", "last_name": "Lind", "created_at": APPLIED, "new_candidate_id": 640},
)

ANONYMISED = delivery("candidate_anonymized", candidate_id=501, anonymized_fields=["full_name", "email_addresses"])
DELETED = delivery(
    "delete_candidate",
    person={
        "id": 501,
        "first_name": "Rosa",
        "last_name": "Lind",
        "title": "Arborist",
        "created_at": "2026-02-01T08:00:00Z",
        "deleted_application_ids": [9001],
    },
)


def offer(action: str, status: str, sent_on: str | None = "2026-02-25", **more: Any) -> bytes:
    values = {"id": 4, "application_id": 9001, "job_id": 77, "version": 1, "sent_on": sent_on, "offer_status": status}
    return delivery(action, **(values | more))


OFFERED = offer("offer_created", "Created")
DECLINED = offer("offer_updated", "Rejected", resolved_at="2026-02-27T08:00:00Z")
OFFER_DELETED = delivery("offer_deleted", offer={"id": 4, "application_id": 9001, "job_id": 77, "sent_on": None})
JOB_CLOSED = delivery("job_updated", job=JOB | {"status": "closed", "closed_at": "2026-03-10T08:00:00Z"})
JOB_GROWN = delivery(
    "job_updated",
    job=JOB
    | {
        "openings": [*SEATS, {"id": 903, "opening_id": "G-3"}],
        "hiring_team": {"hiring_managers": [{"user_id": 11}], "recruiters": [{"user_id": 22}, {"user_id": 23}]},
    },
)
EVERY_ACTION = (
    *("new_candidate_application", "delete_application", "application_updated", "offer_created", "offer_approved"),
    *("offer_updated", "offer_deleted", "new_prospect_application", "delete_candidate", "hire_candidate"),
    *("merge_candidate", "candidate_stage_change", "unhire_candidate", "reject_candidate", "unreject_candidate"),
    *("update_candidate", "candidate_anonymized", "interview_deleted", "scorecard_deleted", "job_created"),
    *("job_deleted", "job_updated", "job_approved", "job_post_created", "job_post_updated", "job_post_deleted"),
    *("job_interview_stage_deleted", "department_deleted", "office_deleted"),
)
"""The 29 actions of Greenhouse's webhooks; it also pings."""

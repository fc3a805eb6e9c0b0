"""Who may do what: one table of roles and actions, and whatever it does not name is denied."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """A role of a principal; one principal may have several."""

    RECRUITER = "recruiter"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    PRIVACY_OFFICER = "privacy-officer"
    INTEGRATION = "integration"
    ADMIN = "admin"


class Action(StrEnum):
    """What a route does. Every route names exactly one."""

    PUBLIC = "public"
    """Needs no key: whether the service is alive, and its description."""
    DELIVER = "deliver"
    """A webhook, which its sender's signature lets in and no key."""
    READ_METRICS = "read-metrics"
    READ_PEOPLE = "read-people"
    """Names, addresses, notes."""
    READ_PSEUDONYMS = "read-pseudonyms"
    """What is known of a candidate's id, and nothing personal."""
    READ_JOBS = "read-jobs"
    READ_CONSENTS = "read-consents"
    READ_PROOFS = "read-proofs"
    """Checkpoints, tiles and proofs: hashes alone."""
    READ_EVENTS = "read-events"
    """The clear data of any event, and what proves it without its key."""
    FOLLOW = "follow"
    WRITE_PEOPLE = "write-people"
    WRITE_JOBS = "write-jobs"
    WRITE_CONSENTS = "write-consents"
    IMPORT = "import"
    AUDIT = "audit"
    """Dispatches, accesses, bundles."""
    ERASE = "erase"
    """Erasure and proposals of it, legal hold, restriction, retention, and the release of suppressed addresses."""
    EXPORT_SUBJECT = "export-subject"
    READ_DELIVERIES = "read-deliveries"
    """Deliveries of integrations that were not applied: codes, times and ids, nothing of what was in them."""
    OPERATE = "operate"
    MANAGE_KEYS = "manage-keys"


_READ_CLEAR = frozenset({Action.READ_METRICS, Action.READ_PSEUDONYMS, Action.READ_JOBS, Action.READ_PROOFS})
WITHOUT_KEY = frozenset({Action.PUBLIC, Action.DELIVER})

POLICY: Mapping[Role, frozenset[Action]] = {
    Role.RECRUITER: _READ_CLEAR
    | {
        Action.READ_PEOPLE,
        Action.READ_CONSENTS,
        Action.FOLLOW,
        Action.WRITE_PEOPLE,
        Action.WRITE_JOBS,
        Action.WRITE_CONSENTS,
        Action.IMPORT,
    },
    Role.ANALYST: _READ_CLEAR | {Action.FOLLOW},
    Role.AUDITOR: _READ_CLEAR | {Action.READ_CONSENTS, Action.READ_EVENTS, Action.AUDIT},
    Role.PRIVACY_OFFICER: _READ_CLEAR
    | {
        Action.READ_PEOPLE,
        Action.READ_CONSENTS,
        Action.READ_EVENTS,
        Action.WRITE_CONSENTS,
        Action.AUDIT,
        Action.ERASE,
        Action.EXPORT_SUBJECT,
        Action.READ_DELIVERIES,
    },
    Role.INTEGRATION: frozenset(
        {Action.WRITE_PEOPLE, Action.WRITE_JOBS, Action.WRITE_CONSENTS, Action.READ_PROOFS, Action.FOLLOW}
    ),
    Role.ADMIN: frozenset(
        {Action.READ_METRICS, Action.READ_PROOFS, Action.READ_DELIVERIES, Action.OPERATE, Action.MANAGE_KEYS}
    ),
}

"""What a client tells Perennial about one person: found, asked, written to, hired; every id its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

SOURCES = ("linkedin", "referral", "careers-site")
ROLES = ("engineer", "designer", "sales")
LOCATIONS = ("berlin", "lisbon")


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One command: POST `path` with `body`, under an Idempotency-Key of its own."""

    key: str
    path: str
    body: dict[str, Any]


def stories(luck: random.Random) -> Iterator[StoryStep]:
    """One person's story after the other, without end."""
    while True:
        for number, (path, body) in enumerate(story(luck, name := str(new_id(luck)))):
            yield StoryStep(f"{name}.{number}", path, body)


def story(luck: random.Random, candidate: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, body) of each command, in order; times run upward through the past two years."""
    moments = rising_moments(luck)
    segments = {"source": luck.choice(SOURCES), "role": luck.choice(ROLES), "location": luck.choice(LOCATIONS)}
    at = f"/v1/candidates/{candidate}"
    yield "/v1/candidates", {"candidate": candidate, "name": "Lena Grün", **segments, **next(moments)}
    yield f"{at}/consents", {"purpose": "talent_pool", "channels": ["email"], **next(moments)}
    for _ in range(luck.randrange(1, 4)):
        yield from message(luck, at, moments)
    if luck.random() < 0.3:
        yield from hire(luck, candidate, segments, moments)
    if luck.random() < 0.2:
        yield f"{at}/consents/talent_pool/withdraw", {"reason": "moved abroad", **next(moments)}


def message(luck: random.Random, at: str, moments: Iterator[dict[str, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the requests of a message sent, its outcomes, and sometimes the correction that it was none."""
    sent = {"message": str(new_id(luck)), "reported_by": "mailer"}
    for kind in ("email-sent", *luck.sample(("email-opened", "email-clicked", "email-replied"), luck.randrange(3))):
        touchpoint = str(new_id(luck))
        yield f"{at}/touchpoints", {"touchpoint": touchpoint, "kind": kind, **sent, **next(moments)}
    if luck.random() < 0.2:
        yield f"{at}/touchpoints/{touchpoint}/correct", {"reason": "it was another person", **next(moments)}


def hire(
    luck: random.Random, candidate: str, segments: dict[str, str], moments: Iterator[dict[str, str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the requests of a requisition with one seat, an application, and the hire that fills it: two streams in one
    transaction."""
    requisition, opening, application = (str(new_id(luck)) for _ in range(3))
    at = f"/v1/applications/{application}"
    seat = {"requisition": requisition, "opening": opening}
    yield "/v1/requisitions", {"requisition": requisition, "openings": [opening], **segments, **next(moments)}
    submitted = {"application": application, "candidate": candidate, "requisition": requisition}
    yield "/v1/applications", {**submitted, **next(moments)}
    yield f"{at}/stage", {"stage": "phone-screen", **next(moments)}
    yield f"{at}/offer/accept", {**seat, **next(moments)}
    yield f"{at}/hire", {**seat, **next(moments)}


def rising_moments(luck: random.Random) -> Iterator[dict[str, str]]:
    moment = datetime.now(UTC) - timedelta(days=luck.uniform(60, 700))
    while True:
        # Never later than a clock that was stepped back says it is.
        moment = min(moment + timedelta(days=luck.uniform(0, 9)), datetime.now(UTC) - timedelta(days=2))
        yield {"occurred_at": moment.isoformat()}


def new_id(luck: random.Random) -> UUID:
    return UUID(int=luck.getrandbits(128), version=4)

"""Sample stories of every integration: one module each, named as the integration, with `SAMPLES`."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from adapters.intake.integrations.inbound import Integration
from adapters.intake.integrations.index import INTEGRATIONS

BEGINS = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SECRET = "garden-gate"


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery before it is signed. fetched: what the vendor answers when it is fetched for, by path."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    fetched: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Story:
    """Deliveries in the order in which things happened, and the vendor's ids of whom and what they are about.

    roles: the segments of the jobs.
    """

    seed: int
    random: random.Random
    sent: list[Sent] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    applications: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    days: float = 0.0
    opened: datetime = BEGINS

    def moment(self) -> datetime:
        """Return the next moment: everything that happens has one of its own."""
        self.days += self.random.uniform(0.05, 4)
        return (BEGINS + timedelta(days=self.days)).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Samples:
    """What the tests that all integrations share need of one.

    tell: tells a random story. sign: signs a delivery with a secret, as sent at a time. forgeries: what can be made
    of a signed delivery without its secret: no signature, a broken one, and what the signature covers changed. ping:
    the vendor's test of the connection. unknown: a delivery with an action that does not exist. reused: another
    body under the token of this delivery, where the signature does not cover the body.
    """

    integration: Integration
    tell: Callable[[Story], None]
    sign: Callable[[Sent, str, datetime], Sent]
    forgeries: Callable[[Sent], Sequence[Sent]]
    ping: Sent
    unknown: Sent
    reused: Callable[[Sent], Sent] = lambda sent: sent

    def story(self, seed: int) -> Story:
        story = Story(seed, random.Random(seed))
        self.tell(story)
        return story


def samples_of(name: str) -> Samples:
    """Return the samples of an integration. A missing module is an integration without tests."""
    samples = import_module(f"{__name__}.{name.replace('-', '_')}").SAMPLES
    assert isinstance(samples, Samples)
    return samples


def forgeries_of_headers(sent: Sent) -> list[Sent]:
    """Return the forgeries of a delivery that is signed in a header."""
    broken = {name: value[:-1] for name, value in sent.headers.items()}
    return [
        replace(sent, headers={}),
        replace(sent, headers=broken),
        replace(sent, body=sent.body + b" "),
        replace(sent, body=sent.body.replace(b"Rosa", b"Rolf") + b"\n"),
    ]


ALL: Sequence[Samples] = [samples_of(name) for name in INTEGRATIONS]

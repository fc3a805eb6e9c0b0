"""Deliveries as Lever words them, and the opportunities that are fetched for them, all of them made up."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from adapters.intake.integrations import lever
from adapters.intake.integrations.signatures import hmac_sha256
from tests.adapters.intake.integrations.samples import Samples, Sent, Story

STAGES = ("Lead", "Applicant", "Phone Screen", "On Site", "Offer")
TOKENS = count(1)
LISTS = {
    "/v1/stages": {"data": [{"id": f"s{number}", "text": text} for number, text in enumerate(STAGES)]},
    "/v1/archive_reasons": {
        "data": [
            {"id": "r1", "text": "Moved away", "type": "non-hired"},
            {"id": "r2", "text": "Hired", "type": "hired"},
        ]
    },
}
EXPANDED = "expand=contact&expand=stage&expand=owner&expand=applications"


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@dataclass
class Opportunity:
    """A person on their way through a job there; considered first, or applied at once."""

    story: Story
    number: str
    contact: str
    posting: str
    created: datetime
    stages: list[tuple[int, datetime]] = field(default_factory=list)
    applied: datetime | None = None
    archived: tuple[str, datetime] | None = None
    name: str = "Rosa"
    tags: list[str] = field(default_factory=list)

    @property
    def came_applying(self) -> bool:
        return self.applied == self.created

    def body(self, at: datetime) -> dict[str, Any]:
        applied = [] if self.applied is None else [self.applied]
        archived = None
        if self.archived is not None:
            archived = {"reason": self.archived[0], "archivedAt": milliseconds(self.archived[1])}
        return {
            "id": self.number,
            "name": f"{self.name} Lind",
            "contact": {"id": self.contact, "name": f"{self.name} Lind"},
            "stage": {"id": f"s{self.stages[-1][0]}", "text": STAGES[self.stages[-1][0]]},
            "stageChanges": [{"toStageId": f"s{no}", "updatedAt": milliseconds(when)} for no, when in self.stages],
            "emails": [f"rosa@lind{self.number}.example"],
            "phones": [],
            "origin": "applied" if self.came_applying else "sourced",
            "sources": [f"Source {self.story.seed}"],
            "tags": list(self.tags),
            "links": [],
            "archived": archived,
            "applications": [
                {"id": f"{self.number}-p", "createdAt": milliseconds(when), "posting": self.posting} for when in applied
            ],
            "createdAt": milliseconds(self.created),
            "updatedAt": milliseconds(at),
        }

    def send(self, *events: str, at: datetime | None = None, **data: Any) -> None:
        at = at or self.story.moment()
        posting = {"id": self.posting, "text": f"Gardener {self.posting}", "createdAt": milliseconds(self.story.opened)}
        fetched = {
            **LISTS,
            f"/v1/opportunities/{self.number}?{EXPANDED}": {"data": deepcopy(self.body(at))},
            f"/v1/postings/{self.posting}": {"data": posting},
        }
        for event in events:
            named = {"opportunityId": self.number, "contactId": self.contact, **data}
            body = {"event": event, "triggeredAt": milliseconds(at), "data": named}
            self.story.sent.append(Sent(json.dumps(body).encode(), fetched=fetched))

    def act(self) -> None:
        if self.archived is None:
            moves = [self.move, self.move, self.rename, self.archive, self.hire]
            self.story.random.choice(moves if self.applied else [*moves, self.apply])()
        else:
            self.story.random.choice((self.restore, self.rename))()

    def apply(self) -> None:
        self.applied = self.story.moment()
        self.send("applicationCreated", at=self.applied)

    def move(self) -> None:
        at = self.story.moment()
        other = [stage for stage in range(len(STAGES)) if stage != self.stages[-1][0]]
        self.stages.append((self.story.random.choice(other), at))
        self.send("candidateStageChange", at=at, toStageId=f"s{self.stages[-1][0]}")

    def rename(self) -> None:
        """Lever tells of no change of a person: it shows with the next delivery."""
        self.name = self.story.random.choice(("Rosa", "Rose", "Rosalind"))
        self.tags = [*self.tags, f"tag {len(self.tags)}"]

    def archive(self) -> None:
        at = self.story.moment()
        self.archived = "r1", at
        self.send("candidateArchiveChange", at=at, toArchived="r1")

    def hire(self) -> None:
        at = self.story.moment()
        self.archived = "r2", at
        self.send("candidateArchiveChange", "candidateHired", at=at, toArchived="r2")

    def restore(self) -> None:
        self.archived = None
        self.send("candidateArchiveChange", toArchived=None)


def tell(story: Story) -> None:
    """Three people come for one job; sometimes two turn out to be one, who goes on as one contact.

    Both came the same way: the first delivery that names a contact fixes its segments.
    """
    posting = f"p{story.seed}"
    story.opened = story.moment()
    people = []
    for number in range(3):
        at = story.moment()
        opportunity = Opportunity(story, f"o{story.seed}-{number}", f"c{story.seed}-{number}", posting, at, [(0, at)])
        opportunity.applied = at if story.random.random() < 0.7 else None
        opportunity.send("applicationCreated" if opportunity.applied else "candidateStageChange", at=at)
        people.append(opportunity)
    merges_after = story.random.choice((4, 8, 99))
    for step in range(12):
        if step == merges_after:
            of_a_kind = [
                [opportunity for opportunity in people if opportunity.came_applying is kind] for kind in (True, False)
            ]
            survivor, absorbed = story.random.sample(max(of_a_kind, key=len), 2)
            absorbed.contact, absorbed.name, absorbed.tags = survivor.contact, survivor.name, survivor.tags
            absorbed.send("candidateStageChange")
        story.random.choice(people).act()
    story.people += [f"c{story.seed}-{number}" for number in range(3)]
    story.applications += [opportunity.number for opportunity in people]
    story.jobs += [posting] if any(opportunity.applied for opportunity in people) else []
    story.roles += [f"gardener-{posting}", "unknown"]


def sign(sent: Sent, secret: str, _: datetime) -> Sent:
    """Sign with a token of its own each time, as one that is sent anew."""
    body = json.loads(sent.body)
    token = f"token-{next(TOKENS)}"
    signature = hmac_sha256(secret, f"{token}{body['triggeredAt']}".encode())
    return replace(sent, body=json.dumps(body | {"token": token, "signature": signature}).encode())


def changed(sent: Sent, **values: Any) -> Sent:
    document = {name: value for name, value in (json.loads(sent.body) | values).items() if value is not None}
    return replace(sent, body=json.dumps(document).encode())


def forgeries(sent: Sent) -> list[Sent]:
    document = json.loads(sent.body)
    return [
        changed(sent, signature=None),
        changed(sent, signature=document["signature"][:-1]),
        changed(sent, token="another"),
        changed(sent, token=None),
        changed(sent, triggeredAt=document["triggeredAt"] + 1),
    ]


def connection_test(event: str, **data: Any) -> Sent:
    return Sent(json.dumps({"event": event, "triggeredAt": 1_780_304_400_000, "data": data}).encode())


SAMPLES = Samples(
    integration=lever.LEVER,
    tell=tell,
    sign=sign,
    forgeries=forgeries,
    ping=connection_test("candidateHired"),
    reused=lambda sent: changed(sent, data={"opportunityId": "another", "contactId": "c9"}),
    unknown=connection_test("unicornHired", opportunityId="o1"),
)

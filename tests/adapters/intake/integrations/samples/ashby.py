"""Deliveries as Ashby words them, about people and jobs that we made up."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from adapters.intake.integrations import ashby
from adapters.intake.integrations.signatures import hmac_sha256
from tests.adapters.intake.integrations.samples import Samples, Sent, Story, forgeries_of_headers

STAGES = ("Application Review", "Phone Screen", "On Site", "Offer")


def stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@dataclass
class Applicant:
    """A person on their way through a job there."""

    story: Story
    number: str
    person: str
    job: str
    created: datetime
    name: str = "Rosa"
    stage: int = 0
    status: str = "Active"
    archived: datetime | None = None

    def body(self, at: datetime) -> dict[str, Any]:
        return {
            "id": self.number,
            "createdAt": stamp(self.created),
            "updatedAt": stamp(at),
            "status": self.status,
            "candidate": {
                "id": self.person,
                "name": f"{self.name} Lind",
                "primaryEmailAddress": {"value": f"rosa@lind{self.number}.example", "type": "Personal"},
                "primaryPhoneNumber": None,
            },
            "job": {"id": self.job, "title": f"Gardener {self.job}"},
            "currentInterviewStage": {"id": str(self.stage), "title": STAGES[self.stage], "type": "Active"},
            "source": {"id": "8", "title": f"Source {self.story.seed}"},
            "archiveReason": None
            if self.archived is None
            else {"id": "5", "text": "Moved away", "reasonType": "RejectedByOrg"},
            "archivedAt": None if self.archived is None else stamp(self.archived),
        }

    def send(self, *actions: str, at: datetime | None = None) -> None:
        at = at or self.story.moment()
        happened = f"{self.number}-{stamp(at)}"
        for action in actions:
            body = {"action": action, "data": {"application": self.body(at)}, "webhookActionId": happened}
            self.story.sent.append(Sent(json.dumps(body).encode()))

    def act(self) -> None:
        if self.status == "Lead":
            self.status = "Active"
            self.send("applicationUpdate")
        elif self.status == "Active":
            self.story.random.choice((self.move, self.move, self.rename, self.archive, self.hire))()
        else:
            self.story.random.choice((self.restore, self.rename))()

    def move(self) -> None:
        self.stage = self.story.random.choice([stage for stage in range(len(STAGES)) if stage != self.stage])
        self.send("candidateStageChange", "applicationUpdate")

    def rename(self) -> None:
        self.name = self.story.random.choice(("Rosa", "Rose", "Rosalind"))
        self.send("applicationUpdate")

    def archive(self) -> None:
        self.status, self.archived = "Archived", self.story.moment()
        self.send("candidateStageChange", "applicationUpdate", at=self.archived)

    def hire(self) -> None:
        self.status = "Hired"
        self.send("candidateStageChange", "applicationUpdate", "candidateHire")

    def restore(self) -> None:
        self.status, self.archived = "Active", None
        self.send("candidateStageChange", "applicationUpdate")


def tell(story: Story) -> None:
    """Three people apply for one job; sometimes two turn out to be one, who goes on under the id that is kept."""
    job, opened = f"j{story.seed}", story.moment()
    details = {
        "id": job,
        "title": f"Gardener {job}",
        "status": "Open",
        "openedAt": stamp(opened),
        "updatedAt": stamp(opened),
    }
    story.sent.append(Sent(json.dumps({"action": "jobCreate", "data": {"job": details}}).encode()))
    applicants = []
    for number in range(3):
        applicant = Applicant(story, f"a{story.seed}-{number}", f"c{story.seed}-{number}", job, story.moment())
        applicant.status = "Lead" if story.random.random() < 0.2 else "Active"
        applicant.send("applicationSubmit", at=applicant.created)
        applicants.append(applicant)
    merges_after = story.random.choice((4, 8, 99))
    for step in range(12):
        if step == merges_after:
            merge(story, *story.random.sample(applicants, 2))
        story.random.choice(applicants).act()
    story.people += [f"c{story.seed}-{number}" for number in range(3)]
    story.applications += [applicant.number for applicant in applicants]
    story.jobs.append(job)
    story.roles.append(f"gardener-{job}")


def merge(story: Story, survivor: Applicant, absorbed: Applicant) -> None:
    data = {"candidate": {"id": survivor.person}, "mergedCandidate": {"id": absorbed.person}}
    if story.random.random() < 0.5:  # the delivery of the merge itself may not be subscribed to
        story.sent.append(Sent(json.dumps({"action": "candidateMerge", "data": data}).encode()))
    absorbed.person, absorbed.name = survivor.person, survivor.name
    absorbed.send("applicationUpdate")


def sign(sent: Sent, secret: str, _: datetime) -> Sent:
    return replace(sent, headers={"ashby-signature": f"sha256={hmac_sha256(secret, sent.body)}"})


SAMPLES = Samples(
    integration=ashby.ASHBY,
    tell=tell,
    sign=sign,
    forgeries=forgeries_of_headers,
    ping=Sent(json.dumps({"action": "ping", "data": {}, "webhookActionId": "p1"}).encode()),
    unknown=Sent(json.dumps({"action": "unicornHire", "data": {}}).encode()),
)

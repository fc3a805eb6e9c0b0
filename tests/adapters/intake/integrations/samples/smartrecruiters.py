"""Deliveries as SmartRecruiters words them, and what is fetched for them, all of it made up."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from adapters.intake.integrations import smartrecruiters
from adapters.intake.integrations.signatures import hmac_sha256
from adapters.intake.integrations.smartrecruiters import SIGNED, TIMESTAMP
from tests.adapters.intake.integrations.samples import Samples, Sent, Story, forgeries_of_headers

STATUSES = ("NEW", "IN_REVIEW", "INTERVIEW", "OFFERED")


def stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def sent_of(event: str, number: str, at: datetime, ids: dict[str, str], link: str, fetched: dict[str, Any]) -> Sent:
    headers = {
        TIMESTAMP: str(int(at.timestamp())),
        "event-id": number,
        "event-name": event,
        "event-version": "v201910",
        "link": f"<https://vendor.example{link}>; rel=self",
    }
    return Sent(json.dumps(ids).encode(), headers, deepcopy(fetched))


@dataclass
class Applicant:
    """A person on their way through a job there."""

    story: Story
    number: str
    job: dict[str, Any]
    created: datetime
    status: str = "NEW"
    name: str = "Rosa"

    @property
    def ids(self) -> dict[str, str]:
        return {"candidate_id": self.number, "job_id": self.job["id"]}

    def fetched(self) -> dict[str, Any]:
        ends = {"reasonOfRejection": {"label": "Moved away"}} if self.status == "REJECTED" else {}
        application = {
            "status": self.status,
            "createdOn": stamp(self.created),
            "source": {"label": f"Source {self.story.seed}"},
            **ends,
        }
        candidate = {
            "id": self.number,
            "firstName": self.name,
            "lastName": "Lind",
            "email": f"rosa@lind{self.number}.example",
            "createdOn": stamp(self.created),
            "location": {"city": "Malmö"},
        }
        return {
            f"/candidates/{self.number}/jobs/{self.job['id']}": application,
            f"/candidates/{self.number}": candidate,
            f"/jobs/{self.job['id']}": self.job,
        }

    def send(self, event: str, at: datetime | None = None) -> None:
        at = at or self.story.moment()
        of_person = event.startswith("candidate")
        link = f"/candidates/{self.number}" + ("" if of_person else f"/jobs/{self.job['id']}")
        ids = {"candidate_id": self.number} if of_person else self.ids
        self.story.sent.append(sent_of(event, f"{self.number}-{stamp(at)}-{event}", at, ids, link, self.fetched()))

    def act(self) -> None:
        if self.story.random.random() < 0.2:
            self.name = self.story.random.choice(("Rosa", "Rose", "Rosalind"))
            self.send("candidate.updated")
            return
        ends = ("HIRED", "REJECTED", "WITHDRAWN") if self.status in STATUSES else ()
        self.status = self.story.random.choice([status for status in (*STATUSES, *ends) if status != self.status])
        self.send("application.status.updated")


def tell(story: Story) -> None:
    """Three people apply for one job."""
    opened = story.moment()
    job = {"id": f"j{story.seed}", "title": f"Gardener j{story.seed}", "createdOn": stamp(opened)}
    path = f"/jobs/{job['id']}"
    story.sent.append(sent_of("job.created", f"j-{story.seed}", opened, {"job_id": job["id"]}, path, {path: job}))
    people = []
    for number in range(3):
        applicant = Applicant(story, f"c{story.seed}-{number}", job, story.moment())
        applicant.status = "LEAD" if story.random.random() < 0.2 else "NEW"
        applicant.send("application.created", at=applicant.created)
        people.append(applicant)
    for _ in range(14):
        story.random.choice(people).act()
    story.people += [applicant.number for applicant in people]
    story.applications += [f"{applicant.number}/{job['id']}" for applicant in people]
    story.jobs.append(job["id"])
    story.roles.append(f"gardener-{job['id']}")


def sign(sent: Sent, secret: str, _: datetime) -> Sent:
    parts = [sent.headers[TIMESTAMP].encode(), sent.body, *(sent.headers[name].encode() for name in SIGNED)]
    signature = f"v1={'0' * 64};v1={hmac_sha256(secret, b'.'.join(parts))}"
    return replace(sent, headers={**sent.headers, "smartrecruiters-signature": signature})


def forgeries(sent: Sent) -> list[Sent]:
    """Every header that is signed, changed, too."""
    other = [replace(sent, headers={**sent.headers, name: sent.headers[name] + "1"}) for name in (TIMESTAMP, *SIGNED)]
    return [*forgeries_of_headers(sent), *other]


AT = datetime.fromisoformat("2026-05-30T09:00:00+00:00")
SAMPLES = Samples(
    integration=smartrecruiters.SMARTRECRUITERS,
    tell=tell,
    sign=sign,
    forgeries=forgeries,
    ping=sent_of("interview.created", "i1", AT, {}, "/", {}),
    unknown=sent_of("unicorn.hired", "u1", AT, {}, "/", {}),
)

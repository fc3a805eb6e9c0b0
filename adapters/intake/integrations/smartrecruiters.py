"""SmartRecruiters hands over its secret by a handshake, signs ids and a link, and the rest is fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from adapters.intake.code_spelling import code_of
from adapters.intake.integrations.facts import (
    MAY_PASS,
    UNDATED,
    Facts,
    Job,
    Named,
    Person,
    Standing,
    State,
    Way,
    When,
    meaning_of_application,
    meaning_of_deletion,
    meaning_of_job,
    meaning_of_person,
)
from adapters.intake.integrations.inbound import (
    NOT_FETCHED,
    Assurance,
    DeliveryContext,
    Fetch,
    Headers,
    Integration,
    PartIsMissing,
    Secrets,
    Understood,
    readable,
    written_code,
)
from adapters.intake.integrations.outside import Outside
from adapters.intake.integrations.signatures import is_signed_by_one

NAME = "smartrecruiters"
SIGNED = ("event-id", "event-name", "event-version", "link")
"""The headers that are signed after the time and the body, in this order."""
TIMESTAMP = "smartrecruiters-timestamp"
APPLICATION_EVENTS = (
    *("application.created", "application.status.updated", "application.fields.updated"),
    "application.source.updated",
)
PERSON_EVENTS = ("candidate.created", "candidate.updated")
JOB_EVENTS = ("job.created", "job.updated", "job.status.updated")
KEPT: Mapping[str, str] = {
    **dict.fromkeys(("position.created", "position.updated", "position.deleted"), "openings-are-not-read"),
    "application.onboarding-status.updated": "not-part-of-a-history",
    "job.hiring-team.updated": "not-part-of-a-history",
    **dict.fromkeys(("interview.created", "interview.updated", "interview.canceled"), "not-part-of-a-history"),
}
OFFERS = "offer."
LEAD, HIRED = "LEAD", "HIRED"
ENDED = ("REJECTED", "WITHDRAWN", "TRANSFERRED")
LINK = re.compile(r"\s*<([^>]*)>")


def verify(headers: Headers, body: bytes, secrets: Secrets) -> bool:
    """Return whether one of the signatures is that of the time, the body and the signed headers."""
    given = headers.get("smartrecruiters-signature", "").split(";")
    parts = [headers.get(TIMESTAMP, "").encode(), body, *(headers.get(name, "").encode() for name in SIGNED)]
    versions = [entry.strip().partition("=") for entry in given]
    signatures = [signature for version, _, signature in versions if version == "v1"]
    return is_signed_by_one(signatures, b".".join(parts), secrets)


def identify(headers: Headers, _: bytes) -> str | None:
    return headers.get("event-id", "").strip() or None


def content(document: Outside) -> object:
    """Return what a repetition says again: the event's id is signed, and two events may have one body."""
    headers = document.part("headers")
    return [headers.text("event-id"), headers.text("event-name"), document.json.get("body")]


def notification_in(document: Outside) -> Outside:
    """Return the body of the delivery, which is kept beside the signed headers."""
    body = document.json.get("body")
    return readable(body.encode("utf-8", "surrogateescape")) if isinstance(body, str) else Outside({})


@dataclass(frozen=True, slots=True)
class Ids:
    """What a notification names."""

    candidate: str | None
    job: str | None

    @property
    def application(self) -> str:
        """An application is that of a candidate for a job: not every notification numbers it. Raises PartIsMissing."""
        if self.candidate is None or self.job is None:
            raise PartIsMissing("candidate-id-is-missing" if self.candidate is None else "job-id-is-missing")
        return f"{self.candidate}/{self.job}"


def ids_in(notification: Outside) -> Ids:
    return Ids(
        notification.text("candidate_id") or notification.text("candidateId"),
        notification.text("job_id") or notification.text("jobId"),
    )


def paths(document: Mapping[str, Any], _: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what is fetched for a delivery: where its link leads, and the candidate and the job that it names."""
    delivered = Outside(dict(document))
    event, ids = delivered.part("headers").text("event-name") or "", ids_in(notification_in(delivered))
    wanted = {}
    if event in APPLICATION_EVENTS:
        link = LINK.match(delivered.part("headers").text("link") or "")
        wanted["application"] = link[1] if link else f"/candidates/{part(ids.candidate)}/jobs/{part(ids.job)}"
    if event in (*APPLICATION_EVENTS, *PERSON_EVENTS):
        wanted["candidate"] = f"/candidates/{part(ids.candidate)}"
    if event in (*APPLICATION_EVENTS, *JOB_EVENTS):
        wanted["job"] = f"/jobs/{part(ids.job)}"
    return wanted


def part(number: str | None) -> str:
    """Return an id as a part of a path."""
    return quote(number or "", safe="")


def shown(token: str) -> Mapping[str, str]:
    return {"X-SmartToken": token}


def translate(document: Outside, delivery: DeliveryContext) -> Understood:
    """Return what a delivery means; before its fetch, what is to be fetched."""
    facts, ids = Facts(NAME, delivery), ids_in(notification_in(document))
    event = written_code(document.part("headers").text("event-name"))
    person = None if ids.candidate is None else facts.stream("candidate", ids.candidate)
    try:
        return meaning(event, ids, person, Reader(facts, document))
    except PartIsMissing as missing:
        return Understood(event, person, reason=missing.reason)


def meaning(event: str, ids: Ids, person: UUID | None, reader: Reader) -> Understood:
    """Return what a delivery means. Raises PartIsMissing."""
    facts = reader.facts
    if event == "candidate.deleted":
        return meaning_of_deletion(event, facts, required("candidate", ids.candidate))
    if event in APPLICATION_EVENTS:
        subject, read = facts.stream("application", ids.application), reader.application_of
    elif event in PERSON_EVENTS:
        subject, read = facts.stream("candidate", required("candidate", ids.candidate)), reader.person_of
    elif event in JOB_EVENTS:
        subject, read = facts.stream("requisition", required("job", ids.job)), reader.job_of
    else:
        reason = "offers-are-not-read" if event.startswith(OFFERS) else KEPT.get(event, "unknown-action")
        return Understood(event, person, reason=reason)
    if not reader.is_fetched:
        at = reader.event_time.at
        return Understood(event, person, reason=NOT_FETCHED, subject=subject, told_at=at, is_thin=True)
    return read(event, ids)


def required(kind: str, number: str | None) -> str:
    """Return an id. Raises PartIsMissing."""
    if number is None:
        raise PartIsMissing(f"{kind}-id-is-missing")
    return number


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what was fetched for a delivery. It is newer than the event; it is stated as of the event."""

    facts: Facts
    document: Outside

    @property
    def is_fetched(self) -> bool:
        return "fetched" in self.document.json

    @property
    def event_time(self) -> When:
        return self.facts.when(self.document.part("headers").seconds(TIMESTAMP), "timestamp")

    def fetched(self, name: str) -> Outside:
        return self.document.part("fetched", name)

    def moment(self, part: Outside, *names: str) -> When:
        """Return the first of these times that is given."""
        for name in names:
            at = part.moment(name, self.facts.delivery.zone)
            if at is not None:
                return self.facts.when(at, name)
        return UNDATED

    def person_of(self, event: str, ids: Ids) -> Understood:
        return meaning_of_person(event, self.facts, self.person(required("candidate", ids.candidate)))

    def job_of(self, event: str, ids: Ids) -> Understood:
        return meaning_of_job(event, self.facts, self.job(required("job", ids.job)))

    def application_of(self, event: str, ids: Ids) -> Understood:
        way = self.application(ids.application, required("candidate", ids.candidate), required("job", ids.job))
        return meaning_of_application(event, self.facts, way, self.event_time.at)

    def person(self, number: str) -> Person:
        """Return the candidate. Raises PartIsMissing where the candidate is gone there."""
        candidate = self.fetched("candidate")
        if not candidate.json:
            raise PartIsMissing("candidate-is-missing")
        names = (candidate.text("firstName"), candidate.text("lastName"))
        values = {
            "email": candidate.text("email"),
            "phone": candidate.text("phoneNumber"),
            "name": " ".join(name for name in names if name) or None,
            "location": candidate.part("location").text("city"),
        }
        stated = {fact: () if value is None else (value,) for fact, value in values.items()}
        return Person(number, self.moment(candidate, "createdOn"), self.event_time, stated)

    def job(self, number: str) -> Job:
        job = self.fetched("job")
        return Job(number, job.text("title"), self.moment(job, "createdOn"), self.event_time)

    def application(self, number: str, candidate: str, job: str) -> Way:
        """Return the application; a lead has not begun one. Raises PartIsMissing."""
        application = self.fetched("application")
        status = application.text("status")
        if status is None:
            raise PartIsMissing("status-is-missing")
        source = application.part("source")
        begun = self.moment(application, "createdOn", "applicationDate")
        return Way(
            id=number,
            person=self.person(candidate),
            job=self.job(job),
            source=code_of(source.text("label") or source.text("name") or application.text("source")),
            submitted=None if status == LEAD else begun,
            stages=() if status in (LEAD, HIRED, *ENDED) else ((self.stage(application, status), self.event_time),),
            standings=() if status == LEAD else (self.standing(application, status),),
        )

    def stage(self, application: Outside, status: str) -> Named:
        """Return the stage: the step that the company named, else the status."""
        return Named(application.text("subStatus") or status.replace("_", " ").capitalize())

    def standing(self, application: Outside, status: str) -> Standing:
        if status in ENDED:
            reason = application.part("reasonOfRejection").text("label") or status.lower()
            return Standing(State.REJECTED, self.event_time, code_of(reason))
        return Standing(State.HIRED if status == HIRED else State.ACTIVE, self.event_time)


SMARTRECRUITERS = Integration(
    name=NAME,
    title="SmartRecruiters",
    assurance=Assurance.BODY_SIGNED,
    verify=verify,
    identify=identify,
    translate=translate,
    signs={
        "smartrecruiters-signature": "`v1=` and the HMAC-SHA256 of time, body and the four headers below, in hex",
        "smartrecruiters-timestamp": "when it was sent, in seconds since 1970",
        "event-id": "the event's own id",
        "event-name": "what happened, such as `application.created`",
        "event-version": "the version of its form",
        "link": "where the rest is fetched",
        "X-Hook-Secret": "of a handshake: the secret that later deliveries are signed with",
    },
    content=content,
    may_pass=MAY_PASS,
    keeps=(TIMESTAMP, *SIGNED),
    handshake="x-hook-secret",
    fetch=Fetch(paths, shown),
)

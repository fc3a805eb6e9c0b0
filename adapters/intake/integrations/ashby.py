"""Ashby delivers applications whole, and says how each stands; a hire arrives three times, in three actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    meaning_of_merge,
)
from adapters.intake.integrations.inbound import (
    Assurance,
    DeliveryContext,
    Headers,
    Integration,
    PartIsMissing,
    Secrets,
    Understood,
    readable,
    written_action,
)
from adapters.intake.integrations.outside import Outside
from adapters.intake.integrations.signatures import is_signed_by_one

NAME = "ashby"
SCHEME = "sha256"
APPLICATION_ACTIONS = ("applicationSubmit", "applicationUpdate", "candidateStageChange", "candidateHire")
JOB_ACTIONS = ("jobCreate", "jobUpdate")
LEAD = "Lead"
STATES: Mapping[str, State] = {"Active": State.ACTIVE, "Archived": State.REJECTED, "Hired": State.HIRED}
KEPT: Mapping[str, str] = {
    "ping": "ping",
    **dict.fromkeys(("offerCreate", "offerUpdate", "offerDelete"), "offers-are-not-read"),
    "openingCreate": "openings-are-not-read",
    **dict.fromkeys(
        (
            *("jobPostingUpdate", "jobPostingPublish", "jobPostingUnpublish", "interviewScheduleCreate"),
            *("interviewScheduleUpdate", "interviewPlanTransition", "pushToHRIS", "surveySubmit"),
            "signatureRequestUpdate",
        ),
        "not-part-of-a-history",
    ),
}
"""Actions that are kept and not used, and why."""


def verify(headers: Headers, body: bytes, secrets: Secrets) -> bool:
    """Return whether `Ashby-Signature: sha256=<hex>` is the HMAC-SHA256 of the raw body under one of the secrets."""
    scheme, _, signature = headers.get("ashby-signature", "").strip().partition("=")
    return scheme.lower() == SCHEME and is_signed_by_one([signature], body, secrets)


def identify(_: Headers, body: bytes) -> str | None:
    """Return the id of what happened and the action: each action of one happening has a delivery of its own."""
    document = readable(body)
    happened = document.text("webhookActionId")
    return None if happened is None else f"{happened}:{written_action(document)}"


def content(document: Outside) -> object:
    return [document.json.get("action"), document.json.get("data")]


def translate(document: Outside, delivery: DeliveryContext) -> Understood:
    """Return what a delivery means."""
    action, data, reader = written_action(document), document.part("data"), Reader(Facts(NAME, delivery))
    try:
        return meaning(action, data, reader)
    except PartIsMissing as missing:
        return Understood(action, reader.person_in(data), reason=missing.reason)


def meaning(action: str, data: Outside, reader: Reader) -> Understood:
    """Raises PartIsMissing."""
    facts = reader.facts
    if action in APPLICATION_ACTIONS:
        body = data.part("application")
        return meaning_of_application(action, facts, reader.application(body), reader.as_of(body).at)
    if action in JOB_ACTIONS:
        return meaning_of_job(action, facts, reader.job_told(data.part("job")))
    if action == "candidateMerge":
        survivor, absorbed = reader.merged(data)
        return meaning_of_merge(action, facts, survivor, absorbed)
    if action == "candidateDelete":
        return meaning_of_deletion(action, facts, required_id("candidate", candidate_of(data)))
    return Understood(action, reader.person_in(data), reason=KEPT.get(action, "unknown-action"))


def candidate_of(data: Outside) -> Outside:
    """Return the candidate that a delivery about a person names."""
    return data.part("candidate") if data.part("candidate").json else data.part("application", "candidate")


def required_id(kind: str, part: Outside) -> str:
    """Return the id of a part. Raises PartIsMissing."""
    outside_id = part.text("id")
    if outside_id is None:
        raise PartIsMissing(f"{kind}-id-is-missing")
    return outside_id


def named(kind: str, part: Outside, name: str) -> Named:
    """Return how a part is named: by its text, else by its number."""
    number = part.text("id")
    return Named(part.text(name), None if number is None else code_of(f"{kind}-{number}"))


def values(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text is not None)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what Ashby writes of people, jobs and applications."""

    facts: Facts

    def moment(self, part: Outside, *names: str) -> When:
        """Return the first of these times that is given."""
        for name in names:
            at = part.moment(name, self.facts.delivery.zone)
            if at is not None:
                return self.facts.when(at, name)
        return UNDATED

    def as_of(self, application: Outside) -> When:
        return self.moment(application, "updatedAt", "archivedAt", "createdAt")

    def person_in(self, data: Outside) -> UUID | None:
        """Return the person that a delivery is about, where it names one."""
        candidate_id = candidate_of(data).text("id")
        return None if candidate_id is None else self.facts.stream("candidate", candidate_id)

    def person(self, application: Outside) -> Person:
        candidate = application.part("candidate")
        return Person(
            id=required_id("candidate", candidate),
            entered=self.moment(application, "createdAt", "updatedAt"),
            as_of=self.as_of(application),
            values={
                "email": values(candidate.part("primaryEmailAddress").text("value")),
                "phone": values(candidate.part("primaryPhoneNumber").text("value")),
                "name": values(candidate.text("name")),
            },
        )

    def job(self, job: Outside) -> Job | None:
        number = job.text("id")
        return None if number is None else Job(number, job.text("title"))

    def job_told(self, job: Outside) -> Job:
        """Return the job that a delivery is about."""
        opened, as_of = self.moment(job, "openedAt", "createdAt"), self.moment(job, "updatedAt", "createdAt")
        return Job(required_id("job", job), job.text("title"), opened, as_of)

    def application(self, application: Outside) -> Way:
        """Return the application; a lead has not begun one."""
        status, at = application.text("status") or "", self.as_of(application)
        state, source = STATES.get(status), named("source", application.part("source"), "title")
        stage = named("stage", application.part("currentInterviewStage"), "title")
        is_staged = state is State.ACTIVE and (stage.text or stage.otherwise)
        return Way(
            id=required_id("application", application),
            person=self.person(application),
            job=self.job(application.part("job")),
            source=source.code,
            submitted=None if status == LEAD else self.moment(application, "createdAt", "updatedAt"),
            stages=((stage, at),) if is_staged else (),
            standings=() if state is None else (self.standing(state, application),),
        )

    def standing(self, state: State, application: Outside) -> Standing:
        """Return how the application stands: archived since it was archived, else as of the delivery."""
        if state is not State.REJECTED:
            return Standing(state, self.as_of(application))
        reason = named("reason", application.part("archiveReason"), "text")
        return Standing(state, self.moment(application, "archivedAt", "updatedAt"), reason.code)

    def merged(self, data: Outside) -> tuple[str, str]:
        """Return the ids of the candidate that survives a merge and of the one that is absorbed.

        Raises PartIsMissing.
        """
        survivor, absorbed = first_of(data, SURVIVORS), first_of(data, ABSORBED)
        if survivor is None or absorbed is None:
            raise PartIsMissing("merged-candidate-id-is-missing")
        return survivor, absorbed


SURVIVORS = ("candidate", "survivingCandidate", "toCandidate")
ABSORBED = ("mergedCandidate", "absorbedCandidate", "fromCandidate")
"""The parts that may name the two candidates of a merge: what Ashby calls them is not documented."""


def first_of(data: Outside, names: Sequence[str]) -> str | None:
    """Return the first id that is given, as a part or as a field of its own (`candidateId`)."""
    ids = (data.part(name).text("id") or data.text(f"{name}Id") for name in names)
    return next((outside_id for outside_id in ids if outside_id is not None), None)


ASHBY = Integration(
    name=NAME,
    title="Ashby",
    assurance=Assurance.BODY_SIGNED,
    verify=verify,
    identify=identify,
    translate=translate,
    signs={"Ashby-Signature": "`sha256=` and the HMAC-SHA256 of the raw body, in hex"},
    content=content,
    may_pass=MAY_PASS,
)
